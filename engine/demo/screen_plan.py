"""What the simulated spheroid screens are made of: samples, drugs with planted effects, layouts, true viabilities.

Drug names, classes and doses are facts; effects, samples and viabilities are simulated and say nothing about any
tumour. Viabilities in percent of plate controls: 100 is DMSO, 0 what 250 nM staurosporine leaves.
"""

import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from engine.demo.spheroids import PHENOTYPES, Sample
from engine.errors import InputError
from engine.settings import REFERENCE

ROWS, COLUMNS = "ABCDEFGHIJKLMNOP", range(1, 25)
IMAGED_ROWS = "BCDEFGHIJKLMNO"  # with columns 2 to 23 the wells that the published microscope visited
DOSES, FOLD = 5, 10.0
DMSO, STS, BZCL = "DMSO", "Staurosporine", "BzCl"
STS_NM, BZCL_NM = 250.0, 100_000.0
SERIES_NM = (0.1, 1.0, 10.0, 100.0, 1000.0)
STS_EC50_NM, STS_HILL = 18.0, 1.4
STS_LEAVES = 1 - 1 / (1 + (STS_EC50_NM / STS_NM) ** STS_HILL)  # share of the cells alive at 250 nM: 0 percent
STS_PHENOTYPES = (0.25, 0.35, 0.15, 0.25)
OWN = 0.55  # share of the dying cells that take a drug's own way; the others die as under staurosporine
BZCL_LEAVES = 0.02
STS_METABOLIC = 0.12  # metabolism that dead-looking cells still have
WEAK_EFFECT, WEAK_SHIFT = 0.25, 0.8  # of a drug in a sample that it is not made for; log10 units of its EC50
JITTER_EC50, JITTER_EFFECT = 0.15, 0.04  # s.d. between samples: log10 units, fraction


@dataclass(frozen=True)
class SimulatedScreen:
    """One plate set. sample: key of SAMPLES. control: only DMSO and staurosporine, one plate."""

    name: str
    sample: str
    entity: str
    control: bool = False


SAMPLES = {
    "NTRK": Sample(),
    "BRAF": Sample(radius_um=110.0, irregular=0.10, loose=0.28),
    "HDAC": Sample(radius_um=128.0, irregular=0.05, loose=0.18),
}
SCREENS = (
    SimulatedScreen("SIM-NTRK_CE", "NTRK", "Simulated sarcoma with an NTRK fusion", control=True),
    SimulatedScreen("SIM-NTRK_DS1", "NTRK", "Simulated sarcoma with an NTRK fusion"),
    SimulatedScreen("SIM-BRAF_DS1", "BRAF", "Simulated glioma with BRAF V600E"),
    SimulatedScreen("SIM-HDAC_DS1", "HDAC", "Simulated medulloblastoma, sensitive to HDAC inhibitors"),
)
# drugs: of the panel. on: filled columns of every plate. same_plate: duplicates share one, as published. series,
# untreated: wells per plate.
SIZES: dict[str, dict[str, int]] = {
    "small": {"drugs": 24, "last_column": 10, "same_plate": 0, "series": 10, "untreated": 13},
    "full": {"drugs": 75, "last_column": 23, "same_plate": 1, "series": 20, "untreated": 15},
}
PLATES, NEGATIVE, POSITIVE, METABOLIC = 3, 10, 8, 5  # per plate: wells of each control, as published
CONTROL_NEGATIVE, CONTROL_POSITIVE, CONTROL_LAST_COLUMN = 98, 112, 16


def rng_of(seed: int, *keys: object) -> np.random.Generator:
    """A stream of its own for every screen, plate or well, whatever else is made."""
    return np.random.default_rng([seed, *(zlib.crc32(str(key).encode()) for key in keys)])


