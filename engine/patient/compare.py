"""Up to four patients, or four timepoints of one, side by side."""

from collections.abc import Mapping

import pandas as pd

from engine.errors import InputError
from engine.patient.types import Ranking

MOST = 4
FIXED = ("drug_id", "drug", "spread")


def compare(rankings: Mapping[str, Ranking]) -> pd.DataFrame:
    """drug_id, drug, one column of z-scores per label, spread (largest minus smallest); the largest spread first.

    Raises InputError for none, for more than four, for rankings of different runs, whose scores cannot be compared,
    and for a label that is the name of another column.
    """
    if not rankings:
        raise InputError("There is nothing to compare: rank a patient first.")
    if len(rankings) > MOST:
        raise InputError(f"{len(rankings)} patients are too many to compare: choose up to {MOST}.")
    if len({ranking.run_id for ranking in rankings.values()}) > 1:
        raise InputError(
            "The patients were ranked with different runs, so their scores cannot be compared: rank all with one run."
        )
    if set(rankings) & set(FIXED):
        raise InputError(f"A patient cannot be called {', '.join(FIXED[:2])} or {FIXED[2]}: give another name.")
    first = next(iter(rankings.values())).table.set_index("drug_id")
    table = first[["drug"]].copy()
    for label, ranking in rankings.items():
        table[label] = ranking.table.set_index("drug_id")["z_score"]
    scores = table[list(rankings)]
    table["spread"] = scores.max(axis=1) - scores.min(axis=1)
    return table.reset_index().sort_values(["spread", "drug"], ascending=[False, True], ignore_index=True)
