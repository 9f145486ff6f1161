"""Which pairs train, which validate, which test; what is held out is held out whole.

k = folds, r = measured pairs, u = units (lines, cancer types, structures, or single pairs).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.errors import InputError

TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, 3

# What each split holds out whole. With two of them a fold tests pairs whose both sides are new to the model.
HELD_OUT = {
    "pairs": ("pair",),
    "cell_line": ("line",),
    "cancer_type": ("cancer_type",),
    "drug": ("structure",),
    "both": ("line", "structure"),
}
PLURAL = {"pair": "pairs", "line": "lines", "cancer_type": "cancer types", "structure": "drug structures"}
WITHIN_TYPES = ("pair", "line")  # cut within every cancer type; the others are balanced by their number of pairs
PAIRS_VALIDATION_SHARE = 0.05  # of the training pairs, as published
UNITS_VALIDATION_SHARE = 0.1  # of the training lines, types or structures


class Units(NamedTuple):
    """What every measured pair consists of, (r,) each; a line has one cancer type.

    structure: drugs of one chemical structure share a number, so they are never held out apart.
    """

    line: np.ndarray
    cancer_type: np.ndarray
    drug: np.ndarray
    structure: np.ndarray


@dataclass(frozen=True)
class Cut:
    """parts: (k, r) int8 of TRAIN, VALIDATION, TEST, UNUSED; notes: what a person should know about the folds."""

    parts: np.ndarray
    notes: tuple[str, ...]


def cut(
    split: str, units: Units, folds: int, seed: int, test_share: float = 0.05, validation_share: float | None = None
) -> Cut:
    """Every fold's part of every pair; each pair is tested in exactly one fold (`both`: in at most one).

    `pairs` with folds=1 is the published single cut (`split_pairs`) and the only one that `test_share` speaks of.
    `pairs` and `cell_line` are dealt within cancer types; whole types and whole structures are dealt so that folds
    have about equally many pairs. `both`: fold i tests the pairs of line group i with structure group i, trains on
    pairs of other lines with other structures, and leaves the rest UNUSED.
    Validation is cut from the training pairs by the same rule; for `both` the pairs of validation lines with training
    structures, and the other way round, are UNUSED too. validation_share: of the training pairs (`pairs`, default
    0.05), lines, or pairs in whole types or structures (default 0.1; `both`: of lines and of structures); at least
    one unit.
    Raises InputError for an unknown split, more folds than units, or a part that would be empty.
    """
    if split not in HELD_OUT:
        raise InputError(f"Unknown split '{split}'. Choose from {', '.join(HELD_OUT)}.")
    if split == "pairs" and folds == 1:
        share = PAIRS_VALIDATION_SHARE if validation_share is None else validation_share
        parts = split_pairs(units.cancer_type, seed, test_share, share)[None]
        _refuse_empty(parts, split)
        return Cut(parts, _never_tested(units.cancer_type, parts[0]))
    if folds < 2:
        least = "1 fold (the published cut) or more" if split == "pairs" else "2 folds or more"
        raise InputError(f"The split '{split}' cannot be cut into {folds} folds: choose {least}.")
    if validation_share is None:
        validation_share = PAIRS_VALIDATION_SHARE if split == "pairs" else UNITS_VALIDATION_SHARE
    axes = {name: _unit(name, units) for name in HELD_OUT[split]}
    for name, unit in axes.items():
        _check_enough(name, int(unit.max(initial=-1)) + 1, folds)
    rng = np.random.default_rng([seed, 0])
    fold = np.stack([_deal(name, unit, units.cancer_type, folds, rng) for name, unit in axes.items()])
    parts = np.empty((folds, len(units.line)), np.int8)
    for i, part in enumerate(parts):
        part[:] = _part(fold == i, TEST)
        train, rng = np.flatnonzero(part == TRAIN), np.random.default_rng([seed, i + 1])
        if len(train):
            types = units.cancer_type[train]
            held = [_hold(name, unit[train], types, validation_share, rng) for name, unit in axes.items()]
            part[train] = _part(np.stack(held), VALIDATION)
    _refuse_empty(parts, split)
    return Cut(parts, _notes(split, units, parts))


def split_pairs(
    cancer_type: np.ndarray, seed: int, test_share: float = 0.05, validation_share: float = PAIRS_VALIDATION_SHARE
) -> np.ndarray:
    """The published protocol: within every cancer type a random share of its pairs tests.

    cancer_type: (r,) label of each pair's line. Validation pairs are cut from the training pairs by the same rule.
    Returns (r,) of TRAIN, VALIDATION, TEST. Source: Chang et al. 2018 (95 / 5 within each cancer type).
    """
    rng = np.random.default_rng(seed)
    part = np.full(len(cancer_type), TRAIN, np.int8)
    for label in np.unique(cancer_type):
        pairs = rng.permutation(np.flatnonzero(cancer_type == label))
        n_test = round(test_share * len(pairs))
        n_validation = round(validation_share * (len(pairs) - n_test))
        part[pairs[:n_test]] = TEST
        part[pairs[n_test : n_test + n_validation]] = VALIDATION
    return part


def _unit(name: str, units: Units) -> np.ndarray:
    """(r,) number, from 0 without gaps, of the unit that each pair belongs to."""
    if name == "pair":
        return np.arange(len(units.line))
    return np.unique(getattr(units, name), return_inverse=True)[1]


def _part(held: np.ndarray, code: int) -> np.ndarray:
    """(axes, r) of "this side is held out" -> (r,): `code` where all sides are, TRAIN where none is, else UNUSED."""
    return np.where(held.all(axis=0), code, np.where(held.any(axis=0), UNUSED, TRAIN))


def _deal(name: str, unit: np.ndarray, cancer_type: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(r,) fold number of each pair's unit."""
    if name in WITHIN_TYPES:
        order = _by_type(unit, cancer_type, rng)
        fold = np.empty(len(order), int)
        fold[order] = np.arange(len(order)) % folds
        return fold[unit]
    # The largest first, each to the fold with the fewest pairs yet; units of similar size change places by chance.
    pairs = np.bincount(unit)
    load, fold = np.zeros(folds), np.empty(len(pairs), int)
    for one in np.argsort(-pairs * rng.uniform(0.5, 1.5, len(pairs)), kind="stable"):
        fold[one] = rng.choice(np.flatnonzero(load == load.min()))
        load[fold[one]] += pairs[one]
    return fold[unit]


