"""How long one patient's ranking of 253 drugs takes, beside evaluating the published networks pair by pair.

    .venv/bin/python benchmarks/patient_ranking.py [--networks all] [--json]

Untrained networks of the published size (28,328 positions, 3,072 drug bits) and 1,000 simulated lines, each measured
with four drugs in five. `ranking` is all of `rank` for a whole exome of 60 mutations, `completed` the
same for a panel of 50 genes, whose other genes are filled in many times. `naive` predicts the exome's pairs with the
networks as published, NAIVE_PAIRS of them measured and scaled up to all. Seconds; both ways give the same numbers.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.patient.completions import COMPLETIONS
from engine.patient.predictor import Member, Predictor
from engine.patient.ranking import rank
from engine.patient.screened import Screened
from engine.patient.types import Genome
from engine.response.ensemble import Intervals
from engine.response.fingerprint import Vocabulary
from engine.response.networks import PUBLISHED_DRUG_BITS, PUBLISHED_POSITIONS, ResponseNetwork
from engine.response.records import RunSummary
from engine.response.settings import network_names
from engine.response.trained import FingerprintSettings, TargetScale, TrainedNetwork, drug_features

LINES, DRUGS, MUTATIONS, GENES, PANEL_GENES, NAIVE_PAIRS = 1000, 253, 60, 700, 50, 16
POSITIONS = PUBLISHED_POSITIONS


def predictor(networks: tuple[str, ...], rng: np.random.Generator) -> Predictor:
    """Untrained networks and simulated lines of the sizes above."""
    keys = tuple(f"G{i % GENES:03}:{i}" for i in range(POSITIONS))
    vocabulary = Vocabulary(keys)
    bits = (rng.random((DRUGS, PUBLISHED_DRUG_BITS)) < 0.4).astype(np.uint8)
    members = []
    for name in networks:
        network = ResponseNetwork(name, POSITIONS, PUBLISHED_DRUG_BITS).eval()
        trained = TrainedNetwork(network, TargetScale(0, 1), vocabulary, FingerprintSettings(), "")
        members.append((Member(trained, bits, drug_features(trained, bits)),))
    burden = np.clip(rng.lognormal(3.2, 1.0, LINES).astype(int), 2, POSITIONS // 4)
    rows = np.repeat(np.arange(LINES), burden)
    columns = np.concatenate([rng.choice(POSITIONS, n, replace=False) for n in burden])
    genomes = csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=(LINES, POSITIONS))
    genomes.sort_indices()
    measured = np.where(rng.random((LINES, DRUGS)) < 0.8, rng.normal(2, 2, (LINES, DRUGS)), np.nan)
    lines = {"cosmic_id": range(LINES), "name": [f"L{i}" for i in range(LINES)], "cancer_type": "SKCM"}
    names = [f"drug {i}" for i in range(DRUGS)]
    now = datetime(2026, 1, 1)
    return Predictor(
        run=RunSummary("run", now, "pairs", 0, "", True, "T", "CPU", 0, 0, 0, 0, 0, {}, {}, {}),
        honest=None,
        model="ensemble",
        vocabulary=vocabulary,
        drugs=pd.DataFrame(
            {"drug_id": range(DRUGS), "name": names, "target": "", "pathway": "", "inchikey": "", "inside": True}
        ),
        screened=Screened(
            lines=pd.DataFrame(lines),
            positions=vocabulary,
            bits=genomes,
            genes=np.array([key.partition(":")[0] for key in keys], dtype=object),
            ln_ic50=measured,
            mean=np.nanmean(measured, axis=0),
            sd=np.nanstd(measured, axis=0),
            counts=np.isfinite(measured).sum(axis=0),
        ),
        shift=np.zeros(DRUGS),
        skill=pd.DataFrame({"skill": [], "n": []}),
        intervals=Intervals(None, "", ""),
        reference=None,
        members=tuple(members),
    )


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    work()  # warm-up
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def measure(networks: tuple[str, ...]) -> dict[str, float]:
    rng = np.random.default_rng(0)
    made = predictor(networks, rng)
    mutated = np.sort(rng.choice(POSITIONS, MUTATIONS, replace=False))
    exome = Genome(tuple(made.vocabulary.keys[i] for i in mutated))
    panel = Genome(exome.keys[:5], frozenset(f"G{i:03}" for i in range(PANEL_GENES)))
    dense = torch.zeros(NAIVE_PAIRS, POSITIONS)
    dense[:, mutated] = 1
    drugs = torch.from_numpy(made.members[0][0].drug_bits[:NAIVE_PAIRS]).float()

    def naive() -> list[torch.Tensor]:
        with torch.inference_mode():
            return [folds[0].trained.network(dense, drugs) for folds in made.members]

    expected = torch.stack(naive()).mean(dim=0).numpy()
    found = made.predict([exome.keys])[0][0, :NAIVE_PAIRS]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    result = {
        "networks": len(networks),
        "drugs": DRUGS,
        "ranking": seconds(lambda: rank(made, exome, "SKCM")),
        "completed": seconds(lambda: rank(made, panel, "SKCM"), 1),
        "completions": min(COMPLETIONS, LINES),
        "naive": seconds(naive, 1) * DRUGS / NAIVE_PAIRS,
    }
    return result | {"ratio": result["naive"] / result["ranking"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", default="all")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(network_names(arguments.networks))
    print(json.dumps(result, indent=1) if arguments.json else "\n".join(f"{k}: {v:.3g}" for k, v in result.items()))


if __name__ == "__main__":
    main()
