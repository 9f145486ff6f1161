"""The samples of a matrix: whose they are, which repeat each other, which are too empty to be used."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.files.receipt import EXAMPLES, Receipt
from engine.radiation.names import line_key, nci60_lines, nci60_name

MAX_MISSING = 0.20  # of a sample's values
NO_PANEL = "cell line outside the NCI-60's list: its panel is what the file says, its name stays as it is"
# What R, pandas and people write behind a name that comes again.
_REPEAT = re.compile(
    r"\s*\(\d{1,2}\)$|[\s._#-]+(?:rep(?:licate)?|r|array)?[\s._#-]*\d{1,2}$|rep(?:licate)?[\s._#-]*\d{1,2}$", re.I
)


def build_samples(
    samples: Sequence[str], lines: Sequence[str], panels: Sequence[str], values: np.ndarray, receipt: Receipt
) -> tuple[pd.DataFrame, np.ndarray]:
    """The samples that can be used, as `Expression.samples` has them, and their rows of `values`.

    samples, lines, panels: n texts each, as the file has them, '' where not told. values: (n, p) float32.
    The receipt counts samples: read, dropped (too many values missing, a copy, no variation), flagged.
    """
    receipt.read += len(samples)
    frame = pd.DataFrame({"sample": list(samples), "line_name": list(lines), "told": list(panels)})
    frame["place"] = range(len(frame))
    frame["sample"] = [text or f"sample {i}" for i, text in enumerate(frame["sample"], 1)]
    given = set(frame["line_name"]) | set(frame["sample"])
    texts = [base_name(line or sample, given) for line, sample in zip(frame["line_name"], frame["sample"], strict=True)]
    frame["line_name"] = texts
    frame["line"] = [line_key(text) or text for text in texts]
    missing = np.array([np.isnan(row).mean() for row in values])
    flat = np.array([_is_flat(row) for row in values])
    copy_of = _copies(values, missing < 1)
    lines_of = frame["line"].to_numpy()
    copied = np.array([other >= 0 and lines_of[other] == lines_of[i] for i, other in enumerate(copy_of)])
    twin = np.array([other >= 0 and lines_of[other] != lines_of[i] for i, other in enumerate(copy_of)])
    gone = np.zeros(len(frame), dtype=bool)
    for wrong, reason in (
        (missing == 1, "no values at all"),
        (missing > MAX_MISSING, f"more than {MAX_MISSING:.0%} of the values missing"),
        (flat, "all values are the same"),
        (copied, "a copy of another sample of its line, value by value"),
    ):
        _count(receipt.dropped, receipt, frame[wrong & ~gone], reason)
        gone |= wrong
    _count(receipt.flagged, receipt, frame[twin & ~gone], "the same values as a sample of another cell line: look why")
    kept = frame[~gone].reset_index(drop=True)
    _count(receipt.flagged, receipt, kept[kept["sample"].duplicated()], "a sample of that name comes twice, renamed")
    kept["sample"] = numbered(kept["sample"])
    stranger = ~kept["line"].isin(list(nci60_lines()))
    _count(receipt.flagged, receipt, kept[stranger], NO_PANEL)
    kept["panel"] = _panels(kept, stranger)
    kept["replicate"] = kept.groupby("line").cumcount() + 1
    rows = values if len(kept) == len(frame) else values[kept["place"].to_numpy(dtype=int)]
    return kept[["sample", "line", "line_name", "panel", "replicate"]], rows


def base_name(text: str, given: set[str]) -> str:
    """A line's name without what stands behind it only because it comes again: `A549.1`, `A549_rep2` -> A549.

    given: all names of the file; of lines outside the NCI-60 the number goes only where the bare name is there too.
    """
    bare = _REPEAT.sub("", text).strip()
    if bare and bare != text and not nci60_name(text) and (nci60_name(bare) or bare in given):
        return bare
    return text


def numbered(names: Sequence[str]) -> list[str]:
    """The names, made different: a name that comes again gets ` (2)` behind it."""
    found: dict[str, None] = {}
    for name in names:
        number, one = 2, str(name)
        while one in found:
            one, number = f"{name} ({number})", number + 1
        found[one] = None
    return list(found)


def _panels(kept: pd.DataFrame, stranger: pd.Series) -> list[str]:
    """Tissue panels: of the NCI-60 where most lines are of it, else as the file tells them, never two ways at once."""
    told = kept["told"].str.strip()
    ours = kept["line"].map(nci60_lines()).fillna("")
    if stranger.mean() > 0.5 and (told != "").mean() > 0.5:
        return [str(panel) for panel in told]
    return [str(one or other) for one, other in zip(ours, told, strict=True)]


def _is_flat(row: np.ndarray) -> bool:
    found = row[~np.isnan(row)]
    return len(found) > 1 and bool(found.min() == found.max())


def _copies(values: np.ndarray, used: np.ndarray) -> list[int]:
    """For each sample the first one with the very same values, -1 where there is none before it."""
    first: dict[bytes, int] = {}
    found = []
    for i, row in enumerate(values):
        key = hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest()
        found.append(first.get(key, -1) if used[i] else -1)
        if used[i]:
            first.setdefault(key, i)
    return found


def _count(counts: dict[str, int], receipt: Receipt, rows: pd.DataFrame, reason: str) -> None:
    if rows.empty:
        return
    counts[reason] = counts.get(reason, 0) + len(rows)
    examples = receipt.examples.setdefault(reason, [])
    for sample, line in zip(rows["sample"], rows["line_name"], strict=True):
        if len(examples) < EXAMPLES:
            examples.append(f"sample {sample}" + (f": {line}" if line != sample else ""))
