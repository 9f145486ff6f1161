"""A small cohort of arrays with planted genes; invented numbers."""

import numpy as np

from engine.radiation.types import Cohort

PANELS = ("Leukemia", "Lung", "Colon")


def small_cohort(lines: int = 18, replicates: int = 3, probes: int = 60, noise: float = 0.1, seed: int = 0) -> Cohort:
    """Lines of three panels; SF2 follows the panel and the first five probes, every line has its own profile."""
    rng = np.random.default_rng(seed)
    panel = np.arange(lines) % 3
    profile = rng.normal(size=(lines, probes))
    sf2 = np.clip(0.2 + 0.15 * panel + 0.1 * profile[:, :5].mean(1) * np.sqrt(5), 0.02, 0.95)
    line = np.repeat(np.arange(lines), replicates)
    names = np.array([f"LINE-{one:02d}" for one in range(lines)])
    replicate = np.tile(np.arange(1, replicates + 1), lines)
    return Cohort(
        values=(8 + profile[line] + noise * rng.normal(size=(len(line), probes))).astype(np.float32),
        sf2=sf2[line],
        sample=np.array([f"{names[one]} {i}" for one, i in zip(line, replicate, strict=True)]),
        line=names[line],
        panel=np.array(PANELS)[panel[line]],
        replicate=replicate,
        probes=np.array([f"probe_{one}" for one in range(probes)]),
        symbols=np.array([f"GENE{one}" for one in range(probes)]),
        scale="log2",
    )
