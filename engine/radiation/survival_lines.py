"""Rows of a survival table -> one row per line: SF2 averaged or fitted, its curve, and the points behind it."""

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.radiation.survival import SF2_DOSE_GY, OneDoseError, fit_curve
from engine.radiation.types import CurveFit

POINTS = ["line", "dose_gy", "replicate", "surviving_fraction"]
OFF_AT_ZERO = 0.01  # fractions at 0 Gy further from 1 than this are plating efficiencies
APART = 0.1  # SF2 of table and curve, or of two rows of a line
ONE_DOSE = "one dose only, and it is not 2 Gy (SF2 needs 2 Gy, or two doses for a curve)"
ALL_ZERO = "no dose with survivors"
NONE_AT_ZERO = "no survivors at 0 Gy, to which fractions are relative"
NO_DOSE = "no point above 0 Gy"


def fit_lines(
    frame: pd.DataFrame, points: pd.DataFrame, receipt: Receipt, name: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the tables `survival` and `survival_dose`, without dataset and source_id.

    frame: row, line, line_name, panel, assay, sf2 (fraction, nan where not told). points: row, line, dose_gy,
    surviving_fraction, replicate. Lines without SF2 and without a curve are dropped.
    Raises InputError where none stays.
    """
    points = _relative_to_zero(points, receipt).sort_values(["line", "dose_gy"], kind="stable")
    fits, reasons = _fits(points)
    told = frame.groupby("line")["sf2"].agg(["mean", "count", "min", "max"])
    for reason in (ONE_DOSE, ALL_ZERO, NONE_AT_ZERO, NO_DOSE):
        lost = [line for line, why in reasons.items() if why == reason and not told["count"].get(line, 0)]
        frame = receipt.drop(frame, frame["line"].isin(lost), reason, {"line_name": ""})
    if frame.empty:
        raise InputError(nothing_kept(name, receipt))
    _note_merged(told.loc[frame["line"].unique()], points, receipt)
    first = frame.groupby("line", sort=False).first()
    rows = [_row(line, about, told.loc[line, "mean"], fits.get(line)) for line, about in first.iterrows()]
    lines = pd.DataFrame(rows).astype({"n_doses": "Int64"})
    _note_fits(lines, fits, points, frame, receipt)
    kept = points[points["line"].isin(lines["line"])].copy()
    kept["replicate"] = (kept.groupby(["line", "dose_gy"]).cumcount() + 1).astype("int32")
    types = {"dose_gy": float, "surviving_fraction": float}
    return lines, kept[POINTS].astype(types).reset_index(drop=True)


def _relative_to_zero(points: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    """Where a line's points at 0 Gy are not 1, all of its points are divided by their mean."""
    points = points.assign(dose_gy=points["dose_gy"].astype(float).round(6))
    at_zero = points[points["dose_gy"] == 0].groupby("line")["surviving_fraction"].mean()
    off = at_zero[((at_zero - 1).abs() > OFF_AT_ZERO) & (at_zero > 0)]
    if len(off):
        receipt.notes.append(
            f"{count_lines(len(off))} had fractions at 0 Gy other than 1 (plating efficiency, or counts): the "
            "points were divided by their mean."
        )
    fraction = points["surviving_fraction"].astype(float) / points["line"].map(off).fillna(1.0).astype(float)
    return points.assign(surviving_fraction=fraction)


def _fits(points: pd.DataFrame) -> tuple[dict[str, CurveFit], dict[str, str]]:
    """A curve per line, or why there is none."""
    fits, reasons = {}, {}
    for line, mine in points.groupby("line"):
        at_zero = mine.loc[mine["dose_gy"] == 0, "surviving_fraction"]
        if len(at_zero) and at_zero.max() == 0:
            reasons[str(line)] = NONE_AT_ZERO
            continue
        try:
            fits[str(line)] = fit_curve(mine["dose_gy"].to_numpy(), mine["surviving_fraction"].to_numpy())
        except OneDoseError:
            reasons[str(line)] = ONE_DOSE
        except InputError:
            reasons[str(line)] = ALL_ZERO if (mine["dose_gy"] > 0).any() else NO_DOSE
    return fits, reasons


def _row(line: str, about: pd.Series, told: float, fit: CurveFit | None) -> dict[str, object]:
    from_table = not np.isnan(told)
    none = (np.nan, np.nan)
    alpha, beta, sf2 = (
        (fit.alpha_interval or none, fit.beta_interval or none, fit.sf2_interval or none) if fit else (none, none, none)
    )
    if from_table:
        sf2 = none  # the interval is of the curve's SF2, not of the table's
    return {
        "line": line,
        "line_name": about["line_name"],
        "panel": about["panel"] or None,
        "assay": about["assay"] or None,
        "sf2": told if from_table else fit.sf2 if fit else np.nan,
        "sf2_lower": sf2[0],
        "sf2_upper": sf2[1],
        "alpha_per_gy": fit.alpha_per_gy if fit else np.nan,
        "alpha_lower": alpha[0],
        "alpha_upper": alpha[1],
        "beta_per_gy2": fit.beta_per_gy2 if fit else np.nan,
        "beta_lower": beta[0],
        "beta_upper": beta[1],
        "rmse_ln": fit.rmse_ln if fit else np.nan,
        "n_doses": fit.n_doses if fit else None,
        "sf2_from": "table" if from_table else "fit",
    }


def _note_merged(told: pd.DataFrame, points: pd.DataFrame, receipt: Receipt) -> None:
    """Only a table of SF2 alone has rows that were averaged; with doses they are points."""
    if not points.empty:
        return
    more = told[told["count"] > 1]
    receipt.merged = int((more["count"] - 1).sum())
    if len(more):
        spread = more["max"] - more["min"]
        apart = f" The largest difference is {spread.max():.3g} ({spread.idxmax()})." if spread.max() > APART else ""
        receipt.notes.append(f"{count_lines(len(more))} had several rows, whose SF2 was averaged.{apart}")


def _note_fits(
    lines: pd.DataFrame, fits: dict[str, CurveFit], points: pd.DataFrame, frame: pd.DataFrame, receipt: Receipt
) -> None:
    zero = {line for line, fit in fits.items() if fit.left_out}
    if zero:
        left_out = sum(fit.left_out for fit in fits.values())
        which = f"{left_out:,} {'point' if left_out == 1 else 'points'}"
        receipt.notes.append(
            f"{which} of {count_lines(len(zero))} without survivors (fraction 0), hence no logarithm: kept, but no "
            "curve is fitted to them."
        )
        receipt.flag(frame, frame["line"].isin(zero), "of a line with a fraction of 0", {"line_name": ""})
    highest = points.groupby("line")["dose_gy"].max()
    low = set(highest[highest < SF2_DOSE_GY].index) & set(lines.loc[lines["sf2_from"] == "fit", "line"])
    if low:
        receipt.flag(frame, frame["line"].isin(low), "no dose of 2 Gy or more: SF2 is extrapolated", {"line_name": ""})
    both = lines[(lines["sf2_from"] == "table") & lines["line"].isin(fits)]
    if len(both):
        apart = int((both["sf2"] - both["line"].map(lambda line: fits[line].sf2)).abs().gt(APART).sum())
        receipt.notes.append(
            f"SF2 of {count_lines(len(both))} is the table's; in {apart:,} that of the curve is further away than "
            f"{APART:g}."
        )


def nothing_kept(name: str, receipt: Receipt) -> str:
    """What is said of a file of which no row can be used."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in receipt.dropped.items())
    return f"{name} holds no surviving fraction that can be used, of {receipt.read:,} rows: {reasons}. Check the table."


def count_lines(n: int) -> str:
    """`1 line`, `2 lines`."""
    return f"{n:,} line{'s' * (n != 1)}"
