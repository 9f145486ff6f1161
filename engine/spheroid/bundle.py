"""A review as one file: layout, raw readouts, decisions, how scores were made, and the scores, each with its hash.

What stands in it is enough to compute every score again (`rescore_bundle.py`): no store, no images, no network.
"""

import io
import json
import os
import shlex
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.jobs.files import finite
from engine.jobs.spec import now, versions
from engine.spheroid.recompute import Held, state_hash_of
from engine.spheroid.review_hash import models_of, readouts_of_all
from engine.spheroid.review_records import as_document, read_state
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.scoring_records import documents, scored_modalities
from engine.store.reads import Reads

FORMAT = 1
MANIFEST = "manifest.json"
MEMBERS = (
    "layout.parquet", "readouts.parquet", "decisions.json", "scoring.json", "scores.parquet", "curves.parquet",
    "README.txt",
)  # fmt: skip
EPOCH = (1980, 1, 1, 0, 0, 0)  # times within an archive, so that the same review gives the same bytes
README = """Review bundle of the screen {screen}{simulated}

manifest.json     format, facts of the screen, versions, networks, sign-off, SHA-256 of every other file
layout.parquet    what is in every well
readouts.parquet  every readout of every well as imported or predicted: raw, and viability in percent by all controls
decisions.json    every decision with name, time (UTC) and reason, each with the hash of the one before
scoring.json      how scores were made by each readout: settings, scores of reference samples, exclusions left out
scores.parquet    the scores, curves.parquet the fitted curves, as the store holds them

Compute every score again and compare it to the last digit, in the folder of Tumorcast, with the path of this file:

    python -m engine rescore {file}

It ends with 0 where every score is the same, and names what differs where one is not.

Research use only.
"""


def write_bundle(db: Reads, screen: str, path: Path) -> Path:
    """Write a screen's review as a zip archive; a file of that name is replaced. Returns the path.

    Raises InputError for an unknown screen, one that is not scored, and a folder that is not there.
    """
    path = Path(path)
    held = held_of(db, screen)
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to write {path.name} into.")
    about = db.query("SELECT * EXCLUDE (source_id) FROM screen WHERE screen = ?", [screen]).to_dict("records")[0]
    simulated = ", simulated data" if about["simulated"] else ""
    members = {
        "layout.parquet": parquet(held.layout),
        "readouts.parquet": parquet(held.readouts),
        "decisions.json": as_json([as_document(entry) for entry in held.record.entries]),
        "scoring.json": as_json(held.scoring),
        "scores.parquet": parquet(held.scores),
        "curves.parquet": parquet(held.curves),
        "README.txt": README.format(screen=screen, simulated=simulated, file=shlex.quote(path.name)).encode(),
    }
    record, signed = held.record, held.record.signed
    manifest = {
        "format": FORMAT,
        "screen": {str(name): _plain(value) for name, value in about.items()},
        "written_at": now(),
        "versions": versions(),
        "models": [{**model, **_model(db, str(model["run_id"]))} for model in held.models],
        "status": record.status,
        "sign_off": as_document(signed) if signed else None,
        "state_hash": state_hash_of(held),
        "broken": record.broken,
        "orphans": list(record.orphans),
        "members": {name: sha256(content).hexdigest() for name, content in members.items()},
    }
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {MANIFEST: as_json(manifest), **members}.items():
                archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def held_of(db: Reads, screen: str) -> Held:
    """What the store holds of a scored screen. Raises InputError for an unknown screen, or one that is not scored."""
    record = read_state(db, screen)
    if not scored_modalities(db, screen):
        raise InputError(f"{screen} is not scored yet: score it first.")
    scoring = [told | {"death_readout": counts_death(db, screen, told["modality"])} for told in documents(db, screen)]
    return Held(
        wells_of(db, screen), readouts_of_all(db, screen), _table(db, screen, "score"), _table(db, screen, "curve"),
        scoring, models_of(db, screen), record,
    )  # fmt: skip


def parquet(frame: pd.DataFrame) -> bytes:
    """A table as the bytes of a Parquet file; NaN is NULL."""
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), written)
    return written.getvalue()


def as_json(content: Any) -> bytes:
    """JSON as a person reads it."""
    return (json.dumps(finite(content), indent=1, ensure_ascii=False) + "\n").encode()


def _table(db: Reads, screen: str, table: str) -> pd.DataFrame:
    return db.query(
        f"""SELECT * EXCLUDE (screen, job_id) FROM {table} WHERE screen = ?
            ORDER BY modality, drug, addon, replicate <> 'pooled', replicate""",
        [screen],
    )


def _model(db: Reads, run_id: str) -> dict[str, Any]:
    """Backbone, preset and everything else that the run's row says of its settings; empty where the run is gone."""
    found = db.query("SELECT config FROM run WHERE run_id = ?", [run_id])["config"]
    config = json.loads(found.iloc[0]) if len(found) else {}
    return {"backbone": config.get("backbone", ""), "preset": config.get("preset", ""), "config": config}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return value.item() if hasattr(value, "item") else value
