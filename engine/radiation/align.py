"""Somebody's expression laid out as the probes of a run, or why it cannot be."""

from collections.abc import Sequence

import numpy as np

from engine.errors import InputError
from engine.radiation.axes import first_symbol
from engine.radiation.scale import LOG2_MAX, of_samples, scale_of
from engine.radiation.types import Expression

MAX_MISSING = 0.20  # of the run's probes
ENOUGH_TO_CENTRE = 20  # samples from which z-scores mean something
ALIKE = 0.5  # correlation with the run's means below which another normalisation is told


def align(
    given: Expression, probes: Sequence[str], symbols: Sequence[str], reference_mean: np.ndarray, scale: str = ""
) -> tuple[np.ndarray, float, tuple[str, ...]]:
    """The values of `given` for the probes of a run.

    probes, symbols: (p,) of the run. reference_mean: (p,) mean of the training samples, on the run's scale; stands
    where a value is missing. scale: log2 | z of the run, '' to tell it by the means. A probe is found by its name, else
    by its gene symbol, as the mean of all rows of that gene.
    Returns values (n, p) float32 without NaN, the share of them that was missing (0 to 1), and what was done, in words.
    Raises InputError: more than 20 % missing (of the file, or of one sample), z-scores for a run on log2, log2 values
    of fewer than 20 samples for a run on z-scores, linear and logarithmic samples together.
    """
    reference = np.asarray(reference_mean, dtype=np.float32)
    values, notes = _on_scale(given, scale or _scale_of_means(reference))
    columns, by_symbol = _columns(given, probes, symbols)
    found = np.flatnonzero([len(places) > 0 for places in columns])
    aligned = np.full((len(values), len(probes)), np.nan, dtype=np.float32)
    single = [i for i in found if len(columns[i]) == 1]
    aligned[:, single] = values[:, [columns[i][0] for i in single]]
    for i in found:
        if len(columns[i]) > 1:
            aligned[:, i] = _mean(values[:, columns[i]])
    absent = 1 - len(found) / max(len(probes), 1)
    if absent > MAX_MISSING:
        lacking = [str(probes[i]) for i in range(len(probes)) if not columns[i]]
        raise InputError(
            f"{absent:.0%} of the {len(probes):,} probes of this run are not in the file (such as "
            f"{', '.join(lacking[:3])}; the file has {', '.join(map(str, given.probes[:3]))}), and at most "
            f"{MAX_MISSING:.0%} may be missing. Give expression of the same platform or with gene symbols, or choose a "
            "run that was trained on yours."
        )
    empty = np.isnan(aligned)
    of_sample = empty.mean(axis=1)
    if (of_sample > MAX_MISSING).any():
        worst = int(of_sample.argmax())
        raise InputError(
            f"Sample {given.samples['sample'].iloc[worst]} has no value for {of_sample[worst]:.0%} of the "
            f"{len(probes):,} probes of this run, and at most {MAX_MISSING:.0%} may be missing: leave it out."
        )
    share = float(empty.mean()) if aligned.size else 0.0
    if share > 0:
        notes.append(f"{share:.1%} of the values are missing and stand at the mean of the training samples.")
        aligned = np.where(empty, reference, aligned)
    if by_symbol:
        notes.append(f"{by_symbol:,} of {len(probes):,} probes were found by their gene symbol, not by their name.")
    notes += _other_normalisation(aligned, reference, given.scale, scale)
    return np.ascontiguousarray(aligned, dtype=np.float32), share, tuple(notes)


def _on_scale(given: Expression, wanted: str) -> tuple[np.ndarray, list[str]]:
    """The values on the run's scale, and what was done to them."""
    values, notes, scale = given.values, [], given.scale
    linear = of_samples(values)
    if linear.any():
        if not linear.all():
            few = given.samples["sample"].to_numpy()[linear if linear.mean() <= 0.5 else ~linear]
            raise InputError(
                f"Linear and logarithmic samples stand together ({', '.join(map(str, few[:3]))} differ from "
                "the others): give all of them on one scale, best log2."
            )
        values, scale = np.log2(np.maximum(values, 0) + 1), "log2"
        notes.append(f"Values reach beyond {LOG2_MAX:g}, so they are linear: they were turned into log2(x + 1).")
    if scale == "z" and wanted == "log2":
        raise InputError(
            "The file holds z-scores (centred values) and this run was trained on log2 values, which z-scores cannot "
            "be turned back into: give log2 values, or choose a run that was trained on z-scores."
        )
    if scale == "log2" and wanted == "z":
        if len(values) < ENOUGH_TO_CENTRE:
            raise InputError(
                f"This run was trained on z-scores and the file holds log2 values of {len(values):,} samples: at least "
                f"{ENOUGH_TO_CENTRE} are needed to turn them into z-scores. Give z-scores, or choose a run on log2."
            )
        spread = np.nanstd(values, axis=0)
        with np.errstate(all="ignore"):
            values = np.where(spread > 0, (values - np.nanmean(values, axis=0)) / spread, 0).astype(np.float32)
        values[np.isnan(given.values)] = np.nan
        notes.append(f"log2 values were turned into z-scores over the {len(values):,} samples of the file.")
    return values, notes


def _scale_of_means(reference: np.ndarray) -> str:
    """Means of z-scores lie around 0; means of log2 values do not."""
    spread = float(np.nanmedian(np.abs(reference))) if reference.size else 0.0
    return "z" if spread < 1.0 and scale_of(reference) == "z" else "log2"


def _columns(given: Expression, probes: Sequence[str], symbols: Sequence[str]) -> tuple[list[list[int]], int]:
    """For each probe of the run the columns of the file that hold it, and how many were found by symbol only."""
    named: dict[str, int] = {}
    for i, probe in enumerate(given.probes):
        named.setdefault(_plain(probe), i)
    genes: dict[str, list[int]] = {}
    for i, symbol in enumerate(given.symbols):
        if symbol:
            genes.setdefault(str(symbol).upper(), []).append(i)
    found, by_symbol = [], 0
    for probe, symbol in zip(probes, symbols, strict=True):
        place = named.get(_plain(probe))
        if place is not None:
            found.append([place])
            continue
        gene = first_symbol(str(symbol)).upper()
        places = genes.get(gene, []) if gene else []
        by_symbol += bool(places)
        found.append(places)
    return found, by_symbol


def _plain(probe: object) -> str:
    """A probe's name without case and without the version behind an Ensembl id."""
    text = str(probe).strip().upper()
    return text.split(".", 1)[0] if text.startswith("ENS") else text


def _mean(values: np.ndarray) -> np.ndarray:
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0).sum(axis=1) / there.sum(axis=1)


def _other_normalisation(aligned: np.ndarray, reference: np.ndarray, given: str, wanted: str) -> list[str]:
    """A warning where log2 values do not go with the run's: another platform, or another preparation."""
    if "z" in (given, wanted or _scale_of_means(reference)) or len(reference) < 100 or not len(aligned):
        return []
    mean = aligned.mean(axis=0)
    if np.std(mean) == 0 or np.std(reference) == 0:
        return []
    r = float(np.corrcoef(mean, reference)[0, 1])
    if r >= ALIKE:
        return []
    return [
        f"The mean of the file's samples correlates only r = {r:.2f} with that of the training samples: another "
        "platform or normalisation, so predictions mean little."
    ]
