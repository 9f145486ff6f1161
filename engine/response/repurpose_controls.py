"""Positive controls: are approved indications of oncology drugs found again, and would they be without any model?

k = oncology molecules with an approved cancer type that takes part, t = cancer types. A control is a pair of such a
molecule and one of its approved types. Two naive answers stand beside each count: as many types of each molecule
chosen at random, and as many taken from the top of one fixed ranking of types by what was measured for all drugs.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from engine.response.library_records import Screen
from engine.response.repurpose_matrix import ONCOLOGY, Matrix, Thresholds, approved_types
from engine.response.repurpose_words import (
    ALL,
    CRITERIA,
    ENRICHED,
    FALSE_DISCOVERIES,
    KNOWN,
    NEW,
    RULE,
    SELECTIVE,
    SELECTIVE_BELOW,
    UNTOLD,
    sentences,
    why_not,
)

FEWEST_MEASURED = 5  # measured lines of a type under which its measured values say little
TRAINED_ON = 0.9999  # similarity to a training drug from which the molecule counts as that drug
TABLE_COLUMNS = (
    "group", "criterion", "molecules", "controls", "recovered", "expected", "p_chance", "naive", "measured_controls",
    "measured_recovered", "model_recovered",
)  # fmt: skip
RANK_COLUMNS = (
    "group", "comparisons", "predicted", "fixed", "measured_comparisons", "measured", "predicted_where_measured",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Controls:
    """table: TABLE_COLUMNS, a row for each of GROUPS and CRITERIA.

    criterion: rule (the type is sensitive by the published rule), selective (selectivity below SELECTIVE_BELOW) or
    enriched (q below FALSE_DISCOVERIES). recovered of so many controls; expected: if as many types of each molecule
    were chosen at random, p_chance: how often chance alone reaches the count (exact, one-sided); naive: if they were
    the types that are most sensitive to all drugs as measured, NaN where nothing was measured. measured_recovered of
    measured_controls: by the rule on measured values, what a perfect model of this threshold would find, and
    model_recovered of the same ones; missing for the other criteria.
    ranks: RANK_COLUMNS, a row for each of GROUPS: how often an approved type is more selective than another type of
    the same molecule (0.5: chance), in so many comparisons: as predicted, in the fixed ranking of types, and on types
    with FEWEST_MEASURED measured lines or more by the measured values (less what all drugs show in the type) and
    by the predictions again; NaN where there is none.
    pairs: every control: molecule_id, name, cancer_type, group, n_lines, share, sensitive, selectivity, q, rank (of
    the type among the molecule's by selectivity, 1 is the most selective), measured_lines, measured_share, why_not
    (why the rule does not find it; '' where it does).
    sentences: what a reader should know, with every n.
    """

    table: pd.DataFrame
    ranks: pd.DataFrame
    pairs: pd.DataFrame
    sentences: tuple[str, ...]


class _Cases(NamedTuple):
    """rows: (k,) of the screen's molecules; approved: (k, t); group: (k,) KNOWN or NEW, whether the run was trained on
    the drug, or UNTOLD of a run that kept no drugs to compare with.

    measured_lines, measured_share, measured_mean: (k, t) lines with a measured value, the sensitive part of them, and
    their mean ln(IC50) in uM (NaN for none).
    """

    rows: np.ndarray
    approved: np.ndarray
    group: np.ndarray
    measured_lines: np.ndarray
    measured_share: np.ndarray
    measured_mean: np.ndarray


def known_indications(
    screen: Screen,
    found: Matrix,
    thresholds: Thresholds,
    naive: pd.Series | None = None,
    measured: pd.DataFrame | None = None,
) -> Controls:
    """The positive controls of a screen. found: `matrix(screen, thresholds)`.

    naive: cancer type -> mean measured ln(IC50) of all drugs, `library_records.type_means`; lower is more sensitive.
    measured: molecule_id, cosmic_id, ln_ic50 of molecules that were measured, `library_records.measured_values`.
    """
    cases = _cases(screen, found, thresholds, measured)
    effect = np.full(len(found.types), np.nan) if naive is None else naive.reindex(list(found.types)).to_numpy(float)
    order = np.argsort(effect, kind="stable") if np.isfinite(effect).any() else None  # types never measured last
    rows = cases.rows
    called = {
        RULE: thresholds.sensitive_types(found.count, found.n_lines)[rows],
        SELECTIVE: found.selectivity[rows] < SELECTIVE_BELOW,
        ENRICHED: found.q[rows] < FALSE_DISCOVERIES,
    }
    members = {ALL: np.ones(len(rows), bool), KNOWN: cases.group == KNOWN, NEW: cases.group == NEW}
    table = pd.DataFrame(
        [
            _line(group, criterion, called[criterion][member], _subset(cases, member), order, thresholds)
            for group, member in members.items()
            for criterion in CRITERIA
        ],
        columns=list(TABLE_COLUMNS),
    ).astype({name: "Int64" for name in ("naive", "measured_controls", "measured_recovered", "model_recovered")})
    ranks = pd.DataFrame(
        [
            _ranks(group, found.selectivity[rows][member], _subset(cases, member), effect)
            for group, member in members.items()
        ],
        columns=list(RANK_COLUMNS),
    )
    pairs = _pairs(screen, found, cases, called[RULE], thresholds)
    return Controls(table, ranks, pairs, sentences(table, ranks, thresholds))


def _cases(screen: Screen, found: Matrix, thresholds: Thresholds, measured: pd.DataFrame | None) -> _Cases:
    approved = approved_types(screen, found.types)
    oncology = (screen.molecules["drug_class"] == ONCOLOGY).to_numpy()
    rows = np.flatnonzero(oncology & approved.any(axis=1))
    similarity = screen.molecules["similarity"].to_numpy(float, na_value=np.nan)[rows]
    lines, sensitive = np.zeros((2, len(rows), len(found.types)), int)
    total = np.zeros(lines.shape)
    if measured is not None and len(measured):
        place = pd.Index(screen.molecules["molecule_id"].iloc[rows]).get_indexer(measured["molecule_id"])
        of_line = screen.lines.drop_duplicates("cosmic_id").set_index("cosmic_id")["cancer_type"]
        column = pd.Index(found.types).get_indexer(measured["cosmic_id"].map(of_line))
        used = (place >= 0) & (column >= 0)
        np.add.at(lines, (place[used], column[used]), 1)
        value = measured["ln_ic50"].to_numpy(float)
        np.add.at(total, (place[used], column[used]), value[used])
        below = value < thresholds.sensitive_below
        np.add.at(sensitive, (place[used & below], column[used & below]), 1)
    share, mean = (
        np.divide(part, lines, out=np.full(lines.shape, np.nan), where=lines > 0) for part in (sensitive, total)
    )
    group = np.where(similarity >= TRAINED_ON, KNOWN, np.where(np.isnan(similarity), UNTOLD, NEW))
    return _Cases(rows, approved[rows], group, lines, share, mean)


def _subset(cases: _Cases, member: np.ndarray) -> _Cases:
    return _Cases(*(part[member] for part in cases))


def _line(
    group: str,
    criterion: str,
    called: np.ndarray,
    cases: _Cases,
    order: np.ndarray | None,
    thresholds: Thresholds,
) -> tuple[object, ...]:
    """One row of the table. called: (k, t)."""
    approved, n_types = cases.approved, called.shape[1]
    recovered = int((called & approved).sum())
    chosen, targets = called.sum(axis=1), approved.sum(axis=1)
    naive: object = pd.NA
    if order is not None:
        first = np.empty_like(called)
        first[:, order] = np.arange(n_types)[None, :] < chosen[:, None]
        naive = int((first & approved).sum())
    ceiling: tuple[object, ...] = (pd.NA, pd.NA, pd.NA)
    if criterion == RULE:
        judged = approved & (cases.measured_lines >= FEWEST_MEASURED)
        truly = _truly(cases, thresholds)
        ceiling = (int(judged.sum()), int((truly & judged).sum()), int((called & judged).sum()))
    expected, p = _chance(chosen, targets, n_types, recovered)
    return (group, criterion, len(called), int(targets.sum()), recovered, expected, p, naive, *ceiling)


def _chance(chosen: np.ndarray, targets: np.ndarray, n_types: int, recovered: int) -> tuple[float, float]:
    """Mean of the number of targets hit when each molecule's types are drawn anew, and how often it is `recovered`.

    The sum of independent hypergeometric numbers; its distribution is the convolution of theirs.
    """
    chances = np.ones(1)
    for drawn, wanted in zip(chosen, targets, strict=True):
        chances = np.convolve(chances, _drawn(n_types, int(wanted), int(drawn)))
    return float((chosen * targets).sum() / n_types), min(1.0, float(chances[recovered:].sum()))


@cache
def _drawn(n_types: int, wanted: int, drawn: int) -> np.ndarray:
    """(wanted + 1,) chances to draw so many of the wanted types; kept, as the same few numbers come again and again."""
    return hypergeom.pmf(np.arange(wanted + 1), n_types, wanted, drawn)


def _truly(cases: _Cases, thresholds: Thresholds) -> np.ndarray:
    """(k, t) whether the measured values meet the rule."""
    count = np.rint(np.nan_to_num(cases.measured_share) * cases.measured_lines).astype(int)
    return thresholds.sensitive_types(count, cases.measured_lines)


def _ranks(group: str, selectivity: np.ndarray, cases: _Cases, effect: np.ndarray) -> tuple[object, ...]:
    """One row of the ranks. selectivity: (k, t) as predicted; effect: (t,) measured over all drugs, NaN for none."""
    fixed = np.broadcast_to(effect, selectivity.shape)
    measured = np.where(cases.measured_lines >= FEWEST_MEASURED, cases.measured_mean - effect, np.nan)
    there = np.where(np.isfinite(measured), selectivity, np.nan)
    predicted, n = _rank(selectivity, cases.approved)
    own, n_measured = _rank(measured, cases.approved)
    return group, n, predicted, _rank(fixed, cases.approved)[0], n_measured, own, _rank(there, cases.approved)[0]


def _rank(score: np.ndarray, approved: np.ndarray) -> tuple[float, int]:
    """Share of (approved, other) pairs of types of one molecule in which the approved one scores lower, and how many.

    score: (k, t); cells that are NaN are not compared; ties count half.
    """
    lower, pairs = 0.0, 0
    for row, is_approved in zip(score, approved, strict=True):
        known = np.isfinite(row)
        own, other = row[is_approved & known][:, None], row[~is_approved & known][None, :]
        lower += float((own < other).sum() + (own == other).sum() / 2)
        pairs += own.size * other.size
    return (lower / pairs if pairs else float("nan")), pairs


def _pairs(screen: Screen, found: Matrix, cases: _Cases, sensitive: np.ndarray, thresholds: Thresholds) -> pd.DataFrame:
    case, column = np.nonzero(cases.approved)
    rows = cases.rows[case]
    truly, told = _truly(cases, thresholds), []
    for k, t, row in zip(case, column, rows, strict=True):
        as_measured = bool(truly[k, t]) if cases.measured_lines[k, t] >= FEWEST_MEASURED else None
        cell = int(found.count[row, t]), int(found.n_lines[t]), float(found.median[row, t])
        told.append("" if sensitive[k, t] else why_not(*cell, as_measured, thresholds))
    rank = np.argsort(np.argsort(found.selectivity[cases.rows], axis=1), axis=1) + 1
    molecules = screen.molecules.iloc[rows]
    table = pd.DataFrame(
        {
            "molecule_id": molecules["molecule_id"].to_numpy(),
            "name": molecules["name"].to_numpy(),
            "cancer_type": np.array(found.types, dtype=object)[column],
            "group": cases.group[case],
            "n_lines": found.n_lines[column],
            "share": found.share[rows, column],
            "sensitive": sensitive[case, column],
            "selectivity": found.selectivity[rows, column],
            "q": found.q[rows, column],
            "rank": rank[case, column],
            "measured_lines": cases.measured_lines[case, column],
            "measured_share": cases.measured_share[case, column],
            "why_not": np.array(told, dtype=object),
        }
    )
    return table.sort_values(["selectivity", "name", "cancer_type"], ignore_index=True)
