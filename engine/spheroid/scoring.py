"""Percent viabilities of a screen -> curves and scores per drug, pooled and per replicate."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.spheroid.curve import evaluate, fit_arranged
from engine.spheroid.curve_bootstrap import dss_intervals
from engine.spheroid.curve_values import Arranged, arrange, joined
from engine.spheroid.dss import SelectiveScores, YadavScores, concentrations, dss_1_2_3_of, dss_asym, selective
from engine.spheroid.settings import HIT_DSS, ScoreSettings
from engine.spheroid.significance import p_values
from engine.spheroid.types import Curves

POOLED = "pooled"
NEEDED = ("well_type", "treatment", "conc_nm", "replicate", "addon", "percent")
KEY = ["drug", "addon", "replicate"]


class ToScore(NamedTuple):
    """What `score_tables` takes for each screen and modality; see `score_table`."""

    wells: pd.DataFrame
    references: pd.DataFrame | None = None
    drawn: Collection[tuple[str, str, str]] | None = None


class Scored(NamedTuple):
    """curve, score: rows for the tables of these names, but for screen, modality and job_id; one row per KEY."""

    curve: pd.DataFrame
    score: pd.DataFrame


def score_table(
    wells: pd.DataFrame,
    settings: ScoreSettings,
    references: pd.DataFrame | None = None,
    progress: Callable[[float], None] | None = None,
    drawn: Collection[tuple[str, str, str]] | None = None,
) -> Scored:
    """Curves and scores of every drug (with every addition), all replicates together and each alone.

    wells: NEEDED columns; rows of well_type 'therapy' count, percent is the viability by the plate's controls.
    references: drug and dss_asym of reference samples, for sDSS, zDSS and rDSS. progress: is told the part done.
    drawn: drug, addition and replicate of the curves that get an interval; None for all. What is fitted besides a curve
    changes none of its numbers.
    A drug that cannot be fitted has its rows too, with the reason. Raises InputError naming missing columns, or where
    no well holds a drug.
    """
    return score_tables([ToScore(wells, references, drawn)], settings, progress)[0]


def score_tables(
    some: Sequence[ToScore], settings: ScoreSettings, progress: Callable[[float], None] | None = None
) -> list[Scored]:
    """As `score_table` of each, in a fraction of the time: the curves of all are fitted side by side.

    Raises InputError as `score_table` does.
    """
    arranged = [_grouped(_checked(one.wells)) for one in some]
    values = joined([own for _, own in arranged])
    keys = [list(groups[KEY].itertuples(index=False, name=None)) for groups, _ in arranged]
    wanted = [one.drawn is None or key in one.drawn for one, mine in zip(some, keys, strict=True) for key in mine]
    curves = fit_arranged(values, settings.parameters)
    intervals = dss_intervals(
        values, curves, settings.parameters, settings.bootstrap, settings.seed, settings.activity_threshold, progress,
        ["|".join(key) for mine in keys for key in mine], np.array(wanted, bool),
    )  # fmt: skip
    asym, doses, yadav = dss_asym(curves, settings.activity_threshold), concentrations(curves), _yadav(values)
    groups = pd.concat([own for own, _ in arranged], ignore_index=True)
    first = np.cumsum([0, *(len(own) for own, _ in arranged)])
    parts = [slice(start, end) for start, end in pairwise(first)]
    beside = [_selective(groups[part], asym.dss[part], one.references) for one, part in zip(some, parts, strict=True)]
    score = groups.assign(
        dss_asym=asym.dss, dss_lower=intervals.lower, dss_upper=intervals.upper, dss_asym_adjusted=asym.adjusted,
        dss1=yadav.dss1, dss2=yadav.dss2, dss3=yadav.dss3,
        **{name: np.concatenate([getattr(own, name) for own in beside]) for name in SelectiveScores._fields},
        dcdss=np.concatenate([_gain(groups[part], asym.dss[part]) for part in parts]),
        ic25_nm=doses.ic25, ic50_nm=doses.ic50, ic75_nm=doses.ic75,
        rel_ic50_nm=doses.rel_ic50, imin=asym.imin, imax=asym.imax, **_fitted(values, curves),
        n_wells=values.n, hit=asym.dss >= HIT_DSS,
    )  # fmt: skip
    rows = _curve_rows(groups, curves, p_values(values))
    return [Scored(*(frame.iloc[part].reset_index(drop=True) for frame in (rows, score))) for part in parts]


def _checked(wells: pd.DataFrame) -> pd.DataFrame:
    """The wells that hold a drug."""
    if missing := [name for name in NEEDED if name not in wells]:
        raise InputError(f"The table of wells lacks {', '.join(missing)}: scoring needs {', '.join(NEEDED)}.")
    own = wells[(wells["well_type"] == "therapy") & wells["treatment"].notna() & (wells["treatment"] != "")]
    if own.empty:
        raise InputError("No well holds a drug (well_type 'therapy' with a treatment): there is nothing to score.")
    return own


def _grouped(own: pd.DataFrame) -> tuple[pd.DataFrame, Arranged]:
    """One row per drug, addition and replicate, `pooled` first, and the values of each."""
    own = own.assign(
        drug=own["treatment"], addon=own["addon"].fillna(""), replicate=own["replicate"].astype(str),
        place=own["replicate"],
    )  # fmt: skip
    own = pd.concat([own.assign(replicate=POOLED, place=0), own])
    keys = ["drug", "addon", "place", "replicate"]
    curve_of = own.groupby(keys, sort=True).ngroup()
    groups = own[keys].drop_duplicates().sort_values(keys, ignore_index=True)[KEY]
    dose = own["conc_nm"].to_numpy(float, na_value=np.nan)
    with np.errstate(all="ignore"):
        x = np.where(dose > 0, np.log10(dose), np.nan)  # a dose of 0 has no place on a logarithmic axis
    inhibition = 1 - own["percent"].to_numpy(float, na_value=np.nan) / 100
    return groups, arrange(x, inhibition, curve_of.to_numpy(), len(groups))


def _yadav(values: Arranged) -> YadavScores:
    """DSS1 to DSS3 by curves from 0 to at most 100 %: three parameters, or two where the top would lie above."""
    three, two = fit_arranged(values, 3), fit_arranged(values, 2)
    above = three.top > 1
    arrays = {name: np.where(above, getattr(two, name), value) for name, value in vars(three).items()}
    return dss_1_2_3_of(Curves(**{**arrays, "reason": three.reason}))


def _selective(groups: pd.DataFrame, dss: np.ndarray, references: pd.DataFrame | None):
    """Beside the reference samples' scores of the same drug."""
    known: dict[str, np.ndarray] = {}
    if references is not None and len(references):
        known = {drug: rows["dss_asym"].to_numpy(float) for drug, rows in references.groupby("drug")}
    width = max((len(scores) for scores in known.values()), default=0)
    beside = np.full((len(groups), width), np.nan)
    for row, drug in enumerate(groups["drug"]):
        own = known.get(drug, np.empty(0))
        beside[row, : len(own)] = own
    return selective(dss, beside)


