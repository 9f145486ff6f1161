"""A stack of planes -> maximum projection, middle plane and mean, in one pass that never holds the stack.

Bytes that are stored plainly are read in pieces of a few hundred KiB: a piece of the projection and of the sum stay in
the processor's cache while the same piece of every plane passes by. Packed planes are decoded one at a time.
Two results of 2048 x 2048 take 16 MiB; nothing else grows with the stack.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from itertools import chain
from typing import NamedTuple

import numpy as np

from engine.errors import EngineError, InputError
from engine.spheroid.images import label
from engine.spheroid.tiff import Stack, decoded, read_plane, stack_of
from engine.spheroid.tiff_file import AGAIN
from engine.spheroid.types import Projections, WellImage

PIECE = 1 << 18  # pixels, 512 KiB: smaller ones cost more calls than a nearer cache saves (benchmarks/stacks.py)
FULL = (1 << 16) - 1
LIFT = 1.25  # so much brighter than the middle plane the others are taken to be at least
SUMMED = 1 << 16  # this many 16-bit values cannot overflow 32 bits, in which numpy adds twice as fast as in 64


class Done(NamedTuple):
    """A well that was worked on. error: why there is no result, as text; then result is None."""

    well: WellImage
    result: object
    error: str


def project(well: WellImage, threads: int | None = None) -> Projections:
    """The projections of a well. threads: over parts of the image; None: one per core of this process, at most 4.

    Of a stack of z planes: the pixelwise maximum, plane z // 2 (counted from 0) and the exact mean. Of ready
    projections: these; n_planes is then 0 and mean NaN, because they do not tell it.
    Raises InputError, naming the well and the file, for a stack of one plane and for files that are damaged or no
    16-bit planes of one size.
    Source: MIP, MID and mean of stack as in Berker et al. 2022, IEEE Trans Med Imaging, section III-B.
    """
    name = label(well.plate, well.row, well.column)
    try:
        if well.planes:
            return _project(stack_of(well.planes), threads or min(_cores(), 4))
        if well.mip is None or well.mid is None:
            raise InputError("it has neither a stack nor both projections: check the pattern of the file names.")
        mip, mid = read_plane(well.mip), read_plane(well.mid)
    except InputError as error:
        raise InputError(f"Well {name}: {error}") from error
    except OSError as error:  # a drive that went away between the look and the reading
        raise InputError(f"Well {name} cannot be read ({error.strerror or error}): check the drive.") from error
    if mip.shape != mid.shape:
        sizes = " and ".join("{} x {}".format(*image.shape) for image in (mip, mid))
        raise InputError(f"Well {name}: {well.mip.name} and {well.mid.name} differ in size ({sizes} pixels).")
    return Projections(mip, mid, float("nan"), 0)


def over_wells(
    wells: Sequence[WellImage], work: Callable[[WellImage], object], workers: int | None = None
) -> Generator[Done, None, None]:
    """Do the work for every well, several at a time, and give each as soon as it is done, in any order.

    workers: threads; None: one per core of this process, at most 8, so that memory stays below workers x 50 MiB for
    planes of 2048 x 2048. A well that an EngineError refuses is given with its reason. Whoever stops asking stops it.
    """
    n = workers or min(_cores(), 8)
    todo = iter(wells)
    waiting: set[Future[Done]] = set()
    pool = ThreadPoolExecutor(n, thread_name_prefix="wells")
    try:
        while True:
            # As many in hand as are worked on: results that nobody has taken would fill the memory.
            while len(waiting) < n and (well := next(todo, None)) is not None:
                waiting.add(pool.submit(_one, work, well))
            if not waiting:
                return
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            while ready:
                yield ready.pop().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one(work: Callable[[WellImage], object], well: WellImage) -> Done:
    try:
        return Done(well, work(well), "")
    except EngineError as error:
        return Done(well, None, str(error))


def _cores() -> int:
    with suppress(AttributeError):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _project(stack: Stack, threads: int) -> Projections:
    n = len(stack.planes)
    if n < 2:
        told = f"{stack.planes[0].path.name} has one plane"
        raise InputError(f"{told}; a stack has at least two: check {{plane}} in the pattern of the file names.")
    mip, mid = np.empty((2, *stack.shape), np.uint16)
    flat = mip.reshape(-1), mid.reshape(-1)
    total = _plain(stack, *flat, threads) if stack.is_plain else _packed(stack, *flat)
    return Projections(mip, mid, total / (n * mip.size), n)


def _plain(stack: Stack, mip: np.ndarray, mid: np.ndarray, threads: int) -> int:
    """Fill both projections, (h * v,), and return the sum of all pixels."""
    pieces = range(0, mip.size, PIECE)
    if threads == 1 or len(pieces) < threads:
        return _some_pieces(stack, mip, mid, pieces)
    part = -(-len(pieces) // threads)
    parts = [pieces[i : i + part] for i in range(0, len(pieces), part)]
    with ThreadPoolExecutor(threads, thread_name_prefix="pieces") as pool:
        return sum(pool.map(lambda some: _some_pieces(stack, mip, mid, some), parts))


def _some_pieces(stack: Stack, mip: np.ndarray, mid: np.ndarray, pieces: range) -> int:
    total, n = 0, len(stack.planes)
    size = min(PIECE, mip.size)
    passing, sums, lift = np.empty(size, np.uint16), np.empty(size, np.uint16), LIFT
    with ExitStack() as files:
        opened = {path: files.enter_context(path.open("rb", buffering=0)) for path in {p.path for p in stack.planes}}

        def read(z: int, start: int, piece: np.ndarray) -> np.ndarray:
            plane = stack.planes[z]
            file = opened[plane.path]
            file.seek((plane.offset or 0) + 2 * start)
            if file.readinto(piece.data.cast("B")) != piece.nbytes:
                raise InputError(f"{plane.path.name} became shorter while it was read: {AGAIN}.")
            if stack.swapped:
                piece.byteswap(inplace=True)
            return piece

        for start in pieces:
            best, middle = mip[start : start + PIECE], read(n // 2, start, mid[start : start + PIECE])
            others = (read(z, start, passing[: len(best)]) for z in range(n) if z != n // 2)
            # How bright the other planes are is known when they have passed: it is guessed and, if wrong, done again.
            top = int(middle.max())
            few = FULL // (int(lift * top) + 1)
            best[:] = middle
            found = _sum_of(chain((middle,), _into(best, others)), sums[: len(best)], few)
            brightest = int(best.max())
            if few * brightest > FULL:
                found = sum(_widened(read(z, start, passing[: len(best)])) for z in range(n))
            lift = max(LIFT, 1.1 * brightest / (top + 1))
            total += found
    return total


def _into(best: np.ndarray, planes: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The planes as they come, each seen by the maximum."""
    for piece in planes:
        np.maximum(best, piece, out=best)
        yield piece


