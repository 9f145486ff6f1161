"""The combinations of a screen: what an addition changes of every drug, over four models of no interaction.

Curves are the published five parameters, pooled over replicates. The measured excess over Bliss is (1 - a) times the
difference of both effects at a dose, a: effect of the addition alone; its interval comes from how far replicates of one
dose scatter (Student's t), without what the controls are uncertain by.

d = doses measured with and without the addition.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from engine.errors import InputError
from engine.spheroid.control_quality import control_groups, positive_type
from engine.spheroid.curve import fit_curves
from engine.spheroid.dss import dss_asym
from engine.spheroid.synergy import Excess, addition_alone, excess
from engine.spheroid.types import Curves

MODELS = ("bliss", "hsa", "zip", "loewe")
COLUMNS = (
    "drug", "addon", "addon_nm", "addition_percent", "n_doses", "dss_alone", "dss_with", "dcdss", "bliss",
    "bliss_lower", "bliss_upper", "hsa", "zip", "loewe", "highest_bliss", "highest_at_nm",
)  # fmt: skip
LEVEL = 0.95


def combination_rows(wells: pd.DataFrame, modality: str) -> pd.DataFrame:
    """COLUMNS of every drug that was measured with and without an addition at two doses or more.

    First those that surely lie above both Bliss and HSA: a drug that alone reads above the controls is far above Bliss
    by doing nothing.

    wells: WELL_COLUMNS, raw and percent of one modality. addition_percent: inhibition by the addition alone. Excesses
    are means over the doses, percent points; NaN where not defined (Loewe needs the addition's dose and its own curve).
    Raises InputError where nothing was combined, or where no plate has negative controls with and without an addition.
    """
    drugs = wells[(wells["well_type"] == "therapy") & (wells["treatment"] != "") & (wells["conc_nm"] > 0)]
    drugs = drugs[drugs["percent"].notna()].assign(effect=1 - drugs["percent"] / 100)
    additions = sorted(set(drugs["addon"]) - {""})
    if not additions:
        raise InputError(
            "No drug of this screen was measured with an addition: a combination screen has wells with an AddOn in its "
            "layout."
        )
    rows: list[dict[str, Any]] = []
    for addon in additions:
        alone, added = effect_alone(wells, modality, addon), drugs[drugs["addon"] == addon]
        own = drugs[(drugs["addon"] == "") & (drugs["treatment"] == addon)]
        dose = float(added["addon_nm"].median())
        curve = _fitted(own) if own["conc_nm"].nunique() > 1 else None
        for drug, both in added.groupby("treatment"):
            single = drugs[(drugs["addon"] == "") & (drugs["treatment"] == drug)]
            row = _combined(single, both, alone, curve, dose)
            if row:
                rows.append(
                    {"drug": str(drug), "addon": addon, "addon_nm": dose, "addition_percent": 100 * alone, **row}
                )
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    least = found[["bliss_lower", "hsa"]].min(axis=1, skipna=False)
    order = found.assign(least=least).sort_values(["least", "bliss"], ascending=False, na_position="last").index
    return found.loc[order].reset_index(drop=True)


def effect_alone(wells: pd.DataFrame, modality: str, addon: str) -> float:
    """Inhibition by an addition alone, as a fraction: the mean over plates that hold both negative controls.

    Raises InputError where no plate does.
    """
    killed, found = positive_type(wells, modality), []
    for _, plate in wells.groupby("plate", sort=False):
        groups = {group.addon: group for group in control_groups(plate, killed)}
        if not {"", addon} <= set(groups):
            continue
        parts = (groups[""].negative, groups[addon].negative, groups[""].positive)
        if all(len(values) for values in parts):
            found.append(addition_alone(*(float(np.median(values)) for values in parts)))
    if not np.isfinite(found).any():
        raise InputError(
            f"No plate has positive controls and negative ones both with and without {addon}: what {addon} does alone "
            "is not known, so nothing can be expected of combinations with it. Name such wells neg in the layout, with "
            f"{addon} as their AddOn, and import the screen again."
        )
    return float(np.nanmean(found))


def _fitted(wells: pd.DataFrame) -> Curves:
    x = np.log10(wells["conc_nm"].to_numpy(float))
    return fit_curves(x, wells["effect"].to_numpy(float), np.zeros(len(x), int), 1)


def _combined(
    single: pd.DataFrame, both: pd.DataFrame, alone: float, curve: Curves | None, dose: float
) -> dict[str, float | int] | None:
    """One drug; None where fewer than two doses were measured with and without the addition."""
    means = [part.groupby("conc_nm")["effect"].agg(["mean", "count", "var"]) for part in (single, both)]
    doses = means[0].index.intersection(means[1].index)
    if len(doses) < 2:
        return None
    of_one, of_both = (part.loc[doses] for part in means)
    curves = [_fitted(part) for part in (single, both)]
    if any(fit.reason[0] for fit in curves):
        return None
    found: Excess = excess(
        doses.to_numpy(float)[None], of_one["mean"].to_numpy()[None], of_both["mean"].to_numpy()[None], *curves, alone,
        curve, dose,
    )  # fmt: skip
    score = [float(dss_asym(fit).dss[0]) for fit in curves]
    highest = int(np.argmax(found.bliss[0]))
    margin = _margin(of_one, of_both) * abs(1 - alone) * 100
    mean = {name: float(np.mean(getattr(found, name))) for name in MODELS}
    return {
        "n_doses": len(doses), "dss_alone": score[0], "dss_with": score[1], "dcdss": score[1] - score[0], **mean,
        "bliss_lower": mean["bliss"] - margin, "bliss_upper": mean["bliss"] + margin,
        "highest_bliss": float(found.bliss[0, highest]), "highest_at_nm": float(doses[highest]),
    }  # fmt: skip


def _margin(of_one: pd.DataFrame, of_both: pd.DataFrame) -> float:
    """Half the 95 % interval of the mean difference over doses; NaN where no dose has replicates."""
    arms = (of_one, of_both)
    degrees = sum(int((arm["count"] - 1).sum()) for arm in arms)
    if degrees < 1:
        return math.nan
    variance = sum(float(np.nansum(arm["var"] * (arm["count"] - 1))) for arm in arms) / degrees
    share = sum(float((1 / arm["count"]).sum()) for arm in arms) / len(of_one) ** 2
    return float(stats.t.ppf((1 + LEVEL) / 2, degrees) * math.sqrt(variance * share))
