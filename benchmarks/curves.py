"""How many five-parameter curves a second are fitted side by side, and how many by a loop over scipy.optimize?

    .venv/bin/python benchmarks/curves.py [--curves 5000] [--loop 100] [--json]

Simulated screens: curves of 5 doses in duplicate with noise, every 20th without effect. Both ways minimise the same
loss, the sum of |residual|^1.5, from the same published starts; the loop is scipy's BFGS, one curve after the other.
`batch` and `loop` are curves per second of wall time, `*_cpu` per second of this process's own time, which other
processes on the machine disturb less. `no_worse`: the share of curves whose loss is at most 1 % above the loop's.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.spheroid.curve import fit_arranged, inhibition_at, starts
from engine.spheroid.curve_values import Arranged, arrange

CURVES, LOOP = 5000, 100
DOSES, REPLICATES, NOISE = 5, 2, 0.06


def simulate(curves: int, seed: int = 0) -> Arranged:
    """Simulated values of so many curves."""
    rng = np.random.default_rng(seed)
    true = np.stack(
        [
            rng.normal(0, 0.03, curves),
            rng.uniform(0.1, 1.0, curves) * (np.arange(curves) % 20 > 0),
            rng.uniform(0, 4, curves),
            rng.uniform(0.5, 3, curves),
            np.exp(rng.normal(0, 0.5, curves)),
        ],
        axis=1,
    )
    x = np.tile(np.repeat(np.arange(DOSES, dtype=float), REPLICATES), (curves, 1))
    y = inhibition_at(true, x) + rng.normal(0, NOISE, x.shape)
    return arrange(x.ravel(), y.ravel(), np.repeat(np.arange(curves), x.shape[1]), curves)


def loop(arranged: Arranged, curves: int) -> np.ndarray:
    """The losses of the first curves, one after the other by scipy, as a script would do it."""
    losses = np.empty(curves)
    values = arranged.values(np.arange(curves))
    begin = starts(values, 5)
    for k in range(curves):
        x, y = values.x[k], values.y[k]

        def loss(p: np.ndarray, x: np.ndarray = x, y: np.ndarray = y) -> float:
            with np.errstate(all="ignore"):
                fitted = p[0] + (p[1] - p[0]) / (1 + 10 ** ((p[2] - x) * p[3])) ** p[4]
                total = (np.abs(y - fitted) ** 1.5).sum()
            return float(total) if np.isfinite(total) else 1e300

        losses[k] = minimize(loss, begin[k], method="BFGS").fun
    return losses


def measure(curves: int = CURVES, in_loop: int = LOOP) -> dict[str, Any]:
    """Curves per second of both ways, in one run."""
    arranged = simulate(curves)
    wall, own = time.perf_counter(), time.process_time()
    fitted = fit_arranged(arranged)
    batch_s, batch_cpu_s = time.perf_counter() - wall, time.process_time() - own
    wall, own = time.perf_counter(), time.process_time()
    losses = loop(arranged, in_loop)
    loop_s, loop_cpu_s = time.perf_counter() - wall, time.process_time() - own
    result = {
        "curves": curves,
        "in_loop": in_loop,
        "batch": curves / batch_s,
        "loop": in_loop / loop_s,
        "batch_cpu": curves / batch_cpu_s,
        "loop_cpu": in_loop / loop_cpu_s,
        "no_worse": float((fitted.loss[:in_loop] <= 1.01 * losses + 1e-6).mean()),
    }
    return {**result, "ratio": result["batch"] / result["loop"], "ratio_cpu": result["batch_cpu"] / result["loop_cpu"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=int, default=CURVES)
    parser.add_argument("--loop", type=int, default=LOOP, help="curves that the loop fits")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.curves, given.loop)
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"side by side: {found['batch']:,.0f} curves/s ({found['batch_cpu']:,.0f} per second of its own time)")
    print(f"scipy, one by one: {found['loop']:,.1f} curves/s ({found['loop_cpu']:,.1f})")
    print(f"{found['ratio']:.0f} times as fast ({found['ratio_cpu']:.0f} by own time)")
    print(f"loss at most 1 % above the loop's: {found['no_worse']:.0%} of {found['in_loop']}")


if __name__ == "__main__":
    main()
