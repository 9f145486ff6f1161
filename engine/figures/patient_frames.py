"""What the patient's charts are drawn from: a ranking and the measured lines -> tidy frames."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.patient.types import Genome, NearLine

if TYPE_CHECKING:  # what it imports is not needed to draw
    from engine.patient.predictor import Predictor

CHANCE = 30  # positions added at random, to see how large a change is that means nothing


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


def chance_changes(predictor: "Predictor", genome: Genome) -> tuple[float, float]:
    """By how much one mutation more moves a drug whatever it is: median and 95th percentile of |change|, ln uM.

    Over CHANCE positions that the run knows and the patient does not have, drawn at random and added one by one, and
    all drugs. Genes that were not sequenced count as wild type here.
    """
    own = frozenset(genome.keys)
    free = [key for key in predictor.vocabulary.index if key not in own]
    drawn = np.random.default_rng(0).choice(len(free), min(CHANCE, len(free)), replace=False)
    mean = predictor.predict([own, *(own | {free[place]} for place in drawn)])[0]
    if len(mean) < 2:
        return float("nan"), float("nan")
    median, most = np.percentile(np.abs(mean[1:] - mean[0]), [50, 95])
    return float(median), float(most)


def common_shift(table: pd.DataFrame, labels: Sequence[str]) -> tuple[str, str, float]:
    """Which of several patients is predicted most sensitive and which most resistant over all drugs, and how far their
    mean z-scores lie apart. table: one column of z-scores per label."""
    means = table[list(labels)].mean()
    return str(means.idxmin()), str(means.idxmax()), float(means.max() - means.min())
