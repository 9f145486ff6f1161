"""Scores that follow from a record: after a decision only the drugs whose values changed are fitted again.

Every curve is fitted, and its interval drawn, without regard to the others: fitting some gives the same numbers, to the
last digit, as fitting all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from engine.jobs.spec import new_id
from engine.spheroid.control_quality import positive_type
from engine.spheroid.exclusions import adjusted, all_readouts, concerning, fingerprint, with_reasons
from engine.spheroid.judged import quality_rows_each
from engine.spheroid.quality import ToJudge
from engine.spheroid.review_records import effective, exist
from engine.spheroid.review_types import Entry, ReviewState
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.scoring import KEY, POOLED, Scored, ToScore, score_table, score_tables
from engine.spheroid.scoring_records import Key, Scoring, retrained, scored_modalities, scoring_of, scoring_row
from engine.spheroid.settings import MODALITIES, ScoreSettings
from engine.spheroid.suspect_wells import MEASURES as OF_WELLS
from engine.store.reads import Reads, Within

CHANGES = ["modality", "drug", "addon", "replicate", "before", "after", "hit_before", "hit_after"]
MOST_DRAWN = 4_000  # fits for the intervals of one modality in one decision: about a second
KEPT = """SELECT drug, addon, replicate, dss_asym, hit, dss_lower, dss_upper, job_id FROM score
          WHERE screen = ? AND modality = ?"""
Rows = defaultdict[str, list[pd.DataFrame]]  # table -> rows that are written together, at the end


class Rescored(NamedTuple):
    """changes: columns CHANGES, scores that are no longer what they were. notes: sentences."""

    changes: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Modality:
    """What one modality is before and after. before: None where nobody knows what the scores were made from.

    kept: its scores, `scoring` None and `again` empty where it has none. again: the curves whose values changed.
    """

    name: str
    before: pd.DataFrame | None
    after: pd.DataFrame
    death: bool
    scoring: Scoring | None
    kept: pd.DataFrame
    again: frozenset[Key]

    @property
    def draws(self) -> bool:
        """Whether intervals are drawn at once."""
        return self.scoring is not None and len(self.again) * self.scoring.settings.bootstrap <= MOST_DRAWN

    @property
    def wells(self) -> pd.DataFrame:
        """Those of every drug of which a curve changed."""
        return of_drugs(self.after, {drug for drug, _, _ in self.again})


def no_changes() -> pd.DataFrame:
    """CHANGES without a row."""
    return pd.DataFrame(columns=CHANGES).astype({"before": float, "after": float})


def bring_in_line(connection: duckdb.DuckDBPyConnection, record: ReviewState, modalities: Iterable[str]) -> Rescored:
    """Make scores and verdicts of some modalities follow from a record, within a write."""
    db, screen = Within(connection), record.screen
    layout, newer = wells_of(db, screen), retrained(db, screen)
    there = dict(zip(record.entries, exist(layout, [entry.target for entry in record.entries]), strict=True))
    entries = [entry for entry in record.entries if there[entry]]
    some = [_looked_at(db, record, entries, layout, name, name in newer) for name in modalities]
    parts: list[pd.DataFrame] = []
    notes: list[str] = []
    able: dict[str, frozenset[Key]] = {}
    rows: Rows = defaultdict(list)
    for settings in dict.fromkeys(one.scoring.settings for one in some if one.scoring is not None and one.again):
        mine = [one for one in some if one.scoring is not None and one.again and one.scoring.settings == settings]
        for one, scored in zip(mine, _scored(mine, settings), strict=True):
            parts.append(_keep(rows, record, one, scored))
            able[one.name] = _with_intervals(scored)
    for one in some:
        if one.scoring is not None:
            notes += _keep_scoring(rows, record, one, able.get(one.name, frozenset()))
    _judge(connection, rows, screen, layout, [one for one in some if len(one.after)])
    for table, found in rows.items():
        _put(connection, table, pd.concat(found, ignore_index=True))
    changed = [part for part in parts if len(part)]
    return Rescored(pd.concat(changed, ignore_index=True) if changed else no_changes(), tuple(notes))


def stale_modalities(db: Reads, record: ReviewState) -> tuple[str, ...]:
    """See `review.stale`."""
    newer = retrained(db, record.screen)
    found = []
    for modality in scored_modalities(db, record.screen):
        scoring = scoring_of(db, record.screen, modality)
        same = scoring is not None and scoring.excluded == fingerprint(record.excluded, modality)
        if modality in newer or not same:
            found.append(modality)
    return tuple(found)


def unscored_changes(db: Reads, record: ReviewState, modality: str) -> pd.DataFrame:
    """CHANGES from scores without any exclusion to the stored ones, of the drugs that exclusions touch."""
    screen = record.screen
    scoring = scoring_of(db, screen, modality)
    if scoring is None or not concerning(record.excluded, modality):
        return no_changes()
    layout, readouts, death = (
        wells_of(db, screen),
        all_readouts(db, screen, modality),
        counts_death(db, screen, modality),
    )
    whole = adjusted(layout, readouts, (), modality, death_readout=death)
    moved = differing(whole, adjusted(layout, readouts, record.excluded, modality, death_readout=death))
    if moved.empty:
        return no_changes()
    wells = of_drugs(whole, set(moved["treatment"]))
    without = score_table(wells, scoring.settings, scoring.beside, drawn=frozenset())
    return changed_rows(modality, without.score, db.query(KEPT, [screen, modality]))


def differing(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The drug wells of `after` whose percentage, or the decision that leaves them out, is another than before.

    before, after: `exclusions.adjusted` of the same layout and readouts.
    """
    moved = ~_same(before["percent"], after["percent"]) | (before["entry"].to_numpy() != after["entry"].to_numpy())
    return after[moved & ((after["well_type"] == "therapy") & (after["treatment"] != "")).to_numpy()]


