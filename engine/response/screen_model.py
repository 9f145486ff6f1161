"""A run made ready to predict tables of molecules: its cell branches have run once for every line.

l = lines, c = molecules of one chunk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.chem.fingerprints import FingerprintSettings, drug_fingerprints
from engine.response.ensemble import mean_and_spread
from engine.response.factorised import Features
from engine.response.fingerprint import genome_bits
from engine.response.fold_models import network_file
from engine.response.predict import unseen_positions
from engine.response.reference import Reference, drugs_domain, load_reference
from engine.response.trained import TrainedNetwork, drug_features, line_features, one_thread_per_block, predict_grid


class Member(NamedTuple):
    """One network of one fold, and what it made of the l lines."""

    trained: TrainedNetwork
    lines: Features


class Chunk(NamedTuple):
    """Predictions of c molecules. mean, spread: (c, l) float32, ln uM.

    domain: nearest_drug, drug_similarity, drug_inside of each molecule; None where the run is older than that.
    """

    mean: np.ndarray
    spread: np.ndarray
    domain: pd.DataFrame | None


@dataclass(frozen=True)
class ScreenModel:
    """Networks of folds; nothing in it grows with the number of molecules."""

    members: tuple[tuple[Member, ...], ...]
    reference: Reference | None

    @property
    def size(self) -> int:
        """How many predictions stand behind each mean."""
        return len(self.members) * len(self.members[0])

    def predict(
        self, smiles: Sequence[str], names: Sequence[str], on_progress: Callable[[float], None] = lambda share: None
    ) -> Chunk:
        """names: what an error calls each molecule. Raises MoleculeError for a structure that RDKit does not take."""
        bits: dict[FingerprintSettings, np.ndarray] = {}  # which all networks of a run share

        def bits_for(settings: FingerprintSettings) -> np.ndarray:
            if settings not in bits:
                bits[settings] = drug_fingerprints(smiles, settings, names)
            return bits[settings]

        mean, spread = mean_and_spread(self._values(len(smiles), bits_for, on_progress))
        first = bits_for(self.members[0][0].trained.fingerprint)
        domain = None if self.reference is None else drugs_domain(self.reference, first)
        return Chunk(mean, spread, domain)

    def predict_reference(self, on_progress: Callable[[float], None] = lambda share: None) -> np.ndarray | None:
        """(r, l) float32, ln uM: each compound that the run was trained on, in the order of its drugs.

        None where the run is older than that.
        """
        if self.reference is None:
            return None
        compounds = np.sort(np.unique(self.reference.structure, return_index=True)[1])
        bits = self.reference.drug_bits[compounds]
        return mean_and_spread(self._values(len(bits), lambda settings: bits, on_progress))[0]

    def _values(
        self, n: int, bits_for: Callable[[FingerprintSettings], np.ndarray], on_progress: Callable[[float], None]
    ) -> np.ndarray:
        """(networks, folds, n, l) predictions of n molecules with these bits."""
        n_lines = len(self.members[0][0].lines.vector)
        values = np.empty((len(self.members), len(self.members[0]), n, n_lines), np.float32)
        done = 0
        with one_thread_per_block() as workers:
            for i, folds in enumerate(self.members):
                for k, (trained, lines) in enumerate(folds):
                    of_drugs = drug_features(trained, bits_for(trained.fingerprint))

                    def told(share: float, before: int = done) -> None:
                        on_progress((before + share) / self.size)

                    values[i, k] = predict_grid(trained, lines, of_drugs, workers, told)
                    done += 1
        return values


def load_screen_model(
    run_id: str, results: Path, networks: Sequence[str], folds: Sequence[int], mutations: pd.DataFrame, lines: list[int]
) -> ScreenModel:
    """The run's networks, with the features of the lines.

    results: the folder of the run's checkpoints. mutations: cosmic_id, gene, position_key of the lines (cosmic ids).
    Raises NetworkError for a checkpoint that is gone or damaged, InputError where its fingerprints were made with
    another RDKit than the one here, or where it knows no position of these lines.
    """

    def member(name: str, number: int) -> Member:
        trained = TrainedNetwork.load(network_file(results, name, number))
        drug_fingerprints([], trained.fingerprint)  # refuses another RDKit before any work is done
        unseen_positions(run_id, mutations, trained.vocabulary)
        return Member(trained, line_features(trained, genome_bits(mutations, lines, trained.vocabulary)))

    members = tuple(tuple(member(name, number) for number in folds) for name in networks)
    return ScreenModel(members, load_reference(results))
