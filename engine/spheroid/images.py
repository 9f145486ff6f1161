"""Which image files belong to which well: a folder is listed, its names are read by a pattern, nothing is opened.

A plate of z-stacks has about 100 GB in 10,000 files, so files are neither opened nor asked for their size here.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError
from engine.spheroid.name_pattern import HELP, TEMPLATES, Parsed, is_tiff, read_pattern
from engine.spheroid.types import WellImage

GUESSED_FROM = 200  # names by which a pattern is chosen
PREVIEW = 20
NAMED = 5  # examples in a sentence
ONE_OF = ("screen", "channel", "site", "time")  # of these all images of a well must agree

File = tuple[tuple[str, ...], str]  # folders below the chosen one, name
Well = tuple[str, str, int]  # plate, row, column


class PreviewRow(NamedTuple):
    """One file as a pattern reads it. parsed: None where its name does not fit."""

    name: str
    parsed: Parsed | None


class Preview(NamedTuple):
    """A look at a folder before its import. rows: the first files. unmatched: the names among them that do not fit."""

    pattern: str
    rows: tuple[PreviewRow, ...]
    unmatched: tuple[str, ...]


class FoundImages(NamedTuple):
    """wells: by plate, row and column. notes: what a person should know, a sentence each. pattern: what was used."""

    wells: list[WellImage]
    notes: tuple[str, ...]
    pattern: str


def label(plate: str, row: str, column: int) -> str:
    """A well's name: P1_B02."""
    return f"{plate}_{row}{column:02}"


