"""Archives of screens: unpacked once beside the store, and removed when no import needs them any more."""

import hashlib
import shutil
import time
from pathlib import Path

from engine.errors import JobError
from engine.files.unzip import safe_unzip
from engine.jobs.spec import read_spec
from engine.jobs.status import folders, read_status
from engine.settings import home

TASK = "import_screen"
# Somebody who looked at an archive may still decide to import it.
LOOK_SECONDS = 86_400.0


def unpack(archive: Path) -> Path:
    """A folder of the archive's name with its content, below `downloads/screens`; it is unpacked only once.

    What others left who looked at an archive a day ago and imported nothing is removed. Raises InputError as
    `safe_unzip` does.
    """
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    folder = _root() / f"{archive.stem[:60]}-{digest}"
    _sweep(folder)
    inner = folder / (archive.stem.strip(". ") or "screen")  # a screen without a folder of its own is called so
    if not (_complete(folder).exists() and inner.is_dir()):
        safe_unzip(archive, inner)
    _complete(folder).touch()
    return inner


def release(path: Path) -> None:
    """Remove the unpacked archive that a path lies in, unless an import may still read it. Of other paths nothing."""
    root = _root().resolve()
    inside = path.resolve()
    if root in inside.parents:
        folder = root / inside.relative_to(root).parts[0]
        if folder not in _needed():
            _remove(folder)


def _sweep(keep: Path) -> None:
    old = [
        folder
        for folder in (_root().iterdir() if _root().is_dir() else [])
        if folder.is_dir() and folder != keep and _age(folder) > LOOK_SECONDS
    ]
    needed = _needed() if old else set()
    for folder in old:
        if folder.resolve() not in needed:
            _remove(folder)


def _needed() -> set[Path]:
    """Unpacked archives that an import reads, or would read again if it were resumed."""
    root = _root().resolve()
    found: set[Path] = set()
    for folder in folders():
        try:
            spec = read_spec(folder)
            status = read_status(folder) if spec.task == TASK else None
        except JobError:
            continue  # no job that can go on
        if status is not None and (status.active or (status.state in ("failed", "cancelled") and status.resumable)):
            path = Path(str(spec.params.get("folder", ""))).resolve()
            if root in path.parents:
                found.add(root / path.relative_to(root).parts[0])
    return found


def _remove(folder: Path) -> None:
    _complete(folder).unlink(missing_ok=True)  # first, so that what is half removed is never taken for whole
    shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    """Seconds since it was looked at; an unpacking that never ended counts from its beginning."""
    mark = _complete(folder)
    return time.time() - (mark if mark.exists() else folder).stat().st_mtime


def _complete(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.complete")


def _root() -> Path:
    return home() / "downloads" / "screens"
