"""A TIFF opened, with what the libraries say of damaged files in words."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tifffile import TiffFile, TiffFileError

from engine.errors import InputError

# What tifffile and the unpackers say of tags and data that cannot be; sizes that no memory holds are among them.
DAMAGED = (
    TiffFileError, struct.error, zlib.error, ValueError, TypeError, LookupError, ArithmeticError, MemoryError,
    RuntimeError,
)  # fmt: skip
AGAIN = "copy or export it again"


@contextmanager
def opened(path: Path) -> Iterator[TiffFile]:
    """A TIFF, with what the libraries say of damaged files in words.

    Raises InputError for a file that does not exist, is empty, no TIFF, or damaged.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path.name} is empty (0 bytes): {AGAIN}.")
        # An OME-TIFF may name other files to be read with it, anywhere on the disk: only the given one is opened.
        with TiffFile(path, _multifile=False) as file:
            yield file
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror or error}): check the file.") from error
    except DAMAGED as error:
        with path.open("rb") as start:
            is_tiff = start.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
        told = f"is a damaged or cut off TIFF ({error}): {AGAIN}" if is_tiff else "is not a TIFF image: give TIFF files"
        raise InputError(f"{path.name} {told}.") from error
