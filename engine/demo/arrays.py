"""Simulated expression arrays and survival curves of the 59 lines of the NCI-60 whose SF2 is published.

The SF2 values are the measured ones; nothing else here was measured. n = arrays, p = probes, l = lines.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.demo import facts
from engine.errors import InputError
from engine.radiation.survival import survival
from engine.radiation.survival_import import REFERENCE_SF2

PROBES = 1_200
ALL_PROBES = 54_675  # as many as an HG-U133 Plus 2.0 has
DRIVERS = 60  # probes of the planted genes
EXPRESSION_SET = "SIMULATED_ARRAYS"
CURVE_SET = "SIMULATED_CURVES"
# The genes of the radiosensitivity index and whether they go up (1) or down with SF2: Eschrich et al. 2009,
# doi:10.1016/j.ijrobp.2009.06.014. They are among the planted genes.
RSI_GENES = {
    "AR": -1, "JUN": 1, "STAT1": 1, "PRKCB": -1, "RELA": -1, "ABL1": 1, "SUMO1": -1, "PAK2": -1, "HDAC1": -1,
    "IRF1": -1,
}  # fmt: skip
# Chosen so that a line never seen is predicted about as well as from real arrays, and its repeat arrays find it.
KNOWN_OF_SF2 = 0.65  # correlation of SF2 with what the planted genes follow
OF_DRIVER = 0.6  # share of a planted gene's variance, over lines, that follows it
OF_PANEL = 0.5  # share of the variance over lines that is the tissue panel's, in probes that differ by panel
PANEL_PROBES = 0.4  # share of the probes that do
REPEAT_SD = 0.12  # log2, between arrays of one line
LOWEST, HIGHEST = 2.5, 14.5  # log2, what such arrays can show
CURVE_DOSES_GY = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
CURVE_REPLICATES = 3
CURVE_SD = 0.08  # of ln S
EVERY_LINE = 3  # every third line has a curve


@dataclass(frozen=True)
class Arrays:
    """samples: n rows with sample, cell_line, panel, replicate. values: (n, p) log2. probes, symbols: (p,).

    drivers: (DRIVERS,) indices of the probes of the planted genes.
    """

    samples: pd.DataFrame
    probes: np.ndarray
    symbols: np.ndarray
    values: np.ndarray
    drivers: np.ndarray


@dataclass(frozen=True)
class ArrayFiles:
    """Where arrays and curves were written."""

    expression: Path
    curves: Path


def published_sf2() -> pd.DataFrame:
    """The 59 lines: cell_line, panel, sf2 (fraction), assay, n_arrays, in the order of the paper's table."""
    return pd.read_csv(REFERENCE_SF2)


def simulate_arrays(probes: int = PROBES, seed: int = 0) -> Arrays:
    """As many arrays of every line as were published, 174 in all; the same seed gives the same values.

    A probe has a level, a spread over lines, of which its tissue panel explains a part in some, and noise between
    repeat arrays. DRIVERS probes, among them those of the ten RSI genes, follow something that SF2 correlates with.
    Raises InputError for fewer probes than hold the planted genes twice.
    """
    if probes < 2 * DRIVERS:
        raise InputError(f"{probes} probes are too few for the demonstration: choose {2 * DRIVERS} or more.")
    lines = published_sf2()
    rng = np.random.default_rng([seed, 10])
    level = np.clip(rng.normal(7.5, 1.8, probes), 3.5, 13.0)
    spread = rng.lognormal(np.log(0.45), 0.4, probes)
    profile = _profiles(lines, probes, rng)
    drivers = rng.choice(probes, DRIVERS, replace=False)
    symbols = _symbols(probes, drivers, rng)
    sign = np.array([RSI_GENES.get(symbols[place]) or rng.choice([-1, 1]) for place in drivers])
    sf2 = _standard(lines["sf2"].to_numpy())
    followed = KNOWN_OF_SF2 * sf2 + np.sqrt(1 - KNOWN_OF_SF2**2) * _standard(rng.standard_normal(len(lines)))
    own = profile[:, drivers]
    profile[:, drivers] = np.sqrt(OF_DRIVER) * np.outer(followed, sign) + np.sqrt(1 - OF_DRIVER) * own
    of_line = np.repeat(np.arange(len(lines)), lines["n_arrays"])
    values = (level + spread * profile)[of_line] + rng.normal(0, REPEAT_SD, (len(of_line), probes))
    replicate = np.concatenate([np.arange(1, n + 1) for n in lines["n_arrays"]])
    name = lines["cell_line"].to_numpy(dtype=str)[of_line]
    samples = pd.DataFrame(
        {
            "sample": [f"SIM {one} {number}" for one, number in zip(name, replicate, strict=True)],
            "cell_line": name,
            "panel": lines["panel"].to_numpy(dtype=str)[of_line],
            "replicate": replicate,
        }
    )
    width = max(4, len(str(probes)))
    names = np.array([f"SIM{number:0{width}d}_at" for number in range(1, probes + 1)])
    return Arrays(samples, names, symbols, np.clip(values, LOWEST, HIGHEST), drivers)


