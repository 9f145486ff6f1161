"""How many predictions per second a screen makes, beside evaluating the published networks pair by pair.

    .venv/bin/python benchmarks/screening.py [--networks all] [--molecules 256] [--json]

Untrained networks of the published size (28,328 positions, 3,072 drug bits), 808 simulated lines, one chunk of
molecules (approved drugs). `screen` is all that a chunk costs: fingerprints, drug
branches, every pair, distance to the training drugs; lines are prepared once, whatever the size of the library
(`lines`, seconds). `naive` evaluates NAIVE_PAIRS pairs as published. Predictions per second and network; both ways give
the same numbers.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.chem.fingerprints import FingerprintSettings, drug_fingerprints
from engine.jobs.context import peak_memory_mib
from engine.response.fingerprint import Vocabulary
from engine.response.networks import PUBLISHED_DRUG_BITS, PUBLISHED_POSITIONS, ResponseNetwork
from engine.response.reference import Reference
from engine.response.screen_model import Member, ScreenModel
from engine.response.settings import network_names
from engine.response.trained import TargetScale, TrainedNetwork, line_features
from engine.settings import REFERENCE

LINES, MOLECULES, NAIVE_PAIRS = 808, 256, 16


def molecules(count: int) -> list[str]:
    """Structures of approved drugs, from the first again where there are too few."""
    drugs = pd.read_csv(REFERENCE / "approved_library.csv")["smiles"].tolist()
    return [drugs[i % len(drugs)] for i in range(count)]


def genomes(rng: np.random.Generator) -> csr_matrix:
    """A log-normal burden, median about 25 positions."""
    burden = np.clip(rng.lognormal(3.2, 1.0, LINES).astype(int), 2, 3000)
    rows = np.repeat(np.arange(LINES), burden)
    columns = np.concatenate([rng.choice(PUBLISHED_POSITIONS, n, replace=False) for n in burden])
    made = csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=(LINES, PUBLISHED_POSITIONS))
    made.sort_indices()
    return made


def measure(name: str, count: int) -> dict[str, float | str]:
    rng = np.random.default_rng(0)
    lines, smiles = genomes(rng), molecules(count)
    vocabulary = Vocabulary(tuple(f"G:{i}" for i in range(PUBLISHED_POSITIONS)))
    network = ResponseNetwork(name, PUBLISHED_POSITIONS, PUBLISHED_DRUG_BITS).eval()
    trained = TrainedNetwork(network, TargetScale(0, 1), vocabulary, FingerprintSettings(), "")
    started = time.perf_counter()
    features = line_features(trained, lines)
    seconds_of_lines = time.perf_counter() - started
    bits = drug_fingerprints(smiles)
    drugs = bits[:244]
    reference = Reference(np.arange(LINES), lines, np.array([]), np.arange(len(drugs)), drugs, np.arange(len(drugs)))
    model = ScreenModel(((Member(trained, features),),), reference)
    model.predict(smiles[:8], smiles[:8])  # warm-up
    started = time.perf_counter()
    mean = model.predict(smiles, smiles).mean
    screen = mean.size / (time.perf_counter() - started)

    line, drug = rng.integers(LINES, size=NAIVE_PAIRS), rng.integers(count, size=NAIVE_PAIRS)
    dense = torch.from_numpy(lines[line].toarray()).float(), torch.from_numpy(bits[drug]).float()
    with torch.inference_mode():
        network(*dense)
        started = time.perf_counter()
        expected = network(*dense).numpy()
        naive = NAIVE_PAIRS / (time.perf_counter() - started)
    np.testing.assert_allclose(mean[drug, line], expected, atol=1e-3)
    return {"network": name, "screen": screen, "naive": naive, "ratio": screen / naive, "lines": seconds_of_lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="all")
    parser.add_argument("--molecules", type=int, default=MOLECULES)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [measure(name, arguments.molecules) for name in network_names(arguments.networks)]
    result = {"networks": rows, "molecules": arguments.molecules, "lines": LINES, "peak_memory_mib": peak_memory_mib()}
    print(json.dumps(result, indent=1) if arguments.json else pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
