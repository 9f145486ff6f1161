"""What a mutation list is read against: the positions a run knows, and the mutations of the store. Torch-free."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from engine.patient.residues import Residues, common_changes, residues_of
from engine.response.census import census_genes
from engine.response.ensemble import default_run, networks_of, results_of
from engine.response.fingerprint import Vocabulary
from engine.response.records import RunSummary, known_mutations, run_summary
from engine.response.reference import load_reference
from engine.store.database import Database


@dataclass(frozen=True)
class Knowledge:
    """vocabulary: the positions that the run's networks see, in the order of their bits.

    training_lines: position key -> training lines mutated there; empty for a run that is older than that file.
    census: current symbols of the genes that networks may look at. known: the distinct mutations of the store with
    columns gene, position_key, protein_change, classification, chromosome, start_grch37 and start_grch38 (Int64,
    1-based), reference, alternate, simulated (bool).
    """

    run_id: str
    vocabulary: Vocabulary
    training_lines: dict[str, int]
    census: frozenset[str]
    known: pd.DataFrame

    @cached_property
    def residues(self) -> Residues:
        """Which amino acid stands where, as the measured mutations say."""
        return residues_of(self.known)

    @cached_property
    def common(self) -> dict[str, tuple[str, ...]]:
        """Gene -> changes that somebody may have meant who wrote one that cannot be."""
        return common_changes(self.known, self.training_lines)


def load_knowledge(db: Database, run_id: str = "") -> Knowledge:
    """What a run knows. run_id: empty takes `default_run`.

    A run of several folds keeps the training lines of its first fold only, so positions that are mutated in no line
    but those held out there count as new.
    Raises StoreError naming the runs there are, InputError for a run without network or without its job folder,
    NetworkError where an older run's checkpoint is gone or damaged.
    """
    run = run_summary(db, run_id) if run_id else default_run(db)
    networks, results = networks_of(run), results_of(run)
    reference = load_reference(results)
    if reference is None:
        vocabulary, lines = _vocabulary_of_checkpoint(results, networks[0], run), {}
    else:
        vocabulary = Vocabulary(tuple(map(str, reference.keys)))
        counts = np.asarray((reference.genomes > 0).sum(axis=0)).ravel()
        lines = dict(zip(vocabulary.keys, counts.tolist(), strict=True))
    return Knowledge(run.run_id, vocabulary, lines, census_genes(), known_mutations(db))


def _vocabulary_of_checkpoint(results: Path, network: str, run: RunSummary) -> Vocabulary:
    # Only runs older than reference.npz come here; every other way to this module stays free of torch.
    from engine.response.fold_models import network_file
    from engine.response.trained import TrainedNetwork

    number = run.config.get("ran_folds", [0])[0]
    return TrainedNetwork.load(network_file(results, network, number)).vocabulary
