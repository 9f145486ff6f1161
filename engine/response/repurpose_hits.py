"""Hits with the evidence for each, in their best new type or in one cancer type, and what many of them share.

m = molecules, t = cancer types.
"""

import numpy as np
import pandas as pd

from engine.response.library_records import Screen
from engine.response.repurpose_matrix import Matrix, Thresholds, approved_types
from engine.response.repurpose_words import FALSE_DISCOVERIES, SELECTIVE_BELOW

HIT_COLUMNS = (
    "molecule_id", "name", "drug_class", "mechanism", "indications", "approved_types", "sensitive_types", "new_types",
    "n_types", "n_new", "best_type", "best_share", "best_median", "best_selectivity", "best_q", "supported", "n_sure",
    "cytotoxic", "nearest_drug", "similarity", "inside",
)  # fmt: skip
MOST = 0.5  # more than this share of the hits with one nearest drug (mechanism) is one finding, not many
FEWEST_HITS = 10  # hits under which nothing is said of what they share


def hit_table(
    screen: Screen, found: Matrix, thresholds: Thresholds, cancer_type: str | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """HIT_COLUMNS of every molecule with a new sensitive type, as `repurpose.Outcome` tells them, and (m,) which.

    cancer_type: only molecules for which this type is new and sensitive, with the evidence there; of all molecules
    the evidence is that of the type in which sensitive lines are most enriched. Raises ValueError for a type that
    takes no part.
    """
    sensitive = thresholds.sensitive_types(found.count, found.n_lines)
    approved = approved_types(screen, found.types)
    new = sensitive & ~approved
    n_types = sensitive.sum(axis=1)
    if cancer_type is None:
        hit, best = new.any(axis=1), _best(found, new)
    else:
        column = found.types.index(cancer_type)
        hit, best = new[:, column], np.full(len(new), column)
    rows = np.flatnonzero(hit)
    best = best[rows]
    names = np.array(found.types, dtype=object)
    molecules = screen.molecules.iloc[rows]
    selectivity, q = found.selectivity[rows, best], found.q[rows, best]
    hits = molecules[["molecule_id", "name", "drug_class", "mechanism", "indications"]].assign(
        approved_types=[", ".join(names[approved[row]]) for row in rows],
        sensitive_types=[", ".join(names[sensitive[row]]) for row in rows],
        new_types=[", ".join(names[new[row]]) for row in rows],
        n_types=n_types[rows],
        n_new=new[rows].sum(axis=1),
        best_type=names[best],
        best_share=found.share[rows, best],
        best_median=found.median[rows, best],
        best_selectivity=selectivity,
        best_q=q,
        supported=(selectivity < SELECTIVE_BELOW) & (q < FALSE_DISCOVERIES),
        n_sure=_sure_types(screen, found, thresholds)[rows],
        cytotoxic=thresholds.cytotoxic(n_types, len(found.types))[rows],
        nearest_drug=molecules["nearest_drug"],
        similarity=molecules["similarity"],
        inside=molecules["inside"],
    )
    order = ["cytotoxic", "supported", "best_selectivity", "name"]
    hits = hits.sort_values(order, ascending=[True, False, True, True], ignore_index=True)
    return hits[list(HIT_COLUMNS)], hit


def measured_lines(hits: pd.DataFrame, screen: Screen, measured: pd.DataFrame) -> np.ndarray:
    """How many lines of its best type each hit was measured in. measured: molecule_id, cosmic_id, a row for each."""
    of_line = screen.lines.drop_duplicates("cosmic_id").set_index("cosmic_id")["cancer_type"]
    known = pd.MultiIndex.from_arrays([measured["molecule_id"], measured["cosmic_id"].map(of_line)])
    counts = known.value_counts()
    return counts.reindex(pd.MultiIndex.from_frame(hits[["molecule_id", "best_type"]]), fill_value=0).to_numpy(int)


def shared(hits: pd.DataFrame) -> str:
    """What most of the hits have in common, in one sentence; '' where nothing is, or where hits are too few to say.

    One nearest training drug of most hits says that the model carries that drug's answer over to them.
    """
    n = len(hits)
    if n < FEWEST_HITS:
        return ""
    nearest, near = _commonest(hits["nearest_drug"].fillna(""))
    mechanism, same = _commonest(hits["mechanism"].fillna("").str.split("|").explode())
    told = []
    if near > MOST * n:
        median = hits.loc[hits["nearest_drug"] == nearest, "similarity"].astype(float).median()
        told.append(f"{near:,} of {n:,} hits are nearest to {nearest} (median similarity {median:.2f})")
    if same > MOST * n:
        told.append(f"{same:,}{'' if told else f' of {n:,} hits'} share the mechanism {mechanism}")
    if not told:
        return ""
    end = "likely one artefact of extrapolation" if near > MOST * n else "likely one finding"
    return f"{'; '.join(told)}: {end}, not {max(near, same):,} findings."


def _commonest(texts: pd.Series) -> tuple[str, int]:
    """The text that stands there most often, of equals the first by name, and how many hits (by index) have it."""
    known = texts[texts != ""]
    if known.empty:
        return "", 0
    counts = known.groupby(level=0).unique().explode().value_counts()
    most = int(counts.iloc[0])
    return str(min(counts.index[counts == most])), most


def _best(found: Matrix, new: np.ndarray) -> np.ndarray:
    """(m,) column of the new type with the smallest p, then the larger share, then the lower selectivity."""
    keys = np.nan_to_num(found.selectivity), -found.share, found.p, ~new
    return np.lexsort(keys, axis=1)[:, 0] if len(new) else np.empty(0, int)


def _sure_types(screen: Screen, found: Matrix, thresholds: Thresholds) -> pd.api.extensions.ExtensionArray:
    """(m,) sensitive types at the upper bounds of the intervals."""
    if screen.summary.quantile is None:
        return pd.array([pd.NA] * len(screen.molecules), dtype="Int64")
    count = np.rint(found.sure * found.n_lines).astype(np.int64)
    sure = thresholds.sensitive_types(count, found.n_lines).sum(axis=1)
    return pd.array(sure, dtype="Int64")
