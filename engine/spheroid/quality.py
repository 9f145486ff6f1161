"""Is a screen fit to be read: every plate judged by its controls, duplicates, places and single wells.

Limits and their sources stand in quality_limits.py.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.spheroid import quality_limits as limits
from engine.spheroid.control_quality import control_groups, control_verdicts, positive_type
from engine.spheroid.replicates import enough_pairs, replicate_pairs, replicate_verdicts
from engine.spheroid.spatial import residuals_each, spatial_verdicts
from engine.spheroid.suspect_wells import rank_wells as _rank_wells
from engine.spheroid.suspect_wells import well_verdicts
from engine.spheroid.types import WELL_COLUMNS, Verdict

NEEDED = (*WELL_COLUMNS, "raw", "percent")
WHOLE = ""  # plate of a verdict on the whole screen


class ToJudge(NamedTuple):
    """What `verdicts_each` takes for each modality; see `verdicts`."""

    frame: pd.DataFrame
    modality: str
    death_readout: bool = False
    placed: Collection[str] | None = None


def verdicts(
    frame: pd.DataFrame, modality: str, *, death_readout: bool = False, placed: Collection[str] | None = None
) -> list[Verdict]:
    """Every measure of every plate, then of the whole screen (plate '').

    frame: the wells of one modality, WELL_COLUMNS + raw + percent (viability by the plate's controls); raw and percent
    are NaN where there is no readout. death_readout: the raw signal rises as cells die.
    placed: plates of which all is wanted, None for all; of the others only single wells are judged
    (suspect_wells.MEASURES), as only these are compared with wells of other plates.
    Of the whole screen: controls and duplicates of all plates together, raw readouts as they are, so that plates that
    differ in brightness lower its Z'.
    Raises InputError naming a column that is missing or wells that stand twice.
    """
    return verdicts_each([ToJudge(frame, modality, death_readout, placed)])[0]


def verdicts_each(some: Sequence[ToJudge]) -> list[list[Verdict]]:
    """As `verdicts` of each, in a fraction of the time: the curves of all are fitted side by side."""
    some = [one._replace(frame=_checked(one.frame)) for one in some]
    wanted = [one.frame if one.placed is None else one.frame[one.frame["plate"].isin(list(one.placed))] for one in some]
    return [_verdicts(one, off) for one, off in zip(some, residuals_each(wanted), strict=True)]


def _verdicts(one: ToJudge, off: pd.DataFrame) -> list[Verdict]:
    """off: the wells of the plates of which all is wanted, of `spatial.residuals`."""
    frame, modality, death_readout, placed = one
    killed = positive_type(frame, modality)
    found: list[Verdict] = []
    ranked = _rank_wells(frame, modality)
    whole = replicate_verdicts(WHOLE, modality, frame) if frame["plate"].nunique() > 1 else []
    for plate, wells in frame.groupby("plate", sort=False):
        name = str(plate)
        if placed is None or plate in placed:
            for controls in control_groups(wells, killed):
                found += control_verdicts(name, modality, controls, death_readout)
            # Where replicates stand on different plates, only the screen as a whole can tell whether they agree.
            pairs = replicate_pairs(wells)
            if not whole or enough_pairs(pairs):
                found += replicate_verdicts(name, modality, wells, pairs)
            found += spatial_verdicts(name, modality, off[off["plate"] == plate])
            found += _series(name, modality, wells)
        found += well_verdicts(name, modality, ranked[ranked["plate"] == plate])
    if frame["plate"].nunique() > 1:
        for controls in control_groups(frame, killed):
            judged = control_verdicts(WHOLE, modality, controls, death_readout)
            found += [verdict for verdict in judged if not verdict.measure.startswith("controls_order")]
        found += whole
    return found


def rank_wells(frame: pd.DataFrame, modality: str = "") -> pd.DataFrame:
    """All wells that hold cells, bad ones first with the reason in words; see suspect_wells.rank_wells.

    Raises InputError as `verdicts` does.
    """
    return _rank_wells(_checked(frame), modality)


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise InputError(f"The table of wells lacks {', '.join(missing)}: join layout and readouts first.")
    frame = frame[list(NEEDED)].reset_index(drop=True)
    twice = frame.duplicated(["plate", "row", "column"])
    if twice.any():
        first = frame[twice].iloc[0]
        raise InputError(
            f"Well {first['plate']} {limits.well(first['row'], first['column'])} stands twice in the table of wells: "
            "give the readouts of one modality, one row a well."
        )
    for name in ("treatment", "addon"):
        frame[name] = frame[name].astype("object").where(frame[name].notna(), "").astype(str)
    for name in ("raw", "percent", "conc_nm"):
        frame[name] = pd.to_numeric(frame[name]).astype(float).replace([np.inf, -np.inf], np.nan)
    return frame


def _series(plate: str, modality: str, wells: pd.DataFrame) -> list[Verdict]:
    """Does the control series fall with its dose; no verdict where a plate has no series."""
    series = wells[(wells["well_type"] == "series") & (wells["conc_nm"] > 0)]
    if series.empty:
        return []
    doses = series.dropna(subset="percent").groupby("conc_nm")["percent"].agg(["mean", "var", "count"])
    if len(doses) < 3:
        few = f"The control series has {len(doses)} doses with a viability: three are needed to see whether it falls."
        return [limits.unknown(plate, modality, "series", few)]
    mean, count = doses["mean"].to_numpy(), doses["count"].to_numpy()
    # the standard error of a dose's mean, from the spread within doses; one well a dose tells none
    within = np.nansum(doses["var"].to_numpy() * (count - 1)) / max(1, (count - 1).sum())
    rise, dose, error = 0.0, 0, 0.0
    for i in range(1, len(mean)):
        lowest = int(np.argmin(mean[:i]))
        if mean[i] - mean[lowest] > rise:
            rise, dose = float(mean[i] - mean[lowest]), i
            error = float(np.sqrt(within / count[i] + within / count[lowest]))
    name, span = series["treatment"].iloc[0] or "control", float(mean[0] - mean[-1])
    ends = f"{limits.written(mean[0])} to {limits.written(mean[-1])}"
    told = f"{name} series of {len(mean)} doses goes from {ends} % viability"
    verdict, beyond = limits.grade(rise, limits.SERIES), rise > limits.SERIES_ERRORS * error
    if not beyond:
        verdict = "doubtful" if verdict == "bad" else "good"
    reason = (
        f"The {told}, dose by dose." if rise == 0 else f"The {told}; it rises by {limits.points(rise)}, as by chance."
    )
    if verdict != "good":
        chance = "" if beyond else " (its wells scatter so widely that this may be chance)"
        reason = (
            f"The {told}, but rises by {limits.points(rise)} up to {doses.index[dose]:g} nM{chance}: doses were "
            "mixed up, or a well is off."
        )
    elif span < limits.SERIES_SPAN:
        verdict = "bad" if span <= 0 else "doubtful"
        reason = f"The {told}: it should fall by {limits.SERIES_SPAN:.0f} percent points or more. Are the doses right?"
    return [Verdict(plate, modality, "series", rise, verdict, reason)]
