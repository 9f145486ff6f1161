"""A trained network with all it needs to predict: vocabulary, fingerprint settings, scale of its target."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix

from engine.chem.fingerprints import FingerprintSettings
from engine.errors import NetworkError
from engine.learn import checkpoint
from engine.response.factorised import FactorisedNetwork, Features
from engine.response.fingerprint import Vocabulary
from engine.response.networks import ResponseNetwork

FORMAT = 1
LINES_AT_ONCE, PAIRS_AT_ONCE = 64, 512  # keeps the working set in the cache; values do not change
BLOCK_LINES, BLOCK_DRUGS, BLOCKS_AT_ONCE = 32, 8, 256  # of a grid; 256 blocks are some seconds of work


@dataclass(frozen=True)
class TargetScale:
    """ln(IC50, uM) = centre + half_range x output. (0, 1) for networks with a linear output."""

    centre: float
    half_range: float

    @classmethod
    def of(cls, network: ResponseNetwork, ln_ic50: np.ndarray) -> "TargetScale":
        """From training values only. A bounded output reaches +-1 only at infinity, hence a tenth of room."""
        if network.architecture.output != "tanh":
            return cls(0.0, 1.0)
        low, high = float(ln_ic50.min()), float(ln_ic50.max())
        return cls((low + high) / 2, max(high - low, 1e-6) / 2 * 1.1)


@dataclass(frozen=True)
class TrainedNetwork:
    """network: in evaluation mode. data_hash: of the cohort it was trained on."""

    network: ResponseNetwork
    scale: TargetScale
    vocabulary: Vocabulary
    fingerprint: FingerprintSettings
    data_hash: str

    @property
    def name(self) -> str:
        return self.network.architecture.name

    def save(self, path: Path) -> None:
        checkpoint.save(
            path,
            {
                "format": FORMAT,
                "name": self.name,
                "n_positions": self.network.n_positions,
                "n_drug_bits": self.network.n_drug_bits,
                "state": self.network.state_dict(),
                "scale": (self.scale.centre, self.scale.half_range),
                "vocabulary": list(self.vocabulary.keys),
                "fingerprint": asdict(self.fingerprint),
                "data_hash": self.data_hash,
                "torch_version": str(torch.__version__),
            },
        )

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "TrainedNetwork":
        """Raises NetworkError where the file is gone, damaged or from another version."""
        content = checkpoint.load(path, device)
        if content.get("format") != FORMAT:
            raise NetworkError(f"{path.name} was written by another version of Tumorcast. Train again.")
        network = ResponseNetwork(content["name"], content["n_positions"], content["n_drug_bits"])
        network.load_state_dict(content["state"])
        return cls(
            network.to(device).eval(),
            TargetScale(*content["scale"]),
            Vocabulary(tuple(content["vocabulary"])),
            FingerprintSettings(**content["fingerprint"]),
            content["data_hash"],
        )


def drug_features(trained: TrainedNetwork, drug_bits: np.ndarray, device: str = "cpu") -> Features:
    """What the drug branch makes of (d, m) bits, to be given to `predict_pairs` as often as the drugs stay the same."""
    no_lines = csr_matrix((0, len(trained.vocabulary)), dtype=np.uint8)
    factorised = FactorisedNetwork(trained.network, no_lines, drug_bits, device)
    trained.network.eval()
    with torch.inference_mode():
        return factorised.drug_features(np.arange(len(drug_bits)))


def line_features(trained: TrainedNetwork, genomes: csr_matrix, device: str = "cpu") -> Features:
    """What the cell branch makes of (l, g) genomes, to be given to `predict_grid` as often as the lines stay."""
    no_drugs = np.zeros((0, trained.network.n_drug_bits), np.uint8)
    factorised = FactorisedNetwork(trained.network, genomes, no_drugs, device)
    trained.network.eval()
    with torch.inference_mode():
        starts = range(0, max(1, genomes.shape[0]), LINES_AT_ONCE)
        rows = [np.arange(first, min(first + LINES_AT_ONCE, genomes.shape[0])) for first in starts]
        return Features.join([factorised.line_features(some) for some in rows])


def predict_grid(
    trained: TrainedNetwork,
    lines: Features,
    drugs: Features,
    workers: ThreadPoolExecutor,
    on_progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """ln(IC50, uM) of every drug with every line, (d, l) float32, from what `drug_features` and `line_features` gave.

    workers: one thread per core, blocks of the grid go to them whole: the cores never wait for each other inside a
    layer, and values do not depend on how many there are. Call within `one_thread_per_block`.
    """
    no_lines = csr_matrix((0, trained.network.n_positions), dtype=np.uint8)
    no_drugs = np.zeros((0, trained.network.n_drug_bits), np.uint8)
    factorised = FactorisedNetwork(trained.network, no_lines, no_drugs)
    trained.network.eval()
    n_lines, n_drugs = len(lines.vector), len(drugs.vector)
    result = np.empty((n_drugs, n_lines), np.float32)

    def fill(corner: tuple[int, int]) -> None:
        i, j = corner
        some, others = lines.some(i, i + BLOCK_LINES), drugs.some(j, j + BLOCK_DRUGS)
        n, m = len(some.vector), len(others.vector)
        with torch.inference_mode():
            output = factorised.dock(some, others, np.tile(np.arange(n), m), np.repeat(np.arange(m), n))
        values = trained.scale.centre + trained.scale.half_range * output.double().numpy()
        result[j : j + m, i : i + n] = values.reshape(m, n)

    corners = [(i, j) for j in range(0, n_drugs, BLOCK_DRUGS) for i in range(0, n_lines, BLOCK_LINES)]
    for first in range(0, len(corners), BLOCKS_AT_ONCE):
        for _ in workers.map(fill, corners[first : first + BLOCKS_AT_ONCE]):
            pass
        on_progress(min(1.0, (first + BLOCKS_AT_ONCE) / len(corners)))
    return result


@contextmanager
def one_thread_per_block() -> Iterator[ThreadPoolExecutor]:
    """As many threads as torch would use within a layer, each of which runs layers alone instead."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as workers:
            yield workers
    finally:
        torch.set_num_threads(threads)


