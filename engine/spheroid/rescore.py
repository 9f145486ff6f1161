"""Scores that follow from a record: after a decision only the drugs whose values changed are fitted again.

Every curve is fitted, and its interval drawn, without regard to the others: fitting some gives the same numbers, to the
last digit, as fitting all.
"""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from engine.jobs.spec import new_id
from engine.spheroid.exclusions import adjusted, all_readouts, concerning, fingerprint, with_reasons
from engine.spheroid.judged import quality_rows
from engine.spheroid.review_records import effective, exist
from engine.spheroid.review_types import Entry, ReviewState
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.scoring import KEY, POOLED, Scored, score_table
from engine.spheroid.scoring_records import Scoring, retrained, scored_modalities, scoring_of, scoring_row
from engine.spheroid.settings import MODALITIES
from engine.store.reads import Reads, Within

CHANGES = ["modality", "drug", "addon", "replicate", "before", "after", "hit_before", "hit_after"]
MOST_DRAWN = 4_000  # fits for intervals of one modality in one decision: a second
QUIET = {"bootstrap": 0}


class Rescored(NamedTuple):
    """changes: columns CHANGES, scores that are no longer what they were. notes: sentences."""

    changes: pd.DataFrame
    notes: tuple[str, ...] = ()


def no_changes() -> pd.DataFrame:
    """CHANGES without a row."""
    return pd.DataFrame(columns=CHANGES).astype({"before": float, "after": float})


def rescore_modality(connection: duckdb.DuckDBPyConnection, record: ReviewState, modality: str) -> Rescored:
    """Bring scores and verdicts of one modality in line with a record, within a write."""
    db, screen = Within(connection), record.screen
    layout, readouts = wells_of(db, screen), all_readouts(db, screen, modality)
    if readouts.empty:
        return Rescored(no_changes())
    death = counts_death(db, screen, modality)
    scoring = scoring_of(db, screen, modality)
    after = adjusted(layout, readouts, record.excluded, modality, death_readout=death)
    found = Rescored(no_changes())
    if scoring is not None:
        once = None if modality in retrained(db, screen) else _left_out_then(record, scoring.excluded, modality, layout)
        before = None if once is None else adjusted(layout, readouts, once, modality, death_readout=death)
        found = _rescore(connection, record, modality, scoring, before, after)
    _judge(connection, screen, modality, layout, after, death)
    return found


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


