"""The files of a screen read and held against each other: layout, readouts, annotation. Images stay where they are."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.drugs import read_drugs
from engine.spheroid.layout import plates_of, read_layout
from engine.spheroid.layout_columns import read_wells
from engine.spheroid.percentages import settled
from engine.spheroid.plate import GEOMETRY, plate_order
from engine.spheroid.readings import INHIBITION, VIABILITY, comments
from engine.spheroid.readout_files import n_wells_of, read_long, read_readouts, said_by
from engine.spheroid.screen_folder import METABOLIC, ScreenFiles
from engine.spheroid.types import Plates, Readouts

EARLIEST = date(1970, 1, 1)
_RUN = re.compile(r"(?:_V\d+)?_(?:CE|DS)\d*$", re.IGNORECASE)


@dataclass(frozen=True)
class ScreenContent:
    """plates, readouts: as read. drugs: annotation, no rows where there is none. simulated: a comment says so."""

    plates: Plates
    readouts: tuple[Readouts, ...]
    drugs: pd.DataFrame
    simulated: bool


def read_screen(files: ScreenFiles, receipt: Receipt, percent: bool = False, inhibition: bool = False) -> ScreenContent:
    """Read everything but the images.

    percent, inhibition: the metabolic readouts are viabilities, or inhibitions, in percent already.

    Raises InputError as `read_layout` and `read_readouts` do.
    """
    if files.table is not None:
        table = read_wells(files.table.path, files.table.name, files.in_table)
        said = comments(files.table.path)
        plates = plates_of(table, receipt, said)
        raw = read_long(table, receipt)
        if raw["raw"].isna().all():
            raise InputError(f"{files.table.name} has no readout of any well: export it again with its values.")
        raw["told"] = raw["told"].replace("", said_by(said))
        form = VIABILITY if percent else INHIBITION if inhibition else ""
        taken = settled(raw, plates.wells, METABOLIC, receipt, form)
        frame = taken.frame[["plate", "row", "column", "raw"]]
        readouts = [Readouts(METABOLIC, frame, (), taken.is_percent, taken.inhibited)]
    elif files.layout is not None:
        said = comments(files.layout.path)
        plates = read_layout(
            files.layout.path, files.layout.name, receipt, files.in_table, pos_rules=not files.published
        )
        readouts = []
        for kind, given in files.readouts.items():
            asked = (percent and kind == METABOLIC, inhibition and kind == METABOLIC)
            readouts.append(read_readouts(given, plates, kind, receipt, files.in_table, *asked))
    else:
        raise InputError(f"The screen {files.name} has neither a layout nor a table that says what is in its wells.")
    plates = replace(plates, n_wells=n_wells_of(plates, readouts))
    drugs = pd.DataFrame(columns=["drug", "abbreviation", "group_abbr", "group_name"])
    if files.drugs is not None:
        drugs = read_drugs(files.drugs.path, files.drugs.name)
        tested = set(plates.wells.loc[plates.wells["well_type"] == "therapy", "treatment"]) - {""}
        if lost := sorted(tested - set(drugs["drug"])):
            more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
            receipt.notes.append(f"{files.drugs.name} does not annotate {', '.join(lost[:5])}{more}.")
    return ScreenContent(plates, tuple(readouts), drugs, any("simulated" in line.lower() for line in said))


def day_of(text: str) -> date | None:
    """The day of a screening as a person writes it, 2021-03-15 or 15.03.2021; None of nothing.

    Raises InputError for what is no day, or none on which a screen can have been made.
    """
    text = text.strip()
    if not text:
        return None
    day = None
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            day = datetime.strptime(text, form).date()
    if day is None:
        raise InputError(f"{text!r} is no day of a screening: write year-month-day, such as 2021-03-15.")
    # A day that has begun somewhere on earth.
    if not EARLIEST <= day <= (datetime.now(UTC) + timedelta(hours=14)).date():
        when = "in the future" if day > EARLIEST else f"before {EARLIEST.year}"
        raise InputError(f"The day of the screening, {day}, lies {when}: check the year.")
    return day


def sample_of(name: str) -> str:
    """BT-40 of BT-40_V1_DS1: a published screen's name without its number of repeat and its kind."""
    return _RUN.sub("", name)


def screen_tables(
    name: str, content: ScreenContent, sample: str, entity: str, day: date | None = None
) -> dict[str, pd.DataFrame]:
    """Rows of the tables screen, plate and well but for images and source. day: of the screening, where it is known."""
    wells = content.plates.wells
    n_rows, n_columns = GEOMETRY[content.plates.n_wells]
    drugs = ((wells["well_type"] == "therapy") & (wells["treatment"] != "")).any()
    names = sorted(wells["plate"].unique(), key=plate_order)
    screen = {
        "screen": name,
        "kind": "drugs" if drugs else "controls",
        "sample": sample or sample_of(name),
        "entity": entity or None,
        "screened_on": day,
        "n_plates": len(names),
        "n_wells": content.plates.n_wells,
        "n_images": 0,
        "image_job": None,
    }
    plate = pd.DataFrame({"screen": name, "plate": names, "n_rows": n_rows, "n_columns": n_columns})
    return {
        "screen": pd.DataFrame([screen]),
        "plate": plate,
        "well": wells.assign(screen=name),
    }