def screen_of(name: str) -> SimulatedScreen:
    """The screen of that name. Raises InputError for another."""
    for screen in SCREENS:
        if screen.name == name:
            return screen
    names = ", ".join(screen.name for screen in SCREENS)
    raise InputError(f"There is no simulated screen {name!r}: choose from {names}.")


@cache
def _panel() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "demo_screen_drugs.csv", keep_default_na=False)


def panel(size: str) -> pd.DataFrame:
    """The drugs of data/reference/demo_screen_drugs.csv: all 75 for `full`, 24 for `small`.

    Raises InputError for another size.
    """
    if size not in SIZES:
        raise InputError(f"There is no demonstration screen of the size {size!r}: choose small or full.")
    table = _panel()
    return (table if size == "full" else table[table["in_small"] == "yes"]).reset_index(drop=True)


def layout(size: str, control: bool = False, seed: int = 0) -> pd.DataFrame:
    """Every well of every plate, positions drawn once for all screens of a size and seed.

    Columns as published: Plate (P1, ...), Row, Column, WellType (neg, pos, BzCl, TRC: a series of the positive
    control, therapy, untreated, empty), Treatment, Concentration (nM).
    Raises InputError for an unknown size.
    """
    drugs, rng = panel(size), rng_of(seed, "layout", size, control)
    if control:
        wells = [("neg", DMSO, 0.0)] * CONTROL_NEGATIVE + [("pos", STS, STS_NM)] * CONTROL_POSITIVE
        return _placed([wells], CONTROL_LAST_COLUMN, rng)
    plan = SIZES[size]
    plates: list[list[tuple[str, str, float]]] = []
    for _ in range(PLATES):
        series = [("TRC", STS, dose) for dose in SERIES_NM] * (plan["series"] // len(SERIES_NM))
        controls = (
            [("neg", DMSO, 0.0)] * NEGATIVE + [("pos", STS, STS_NM)] * POSITIVE + [("BzCl", BZCL, BZCL_NM)] * METABOLIC
        )
        plates.append([*controls, *series, *[("untreated", "", np.nan)] * plan["untreated"]])
    for number, drug in enumerate(drugs.itertuples()):
        doses = [("therapy", str(drug.drug_name), dose) for dose in doses_nm(float(str(drug.top_dose_nm)))]
        first, second = number % PLATES, (number + (0 if plan["same_plate"] else 1)) % PLATES
        plates[first] += doses
        plates[second] += doses
    return _placed(plates, plan["last_column"], rng)


def doses_nm(top_nm: float) -> list[float]:
    """The five published doses below and at the highest one, ascending."""
    return [round(top_nm / FOLD**step, 6) for step in reversed(range(DOSES))]


def _placed(plates: list[list[tuple[str, str, float]]], last_column: int, rng: np.random.Generator) -> pd.DataFrame:
    filled = [(row, column) for row in IMAGED_ROWS for column in range(2, last_column + 1)]
    made = []
    for number, wells in enumerate(plates, start=1):
        order = rng.permutation(len(filled))[: len(wells)]
        content = {filled[place]: well for place, well in zip(order, wells, strict=True)}
        for row in ROWS:
            for column in COLUMNS:
                made.append((f"P{number}", row, column, *content.get((row, column), ("empty", "", np.nan))))
    return pd.DataFrame(made, columns=["Plate", "Row", "Column", "WellType", "Treatment", "Concentration"])


def effects(screen: SimulatedScreen, size: str, seed: int = 0) -> pd.DataFrame:
    """The planted curves of a screen, one row a drug: share of cells killed = max_effect / (1 + (ec50 / dose)^hill).

    Columns: drug_name, ec50_nm, max_effect, hill, phenotype, metabolic_ec50_nm, metabolic_max_effect, top_dose_nm.
    A drug listed for other samples has a fraction of its effect here. Metabolism sees some deaths less than images
    do, and some effects more.
    """
    made = []
    for drug in panel(size).itertuples():
        rng = rng_of(seed, "effects", screen.sample, drug.drug_name)
        listed = str(drug.sensitive).split("|")
        weak = not {"all", screen.sample} & set(listed)
        largest = float(str(drug.max_effect)) * (WEAK_EFFECT if weak and listed != [""] else 1.0)
        largest = float(np.clip(largest + rng.normal(0, JITTER_EFFECT), 0.0, 0.99))
        shift = rng.normal(0, JITTER_EC50) + (WEAK_SHIFT if weak and listed != [""] else 0.0)
        ec50 = float(str(drug.ec50_nm)) * 10**shift
        made.append(
            {
                "drug_name": drug.drug_name,
                "ec50_nm": ec50,
                "max_effect": largest,
                "hill": float(str(drug.hill)),
                "phenotype": drug.phenotype,
                "metabolic_ec50_nm": ec50 * 10 ** rng.normal(0, JITTER_EC50),
                "metabolic_max_effect": float(np.clip(largest * float(str(drug.metabolic_share)), 0.0, 0.99)),
                "top_dose_nm": float(str(drug.top_dose_nm)),
            }
        )
    return pd.DataFrame(made)


def truth(screen: SimulatedScreen, size: str, seed: int = 0) -> pd.DataFrame:
    """The layout with what each well was planted to be: viability and metabolic (shares alive, 0 to 1), phenotype.

    phenotype: one of PHENOTYPES, or staurosporine, a mixture; '' where nothing dies. Empty wells are missing.
    """
    wells = layout(size, screen.control, seed)
    wells = wells[wells["WellType"] != "empty"].reset_index(drop=True)
    dose = wells["Concentration"].to_numpy(float)
    alive, metabolic = np.ones(len(wells)), np.ones(len(wells))
    phenotype = np.full(len(wells), "", dtype=object)
    is_sts, is_bzcl = (wells["Treatment"] == STS).to_numpy(), (wells["Treatment"] == BZCL).to_numpy()
    alive[is_sts] = 1 - hill(dose[is_sts], 1.0, STS_EC50_NM, STS_HILL)
    metabolic[is_sts] = 1 - (1 - STS_METABOLIC) * hill(dose[is_sts], 1.0, STS_EC50_NM, STS_HILL)
    phenotype[is_sts] = "staurosporine"
    alive[is_bzcl], metabolic[is_bzcl], phenotype[is_bzcl] = BZCL_LEAVES, 0.0, "swelling"
    if not screen.control:
        planted = effects(screen, size, seed).set_index("drug_name")
        treated = (wells["WellType"] == "therapy").to_numpy()
        of = planted.loc[wells.loc[treated, "Treatment"]]
        alive[treated] = 1 - hill(dose[treated], of["max_effect"], of["ec50_nm"], of["hill"])
        metabolic[treated] = 1 - hill(dose[treated], of["metabolic_max_effect"], of["metabolic_ec50_nm"], of["hill"])
        phenotype[treated] = of["phenotype"].to_numpy(object)
    return wells.assign(viability=alive, metabolic=metabolic, phenotype=phenotype)


def hill(dose: np.ndarray, largest: object, ec50: object, slope: object) -> np.ndarray:
    """(n,) share killed at each dose; dose and ec50 in one unit."""
    return np.asarray(largest, float) / (1 + (np.asarray(ec50, float) / dose) ** np.asarray(slope, float))


def percent(viability: np.ndarray) -> np.ndarray:
    """Share alive -> percent between what staurosporine leaves and an untreated spheroid."""
    return 100 * (viability - STS_LEAVES) / (1 - STS_LEAVES)


def weights(phenotype: str) -> tuple[float, ...]:
    """A name of `truth` as weights of PHENOTYPES."""
    own = OWN if phenotype in PHENOTYPES else 0.0
    usual = zip(PHENOTYPES, STS_PHENOTYPES, strict=True)
    return tuple(own * (phenotype == each) + (1 - own) * share for each, share in usual)
