"""Which screens lie in a folder, zip archive or table, and which file is what. Images are not listed, far less opened.

Known are the folders of the published data set (Layouts, Images, Metabolic, MeanOfStack), a folder with a layout and
the plates' readouts beside it, a folder of such folders, and one table that says everything of every well.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import InputError
from engine.spheroid.drugs import is_annotation
from engine.spheroid.images import tiff_files
from engine.spheroid.layout_columns import header_of, is_layout, is_long, screens_of
from engine.spheroid.plate import clean
from engine.spheroid.readout_files import ReadoutFile
from engine.spheroid.unpacked import unpack

METABOLIC, MOS = "metabolic", "mos"
FOLDERS = {"metabolic": METABOLIC, "meanofstack": MOS, "mos": MOS}
IMAGES = ("images", "stacks")
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".gz")
ASIDE = re.compile(r"(?i)^(\.|~\$|about|readme|licen[cs]e)|truth")
MOST_ENTRIES = 20_000  # tables beside each other; a folder with more holds images
WANTED = (
    "Give a folder with Layouts, Images, Metabolic and MeanOfStack as published, or one with a layout (layout.csv) and "
    "the plates' readouts beside it."
)


@dataclass(frozen=True)
class ScreenFiles:
    """The files of one screen.

    layout: None where `table` says what is in the wells. readouts: by modality. images: folder with the screen's TIFFs.
    table: layout and readouts in one. in_table: what tables with a column of screens call it, '' where it has none.
    published: named controls of images and of metabolic readouts apart, as in the published data set.
    """

    name: str
    folder: Path
    layout: ReadoutFile | None
    readouts: dict[str, tuple[ReadoutFile, ...]]
    images: Path | None = None
    drugs: ReadoutFile | None = None
    table: ReadoutFile | None = None
    in_table: str = ""
    published: bool = False


def screens_in(path: Path) -> tuple[ScreenFiles, ...]:
    """Every screen of a folder, zip archive or table, in the order of names.

    Raises InputError saying what is missing, and for a zip whose paths climb out of its folder.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path.")
    if path.is_file() and not _is_archive(path):
        return _in_table(path)
    folder = _descended(unpack(path) if path.is_file() else path)
    found = _published(folder) or _flat(folder) or _flats(folder)
    if not found:
        raise InputError(f"{path} holds no screen that could be found. {WANTED}")
    return tuple(sorted(found, key=lambda screen: screen.name))


def chosen_screen(found: Iterable[ScreenFiles], name: str, where: str) -> ScreenFiles:
    """The screen of that name; a single one may be given any name. Raises InputError naming those there are."""
    screens = list(found)
    if name in [screen.name for screen in screens]:
        return next(screen for screen in screens if screen.name == name)
    if len(screens) == 1:
        return replace(screens[0], name=clean(name)) if name else screens[0]
    names = ", ".join(screen.name for screen in screens)
    told = f"there is no {name} among them" if name else "say which one"
    raise InputError(f"{where} holds {len(screens)} screens: {names}; {told}.")


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
    return packed and path.suffix.lower() not in (".xlsx", ".xlsm")


