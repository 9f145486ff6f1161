"""SQL: what scoring a screen needs of the store."""

import pandas as pd

from engine.errors import InputError
from engine.spheroid.settings import MODALITIES, MODALITY_ALIASES
from engine.store.reads import Reads

WELL = ["plate", "row", "column"]


def scored_modality(db: Reads, screen: str, modality: str) -> str:
    """The modality itself; for 'image' the best that the screen has readouts of.

    Raises InputError naming the screens or modalities there are.
    """
    if modality not in MODALITIES and modality not in MODALITY_ALIASES:
        known = ", ".join((*MODALITY_ALIASES, *MODALITIES))
        raise InputError(f"Unknown modality {modality!r}. Choose from {known}.")
    if db.query("SELECT 1 FROM screen WHERE screen = ?", [screen]).empty:
        screens = ", ".join(db.query("SELECT screen FROM screen ORDER BY screen")["screen"]) or "none"
        raise InputError(f"There is no screen {screen!r}; the store holds: {screens}.")
    there = set(db.query("SELECT DISTINCT modality FROM readout WHERE screen = ?", [screen])["modality"])
    found = [name for name in MODALITY_ALIASES.get(modality, (modality,)) if name in there]
    if not found:
        has = ", ".join(sorted(there)) or "none"
        cure = " Train its network first." if modality.startswith("image") else ""
        raise InputError(f"The screen {screen} has no readouts of the modality {modality}; it has: {has}.{cure}")
    return found[0]


def wells_of(db: Reads, screen: str) -> pd.DataFrame:
    """The layout of a screen: columns of the table `well` that scoring reads."""
    return db.query(
        """SELECT plate, "row", "column", well_type, treatment, conc_nm, replicate, addon, addon_nm
           FROM well WHERE screen = ? ORDER BY plate, "row", "column" """,
        [screen],
    )


def readouts_of(db: Reads, screen: str, modality: str) -> pd.DataFrame:
    """plate, row, column, raw, percent of one modality. Raises InputError where no well has a percentage."""
    found = db.query(
        """SELECT plate, "row", "column", raw, percent FROM readout
           WHERE screen = ? AND modality = ? ORDER BY plate, "row", "column" """,
        [screen, modality],
    )
    if found["percent"].isna().all():
        raise InputError(
            f"No {modality} readout of the screen {screen} has a percentage: its plates lack positive or negative "
            "controls. Import it again with a layout that names them."
        )
    return found


def counts_death(db: Reads, screen: str, modality: str) -> bool:
    """Whether the readout was imported as one that rises as cells die."""
    found = db.query(
        """SELECT i.receipt ->> '$.settings.death_readout' AS death FROM screen s JOIN source i USING (source_id)
           WHERE s.screen = ?""",
        [screen],
    )
    return modality == "metabolic" and bool(found["death"].eq("true").any())


def reference_scores(db: Reads, screens: tuple[str, ...], modality: str) -> pd.DataFrame:
    """drug and dss_asym, pooled and without an addition, of other screens by the same modality.

    Raises InputError naming a screen that has no such scores.
    """
    marks = ", ".join("?" * len(screens))
    found = db.query(
        f"""SELECT screen, drug, dss_asym FROM score
            WHERE screen IN ({marks}) AND modality = ? AND replicate = 'pooled' AND addon = ''
              AND dss_asym IS NOT NULL ORDER BY screen, drug""",
        [*screens, modality],
    )
    if lacking := [name for name in screens if name not in set(found["screen"])]:
        raise InputError(
            f"{lacking[0]} has no scores of the modality {modality} to serve as a reference: score it first, or leave "
            "it out."
        )
    return found[["drug", "dss_asym"]]
