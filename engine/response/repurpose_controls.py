"""Positive controls: are approved indications of oncology drugs found again, and would they be without any model?

k = oncology molecules with an approved cancer type that takes part, t = cancer types. A control is a pair of such a
molecule and one of its approved types. Two naive answers stand beside each count: as many types of each molecule
chosen at random, and as many taken from the top of one fixed ranking of types by what was measured for all drugs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from engine.response.library_records import Screen
from engine.response.repurpose_matrix import ONCOLOGY, Matrix, Thresholds, approved_types

SELECTIVE_BELOW = -1.0  # sd of the residuals
FALSE_DISCOVERIES = 0.05
FEWEST_MEASURED = 5  # measured lines of a type under which its measured share says little
TRAINED_ON = 0.9999  # similarity to a training drug from which the molecule counts as that drug
RULE, SELECTIVE, ENRICHED = CRITERIA = ("rule", "selective", "enriched")
ALL, KNOWN, NEW = GROUPS = ("all", "trained on", "not trained on")
TABLE_COLUMNS = (
    "group", "criterion", "molecules", "controls", "recovered", "expected", "p_chance", "naive", "measured_controls",
    "measured_recovered", "model_recovered",
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
    rank: group -> how often an approved type is predicted as more selective than one that is not approved, between
    types of one molecule (0.5: chance), with naive_rank for the fixed ranking of types; NaN where there is none.
    pairs: every control: molecule_id, name, cancer_type, group, n_lines, share, sensitive, selectivity, q, rank (of
    the type among the molecule's by selectivity, 1 is the most selective), measured_lines, measured_share.
    sentences: what a reader should know, with every n.
    """

    table: pd.DataFrame
    rank: dict[str, float]
    naive_rank: dict[str, float]
    pairs: pd.DataFrame
    sentences: tuple[str, ...]


class _Cases(NamedTuple):
    """rows: (k,) of the screen's molecules; approved: (k, t); known: (k,) whether the run was trained on the drug.

    measured_lines, measured_share: (k, t) lines with a measured value, and the sensitive part of them (NaN for none).
    """

    rows: np.ndarray
    approved: np.ndarray
    known: np.ndarray
    measured_lines: np.ndarray
    measured_share: np.ndarray


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
    order = _naive_order(found.types, naive)
    rows = cases.rows
    called = {
        RULE: thresholds.sensitive_types(found.count, found.n_lines)[rows],
        SELECTIVE: found.selectivity[rows] < SELECTIVE_BELOW,
        ENRICHED: found.q[rows] < FALSE_DISCOVERIES,
    }
    members = {ALL: np.ones(len(rows), bool), KNOWN: cases.known, NEW: ~cases.known}
    table = pd.DataFrame(
        [
            _line(group, criterion, called[criterion][member], _subset(cases, member), order, thresholds)
            for group, member in members.items()
            for criterion in CRITERIA
        ],
        columns=list(TABLE_COLUMNS),
    ).astype({name: "Int64" for name in ("naive", "measured_controls", "measured_recovered", "model_recovered")})
    selectivity = found.selectivity[rows]
    fixed = None if order is None else np.broadcast_to(np.argsort(order).astype(float), selectivity.shape)
    rank = {group: _rank(selectivity[member], cases.approved[member]) for group, member in members.items()}
    naive_rank = {
        group: float("nan") if fixed is None else _rank(fixed[member], cases.approved[member])
        for group, member in members.items()
    }
    pairs = _pairs(screen, found, cases, called[RULE])
    sentences = _sentences(table, rank, naive_rank, thresholds)
    return Controls(table, rank, naive_rank, pairs, sentences)


def _cases(screen: Screen, found: Matrix, thresholds: Thresholds, measured: pd.DataFrame | None) -> _Cases:
    approved = approved_types(screen, found.types)
    oncology = (screen.molecules["drug_class"] == ONCOLOGY).to_numpy()
    rows = np.flatnonzero(oncology & approved.any(axis=1))
    similarity = screen.molecules["similarity"].to_numpy(float, na_value=np.nan)[rows]
    lines, sensitive = np.zeros((2, len(rows), len(found.types)), int)
    if measured is not None and len(measured):
        place = pd.Index(screen.molecules["molecule_id"].iloc[rows]).get_indexer(measured["molecule_id"])
        of_line = screen.lines.drop_duplicates("cosmic_id").set_index("cosmic_id")["cancer_type"]
        column = pd.Index(found.types).get_indexer(measured["cosmic_id"].map(of_line))
        used = (place >= 0) & (column >= 0)
        np.add.at(lines, (place[used], column[used]), 1)
        below = measured["ln_ic50"].to_numpy(float) < thresholds.sensitive_below
        np.add.at(sensitive, (place[used & below], column[used & below]), 1)
    share = np.divide(sensitive, lines, out=np.full(lines.shape, np.nan), where=lines > 0)
    return _Cases(rows, approved[rows], similarity >= TRAINED_ON, lines, share)


def _subset(cases: _Cases, member: np.ndarray) -> _Cases:
    return _Cases(*(part[member] for part in cases))


def _naive_order(types: tuple[str, ...], naive: pd.Series | None) -> np.ndarray | None:
    """(t,) columns from the most sensitive type to the least; types without a measurement last. None without any."""
    if naive is None or not naive.reindex(list(types)).notna().any():
        return None
    return np.argsort(naive.reindex(list(types)).fillna(np.inf).to_numpy(float), kind="stable")


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
        count = np.rint(np.nan_to_num(cases.measured_share) * cases.measured_lines).astype(int)
        truly = thresholds.sensitive_types(count, cases.measured_lines)
        ceiling = (int(judged.sum()), int((truly & judged).sum()), int((called & judged).sum()))
    expected, p = _chance(chosen, targets, n_types, recovered)
    return (group, criterion, len(called), int(targets.sum()), recovered, expected, p, naive, *ceiling)


