"""The combinations of a screen: what an addition changes of every drug, over four models of no interaction."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.spheroid.combined_drug import LEVEL, Series, fitted_series, judged_drug
from engine.spheroid.control_quality import control_groups, positive_type
from engine.spheroid.exclusions import applied
from engine.spheroid.synergy import addition_alone
from engine.store.reads import Reads

COLUMNS = (
    "drug", "addon", "addon_nm", "addition_percent", "n_doses", "dss_alone", "dss_with", "dcdss", "bliss",
    "bliss_lower", "bliss_upper", "hsa", "zip", "loewe", "highest_bliss", "highest_at_nm",
)  # fmt: skip
ADDITIONS = ("addon", "addon_nm", "percent", "lowest", "highest", "plates")
DOSES = ("drug", "addon", "conc_nm", "alone", "both", "bliss", "hsa")
UNMATCHED = ("drug", "addon", "why")
NOTHING = (
    "No drug of this screen was measured with an addition: a combination screen has wells with an AddOn in its layout."
)


class Combinations(NamedTuple):
    """What the combinations of a screen say by one readout.

    rows: COLUMNS of every drug that was measured with and without an addition at two doses or more. First those that
    surely lie above both Bliss and HSA: a drug that alone reads above the controls is far above Bliss by doing nothing.
    addition_percent: inhibition by the addition alone. Excesses are means over the doses, percent points; NaN where not
    defined (Loewe needs the addition's dose and its own curve).
    doses: DOSES, one row a drug, addition and dose; inhibition as percent of what vehicle wells do: the drug alone,
    both together, and what Bliss and HSA expect of both.
    additions: ADDITIONS, one row an addition that is judged; percent: inhibition by it alone, mean of so many plates,
    lowest and highest of them. unmatched: UNMATCHED, drugs that cannot be held against themselves.
    notes: why an addition is not judged, and what else to know of one.
    """

    rows: pd.DataFrame
    doses: pd.DataFrame
    additions: pd.DataFrame
    unmatched: pd.DataFrame
    notes: tuple[str, ...]


def reviewed_combinations(db: Reads, screen: str, modality: str) -> Combinations:
    """`combinations` of the wells that the record of decisions leaves.

    Raises InputError naming the screens there are, and as `combinations`.
    """
    return combinations(applied(db, screen, modality), modality)


def combinations(wells: pd.DataFrame, modality: str) -> Combinations:
    """Everything that the combinations say.

    Left out, with a note: an addition without its own controls, its wells on plates that have none while others have,
    and readouts that came as percentages, of which nobody knows what those with an addition are relative to.
    wells: WELL_COLUMNS, raw and percent of one modality. Raises InputError where nothing was combined.
    """
    notes: list[str] = []
    drugs = _on_their_scale(_effects(wells), wells, notes)
    measured = fitted_series(drugs)
    rows: list[dict[str, Any]] = []
    doses: list[pd.DataFrame] = []
    told: list[dict[str, Any]] = []
    left: list[tuple[str, str, str]] = []
    for addon in _additions(_therapy(wells)):
        if addon not in set(drugs["addon"]):
            notes.append(f"No well with {addon} counts: nothing is said of combinations with it.")
            continue
        added = drugs.loc[drugs["addon"] == addon, "addon_nm"].astype(float)
        dose = float(added.median())
        try:
            alone = _by_plate(wells, modality, addon)
        except InputError as error:
            notes.append(str(error))
            continue
        percent = 100 * np.array(alone)
        about = (addon, dose, percent.mean(), percent.min(), percent.max(), len(alone))
        told.append(dict(zip(ADDITIONS, about, strict=True)))
        if added.nunique() > 1:
            notes.append(
                f"{addon} was added at {added.nunique()} doses, {added.min():g} to {added.max():g} nM: they are judged "
                f"together, as {dose:g} nM."
            )
        own = measured.get((addon, ""))
        curve = own.curve if own is not None and not own.curve.reason[0] else None
        pairs, apart = _arms(wells, measured, addon)
        left += apart
        for drug in pairs:
            found = judged_drug(measured[drug, ""], measured[drug, addon], float(np.mean(alone)), curve, dose)
            if isinstance(found, str):
                left.append((drug, addon, found))
                continue
            head = {"drug": drug, "addon": addon}
            rows.append({**head, "addon_nm": dose, "addition_percent": 100 * float(np.mean(alone)), **found.row})
            doses.append(found.doses.assign(**head))
    return Combinations(
        _ordered(pd.DataFrame(rows, columns=list(COLUMNS))),
        pd.concat(doses, ignore_index=True)[list(DOSES)] if doses else pd.DataFrame(columns=list(DOSES)),
        pd.DataFrame(told, columns=list(ADDITIONS)),
        pd.DataFrame(left, columns=list(UNMATCHED)),
        tuple(notes),
    )


def verdicts(rows: pd.DataFrame) -> pd.Series:
    """above, below or unsure for every row of COLUMNS.

    above: the whole interval lies above Bliss, and the mean above HSA; below: the same downwards. Everything else is
    unsure, also where there is no interval or where the two models disagree.
    """
    found = pd.Series("unsure", index=rows.index, dtype=object)
    found[(rows["bliss_lower"] > 0) & (rows["hsa"] > 0)] = "above"
    found[(rows["bliss_upper"] < 0) & (rows["hsa"] < 0)] = "below"
    return found


def above_by_chance(rows: pd.DataFrame) -> float:
    """How many of so many intervals lie above Bliss where nothing interacts."""
    return (1 - LEVEL) / 2 * int(rows["bliss_lower"].notna().sum())


def _ordered(found: pd.DataFrame) -> pd.DataFrame:
    least = found[["bliss_lower", "hsa"]].min(axis=1, skipna=False)
    order = found.assign(least=least).sort_values(["least", "bliss"], ascending=False, na_position="last").index
    return found.loc[order].reset_index(drop=True)


def _effects(wells: pd.DataFrame) -> pd.DataFrame:
    """Drug wells that count, with their effect: inhibition as a fraction. Raises InputError where none is combined."""
    drugs = _therapy(wells)
    counting = drugs[drugs["percent"].notna()]
    if not (drugs["addon"] != "").any():
        raise InputError(NOTHING)
    if not (counting["addon"] != "").any():
        raise InputError(
            "No well with an addition has a value by this readout that counts: it was not read, its plate has no "
            "controls, or the record leaves it out."
        )
    return counting.assign(effect=1 - counting["percent"] / 100)


def _on_their_scale(drugs: pd.DataFrame, wells: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Without wells with an addition on plates that have no control with it, while others have: their percentages
    hold the effect of the addition already (see `normalise`), and it would be counted twice."""
    held = wells[(wells["well_type"] == "negative") & wells["raw"].notna()]
    out = pd.Series(False, index=drugs.index)
    for addon in _additions(drugs):
        own = set(held.loc[held["addon"] == addon, "plate"])
        mine = (drugs["addon"] == addon) & ~drugs["plate"].isin(own)
        if own and mine.any():
            plates, n = ", ".join(sorted(set(drugs.loc[mine, "plate"].astype(str)))), int(mine.sum())
            notes.append(
                f"No negative control with {addon} counts on {plates}: the {n:,} wells with {addon} there are held "
                "against controls without it, and left out here."
            )
            out |= mine
    return drugs[~out]


def _therapy(wells: pd.DataFrame) -> pd.DataFrame:
    return wells[(wells["well_type"] == "therapy") & (wells["treatment"] != "") & (wells["conc_nm"] > 0)]


def _additions(drugs: pd.DataFrame) -> list[str]:
    return sorted(set(drugs["addon"].astype(str)) - {""})


def _arms(
    wells: pd.DataFrame, measured: dict[tuple[str, str], Series], addon: str
) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Drugs that count with and without an addition; the others of the layout as UNMATCHED."""
    therapy = _therapy(wells)
    laid = set(zip(therapy["treatment"].astype(str), therapy["addon"].astype(str), strict=True))
    both, left = [], []
    for drug in sorted({name for name, _ in laid}):
        missing = [one for one in ("", addon) if (drug, one) not in measured]
        if not missing:
            both.append(drug)
        elif (drug, addon) not in laid and (drug, "") in laid:
            left.append((drug, addon, f"measured only without {addon}"))
        elif (drug, addon) in laid and (drug, "") not in laid:
            left.append((drug, addon, f"measured only with {addon}"))
        elif (drug, addon) in laid:
            arm = {"": f" without {addon}", addon: f" with {addon}"}[missing[0]] if len(missing) == 1 else ""
            left.append((drug, addon, f"no well{arm} counts"))
    return both, left


def _by_plate(wells: pd.DataFrame, modality: str, addon: str) -> list[float]:
    """Inhibition by an addition alone on every plate that tells; at least one, or InputError."""
    both = wells["raw"].notna() & wells["percent"].notna()
    if (wells.loc[both, "raw"] == wells.loc[both, "percent"]).all():
        raise InputError(
            f"The {modality} readouts came as percentages, and nothing says whether those of wells with {addon} are "
            f"relative to {addon} alone: nothing can be expected of combinations with it. Import raw readouts."
        )
    killed, found = positive_type(wells, modality), []
    for _, plate in wells.groupby("plate", sort=False):
        groups = {group.addon: group for group in control_groups(plate, killed)}
        if not {"", addon} <= set(groups):
            continue
        parts = (groups[""].negative, groups[addon].negative, groups[""].positive)
        if all(len(values) for values in parts):
            found.append(addition_alone(*(float(np.median(values)) for values in parts)))
    told = [one for one in found if math.isfinite(one)]
    if not told:
        raise InputError(
            f"No plate has positive controls and negative ones both with and without {addon}: what {addon} does alone "
            "is not known, so nothing can be expected of combinations with it. Name such wells neg in the layout, with "
            f"{addon} as their AddOn, and import the screen again."
        )
    return told