def tiff_files(folder: Path) -> Iterator[File]:
    """Every TIFF below a folder, in the order of names, one folder after the other.

    The kind of an entry comes with the listing; no file is opened or asked for its size, links to folders are not
    followed. Thumbnails that microscopes write beside the images (*_thumb*) are left out.
    Raises InputError where the folder is none or must not be listed.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the folder that holds the images.")
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        folders = waiting.pop()
        below, names = [], []
        try:
            with os.scandir(folder.joinpath(*folders)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            below.append(entry.name)
                    elif is_tiff(entry.name) and "_thumb" not in entry.name.lower():
                        names.append(entry.name)
        except OSError as error:
            raise InputError(f"{folder.joinpath(*folders)} cannot be listed ({error.strerror}).") from error
        yield from ((folders, name) for name in sorted(names, key=_natural))
        waiting.extend((*folders, name) for name in sorted(below, key=_natural, reverse=True))


def guess_pattern(folder: Path) -> str:
    """The first known pattern, the most special one first, that fits half of the first names.

    Raises InputError where none does.
    """
    files = [file for file, _ in zip(tiff_files(folder), range(GUESSED_FROM), strict=False)]
    if not files:
        raise InputError(f"{folder} holds no TIFF image (.tif, .tiff): give the folder that holds the images.")
    for text in TEMPLATES.values():
        pattern = read_pattern(text)
        if sum(pattern.parse(*file) is not None for file in files) * 2 >= len(files):
            return text
    raise InputError(
        f"No known pattern fits the names of the images, such as {_some(map(_name, files))}. Give a pattern. {HELP}"
    )


def preview(folder: Path, pattern: str = "", n: int = PREVIEW) -> Preview:
    """How the first n files are read by a pattern; without one, by a known pattern that fits."""
    text = pattern or guess_pattern(folder)
    read = read_pattern(text)
    files = [file for file, _ in zip(tiff_files(folder), range(n), strict=False)]
    rows = tuple(PreviewRow(_name(file), read.parse(*file)) for file in files)
    return Preview(text, rows, tuple(row.name for row in rows if row.parsed is None))


def find_images(folder: Path, pattern: str = "", screen: str = "") -> FoundImages:
    """The images of every well below a folder.

    pattern: see name_pattern.py; '' takes a known one that fits. screen: only its images, where names tell.
    Planes and parts come in the order of their numbers. Raises InputError where no name fits, where two files are the
    same well, plane, part or projection, and where a well has images of several screens, channels, sites or times.
    """
    text = pattern or guess_pattern(folder)
    read = read_pattern(text)
    files: dict[Well, dict[int | str | None, Path]] = {}
    said: dict[str, set] = {name: set() for name in ONE_OF}
    strangers: list[str] = []
    for folders, name in tiff_files(folder):
        parsed = read.parse(folders, name)
        if parsed is None:
            strangers.append(_name((folders, name)))
            continue
        if screen and parsed.screen and parsed.screen.casefold() != screen.casefold():
            continue
        for key in ONE_OF:
            said[key].add(getattr(parsed, key))
        well = (_plate(parsed.plate), parsed.row, parsed.column)
        path = folder.joinpath(*folders, name)
        held = files.setdefault(well, {})
        which = parsed.kind or (parsed.plane if parsed.part is None else parsed.part)
        if which in held:
            _refuse_several(said, text)
            raise InputError(_twice(well, parsed, held[which], path, folder))
        held[which] = path
    if not files:
        told = f"; they are such as {_some(strangers)}" if strangers else ""
        of = f" of screen {screen}" if screen and not strangers else ""
        raise InputError(f"No TIFF image{of} below {folder} fits the pattern {text}{told}. {HELP}")
    _refuse_several(said, text)
    notes = []
    if strangers:
        named = any(".ome." in name.lower() for name in strangers)
        but = " Those that a stack names as its parts are read with it." if named else ""
        notes.append(f"Images that do not fit the pattern {text}, left out: {_counted(strangers)}.{but}")
    if not read.has("plate"):
        notes.append("The pattern names no plate: all wells are taken as plate P1.")
    parts = read.has("part")
    order = sorted(files, key=lambda well: (_natural(well[0]), len(well[1]), well[1], well[2]))
    wells = [_well(well, files[well], parts) for well in order]
    if split := [label(*well) for well in order if parts and len(files[well]) > 1]:
        notes.append(f"Stacks that lie in several files, read joined: {_counted(split)}.")
    whole, more = _whole(wells) if read.has("kind") else (wells, _plane_notes({} if parts else files))
    return FoundImages(whole, (*notes, *more), text)


def renamed(found: FoundImages, plates: Mapping[str, str]) -> FoundImages:
    """The same wells with plates called otherwise, e.g. a barcode as P1. Raises InputError for an unknown plate."""
    known = list(dict.fromkeys(well.plate for well in found.wells))
    if strange := [plate for plate in plates if plate not in known]:
        raise InputError(f"There are no images of plate {strange[0]}; there are those of {', '.join(known)}.")
    wells = [replace(well, plate=plates.get(well.plate, well.plate)) for well in found.wells]
    twice = [well for well, n in Counter((w.plate, w.row, w.column) for w in wells).items() if n > 1]
    if twice:
        raise InputError(f"Two plates would both have the well {label(*twice[0])}: give them different names.")
    return found._replace(wells=wells)


def compared(found: Iterable[WellImage], expected: Iterable[Well]) -> tuple[str, ...]:
    """What images and layout do not share, in sentences. expected: the wells that should have images."""
    have = {(well.plate, well.row, well.column) for well in found}
    want = set(expected)
    notes = []
    if lost := sorted(want - have):
        notes.append(f"Wells of the layout without an image: {_counted(label(*well) for well in lost)}.")
    if extra := sorted(have - want):
        notes.append(f"Wells with an image that the layout lacks: {_counted(label(*well) for well in extra)}.")
    return tuple(notes)


def _well(well: Well, held: Mapping[int | str | None, Path], parts: bool) -> WellImage:
    planes = tuple(held[key] for key in sorted(key for key in held if isinstance(key, int)))
    if None in held:
        planes = (held[None], *planes) if parts else (held[None],)  # of parts the first has no number
    return WellImage(*well, planes=planes, mip=held.get("proj"), mid=held.get("midz"))


def _whole(wells: list[WellImage]) -> tuple[list[WellImage], tuple[str, ...]]:
    """Wells with both projections, and a sentence on those that lack one."""
    notes = []
    for kind, what in (("mip", "maximum projection (proj)"), ("mid", "middle plane (midz)")):
        if lost := [well for well in wells if getattr(well, kind) is None]:
            names = _counted(label(well.plate, well.row, well.column) for well in lost)
            notes.append(f"Wells without their {what}, left out: {names}.")
    return [well for well in wells if well.mip and well.mid], tuple(notes)


def _plane_notes(files: Mapping[Well, Mapping[int | str | None, Path]]) -> tuple[str, ...]:
    """Sentences on holes in stacks and on wells with fewer or more planes than most, where planes are files."""
    numbers = {well: sorted(key for key in held if isinstance(key, int)) for well, held in files.items()}
    numbers = {well: planes for well, planes in numbers.items() if planes}
    notes = []
    holes = {well: set(range(planes[0], planes[-1] + 1)) - set(planes) for well, planes in numbers.items()}
    if cut := [f"{label(*well)} lacks {', '.join(map(str, sorted(hole)))}" for well, hole in holes.items() if hole]:
        notes.append(f"Stacks with holes, projected without the missing planes: {_counted(cut)}.")
    return (*notes, *count_notes({well: len(planes) for well, planes in numbers.items()}))


def count_notes(planes: Mapping[Well, int]) -> tuple[str, ...]:
    """A sentence where wells differ in their number of planes."""
    counts = Counter(planes.values())
    if len(counts) < 2:
        return ()
    usual = max(counts, key=lambda n: (counts[n], n))
    odd = [f"{label(*well)} has {n}" for well, n in planes.items() if n != usual]
    return (f"Stacks differ in their number of planes; most have {usual}. Others: {_counted(odd)}.",)


def _refuse_several(said: Mapping[str, set], text: str) -> None:
    for key, values in said.items():
        if len(values) > 1:
            names = ", ".join(str(value) or "none" for value in sorted(values, key=str)[:NAMED])
            cure = "name the screen, or write it" if key == "screen" else "write the one that you want"
            raise InputError(
                f"The images are of {len(values)} {key}s ({names}) by the pattern {text}: {cure} into the pattern in "
                f"the place of {{{key}}}."
            )


def _twice(well: Well, parsed: Parsed, first: Path, second: Path, folder: Path) -> str:
    numbers = (("plane", parsed.plane), ("part", parsed.part))
    what = parsed.kind or next((f"{name} {number}" for name, number in numbers if number is not None), "")
    what += " of " if what else ""
    a, b = (path.relative_to(folder).as_posix() for path in (first, second))
    cure = "remove one, or let the pattern tell them apart"
    return f"{a} and {b} are both {what}well {label(*well)}: {cure}."


def _plate(name: str) -> str:
    """P1 for '', 1, 01, p1 and P01; another name stays."""
    number = re.fullmatch(r"[Pp]?0*(\d{1,4})", name)
    return f"P{number.group(1)}" if number else name or "P1"


def _name(file: File) -> str:
    return "/".join((*file[0], file[1]))


def _some(names: Iterable[str]) -> str:
    """The first of many names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - NAMED:,} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more


def _counted(names: Iterable[str]) -> str:
    """3 (a, b, c)."""
    known = list(names)
    return f"{len(known):,} ({_some(known)})"


def _natural(name: str) -> list[tuple[int, str]]:
    """z2 before z10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]
