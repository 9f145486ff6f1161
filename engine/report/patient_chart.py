"""The bars of z-scores of one patient's drugs."""

import math
from collections.abc import Callable

import pandas as pd

from engine.figures.text import count, number, plural, setting
from engine.report.drawing import Box, Drawing, Mark, Ring, Stroke, Word

WIDTH = 760  # of the drawing, in its own units; everything else is in the same
NAMES = 190  # room for the drugs' names
ROW, BAR = 17, 10
LONGEST_NAME = 27
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
MOST_TICKS = 9


def z_bars(drugs: pd.DataFrame, names: dict[int, str]) -> Drawing | None:
    """Predicted z-score per drug with its range over completions and both baselines; None without a single z.

    drugs: rows of `Ranking.table`, in the order of the bars. names: drug_id -> name on screen.
    """
    rows = drugs[drugs["z_score"].notna()].reset_index(drop=True)
    if rows.empty:
        return None
    found = [column for column in ("z_score", "z_low", "z_high", "nearest_z", "type_z") if rows[column].notna().any()]
    low, high = float(min(0.0, rows[found].min().min())), float(max(0.0, rows[found].max().max()))
    step = next((s for s in STEPS if (high - low) / s < MOST_TICKS), STEPS[-1])
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    left, right = NAMES + 8.0, WIDTH - 14.0

    def x(value: float) -> float:
        return round(left + (value / step - first) / (last - first) * (right - left), 2)

    top = 8.0
    bottom = top + ROW * len(rows) + 4
    marks: list[Mark] = []
    for tick in range(first, last + 1):
        at = x(tick * step)
        marks.append(Stroke(at, top, at, bottom, "text" if tick == 0 else "grid"))
        marks.append(Word(at, bottom + 15, setting(round(tick * step, 6)), "middle", "muted"))
    for place, row in enumerate(rows.to_dict("records")):
        marks += _row(row, names[int(row["drug_id"])], top + 4 + ROW * place, x)
    title = "z-score: left of 0 more sensitive than the average measured line"
    marks.append(Word((left + right) / 2, bottom + 33, title, "middle", "text"))
    return Drawing(WIDTH, bottom + 42, tuple(marks), _caption(found), _summary(rows, names))


def _row(row: dict, name: str, y: float, x: Callable[[float], float]) -> list[Mark]:
    z, middle = float(row["z_score"]), y + BAR / 2
    shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
    role = "sensitive" if z < 0 else "resistant"
    marks: list[Mark] = [
        Word(NAMES, y + BAR - 1.5, shown, "end", "text"),
        Box(min(x(0), x(z)), y, max(abs(x(z) - x(0)), 0.8), BAR, role),
    ]
    if pd.notna(row["z_low"]) and pd.notna(row["z_high"]):
        ends = x(float(row["z_low"])), x(float(row["z_high"]))
        marks.append(Stroke(ends[0], middle, ends[1], middle, "text", 1.4))
        marks += [Stroke(end, middle - 3, end, middle + 3, "text", 1.4) for end in ends]
    if pd.notna(row["type_z"]):
        marks.append(Stroke(x(float(row["type_z"])), y - 2.5, x(float(row["type_z"])), y + BAR + 2.5, "warm", 2.4))
    if pd.notna(row["nearest_z"]):
        marks.append(Ring(x(float(row["nearest_z"])), middle, 4.0, "text"))
    return marks


def _caption(found: list[str]) -> str:
    parts = ["Bar: predicted z-score among the measured lines of that drug."]
    if "z_low" in found and "z_high" in found:
        parts.append("Line: from the 5th to the 95th percentile over plausible completions of the genes not sequenced.")
    if "nearest_z" in found:
        parts.append("Circle: mean measured z of the nearest lines, which needs no network.")
    if "type_z" in found:
        parts.append("Orange mark: mean of the cancer type's measured lines.")
    return " ".join(parts)


def _summary(rows: pd.DataFrame, names: dict[int, str]) -> str:
    first = ", ".join(f"{names[int(row.drug_id)]} {number(float(row.z_score))}" for row in rows.head(3).itertuples())
    below = int((rows["z_score"] < 0).sum())
    return f"z-scores of {plural(len(rows), 'drug')}, {count(below)} below zero; lowest: {first}."
