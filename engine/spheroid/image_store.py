"""Prepared images of a screen in the folder of its job: both projections of every well, small, as memory-mapped arrays.

results/images/plate_<n>.npy holds one plate, (wells, 2, 224, 224) uint16 with MIP and MID; results/images/index.json,
written last, says which well stands where. 308 wells take 59 MiB, read only where they are looked at.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from engine.errors import InputError
from engine.jobs.files import write_json
from engine.spheroid import image_resume
from engine.spheroid.images import count_notes, label
from engine.spheroid.settings import INPUT_PIXELS
from engine.spheroid.stacks import over_wells, project
from engine.spheroid.types import WellImage

FOLDER, INDEX = "images", "index.json"
COLUMNS = ("plate", "row", "column", "image_index", "n_planes", "mean_of_stack")
NAMED = 10  # damaged files named in a refusal


@dataclass(frozen=True)
class SmallImages:
    """A well's images as they are kept. mip, mid: (224, 224) uint16. mean: of the stack, NaN where it is not known."""

    mip: np.ndarray
    mid: np.ndarray
    mean: float
    n_planes: int


@dataclass(frozen=True)
class WrittenImages:
    """What was written. wells: columns COLUMNS, image_index being the place in the plate's array. notes: sentences."""

    wells: pd.DataFrame
    notes: tuple[str, ...]


def shrink(image: np.ndarray, pixels: int = INPUT_PIXELS) -> np.ndarray:
    """(h, v) uint16 -> (pixels, pixels) uint16, in the same counts.

    Every new pixel is the weighted mean of the area that it covers (triangle filter), so single bright pixels neither
    vanish nor jump. Of an image that is not square the middle square is taken: spheroids lie in the middle, and
    stretching would change their form.
    """
    if image.shape == (pixels, pixels):
        return image
    side = min(image.shape)
    top, left = ((length - side) // 2 for length in image.shape)
    square = image[top : top + side, left : left + side].astype(np.float32)
    small = Image.fromarray(square).resize((pixels, pixels), Image.Resampling.BILINEAR)
    return np.rint(np.asarray(small)).clip(0, 65535).astype(np.uint16)


def small_images(well: WellImage) -> SmallImages:
    """A well's projections, small. Raises InputError as `stacks.project` does."""
    found = project(well, threads=1)  # the wells go side by side
    return SmallImages(shrink(found.mip), shrink(found.mid), found.mean, found.n_planes)


def write(
    job_folder: Path,
    wells: Sequence[WellImage],
    progress: Callable[[float, str], object] | None = None,
    workers: int | None = None,
) -> WrittenImages:
    """Prepare the images of all wells, several at a time, into a job's results.

    progress: told the fraction done and a sentence after every well; what it raises stops the work. Called again with
    the same wells, it goes on with those that were not done.
    A well whose files are damaged is left out with a note. Raises InputError where wells stand twice or none is left.
    """
    twice = [well for well, n in Counter((well.plate, well.row, well.column) for well in wells).items() if n > 1]
    if twice:
        raise InputError(f"Well {label(*twice[0])} stands {Counter(map(_key, wells))[twice[0]]} times in the list.")
    folder = job_folder / "results" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)  # of an attempt before this one
    plates = list(dict.fromkeys(well.plate for well in wells))
    place = {key: i for plate in plates for i, key in enumerate(_key(well) for well in wells if well.plate == plate)}
    sizes = Counter(well.plate for well in wells)
    if not all((folder / _file(n)).exists() for n in range(len(plates))):
        image_resume.forget(folder)  # what it says of images that are gone
    kept = image_resume.begun(folder, wells)
    arrays = {
        plate: np.lib.format.open_memmap(
            folder / _file(n),
            mode="r+" if kept else "w+",
            dtype=np.uint16,
            shape=(sizes[plate], 2, INPUT_PIXELS, INPUT_PIXELS),
        )
        for n, plate in enumerate(plates)
    }
    rows = [(*done.key, place[done.key], done.n_planes, done.mean) for done in kept]
    ready, failed = {done.key for done in kept}, []
    waiting = [well for well in wells if _key(well) not in ready]
    with closing(over_wells(waiting, small_images, workers)) as work:  # its threads end where progress raises
        for n, done in enumerate(work, len(kept) + 1):
            key = _key(done.well)
            if isinstance(done.result, SmallImages):
                array = arrays[done.well.plate]
                array[place[key]] = done.result.mip, done.result.mid
                array.flush()
                rows.append((*key, place[key], done.result.n_planes, done.result.mean))
                image_resume.remember(folder, image_resume.Done(key, done.result.n_planes, done.result.mean))
            else:
                failed.append(done.error)
            if progress:
                progress(n / len(wells), f"images: {n:,} of {len(wells):,} wells")
    failed.sort()
    if not rows:
        told = failed[0] if failed else "There is no well with an image."
        raise InputError(f"No image could be prepared. {told}")
    for array in arrays.values():
        array.flush()
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame = frame.sort_values(["plate", "image_index"], ignore_index=True)
    files = {plate: _file(n) for n, plate in enumerate(plates)}
    write_json(folder / INDEX, {"files": files, "columns": list(COLUMNS), "wells": frame.to_numpy().tolist()})
    image_resume.forget(folder)
    keys = frame[["plate", "row", "column", "image_index"]].itertuples(index=False, name=None)
    blank = [
        label(*well) for *well, index in keys if arrays[well[0]][index, 0].max() == arrays[well[0]][index, 0].min()
    ]
    return WrittenImages(frame, _notes(frame, failed, blank))


