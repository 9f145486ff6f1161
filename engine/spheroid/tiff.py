"""TIFF files as planes of 16-bit counts: where each plane lies in its file, or why the file is no such thing."""

import struct
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tifffile import TiffFile

from engine.errors import InputError
from engine.spheroid.split_stacks import PlaneOf, places_of, refuse_other
from engine.spheroid.tiff_file import AGAIN, opened

COUNTS = "export the microscope's own counts as 16-bit unsigned TIFF"


class PlanePlace(NamedTuple):
    """Where a plane lies. page: its number in the file. offset: of its bytes, None where they must be decoded."""

    path: Path
    page: int
    offset: int | None


class Stack(NamedTuple):
    """Planes in z order, all of one shape (h, v). swapped: the bytes' order is not this machine's."""

    planes: tuple[PlanePlace, ...]
    shape: tuple[int, int]
    swapped: bool

    @property
    def is_plain(self) -> bool:
        """Whether all bytes can be taken as they are."""
        return all(plane.offset is not None for plane in self.planes)


def stack_of(files: Sequence[Path]) -> Stack:
    """The planes of a stack: of one file with many pages, of one file per plane, or of files that are parts of it.

    Parts are known by what the file says of itself (OME-XML, Micro-Manager's index): any of them stands for the whole
    stack, whose planes come in the order of their z. Files of one plane each come in the order given.
    Raises InputError for files that are cut off or hold something else than 16-bit unsigned planes of one shape, and
    for parts that are missing, renamed, copies, or outside of the folder.
    """
    if not files:
        raise InputError("A well without any image file has no stack: check the pattern of the file names.")
    places: list[PlanePlace] = []
    shapes: list[tuple[int, int]] = []
    swaps: set[bool] = set()
    for path in files:
        with opened(path) as file:
            if (len(files) == 1 or len(file.pages) > 1) and (parts := _parts(file, path)) is not None:
                if other := next((one for one in files if one not in {plane.path for plane in parts}), None):
                    raise InputError(
                        f"{other.name} is no part of the stack of {path.name}, which lies in "
                        f"{', '.join(dict.fromkeys(plane.path.name for plane in parts))}: remove it, or let the "
                        "pattern of the file names tell them apart."
                    )
                return _joined(parts, path)
            found, shape = _single(file, path) if len(files) > 1 else _pages(file, path)
            swaps.add(_is_swapped(file))
        places += found
        shapes += [shape] * len(found)
    return _stack(places, shapes, swaps)


def _joined(parts: Sequence[PlaneOf], first: Path) -> Stack:
    """The planes of all files of a stack; every file is opened once. first: the file that told of them."""
    found: dict[tuple[Path, int], tuple[PlanePlace, tuple[int, int]]] = {}
    swaps: set[bool] = set()
    for path in dict.fromkeys(plane.path for plane in parts):
        own = [plane for plane in parts if plane.path == path]
        with opened(path) as file:
            if path != first:
                refuse_other(file, own[0], first)
            _refuse_cut_chain(file, path)
            n = len(file.pages)
            for plane in own:
                if not 0 <= plane.page < n:
                    raise InputError(
                        f"{path.name} holds {n} planes, but is told to hold at least {plane.page + 1} of its stack: it "
                        f"is cut off or damaged, {AGAIN}."
                    )
                page = file.pages.get(plane.page, aspage=True)
                shape = _checked(page, path)
                found[path, plane.page] = _place(page, path, plane.page), shape
            swaps.add(_is_swapped(file))
    held = [found[plane.path, plane.page] for plane in parts]
    return _stack([place for place, _ in held], [shape for _, shape in held], swaps)


def _stack(places: list[PlanePlace], shapes: list[tuple[int, int]], swaps: set[bool]) -> Stack:
    for place, shape in zip(places, shapes, strict=True):
        if shape != shapes[0]:
            size, first = ("{} x {}".format(*one) for one in (shape, shapes[0]))
            raise InputError(
                f"{place.path.name} has {size} pixels but {places[0].path.name} of the same well {first}: all planes "
                "of a stack must have one size."
            )
    if len(swaps) > 1:  # then each file is decoded by itself
        places = [place._replace(offset=None) for place in places]
    return Stack(tuple(places), shapes[0], swaps == {True})


def _is_swapped(file: TiffFile) -> bool:
    return file.byteorder != {"little": "<", "big": ">"}[sys.byteorder]


def _parts(file: TiffFile, path: Path) -> tuple[PlaneOf, ...] | None:
    """See `places_of`; of a file that is cut off or holds something else this is said first."""
    if len(file.pages) == 0:
        return None
    _refuse_cut_chain(file, path)
    _checked(file.pages.first, path)
    return places_of(file, path)


def read_plane(path: Path) -> np.ndarray:
    """A single image, (h, v) uint16. Raises InputError where it is cut off or something else."""
    with opened(path) as file:
        found, _ = _single(file, path)
        return np.ascontiguousarray(file.pages[found[0].page].asarray(), dtype=np.uint16)


def decoded(stack: Stack) -> Iterator[np.ndarray]:
    """Planes one after the other, (h, v) uint16, whatever they are packed with."""
    for path, places in groupby(stack.planes, lambda place: place.path):
        with opened(path) as file:
            for place in places:
                yield np.ascontiguousarray(file.pages[place.page].asarray(), dtype=np.uint16)


