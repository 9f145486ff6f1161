"""What a job brings, beside what the store holds: decisions are taken while jobs work.

Whether its scores still belong there, and verdicts on plates without what the record leaves out.
"""

from hashlib import sha256

import duckdb
import pandas as pd
import pyarrow as pa

from engine.jobs.spec import JobSpec
from engine.spheroid.exclusions import PLACES, all_readouts, applied, concerning, fingerprint
from engine.spheroid.judged import quality_rows
from engine.spheroid.review_hash import frame_bytes
from engine.spheroid.review_records import from_document, read_state, screens_of
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.scoring_records import scoring_of
from engine.spheroid.types import WELL_COLUMNS
from engine.store.reads import Reads, Within

TASK = "score_screen"
LEFT = "Nothing was put into the store"


def data_hash(layout: pd.DataFrame, readouts: pd.DataFrame, death_readout: bool) -> str:
    """SHA-256 of what scores of one modality are made from. layout: WELL_COLUMNS; readouts: PLACES, raw, percent."""
    parts = (frame_bytes(layout, WELL_COLUMNS), frame_bytes(readouts, (*PLACES, "raw", "percent")))
    return sha256(b"".join(sha256(part).digest() for part in parts) + bytes([death_readout])).hexdigest()


def outdated(db: Reads, spec: JobSpec) -> str:
    """Why the scores of a finished scoring job must not replace those in the store, as a sentence; '' where they may.

    They must not where the screen was imported or its network trained again since the job was submitted, or where the
    stored scores follow from decisions that the job did not know. Where no scores follow from them yet, those of the
    job do better than none: `review.stale` names them.
    """
    if spec.task != TASK:
        return ""
    screen, modality = str(spec.params["screen"]), str(spec.params["modality"])
    if db.query("SELECT 1 FROM screen WHERE screen = ?", [screen]).empty:
        return f"{LEFT}: there is no screen {screen} any more."
    told = spec.params.get("data")  # not said by jobs of older versions
    layout, readouts = wells_of(db, screen), all_readouts(db, screen, modality)
    if told and told != data_hash(layout, readouts, counts_death(db, screen, modality)):
        return (
            f"{LEFT}: readouts of {screen} were imported or predicted anew since this job was submitted. Score the "
            "screen again."
        )
    now = fingerprint(read_state(db, screen).excluded, modality)
    if fingerprint([from_document(one) for one in spec.params.get("excluded", [])], modality) == now:
        return ""
    stored = scoring_of(db, screen, modality)
    if stored is None or not stored.known or stored.excluded != now:
        return ""
    return (
        f"{LEFT}: decisions on {screen} were recorded since this job was submitted, and the scores there are follow "
        "from them. Score the screen again if you wanted other settings."
    )


def judge_without_excluded(connection: duckdb.DuckDBPyConnection, spec: JobSpec) -> None:
    """Within the write that lands a job: its verdicts anew, without what the record leaves out of what is there.

    An import or a training knows no decisions: what it brings is judged by every well. A scoring knows them.
    """
    if spec.task == TASK:
        return
    db = Within(connection)
    for screen in screens_of(spec):
        brought = db.query(
            """SELECT DISTINCT modality FROM quality q JOIN screen USING (screen)
               WHERE screen = ? AND q.job_id = ? ORDER BY modality""",
            [screen, spec.id],
        )["modality"]
        excluded = read_state(db, screen).excluded if len(brought) else ()
        for modality in brought:
            if concerning(excluded, modality):
                death = counts_death(db, screen, modality)
                wells = applied(db, screen, modality)
                judged = quality_rows(wells_of(db, screen), wells, modality, death_readout=death)
                connection.execute("DELETE FROM quality WHERE screen = ? AND modality = ?", [screen, modality])
                rows = judged.assign(screen=screen, job_id=spec.id)
                connection.register("rows_", pa.Table.from_pandas(rows, preserve_index=False))
                connection.execute("INSERT INTO quality BY NAME SELECT * FROM rows_")
                connection.unregister("rows_")
