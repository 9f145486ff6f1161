"""SQL: the phenotype map of a screen with what is in its wells, and which network made it."""

from typing import NamedTuple

import pandas as pd

from engine.errors import InputError
from engine.spheroid.settings import MODALITIES, MODALITY_ALIASES
from engine.store.database import Database

POOLED = "pooled"


class Looked(NamedTuple):
    """Which network reads a screen's images. modality: image_1 to image_3. run_id: of the readouts there are now."""

    modality: str
    run_id: str


def newest_looked(db: Database, screen: str, modality: str = "") -> Looked:
    """The network behind a modality's readouts, or behind those of the highest phase where the modality is no image's.

    A network that is trained again takes the place of the one before, and so does its map.
    Raises InputError where no network has looked at the screen.
    """
    found = db.query(
        """SELECT modality, max(run_id) AS run_id FROM readout
           WHERE screen = ? AND run_id IS NOT NULL GROUP BY modality""",
        [screen],
    ).set_index("modality")["run_id"]
    wanted = (modality, *MODALITY_ALIASES["image"])
    best = next((one for one in wanted if one in found.index), None)
    if best is None:
        raise InputError(f"No network was trained for the screen {screen}: train one first.")
    return Looked(best, str(found[best]))


def modality_of(db: Database, screen: str, run_id: str) -> str:
    """The modality that a run's readouts have; '' where another run has taken its place."""
    found = db.query(
        "SELECT DISTINCT modality FROM readout WHERE screen = ? AND run_id = ? ORDER BY modality DESC",
        [screen, run_id],
    )["modality"]
    return str(found.iloc[0]) if len(found) else ""


def mapped_runs(db: Database, screen: str) -> tuple[str, ...]:
    """Runs whose map of the screen the store holds, newest first."""
    return tuple(
        db.query("SELECT DISTINCT run_id FROM feature WHERE screen = ? ORDER BY run_id DESC", [screen])["run_id"]
    )


def features(db: Database, screen: str, run_id: str) -> pd.DataFrame:
    """The map: plate, row, column, well_type, treatment, conc_nm, replicate, addon, tsne_x, tsne_y, umap_x, umap_y,
    components (an array each).

    umap_x and umap_y are missing where no UMAP was drawn. No rows where the run made no map. Wells that the layout no
    longer holds are left out.
    """
    return db.query(
        """SELECT f.plate, f."row", f."column", w.well_type, coalesce(w.treatment, '') AS treatment, w.conc_nm,
                  w.replicate, coalesce(w.addon, '') AS addon, tsne_x, tsne_y, umap_x, umap_y, components
           FROM feature f JOIN well w
             ON w.screen = f.screen AND w.plate = f.plate AND w."row" = f."row" AND w."column" = f."column"
           WHERE f.screen = ? AND f.run_id = ?
           ORDER BY f.plate, length(f."row"), f."row", f."column" """,
        [screen, run_id],
    )


def all_scores(db: Database) -> pd.DataFrame:
    """Scores of every screen, all replicates together, no addition: screen, modality, drug, dss_asym (0 to 50).

    dss_asym is missing where there is no fit or the drug was left out. Modalities in the order of MODALITIES.
    """
    found = db.query(
        """SELECT s.screen, s.modality, s.drug, s.dss_asym FROM score s JOIN screen USING (screen)
           WHERE s.replicate = ? AND s.addon = '' ORDER BY s.screen, s.drug""",
        [POOLED],
    )
    order = {name: place for place, name in enumerate(MODALITIES)}
    return found.sort_values("modality", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)


def all_classes(db: Database) -> pd.DataFrame:
    """drug, group_abbr, group_name as the annotation of the newest screen that tells them says. One row a drug."""
    shape = '[{"drug": "VARCHAR", "group_abbr": "VARCHAR", "group_name": "VARCHAR"}]'
    return db.query(
        f"""WITH told AS (
               SELECT unnest(from_json(i.receipt -> '$.annotation', '{shape}')) AS one, i.imported_at
               FROM screen s JOIN source i USING (source_id)
               WHERE json_type(i.receipt, '$.annotation') = 'ARRAY')
           SELECT one.drug AS drug, arg_max(coalesce(one.group_abbr, ''), imported_at) AS group_abbr,
                  arg_max(coalesce(one.group_name, ''), imported_at) AS group_name
           FROM told GROUP BY one.drug ORDER BY drug"""
    )
