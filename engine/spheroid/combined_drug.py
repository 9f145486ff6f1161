"""One drug with and without an addition: how much more both do together than four models of no interaction expect.

Curves are the published five parameters, pooled over replicates. The measured excess over Bliss is (1 - a) times the
difference of both effects at a dose, a: effect of the addition alone; its interval comes from how far replicates of one
dose scatter (Student's t), without what the controls are uncertain by.

d = doses measured with and without the addition.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from engine.spheroid.curve import fit_curves
from engine.spheroid.dss import dss_asym
from engine.spheroid.synergy import Excess, excess
from engine.spheroid.types import Curves

MODELS = ("bliss", "hsa", "zip", "loewe")
LEVEL = 0.95


class Series(NamedTuple):
    """A drug with one addition, or none. doses: mean, count, var of the effect by nM. curve: one."""

    doses: pd.DataFrame
    curve: Curves


def fitted_series(drugs: pd.DataFrame) -> dict[tuple[str, str], Series]:
    """Every drug and addition; all curves are fitted at once."""
    groups = drugs.groupby(["treatment", "addon"])
    names = list(groups.groups)
    x = np.log10(drugs["conc_nm"].to_numpy(float))
    fits = fit_curves(x, drugs["effect"].to_numpy(float), groups.ngroup().to_numpy(), len(names))
    found = {}
    for k, (name, wells) in enumerate(groups):
        one = {key: value[k : k + 1] for key, value in vars(fits).items()}
        found[str(name[0]), str(name[1])] = Series(
            wells.groupby("conc_nm")["effect"].agg(["mean", "count", "var"]), Curves(**one)
        )
    return found


class Judged(NamedTuple):
    """One drug with an addition. row: what COLUMNS say of the drug. doses: DOSES from conc_nm on."""

    row: dict[str, float | int]
    doses: pd.DataFrame


def judged_drug(single: Series, both: Series, alone: float, curve: Curves | None, dose: float) -> Judged | str:
    """One drug, or why it cannot be judged."""
    doses = single.doses.index.intersection(both.doses.index)
    curves = (single.curve, both.curve)
    if len(doses) < 2:
        return f"{len(doses) or 'no'} common dose{'' if len(doses) == 1 else 's'} where it takes two"
    if reason := next((fit.reason[0] for fit in curves if fit.reason[0]), ""):
        return f"no curve: {reason}"
    of_one, of_both = (part.doses.loc[doses] for part in (single, both))
    found: Excess = excess(
        doses.to_numpy(float)[None], of_one["mean"].to_numpy()[None], of_both["mean"].to_numpy()[None], *curves, alone,
        curve, dose,
    )  # fmt: skip
    score = [float(dss_asym(fit).dss[0]) for fit in curves]
    highest = int(np.argmax(found.bliss[0]))
    margin = _margin(of_one, of_both) * abs(1 - alone) * 100
    mean = {name: float(np.mean(getattr(found, name))) for name in MODELS}
    row = {
        "n_doses": len(doses), "dss_alone": score[0], "dss_with": score[1], "dcdss": score[1] - score[0], **mean,
        "bliss_lower": mean["bliss"] - margin, "bliss_upper": mean["bliss"] + margin,
        "highest_bliss": float(found.bliss[0, highest]), "highest_at_nm": float(doses[highest]),
    }  # fmt: skip
    of_dose = {
        "conc_nm": doses.to_numpy(float), "alone": 100 * of_one["mean"].to_numpy(), "both": found.combined[0],
        "bliss": found.combined[0] - found.bliss[0], "hsa": found.combined[0] - found.hsa[0],
    }  # fmt: skip
    return Judged(row, pd.DataFrame(of_dose))


def _margin(of_one: pd.DataFrame, of_both: pd.DataFrame) -> float:
    """Half the 95 % interval of the mean difference over doses; NaN where no dose has replicates."""
    arms = (of_one, of_both)
    degrees = sum(int((arm["count"] - 1).sum()) for arm in arms)
    if degrees < 1:
        return math.nan
    variance = sum(float(np.nansum(arm["var"] * (arm["count"] - 1))) for arm in arms) / degrees
    share = sum(float((1 / arm["count"]).sum()) for arm in arms) / len(of_one) ** 2
    return float(stats.t.ppf((1 + LEVEL) / 2, degrees) * math.sqrt(variance * share))
