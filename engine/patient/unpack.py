"""The bytes of a patient's file: unpacked in memory, within limits, as lines of text or as a workbook.

Nothing is written to disk, and no message repeats what stands in the file.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from engine.errors import InputError
from engine.files.raw_file import Wanted, beginning, refuse_other_files, text_encoding

FILE_BYTES = 200_000_000  # of a file as given; a plain VCF of 100,000 annotated rows has about 100 MB
UNPACKED_BYTES = 1_000_000_000  # streamed, never held; also what the sheets of a workbook may unpack to
WORKBOOK_TEXT_BYTES = 100_000_000  # of a workbook's shared texts, which are held
LINE_CHARACTERS = 8_000_000
TEXT_CHARACTERS = 1_000_000  # of a list without columns, which is held whole
# DEFLATE reaches 1,030 to 1; genotypes of many alike samples hardly reach 100 to 1.
BOMB_RATIO, BOMB_BYTES = 250, 64_000_000
WRAPPINGS = 2  # a .vcf.gz in a .zip

CURE = "Give a VCF, a MAF, a table as CSV, TSV or XLSX, or text with one mutation a line; .gz and .zip are fine."
WANTED = Wanted("a mutation list", CURE)
FILE = "The file"  # what messages call it: its name may name the patient
DAMAGED = "The file is cut off or damaged: download or copy it again."

_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_BINARY = (
    (b"BCF\x02", "a BCF file: make a VCF of it (bcftools view) and give that."),
    (b"BAM\x01", "an alignment (BAM), not a mutation list: give the VCF of the variants called from it."),
    (b"CRAM", "an alignment (CRAM), not a mutation list: give the VCF of the variants called from it."),
    (b"PAR1", "a Parquet file: save its table as CSV and give that."),
)
_OFFICE = (
    ("word/document.xml", "a Word document: copy its mutations and paste them as text, one a line."),
    ("ppt/presentation.xml", "a PowerPoint document: copy its mutations and paste them as text, one a line."),
    ("xl/workbook.bin", "a binary Excel file (XLSB): save it as XLSX or CSV."),
    ("content.xml", "an OpenDocument file: save it as XLSX or CSV."),
)


class Unpacked(NamedTuple):
    """open: opens the unpacked bytes from their start. workbook: the bytes of an XLSX, else empty."""

    open: Callable[[], IO[bytes]]
    workbook: bytes
    notes: tuple[str, ...]


class Text(NamedTuple):
    """A file that is text. head: its first lines with their numbers, all of them where it is short."""

    lines: Callable[[], Iterator[tuple[int, str]]]
    head: tuple[tuple[int, str], ...]


class _Counted(io.RawIOBase):
    """Unpacked bytes, refused as soon as they are too many; what the libraries say of damage, in words."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed: int) -> None:
        self._stream, self._packed, self._seen = stream, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, ValueError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
            raise InputError(DAMAGED) from error
        self._seen += len(data)
        if self._seen > UNPACKED_BYTES:
            raise InputError(
                f"The file unpacks to more than {UNPACKED_BYTES // 1_000_000:,} MB: give the variants of one patient, "
                "of the coding regions only (for a VCF, bcftools view -R with the exome's regions)."
            )
        if self._seen > max(BOMB_BYTES, BOMB_RATIO * self._packed):
            raise InputError(
                "The file unpacks to hundreds of times its size, as no mutation list does: unpack it yourself, look "
                "at it and give what is inside."
            )
        buffer[: len(data)] = data
        return len(data)


def unpack(content: bytes) -> Unpacked:
    """What is inside of the file's bytes, at most two wrappings deep.

    Raises InputError: empty, too large, damaged, locked, several files in one, or another kind of file than a list.
    """
    if len(content) > FILE_BYTES:
        raise InputError(
            f"The file has {len(content) / 1e6:,.0f} MB, and at most {FILE_BYTES // 1_000_000} MB are read: pack it "
            "with gzip, or give the variants of the coding regions only."
        )
    notes: tuple[str, ...] = ()
    if content[:4] == b"\x1f\x8b\x08\x04" and content[12:14] == b"BC" and not content.endswith(_BGZF_END):
        notes = ("The packed file lacks its end mark: rows at its end may be missing.",)
    return _inside(lambda: io.BytesIO(content), len(content), 0)._replace(notes=notes)


