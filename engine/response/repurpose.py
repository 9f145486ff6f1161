"""The published repurposing rule: which molecules are hits, and how many, beside the publication's counts.

m = molecules, t = cancer types. Source: Chang et al. 2018, doi:10.1038/s41598-018-27214-6.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.response.library_records import Screen
from engine.response.repurpose_controls import Controls as Controls
from engine.response.repurpose_controls import known_indications as known_indications
from engine.response.repurpose_hits import HIT_COLUMNS as HIT_COLUMNS
from engine.response.repurpose_hits import hit_table as hit_table
from engine.response.repurpose_hits import measured_lines as measured_lines
from engine.response.repurpose_hits import shared as shared
from engine.response.repurpose_matrix import CLASSES, NON_ONCOLOGY, ONCOLOGY, UNKNOWN, approved_types
from engine.response.repurpose_matrix import Matrix as Matrix
from engine.response.repurpose_matrix import Thresholds as Thresholds
from engine.response.repurpose_matrix import matrix as matrix
from engine.response.repurpose_words import headline as headline

# What is left after each step of the rule. Hits are molecules with a sensitive type that is new for them: of
# non-oncology drugs any, of oncology drugs one beyond the approved ones; cytotoxic and left are parts of the hits.
STEPS = ("molecules", "any_line", "any_type", "hits", "cytotoxic", "left")
STEP_NAMES = {
    "molecules": "molecules",
    "any_line": "with any sensitive line",
    "any_type": "with a sensitive cancer type",
    "hits": "hits",
    "cytotoxic": "of these generally cytotoxic",
    "left": "hits left",
}
# 1,487 approved drugs x 787 lines of 25 types. Which step of an oncology drug the published 23 is, any type or a new
# one, is not said; the text defines hits by new types.
PUBLISHED = {
    "oncology molecules": 102, "oncology any_line": 37, "oncology hits": 23, "oncology cytotoxic": 9,
    "oncology left": 14, "non-oncology molecules": 1385, "non-oncology any_line": 176, "non-oncology any_type": 27,
    "non-oncology hits": 27, "non-oncology cytotoxic": 4, "non-oncology left": 23,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Outcome:
    """hits: HIT_COLUMNS; supported ones first and generally cytotoxic ones last, within each the most selective first.

    sensitive_types, new_types, approved_types: names joined by ", "; n_types, n_new: how many; best_type: the new type
    in which sensitive lines are most enriched (of equals the one with the larger share of them, then the more
    selective), with its share, median ln(IC50) in uM, selectivity and q; supported: whether that type has both a
    selectivity below SELECTIVE_BELOW and a q below FALSE_DISCOVERIES. n_sure: sensitive types by the lines that are
    sensitive even at the upper bound of their interval, missing without intervals.
    counts: "<class> <step>" -> molecules, classes and steps as in CLASSES and STEPS.
    approved_unknown: oncology molecules of which no approved type takes part, so that every sensitive type is new.
    """

    hits: pd.DataFrame
    counts: dict[str, int]
    approved_unknown: int

    def table(self) -> pd.DataFrame:
        """step, then two columns for each class: its count and "<class>, published" (missing where not published)."""
        rows: list[dict[str, object]] = []
        for step in STEPS:
            row: dict[str, object] = {"step": STEP_NAMES[step]}
            for drug_class in CLASSES:
                key = f"{drug_class} {step}"
                row |= {drug_class: self.counts[key], f"{drug_class}, published": PUBLISHED.get(key, pd.NA)}
            rows.append(row)
        frame = pd.DataFrame(rows).drop(columns=f"{UNKNOWN}, published")
        return frame.astype({name: "Int64" for name in frame.columns[1:]})


def outcome(screen: Screen, found: Matrix, thresholds: Thresholds) -> Outcome:
    """Hits and counts of a screen by the rule. found: `matrix(screen, thresholds)` with the same thresholds."""
    sensitive = thresholds.sensitive_types(found.count, found.n_lines)
    n_types = sensitive.sum(axis=1)
    approved = approved_types(screen, found.types)
    cytotoxic = thresholds.cytotoxic(n_types, len(found.types))
    hits, hit = hit_table(screen, found, thresholds)
    drug_class = screen.molecules["drug_class"].to_numpy(object)
    steps = {
        "molecules": np.ones(len(hit), bool),
        "any_line": (found.count > 0).any(axis=1),
        "any_type": n_types > 0,
        "hits": hit,
        "cytotoxic": hit & cytotoxic,
        "left": hit & ~cytotoxic,
    }
    of_class = {ONCOLOGY: drug_class == ONCOLOGY, NON_ONCOLOGY: drug_class == NON_ONCOLOGY}
    of_class[UNKNOWN] = ~(of_class[ONCOLOGY] | of_class[NON_ONCOLOGY])
    counts = {f"{name} {step}": int((of_class[name] & steps[step]).sum()) for name in CLASSES for step in STEPS}
    unknown = of_class[ONCOLOGY] & ~approved.any(axis=1)
    return Outcome(hits=hits, counts=counts, approved_unknown=int(unknown.sum()))
