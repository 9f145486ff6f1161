"""What the patient's charts are drawn from: a ranking and the measured lines -> tidy frames."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.patient.types import NearLine

if TYPE_CHECKING:  # what it imports is not needed to draw
    from engine.patient.predictor import Predictor


def with_z_interval(ranking: pd.DataFrame, predictor: "Predictor") -> pd.DataFrame:
    """The table of a ranking with z_lower and z_upper: the ends of its 90 % intervals of ln(IC50) as z-scores.

    NA where the drug has no interval or fewer than two measured lines.
    """
    columns = predictor.drug_rows(ranking["drug_id"].tolist())
    ends = {}
    for end in ("lower", "upper"):
        values = np.full(len(predictor.drugs), np.nan)
        values[columns] = ranking[end].to_numpy(float)
        ends[f"z_{end}"] = predictor.screened.z_scores(values)[columns]
    return ranking.assign(**ends)


def told_apart(table: pd.DataFrame) -> pd.DataFrame:
    """The table with drug ids behind names that several drugs share: one compound may be screened under two ids."""
    twice = table["drug"].duplicated(keep=False)
    names = table["drug"].where(~twice, table["drug"] + " (" + table["drug_id"].astype(str) + ")")
    return table.assign(drug=names)


def measured_with(predictor: "Predictor", drug_id: int) -> pd.DataFrame:
    """Every line measured with a drug: cosmic_id, name, ln_ic50 (ln uM)."""
    values = predictor.screened.ln_ic50[:, predictor.drug_rows([drug_id])[0]]
    found = predictor.screened.lines[["cosmic_id", "name"]].assign(ln_ic50=values)
    return found[np.isfinite(values)].reset_index(drop=True)


def measured_z(predictor: "Predictor", lines: Sequence[NearLine], drug_ids: Sequence[int]) -> pd.DataFrame:
    """Measured z-scores of drugs in lines: drug_id, cosmic_id, z_score; only pairs that were measured."""
    rows = pd.Index(predictor.screened.lines["cosmic_id"]).get_indexer([line.cosmic_id for line in lines])
    z = predictor.screened.z_scores(predictor.screened.ln_ic50[rows])[:, predictor.drug_rows(drug_ids)]
    table = pd.DataFrame(
        {
            "drug_id": np.tile(np.asarray(drug_ids), len(lines)),
            "cosmic_id": np.repeat([line.cosmic_id for line in lines], len(drug_ids)),
            "z_score": z.ravel(),
        }
    )
    return table[np.isfinite(table["z_score"])].reset_index(drop=True)