def curves_of(wells: pd.DataFrame) -> frozenset[Key]:
    """drug, addition, replicate of every curve that drug wells belong to."""
    pairs = wells[["treatment", "addon", "replicate"]].drop_duplicates().itertuples(index=False, name=None)
    return frozenset((drug, addon, each) for drug, addon, number in pairs for each in (POOLED, str(number)))


def of_drugs(wells: pd.DataFrame, drugs: set[str]) -> pd.DataFrame:
    """The wells of some drugs, with all their additions and replicates."""
    return wells[(wells["well_type"] == "therapy") & wells["treatment"].isin(drugs)]


def changed_rows(modality: str, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """CHANGES where the score or being a hit differs. before, after: KEY, dss_asym, hit."""
    joined = before[[*KEY, "dss_asym", "hit"]].merge(after[[*KEY, "dss_asym", "hit"]], on=KEY, suffixes=("_b", "_a"))
    told = joined[KEY].assign(
        modality=modality, before=joined["dss_asym_b"].astype(float), after=joined["dss_asym_a"].astype(float),
        hit_before=joined["hit_b"].astype(bool), hit_after=joined["hit_a"].astype(bool),
    )  # fmt: skip
    same = _same(told["before"], told["after"]) & (told["hit_before"] == told["hit_after"]).to_numpy()
    order = ["drug", "addon", "each", "replicate"]  # pooled first
    found = told.assign(each=told["replicate"] != POOLED)[~same].sort_values(order, ignore_index=True)
    return found[CHANGES]


def _same(one: pd.Series, other: pd.Series) -> np.ndarray:
    a, b = one.to_numpy(float), other.to_numpy(float)
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _looked_at(
    db: Reads, record: ReviewState, entries: Sequence[Entry], layout: pd.DataFrame, name: str, newer: bool
) -> _Modality:
    """entries: of the record, but for those about what the screen does not hold. newer: readouts than scores."""
    screen = record.screen
    readouts, death, scoring = (
        all_readouts(db, screen, name),
        counts_death(db, screen, name),
        scoring_of(db, screen, name),
    )
    after = adjusted(layout, readouts, record.excluded, name, death_readout=death)
    then = None if newer else _left_out_then(entries, scoring.excluded if scoring else "", name)
    before = None if then is None else adjusted(layout, readouts, then, name, death_readout=death)
    moved = after[(after["well_type"] == "therapy") & (after["treatment"] != "")]
    if before is not None:
        moved = differing(before, after)
    again = frozenset[Key]() if scoring is None else curves_of(moved)
    return _Modality(name, before, after, death, scoring, db.query(KEPT, [screen, name]), again)


def _left_out_then(entries: Sequence[Entry], excluded: str, modality: str) -> tuple[Entry, ...] | None:
    """The exclusions that have a hash: those of some moment of the record; None where there was no such moment."""
    for end in range(len(entries), -1, -1):
        then = concerning(effective(entries[:end]), modality)
        if fingerprint(then, modality) == excluded:
            return then
    return None


def _scored(some: Sequence[_Modality], settings: ScoreSettings) -> list[Scored]:
    wanted = [
        ToScore(one.wells, one.scoring.beside if one.scoring else None, one.again if one.draws else frozenset())
        for one in some
    ]
    return score_tables(wanted, settings)


def _keep(rows: Rows, record: ReviewState, one: _Modality, scored: Scored) -> pd.DataFrame:
    """Keep what was fitted again; returns CHANGES. Curves that did not change keep the interval that they have."""
    scored = with_reasons(scored, one.wells, record.excluded)
    known = scored.score[KEY].merge(one.kept, on=KEY, how="left")
    old = ~np.array([key in one.again for key in scored.score[KEY].itertuples(index=False, name=None)], bool)
    bounds = {
        name: np.where(old, known[name].to_numpy(float, na_value=np.nan), scored.score[name].to_numpy(float))
        for name in ("dss_lower", "dss_upper")
    }
    # Ids of jobs begin with the time: what was fitted anew to all readouts is newer than the network's run.
    job = new_id("review") if one.before is None else str(one.kept["job_id"].max())
    place = {"screen": record.screen, "modality": one.name, "job_id": job}
    rows["curve"].append(scored.curve.assign(**place))
    rows["score"].append(scored.score.assign(**bounds, **place))
    return changed_rows(one.name, one.kept, scored.score)


def _with_intervals(scored: Scored) -> frozenset[Key]:
    """The curves that an interval can be drawn for; see `curve_bootstrap`."""
    able = scored.curve["loss"].notna() & (scored.score["n_wells"] > scored.curve["n_parameters"].fillna(0))
    return frozenset(scored.curve.loc[able.to_numpy(bool), KEY].itertuples(index=False, name=None))


def _keep_scoring(rows: Rows, record: ReviewState, one: _Modality, able: frozenset[Key]) -> list[str]:
    """Keep how the scores were made; returns sentences on what is left to a scoring job. able: can have intervals."""
    scoring = one.scoring
    assert scoring is not None  # only asked of modalities with scores
    notes = [scoring.note] if scoring.note else []
    open_ = scoring.open - one.again
    if one.again & able and not one.draws:
        open_ |= one.again & able
        notes.append(
            f"Intervals of {len(one.again & able)} scores by {MODALITIES[one.name]} are left to the next scoring job: "
            "drawing so many takes longer than a click."
        )
    row = scoring_row(
        scoring.settings, scoring.references, scoring.screens, fingerprint(record.excluded, one.name), open_
    )
    place = {"screen": record.screen, "modality": one.name, "job_id": str(one.kept["job_id"].max())}
    rows["scoring"].append(pd.DataFrame([{**row, **place}]))
    return notes


def _judge(
    connection: duckdb.DuckDBPyConnection, rows: Rows, screen: str, layout: pd.DataFrame, some: Sequence[_Modality]
) -> None:
    """Judge the plates anew; of a plate of which no well changed, all but its single wells stays as it was judged."""
    moved = [_moved(Within(connection), screen, one) for one in some]
    wanted = [ToJudge(one.after, one.name, one.death, placed) for one, placed in zip(some, moved, strict=True)]
    judged = quality_rows_each(layout, wanted)
    for one, placed, found in zip(some, moved, judged, strict=True):
        kept = sorted(set(one.after["plate"]) - placed) if placed is not None else []
        connection.execute(
            """DELETE FROM quality WHERE screen = ? AND modality = ?
               AND (list_contains(?, measure) OR NOT list_contains(?, plate))""",
            [screen, one.name, list(OF_WELLS), kept],
        )
        rows["quality"].append(found.assign(screen=screen, job_id=new_id("review")))


def _moved(db: Reads, screen: str, one: _Modality) -> set[str] | None:
    """The plates that are judged whole: those of which a well changed; None for all."""
    if one.before is None or _scope(one.before, one.name) != _scope(one.after, one.name):
        return None
    known = db.query(
        "SELECT DISTINCT plate FROM quality WHERE screen = ? AND modality = ? AND measure = 'edge_effect'",
        [screen, one.name],
    )["plate"]
    same = _same(one.before["raw"], one.after["raw"]) & _same(one.before["percent"], one.after["percent"])
    same &= (one.before["left_out"] == one.after["left_out"]).to_numpy()
    return set(one.after.loc[~same, "plate"]) | (set(one.after["plate"]) - set(known))


def _scope(wells: pd.DataFrame, modality: str) -> tuple[frozenset[str], bool, str]:
    """What verdicts on a plate take from the others: which plates count, whether any well holds a drug, and the kind of
    its killed controls.
    """
    counted = wells[~wells["left_out"]]
    drugs = bool((counted["well_type"] == "therapy").any())
    return frozenset(counted["plate"]), drugs, positive_type(counted, modality)


def _put(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    """Rows into a table, in place of those with their key; NaN is NULL, as in what a job brings."""
    connection.register("rows_", pa.Table.from_pandas(rows, preserve_index=False))
    connection.execute(f"INSERT OR REPLACE INTO {table} BY NAME SELECT * FROM rows_")
    connection.unregister("rows_")
