"""Small screens as files: layouts in the published columns, matrices as a plate reader writes them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import tifffile

HEADER = "Plate,Row,Column,WellType,Treatment,Concentration"
DOSES = (1, 10, 100, 1000, 10000)
ROWS_96, ROWS_384 = "ABCDEFGH", "ABCDEFGHIJKLMNOP"
WELLS = {  # one plate of 96: row, first column, type, treatment, concentrations
    "B": (2, "neg", "DMSO", (0,) * 8),
    "C": (2, "pos", "Staurosporine", (250,) * 6),
    "D": (2, "therapy", "Drug A", DOSES + DOSES),
    "E": (2, "therapy", "Drug Ö", DOSES + DOSES),
    "F": (2, "BzCl", "BzCl", (100000,) * 4),
    "G": (2, "TRC", "Staurosporine", DOSES),
}
ALIVE = {"neg": 1000.0, "pos": 200.0, "BzCl": 100.0, "TRC": 600.0, "therapy": 600.0, "": 50.0}


def layout_rows(plates: Iterable[str] = ("P1",)) -> list[str]:
    """Rows of a layout, wells without content left out."""
    return [
        f"{plate},{row},{first + i},{kind},{drug},{dose}"
        for plate in plates
        for row, (first, kind, drug, doses) in WELLS.items()
        for i, dose in enumerate(doses)
    ]


def layout_text(plates: Iterable[str] = ("P1",)) -> str:
    return "\n".join([HEADER, *layout_rows(plates)]) + "\n"


def reading(row: str, column: int) -> float:
    """What a well reads; it differs from well to well."""
    first, kind, _, doses = WELLS.get(row, (0, "", "", ()))
    inside = first <= column < first + len(doses)
    return ALIVE[kind if inside else ""] + column + 0.5


def matrix_text(
    rows: str = ROWS_96, columns: int = 12, separator: str = "\t", value: Callable[[str, int], object] = reading
) -> str:
    """A plate with numbers above and letters beside it."""
    lines = [separator.join(["", *map(str, range(1, columns + 1))])]
    lines += [separator.join([row, *(str(value(row, c)) for c in range(1, columns + 1))]) for row in rows]
    return "\n".join(lines) + "\n"


def flat_screen(folder: Path, plates: Iterable[str] = ("P1",), value: Callable[[str, int], object] = reading) -> Path:
    """A layout and a matrix per plate beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    plates = list(plates)
    (folder / "layout.csv").write_text(layout_text(plates), encoding="utf-8")
    for plate in plates:
        (folder / f"{folder.name}_{plate}.txt").write_text(matrix_text(value=value), encoding="utf-8")
    return folder


def published_screen(folder: Path, name: str = "S1_DS1", images: bool = True, skip: Iterable[str] = ()) -> Path:
    """The published folders with one screen of one plate; images are 8 by 8 pixels. skip: wells without images."""
    for below in ("Layouts", f"Metabolic/{name}", f"MeanOfStack/{name}"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    (folder / "Layouts/Layout_DS.csv").write_text("# Concentrations in nM\n" + layout_text(), encoding="utf-8")
    (folder / "Layouts/Drugs.csv").write_text(
        "Treatment,Abbreviation,GroupAbbr,GroupName\nDrug A,A,K,Kinase inhibitor\nDrug Ö,O,H,HDAC inhibitor\n",
        encoding="utf-8",
    )
    for kind in ("Metabolic", "MeanOfStack"):
        (folder / kind / name / f"{name}_P1.txt").write_text(matrix_text(), encoding="utf-8")
    if images:
        rng = np.random.default_rng(1)
        (folder / "Images" / name).mkdir(parents=True, exist_ok=True)
        for row, (first, _, _, doses) in WELLS.items():
            for column in range(first, first + len(doses)):
                if f"{row}{column:02}" in skip:
                    continue
                for kind in ("proj", "midz"):
                    path = folder / "Images" / name / f"{name}_P1_{row}{column:02}_{kind}_224x224.tif"
                    tifffile.imwrite(path, rng.integers(0, 60000, (8, 8)).astype(np.uint16), metadata=None)
    return folder
