"""Stacks that lie in several files: which page of which file is each plane, as OME-XML or Micro-Manager's index tells.

tifffile joins such files, too, but it follows names to anywhere on the disk, fills what is missing with zeros and opens
the files of all wells of a plate to read one. So descriptions are followed here, and only within the well's folder.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import tifffile

from engine.errors import InputError
from engine.spheroid.micromanager import index_of
from engine.spheroid.ome_planes import Description, Image, Told, files_named, read_description, root_uuid
from engine.spheroid.tiff_file import AGAIN, opened

MOST_XML = 1 << 26  # bytes of a description in a file of its own
NAMED = 5
_ENDING = re.compile(r"(?:\.ome)?\.tiff?$", re.IGNORECASE)
ONE_FILE = "export each well's stack as one file"


class PlaneOf(NamedTuple):
    """Where a plane lies. uuid: the identity that its file must have, '' where none is told."""

    path: Path
    page: int
    uuid: str = ""


class _Spot(NamedTuple):
    """A page of a file, as a description calls it. key: of the file, the same for all its pages."""

    key: str
    page: int
    name: str
    uuid: str


Frame = tuple[int, int]  # channel and time


def places_of(file: tifffile.TiffFile, path: Path) -> tuple[PlaneOf, ...] | None:
    """All planes of the stack that a file holds a part of, in z order; None where its own pages are the whole stack.

    Looks at names in the folder of the file, at no pixel. Raises InputError where a part is missing, has another name,
    lies outside of the folder or is told twice, and where the file holds several stacks, channels or times.
    """
    found = _by_ome(file, path)
    return _by_index(file, path) if found is None else found


def refuse_other(file: tifffile.TiffFile, plane: PlaneOf, first: Path) -> None:
    """Raises InputError where a file has the name of a part, but is another one: renamed, or a copy."""
    own = root_uuid(file.ome_metadata or "")
    if plane.uuid and own and own != plane.uuid:
        raise InputError(
            f"{first.name} has a part of its stack in {plane.path.name}, but the file of this name is another one (a "
            f"copy of another part, or of another acquisition): put the right {plane.path.name} beside it."
        )


def _by_ome(file: tifffile.TiffFile, path: Path) -> tuple[PlaneOf, ...] | None:
    described = file.pages.first.description  # `ome_metadata` leaves away what is cut off
    xml, home = described if "<OME" in described or "<TiffData" in described else "", path
    told = read_description(xml) if xml else None
    if told is None:
        _refuse_several(xml, path)
        return None
    own = told.uuid
    if told.elsewhere:
        full = _beside(told.elsewhere, path)
        if full is None:
            if (found := _by_index(file, path)) is not None:  # that says as much
                return found
            raise InputError(
                f"{path.name} leaves it to {_last(told.elsewhere)} to say which planes it holds, and that file is not "
                f"beside it: put {_last(told.elsewhere)} there, or {ONE_FILE}."
            )
        stat = full.stat()
        told, home = _description(full, stat.st_size, stat.st_mtime_ns), full
    files = {_key(one, home): one.name or home.name for image in told.images for one in image.told}
    if len(files) < 2 and home == path:
        _refuse_several(xml, path)
        return None
    mine = own if own in files else next((key for key, name in files.items() if _same(_last(name), path.name)), "")
    if not mine and files:
        raise InputError(
            f"{path.name} has another name in its own description, which tells of {_listed(files.values())}: give the "
            "files of its stack the names back that they were written with."
        )
    holding = [image for image in told.images if any(_key(one, home) == mine for one in image.told)]
    if len(holding) > 1:
        raise InputError(
            f"{path.name} holds {len(holding)} stacks, such as those of several positions: export one well's stack as "
            "one file."
        )
    return _planes(holding[0], mine, home, path, len(file.pages)) if holding else None


def _refuse_several(xml: str, path: Path) -> None:
    """Refuses what tells of several files, but not how: a part must not be taken for the whole."""
    if len(files_named(xml)) > 1:
        raise InputError(
            f"{path.name} is of a stack in several files, but its description (OME-XML) is damaged: {AGAIN}."
        )


def _planes(image: Image, mine: str, home: Path, path: Path, n_pages: int) -> tuple[PlaneOf, ...]:
    """The planes of the channel and time of which the file at `path` holds some."""
    at, held = _spots(image, mine, home, n_pages)
    for n, what in ((len({c for c, _ in held}), "channels"), (len({t for _, t in held}), "times")):
        if n > 1:
            raise InputError(f"{path.name} has planes of {n} {what}, not one stack: export the one with the nuclei.")
    planes = at[held.pop()] if held else {}
    size = dict(zip(image.axes, image.sizes, strict=True))["Z"]
    if lost := [z for z in range(size) if z not in planes]:
        raise InputError(
            f"{path.name} is of a stack of {size} planes, but says of {len(planes)} only where they are (not of "
            f"{_planes_named(lost)}): it was cut off or stopped early, {AGAIN}."
        )
    seen: dict[tuple[str, int], int] = {}
    for z in range(size):
        if len(planes[z]) > 1:
            where = " and ".join(f"page {one.page + 1} of {_last(one.name)}" for one in planes[z][:2])
            raise InputError(f"{path.name} gives plane {z + 1} of its stack twice, as {where}: export the stack again.")
        one = planes[z][0]
        before = seen.setdefault((one.key, one.page), z)
        if before != z:
            raise InputError(
                f"{path.name} gives planes {before + 1} and {z + 1} of its stack the same page of {_last(one.name)}: "
                "export the stack again."
            )
    files = {mine: path, home.name: home}
    for z in range(size):
        one = planes[z][0]
        if one.key not in files:
            where_it_lies = _beside(one.name, path)
            if where_it_lies is None:
                lacking = [k for k in range(size) if planes[k][0].key == one.key]
                raise InputError(_missing(path, one.name, lacking, size))
            files[one.key] = where_it_lies
    return tuple(PlaneOf(files[planes[z][0].key], planes[z][0].page, planes[z][0].uuid) for z in range(size))


def _spots(image: Image, mine: str, home: Path, n_pages: int) -> tuple[dict[Frame, dict[int, list[_Spot]]], set[Frame]]:
    """Where the planes of every channel and time lie, by z, and of which of them the file `mine` holds some."""
    at: dict[Frame, dict[int, list[_Spot]]] = {}
    held: set[Frame] = set()
    starts = sorted({one.start for one in image.told} | {image.n_planes})
    for one in image.told:
        key = _key(one, home)
        # All pages of a file that is not open reach to where the next one begins.
        rest = n_pages if key == mine else starts[bisect_right(starts, one.start)] - one.start
        count = rest if one.n is None else one.n
        for k in range(min(count, image.n_planes - one.start)):
            place = image.place(one.start + k)
            frame = place["C"], place["T"]
            spot = _Spot(key, one.page + k, one.name or home.name, one.uuid)
            told = at.setdefault(frame, {}).setdefault(place["Z"], [])
            if spot[:2] not in [other[:2] for other in told]:
                told.append(spot)
            if key == mine:
                held.add(frame)
    return at, held


def _missing(path: Path, name: str, zs: list[int], size: int) -> str:
    told, last = PureWindowsPath(name), _last(name)
    what = f"{path.name} holds a part of its stack; {_planes_named(zs)} of {size}"
    if not last:
        return f"{what} lie in a file that its description does not name: {ONE_FILE}."
    if told.anchor or ".." in told.parts or (path.parent / last).exists():
        return f"{what} lie outside of its folder ({name}), where nothing is read: put {last} itself beside it."
    return (
        f"{what} lie in {last}, which is not beside it: put {last} into the folder {path.parent.name}, or give it this "
        "name again if it was renamed."
    )


def _beside(name: str, path: Path) -> Path | None:
    """The file of that name in the folder of `path` or below it, None where there is none.

    Of a name with folders that are not there, or that climb out, the last part counts: people move stacks. A link to a
    file elsewhere is none, but where `path` itself is a link, the folder in which its file lies counts too.
    """
    told = PureWindowsPath(name)  # takes both slashes
    climbs = bool(told.anchor) or ".." in told.parts
    options = [] if climbs else [path.parent.joinpath(*told.parts)]
    options += [path.parent / last for last in (name if "/" not in name else "", told.name) if last not in ("", "..")]
    allowed = (path.parent.resolve(), path.resolve().parent)
    for option in options:
        for form in ("NFC", "NFD"):  # disks keep umlauts in one piece or in two
            found = option.with_name(unicodedata.normalize(form, option.name))
            if found.is_file() and any(found.resolve().is_relative_to(folder) for folder in allowed):
                return found
    return None


@lru_cache(maxsize=4)
def _description(path: Path, size: int, changed: int) -> Description:
    """The full description in a file that others of the plate refer to: read once for all of them.

    size, changed: of the file, so that one that was written anew is read anew.
    """
    if path.suffix.lower() in (".tif", ".tiff"):
        with opened(path) as file:
            xml = file.ome_metadata or ""
    elif size > MOST_XML:
        raise InputError(f"{path.name} has {size:,} bytes, more than a description of planes can have: {ONE_FILE}.")
    else:
        xml = path.read_text(encoding="utf-8", errors="replace")
    found = read_description(xml)
    if found is None or not found.images:
        raise InputError(f"{path.name} describes no planes, though other files refer to it: {AGAIN}.")
    return found


def _by_index(file: tifffile.TiffFile, path: Path) -> tuple[PlaneOf, ...] | None:
    """By the index that Micro-Manager writes into every file: which channel, plane, time and position each page is."""
    first = index_of(file)
    if first is None or len({page.frame for page in first.pages}) != 1:
        return None
    frame, size = first.pages[0].frame, first.n_planes
    held = {one.z: PlaneOf(path, one.page) for one in first.pages}
    ending = "".join(_ENDING.findall(path.name)[-1:])
    name = path.name.removesuffix(ending)
    later = re.fullmatch(r"(.*)_[1-9]\d{0,3}", name)  # of x.ome.tif, x_1.ome.tif, x_2.ome.tif a later one
    bases = (name, later.group(1)) if later else (name,)
    lacking = ""
    for base in bases if len(held) < size else []:
        part, n = path.with_name(f"{base}{ending}"), 0
        while (there := path if part == path else _beside(part.name, path)) is not None:
            if there != path:
                with opened(there) as other:
                    more = index_of(other)
                for one in more.pages if more else ():
                    if one.frame == frame and held.setdefault(one.z, PlaneOf(there, one.page)).path != there:
                        raise InputError(
                            f"{path.name} and {part.name} are parts of one stack and both hold plane {one.z + 1}: "
                            "remove the one that is a copy."
                        )
            n += 1
            part = path.with_name(f"{base}_{n}{ending}")
        lacking = part.name
    if lost := [z for z in range(size) if z not in held]:
        raise InputError(_missing(path, lacking, lost, size))
    return tuple(held[z] for z in range(size))


def _key(one: Told, home: Path) -> str:
    return one.uuid or _last(one.name) or home.name


def _last(name: str) -> str:
    return PureWindowsPath(name).name


def _same(a: str, b: str) -> bool:
    return unicodedata.normalize("NFC", a).casefold() == unicodedata.normalize("NFC", b).casefold()


def _planes_named(zs: list[int]) -> str:
    """Planes counted from 1: 'planes 5 to 7', 'planes 2, 9'."""
    numbers = [z + 1 for z in zs]
    if len(numbers) == 1:
        return f"plane {numbers[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"planes {numbers[0]} to {numbers[-1]}"
    return f"planes {_listed(map(str, numbers))}"


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:NAMED]) + (f" and {len(known) - NAMED} more" if len(known) > NAMED else "")