def simulate_curves(seed: int = 0) -> pd.DataFrame:
    """Survival of every third line at six doses, three times each: cell_line, panel, assay, dose_gy,
    surviving_fraction, replicate.

    The curve of a line without noise has its published SF2 at 2 Gy; alpha / beta is drawn around 10 Gy.
    """
    lines = published_sf2().iloc[::EVERY_LINE]
    rng = np.random.default_rng([seed, 11])
    rows = []
    for line in lines.itertuples():
        ratio_gy = rng.lognormal(np.log(10.0), 0.4)
        # -ln SF2 = 2 alpha + 4 beta = alpha (2 + 4 / ratio)
        alpha = -np.log(line.sf2) / (2 + 4 / ratio_gy)
        for dose in CURVE_DOSES_GY:
            fraction = survival([dose], alpha, alpha / ratio_gy)[0] * np.exp(rng.normal(0, CURVE_SD, CURVE_REPLICATES))
            rows += [
                (line.cell_line, line.panel, "simulated", dose, min(one, 1.0), number)
                for number, one in enumerate(fraction, 1)
            ]
    return pd.DataFrame(rows, columns=["cell_line", "panel", "assay", "dose_gy", "surviving_fraction", "replicate"])


def write_array_files(arrays: Arrays, curves: pd.DataFrame, folder: Path) -> ArrayFiles:
    """Writes both as a laboratory would hand them over: GCT 1.3 with symbols, lines and panels, and a long table."""
    folder.mkdir(parents=True, exist_ok=True)
    files = ArrayFiles(folder / "simulated_arrays.gct", folder / "simulated_survival_curves.csv")
    n, p = arrays.values.shape
    with files.expression.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"#1.3\n{p}\t{n}\t1\t2\n")
        for head, cells in (
            ("probe_id\tsymbol", arrays.samples["sample"]),
            ("cell_line\tna", arrays.samples["cell_line"]),
            ("panel\tna", arrays.samples["panel"]),
        ):
            file.write("\t".join([head, *cells]) + "\n")
        table = pd.DataFrame(arrays.values.T)
        table.insert(0, "symbol", arrays.symbols)
        table.insert(0, "probe_id", arrays.probes)
        table.to_csv(file, sep="\t", header=False, index=False, float_format="%.3f", lineterminator="\n")
    curves.to_csv(files.curves, index=False, float_format="%.4g", lineterminator="\n")
    return files


def _profiles(lines: pd.DataFrame, probes: int, rng: np.random.Generator) -> np.ndarray:
    """(l, p) with variance 1 over lines: what a line has of its panel and what is its own."""
    panels, of_panel = np.unique(lines["panel"].to_numpy(dtype=str), return_inverse=True)
    own = rng.standard_normal((len(lines), probes))
    shared = rng.standard_normal((len(panels), probes))[of_panel]
    share = np.where(rng.random(probes) < PANEL_PROBES, OF_PANEL, 0.0)
    return np.sqrt(share) * shared + np.sqrt(1 - share) * own


def _symbols(probes: int, drivers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Symbols of the RSI genes at the first planted probes, of other cancer genes at some of the rest."""
    symbols = np.full(probes, "", dtype=object)
    symbols[drivers[: len(RSI_GENES)]] = list(RSI_GENES)
    others = [gene for gene in facts.gene_lengths() if gene not in RSI_GENES]
    free = np.flatnonzero(symbols == "")
    chosen = rng.choice(free, min(len(others), len(free) // 2), replace=False)
    symbols[chosen] = others[: len(chosen)]
    return symbols.astype(str)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()