def predict_pairs(
    trained: TrainedNetwork,
    genomes: csr_matrix,
    drug_bits: np.ndarray,
    line: np.ndarray,
    drug: np.ndarray,
    device: str = "cpu",
    on_progress: Callable[[float], None] = lambda share: None,
    features_of_drugs: Features | None = None,
) -> np.ndarray:
    """ln(IC50, uM) of (r,) pairs of rows of genomes (l, g) and drug_bits (d, m).

    The drug branch runs once per drug, the cell branch once per line; only the docking runs per pair.
    features_of_drugs: `drug_features` of all d drugs, where they are known already.
    """
    result = np.empty(len(line))
    factorised = FactorisedNetwork(trained.network, genomes, drug_bits, device)
    trained.network.eval()
    by_line = np.argsort(line, kind="stable")
    with torch.inference_mode():
        drugs, drug_at = np.unique(drug, return_inverse=True)
        if features_of_drugs is None:
            of_drugs = factorised.drug_features(drugs)
        else:
            of_drugs, drug_at = features_of_drugs, drug
        lines = np.unique(line)
        for first in range(0, len(lines), LINES_AT_ONCE):
            some = lines[first : first + LINES_AT_ONCE]
            features = factorised.line_features(some)
            start, stop = np.searchsorted(line[by_line], [some[0], some[-1] + 1])
            for at in range(start, stop, PAIRS_AT_ONCE):
                pairs = by_line[at : min(at + PAIRS_AT_ONCE, stop)]
                line_at = np.searchsorted(some, line[pairs])
                output = factorised.dock(features, of_drugs, line_at, drug_at[pairs])
                result[pairs] = output.double().cpu().numpy()
            on_progress(min(1.0, stop / max(1, len(line))))
    return trained.scale.centre + trained.scale.half_range * result
