"""A review bundle computed again from layout, raw readouts and decisions, and compared with its scores bit by bit."""

import io
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
from engine.jobs.spec import versions
from engine.spheroid.bundle import FORMAT, MANIFEST, MEMBERS
from engine.spheroid.exclusions import adjusted, fingerprint, with_reasons
from engine.spheroid.review_hash import GONE, READOUT_COLUMNS, combined, frame_bytes
from engine.spheroid.review_records import broken_chain, from_document, state_of
from engine.spheroid.review_types import Entry
from engine.spheroid.scoring import KEY, score_table
from engine.spheroid.scoring_records import Key, from_row
from engine.spheroid.settings import MODALITIES
from engine.spheroid.types import WELL_COLUMNS

MOST_BYTES = 500_000_000  # of an archive, and of what it unpacks to: a screen of 100 plates has a tenth
BOUNDS = ("dss_lower", "dss_upper")
MOST_ROWS = 2_000_000  # of a table
MOST_VALUES = 50_000_000  # of all its columns, each number of a list counted
# What reading somebody's file may raise, and no error of this program: nested too deep, not known to Arrow, infinite.
DAMAGED = (
    LookupError, TypeError, ValueError, AttributeError, OSError, ArithmeticError, RuntimeError, MemoryError,
    pa.ArrowException,
)  # fmt: skip
MOST_BOOTSTRAP = 10_000  # resamples: more would be somebody's joke
MOST_SHOWN = 10


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
    record = state_of(screen, entries, layout)
    made = json.loads(contents["scoring.json"])
    if strange := [
        name
        for name, times in Counter(str(told["modality"]) for told in made).items()
        if times > 1 or name not in MODALITIES
    ]:
        raise ValueError(f"scores by {strange[0]!r}")
    wrong = _wrong(screen, manifest, layout, readouts, made, entries)
    notes = [*record.orphans, *(str(told["note"]) for told in made if told["note"]), *_other_versions(manifest)]
    found: list[Difference] = []
    numbers = open_ = 0
    for told in made:
        modality = str(told["modality"])
        scoring = from_row(json.dumps(told["settings"]), json.dumps(told["reference"]), str(told["excluded"]))
        if scoring.settings.bootstrap > MOST_BOOTSTRAP:
            raise ValueError(f"{scoring.settings.bootstrap:,} resamples")
        if fingerprint(record.excluded, modality) != scoring.excluded:
            wrong.append(f"The scores by {modality} do not leave out what the decisions say: they were out of date.")
        own = readouts[readouts["modality"] == modality]
        wells = adjusted(layout, own, record.excluded, modality, death_readout=bool(told["death_readout"]))
        scored = with_reasons(score_table(wells, scoring.settings, scoring.beside), wells, record.excluded)
        open_ += len(scoring.open)
        for stored, computed in ((scores, scored.score), (curves, scored.curve)):
            mine = stored[stored["modality"] == modality].drop(columns="modality")
            count, differences = compared(modality, mine, computed, scoring.open)
            numbers += count
            found += differences
    if lost := sorted(set(scores["modality"]) - {str(told["modality"]) for told in made}):
        wrong.append(f"Nothing says how the scores by {', '.join(lost)} were made.")
    return BundleResult(
        screen, tuple(str(told["modality"]) for told in made), len(scores), numbers, len(found),
        tuple(found[:MOST_SHOWN]), tuple(wrong), open_, tuple(notes), manifest,
    )  # fmt: skip


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


def _wrong(
    screen: str,
    manifest: Mapping[str, Any],
    layout: pd.DataFrame,
    readouts: pd.DataFrame,
    made: Sequence[Mapping[str, Any]],
    entries: Sequence[Entry],
) -> list[str]:
    """What must not be: a record changed by hand, a sign-off of something else than what the bundle holds."""
    broken = broken_chain(screen, entries, ["", *(entry.hash for entry in entries[:-1])][: len(entries)])
    found = [broken] if broken else []
    signed = state_of(screen, entries, layout).signed
    decided = [entry for entry in entries if signed is None or entry.entry < signed.entry]
    parts = frame_bytes(layout, WELL_COLUMNS), frame_bytes(readouts, READOUT_COLUMNS)
    state = combined(*parts, manifest["models"], made, decided)
    if signed is not None and signed.state_hash != state:
        gone = " (a network is not kept any more)" if any(m["sha256"] == GONE for m in manifest["models"]) else ""
        found.append(
            f"{screen} was signed off by {signed.reviewer} with other data, networks, scoring or decisions{gone}."
        )
    elif state != manifest["state_hash"]:
        found.append("Data, networks, scoring and decisions do not have the hash that the manifest says.")
    return found


def _other_versions(manifest: Mapping[str, Any]) -> list[str]:
    here = versions()
    other = [
        f"{name} {told}, here {here[name]}"
        for name, told in dict(manifest["versions"]).items()
        if name in ("numpy", "tumorcast") and here.get(name) != told
    ]
    return [f"The bundle was written with {'; '.join(other)}: last digits may differ for that."] if other else []
