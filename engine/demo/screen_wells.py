"""What is in each well of a simulated screen and how it was imaged: planted viabilities, variation, planted defects.

Simulated throughout. Every well has random streams of its own, so a defect changes no other well.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.demo import screen_plan as plan
from engine.demo.spheroid_images import Optics, fibre
from engine.demo.spheroids import Fate, Nuclei, nuclei
from engine.errors import InputError

DUST, HAIRS = 0.03, 0.25  # share of wells with dust; of those with a long fibre instead of a speck
LUMINESCENCE, DARK = 1300.0, 60.0  # of an untreated well, of an empty one
METABOLIC_CV, METABOLIC_NOISE = 0.08, 25.0
# Their blue fluorescence is a published fact; how bright it is here was chosen.
FLUORESCENT_NM = {"Topotecan": 1_500.0, "Irinotecan": 3_000.0, "Chloroquine": 20_000.0}
SWAPS = {"neg": ("pos", plan.STS_LEAVES, plan.STS_METABOLIC, "staurosporine"), "pos": ("neg", 1.0, 1.0, "")}


@dataclass(frozen=True)
class Defects:
    """What went wrong on purpose. bad_plate: plates with poor staining, focus and cells. swapped_controls: plates
    where DMSO and staurosporine changed places. contaminated, mislabelled: wells such as P1_D05; of a mislabelled
    control the other control was dispensed. edge: share of the viability lost in the outermost wells."""

    bad_plate: tuple[str, ...] = ()
    swapped_controls: tuple[str, ...] = ()
    contaminated: tuple[str, ...] = ()
    mislabelled: tuple[str, ...] = ()
    edge: float = 0.0


NO_DEFECTS = Defects()


@dataclass(frozen=True)
class Well:
    """One well. planted: share of cells that the treatment on the label leaves alive, unless other was dispensed;
    viability: what is in the well, with its own variation; metabolic: share of the metabolism left; luminescence:
    as read; defect: '' or what went wrong."""

    plate: str
    row: str
    column: int
    well_type: str
    treatment: str
    conc_nm: float
    planted: float
    viability: float
    metabolic: float
    luminescence: float
    phenotype: str
    defect: str

    @property
    def name(self) -> str:
        """Such as P1_D05."""
        return f"{self.plate}_{self.row}{self.column:02d}"


def wells_of(
    screen: plan.SimulatedScreen, size: str = "small", seed: int = 0, defects: Defects = NO_DEFECTS
) -> list[Well]:
    """Every well with cells, plate by plate.

    Raises InputError for an unknown size, a defect in a plate or well that the screen does not have, a mislabelled
    well that is no control, or an edge outside 0 to 1.
    """
    table = plan.truth(screen, size, seed)
    names = [f"{p}_{r}{c:02d}" for p, r, c in zip(table["Plate"], table["Row"], table["Column"], strict=True)]
    kinds = dict(zip(names, table["WellType"], strict=True))
    _check(screen, defects, kinds, set(table["Plate"]))
    places = [(str(row), int(column)) for row, column in zip(table["Row"], table["Column"], strict=True)]
    last_column = max(column for _, column in places)
    made = []
    for name, (row, column), given in zip(names, places, table.itertuples(), strict=True):
        planted, metabolic, phenotype = float(str(given.viability)), float(str(given.metabolic)), str(given.phenotype)
        found = []
        if name in defects.mislabelled or (given.Plate in defects.swapped_controls and given.WellType in SWAPS):
            found.append("mislabelled" if name in defects.mislabelled else "swapped")
            _, planted, metabolic, phenotype = SWAPS[str(given.WellType)]
        rng = plan.rng_of(seed, screen.name, name, "cells")
        alive = planted + rng.normal(0.0, 0.015 + 0.08 * planted * max(1 - planted, 0.0) + 0.015 * planted)
        seeded, reader = rng.uniform(0.25, 1.0), rng.normal(0.0, 1.0, 2)
        if defects.edge:
            away = min(plan.IMAGED_ROWS.index(row), len(plan.IMAGED_ROWS) - 1 - plan.IMAGED_ROWS.index(row))
            loss = defects.edge * np.exp(-1.2 * min(away, column - 2, last_column - column))
            alive, metabolic = alive * (1 - loss), metabolic * (1 - loss)
            found.append("edge" if loss > 0.5 * defects.edge else "")
        if given.Plate in defects.bad_plate:
            alive, metabolic = alive * seeded, metabolic * seeded
            found.append("bad plate")
        if name in defects.contaminated:
            found.append("contaminated")
        gain = np.exp(plan.rng_of(seed, screen.name, given.Plate, "reader").normal(0.0, 0.08))
        light = DARK + gain * (LUMINESCENCE - DARK) * metabolic * np.exp(METABOLIC_CV * reader[0])
        made.append(
            Well(
                plate=str(given.Plate), row=row, column=column, well_type=str(given.WellType),
                treatment=str(given.Treatment), conc_nm=float(str(given.Concentration)), planted=planted,
                viability=float(np.clip(alive, 0.0, 1.3)), metabolic=metabolic,
                luminescence=float(max(light + METABOLIC_NOISE * reader[1], 0.0)), phenotype=phenotype,
                defect="; ".join(filter(None, found)),
            )
        )  # fmt: skip
    return made


def plate_optics(screen: plan.SimulatedScreen, well: Well, seed: int = 0) -> Optics:
    """How the well's plate was stained and lit, without the well's own variation."""
    rng = plan.rng_of(seed, screen.name, well.plate, "optics")
    usual = Optics()
    return replace(
        usual,
        light=usual.light * np.exp(rng.normal(0.0, 0.08)),
        background=usual.background * np.exp(rng.normal(0.0, 0.15)),
        tilt=(float(rng.normal(0.0, 0.08)), float(rng.normal(0.0, 0.08))),
        vignette=float(rng.uniform(0.05, 0.15)),
    )


def imaged(
    screen: plan.SimulatedScreen, well: Well, plate: Optics, seed: int = 0
) -> tuple[Nuclei, Optics, np.random.Generator]:
    """The nuclei of a well with its dust, how it was imaged, and the stream that its noise comes from."""
    cells = plan.rng_of(seed, screen.name, well.name, "nuclei")
    found = nuclei(plan.SAMPLES[screen.sample], Fate(well.viability, plan.weights(well.phenotype)), cells)
    rng = plan.rng_of(seed, screen.name, well.name, "microscope")
    # On a control plate, all wells of which were handled alike, background and stain vary less.
    varied = 0.4 if screen.control else 1.0
    glow = FLUORESCENT_NM.get(well.treatment)
    optics = replace(
        plate,
        light=plate.light * np.exp(varied * rng.normal(0.0, 0.10)),
        background=plate.background
        * np.exp(varied * rng.normal(0.0, 0.09))
        * (1 + (0.6 * well.conc_nm / (well.conc_nm + glow) if glow else 0.0)),
        tilt=(plate.tilt[0] + rng.normal(0.0, 0.03), plate.tilt[1] + rng.normal(0.0, 0.03)),
        defocus_um=abs(rng.normal(0.0, 0.9)),
    )
    dusty, hair = rng.random() < DUST, rng.random() < HAIRS
    extra = [fibre(rng, 160.0, 2.0) if hair else fibre(rng, 9.0, 2.5)] if dusty else []
    if "bad plate" in well.defect:
        optics = replace(optics, light=0.35 * optics.light, defocus_um=6.0, haze=0.25)
    if "contaminated" in well.defect:
        extra += [fibre(rng, 900.0, 4.0) for _ in range(5)]
        optics = replace(optics, background=3.0 * optics.background, haze=0.2)
    for more in extra:
        found = Nuclei(*(np.concatenate(parts) for parts in zip(found, more, strict=True)))
    return found, optics, rng


def _check(screen: plan.SimulatedScreen, defects: Defects, kinds: dict[str, str], plates: set[str]) -> None:
    for plate in (*defects.bad_plate, *defects.swapped_controls):
        if plate not in plates:
            raise InputError(f"{screen.name} has no plate {plate!r}: choose from {', '.join(sorted(plates))}.")
    for name in (*defects.contaminated, *defects.mislabelled):
        if name not in kinds:
            raise InputError(f"{screen.name} has no spheroid in well {name!r}: name one such as {next(iter(kinds))}.")
    for name in defects.mislabelled:
        if kinds[name] not in SWAPS:
            raise InputError(f"{screen.name} {name} is {kinds[name]}: only neg and pos wells can be mislabelled.")
    if not 0 <= defects.edge <= 1:
        raise InputError(f"An edge effect of {defects.edge:g}: choose a share from 0 to 1.")
