"""A zip archive unpacked into a folder: nothing may leave the folder, and nothing may fill the disk."""

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from engine.errors import InputError

MOST_FILES = 200_000  # a screen of 20 plates with a file per plane has fewer
MOST_BYTES = 500_000_000_000
# DEFLATE reaches 1,030 to 1; images, and tables of numbers, hardly reach 100 to 1.
BOMB_RATIO, BOMB_BYTES = 250, 64_000_000
CHUNK = 1 << 20
SKIPPED = ("__MACOSX/", ".DS_Store")


def safe_unzip(archive: Path, folder: Path, most_bytes: int | None = None) -> list[Path]:
    """Unpack an archive into a folder, made if need be, and return its files in the archive's order.

    All names are looked at before the first byte is written; what an unpacking leaves unfinished is removed.
    most_bytes: of everything unpacked; MOST_BYTES if not told.
    Raises InputError for a file that is no zip archive or is damaged or locked, for names that climb out of the folder
    (.., /, C:), links, two files of one name, and for more than fits.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [one for one in packed.infolist() if not one.is_dir() and not _skipped(one.filename)]
            _refuse(archive, members)
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_no_room(archive, members, folder, most_bytes or MOST_BYTES)
            return [_write(packed, member, folder, archive.name) for member in members]
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise InputError(f"{archive.name} is damaged or no zip archive ({error}): copy it again.") from error
    except NotImplementedError as error:
        raise InputError(f"{archive.name} is packed in a way not known here ({error}): pack it anew.") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise InputError(f"{archive.name} is locked with a password: unpack it and give the folder.") from error
    except OSError as error:
        raise InputError(f"{archive.name} cannot be unpacked into {folder} ({error.strerror or error}).") from error


def _skipped(name: str) -> bool:
    return name.startswith(SKIPPED[0]) or name.endswith(SKIPPED[1])


def _refuse(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    name = archive.name
    if not members:
        raise InputError(f"{name} holds no file.")
    if len(members) > MOST_FILES:
        raise InputError(f"{name} holds {len(members):,} files, more than {MOST_FILES:,}: give the folder unpacked.")
    seen: set[str] = set()
    for member in members:
        path, windows = PurePosixPath(member.filename.replace("\\", "/")), PureWindowsPath(member.filename)
        if path.is_absolute() or windows.drive or windows.root or ".." in path.parts or "\0" in member.orig_filename:
            raise InputError(
                f"{name} holds {member.filename!r}, which would be written outside its folder: nothing was unpacked. "
                "Pack the screen's folder anew."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InputError(f"{name} holds the link {member.filename!r}: pack the files themselves.")
        if str(path).casefold() in seen:
            raise InputError(f"{name} holds {member.filename!r} twice: nothing says which one counts.")
        seen.add(str(path).casefold())
        if member.file_size > max(BOMB_BYTES, BOMB_RATIO * member.compress_size):
            raise InputError(f"{name} holds {member.filename!r}, which unpacks to {member.file_size / 1e9:,.1f} GB.")


def _refuse_no_room(archive: Path, members: list[zipfile.ZipInfo], folder: Path, most_bytes: int) -> None:
    size, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if size > min(most_bytes, free * 0.95):
        raise InputError(
            f"{archive.name} unpacks to {size / 1e9:,.1f} GB where {free / 1e9:,.1f} GB are free: make room, or unpack "
            "it elsewhere and give the folder."
        )


def _write(packed: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, name: str) -> Path:
    place = folder / PurePosixPath(member.filename.replace("\\", "/"))
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(place.name + ".part")
    try:
        with packed.open(member) as source, part.open("wb") as target:
            left = member.file_size
            # The archive says how long a file is; one that goes on is cut off by its own word.
            while chunk := source.read(min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise InputError(f"{name} holds {member.filename!r}, which is longer than the archive says.")
                target.write(chunk)
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)
    return place
