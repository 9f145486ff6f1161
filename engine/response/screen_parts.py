"""The parts that a screen's results are made of: written whole or not at all, checked when all are there."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import JobError
from engine.jobs.context import JobContext, peak_memory_mib

if TYPE_CHECKING:
    from engine.response.screen_model import Chunk

TABLE = "library_prediction"
NAMED = 5  # parts named in an error


class Parts(NamedTuple):
    """What all parts say together. seconds: of work; outside: molecules flagged as extrapolation, or None."""

    molecules: int
    seconds: float
    peak_memory_mib: float
    outside: int | None


def part_file(job: JobContext, chunk: int) -> Path:
    """Where the predictions of a chunk lie once they are complete."""
    return job.results / TABLE / f"part-{chunk:05d}.parquet"


def write_part(job: JobContext, chunk: int, molecule_ids: pd.Series, found: "Chunk", seconds: float) -> None:
    """Put the predictions of a chunk in place in one step. Raises JobError where the disk does not take them."""
    n = len(molecule_ids)
    nothing = pa.nulls(n)
    domain = found.domain
    columns = {
        "screen_id": pa.array([job.spec.id] * n),
        "molecule_id": pa.array(molecule_ids.tolist(), pa.string()),
        "mean": _lists(found.mean),
        "spread": _lists(found.spread),
        "nearest_drug_id": nothing.cast(pa.int64()) if domain is None else pa.array(domain["nearest_drug"], pa.int64()),
        "similarity": nothing.cast(pa.float64()) if domain is None else pa.array(domain["drug_similarity"]),
        "inside": nothing.cast(pa.bool_()) if domain is None else pa.array(domain["drug_inside"], pa.bool_()),
    }
    told = {"seconds": repr(seconds), "peak_memory_mib": repr(peak_memory_mib())}
    content = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(told), content, use_dictionary=["screen_id"])
    target = part_file(job, chunk)
    half = target.with_name(f".{target.name}.{os.getpid()}.half")
    try:
        target.parent.mkdir(exist_ok=True)
        half.write_bytes(content.getbuffer())
        half.replace(target)
    except OSError as error:
        raise JobError(
            f"The predictions of chunk {chunk + 1} could not be written ({error.strerror or error}). "
            "Chunks that were written before are kept: free some space, then resume."
        ) from error
    finally:
        half.unlink(missing_ok=True)


def reference_file(job: JobContext) -> Path:
    """Where the predictions of the drugs that the run was trained on lie once they are complete."""
    return job.results / "reference.npy"


def write_reference(job: JobContext, mean: np.ndarray) -> None:
    """Put (r, l) predictions of the run's drugs in place in one step.

    Raises JobError where the disk does not take them.
    """
    target = reference_file(job)
    half = target.with_name(f".{target.name}.{os.getpid()}.half")
    content = io.BytesIO()
    np.save(content, mean, allow_pickle=False)
    try:
        half.write_bytes(content.getbuffer())
        half.replace(target)
    except OSError as error:
        raise JobError(
            f"The predictions of the run's own drugs could not be written ({error.strerror or error}). Free some "
            "space, then resume."
        ) from error
    finally:
        half.unlink(missing_ok=True)


def read_reference(job: JobContext) -> list[list[float]] | None:
    """As `write_reference` left them; None where there are none."""
    file = reference_file(job)
    if not file.exists():
        return None
    told: list[list[float]] = np.load(file, allow_pickle=False).tolist()
    return told


def check_parts(job: JobContext) -> Parts:
    """All parts against the molecules that the job came with.

    Raises JobError naming parts that are missing or damaged; damaged ones are removed, so that resuming computes them.
    """
    molecules = pq.ParquetFile(job.input("molecules.parquet")).metadata
    seconds, memory, outside, lost = 0.0, 0.0, 0, []
    unknown = False
    for chunk in range(molecules.num_row_groups):
        file = part_file(job, chunk)
        try:
            part = pq.ParquetFile(file)
            told = part.schema_arrow.metadata
            if part.metadata.num_rows != molecules.row_group(chunk).num_rows:
                raise ValueError("another number of rows")
            inside = part.read(columns=["inside"])["inside"]
            seconds += float(told[b"seconds"])
            memory = max(memory, float(told[b"peak_memory_mib"]))
        except (OSError, ValueError, KeyError, TypeError):  # ArrowInvalid is a ValueError
            file.unlink(missing_ok=True)
            lost.append(chunk + 1)
            continue
        unknown = unknown or inside.null_count > 0
        outside += len(inside) - inside.null_count - int(np.sum(inside.drop_null().to_numpy()))
    for half in (job.results / TABLE).glob(".*.half"):  # of workers that were killed
        half.unlink()
    if lost:
        named = ", ".join(map(str, lost[:NAMED])) + (" ..." if len(lost) > NAMED else "")
        raise JobError(
            f"{len(lost):,} of {molecules.num_row_groups:,} chunks of the screen are missing ({named}): resume the job "
            "to predict them."
        )
    return Parts(molecules.num_rows, seconds, memory, None if unknown else outside)


@contextmanager
def molecule_writer(file: Path, columns: tuple[str, ...]) -> Iterator[Callable[[pd.DataFrame, int], None]]:
    """Gives a function that appends the rows of a frame of texts as row groups of that many rows."""
    schema = pa.schema([(column, pa.string()) for column in columns])
    with pq.ParquetWriter(file, schema) as writer:

        def write(frame: pd.DataFrame, rows: int) -> None:
            writer.write_table(pa.Table.from_pandas(frame[list(columns)], schema, preserve_index=False), rows)

        yield write


def _lists(values: np.ndarray) -> pa.Array:
    """(c, l) numbers as c lists of l."""
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.astype(np.float32).ravel()))