def _gain(groups: pd.DataFrame, dss: np.ndarray) -> np.ndarray:
    """(k,) DSS of a combination minus that of the drug alone; NaN for the drug alone, or where it was not measured."""
    alone = {
        (drug, replicate): score
        for drug, addon, replicate, score in zip(*(groups[name] for name in KEY), dss, strict=True)
        if addon == ""
    }
    rows = zip(*(groups[name] for name in KEY), dss, strict=True)
    return np.array(
        [score - alone.get((drug, replicate), np.nan) if addon else np.nan for drug, addon, replicate, score in rows]
    )


def _fitted(values: Arranged, curves: Curves) -> dict[str, list[list[float] | None]]:
    """The doses of each drug in nM and the fitted inhibition there in percent; None where there is no fit."""
    inhibition: list[list[float] | None] = []
    doses: list[list[float] | None] = []
    for row, (start, end) in enumerate(zip(values.first[:-1], values.first[1:], strict=True)):
        x = np.unique(values.x[start:end])
        doses.append((10**x).tolist())
        inhibition.append(None)
        if not values.reasons[row]:
            one = Curves(**{n: v[row : row + 1] for n, v in vars(curves).items() if n != "reason"})
            inhibition[row] = (100 * evaluate(one, x)[0]).tolist()
    return {"inhibition": inhibition, "doses_nm": doses}


def _curve_rows(groups: pd.DataFrame, curves: Curves, p: np.ndarray) -> pd.DataFrame:
    fits = np.isfinite(curves.loss)
    numbers = {name: value for name, value in vars(curves).items() if name not in ("reason", "n_parameters")}
    return groups.assign(
        n_parameters=pd.Series(curves.n_parameters).where(fits).astype("Int32"),
        **numbers,
        p_value=p,
        reason=pd.array([reason or None for reason in curves.reason], dtype="string"),
    )
