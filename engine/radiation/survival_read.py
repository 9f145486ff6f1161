"""Reads tables of SF2 or of surviving fractions at doses: rows, units, receipt, and a curve per line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.files.tables import EXTRA, chunks, open_table
from engine.radiation.names import line_key, nci60_lines, panel_of
from engine.radiation.survival_columns import SurvivalColumns, recognise, refusal
from engine.radiation.survival_lines import OFF_AT_ZERO, fit_lines, nothing_kept
from engine.units import fraction_from_percent, gy_from_cgy

# A fraction a little above 1 is measurement error of plating or growth and stays, flagged; more is something else.
MAX_SF2 = 1.2
# At low doses of a growth assay more is seen; above this a number is no fraction, and most of a column above this are
# percent.
MAX_FRACTION = 1.5
MAX_PERCENT = 100 * MAX_SF2
MAX_DOSE_GY = 30.0  # no cell of a survival curve has met more in one dose; most doses above this are cGy
SHOW = {
    "line_name": "", "sf2_text": "SF2", "dose_text": "dose", "fraction_text": "surviving fraction", "cells_text": "",
}  # fmt: skip
ABOVE_SF2 = f"SF2 above {MAX_SF2:g} (write the fraction that survives 2 Gy relative to 0 Gy, or all values in percent)"
ABOVE_FRACTION = f"surviving fraction above {MAX_FRACTION:g} (write fractions relative to 0 Gy, or all in percent)"
FRACTION_OF_PERCENT = "SF2 of 1 % or less in a column of percent, kept so: look whether it is a fraction"
ABOVE_DOSE = f"dose above {MAX_DOSE_GY:g} Gy (write all doses in one unit)"


@dataclass(frozen=True)
class SurvivalReading:
    """lines: the columns of the table `survival`, points: those of `survival_dose`, without dataset and source_id."""

    lines: pd.DataFrame
    points: pd.DataFrame
    receipt: Receipt
    format: str


def read_survival(path: Path, name: str = "", on_progress: Callable[[float], None] | None = None) -> SurvivalReading:
    """A table of SF2 (cell line, SF2), or of surviving fractions at doses, long or wide, or of both.

    A line's rows are averaged (SF2) or are replicates (doses). Percent and cGy are told by the column's name or by
    most of its values, and converted with a note; counts become fractions of those at 0 Gy. SF2 above 1.2 is refused
    row by row, up to there it is kept and flagged; see also `fit_curve` for one dose and for fractions of 0.
    Raises InputError for a file that is no such table or keeps no line.
    """
    table = open_table(path, name, lambda header: recognise(header) is not None)
    columns = recognise(table.header)
    if columns is None:
        raise refusal(table.header, table.name)
    receipt = Receipt()
    wanted = sorted({*columns.places.values(), *(column.place for column in columns.doses)})
    frame = pd.concat(list(chunks(table, wanted, on_progress)), ignore_index=True)
    receipt.read = len(frame)
    frame = receipt.drop(frame, frame[EXTRA].notna(), "more values than columns")
    frame = _with_names(frame, columns, receipt)
    if frame.empty:
        raise InputError(nothing_kept(table.name, receipt))
    frame["sf2"] = np.nan
    if "sf2" in columns.places:
        frame = _with_sf2(frame, columns, receipt)
    points = pd.DataFrame(columns=["row", "line", "dose_gy", "surviving_fraction"])
    if columns.doses:
        points = _wide_points(frame, columns, receipt, table.name)
        frame = receipt.drop(frame, ~frame["row"].isin(points["row"]) & frame["sf2"].isna(), "no value", SHOW)
    elif "dose" in columns.places:
        frame = _with_doses(frame, columns, receipt)
        points = frame.loc[frame["dose_gy"].notna(), [*points.columns, "replicate"]]
    lines, kept = fit_lines(frame, points, receipt, table.name)
    _note_names(lines, receipt)
    return SurvivalReading(lines, kept, receipt, columns.format)


def _with_names(frame: pd.DataFrame, columns: SurvivalColumns, receipt: Receipt) -> pd.DataFrame:
    named = frame.assign(line_name=frame[columns.places["line"]].str.strip())
    for field in ("panel", "assay"):
        place = columns.places.get(field)
        named[field] = "" if place is None else named[place].str.strip().fillna("")
    known = {text: line_key(text) for text in named["line_name"].dropna().unique()}
    named["line"] = [known.get(text, "") for text in named["line_name"]]
    named = receipt.drop(named, named["line"] == "", "no cell line")
    known_panel = {line: panel_of(line) for line in named["line"].unique()}
    named["panel"] = named["panel"].where(named["panel"] != "", named["line"].map(known_panel))
    return named.copy()


def _with_sf2(frame: pd.DataFrame, columns: SurvivalColumns, receipt: Receipt) -> pd.DataFrame:
    """The column `sf2`; where the table has doses too, a row whose SF2 cannot be used stays for them."""
    texts = frame[columns.places["sf2"]]
    values = _fractions("SF2", texts, "sf2" in columns.percent, numbers(texts), receipt)
    frame = frame.assign(sf2=values, sf2_text=texts)
    why = _first_reason(
        {
            "SF2 missing": texts.isna(),
            "SF2 is no number": values.isna(),
            "SF2 not above 0": values <= 0,
            ABOVE_SF2: values > MAX_SF2,
        }
    )
    if columns.doses or "dose" in columns.places:
        for reason in sorted(set(why) - {"", "SF2 missing"}):
            receipt.flag(frame, why == reason, reason, SHOW)
        frame.loc[why != "", "sf2"] = np.nan
    else:
        frame = _dropped(frame, why, receipt)
    receipt.flag(frame, frame["sf2"] > 1, "SF2 above 1, kept", SHOW)
    # A value with a percent sign of its own means what it says.
    plain = ~frame["sf2_text"].str.strip().str.endswith("%").fillna(False).astype(bool)
    receipt.flag(frame, plain & (frame["sf2"] <= 0.01) & (numbers(frame["sf2_text"]) > 0.05), FRACTION_OF_PERCENT, SHOW)
    return frame


def _with_doses(frame: pd.DataFrame, columns: SurvivalColumns, receipt: Receipt) -> pd.DataFrame:
    """The columns dose_gy, surviving_fraction and replicate of a long table; rows without a usable point are dropped,
    or stay for their SF2."""
    dose_texts, texts = frame[columns.places["dose"]], frame[columns.places["fraction"]]
    dose = _doses_gy(numbers(dose_texts), columns.dose_unit, receipt)
    given = numbers(texts)
    lowest = given[dose == dose[dose > 0].min()]
    fraction = _fractions("Surviving fractions", texts, "fraction" in columns.percent, given, receipt, lowest)
    place = columns.places.get("replicate")
    frame = frame.assign(
        dose_gy=dose,
        surviving_fraction=fraction,
        replicate="" if place is None else frame[place].fillna(""),
        dose_text=dose_texts,
        fraction_text=texts,
    )
    frame = _usable(frame, receipt)
    above = frame["dose_gy"].notna() & (_judged(frame) > 1)
    receipt.flag(frame, above, "surviving fraction above 1, kept", SHOW)
    key = ["line", "dose_gy", "surviving_fraction", "replicate"]
    if place is not None:
        again = frame.duplicated(key) & (frame["replicate"] != "") & frame["dose_gy"].notna()
        frame = receipt.drop(frame, again, "the same replicate again", SHOW)
    return frame


def _usable(frame: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    dose, fraction = frame["dose_gy"], frame["surviving_fraction"]
    why = _first_reason(
        {
            "dose missing or no number": dose.isna(),
            "negative dose": dose < 0,
            ABOVE_DOSE: dose > MAX_DOSE_GY,
            "surviving fraction missing or no number": fraction.isna(),
            "negative surviving fraction": fraction < 0,
            ABOVE_FRACTION: _judged(frame) > MAX_FRACTION,
        }
    )
    has_sf2 = frame["sf2"].notna()
    for reason in sorted(set(why[has_sf2]) - {""}):
        receipt.flag(frame, has_sf2 & (why == reason), reason, SHOW)
    frame.loc[has_sf2 & (why != ""), "dose_gy"] = np.nan
    return _dropped(frame, why.where(~has_sf2, ""), receipt)


def _judged(points: pd.DataFrame) -> pd.Series:
    """The surviving fractions of points (line, dose_gy, surviving_fraction) as they are judged: relative to 0 Gy where
    most lines have more than 1 there, as they do in tables of colonies or of optical densities."""
    fraction = points["surviving_fraction"]
    at_zero = fraction[(points["dose_gy"] == 0) & (fraction > 0)].groupby(points["line"]).mean()
    if not len(at_zero) or at_zero.median() <= 1 + OFF_AT_ZERO:
        return fraction
    return fraction / points["line"].map(at_zero).fillna(1.0)


def _first_reason(wrong: dict[str, pd.Series]) -> pd.Series:
    """Why a row cannot be used, the first reason that applies; '' where it can."""
    masks = [rows.to_numpy(dtype=bool) for rows in wrong.values()]
    return pd.Series(np.select(masks, list(wrong), ""), next(iter(wrong.values())).index)


def _dropped(frame: pd.DataFrame, why: pd.Series, receipt: Receipt) -> pd.DataFrame:
    for reason in dict.fromkeys(why[why != ""]):
        frame = receipt.drop(frame, why[frame.index] == reason, reason, SHOW)
    return frame.copy()


def _wide_points(frame: pd.DataFrame, columns: SurvivalColumns, receipt: Receipt, name: str) -> pd.DataFrame:
    """One row per usable cell: row, line, dose_gy, surviving_fraction. Cells that cannot be used are flagged."""
    unit = {column.unit for column in columns.doses} - {""}
    doses = pd.Series([gy_from_cgy(c.dose) if c.unit == "cgy" else c.dose for c in columns.doses], dtype=float)
    if not unit:
        doses = _doses_gy(doses, "", receipt)
    if (doses > MAX_DOSE_GY).any():
        raise InputError(f"{name} has a column for {doses.max():g} Gy: name columns by dose in Gy, such as surv_2gy.")
    texts = pd.concat([frame[column.place].rename(i) for i, column in enumerate(columns.doses)], axis=1)
    given = texts.apply(numbers)
    lowest = given[int(doses[doses > 0].idxmin())] if (doses > 0).any() else given.stack()
    declared = any(column.percent for column in columns.doses)
    stacked, all_texts = given.stack(future_stack=True), texts.stack(future_stack=True)
    values = _fractions("Surviving fractions", all_texts, declared, stacked, receipt, lowest).unstack()
    parts = [
        pd.DataFrame({"row": frame["row"], "line": frame["line"], "dose_gy": dose, "surviving_fraction": column})
        for dose, (_, column) in zip(doses, values.items(), strict=True)
    ]
    points = pd.concat(parts, ignore_index=True)
    judged = _judged(points)
    every = pd.concat([texts[place] for place in texts], ignore_index=True)
    told = points["dose_gy"].map("{:g} Gy".format) + " " + every.astype(str)
    for reason, cells in (
        ("surviving fraction is no number", every.notna() & points["surviving_fraction"].isna()),
        ("negative surviving fraction", judged < 0),
        (ABOVE_FRACTION, judged > MAX_FRACTION),
        ("surviving fraction above 1, kept", (judged > 1) & (judged <= MAX_FRACTION)),
    ):
        of_row = told[cells].groupby(points["row"]).agg(", ".join)
        receipt.flag(frame.assign(cells_text=frame["row"].map(of_row)), frame["row"].isin(of_row.index), reason, SHOW)
    return points[(judged >= 0) & (judged <= MAX_FRACTION)].reset_index(drop=True).assign(replicate="")


def numbers(texts: pd.Series) -> pd.Series:
    """Numbers as people write them: a decimal comma, a percent sign (not divided here); nan for other text."""
    plain = texts.str.strip().str.rstrip("%").str.strip().str.replace(",", ".", regex=False)
    return pd.to_numeric(plain, errors="coerce").replace([np.inf, -np.inf], np.nan).astype(float)


def _fractions(
    what: str, texts: pd.Series, declared: bool, values: pd.Series, receipt: Receipt, judged: pd.Series | None = None
) -> pd.Series:
    """Fractions; percent where the name says so or most of the judged values (all if None) are above 1.5.

    A value with a percent sign is percent whatever the others are.
    """
    judged = (values if judged is None else judged).dropna()
    high = len(judged) > 0 and float(judged.median()) > MAX_FRACTION and float(judged.quantile(0.9)) <= MAX_PERCENT
    if declared and not high and len(judged) and float(judged.max()) <= MAX_SF2:
        receipt.notes.append(f"{what}: the column is called percent, but its values are fractions; they are kept so.")
    percent = pd.Series(high or (declared and len(judged) > 0 and float(judged.max()) > MAX_SF2), values.index)
    percent |= texts.str.strip().str.endswith("%").fillna(False).astype(bool)
    if percent.any():
        receipt.notes.append(f"{what} came in percent and were divided by 100.")
    return values.where(~percent, fraction_from_percent(values))


def _doses_gy(doses: pd.Series, unit: str, receipt: Receipt) -> pd.Series:
    above = doses[doses > 0]
    if unit == "cgy" or (len(above) and float(above.median()) > MAX_DOSE_GY):
        receipt.notes.append("Doses came in cGy and were divided by 100.")
        return pd.Series(gy_from_cgy(doses), doses.index)
    return doses


def _note_names(lines: pd.DataFrame, receipt: Receipt) -> None:
    other = [name for line, name in zip(lines["line"], lines["line_name"], strict=True) if line not in nci60_lines()]
    if other:
        shown = ", ".join(other[:5]) + (", ..." if len(other) > 5 else "")
        receipt.notes.append(
            f"{len(other):,} of {len(lines):,} lines are outside the NCI-60's list, kept under their own names: {shown}"
        )