def mean_of_stack(wells: pd.DataFrame) -> pd.DataFrame:
    """Mean-of-stack readouts, plate, row, column, raw, of the wells whose stacks were seen. wells: columns COLUMNS."""
    seen = wells.loc[wells["n_planes"] > 0, ["plate", "row", "column", "mean_of_stack"]]
    return seen.rename(columns={"mean_of_stack": "raw"}).reset_index(drop=True)


class PreparedImages:
    """The prepared images of a job. Opening reads the list of wells; an image is read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            self._files = dict(found["files"])
            self.wells = pd.DataFrame(found["wells"], columns=found["columns"])
        except FileNotFoundError as error:
            raise InputError(
                f"{folder.parent.parent.name} keeps no prepared images: import the screen again with its images."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder / INDEX} is damaged ({error}): import the screen again.") from error
        self.wells["mean_of_stack"] = self.wells["mean_of_stack"].astype(float)  # JSON has no NaN
        keys = zip(self.wells["plate"], self.wells["row"], self.wells["column"], strict=True)
        self._place = dict(zip(keys, self.wells["image_index"], strict=True))

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = {}
        for plate, name in self._files.items():
            try:
                arrays[plate] = np.load(self._folder / name, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"{self._folder / name} is damaged ({error}): import the screen again.") from error
        return arrays

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, well: tuple[str, str, int]) -> bool:
        return well in self._place

    def well(self, plate: str, row: str, column: int) -> tuple[np.ndarray, np.ndarray]:
        """MIP and MID of a well, (224, 224) uint16 each. Raises InputError where it has no image."""
        if (plate, row, column) not in self._place:
            raise InputError(f"Well {label(plate, row, column)} has no image in this screen.")
        mip, mid = self._arrays[plate][self._place[plate, row, column]]
        return mip, mid

    def stack(self, wells: Sequence[tuple[str, str, int]]) -> np.ndarray:
        """Several wells, (b, 2, 224, 224) uint16 with MIP and MID. Raises InputError as `well` does."""
        shape = (len(wells), 2, INPUT_PIXELS, INPUT_PIXELS)
        return np.stack([np.stack(self.well(*well)) for well in wells]) if wells else np.empty(shape, np.uint16)


def open_images(job_folder: Path) -> PreparedImages:
    """The prepared images that a job left. Raises InputError where there are none or they are damaged."""
    return PreparedImages(job_folder / "results" / FOLDER)


def _key(well: WellImage) -> tuple[str, str, int]:
    return well.plate, well.row, well.column


def _file(n: int) -> str:
    """Not by the plate's name, which may hold what no file name may."""
    return f"plate_{n}.npy"


def _notes(frame: pd.DataFrame, failed: Sequence[str], blank: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if failed:
        more = f" And {len(failed) - NAMED:,} more." if len(failed) > NAMED else ""
        notes.append(f"Wells left out: {len(failed):,}. {' '.join(failed[:NAMED])}{more}")
    if blank:
        named = ", ".join(blank[:NAMED]) + (f" and {len(blank) - NAMED:,} more" if len(blank) > NAMED else "")
        notes.append(
            f"Wells whose image has one value everywhere: {len(blank):,} ({named}). Were they acquired? Take "
            "such files away if they were not."
        )
    planes = {(plate, row, column): n for plate, row, column, _, n, _ in frame.itertuples(index=False)}
    return (*notes, *count_notes(planes))
