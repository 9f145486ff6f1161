"""What the control wells say of a plate: Z', SSMD, variation, and whether negative and positive were swapped.

n, p = wells of the negative and of the positive control. All on raw readouts.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.spheroid import quality_limits as limits
from engine.spheroid.types import Verdict


class Controls(NamedTuple):
    """Raw readouts of both controls. addon: the drug that the negative ones carry besides, '' for none.

    negative: (n,), positive: (p,), without missing ones.
    """

    addon: str
    negative: np.ndarray
    positive: np.ndarray


def z_prime(negative: np.ndarray, positive: np.ndarray) -> float:
    """Z' = 1 - 3 (sd_pos + sd_neg) / |mean_pos - mean_neg|, at most 1; standard deviations with n - 1.

    Where the negative controls lie below the positive ones (swapped) it is -1 - 3 (...) / |...|: the same band between
    the controls, counted downwards, so that it is never above 0. NaN with fewer than 2 wells of either control or no
    difference at all. Source: Zhang et al. 1999, doi:10.1177/108705719900400206.
    """
    return _separation(negative, positive, np.mean, lambda values: np.std(values, ddof=1))


def robust_z_prime(negative: np.ndarray, positive: np.ndarray) -> float:
    """As `z_prime` with the median for the mean and the mean absolute deviation from it for the standard deviation.

    As published by Berker et al. 2022, unscaled: for normal values that deviation is 0.8 standard deviations, so this
    Z' is the more lenient of the two.
    """
    return _separation(negative, positive, np.median, lambda values: np.mean(np.abs(values - np.median(values))))


def _separation(negative: np.ndarray, positive: np.ndarray, centre, spread) -> float:
    if min(len(negative), len(positive)) < 2:
        return math.nan
    window = float(centre(negative) - centre(positive))
    band = 3 * float(spread(negative) + spread(positive))
    return (window - band) / abs(window) if window else math.nan


def ssmd(negative: np.ndarray, positive: np.ndarray) -> float:
    """(mean_pos - mean_neg) / sqrt(var_pos + var_neg): below 0 where the positive control kills.

    Variances with n - 1; NaN with fewer than 2 wells of either or no variance. Source: Zhang 2007,
    doi:10.1016/j.ygeno.2007.01.014.
    """
    if min(len(negative), len(positive)) < 2:
        return math.nan
    variance = np.var(positive, ddof=1) + np.var(negative, ddof=1)
    return float((np.mean(positive) - np.mean(negative)) / np.sqrt(variance)) if variance else math.nan


def variation_percent(values: np.ndarray) -> float:
    """CV = 100 sd / mean, sd with n - 1; NaN with fewer than 2 wells or where the mean is not above 0."""
    if len(values) < 2 or np.mean(values) <= 0:
        return math.nan
    return float(100 * np.std(values, ddof=1) / np.mean(values))


def positive_type(frame: pd.DataFrame, modality: str) -> str:
    """The well type of 0 % viability: metabolic readouts have their own where a screen holds one."""
    own = frame["well_type"].eq("metabolic_positive") & frame["raw"].notna()
    return "metabolic_positive" if modality == "metabolic" and own.any() else "positive"


def control_groups(frame: pd.DataFrame, killed: str) -> list[Controls]:
    """The controls of some wells, one group per added drug; positive ones without an addition serve all groups."""
    measured = frame[frame["raw"].notna()]
    negative, positive = (measured[measured["well_type"] == kind] for kind in ("negative", killed))
    groups = []
    for addon in sorted(set(frame.loc[frame["well_type"] == "negative", "addon"])) or [""]:
        own = positive[positive["addon"] == addon]
        shared = own if len(own) else positive[positive["addon"] == ""]
        alive = negative.loc[negative["addon"] == addon, "raw"]
        groups.append(Controls(addon, alive.to_numpy(float), shared["raw"].to_numpy(float)))
    return groups


def control_verdicts(plate: str, modality: str, controls: Controls, death_readout: bool = False) -> list[Verdict]:
    """Verdicts on one group of controls. death_readout: the signal rises as cells die."""
    name = f"{limits.ADDON}{controls.addon}" if controls.addon else ""
    sign = -1.0 if death_readout else 1.0
    alive, dead = controls.negative, controls.positive
    counted = f"({len(alive)} negative, {len(dead)} positive wells)"
    measures = ("controls_order", "z_prime", "robust_z_prime", "ssmd")
    if min(len(alive), len(dead)) < limits.MIN_CONTROLS:
        few = f"Too few control wells with a readout {counted}: each needs {limits.MIN_CONTROLS} to show its spread."
        found = [limits.unknown(plate, modality, measure + name, few) for measure in measures]
        if lacking := [kind for kind, wells in (("negative", alive), ("positive", dead)) if not len(wells)]:
            none = (
                f"No {' and no '.join(lacking)} control well has a readout {counted}: without, wells have no "
                "percentages and drugs no scores. Name the control wells in the layout and import again, or leave the "
                "plate out."
            )
            found[0] = Verdict(plate, modality, measures[0] + name, math.nan, "bad", none)
    else:
        found = [_order(plate, modality, name, alive, dead, sign, counted)]
        apart = {
            "good": f"Living and killed controls are well apart {counted}: partial drug effects can be told between.",
            "doubtful": f"Living and killed controls are apart, but scatter widely {counted}: only strong drug effects "
            "can be told.",
            "bad": _why_bad(sign * alive, sign * dead, counted),
            "unknown": f"All wells of a control read exactly the same {counted}: that is no measurement.",
        }
        for measure, score, bounds in (
            ("z_prime", z_prime, limits.Z_PRIME),
            ("robust_z_prime", robust_z_prime, limits.Z_PRIME),
            ("ssmd", ssmd, limits.SSMD),
        ):
            value = score(sign * alive, sign * dead)
            found.append(limits.verdict(plate, modality, measure + name, value, bounds, apart))
    return [*found, *_variations(plate, modality, name, alive, dead)]


def _why_bad(alive: np.ndarray, dead: np.ndarray, counted: str) -> str:
    """Why controls do not separate, by their medians. alive, dead: in a signal that falls as cells die."""
    if np.median(alive) <= np.median(dead):
        return (
            f"Living controls read no more alive than killed ones {counted}: are they swapped, or the plate turned "
            "round? Viabilities here say little."
        )
    if limits.grade(robust_z_prime(alive, dead), limits.Z_PRIME) in ("good", "doubtful"):
        return (
            f"Most living and killed controls are apart, but single ones read like the other kind {counted}: is one "
            "mislabelled? Leave it out, then look again."
        )
    return (
        f"Living controls read higher by their medians, but overlap with killed ones {counted}: viabilities here "
        "say little."
    )


def _order(
    plate: str, modality: str, name: str, alive: np.ndarray, dead: np.ndarray, sign: float, counted: str
) -> Verdict:
    window = sign * float(np.median(alive) - np.median(dead))
    medians = f"medians {limits.number(float(np.median(alive)))} and {limits.number(float(np.median(dead)))} {counted}"
    if window > 0:
        reason = f"Negative controls live and positive ones are killed: {medians}."
        return Verdict(plate, modality, "controls_order" + name, window, "good", reason)
    reason = (
        f"Negative controls do not look more alive than positive ones: {medians}. Are they swapped in the layout, was "
        "the plate turned round, or does the signal rise as cells die?"
    )
    return Verdict(plate, modality, "controls_order" + name, window, "bad", reason)


def _variations(plate: str, modality: str, name: str, alive: np.ndarray, dead: np.ndarray) -> list[Verdict]:
    found = []
    for measure, words, values in (("cv_negative", "Living", alive), ("cv_positive", "Killed", dead)):
        value = variation_percent(values)
        said = f"{words} control wells vary by {value:.0f} % of their mean ({limits.wells(len(values))})"
        why = {
            "good": f"{said}.",
            "doubtful": f"{said}: more than 20 %. Look for single wells that are off.",
            "bad": f"{said}: seeding, dispensing or reading was uneven, or a well is no control.",
            "unknown": f"{words} control wells are too few ({len(values)}) or read zero: no variation.",
        }
        judged = limits.verdict(plate, modality, measure + name, value, limits.CV_PERCENT, why)
        quiet = len(alive) > 1 and len(dead) > 1 and np.std(dead, ddof=1) <= np.std(alive, ddof=1)
        if measure == "cv_positive" and judged.verdict in ("doubtful", "bad") and quiet:
            # Little signal is left in killed wells: a share of next to nothing says little (Assay Guidance Manual).
            reason = f"{said}, but by less than living ones in the readout's own unit."
            judged = Verdict(plate, modality, measure + name, value, "good", reason)
        found.append(judged)
    return found