def _chance(chosen: np.ndarray, targets: np.ndarray, n_types: int, recovered: int) -> tuple[float, float]:
    """Mean of the number of targets hit when each molecule's types are drawn anew, and how often it is `recovered`.

    The sum of independent hypergeometric numbers; its distribution is the convolution of theirs.
    """
    chances = np.ones(1)
    for drawn, wanted in zip(chosen, targets, strict=True):
        chances = np.convolve(chances, hypergeom.pmf(np.arange(wanted + 1), n_types, wanted, drawn))
    return float((chosen * targets).sum() / n_types), min(1.0, float(chances[recovered:].sum()))


def _rank(score: np.ndarray, approved: np.ndarray) -> float:
    """Share of (approved, other) pairs of types of one molecule in which the approved one scores lower; ties half."""
    if not np.isfinite(score).all():
        return float("nan")
    lower = ties = pairs = 0
    for row, is_approved in zip(score, approved, strict=True):
        own, other = row[is_approved][:, None], row[~is_approved][None, :]
        lower, ties, pairs = (
            lower + int((own < other).sum()),
            ties + int((own == other).sum()),
            pairs + own.size * other.size,
        )
    return (lower + ties / 2) / pairs if pairs else float("nan")


def _pairs(screen: Screen, found: Matrix, cases: _Cases, sensitive: np.ndarray) -> pd.DataFrame:
    case, column = np.nonzero(cases.approved)
    rows = cases.rows[case]
    rank = np.argsort(np.argsort(found.selectivity[cases.rows], axis=1), axis=1) + 1
    molecules = screen.molecules.iloc[rows]
    table = pd.DataFrame(
        {
            "molecule_id": molecules["molecule_id"].to_numpy(),
            "name": molecules["name"].to_numpy(),
            "cancer_type": np.array(found.types, dtype=object)[column],
            "group": np.where(cases.known[case], KNOWN, NEW),
            "n_lines": found.n_lines[column],
            "share": found.share[rows, column],
            "sensitive": sensitive[case, column],
            "selectivity": found.selectivity[rows, column],
            "q": found.q[rows, column],
            "rank": rank[case, column],
            "measured_lines": cases.measured_lines[case, column],
            "measured_share": cases.measured_share[case, column],
        }
    )
    return table.sort_values(["selectivity", "name", "cancer_type"], ignore_index=True)


def _sentences(
    table: pd.DataFrame, rank: dict[str, float], naive_rank: dict[str, float], thresholds: Thresholds
) -> tuple[str, ...]:
    row = table.astype(object).set_index(["group", "criterion"])  # counts stay whole numbers
    rule = row.loc[(ALL, RULE)]
    if not rule["controls"]:
        return (
            "No oncology drug of this library has an approved cancer type among the types here: nothing can be found "
            "again, and nothing says whether the hits are more than chance.",
        )
    among = f"{_count(rule['controls'], 'approved indication')} of {_count(rule['molecules'], 'oncology drug')}"
    more = "more than" if thresholds.more_than else "at least"
    told = [
        f"Known indications: of {among}, the rule finds {rule['recovered']:,} again ({_percent(rule)}); "
        f"{_naive(rule)}.",
        f"{row.loc[(ALL, SELECTIVE), 'recovered']:,} are selective (below {SELECTIVE_BELOW:g} sd); "
        f"{_naive(row.loc[(ALL, SELECTIVE)])}.",
        f"{row.loc[(ALL, ENRICHED), 'recovered']:,} are enriched (q < {FALSE_DISCOVERIES:g}); "
        f"{_naive(row.loc[(ALL, ENRICHED)])}.",
    ]
    if np.isfinite(rank[ALL]):
        fixed = naive_rank[ALL]
        beside = f"; the types' order over all measured drugs gives {fixed:.2f}" if np.isfinite(fixed) else ""
        told.append(
            f"Within a drug an approved type is predicted as more selective than another one with probability "
            f"{rank[ALL]:.2f} (chance: 0.50{beside})."
        )
    if rule["measured_controls"]:
        told.append(
            f"{_count(rule['measured_controls'], 'of them was', 'of them were')} measured: the measured values "
            f"themselves meet the rule for {rule['measured_recovered']:,}, the predictions for "
            f"{rule['model_recovered']:,}. Even a perfect model cannot find indications whose drugs do not reach "
            f"ln(IC50) below {thresholds.sensitive_below:g} in {more} {thresholds.type_share:.3g} of a type's lines."
        )
    known, new = row.loc[(KNOWN, RULE)], row.loc[(NEW, RULE)]
    if known["controls"]:
        told.append(
            f"The run was trained on {known['molecules']:,} of these drugs, so that their "
            f"{_count(known['controls'], 'indication')} ({known['recovered']:,} found) are as much memory as "
            "prediction."
        )
    if new["controls"]:
        told.append(
            f"Of the {_count(new['controls'], 'indication')} of {_count(new['molecules'], 'drug')} it was not trained "
            f"on, the rule finds {new['recovered']:,}; {_naive(new)}."
        )
    return tuple(told)


def _naive(row: pd.Series) -> str:
    """What chance and the fixed ranking find in place of row's criterion."""
    chance = f"chance would find {row['expected']:.1f} with as many types of each drug (p = {row['p_chance']:.2g})"
    if pd.isna(row["naive"]):
        return chance
    return f"{chance}, the types most sensitive to all measured drugs {row['naive']:,}"


def _percent(row: pd.Series) -> str:
    return f"{row['recovered'] / row['controls']:.0%}".replace("%", " %")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
