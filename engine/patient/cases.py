"""Patients that a person chose to keep: SQL. Nothing of a patient is stored before somebody asks for it."""

import json
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from engine.errors import InputError
from engine.patient.types import NOT_UNDERSTOOD, USED, BuildVerdict, Case, Genome, Receipt
from engine.store.compact import Gone
from engine.store.database import Database

ID_BYTES = 8  # random, so that an id tells nothing and two cases never share one
LABEL_LENGTH = 100
MISSING = "This case is not in the store: it may have been deleted in another window."


def save_case(db: Database, case: Case) -> Case:
    """Keep a case in the store; returns it with its id.

    Saving again makes another case. made_at is kept in UTC to the microsecond; a time without a zone is taken as UTC.
    Raises InputError for a label that is empty or too long, StoreError when nothing could be written.
    """
    label = case.label.strip()
    if not label:
        raise InputError("Give the case a name before it is saved.")
    if len(label) > LABEL_LENGTH:
        raise InputError(f"The name of a case may have {LABEL_LENGTH} characters: shorten it.")
    made_at = case.made_at.replace(tzinfo=UTC) if case.made_at.tzinfo is None else case.made_at.astimezone(UTC)
    kept = replace(case, label=_clean(label), made_at=made_at, case_id=secrets.token_hex(ID_BYTES))
    with db.write() as connection:
        connection.execute(
            "INSERT INTO patient_case VALUES (?, ?, ?, ?, ?, ?)",
            [
                kept.case_id,
                kept.label,
                kept.cancer_type,
                made_at.replace(tzinfo=None),
                _text(_head(case.receipt)),
                _text(_columns(case.receipt.rows)),
            ],
        )
    return kept


def saved_cases(db: Database) -> pd.DataFrame:
    """Every kept case, newest first: case_id, label, cancer_type, made_at (UTC), format, and rows of its input: rows,
    used, not_understood."""
    counted = ", ".join(
        f"CAST(receipt -> 'counts' ->> '{fate}' AS BIGINT) AS {fate}" for fate in (USED, NOT_UNDERSTOOD)
    )
    return db.query(
        "SELECT case_id, label, cancer_type, made_at, receipt ->> 'format' AS format, CAST(receipt ->> 'total' AS"
        f" BIGINT) AS rows, {counted} FROM patient_case ORDER BY made_at DESC, label, case_id"
    )


def load_case(db: Database, case_id: str) -> Case:
    """A kept case exactly as it was saved, made_at with the zone UTC. Raises InputError when it is not there."""
    found = db.query("FROM patient_case WHERE case_id = ?", [case_id])
    if found.empty:
        raise InputError(MISSING)
    row = found.iloc[0]
    return Case(
        label=row["label"],
        receipt=_receipt(json.loads(row["receipt"]), json.loads(row["receipt_rows"])),
        cancer_type=None if pd.isna(row["cancer_type"]) else row["cancer_type"],
        made_at=_utc(row["made_at"]),
        case_id=case_id,
    )


def delete_case(db: Database, case_id: str) -> None:
    """Delete a case for good: the store is written anew, so that no byte of the case stays in its file.

    It is gone once this returns; where it raises StoreError (a full disk) the case is still whole and still listed.
    Raises InputError when the case is not there.
    """
    if db.query("SELECT 1 FROM patient_case WHERE case_id = ?", [case_id]).empty:
        raise InputError(MISSING)
    db.compact(Gone("patient_case", "case_id", case_id))


def _head(receipt: Receipt) -> dict[str, Any]:
    """Everything of a receipt but its rows."""
    genome = receipt.genome
    return {
        "format": receipt.format,
        "sha256": receipt.sha256,
        "total": receipt.total,
        "counts": receipt.counts,
        "panel": receipt.panel,
        "notes": list(receipt.notes),
        "build": asdict(receipt.build),
        "genome": {
            "keys": list(genome.keys),
            "sequenced": None if genome.sequenced is None else sorted(genome.sequenced),
        },
    }


def _receipt(head: dict[str, Any], rows: dict[str, Any]) -> Receipt:
    genome = head["genome"]
    return Receipt(
        format=head["format"],
        sha256=head["sha256"],
        rows=_frame(rows),
        counts=head["counts"],
        build=BuildVerdict(**head["build"]),
        genome=Genome(tuple(genome["keys"]), None if genome["sequenced"] is None else frozenset(genome["sequenced"])),
        panel=head["panel"],
        notes=tuple(head["notes"]),
    )


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as lists, with the types that JSON would lose; its index is that of a fresh frame."""
    return {
        "dtypes": {name: str(dtype) for name, dtype in frame.dtypes.items()},
        "columns": {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame},
    }


def _frame(stored: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(values, dtype=stored["dtypes"][name]) for name, values in stored["columns"].items()}
    )


def _text(document: dict[str, Any]) -> str:
    return _clean(json.dumps(document, ensure_ascii=False))


def _clean(text: str) -> str:
    """Half a surrogate pair, which a damaged file may bring, cannot be stored as UTF-8; it becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _utc(time: pd.Timestamp) -> datetime:
    return time.to_pydatetime().replace(tzinfo=UTC)
