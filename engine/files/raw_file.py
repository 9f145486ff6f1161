"""The bytes of a file: unpacked, of a known encoding, and refused in words where they are no table."""

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pandas as pd

from engine.errors import InputError

HEAD_BYTES = 1 << 16  # what a file is judged by
HEADER_BYTES = 1 << 23  # a header of 100,000 columns fits; what goes on without an end of line is no table
ROW_CHARACTERS = 1 << 26
UNPACKED_BYTES = 1 << 30  # of a workbook's texts, which cannot be read piece by piece
CURE = "Give a table as CSV, TSV, XLSX or Parquet; .gz and .zip are fine."


class Wanted(NamedTuple):
    """What a file should have been, in the words of a refusal, and what to do instead."""

    what: str
    cure: str


TABLE = Wanted("a table", CURE)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG photo"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0", "an old or locked Excel file (save it as .xlsx without a password)"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format", "an SQLite database"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"{\\rtf", "a text document"),
)


def _single_bytes(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are read as Latin-1, the only other encoding GDSC-like files come in."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("latin-1-bytes", _single_bytes)


def on_bad_bytes(encoding: str) -> str:
    """How bytes outside an encoding are read: the error handler's name."""
    return "latin-1-bytes" if encoding.startswith("utf-8") else "replace"


def packed(path: Path) -> tuple[bytes, str]:
    """A file's first 8 bytes and its packing: gz, zip or none. Raises InputError where there is no file."""
    if not path.is_file():
        told = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {told}: check the path.")
    with path.open("rb") as file:
        start = file.read(8)
    return start, "gz" if start.startswith(b"\x1f\x8b") else "zip" if start.startswith(b"PK\x03\x04") else ""


@contextmanager
def opened(path: Path, packing: str, name: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The unpacked bytes, and the file itself, whose position says how much has been read."""
    with path.open("rb") as raw:
        if packing == "gz":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield stream, raw  # type: ignore[misc]
        elif packing == "zip":
            with zipfile.ZipFile(raw) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
                if len(members) != 1:
                    raise InputError(f"{name} packs {len(members)} files: unpack it and give the one with the table.")
                with archive.open(members[0]) as stream:
                    yield stream, raw
        else:
            yield raw, raw


@contextmanager
def refusing(name: str, wanted: Wanted = TABLE) -> Iterator[None]:
    """What the libraries say about damaged files, in words for a person."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InputError(f"{name} is cut off or damaged ({error}): download or copy it again.") from error
    except pd.errors.ParserError as error:
        told = str(error).replace("Error tokenizing data. C error: ", "").strip()
        raise InputError(f"{name} is not a clean table ({told}): check that row and its quotation marks.") from error
    except (KeyError, ValueError, NotImplementedError) as error:  # the last: Parquet columns that hold lists
        raise InputError(f"{name} cannot be read as {wanted.what} ({error}). {wanted.cure}") from error


def beginning(stream: IO[bytes], name: str, wanted: Wanted = TABLE) -> tuple[bytes, bool]:
    """The first 64 KiB, or more where the first line is longer, and whether that is the whole file.

    Raises InputError for a file that has no end of line in its first 8 MiB.
    """
    head = stream.read(HEAD_BYTES)
    while len(head) >= HEAD_BYTES and b"\n" not in head and b"\r" not in head:
        more = stream.read(HEAD_BYTES)
        head += more
        if len(more) < HEAD_BYTES:
            return head, True
        if len(head) > HEADER_BYTES:
            told = f"its first row does not end within {HEADER_BYTES:,} bytes"
            raise InputError(f"{name} is not {wanted.what}: {told}. {wanted.cure}")
    return head, not stream.read(1)


def text_lines(path: Path, name: str, wanted: Wanted) -> Iterator[tuple[str, float]]:
    """The lines of a text without their ends, and the fraction of the file's bytes that has been read.

    Raises InputError for a file that is no text, is cut off, or has a line that would fill the memory.
    """
    _, packing = packed(path)
    size = max(path.stat().st_size, 1)
    with refusing(name, wanted):
        with opened(path, packing, name) as (stream, _):
            head, _ = beginning(stream, name, wanted)
        refuse_other_files(head, name, wanted)
        encoding = text_encoding(head, name, wanted)
        with opened(path, packing, name) as (stream, raw):
            text = io.TextIOWrapper(stream, encoding=encoding, errors=on_bad_bytes(encoding))
            while line := text.readline(ROW_CHARACTERS + 1):
                refuse_long_row(line, 0, name)
                yield line.rstrip("\r\n"), min(raw.tell() / size, 1.0)


def refuse_long_row(part: str, before: int, name: str) -> int:
    """Characters since the last end of line, `before` being those before this part. Raises InputError for too many."""
    end = max(part.rfind("\n"), part.rfind("\r"))
    length = before + len(part) if end < 0 else len(part) - end - 1
    if length > ROW_CHARACTERS:
        raise InputError(f"{name} is not a table: one of its rows has more than {ROW_CHARACTERS:,} characters. {CURE}")
    return length


def refuse_bomb(archive: zipfile.ZipFile, name: str) -> None:
    """Raises InputError for a workbook whose texts would fill the memory when unpacked; its sheets are streamed."""
    texts = sum(part.file_size for part in archive.infolist() if not part.filename.startswith("xl/worksheets/"))
    if texts > UNPACKED_BYTES:
        raise InputError(f"{name} unpacks to {texts / 1e9:,.1f} GB of text: save its table as CSV and give that.")


def refuse_other_files(head: bytes, name: str, wanted: Wanted = TABLE) -> None:
    """Raises InputError for the beginning of anything that is not what was wanted, saying what it is."""
    if not head.strip():
        raise InputError(f"{name} is empty: it has no row at all. {wanted.cure}")
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"{name} is {what}, not {wanted.what}. {wanted.cure}")
    if head[257:262] == b"ustar":
        raise InputError(
            f"{name} is a tar archive, not {wanted.what}: unpack it and give the file inside. {wanted.cure}"
        )
    start = head[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{name} is a web page, not {wanted.what}: the download may need a login. {wanted.cure}")


def text_encoding(head: bytes, name: str, wanted: Wanted = TABLE) -> str:
    """The encoding of a text by its beginning. Raises InputError for binary data."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    if even or odd:
        raise InputError(f"{name} is not {wanted.what}: it holds binary data. {wanted.cure}")
    return "utf-8-sig"
