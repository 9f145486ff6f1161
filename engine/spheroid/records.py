"""SQL: one screen as training, phenotypes and pages take it; lists of screens are in screen_list.py."""

import json
from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.settings import jobs_folder
from engine.spheroid.settings import MODALITIES
from engine.store.database import Database

CLASSES = ("drug", "abbreviation", "group_abbr", "group_name")
_ORDER = 'ORDER BY plate, length("row"), "row", "column"'


def wells(db: Database, screen: str) -> pd.DataFrame:
    """The layout: plate, row, column, well_type, treatment, conc_nm, replicate, addon, addon_nm, image_index.

    image_index: place among the plate's prepared images, missing where there is none. Raises InputError naming the
    screens there are.
    """
    _known(db, screen)
    return db.query(
        f"""SELECT plate, "row", "column", well_type, treatment, conc_nm, replicate, addon, addon_nm, image_index
            FROM well WHERE screen = ? {_ORDER}""",
        [screen],
    )


def readouts(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """plate, row, column, raw, percent of one modality; no rows where the screen has none of it."""
    _refuse_modality(modality)
    return db.query(
        f'SELECT plate, "row", "column", raw, percent FROM readout WHERE screen = ? AND modality = ? {_ORDER}',
        [screen, modality],
    )


def curves(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """Every fitted curve, pooled first; columns as in the table `curve`. No rows where the modality is not scored."""
    _refuse_modality(modality)
    return db.query(
        """SELECT * EXCLUDE (screen, modality) FROM curve WHERE screen = ? AND modality = ?
           ORDER BY drug, addon, replicate <> 'pooled', replicate""",
        [screen, modality],
    )


def scores(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """Every score, pooled first; columns as in the table `score`, fitted inhibitions and doses included."""
    _refuse_modality(modality)
    return db.query(
        """SELECT * EXCLUDE (screen, modality) FROM score WHERE screen = ? AND modality = ?
           ORDER BY drug, addon, replicate <> 'pooled', replicate""",
        [screen, modality],
    )


def image_folder(db: Database, screen: str) -> Path:
    """The folder of the job that prepared the screen's images, for `image_store.open_images`.

    Raises InputError for a screen without images.
    """
    _known(db, screen)
    job = db.query("SELECT image_job FROM screen WHERE screen = ?", [screen])["image_job"].iloc[0]
    if pd.isna(job):
        raise InputError(f"The screen {screen} has no images: import it again with them.")
    return jobs_folder() / str(job)


def drug_classes(db: Database, screen: str) -> pd.DataFrame:
    """CLASSES as the screen's annotation of drugs tells; no rows where it came without."""
    _known(db, screen)
    found = db.query("SELECT receipt FROM source JOIN screen USING (source_id) WHERE screen = ?", [screen])
    told = (json.loads(found["receipt"].iloc[0]).get("annotation") if len(found) else None) or []
    return pd.DataFrame(told, columns=list(CLASSES))


def _known(db: Database, screen: str) -> None:
    there = db.query("SELECT screen FROM screen ORDER BY screen")["screen"].tolist()
    if screen not in there:
        raise InputError(f"There is no screen {screen!r}; the store holds: {', '.join(there) or 'none'}.")


def _refuse_modality(modality: str) -> None:
    if modality not in MODALITIES:
        raise InputError(f"Unknown modality {modality!r}. Choose from {', '.join(MODALITIES)}.")
