"""The combinations of a screen: what an addition changes of every drug, over four models of no interaction.

Curves are the published five parameters, pooled over replicates. The measured excess over Bliss is (1 - a) times the
difference of both effects at a dose, a: effect of the addition alone; its interval comes from how far replicates of one
dose scatter (Student's t), without what the controls are uncertain by.

d = doses measured with and without the addition.
"""

import math
from typing import Any, NamedTuple

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
    measured = _measured(drugs)
    rows: list[dict[str, Any]] = []
    for addon in additions:
        alone, added = effect_alone(wells, modality, addon), drugs[drugs["addon"] == addon]
        dose = float(added["addon_nm"].median())
        own = measured.get((addon, ""))
        curve = own.curve if own is not None and not own.curve.reason[0] else None
        for drug in sorted(set(added["treatment"])):
            if (drug, "") not in measured:
                continue
            row = _combined(measured[drug, ""], measured[drug, addon], alone, curve, dose)
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


class _Series(NamedTuple):
    """A drug with one addition, or none. doses: mean, count, var of the effect by nM. curve: one."""

    doses: pd.DataFrame
    curve: Curves


def _measured(drugs: pd.DataFrame) -> dict[tuple[str, str], _Series]:
    """Every drug and addition; all curves are fitted at once."""
    groups = drugs.groupby(["treatment", "addon"])
    names = list(groups.groups)
    x = np.log10(drugs["conc_nm"].to_numpy(float))
    fits = fit_curves(x, drugs["effect"].to_numpy(float), groups.ngroup().to_numpy(), len(names))
    found = {}
    for k, (name, wells) in enumerate(groups):
        one = {key: value[k : k + 1] for key, value in vars(fits).items()}
        found[str(name[0]), str(name[1])] = _Series(
            wells.groupby("conc_nm")["effect"].agg(["mean", "count", "var"]), Curves(**one)
        )
    return found


def _combined(
    single: _Series, both: _Series, alone: float, curve: Curves | None, dose: float
) -> dict[str, float | int] | None:
    """One drug; None where fewer than two doses were measured with and without the addition."""
    doses = single.doses.index.intersection(both.doses.index)
    curves = (single.curve, both.curve)
    if len(doses) < 2 or any(fit.reason[0] for fit in curves):
        return None
    of_one, of_both = (part.doses.loc[doses] for part in (single, both))
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
