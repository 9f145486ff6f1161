"""How much faster the factorised evaluation is than the published one, pair by pair, in one run on this machine.

    .venv/bin/python benchmarks/training.py [--networks all] [--json]

Both sides compute the same numbers (tests/response/test_factorised.py). Paper-sized inputs: 28,328 positions with the
sparsity of the real table, 3,072 drug bits, 787 lines, 244 drugs. Reported: pairs per second and their ratio.
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch
from torch.nn.functional import mse_loss

from engine.response.batches import block_batches, block_shape
from engine.response.factorised import FactorisedNetwork
from engine.response.fingerprint import Vocabulary
from engine.response.networks import PUBLISHED_DRUG_BITS, PUBLISHED_POSITIONS, ResponseNetwork
from engine.response.settings import network_names
from engine.response.trained import FingerprintSettings, TargetScale, TrainedNetwork, predict_pairs

LINES, DRUGS, NAIVE_PAIRS = 787, 244, 16


def cohort(rng: np.random.Generator) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
    """A log-normal burden (median about 25 positions), drug bits of density 0.4, four pairs in five measured."""
    burden = np.clip(rng.lognormal(3.2, 1.0, LINES).astype(int), 2, 3000)
    rows = np.repeat(np.arange(LINES), burden)
    columns = np.concatenate([rng.choice(PUBLISHED_POSITIONS, n, replace=False) for n in burden])
    shape = (LINES, PUBLISHED_POSITIONS)
    genomes = sp.csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=shape)
    genomes.sort_indices()
    bits = (rng.random((DRUGS, PUBLISHED_DRUG_BITS)) < 0.4).astype(np.uint8)
    line, drug = np.nonzero(rng.random((LINES, DRUGS)) < 0.8)
    return genomes, bits, line, drug


def per_second(pairs: int, work: Callable[[], object], repeats: int = 3) -> float:
    work()  # warm-up
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return pairs / float(np.median(times))


def measure(name: str) -> dict[str, float | str]:
    rng = np.random.default_rng(0)
    genomes, bits, line, drug = cohort(rng)
    network = ResponseNetwork(name, PUBLISHED_POSITIONS)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    factorised = FactorisedNetwork(network, genomes, bits)
    burden = np.diff(genomes.indptr)
    blocks = block_batches(line, drug, burden, DRUGS, *block_shape(len(line), LINES, DRUGS))(rng)[:6]
    picked = rng.choice(len(line), NAIVE_PAIRS, replace=False)
    dense = torch.from_numpy(genomes[line[picked]].toarray()).float(), torch.from_numpy(bits[drug[picked]]).float()

    def step(output: torch.Tensor) -> None:
        optimiser.zero_grad()
        mse_loss(output, torch.zeros_like(output)).backward()
        optimiser.step()

    def fast_training() -> None:
        for (block,) in blocks:
            step(factorised.pairs(line[block], drug[block]))

    def naive_inference() -> torch.Tensor:
        with torch.inference_mode():
            return network(*dense)

    result: dict[str, float | str] = {"network": name}
    network.train()
    result["naive_training"] = per_second(NAIVE_PAIRS, lambda: step(network(*dense)))
    result["training"] = per_second(sum(len(b) for (b,) in blocks), fast_training)
    network.eval()
    keys = Vocabulary(tuple(f"G:{i}" for i in range(PUBLISHED_POSITIONS)))
    trained = TrainedNetwork(network, TargetScale(0, 1), keys, FingerprintSettings(), "")
    some = np.flatnonzero(line < 192)
    result["naive_inference"] = per_second(NAIVE_PAIRS, naive_inference)
    result["inference"] = per_second(
        len(some), lambda: predict_pairs(trained, genomes, bits, line[some], drug[some]), 1
    )
    result["training_ratio"] = float(result["training"]) / float(result["naive_training"])
    result["inference_ratio"] = float(result["inference"]) / float(result["naive_inference"])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="all")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for name in network_names(arguments.networks):
        rows.append(measure(name))
        if not arguments.json:
            numbers = ", ".join(f"{key} {value:,.0f}" for key, value in rows[-1].items() if key != "network")
            print(f"{name}: {numbers}", flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
