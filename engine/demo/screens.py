"""Simulated spheroid screens as the folder of the published data set, with the truth beside it.

Layouts/Layout_DS.csv, Layouts/Layout_CE.csv, Layouts/Drugs.csv, Images/<screen>/<screen>_<plate>_<well>_proj_ and
_midz_224x224.tif, Metabolic/<screen>/*.txt, MeanOfStack/<screen>/*.txt, Truth/<screen>.csv, Truth/<screen>_drugs.csv
and ABOUT.txt. Everything is labelled Simulated. The same seed writes the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from engine.demo import screen_plan as plan
from engine.demo.screen_wells import NO_DEFECTS, Defects, Well, imaged, plate_optics, wells_of
from engine.demo.spheroid_images import PIXELS, planes, project
from engine.errors import InputError

LABEL = "Simulated by Tumorcast: no measurement, says nothing about any tumour or drug"
ABOUT = """Simulated spheroid screens
==========================
{label}.

Every image, readout and viability in this folder was computed by engine/demo (size {size}, seed {seed}). Drug names,
classes and doses are real; what the drugs do here is made up. Concentrations in nM.

Layouts/      which well holds what; Drugs.csv: class and subclass
Images/       maximum projection (proj) and middle plane (midz) of every well, 16 bit
Metabolic/    luminescence, one matrix per plate
MeanOfStack/  mean of the well's z-stack
Truth/        the share of cells alive that each well was planted with, in percent of the controls