def _single(file: TiffFile, path: Path) -> tuple[list[PlanePlace], tuple[int, int]]:
    """The one plane of a file. Its pages only: an OME-TIFF would name the files of the whole stack."""
    n = len(file.pages)
    if n != 1:
        raise InputError(f"{path.name} has {n} planes where one was expected: give one stack or one file per plane.")
    _refuse_cut_chain(file, path)
    shape = _checked(file.pages.first, path)
    return [_place(file.pages.first, path, 0)], shape


def _pages(file: TiffFile, path: Path) -> tuple[list[PlanePlace], tuple[int, int]]:
    n = len(file.pages)
    if n == 0:
        raise InputError(f"{path.name} is a TIFF without any image: {AGAIN}.")
    _refuse_cut_chain(file, path)
    first = file.pages.first
    shape = _checked(first, path)
    if len(file.series) != 1:
        alike = len({series.shape for series in file.series}) == 1
        what = "stacks, such as those of several positions" if alike else "images of different kinds"
        raise InputError(f"{path.name} holds {len(file.series)} {what}: export one well's stack as one file.")
    series = file.series[0]
    lengths = dict(zip(series.axes, series.shape, strict=True))
    if (channels := lengths.get("C", 1)) > 1:
        raise InputError(f"{path.name} has {channels} channels, not a stack of planes: export the one with the nuclei.")
    deep = {axis: size for axis, size in lengths.items() if axis not in "YX" and size > 1}
    if len(deep) > 1:
        sizes = ", ".join(f"{axis} {size}" for axis, size in deep.items())
        raise InputError(f"{path.name} has more than planes ({sizes}): export one site and time as one stack.")
    depth = next(iter(deep.values()), 1)
    told = int((file.imagej_metadata or {}).get("images", depth)) if file.is_imagej else depth
    if told != depth:
        raise InputError(f"{path.name} tells of {told} planes but holds {depth}: it is cut off or damaged, {AGAIN}.")
    if n == 1 and depth > 1 and series.dataoffset is not None:  # ImageJ's large stacks describe their first plane only
        size = shape[0] * shape[1] * 2
        places = [PlanePlace(path, 0, series.dataoffset + z * size) for z in range(depth)]
    else:
        if n != depth:
            raise InputError(f"{path.name} tells of {depth} planes but holds {n}: it is cut off or damaged, {AGAIN}.")
        places = []
        for z in range(n):
            page = file.pages.get(z, aspage=True)
            if _checked(page, path) != shape:
                raise InputError(f"{path.name} has planes of different sizes: all planes of a stack must have one.")
            places.append(_place(page, path, z))
    if places[-1].offset is not None:
        _refuse_end(places[-1].offset + shape[0] * shape[1] * 2, file, path, len(places))
    return places, shape


def _place(page, path: Path, z: int) -> PlanePlace:
    plain = page.is_contiguous and page.bitspersample == 16
    return PlanePlace(path, z, int(page.dataoffsets[0]) if plain else None)


def _checked(page, path: Path) -> tuple[int, int]:
    """A page's (h, v). Raises InputError where it holds anything else than whole 16-bit counts."""
    name, dtype = path.name, page.dtype
    photometric = getattr(page.photometric, "name", "")  # a number where no kind has it
    if page.samplesperpixel > 1 or photometric in ("RGB", "PALETTE", "YCBCR"):
        raise InputError(f"{name} is a colour image (RGB), not the counts of one channel: {COUNTS}.")
    if dtype is None or dtype.kind not in "ui":
        raise InputError(f"{name} holds floating-point values ({dtype}): {COUNTS}.")
    if dtype != np.uint16:
        bits = f"is {dtype.itemsize * 8}-bit" if dtype.kind == "u" else f"holds signed numbers ({dtype})"
        raise InputError(f"{name} {bits} where 16-bit unsigned counts are expected: {COUNTS}.")
    if photometric == "MINISWHITE":
        raise InputError(f"{name} stores light as small numbers (white is zero): {COUNTS}.")
    if page.ndim != 2 or 0 in page.shape:
        raise InputError(f"{name} has pages of {' x '.join(map(str, page.shape))}: {COUNTS}, one page per plane.")
    ends = [start + n for start, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends:
        raise InputError(f"{name} has a page without any pixel: {AGAIN}.")
    _refuse_end(max(ends), page.parent, path, page.index + 1)
    return page.shape


def _refuse_end(end: int, file: TiffFile, path: Path, plane: int) -> None:
    if end > file.filehandle.size:
        raise InputError(
            f"{path.name} is cut off: its plane {plane} ends at byte {end:,} but the file has "
            f"{file.filehandle.size:,}: {AGAIN}."
        )


def _refuse_cut_chain(file: TiffFile, path: Path) -> None:
    """Every page says where the next one is; a cut file's last page points behind its end, which tifffile only logs."""
    form, handle = file.tiff, file.filehandle
    handle.seek(file.pages.get(len(file.pages) - 1).offset)
    (tags,) = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))
    handle.seek(tags * form.tagsize, 1)
    (following,) = struct.unpack(form.offsetformat, handle.read(form.offsetsize))
    if following:
        n = len(file.pages)
        raise InputError(f"{path.name} is cut off after {n} plane{'s' * (n > 1)}: {AGAIN}.")
