"""Which wells' images a job has prepared already, so that a job that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.jobs.files import write_json
from engine.spheroid.types import WellImage

PLAN, DONE = "plan.json", "done.txt"
Key = tuple[str, str, int]


class Done(NamedTuple):
    """One prepared well. mean: of the stack, NaN where it is not known."""

    key: Key
    n_planes: int
    mean: float


def begun(folder: Path, wells: Sequence[WellImage]) -> list[Done]:
    """What an earlier attempt at the same wells left, in its order; of other wells or files nothing counts.

    Sizes and times of the files are asked for: a file that was written anew is prepared anew.
    """
    plan, done = folder / PLAN, folder / DONE
    wanted = _plan(wells)
    try:
        same = json.loads(plan.read_text(encoding="utf-8")).get("plan") == wanted
    except (FileNotFoundError, ValueError, AttributeError):
        same = False
    if not same:
        done.unlink(missing_ok=True)
        write_json(plan, {"plan": wanted})
        return []
    found: dict[Key, Done] = {}
    for line in done.read_text(encoding="utf-8").splitlines() if done.exists() else []:
        try:
            plate, row, column, n_planes, mean = json.loads(line)
        except ValueError:  # the last line of an attempt that was cut off
            continue
        found[plate, row, column] = Done((plate, row, column), n_planes, float("nan") if mean is None else mean)
    return list(found.values())


def remember(folder: Path, done: Done) -> None:
    """Add one well; to be called when its images are on the disk."""
    mean = None if done.mean != done.mean else done.mean
    with (folder / DONE).open("a", encoding="utf-8") as file:
        file.write(json.dumps([*done.key, done.n_planes, mean]) + "\n")


def forget(folder: Path) -> None:
    """Remove the notes of finished work."""
    for name in (PLAN, DONE):
        (folder / name).unlink(missing_ok=True)


def _plan(wells: Sequence[WellImage]) -> str:
    digest = hashlib.sha256()
    for well in wells:
        files = [*well.planes, *(path for path in (well.mip, well.mid) if path)]
        seen = []
        for path in files:
            try:
                stat = path.stat()
                seen.append((str(path), stat.st_size, stat.st_mtime_ns))
            except OSError:  # said in words when it is read
                seen.append((str(path), -1, -1))
        digest.update(repr((well.plate, well.row, well.column, seen)).encode())
    return digest.hexdigest()
