"""What a sign-off is about, as one hash: layout, readouts, networks, how scores were made, and decisions."""

import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import JobError
from engine.jobs.files import hash_file
from engine.jobs.queue import job_folder
from engine.spheroid.review_records import canonical, read_state
from engine.spheroid.review_types import Entry
from engine.spheroid.score_records import wells_of
from engine.spheroid.scoring_records import documents
from engine.spheroid.train_records import NETWORK_FILE
from engine.spheroid.types import WELL_COLUMNS
from engine.store.reads import Reads

READOUT_COLUMNS = ("modality", "plate", "row", "column", "raw", "percent")
GONE = "gone"  # hash of a network whose job folder was deleted


def state_hash(db: Reads, screen: str) -> str:
    """SHA-256 of a screen as it stands: layout, readouts of all modalities, networks with the hash of their weights,
    how each modality was scored, and every decision; of a signed-off screen those before its sign-off.

    Raises InputError naming the screens there are.
    """
    record = read_state(db, screen)
    entries = record.entries
    if record.signed is not None:
        entries = tuple(entry for entry in entries if entry.entry < record.signed.entry)
    return combined(
        frame_bytes(wells_of(db, screen), WELL_COLUMNS),
        frame_bytes(readouts_of_all(db, screen), READOUT_COLUMNS),
        models_of(db, screen),
        documents(db, screen),
        entries,
    )


def combined(
    layout: bytes,
    readouts: bytes,
    models: Sequence[Mapping[str, Any]],
    scoring: Sequence[Mapping[str, Any]],
    entries: Sequence[Entry],
) -> str:
    """The hash of its parts. models: run_id, sha256. scoring: of `scoring_records.documents`."""
    said = {
        "layout": sha256(layout).hexdigest(),
        "readouts": sha256(readouts).hexdigest(),
        "models": [[model["run_id"], model["sha256"]] for model in models],
        "scoring": [[row[name] for name in ("modality", "settings", "reference", "excluded")] for row in scoring],
        "decisions": [entry.hash for entry in entries],
    }
    return sha256(canonical(said)).hexdigest()


def frame_bytes(frame: pd.DataFrame, columns: Sequence[str]) -> bytes:
    """Bytes that depend on the values of a table alone: not on the order of rows, on types of columns or on files.

    Numbers as 64-bit floats, little-endian, with one NaN; texts with their lengths, missing ones as empty.
    """
    ordered = pd.DataFrame({name: _plain(frame[name]) for name in columns})
    ordered = ordered.sort_values([name for name in columns if name in ("modality", "plate", "row", "column")])
    parts = [struct.pack("<QQ", len(ordered), len(columns))]
    for name in columns:
        values = ordered[name]
        parts.append(_text(name))
        if values.dtype == float:
            parts.append(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
        else:
            parts += [_text(value) for value in values]
    return b"".join(parts)


def readouts_of_all(db: Reads, screen: str) -> pd.DataFrame:
    """READOUT_COLUMNS of a screen as imported or predicted."""
    return db.query(
        """SELECT modality, plate, "row", "column", raw, percent FROM readout WHERE screen = ?
           ORDER BY modality, plate, "row", "column" """,
        [screen],
    )


def models_of(db: Reads, screen: str) -> list[dict[str, str]]:
    """modality, run_id and sha256 of the network behind each modality of images; GONE where it is not kept."""
    found = db.query(
        "SELECT DISTINCT modality, run_id FROM readout WHERE screen = ? AND run_id IS NOT NULL ORDER BY 1, 2", [screen]
    )
    return [
        {"modality": str(modality), "run_id": str(run), "sha256": network_hash(str(run))}
        for modality, run in found.itertuples(index=False)
    ]


def network_hash(run_id: str) -> str:
    """SHA-256 of the file of a run's network; GONE where there is none."""
    try:
        return hash_file(job_folder(run_id) / "results" / NETWORK_FILE)[0]
    except (JobError, OSError):
        return GONE


def _plain(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values):
        return pd.Series(values.to_numpy(float, na_value=np.nan), index=values.index)
    return values.astype(object).where(values.notna(), "").astype(str)


def _text(value: str) -> bytes:
    said = value.encode()
    return struct.pack("<Q", len(said)) + said
