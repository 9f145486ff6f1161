"""The words and tables of combinations: what four models assume, what was found, which drugs are missing."""

import math
from typing import Any

import pandas as pd

from engine.figures.text import MINUS, MISSING, count, cut, number, plural
from engine.spheroid.combinations import Combinations, above_by_chance, verdicts

VERDICTS = {"above": "Surely above both", "unsure": "Not sure", "below": "Surely below both"}
MODELS = {
    "Bliss": "assumes that both act independently: each leaves the same share alive whether or not the other is there. "
    "It takes the measured effects.",
    "HSA": "assumes that together they do what the stronger of both does alone (highest single agent). It takes the "
    "measured effects.",
    "ZIP": "assumes, like Bliss, that neither changes the potency of the other, but of the fitted curves: it scatters "
    "less and is as good as the fits.",
    "Loewe": "assumes that both are doses of one thing, so that some of one can stand in for some of the other. It "
    "needs the dose of the addition and a curve of it alone.",
}
COLUMNS = {
    "drug": "Drug", "addon": "Addition", "addon_nm": "Addition, nM", "addition_percent": "Addition alone, %",
    "verdict": "Beside Bliss and HSA", "bliss": "Over Bliss, points", "bliss_lower": "Over Bliss, lower 95 %",
    "bliss_upper": "Over Bliss, upper 95 %", "hsa": "Over HSA, points", "zip": "Over ZIP, points",
    "loewe": "Over Loewe, points", "highest_bliss": "Highest over Bliss, points", "highest_at_nm": "Highest at, nM",
    "n_doses": "Doses", "dss_alone": "DSS alone", "dss_with": "DSS with it", "dcdss": "dcDSS",
}  # fmt: skip
FEW = 8  # names in a sentence
ENOUGH = 10  # combinations of which a middle says something


def combination_table(rows: pd.DataFrame) -> pd.DataFrame:
    """`Combinations.rows` with every column under its name on screen, units in the names."""
    told = rows.assign(verdict=verdicts(rows).map(VERDICTS))
    numbers = [name for name in COLUMNS if name not in ("drug", "addon", "verdict", "n_doses")]
    told[numbers] = told[numbers].astype(float)
    return told[list(COLUMNS)].rename(columns=COLUMNS)


def row_names(rows: pd.DataFrame) -> list[str]:
    """The drugs; with their addition where there are several."""
    if rows["addon"].nunique() < 2:
        return rows["drug"].astype(str).tolist()
    return [f"{drug} + {addon}" for drug, addon in zip(rows["drug"], rows["addon"], strict=True)]


def bars_words(rows: pd.DataFrame) -> str:
    """77 drugs; with additions 154 bars (77 drugs alone, 77 with an addition). rows: of `hits.hit_rows`."""
    together = int((rows["addon"] != "").sum())
    if not together:
        return plural(len(rows), "drug")
    alone = plural(len(rows) - together, "drug")
    return f"{plural(len(rows), 'bar')} ({alone} alone, {count(together)} with an addition)"


def points(value: float) -> str:
    """Percent points with their sign and one decimal; one that is nearly 0 with two, so that its side is seen."""
    if not math.isfinite(value):
        return MISSING
    return f"{value:+.{2 if abs(value) < 0.1 else 1}f}".replace("-", MINUS)


def points_within(row: Any) -> str:
    """+19.0 (+10.3 to +27.6), or that there is no interval. row: of `Combinations.rows`."""
    if not math.isfinite(row.bliss_lower):
        return f"{points(row.bliss)} (no interval)"
    return f"{points(row.bliss)} ({points(row.bliss_lower)} to {points(row.bliss_upper)})"


def addition_words(found: Combinations) -> list[str]:
    """A sentence for every addition that is judged: its dose, and what it does alone."""
    told = []
    for one in found.additions.itertuples():
        dose = f"{number(one.addon_nm)} nM" if pd.notna(one.addon_nm) else "dose not told"
        plates = plural(one.plates, "plate")
        spread = f"mean of {plates}, {number(one.lowest)} to {number(one.highest)} %" if one.plates > 1 else plates
        told.append(f"{cut(one.addon)} ({dose}) alone inhibits {number(one.percent)} % ({spread}).")
    return told


def verdict_words(found: Combinations) -> str:
    """How many combinations lie surely above or below both models, which, and how many would by chance."""
    rows = found.rows
    names, told = pd.Series(row_names(rows), index=rows.index, dtype=object), verdicts(rows)
    above, below = names[told == "above"].tolist(), names[told == "below"].tolist()
    words = (
        f"{count(len(above))} of {plural(len(rows), 'combination')} surely above both Bliss and HSA{_named(above)}, "
    )
    words += f"{count(len(below))} surely below both{_named(below)}."
    if rows["bliss_lower"].notna().any():
        lucky = above_by_chance(rows)
        about = f"about {number(lucky, 2)}" if lucky >= 1 else "fewer than one"
        words += f" Without any interaction {about} would lie above Bliss by chance."
    if len(rows) >= ENOUGH:
        words += (
            f" The middle of all is {points(rows['bliss'].median())} points over Bliss: where that is far from 0, "
            "suspect the controls before the drugs."
        )
    return words


def unmatched_words(found: Combinations) -> list[str]:
    """A sentence for every reason why drugs are missing, each with the names of the first."""
    return [
        f"Not compared, {cut(why, 200)}: {_list(group['drug'].tolist())}."
        for why, group in found.unmatched.groupby("why", sort=False)
    ]


def _named(names: list[str]) -> str:
    return f" ({_list(names)})" if names else ""


def _list(names: list[str]) -> str:
    more = f" and {count(len(names) - FEW)} more" if len(names) > FEW else ""
    return ", ".join(cut(name, 40) for name in names[:FEW]) + more
