"""Held-out predictions of both protocols as one table."""

from collections.abc import Sequence

import pandas as pd

from engine.figures.radiation_words import PROTOCOL_NAMES
from engine.figures.text import interval


def beside_table(parts: Sequence[tuple[str, pd.DataFrame]], level: str) -> pd.DataFrame:
    """One row per array or line, both protocols beside each other, in the order of the first.

    parts: protocol with its rows of `shown.samples` or `shown.lines`, of one model. level: sample | line.
    """
    keys = ["sample", "line", "panel", "observed"] if level == "sample" else ["line", "panel", "observed"]
    found = pd.concat([rows[keys] for _, rows in parts]).drop_duplicates(ignore_index=True)
    # Grouped first: it asks the question that matters, and a narrow window cuts off what is last.
    for protocol, rows in sorted(parts, key=lambda part: part[0] != "grouped"):
        name = PROTOCOL_NAMES[protocol].removesuffix(" protocol").removesuffix(" by line").lower()
        own = pd.DataFrame(
            {
                **{key: rows[key] for key in keys},
                f"Predicted, {name}": rows["mean"],
                f"Relative error, %, {name}": 100 * rows["relative_error"],
                f"Verdict, {name}": rows["verdict"],
            }
        )
        if rows["lower"].notna().any():
            ends = [interval(low, high) for low, high in zip(rows["lower"], rows["upper"], strict=True)]
            own.insert(len(keys) + 1, f"90 % interval, {name}", ends)
        found = found.merge(own, on=keys, how="left")
    names = {"sample": "Array", "line": "Cell line", "panel": "Panel", "observed": "Measured SF2"}
    return found.rename(columns=names)