def _inside(opened: Callable[[], IO[bytes]], packed: int, wrappings: int) -> Unpacked:
    start = opened().read(8)
    for magic, told in _BINARY:
        if start.startswith(magic):
            raise InputError(f"{FILE} is {told}")
    if not start.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")):
        return Unpacked(opened, b"", ())
    if wrappings == WRAPPINGS:
        raise InputError("The file is packed more than twice: unpack it and give what is inside.")
    if start.startswith(b"\x1f\x8b"):
        return _inside(lambda: _counted(gzip.GzipFile(fileobj=opened()), packed), packed, wrappings + 1)
    content = opened().read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise InputError("The file packs too large an archive: unpack it and give what is inside.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise InputError(DAMAGED) from error
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        _refuse_large_workbook(archive)
        return Unpacked(lambda: io.BytesIO(content), content, ())
    for part, told in _OFFICE:
        if part in names:
            raise InputError(f"{FILE} is {told}")
    members = [m for m in archive.infolist() if not m.filename.startswith("__MACOSX") and not m.filename.endswith("/")]
    if len(members) != 1:
        raise InputError(f"{FILE} packs {len(members)} files: unpack it and give the one with the mutations.")
    try:
        archive.open(members[0]).close()
    except (RuntimeError, NotImplementedError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InputError("The file is locked by a password or packed in a rare way: unpack it and give it.") from error
    return _inside(lambda: _counted(archive.open(members[0]), packed), packed, wrappings + 1)


def _counted(stream: IO[bytes] | gzip.GzipFile, packed: int) -> IO[bytes]:
    return io.BufferedReader(_Counted(stream, packed), 1 << 18)


def _refuse_large_workbook(archive: zipfile.ZipFile) -> None:
    """The sizes that an archive declares bound what is read of it."""
    sizes = {part.filename: part.file_size for part in archive.infolist()}
    packed = sum(part.compress_size for part in archive.infolist())
    texts = sum(size for name, size in sizes.items() if not name.startswith("xl/worksheets/"))
    bomb = sum(sizes.values()) > max(BOMB_BYTES, BOMB_RATIO * packed)
    if bomb or texts > WORKBOOK_TEXT_BYTES or sum(sizes.values()) > UNPACKED_BYTES:
        raise InputError(
            f"The workbook unpacks to {sum(sizes.values()) / 1e6:,.0f} MB, which is too much: save the sheet with the "
            "mutations as CSV and give that."
        )


def as_text(source: Unpacked) -> Text:
    """The file as lines, whatever their ends and encoding (UTF-8, UTF-16, Latin-1), without a byte-order mark.

    Raises InputError naming what the file is instead; reading the lines raises it for what is found later on.
    """
    head, whole = beginning(source.open(), FILE, WANTED)
    refuse_other_files(head, FILE, WANTED)
    encoding = text_encoding(head, FILE, WANTED)
    first: list[tuple[int, str]] = []
    letters = 0
    for number, line in _lines(source, encoding):
        first.append((number, line))
        letters += len(line)
        if not whole and (len(first) >= 1000 or letters > LINE_CHARACTERS):
            break
    if not any(line.strip() for _, line in first):
        raise InputError(f"{FILE} is empty: it has no row at all. {CURE}")
    return Text(lambda: _lines(source, encoding), tuple(first))


def whole_text(source: Unpacked) -> str:
    """The whole file as one text. Raises InputError for one too long to be a list."""
    parts, length = [], 0
    for _, line in as_text(source).lines():
        parts.append(" ".join(line.splitlines()))  # page feeds and the like end no line
        length += len(line) + 1
        if length > TEXT_CHARACTERS:
            raise InputError(
                f"{FILE} is no table that is known, and longer than {TEXT_CHARACTERS:,} characters, which a "
                f"list of one patient's mutations is not. {CURE}"
            )
    return "\n".join(parts)


def _lines(source: Unpacked, encoding: str) -> Iterator[tuple[int, str]]:
    errors = "latin-1-bytes" if encoding.startswith("utf-8") else "replace"
    text = io.TextIOWrapper(source.open(), encoding=encoding, errors=errors)
    number = 0
    while line := text.readline(LINE_CHARACTERS):
        number += 1
        if len(line) == LINE_CHARACTERS:
            raise InputError(f"Row {number:,} of the file has more than {LINE_CHARACTERS:,} characters. {CURE}")
        if "\0" in line:
            raise InputError(f"{FILE} is not a mutation list: it holds binary data in row {number:,}. {CURE}")
        yield number, line.rstrip("\n").removeprefix("\ufeff") if number == 1 else line.rstrip("\n")