def _descended(folder: Path) -> Path:
    """Down to where something lies: archives often hold one folder with everything in it."""
    for _ in range(5):
        files, folders = _listed(folder)
        if files or len(folders) != 1 or folders[0].name.casefold() in (*FOLDERS, *IMAGES, "layouts"):
            return folder
        folder = folders[0]
    return folder


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Tables and folders in a folder, by name; nothing is opened. What explains or hides is left aside."""
    files: list[Path] = []
    folders: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if ASIDE.search(entry.name) or entry.name == "__MACOSX":
                    continue
                if entry.is_dir():
                    folders.append(Path(entry.path))
                elif entry.name.lower().endswith(ENDINGS) and len(files) < MOST_ENTRIES:
                    files.append(Path(entry.path))
    except OSError as error:
        raise InputError(f"{folder} cannot be listed ({error.strerror}): check its rights.") from error
    return sorted(files), sorted(folders)


def _in_table(path: Path) -> tuple[ScreenFiles, ...]:
    header = header_of(path)
    if not (is_layout(header) and is_long(header)):
        raise InputError(
            f"{path.name} is one file, but does not say everything of a screen: it needs columns for plate, row, "
            f"column, treatment, concentration and readout. {WANTED}"
        )
    table = ReadoutFile(path, path.name)
    names = screens_of(path)
    if not names:
        return (ScreenFiles(clean(path.name.split(".", 1)[0]), path.parent, None, {}, table=table),)
    return tuple(ScreenFiles(name, path.parent, None, {}, table=table, in_table=name) for name in names)


def _published(folder: Path) -> list[ScreenFiles]:
    """Folders named as published, each with one folder per screen."""
    named = {below.name.casefold(): below for below in _listed(folder)[1]}
    if "layouts" not in named:
        return []
    layouts, drugs = _layouts(named["layouts"])
    if not layouts:
        raise InputError(f"{named['layouts']} holds no layout: it needs Layout_DS.csv or Layout_CE.csv.")
    parts: dict[str, dict[str, Path]] = {}
    for kind in (*FOLDERS, *IMAGES):
        for below in _listed(named[kind])[1] if kind in named else []:
            parts.setdefault(clean(below.name), {}).setdefault(kind, below)
    if not parts:
        raise InputError(f"{folder} has layouts but no screen: its folders Images, Metabolic or MeanOfStack are empty.")
    made = []
    for name, kinds in parts.items():
        readouts = {
            FOLDERS[kind]: tuple(ReadoutFile(file, file.name) for file in _listed(below)[0])
            for kind, below in kinds.items()
            if kind in FOLDERS
        }
        made.append(
            ScreenFiles(
                name=name, in_table=name, folder=folder, layout=_layout_for(name, layouts), drugs=drugs, published=True,
                readouts={modality: files for modality, files in readouts.items() if files},
                images=next((kinds[kind] for kind in IMAGES if kind in kinds), None),
            )
        )  # fmt: skip
    return made


def _layouts(folder: Path) -> tuple[list[ReadoutFile], ReadoutFile | None]:
    layouts, drugs = [], None
    for file in _listed(folder)[0]:
        header = header_of(file)
        if is_layout(header):
            layouts.append(ReadoutFile(file, file.name))
        elif is_annotation(header):
            drugs = ReadoutFile(file, file.name)
    return layouts, drugs


def _layout_for(name: str, layouts: list[ReadoutFile]) -> ReadoutFile:
    """Layout_<screen>, else Layout_CE or _DS as the screen's name ends, else the only one."""
    stems = {file.path.name.split(".", 1)[0].casefold().removeprefix("layout").strip("_- "): file for file in layouts}
    ending = re.search(r"_(CE|DS)\d*$", name, re.IGNORECASE)
    for key in (name.casefold(), ending.group(0).strip("_").casefold() if ending else "",
                ending.group(1).casefold() if ending else ""):  # fmt: skip
        if key and key in stems:
            return stems[key]
    if len(layouts) == 1:
        return layouts[0]
    raise InputError(
        f"Nothing says which layout the screen {name} has: there are {', '.join(file.name for file in layouts)}. Call "
        f"one Layout_{name}.csv."
    )


def _flat(folder: Path) -> list[ScreenFiles]:
    """A layout with readouts beside it or in folders Metabolic and MeanOfStack; or one table with everything."""
    files, below = _listed(folder)
    layouts: list[Path] = []
    drugs, others, complete = None, [], []
    for file in files:
        header: tuple[str, ...] = ()
        try:
            header = header_of(file)
        except InputError:
            if "layout" in file.name.casefold():
                raise
            # What another file is instead is said when it is read as readouts.
        if is_layout(header) and is_long(header):
            complete.append(file)
        elif is_layout(header):
            layouts.append(file)
        elif is_annotation(header):
            drugs = ReadoutFile(file, file.name)
        else:
            others.append(ReadoutFile(file, file.name))
    if not layouts:
        return [replace(screen, drugs=drugs) for file in complete for screen in _in_table(file)]
    if len(layouts) > 1:
        names = ", ".join(file.name for file in layouts)
        raise InputError(f"{folder} holds {len(layouts)} layouts ({names}): leave the one that the readouts belong to.")
    readouts: dict[str, list[ReadoutFile]] = {}
    for given in [*others, *(ReadoutFile(path, path.name) for path in complete)]:
        kind = MOS if re.search(r"(?i)(?<![a-z])(mos|mean.?of.?stack)(?![a-z])", given.name) else METABOLIC
        readouts.setdefault(kind, []).append(given)
    for inner in below:
        if modality := FOLDERS.get(inner.name.casefold()):
            readouts.setdefault(modality, []).extend(ReadoutFile(file, file.name) for file in _listed(inner)[0])
    images = folder if next(iter(tiff_files(folder)), None) is not None else None
    layout = ReadoutFile(layouts[0], layouts[0].name)
    if not readouts and images is None:
        raise InputError(f"{folder} holds the layout {layout.name}, but neither readouts nor images (TIFF) beside it.")
    made = {kind: tuple(held) for kind, held in readouts.items() if held}
    named = clean(folder.resolve().name)
    return [ScreenFiles(named, folder, layout, made, images, drugs, in_table=named, published=images is not None)]


def _flats(folder: Path) -> list[ScreenFiles]:
    return [screen for below in _listed(folder)[1] for screen in _flat(below)]