def _sum_of(planes: Iterable[np.ndarray], sums: np.ndarray, few: int) -> int:
    """The sum of all pixels, exact where `few` planes cannot exceed 16 bits: so many are added before they are widened,
    which takes a quarter of the time of widening each.
    """
    total, held = 0, 0
    for piece in planes:
        if few < 2:
            total += _widened(piece)
        elif held == 0:
            sums[:], held = piece, 1
        else:
            np.add(sums, piece, out=sums)
            held += 1
        if held and held == few:
            total, held = total + _widened(sums), 0
    return total + (_widened(sums) if held else 0)


def _packed(stack: Stack, mip: np.ndarray, mid: np.ndarray) -> int:
    total, middle = 0, len(stack.planes) // 2
    for z, plane in enumerate(decoded(stack)):
        flat = plane.reshape(-1)
        if z == 0:
            mip[:] = flat
        else:
            np.maximum(mip, flat, out=mip)
        if z == middle:
            mid[:] = flat
        total += _sum(flat, int(mip.max()))
    return total


def _sum(values: np.ndarray, top: int) -> int:
    """The exact sum of 16-bit values, none above top."""
    few = next((n for n in (16, 8, 4, 2) if n * top <= FULL and len(values) % n == 0), 1)
    if few > 1:
        values = np.add.reduce(values.reshape(few, -1), axis=0, dtype=np.uint16)
    return _widened(values)


def _widened(values: np.ndarray) -> int:
    parts = (values[i : i + SUMMED] for i in range(0, len(values), SUMMED))
    return sum(int(np.add.reduce(part, dtype=np.uint32)) for part in parts)
