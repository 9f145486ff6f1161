"""What a plate reader wrote: matrices (one or several in a file or workbook) or long tables -> one number a well."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.layout_columns import WellTable, header_of, is_long, read_wells
from engine.spheroid.matrices import Matrix, find_matrices
from engine.spheroid.percentages import settled
from engine.spheroid.plate import GEOMETRY, PLACE, plate_in, size_for, well_name
from engine.spheroid.readings import INHIBITION, VIABILITY, comments, numbers, percent_of, read_sheets
from engine.spheroid.types import Plates, Readouts

PLACES = ["plate", "row", "column"]
NAMED = 5


class ReadoutFile(NamedTuple):
    """A file and what messages call it."""

    path: Path
    name: str


def read_readouts(
    files: Iterable[ReadoutFile],
    plates: Plates,
    modality: str,
    receipt: Receipt,
    screen: str = "",
    percent: bool = False,
    inhibition: bool = False,
) -> Readouts:
    """The readouts of one modality from all of a screen's files.

    percent: they are viabilities in percent already. inhibition: they are inhibitions in percent, which become
    viabilities. Without either, files may say so by a comment, a line above a matrix or a column's name
    ('Viability [%]', '% inhibition').
    Wells read as NA are rows with raw NaN. receipt: told of overflows, wells the layout lacks, plates without readouts.
    Raises InputError naming file, plate and well for matrices of another size, plates the layout lacks, wells that
    stand twice, texts that are no numbers, and as `percentages.settled` does.
    """
    known = list(dict.fromkeys(plates.wells["plate"]))
    parts = [part for file in files for part in _read(file, plates, known, receipt, screen)]
    if not parts:
        raise InputError(f"No file with {modality} readouts was given.")
    frame = pd.concat(parts, ignore_index=True)
    receipt.read += len(frame)
    twice = frame.duplicated(PLACES, keep=False)
    if twice.any():
        first = frame[twice].iloc[0]
        names = frame.loc[(frame[PLACES] == first[PLACES]).all(axis=1), "file"].unique()
        where = f"{names[0]} gives it twice" if len(names) == 1 else f"{names[0]} and {names[1]} both give it"
        raise InputError(
            f"Well {first['plate']}_{well_name(first['row'], first['column'])} has two readouts: {where} "
            f"({int(twice.sum()):,} such rows in all). Keep one readout a well."
        )
    start = len(receipt.notes)
    frame = _of_layout(frame, plates, receipt)
    if frame["raw"].isna().all():
        names = _listed(list(dict.fromkeys(part["file"].iloc[0] for part in parts if len(part))))
        raise InputError(f"{names}: no well of the layout has a {modality} readout. Check that the files belong to it.")
    if absent := [plate for plate in known if plate not in set(frame.loc[frame["raw"].notna(), "plate"])]:
        there = ", ".join(plate for plate in known if plate not in absent)
        receipt.notes.append(
            f"The layout has {len(known)} plates, the {modality} readouts {len(known) - len(absent)} ({there}): "
            f"{', '.join(absent)} stay without. Add their files and import again if they were measured."
        )
    measured = frame["raw"].dropna()
    if len(measured) and measured.nunique() == 1:
        receipt.notes.append(
            f"All {modality} readouts are {measured.iloc[0]:g}, which is no measurement: check the files."
        )
    found = settled(frame, plates.wells, modality, receipt, VIABILITY if percent else INHIBITION if inhibition else "")
    kept = found.frame[[*PLACES, "raw"]].reset_index(drop=True)
    return Readouts(modality, kept, tuple(receipt.notes[start:]), found.is_percent, found.inhibited)


def read_long(table: WellTable, receipt: Receipt) -> pd.DataFrame:
    """plate, row, column, raw, file and told (VIABILITY, INHIBITION or '', by the column's name) of a long table.

    Rows marked in a column `exclude` have raw NaN. Raises InputError naming row and well of a text that is no number.
    """
    frame = table.frame
    found = numbers(frame["value"].tolist())
    if found.wrong:
        row = frame.iloc[found.wrong[0]]
        raise InputError(
            f"{table.name}, row {row['line']} (well {row['plate']}_{well_name(row['row'], row['column'])}) has the "
            f"readout {row['value']!r}: write a number, or NA where there is none."
        )
    raw = found.values
    if "exclude" in frame:
        out = frame["exclude"].map(lambda text: (text or "0").lower() not in ("0", "0.0", "false", "no")).to_numpy()
        receipt.flag(frame, pd.Series(out, index=frame.index), "excluded by the table itself: no readout", ["plate"])
        raw = np.where(out, np.nan, raw)
    made = frame[PLACES].assign(raw=raw, file=table.name, told=table.units.get("value", ""))
    _note_over(made.iloc[list(found.over)], table.name, receipt)
    return made


def said_by(lines: Iterable[str]) -> str:
    """What the comments of a file say of its numbers: VIABILITY, INHIBITION or ''."""
    return next(filter(None, map(percent_of, lines)), "")


def _read(file: ReadoutFile, plates: Plates, known: Sequence[str], receipt: Receipt, screen: str) -> list[pd.DataFrame]:
    said = said_by(comments(file.path))
    if is_long(header_of(file.path, file.name)):
        table = read_wells(file.path, file.name, screen)
        made = read_long(table, receipt)
        made["told"] = made["told"].replace("", said)
        if not table.has_plates:
            made["plate"] = _plate_of(file.name, known)
        for plate in made["plate"].unique():
            _refuse_unknown(str(plate), file.name, known)
        return [made]
    found = [
        (sheet.name, matrix)
        for sheet in read_sheets(file.path, file.name)
        for matrix in find_matrices(sheet, file.name)
    ]
    if not found:
        raise InputError(
            f"{file.name} holds neither a plate's matrix (rows A, B, ... by columns 1, 2, ...) nor a table with "
            "columns for well and readout: export the plate as a matrix or list, or take the file out of the screen's "
            "folder."
        )
    made_parts = []
    for plate, (sheet, matrix) in zip(_plates_of(found, file.name, known), found, strict=True):
        _refuse_unknown(plate, file.name, known)
        _refuse_size(matrix, plate, file.name, plates)
        told = percent_of(matrix.title) or percent_of(sheet) or said
        made_parts.append(_cells(matrix, plate, file.name, receipt).assign(told=told))
    return made_parts


def _plates_of(found: list[tuple[str, Matrix]], name: str, known: Sequence[str]) -> list[str]:
    """Which plate each matrix of a file is: by the file's name, the lines above it, or its sheet."""
    if len(found) == 1:
        sheet, matrix = found[0]
        return [_plate_of(name, known, plate_in(matrix.title, known, bare=False) or plate_in(sheet, known))]
    by_matrix = [plate_in(matrix.title, known, bare=False) or plate_in(sheet, known) for sheet, matrix in found]
    if all(by_matrix):
        return [str(plate) for plate in by_matrix]
    if not any(by_matrix) and len(found) == len(known):
        return list(known)
    raise InputError(
        f"{name} holds {len(found)} matrices where the layout has {len(known)} plates ({_listed(known)}), and not "
        "every one says which plate it is: write the plate's name into the line above each matrix, or call the sheets "
        "so."
    )


def _plate_of(name: str, known: Sequence[str], told: str | None = None) -> str:
    """The plate of a file: by its name, else as its content has told, else the layout's only one."""
    stem, _, ending = name.rpartition(".")
    plate = plate_in(stem or name, known) or told or (known[0] if len(known) == 1 else None)
    if plate is None:
        raise InputError(
            f"{name} does not say which plate it is; the layout has {_listed(known)}. Put the plate's name at the end "
            f"of the file's name, as in {stem}_{known[0]}.{ending}."
        )
    return plate


def _refuse_unknown(plate: str, name: str, known: Sequence[str]) -> None:
    if plate not in known:
        raise InputError(
            f"{name} is of plate {plate}, which the layout lacks; it has {_listed(known)}. Add {plate} to the layout, "
            f"take the file away, or end its name with its plate, as in _{known[0]}.txt."
        )


def _refuse_size(matrix: Matrix, plate: str, name: str, plates: Plates) -> None:
    size, expected = matrix.values.size, plates.n_wells
    rows, columns = GEOMETRY[size]
    # A layout may name the filled wells only, so that it would fit a smaller plate than the one it is of.
    complete = (plates.wells["plate"].value_counts() >= expected).any()
    if size < expected or (size > expected and complete):
        beyond = plates.wells[(plates.wells["row"].map(PLACE) >= rows) | (plates.wells["column"] > columns)]
        why = f", as it has the well{'s' * (len(beyond) > 1)} {_wells(beyond)}" if len(beyond) else ""
        raise InputError(
            f"{name}, plate {plate}: it is a plate of {size:,} wells ({rows} rows by {columns} columns), the layout "
            f"is of plates of {expected:,}{why}. Give the readouts and the layout of the same plate."
        )


def _cells(matrix: Matrix, plate: str, name: str, receipt: Receipt) -> pd.DataFrame:
    n_rows, n_columns = matrix.values.shape
    rows = [row for row, place in PLACE.items() if place < n_rows]
    texts = matrix.values.ravel().tolist()
    found = numbers(texts)
    places = [(plate, row, column) for row in rows for column in range(1, n_columns + 1)]
    if found.wrong:
        _, row, column = places[found.wrong[0]]
        raise InputError(
            f"{name}, plate {plate}, well {well_name(row, column)} reads {texts[found.wrong[0]]!r}: "
            "write a number, or NA where there is none."
        )
    made = pd.DataFrame(places, columns=PLACES).assign(raw=found.values, file=name)
    _note_over(made.iloc[list(found.over)], name, receipt)
    return made


def _note_over(wells: pd.DataFrame, name: str, receipt: Receipt) -> None:
    if len(wells):
        told = _wells(wells)
        receipt.notes.append(f"{name}: the reader saw no number in {len(wells):,} wells ({told}): taken as missing.")


def _of_layout(frame: pd.DataFrame, plates: Plates, receipt: Receipt) -> pd.DataFrame:
    """Readouts of wells that the layout knows; empty wells without a readout are left away without a word."""
    joined = frame.merge(plates.wells[[*PLACES, "well_type"]], on=PLACES, how="left")
    lost = joined["well_type"].isna()
    if (lost & joined["raw"].notna()).any():
        wells = joined[lost & joined["raw"].notna()]
        receipt.notes.append(
            f"{len(wells):,} readouts are of wells that the layout lacks ({_wells(wells)}): left out. Add these "
            "wells to the layout if they hold something."
        )
    if lost.any():
        reason = "readouts of wells that the layout lacks"
        receipt.dropped[reason] = receipt.dropped.get(reason, 0) + int(lost.sum())
    nothing = joined["raw"].isna() & (joined["well_type"] == "empty")
    return joined[~lost & ~nothing]


def n_wells_of(plates: Plates, readouts: Iterable[Readouts]) -> int:
    """Wells of one plate, by layout and readouts together."""
    frames = [plates.wells, *(readout.frame for readout in readouts)]
    rows = max(int(frame["row"].map(PLACE).max()) + 1 for frame in frames if len(frame))
    columns = max(int(frame["column"].max()) for frame in frames if len(frame))
    return max(plates.n_wells, size_for(rows, columns) or 0)


def _wells(wells: pd.DataFrame) -> str:
    return _listed(
        [f"{plate}_{well_name(row, column)}" for plate, row, column in wells[PLACES].itertuples(index=False)]
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
