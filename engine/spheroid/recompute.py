"""Every score of a screen computed again from layout, raw readouts, settings and decisions, and compared bit by bit.

Both a bundle (`rescore_bundle.py`) and what the store holds (`record_check.py`) are computed again here.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.jobs.spec import versions
from engine.spheroid.exclusions import adjusted, fingerprint, with_reasons
from engine.spheroid.review_hash import GONE, READOUT_COLUMNS, combined, frame_bytes
from engine.spheroid.review_types import ReviewState
from engine.spheroid.scoring import KEY, Scored, ToScore, score_tables
from engine.spheroid.scoring_records import Key, Scoring, from_row
from engine.spheroid.settings import MODALITIES
from engine.spheroid.types import WELL_COLUMNS

BOUNDS = ("dss_lower", "dss_upper")
MOST_BOOTSTRAP = 10_000  # resamples: more would be somebody's joke


@dataclass(frozen=True)
class Held:
    """What scores follow from, and the scores that somebody holds.

    layout: WELL_COLUMNS. readouts: READOUT_COLUMNS, as imported or predicted. scores, curves: rows of these tables, but
    for screen and job_id. scoring: of `scoring_records.documents`, each with death_readout. models: of
    `review_hash.models_of`.
    """

    layout: pd.DataFrame
    readouts: pd.DataFrame
    scores: pd.DataFrame
    curves: pd.DataFrame
    scoring: Sequence[Mapping[str, Any]]
    models: Sequence[Mapping[str, Any]]
    record: ReviewState


@dataclass(frozen=True)
class Difference:
    """A number that is not the same. column: of scores or curves; stored, computed: as text, '' where missing."""

    modality: str
    drug: str
    addon: str
    replicate: str
    column: str
    stored: str
    computed: str


class Recomputed(NamedTuple):
    """scores, numbers: rows of scores, and numbers of scores and curves, that were compared. differences: all of them.

    wrong: sentences on what must not be. open: scores whose interval was not compared.
    """

    modalities: tuple[str, ...]
    scores: int
    numbers: int
    differences: tuple[Difference, ...]
    wrong: tuple[str, ...]
    open: int


class _Made(NamedTuple):
    """How one modality was scored. open: keys of the scores whose intervals are not compared."""

    modality: str
    scoring: Scoring
    wells: pd.DataFrame
    open: frozenset[Key]
    drawn: frozenset[Key]

    @property
    def wanted(self) -> ToScore:
        return ToScore(self.wells, self.scoring.beside, self.drawn)


def recomputed(held: Held, *, intervals: bool = True, progress: Callable[[float], None] | None = None) -> Recomputed:
    """Every score computed again and compared. intervals: draw them, too, which takes most of the time.

    progress: is told the part done. Raises KeyError, TypeError or ValueError where `held` is not what it should be.
    """
    if strange := [
        name
        for name, times in Counter(str(told["modality"]) for told in held.scoring).items()
        if times > 1 or name not in MODALITIES
    ]:
        raise ValueError(f"scores by {strange[0]!r}")
    wrong, found, numbers = [], [], 0
    some = [_made(held, told, intervals) for told in held.scoring]
    for one in some:
        if fingerprint(held.record.excluded, one.modality) != one.scoring.excluded:
            wrong.append(
                f"The scores by {one.modality} do not leave out what the decisions say: they were out of date."
            )
    again = _scored(held, some, progress)
    for one in some:
        both = ((held.scores, again[one.modality].score), (held.curves, again[one.modality].curve))
        for stored, computed in both:
            mine = stored[stored["modality"] == one.modality].drop(columns="modality")
            count, differences = compared(one.modality, mine, computed, one.open)
            numbers += count
            found += differences
    names = tuple(one.modality for one in some)
    for what, table in (("scores", held.scores), ("curves", held.curves)):
        if lost := sorted(set(table["modality"]) - set(names)):
            wrong.append(f"Nothing says how the {what} by {', '.join(lost)} were made.")
    return Recomputed(names, len(held.scores), numbers, tuple(found), tuple(wrong), sum(len(one.open) for one in some))


def state_hash_of(held: Held) -> str:
    """As `review_hash.state_hash` of the screen."""
    signed = held.record.signed
    decided = [entry for entry in held.record.entries if signed is None or entry.entry < signed.entry]
    parts = frame_bytes(held.layout, WELL_COLUMNS), frame_bytes(held.readouts, READOUT_COLUMNS)
    return combined(*parts, held.models, held.scoring, decided)


def other_than_signed(held: Held) -> str:
    """That a screen was signed off as something else than what is held, as a sentence; '' where it was not."""
    signed = held.record.signed
    if signed is None or signed.state_hash == state_hash_of(held):
        return ""
    gone = " (a network is not kept any more)" if any(model["sha256"] == GONE for model in held.models) else ""
    return (
        f"{held.record.screen} was signed off by {signed.reviewer} with other data, networks, scoring or decisions"
        f"{gone}."
    )


def other_versions(told: Mapping[str, Any]) -> str:
    """numpy 2.1, here 2.2: versions that may change last digits, where they are other ones; '' where none is."""
    here = versions()
    return "; ".join(
        f"{name} {told[name]}, here {here[name]}"
        for name in told
        if name in ("numpy", "tumorcast") and here.get(name) != told[name]
    )


def _made(held: Held, told: Mapping[str, Any], intervals: bool) -> _Made:
    modality = str(told["modality"])
    scoring = from_row(json.dumps(told["settings"]), json.dumps(told["reference"]), str(told["excluded"]))
    if scoring.settings.bootstrap > MOST_BOOTSTRAP:
        raise ValueError(f"{scoring.settings.bootstrap:,} resamples")
    own = held.readouts[held.readouts["modality"] == modality]
    death = bool(told["death_readout"])
    wells = adjusted(held.layout, own, held.record.excluded, modality, death_readout=death)
    rows = held.scores.loc[held.scores["modality"] == modality, KEY]
    every = frozenset(rows.itertuples(index=False, name=None))
    open_ = scoring.open if intervals else every
    return _Made(modality, scoring, wells, open_, every - open_)


def _scored(held: Held, some: Sequence[_Made], progress: Callable[[float], None] | None) -> dict[str, Scored]:
    """By modality. Curves of equal settings are fitted side by side, which changes none of their numbers."""
    found: dict[str, Scored] = {}
    kinds = list(dict.fromkeys(one.scoring.settings for one in some))
    for number, settings in enumerate(kinds):
        mine = [one for one in some if one.scoring.settings == settings]

        def tell(part: float, number: int = number) -> None:
            if progress is not None:
                progress((number + part) / len(kinds))

        for one, scored in zip(mine, score_tables([one.wanted for one in mine], settings, tell), strict=True):
            found[one.modality] = with_reasons(scored, one.wells, held.record.excluded)
    return found


def compared(
    modality: str, stored: pd.DataFrame, computed: pd.DataFrame, open_: Collection[Key] = ()
) -> tuple[int, list[Difference]]:
    """How many values were compared, and which differ by as much as a bit; two missing ones are the same.

    stored, computed: KEY and the same other columns. open_: rows whose intervals are not compared.
    """
    names = [name for name in stored if name not in KEY]
    one, other = stored.set_index(KEY), computed.set_index(KEY)
    found = [_difference(modality, key, "row", "there", "") for key in one.index.difference(other.index)]
    found += [_difference(modality, key, "row", "", "there") for key in other.index.difference(one.index)]
    both = one.index.intersection(other.index, sort=False)
    skipped = np.array([key in open_ for key in both], bool)
    count = 0
    for name in names:
        if name not in other:
            raise ValueError(f"a column {name}")
        a, b = one.loc[both, name], other.loc[both, name]
        look = ~skipped if name in BOUNDS else np.ones(len(both), bool)
        count += int(look.sum())
        for at in np.flatnonzero(look & ~_same(a, b)):
            found.append(_difference(modality, both[at], name, _told(a.iloc[at]), _told(b.iloc[at])))
    return count, found


def _difference(modality: str, key: Key, column: str, stored: str, computed: str) -> Difference:
    drug, addon, replicate = key
    return Difference(modality, drug, addon, replicate, column, stored, computed)


def _same(one: pd.Series, other: pd.Series) -> np.ndarray:
    """(n,) bool."""
    if pd.api.types.is_numeric_dtype(other) or pd.api.types.is_bool_dtype(other):
        return bits(one) == bits(other)
    return np.array([_equal(a, b) for a, b in zip(one, other, strict=True)], bool)


def bits(values: pd.Series) -> np.ndarray:
    """The 64 bits of each number, all missing ones alike."""
    numbers = values.to_numpy(float, na_value=np.nan).copy()
    numbers[np.isnan(numbers)] = np.nan
    return numbers.view(np.uint64)


def _equal(one: Any, other: Any) -> bool:
    if _listed(one) or _listed(other):
        both = _listed(one) and _listed(other)
        return both and np.asarray(one, float).tobytes() == np.asarray(other, float).tobytes()
    return bool(one == other) if pd.notna(one) and pd.notna(other) else bool(pd.isna(one) and pd.isna(other))


def _listed(value: Any) -> bool:
    return isinstance(value, list | np.ndarray)


def _told(value: Any) -> str:
    if _listed(value):
        return str([float(each) for each in value])
    return "" if pd.isna(value) else repr(float(value)) if isinstance(value, float) else str(value)