def _hold(name: str, unit: np.ndarray, cancer_type: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """(r,) bool: which training pairs belong to a unit that validates; at least one unit does."""
    present, unit, pairs = np.unique(unit, return_inverse=True, return_counts=True)
    held = np.zeros(len(present), bool)
    if name in WITHIN_TYPES:
        order = _by_type(unit, cancer_type, rng)
        n = max(1, round(share * len(order)))
        held[order[((np.arange(n) + rng.random()) * len(order) / n).astype(int)]] = True  # evenly over the types
        return held[unit]
    missing = share * len(unit)
    for one in rng.permutation(len(pairs)):
        if pairs[one] < 2 * missing:  # it brings the number of pairs nearer to the share
            held[one], missing = True, missing - pairs[one]
    if not held.any():
        held[np.argmin(pairs)] = True
    return held[unit]


def _by_type(unit: np.ndarray, cancer_type: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(u,) units in random order, those of one cancer type together, so that neighbours can be dealt out evenly."""
    types = np.unique(cancer_type, return_inverse=True)[1]
    type_of_unit = np.empty(int(unit.max()) + 1, int)
    type_of_unit[unit] = types
    rank = rng.permutation(int(types.max()) + 1)
    shuffled = rng.permutation(len(type_of_unit))
    return shuffled[np.argsort(rank[type_of_unit[shuffled]], kind="stable")]


def _check_enough(name: str, count: int, folds: int) -> None:
    if count < 3:  # one tests, one validates, one trains
        raise InputError(f"There are {count} {PLURAL[name]} with responses, too few to test, validate and train apart.")
    if count < folds:
        raise InputError(f"{count} {PLURAL[name]} cannot be cut into {folds} folds: choose {count} or fewer.")


def _refuse_empty(parts: np.ndarray, split: str) -> None:
    for i, part in enumerate(parts):
        for code, word in ((TRAIN, "training"), (VALIDATION, "validation"), (TEST, "test")):
            if not (part == code).any():
                which = f"fold {i + 1} of {len(parts)}" if len(parts) > 1 else "the published cut"
                cure = f"choose {'fewer' if code == TEST else 'more'} folds or " if len(parts) > 1 else ""
                raise InputError(f"The split '{split}' leaves no {word} pair in {which}: {cure}import more responses.")


def _never_tested(cancer_type: np.ndarray, part: np.ndarray) -> tuple[str, ...]:
    untested = np.setdiff1d(cancer_type, cancer_type[part == TEST])
    return tuple(f"{label} has too few pairs to test one of them: it only trains." for label in untested)


def _notes(split: str, units: Units, parts: np.ndarray) -> tuple[str, ...]:
    notes = []
    for name in (axis for axis in HELD_OUT[split] if axis in WITHIN_TYPES):
        first = np.unique(_unit(name, units), return_index=True)[1]
        for label, count in zip(*np.unique(units.cancer_type[first], return_counts=True), strict=True):
            if count < len(parts):
                what = PLURAL[name] if count > 1 else name
                notes.append(
                    f"{label} has {count} {what}, fewer than the {len(parts)} folds: it is not tested in every fold."
                )
    if split == "both":
        tested = int((parts == TEST).sum())
        notes.append(
            f"Each fold tests its own lines with its own drugs only: {tested:,} of {parts.shape[1]:,} pairs are tested."
        )
    return tuple(notes)
