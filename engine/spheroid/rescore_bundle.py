"""A review bundle computed again from layout, raw readouts and decisions, and compared with its scores bit by bit."""

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.files.unzip import safe_unzip
from engine.spheroid.bundle import FORMAT, MANIFEST, MEMBERS
from engine.spheroid.recompute import (
    Difference,
    Held,
    other_than_signed,
    other_versions,
    recomputed,
    state_hash_of,
)
from engine.spheroid.review_records import broken_chain, from_document, state_of

MOST_BYTES = 500_000_000  # of an archive, and of what it unpacks to: a screen of 100 plates has a tenth
MOST_ROWS = 2_000_000  # of a table
MOST_VALUES = 50_000_000  # of all its columns, each number of a list counted
# What reading somebody's file may raise, and no error of this program: nested too deep, not known to Arrow, infinite.
DAMAGED = (
    LookupError, TypeError, ValueError, AttributeError, OSError, ArithmeticError, RuntimeError, MemoryError,
    pa.ArrowException,
)  # fmt: skip
MOST_SHOWN = 10


@dataclass(frozen=True)
class BundleResult:
    """A bundle computed again.

    scores, numbers: rows of scores, and numbers of scores and curves, that were compared. differences: the first of
    `n_differences`. wrong: sentences on what must not be, such as a record that was changed by hand. open: scores whose
    interval is left to a later scoring, and was not compared. notes: sentences that explain.
    """

    screen: str
    modalities: tuple[str, ...]
    scores: int
    numbers: int
    n_differences: int
    differences: tuple[Difference, ...]
    wrong: tuple[str, ...]
    open: int
    notes: tuple[str, ...]
    manifest: Mapping[str, Any]

    @property
    def same(self) -> bool:
        """Whether everything is as the bundle says, to the last digit."""
        return self.n_differences == 0 and not self.wrong


def rescore_bundle(path: Path) -> BundleResult:
    """Compute every score of a bundle again and compare; see `bundle.write_bundle`.

    Raises InputError for a file that is no bundle, is damaged, was changed, lacks a member, or is of a newer format.
    """
    path = Path(path)
    contents, manifest = _opened(path)
    try:
        return _compared(contents, manifest)
    except DAMAGED as error:
        raise InputError(f"{path.name} does not hold what a review bundle holds ({error}): write it again.") from error


def _opened(path: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The members, each with the hash that the manifest says."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} has {path.stat().st_size / 1e6:,.0f} MB: no review bundle is that large.")
    with tempfile.TemporaryDirectory() as folder:
        files = safe_unzip(path, Path(folder), MOST_BYTES)
        names = {str(file.relative_to(folder)): file for file in files}
        if MANIFEST not in names:
            raise InputError(f"{path.name} holds no {MANIFEST}: it is no review bundle.")
        contents = {name: file.read_bytes() for name, file in names.items()}
    try:
        manifest = json.loads(contents[MANIFEST])
        told, form = dict(manifest["members"]), int(manifest["format"])
    except DAMAGED as error:
        raise InputError(f"{path.name}: {MANIFEST} is damaged ({error}): write the bundle again.") from error
    if form > FORMAT:
        raise InputError(
            f"{path.name} has format {form}, written by a newer Tumorcast; this one knows up to {FORMAT}. Update it."
        )
    for name in MEMBERS:
        if name not in contents or name not in told:
            raise InputError(f"{path.name} lacks {name}: write the bundle again.")
        if sha256(contents[name]).hexdigest() != told[name]:
            raise InputError(f"{path.name}: {name} is not what the manifest says: it was changed after it was written.")
    if more := sorted(set(contents) - set(MEMBERS) - {MANIFEST}):
        raise InputError(f"{path.name} holds {', '.join(more[:3])}, which no review bundle holds.")
    return contents, manifest


def _compared(contents: Mapping[str, bytes], manifest: Mapping[str, Any]) -> BundleResult:
    screen = str(manifest["screen"]["screen"])
    layout, readouts, scores, curves = (
        _table(contents[f"{name}.parquet"]) for name in ("layout", "readouts", "scores", "curves")
    )
    entries = tuple(from_document(told) for told in json.loads(contents["decisions.json"]))
    broken = broken_chain(screen, entries, ["", *(entry.hash for entry in entries[:-1])][: len(entries)])
    held = Held(
        layout, readouts, scores, curves, json.loads(contents["scoring.json"]), manifest["models"],
        state_of(screen, entries, layout, broken),
    )  # fmt: skip
    found = recomputed(held)
    seal = other_than_signed(held)
    if not seal and state_hash_of(held) != manifest["state_hash"]:
        seal = "Data, networks, scoring and decisions do not have the hash that the manifest says."
    notes = [*held.record.orphans, *(str(told["note"]) for told in held.scoring if told["note"])]
    if other := other_versions(dict(manifest["versions"])):
        notes.append(f"The bundle was written with {other}: last digits may differ for that.")
    return BundleResult(
        screen, found.modalities, found.scores, found.numbers, len(found.differences),
        found.differences[:MOST_SHOWN], tuple(told for told in (broken, seal, *found.wrong) if told), found.open,
        tuple(notes), manifest,
    )  # fmt: skip


def _table(content: bytes) -> pd.DataFrame:
    """A member as a table. Raises ValueError for one that is far larger than any screen's, or holds other things."""
    about = pq.ParquetFile(io.BytesIO(content))
    schema, groups = about.schema_arrow, [about.metadata.row_group(n) for n in range(about.metadata.num_row_groups)]
    for field in schema:
        of = field.type.value_type if pa.types.is_list(field.type) else field.type
        number = pa.types.is_floating(of) or pa.types.is_integer(of) or pa.types.is_boolean(of)
        if not (number or pa.types.is_null(of) or (of is field.type and _is_text(of))):
            raise ValueError(f"{field.name!r} holds {field.type}")
    values = sum(group.column(n).num_values for group in groups for n in range(group.num_columns))
    size = sum(group.total_byte_size for group in groups)
    if about.metadata.num_rows > MOST_ROWS or values > MOST_VALUES or size > MOST_BYTES:
        raise ValueError(f"a table of {about.metadata.num_rows:,} rows and {values:,} values")
    # Texts stay coded until their length is known: a long one, kept once, may stand in every row.
    texts = [field.name for field in schema if _is_text(field.type)]
    coded = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts).read()
    if sum(_letters(coded[name]) for name in texts) > MOST_BYTES:
        raise ValueError(f"texts of more than {MOST_BYTES / 1e6:,.0f} MB")
    return coded.cast(schema).to_pandas()


def _is_text(of: pa.DataType) -> bool:
    return bool(pa.types.is_string(of) or pa.types.is_large_string(of))


def _letters(column: pa.ChunkedArray) -> int:
    """Bytes that a coded column of texts has when it is written out."""
    lengths = (np.asarray(pc.binary_length(chunk.dictionary).fill_null(0)) for chunk in column.chunks)
    each = ((own, chunk.indices.drop_null()) for own, chunk in zip(lengths, column.chunks, strict=True))
    return sum(int(own[np.asarray(at)].sum()) for own, at in each if len(at))
