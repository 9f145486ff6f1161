"""Which mutations moved a prediction: each is left out in turn."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.patient.completions import complete, drawn_lines
from engine.patient.predictor import Predictor
from engine.patient.types import MOST_POSITIONS, Genome

MOST_GENOMES = 512  # predicted at once; fewer completions are taken where many positions are left out
MOVER_COLUMNS = ("drug_id", "position_key", "effect")


def movers(
    predictor: Predictor, genome: Genome, drug_ids: Sequence[int], cancer_type: str | None = None
) -> pd.DataFrame:
    """MOVER_COLUMNS for these drugs, in their order, the largest effect first within a drug.

    effect: prediction with the mutation minus prediction without it, ln uM; negative makes the patient look more
    sensitive. At most MOST_POSITIONS of the positions that the run knows are left out, those mutated in most lines of
    the store; a position that the run does not know has no effect. Where genes were not sequenced, the effect is the
    mean over completions, the same ones with and without the mutation.
    Raises InputError for a drug that the run cannot predict.
    """
    lines = drawn_lines(predictor, cancer_type)
    known = sorted((key for key in genome.keys if key in predictor.vocabulary.index), key=_frequency(predictor))
    known = known[:MOST_POSITIONS]
    lines = lines[: max(1, MOST_GENOMES // (len(known) + 1))]
    whole = complete(predictor, genome, lines)
    genomes = whole + [one - {key} for key in known for one in whole]
    mean = predictor.predict(genomes, drug_ids)[0].reshape(1 + len(known), len(whole), len(drug_ids)).mean(axis=1)
    effect = mean[0] - mean[1:]  # (positions, drugs)
    frames = []
    for column, drug_id in enumerate(drug_ids):
        order = np.argsort(-np.abs(effect[:, column]), kind="stable")
        keys = [known[i] for i in order]
        frames.append(pd.DataFrame({"drug_id": drug_id, "position_key": keys, "effect": effect[order, column]}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(MOVER_COLUMNS))


def _frequency(predictor: Predictor):
    """Sorts positions: those mutated in most lines first, then by name."""
    screened = predictor.screened
    lines = np.bincount(screened.bits.indices, minlength=len(screened.positions))

    def order(key: str) -> tuple[int, str]:
        at = screened.positions.index.get(key)
        return (-int(lines[at]) if at is not None else 0, key)

    return order
