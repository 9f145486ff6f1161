"""What would change if a patient had one mutation more, or less."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.patient.completions import predict_genome
from engine.patient.predictor import Predictor
from engine.patient.types import Genome


def what_if(
    predictor: Predictor,
    genome: Genome,
    add: Collection[str] = (),
    remove: Collection[str] = (),
    cancer_type: str | None = None,
) -> pd.DataFrame:
    """drug_id, drug, ln_ic50_before, ln_ic50_after, change (ln uM), z_before, z_after; the largest change first.

    add, remove: position keys (BRAF:600). A removed one counts as looked at and not mutated; genes that were not
    sequenced are completed from the same lines before and after.
    Raises InputError for a position to add that the run does not know or the patient has, and for one to remove that
    the patient does not have.
    """
    own = set(genome.keys)
    if not add and not remove:
        raise InputError("Name at least one mutation to add or to remove.")
    if any(key in own for key in add):
        raise InputError("A mutation to add is one of the patient's already.")
    if any(key not in predictor.vocabulary.index for key in add):
        raise InputError(
            "A mutation to add lies at a position that no line was mutated at when the run was trained: the networks "
            "do not see it, so it would change nothing. Choose another."
        )
    if any(key not in own for key in remove):
        raise InputError("A mutation to remove is not one of the patient's: choose from those that were understood.")
    changed = Genome(tuple(sorted((own | set(add)) - set(remove))), genome.sequenced)
    if genome.sequenced is not None:  # a gene that had a mutation, or is given one, was looked at on both sides
        looked_at = genome.sequenced | {key.partition(":")[0] for key in own | set(add)}
        genome, changed = Genome(genome.keys, looked_at), Genome(changed.keys, looked_at)
    before = predict_genome(predictor, genome, cancer_type).mean
    after = predict_genome(predictor, changed, cancer_type).mean
    table = pd.DataFrame(
        {
            "drug_id": predictor.drugs["drug_id"],
            "drug": predictor.drugs["name"],
            "ln_ic50_before": before,
            "ln_ic50_after": after,
            "change": after - before,
            "z_before": predictor.screened.z_scores(before),
            "z_after": predictor.screened.z_scores(after),
        }
    )
    return table.iloc[np.argsort(-np.abs(after - before), kind="stable")].reset_index(drop=True)
