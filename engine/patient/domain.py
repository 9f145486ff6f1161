"""Whether a genome lies within what a run was trained on, judged on the genes that were sequenced."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from engine.patient.predictor import Predictor
from engine.patient.types import Genome
from engine.response.domain import FEWEST_POSITIONS, lines_inside, nearest, usual_similarity


class Place(NamedTuple):
    """inside: None where the run is too old to tell. sentence: for a person, why it is not inside; else empty."""

    inside: bool | None
    sentence: str


def place(predictor: Predictor, genome: Genome) -> Place:
    """Where a genome lies, by the rules for cell lines (`engine/response/domain.py`).

    Positions in genes that were not sequenced count on neither side, so a panel is compared with panels.
    """
    reference = predictor.reference
    if reference is None:
        return Place(None, "The run is too old to tell what it was trained on: train again.")
    index = {str(key): i for i, key in enumerate(reference.keys)}
    known = [index[key] for key in genome.keys if key in index]
    bits = csr_matrix((np.ones(len(known), np.uint8), (np.zeros(len(known), int), known)), shape=(1, len(index)))
    training = reference.genomes
    if genome.sequenced is not None:
        seen = [i for key, i in index.items() if key.partition(":")[0] in genome.sequenced]
        bits, training = bits[:, seen], training[:, seen]
    similarity = nearest(bits, training, np.array([len(genome.keys)])).similarity
    usual = usual_similarity(training)
    if lines_inside(similarity, np.array([len(known)]), usual)[0]:
        return Place(True, "")
    if len(known) < FEWEST_POSITIONS:
        given = "No mutated position" if not known else f"Only {len(known)} mutated position{'s' * (len(known) > 1)}"
        return Place(
            False,
            f"{given} known to the run {'was' if len(known) < 2 else 'were'} found; fewer than {FEWEST_POSITIONS} "
            "say next to nothing about a tumour.",
        )
    return Place(
        False,
        f"The most similar training line shares {100 * similarity[0]:.1f} % of the mutated positions; 95 % of training "
        f"lines share at least {100 * usual:.1f} % with another.",
    )
