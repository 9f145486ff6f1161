"""Whether a genome lies within what a run was trained on, judged on the genes that were sequenced."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from engine.patient.completions import sequenced_genes
from engine.patient.predictor import Predictor
from engine.patient.types import Genome, NearLine
from engine.response.domain import FEWEST_POSITIONS, lines_inside, nearest, usual_similarity

# Lines that share as much are of one tumour, or mislabelled: of 540,000 pairs of CCLE lines four do, among them PC-3
# with PC-3 [JPC-3] and LC-1F with LC-1-sq.
SAME_TUMOUR = 0.5
SAME_POSITIONS = 5


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
    sequenced = sequenced_genes(genome)
    if sequenced is not None:
        seen = [i for key, i in index.items() if key.partition(":")[0] in sequenced]
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


def same_tumour(predictor: Predictor, nearest_lines: Sequence[NearLine]) -> NearLine | None:
    """The cell line of the store that the patient is, or of the same tumour as; None where there is none.

    nearest_lines: the most similar first. A line that was trained on, or measured, comes before one that was not.
    """
    same = [
        line
        for line in nearest_lines
        if line.similarity >= SAME_TUMOUR and len(line.shared_positions) >= SAME_POSITIONS
    ]
    if not same:
        return None
    trained = _trained(predictor)
    return min(same, key=lambda one: (one.cosmic_id not in trained, not one.drugs))  # the first of equals


def _trained(predictor: Predictor) -> set[int]:
    return set() if predictor.reference is None else set(predictor.reference.cosmic_ids.tolist())


def known_line(predictor: Predictor, nearest_lines: Sequence[NearLine]) -> str:
    """That the patient is a cell line of the store, or of the same tumour as one, and what that means; else empty."""
    line, trained = same_tumour(predictor, nearest_lines), _trained(predictor)
    if line is None:
        return ""
    text = (
        f"This list is probably the cell line {line.name} or of the same tumour: they share "
        f"{len(line.shared_positions)} mutated positions, {100 * line.similarity:.0f} % of those of either."
    )
    if line.cosmic_id in trained:
        text += (
            " The networks were trained on that line's responses, so its predictions are no test of them, and skill "
            "and intervals, which are of unseen lines, do not hold for them."
        )
    if line.drugs:
        text += (
            " What was measured on it counts in the nearest lines, the means of its cancer type and the lines with the "
            "same mutations."
        )
    return text if line.drugs or line.cosmic_id in trained else f"{text} Nothing measured on that line was used here."