def differing(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The drug wells of `after` whose percentage, or the decision that leaves them out, is another than before.

    before, after: `exclusions.adjusted` of the same layout and readouts.
    """
    one, other = (frame["percent"].to_numpy(float) for frame in (before, after))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    same &= before["entry"].to_numpy() == after["entry"].to_numpy()
    return after[~same & ((after["well_type"] == "therapy") & (after["treatment"] != "")).to_numpy()]


def curves_of(wells: pd.DataFrame) -> set[tuple[str, str, str]]:
    """drug, addition, replicate of every curve that drug wells belong to."""
    pairs = wells[["treatment", "addon", "replicate"]].drop_duplicates().itertuples(index=False, name=None)
    return {(drug, addon, each) for drug, addon, number in pairs for each in (POOLED, str(number))}


def of_drugs(wells: pd.DataFrame, drugs: Sequence[str]) -> pd.DataFrame:
    """The wells of some drugs, with all their additions and replicates."""
    return wells[(wells["well_type"] == "therapy") & wells["treatment"].isin(drugs)]


def changed_rows(modality: str, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """CHANGES where the score or being a hit differs. before, after: KEY, dss_asym, hit."""
    joined = before[[*KEY, "dss_asym", "hit"]].merge(after[[*KEY, "dss_asym", "hit"]], on=KEY, suffixes=("_b", "_a"))
    one, other = (joined[name].to_numpy(float, na_value=np.nan) for name in ("dss_asym_b", "dss_asym_a"))
    same = ((one == other) | (np.isnan(one) & np.isnan(other))) & (joined["hit_b"] == joined["hit_a"]).to_numpy()
    told = joined[KEY].assign(
        modality=modality, before=one, after=other, hit_before=joined["hit_b"].astype(bool),
        hit_after=joined["hit_a"].astype(bool),
    )  # fmt: skip
    return told.loc[~same, CHANGES].reset_index(drop=True)


def _left_out_then(record: ReviewState, excluded: str, modality: str, layout: pd.DataFrame) -> tuple[Entry, ...] | None:
    """The exclusions that have a hash: those of some moment of the record; None where there was no such moment."""
    for end in range(len(record.entries), -1, -1):
        standing = effective(record.entries[:end])
        there = exist(layout, [entry.target for entry in standing])
        then = [entry for entry, found in zip(standing, there, strict=True) if found]
        if fingerprint(then, modality) == excluded:
            return concerning(then, modality)
    return None


def _rescore(
    connection: duckdb.DuckDBPyConnection,
    record: ReviewState,
    modality: str,
    scoring: Scoring,
    before: pd.DataFrame | None,
    after: pd.DataFrame,
) -> Rescored:
    screen = record.screen
    kept = Within(connection).query(
        """SELECT drug, addon, replicate, dss_asym, hit, dss_lower, dss_upper, job_id FROM score
           WHERE screen = ? AND modality = ?""",
        [screen, modality],
    )
    moved = of_drugs(after, list(after["treatment"].unique())) if before is None else differing(before, after)
    again, notes = curves_of(moved), (scoring.note,) if scoring.note else ()
    still_open = set(scoring.open)
    changes = no_changes()
    if again:
        settings = scoring.settings
        draws = len(again) * settings.bootstrap <= MOST_DRAWN
        wells = of_drugs(after, list(moved["treatment"].unique()))
        scored = score_table(wells, settings, scoring.beside, drawn=again if draws else set())
        scored = _with_known_intervals(with_reasons(scored, after, record.excluded), kept, again)
        able = set(scored.score.loc[scored.score["dss_asym"].notna(), KEY].itertuples(index=False, name=None))
        still_open = (still_open - again) | (set() if draws or not settings.bootstrap else again & able)
        changes = changed_rows(modality, kept, scored.score)
        # Ids of jobs begin with the time: what was fitted anew to all readouts is newer than the network's run.
        job = new_id("review") if before is None else str(kept["job_id"].max())
        place = {"screen": screen, "modality": modality, "job_id": job}
        _put(connection, "curve", scored.curve.assign(**place))
        _put(connection, "score", scored.score.assign(**place))
        if settings.bootstrap and not draws:
            notes += (
                f"Intervals of {len(again & able)} scores by {MODALITIES[modality]} are left to the next scoring job: "
                "drawing so many takes longer than a click.",
            )
    row = scoring_row(
        scoring.settings, scoring.references, scoring.screens, fingerprint(record.excluded, modality), still_open
    )
    place = {"screen": screen, "modality": modality, "job_id": str(kept["job_id"].max())}
    _put(connection, "scoring", pd.DataFrame([{**row, **place}]))
    return Rescored(changes, notes)


def _with_known_intervals(scored: Scored, kept: pd.DataFrame, again: set[tuple[str, str, str]]) -> Scored:
    """Curves that did not change keep the interval that they have."""
    known = scored.score[KEY].merge(kept, on=KEY, how="left")
    old = ~np.array([key in again for key in scored.score[KEY].itertuples(index=False, name=None)], bool)
    for name in ("dss_lower", "dss_upper"):
        values = np.where(old, known[name].to_numpy(float, na_value=np.nan), scored.score[name].to_numpy(float))
        scored = scored._replace(score=scored.score.assign(**{name: values}))
    return scored


def _judge(
    connection: duckdb.DuckDBPyConnection,
    screen: str,
    modality: str,
    layout: pd.DataFrame,
    after: pd.DataFrame,
    death: bool,
) -> None:
    judged = quality_rows(layout, after, modality, death_readout=death)
    connection.execute("DELETE FROM quality WHERE screen = ? AND modality = ?", [screen, modality])
    _put(connection, "quality", judged.assign(screen=screen, job_id=new_id("review")))


def _put(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    """Rows into a table, in place of those with their key; NaN is NULL, as in what a job brings."""
    connection.register("rows_", pa.Table.from_pandas(rows, preserve_index=False))
    connection.execute(f"INSERT OR REPLACE INTO {table} BY NAME SELECT * FROM rows_")
    connection.unregister("rows_")


def unscored_changes(db: Reads, record: ReviewState, modality: str) -> pd.DataFrame:
    """CHANGES from scores without any exclusion to the stored ones, of the drugs that exclusions touch."""
    screen = record.screen
    scoring = scoring_of(db, screen, modality)
    if scoring is None or not concerning(record.excluded, modality):
        return no_changes()
    layout, readouts = wells_of(db, screen), all_readouts(db, screen, modality)
    death = counts_death(db, screen, modality)
    whole = adjusted(layout, readouts, (), modality, death_readout=death)
    moved = differing(whole, adjusted(layout, readouts, record.excluded, modality, death_readout=death))
    if moved.empty:
        return no_changes()
    without = score_table(
        of_drugs(whole, list(moved["treatment"].unique())), scoring.settings, scoring.beside, drawn=set()
    )
    kept = db.query(
        "SELECT drug, addon, replicate, dss_asym, hit FROM score WHERE screen = ? AND modality = ?", [screen, modality]
    )
    return changed_rows(modality, without.score, kept)
