"""Which single wells look contaminated, empty or mixed up: unlike every neighbour in replicate and dose.

A drug well is compared with its replicates and with the doses beside it; it is off by as much as it lies beyond all of
them. A steep curve therefore raises no alarm, and a bad well does not make its good duplicate look bad.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from engine.spheroid import quality_limits as limits
from engine.spheroid.spatial import BY_TYPE, MAD_SCALE, SERIES_TYPES
from engine.spheroid.types import Verdict

MEASURES = ("missing_wells", "suspect_wells", "out_of_range")  # of `well_verdicts`
SHOWN = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "addon", "raw", "percent"]
LIVING = 50.0  # percent: the noise of living and of dead wells differs, so each has its own
GLOWS = 1.5  # times the viability that 95 % of a plate's wells stay below, and at least of 100 %; chosen here


def rank_wells(frame: pd.DataFrame, modality: str = "") -> pd.DataFrame:
    """All wells that hold cells, worst first.

    frame: WELL_COLUMNS, raw, percent. Columns: those of SHOWN; low, high: what the neighbours span, percent;
    deviation: percent points beyond them; z: robust standard deviations; suspect: bool; alive: bool, a network's output
    above its range in a well whose neighbours live too, which is no fault; reason: '' where there is nothing to say.
    Suspect wells come first by z, then wells without a readout, then the others by z.
    """
    wells = frame[~frame["well_type"].isin(("empty", "other"))].copy()
    percent = wells["percent"].to_numpy(float)
    low, high = _spans(wells, percent)
    deviation = np.where(percent > high, percent - high, np.where(percent < low, percent - low, 0.0))
    deviation = np.where(np.isfinite(percent) & np.isfinite(low), deviation, np.nan)
    with np.errstate(invalid="ignore"):
        z = deviation / _noise(wells, percent, (low + high) / 2)
        beyond = _beyond(z, deviation)
    out = (out_of_range(wells["raw"], modality) & ~wells["plate"].map(_controls_out(wells, modality))).to_numpy(bool)
    # Above the range and like its neighbours, a well is merely more alive than the controls.
    above = (wells["raw"] > limits.RAW_RANGE[1]).to_numpy(bool)
    alive = out & above & ~beyond & ~((low + high) / 2 < LIVING)
    found = wells[SHOWN].assign(
        low=low, high=high, deviation=deviation, z=z, suspect=beyond | out & ~alive, alive=alive
    )
    glow = wells["plate"].map(_glow(wells)).to_numpy(float)
    told = np.flatnonzero(beyond | out | ~np.isfinite(found["raw"].to_numpy(float)))  # of others nothing is to be said
    reasons = [""] * len(found)
    for at, well in zip(told, found.iloc[told].itertuples(index=False), strict=True):
        reasons[at] = _reason(well, bool(beyond[at]), bool(out[at]), bool(well.percent >= glow[at]))
    found["reason"] = reasons
    order = np.where(found["suspect"], 0, np.where(found["raw"].isna(), 1, 2))
    size = -np.nan_to_num(np.abs(z), nan=-1.0)
    return found.iloc[np.lexsort((size, order))].reset_index(drop=True)


def _glow(wells: pd.DataFrame) -> pd.Series:
    """Plate -> the viability from which a well is far brighter than any living one, percent."""
    return GLOWS * wells.groupby("plate")["percent"].quantile(0.95).clip(lower=100.0).fillna(100.0)


def _beyond(z, deviation):
    """Which wells are unlike all their neighbours."""
    return (np.abs(z) >= limits.SUSPECT_Z) & (np.abs(deviation) >= limits.SUSPECT_POINTS)


def _controls_out(wells: pd.DataFrame, modality: str) -> dict[object, bool]:
    """Plates whose own controls lie out of range: there an output out of range says nothing of its well."""
    controls = wells[wells["well_type"].isin(("negative", "positive")) & wells["raw"].notna()]
    out = out_of_range(controls["raw"], modality).groupby(controls["plate"])
    several = (out.mean() > limits.RAW_CONTROLS) & (out.sum() > 1)
    return {plate: bool(several.get(plate, False)) for plate in wells["plate"].unique()}


def out_of_range(raw: pd.Series, modality: str) -> pd.Series:
    """Which outputs of a network lie more than 0.05 beyond 0.2 and 0.8; none of other readouts do."""
    low, high = limits.RAW_RANGE
    inside = raw.between(low - limits.RAW_MARGIN, high + limits.RAW_MARGIN) | raw.isna()
    return ~inside if modality.startswith("image") else raw.ne(raw) & False


def _spans(wells: pd.DataFrame, percent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(w,) lowest and highest viability among the neighbours of each well; NaN with fewer than two.

    Of drug wells those without a viability have none either.
    """
    low, high = np.full(len(wells), np.nan), np.full(len(wells), np.nan)
    dose, kind = wells["conc_nm"].to_numpy(float), wells["well_type"]
    series = np.flatnonzero(kind.isin(SERIES_TYPES).to_numpy() & (dose > 0))
    drug = wells.iloc[series].groupby(["well_type", "treatment", "addon"], sort=False).ngroup().to_numpy()
    series, drug = series[drug >= 0], drug[drug >= 0]
    if len(series):
        low[series], high[series] = _beside(drug, dose[series], percent[series])
    place = pd.Series(np.arange(len(wells)), index=wells.index)[kind.isin(BY_TYPE)]
    for _, alike in place.groupby([wells[name] for name in ("plate", "well_type", "addon")], sort=False):
        values = percent[alike]
        if np.isfinite(values).sum() >= limits.MIN_CONTROLS:
            low[alike] = high[alike] = np.nanmedian(values)
    return low, high