{screens}
"""


@dataclass(frozen=True)
class ScreensFolder:
    """folder: what was written. screens: names, control experiments first. wells: how many were imaged."""

    folder: Path
    screens: tuple[str, ...]
    wells: int


def write_screens(
    folder: Path,
    size: str = "small",
    seed: int = 0,
    screens: Iterable[str] | None = None,
    defects: Mapping[str, Defects] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScreensFolder:
    """Writes simulated screens into a folder.

    size: small (24 drugs, 126 wells a plate) or full (the published 75 drugs, 308 wells a plate). screens: names of
    plan.SCREENS, None for all. defects: what went wrong, by name of the screen. progress: called with wells done and
    to do after every plate.
    Raises InputError for an unknown size, screen or well.
    """
    chosen = plan.SCREENS if screens is None else tuple(plan.screen_of(name) for name in screens)
    wells = {s.name: wells_of(s, size, seed, (defects or {}).get(s.name, NO_DEFECTS)) for s in chosen}
    total, done = sum(map(len, wells.values())), 0
    _write_layouts(folder, size, seed)
    _text(folder / "ABOUT.txt", ABOUT.format(label=LABEL, size=size, seed=seed, screens=_described(chosen)))
    for screen in chosen:
        means: dict[tuple[str, str, int], float] = {}
        metabolic = {(well.plate, well.row, well.column): well.luminescence for well in wells[screen.name]}
        for plate in sorted({well.plate for well in wells[screen.name]}):
            for well in (each for each in wells[screen.name] if each.plate == plate):
                means[well.plate, well.row, well.column] = _write_images(folder, screen, well, seed)
                done += 1
            if progress is not None:
                progress(done, total)
        _write_matrices(folder / "MeanOfStack" / screen.name, screen.name, means)
        _write_matrices(folder / "Metabolic" / screen.name, screen.name, metabolic)
        _write_truth(folder / "Truth", screen, wells[screen.name], size, seed)
    return ScreensFolder(folder, tuple(screen.name for screen in chosen), total)


def write_stacks(
    folder: Path,
    screen: str,
    wells: Iterable[str],
    size: str = "small",
    seed: int = 0,
    n_planes: int = 30,
    pixels: int = 2048,
    multipage: bool = False,
) -> list[Path]:
    """The raw z-stacks of some wells, such as P1_B05, as 16-bit TIFF; returns every file.

    One file per plane, named as ImageXpress does (Stacks/<screen>/<plate>/TimePoint_1/ZStep_<z>/<plate>_B05_s1_w1.TIF),
    or with `multipage` one file per well, plane by plane. The spheroids are those of the projections.
    Raises InputError for an unknown screen, for a well that holds no cells, for no planes or too few pixels.
    """
    found = plan.screen_of(screen)
    known = {well.name: well for well in wells_of(found, size, seed)}
    made: list[Path] = []
    for name in wells:
        if name not in known:
            raise InputError(f"{screen} has no spheroid in well {name!r}: name one such as {next(iter(known))}.")
        well = known[name]
        nuclei, optics, rng = imaged(found, well, plate_optics(found, well, seed), seed)
        stack = planes(nuclei, optics, rng, n_planes, pixels)
        stem, base = f"{well.plate}_{well.row}{well.column:02d}_s1_w1.TIF", folder / "Stacks" / screen / well.plate
        if multipage:
            base.mkdir(parents=True, exist_ok=True)
            with tifffile.TiffWriter(base / stem) as file:
                for plane in stack:
                    file.write(plane, contiguous=True, metadata=None, description=LABEL)
            made.append(base / stem)
            continue
        for z, plane in enumerate(stack, start=1):
            path = base / "TimePoint_1" / f"ZStep_{z}" / stem
            _write_tiff(path, plane)
            made.append(path)
    return made


def _write_images(folder: Path, screen: plan.SimulatedScreen, well: Well, seed: int) -> float:
    nuclei, optics, rng = imaged(screen, well, plate_optics(screen, well, seed), seed)
    shown = project(nuclei, optics, rng)
    stem = f"{screen.name}_{well.plate}_{well.row}{well.column:02d}"
    for kind, image in (("proj", shown.mip), ("midz", shown.mid)):
        _write_tiff(folder / "Images" / screen.name / f"{stem}_{kind}_{PIXELS}x{PIXELS}.tif", image)
    return shown.mean


def _write_tiff(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, image, metadata=None, description=LABEL)


def _write_layouts(folder: Path, size: str, seed: int) -> None:
    head = f"# {LABEL}\n# Concentrations in nM\n"
    for name, control in (("Layout_DS", False), ("Layout_CE", True)):
        table = plan.layout(size, control, seed).to_csv(index=False, lineterminator="\n")
        _text(folder / "Layouts" / f"{name}.csv", head + table)
    drugs = plan.panel(size)[["drug_name", "abbreviation", "group_abbr", "group_name"]]
    drugs.columns = pd.Index(["Treatment", "Abbreviation", "GroupAbbr", "GroupName"])
    _text(folder / "Layouts" / "Drugs.csv", f"# {LABEL}\n" + drugs.to_csv(index=False, lineterminator="\n"))


def _write_matrices(folder: Path, screen: str, values: Mapping[tuple[str, str, int], float]) -> None:
    """One tab-separated matrix per plate, NA where nothing was read."""
    for plate in sorted({plate for plate, _, _ in values}):
        lines = [f"# {LABEL}", "\t".join(["", *map(str, plan.COLUMNS)])]
        for row in plan.ROWS:
            read = (values.get((plate, row, column)) for column in plan.COLUMNS)
            lines.append("\t".join([row, *("NA" if value is None else f"{value:.1f}" for value in read)]))
        _text(folder / f"{screen}_{plate}.txt", "\n".join(lines) + "\n")


def _write_truth(folder: Path, screen: plan.SimulatedScreen, wells: list[Well], size: str, seed: int) -> None:
    table = pd.DataFrame(
        {
            "plate": [well.plate for well in wells],
            "row": [well.row for well in wells],
            "column": [well.column for well in wells],
            "well_type": [well.well_type for well in wells],
            "treatment": [well.treatment for well in wells],
            "conc_nm": [well.conc_nm for well in wells],
            "viability_percent": plan.percent(np.array([well.planted for well in wells])).round(3),
            "drawn_percent": plan.percent(np.array([well.viability for well in wells])).round(3),
            "metabolic_percent": (100 * np.array([well.metabolic for well in wells])).round(3),
            "phenotype": [well.phenotype for well in wells],
            "defect": [well.defect for well in wells],
        }
    )
    head = f"# {LABEL}\n# viability_percent: planted; drawn_percent: with the well's own variation, as drawn\n"
    _text(folder / f"{screen.name}.csv", head + table.to_csv(index=False, lineterminator="\n"))
    if not screen.control:
        curves = plan.effects(screen, size, seed).to_csv(index=False, lineterminator="\n", float_format="%.6g")
        _text(folder / f"{screen.name}_drugs.csv", f"# {LABEL}\n{curves}")


def _described(screens: Iterable[plan.SimulatedScreen]) -> str:
    return "\n".join(f"{screen.name}: {screen.entity}" for screen in screens)


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
