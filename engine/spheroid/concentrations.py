"""Concentrations as layouts write them -> nM: units in the column's name, in a column of their own or in the cell."""

import re

import numpy as np

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.layout_columns import WellTable, unit_of
from engine.spheroid.plate import well_name
from engine.spheroid.readings import numbers
from engine.units import nm_from

ASSUMED = "nM"  # the published layouts'
SMALL_NM = 100.0  # a highest dose of a screen at or below this may have been told in µM
MOST_NM = 1e11  # 100 M; water has 55 M
_CELL = re.compile(r"\s*([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*([^\d\s].*)?")
_COMMENT = re.compile(r"(?i)(?:conc|dose)[^#]*?\b(pM|nM|uM|µM|μM|mM|M)\b")


def in_nm(table: WellTable, key: str, notes: tuple[str, ...], receipt: Receipt) -> np.ndarray:
    """(w,) nM, NaN where none is told. key: conc or addon_conc.

    Units, the nearest first: in the cell ('10 µM'), in the column `unit`, in the column's name, in a comment; else nM
    with a note. Raises InputError naming file, row and well for what is no number, is below 0 or beyond any solution,
    has no molar unit, and for bare numbers beside others with a unit.
    """
    frame = table.frame
    if key not in frame:
        return np.full(len(frame), np.nan)
    cells = [_CELL.fullmatch(text) if text else None for text in frame[key]]
    values = numbers([cell.group(1) if cell else text for cell, text in zip(cells, frame[key], strict=True)])
    suffix = [cell.group(2) if cell else None for cell in cells]
    own = frame["unit"].tolist() if "unit" in frame and key == "conc" else [None] * len(frame)
    told = table.units.get(key) or _from_comments(notes)
    for i, said in enumerate(suffix):
        if said and unit_of(said) is None:
            raise InputError(f"{_place(table, i)} has the unit {said!r}: write nM, µM, mM or M.")
    bare = [i for i, text in enumerate(frame[key]) if text and not suffix[i] and not own[i]]
    if (any(suffix) or any(own)) and not told and any(values.values[i] != 0 for i in bare):
        first = next(i for i in bare if values.values[i] != 0)
        with_unit = next(i for i in range(len(frame)) if suffix[i] or own[i])
        raise InputError(
            f"{_place(table, first)} has the concentration {frame[key].iloc[first]!r} without a unit where row "
            f"{frame['line'].iloc[with_unit]} has one ({suffix[with_unit] or own[with_unit]}): write the unit into all."
        )
    made, used = np.full(len(frame), np.nan), set()
    for i, text in enumerate(frame[key]):
        if not text:
            continue
        if i in values.wrong or i in values.over or values.values[i] < 0:
            raise InputError(f"{_place(table, i)} has the concentration {text!r}: write a number of 0 or more.")
        said = suffix[i] or own[i]
        unit = unit_of(said) if said else told or ASSUMED
        if unit is None:
            raise InputError(f"{_place(table, i)} has the unit {said!r}: write nM, µM, mM or M.")
        made[i] = nm_from(values.values[i], unit)[0]
        if made[i] > MOST_NM:
            raise InputError(f"{_place(table, i)} has the concentration {text!r} ({unit}), which nothing reaches.")
        if made[i] > 0:
            used.add(unit)
    if len(used) > 1:
        receipt.notes.append(
            f"{table.name} has concentrations in {' and '.join(sorted(used))}: all were turned into nM."
        )
    if key == "conc" and not told and not any(suffix) and not any(own) and used:
        highest = np.nanmax(made)
        odd = (
            f" The highest is {highest:g}: if they are µM, say so in the column's name." if highest <= SMALL_NM else ""
        )
        receipt.notes.append(f"{table.name} tells no unit of its concentrations: nM was assumed, as published.{odd}")
    return made


def _from_comments(notes: tuple[str, ...]) -> str | None:
    found = (_COMMENT.search(note) for note in notes)
    return next((unit_of(hit.group(1)) for hit in found if hit), None)


def _place(table: WellTable, i: int) -> str:
    row = table.frame.iloc[i]
    return f"{table.name}, row {row['line']} (well {row['plate']}_{well_name(row['row'], row['column'])})"