def _beside(drug: np.ndarray, dose: np.ndarray, percent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(v,) lowest and highest of the replicates of each well and of the means of the doses beside it.

    drug: (v,) number of the drug with its addition. Below its lowest dose there is no drug: 100 percent.
    """
    order = np.lexsort((dose, drug))
    at, of, value = dose[order], drug[order], np.where(np.isfinite(percent), percent, np.nan)[order]
    other = np.diff(of) != 0
    cell = np.concatenate([[0], np.cumsum(other | (np.diff(at) != 0))])  # wells of one drug and dose
    known = np.isfinite(value)
    count = np.bincount(cell, weights=known).astype(int)
    first, mean = np.cumsum(count) - count, np.full(len(count), np.nan)
    for n in np.unique(count[count > 0]):  # cells of one size together: bit by bit what `mean` of each is
        same = np.flatnonzero(count == n)
        mean[same] = value[known][first[same, None] + np.arange(n)].mean(axis=1)
    new = np.concatenate([[True], np.diff(of[np.searchsorted(cell, np.arange(len(count)))]) != 0])
    below = np.where(new, 100.0, np.concatenate([[np.nan], mean[:-1]]))[cell]
    above = np.where(np.append(new[1:], True), np.nan, np.append(mean[1:], np.nan))[cell]
    near = count[cell] - 1 + np.isfinite(below) + np.isfinite(above)
    ends = []
    for sign, smaller in ((1.0, np.fmin), (-1.0, np.fmax)):
        by_value = np.lexsort((sign * value, cell))  # NaN last
        start = np.searchsorted(cell, np.arange(len(count)))
        least = value[by_value][start]
        second = np.where(count > 1, value[by_value][np.minimum(start + 1, len(value) - 1)], np.nan)
        # Of the others: the second where the well itself holds the first. Of equal ones either will do.
        replicates = np.where(value == least[cell], second[cell], least[cell])
        end = smaller(smaller(replicates, below), above)
        ends.append(np.empty(len(order)))
        ends[-1][order] = np.where(known & (near > 1), end, np.nan)
    return ends[0], ends[1]


def _noise(wells: pd.DataFrame, percent: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(w,) robust standard deviation, percent points, of the wells of one plate about as alive as each well.

    level: (w,) middle of the neighbours. It is that of replicates of drugs; of controls the larger of theirs and this.
    """
    noise = np.full(len(wells), limits.NOISE_FLOOR)
    living = level >= LIVING
    plate, kind, addon = (wells[name].to_numpy(str) for name in ("plate", "well_type", "addon"))
    condition = wells.groupby(["well_type", "treatment", "conc_nm", "addon"], dropna=False)["percent"]
    n = condition.transform("count").to_numpy(float)
    with np.errstate(all="ignore"):
        # from the mean of n replicates: their own spread is sqrt(n / (n - 1)) wider
        off = (percent - condition.transform("mean").to_numpy(float)) * np.sqrt(n / (n - 1))
    drug = np.isin(kind, SERIES_TYPES) & np.isfinite(off)
    for name in np.unique(plate):
        for alive in (True, False):
            of = (plate == name) & (living == alive)
            if (of & drug).sum() >= limits.MIN_CONTROLS:
                noise[of] = max(limits.NOISE_FLOOR, MAD_SCALE * float(np.median(np.abs(off[of & drug]))))
        for control in BY_TYPE:
            for added in set(addon[kind == control]):
                of = (plate == name) & (kind == control) & (addon == added)
                values = percent[of][np.isfinite(percent[of])]
                if len(values):
                    own = MAD_SCALE * float(np.median(np.abs(values - np.median(values))))
                    noise[of] = np.maximum(noise[of], own)
    return noise


def _reason(well, off: bool, outside: bool, glows: bool) -> str:
    where = f"{well.plate} {limits.well(well.row, well.column)}"
    what = f"{well.treatment} {well.conc_nm:,g} nM" if well.treatment and well.conc_nm > 0 else well.well_type
    said = []
    if not math.isfinite(well.raw):
        said.append("no readout")
    if off:
        low, high = limits.written(well.low), limits.written(well.high)
        near = low if low == high else f"{low} to {high}"
        guess = "dead where it should live" if well.deviation < 0 else "alive where it should be dead"
        if well.deviation < 0 and well.percent >= LIVING:
            guess = "less alive than all around it"
        if well.deviation > 0 and well.low > LIVING:
            guess = "brighter than any living well around it"
        if well.deviation > 0 and glows:
            guess = "far brighter than any living well: contaminated?"
        others = (
            "its replicates and neighbouring doses" if well.well_type in SERIES_TYPES else "other wells of its type"
        )
        said.append(
            f"{limits.written(well.percent)} % viable, {others} {near} %: {guess} ({abs(well.z):.0f} times the noise)"
        )
    if well.alive:
        said.append(
            f"network output {well.raw:.2f}, above 0.8: more alive than the controls "
            f"({limits.written(well.percent)} % viable), usually healthy"
        )
    elif outside:
        said.append(
            f"network output {well.raw:.2f} outside 0.2 to 0.8: an image unlike any control; dust, or too few cells?"
        )
    return f"{where}, {what}: {'; '.join(said)}" if said else ""


def well_verdicts(plate: str, modality: str, ranked: pd.DataFrame) -> list[Verdict]:
    """Verdicts on single wells of a plate. ranked: its wells from `rank_wells`."""
    found = [_missing(plate, modality, ranked), _suspect(plate, modality, ranked)]
    if modality.startswith("image"):
        found.append(_outputs(plate, modality, ranked))
    return found


def _names(wells: pd.DataFrame) -> str:
    return limits.listed([limits.well(row, column) for row, column in zip(wells["row"], wells["column"], strict=True)])


def _share(
    plate: str, modality: str, measure: str, wells: pd.DataFrame, n: int, bounds, good: str, why: str
) -> Verdict:
    value = len(wells)
    verdict = limits.grade(value / max(1, n), bounds)
    reason = good if verdict == "good" else f"{limits.wells(value)} of {n:,}: {why} ({_names(wells)})."
    return Verdict(plate, modality, measure, float(value), verdict, reason)


def _missing(plate: str, modality: str, ranked: pd.DataFrame) -> Verdict:
    gone = ranked[ranked["raw"].isna()].sort_values(["row", "column"])
    good = f"All {len(ranked):,} wells with cells have a readout."
    return _share(plate, modality, "missing_wells", gone, len(ranked), limits.MISSING_SHARE, good, "no readout")


def _suspect(plate: str, modality: str, ranked: pd.DataFrame) -> Verdict:
    compared = ranked["z"].notna()
    if not compared.any():
        return limits.unknown(plate, modality, "suspect_wells", "No viabilities in percent: no well can be compared.")
    off = ranked[_beyond(ranked["z"], ranked["deviation"])]  # those out of range have a verdict of their own
    good = f"None of {int(compared.sum()):,} wells differs from all its replicates and neighbouring doses."
    why = "unlike all replicates and neighbouring doses; contaminated, empty or mixed up?"
    return _share(plate, modality, "suspect_wells", off, int(compared.sum()), limits.SUSPECT_SHARE, good, why)


def _outputs(plate: str, modality: str, ranked: pd.DataFrame) -> Verdict:
    measured = ranked[ranked["raw"].notna()]
    if measured.empty:
        return limits.unknown(plate, modality, "out_of_range", "The network has looked at no well of this plate.")
    outside = measured[out_of_range(measured["raw"], modality)]
    alive = measured[measured["alive"]]
    odd = outside[~outside["alive"]]
    good = f"All {len(measured):,} outputs lie between 0.2 and 0.8, give or take {limits.RAW_MARGIN}."
    more = ""
    if len(alive):
        most = f"up to {limits.written(float(alive['percent'].max()))} % viable"
        more = (
            f"{limits.wells(len(alive))} of {len(measured):,} more alive than the controls ({most}): usually healthy."
        )
        good = f"{more} No other output lies out of range."
    why = "the network saw what no control looks like; contamination, dust, no spheroid or bad light?"
    found = _share(plate, modality, "out_of_range", odd, len(measured), limits.RAW_SHARE, good, why)
    if more and found.verdict != "good":
        found = replace(found, reason=f"{found.reason} Besides, {more}")
    if outside.empty or not _controls_out(measured, modality)[plate]:
        return found
    controls = int(outside["well_type"].isin(("negative", "positive")).sum())
    reason = (
        f"{limits.wells(len(outside))} of {len(measured):,}, {controls} of them controls, lie beyond what the network "
        "was taught: its scale is off, and no single well is to blame. Train it again, from ImageNet weights if it "
        "had none."
    )
    return Verdict(plate, modality, "out_of_range", found.value, "doubtful", reason)
