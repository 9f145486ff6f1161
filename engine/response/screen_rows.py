"""SQL: the lines, the molecules and the yardstick of one screen of a library, with their places in its predictions."""

import numpy as np
import pandas as pd

from engine.errors import StoreError
from engine.store.database import Database

# The molecules of a screen that are drugs of the store. Salts and stereoisomers share the first block of an InChIKey.
MEASURED_AS = """SELECT p.molecule_id, d.drug_id, d.name FROM library_prediction p
    JOIN drug d ON split_part(d.inchikey, '-', 1) = split_part(p.molecule_id, '-', 1)
    WHERE p.screen_id = ? AND d.inchikey <> '' AND p.molecule_id NOT LIKE 'SMILES:%'"""


def screen_lines(db: Database, screen_id: str) -> pd.DataFrame:
    """cosmic_id, name, cancer_type (None where unknown) and place in the lists of predictions, by name."""
    found = db.query(
        """SELECT i.cosmic_id, coalesce(c.name, i.cosmic_id::VARCHAR) AS name, c.cancer_type, i.place
           FROM (SELECT unnest(cosmic_ids) AS cosmic_id, generate_subscripts(cosmic_ids, 1) - 1 AS place
                 FROM library_screen WHERE screen_id = ?) i
           LEFT JOIN cell_line c USING (cosmic_id) ORDER BY lower(name), cosmic_id""",
        [screen_id],
    )
    found["cancer_type"] = found["cancer_type"].astype(object).where(found["cancer_type"].notna(), None)
    return found


def screen_molecules(db: Database, screen_id: str) -> pd.DataFrame:
    """MOLECULE_COLUMNS of `library_records` and place, the row of the table of predictions; by name."""
    found = db.query(
        """SELECT p.molecule_id, coalesce(nullif(l.name, ''), p.molecule_id) AS name, coalesce(l.smiles, '') AS smiles,
                  l.weight_g_mol, coalesce(l.drug_class, 'unknown') AS drug_class,
                  coalesce(l.indications, '') AS indications, coalesce(l.cancer_types, '') AS cancer_types,
                  coalesce(l.mechanism, '') AS mechanism, coalesce(l.target, '') AS target,
                  p.nearest_drug_id, d.name AS nearest_drug, p.similarity, p.inside, p.rowid AS place
           FROM library_prediction p JOIN library_screen s USING (screen_id)
           LEFT JOIN library l ON l.library = s.library AND l.molecule_id = p.molecule_id
           LEFT JOIN drug d ON d.drug_id = p.nearest_drug_id
           WHERE p.screen_id = ? ORDER BY lower(coalesce(l.name, p.molecule_id)), p.molecule_id""",
        [screen_id],
    )
    return found.astype({"nearest_drug_id": "Int64"})


def screen_reference(db: Database, screen_id: str, order: np.ndarray) -> np.ndarray | None:
    """(r, l) predictions of the compounds that the run was trained on, ln uM, lines in `order`; None in older screens.

    order: (l,) places in the store's lists. Raises StoreError where these are not that many numbers.
    """
    found = db.query("SELECT unnest(reference) AS drug FROM library_screen WHERE screen_id = ?", [screen_id])["drug"]
    rows = [np.asarray(row, np.float32) for row in found]
    if any(len(row) != len(order) or not np.isfinite(row).all() for row in rows):
        raise StoreError(
            f"The drugs of the run in the screen {screen_id} do not fit its {len(order):,} lines. Screen the library "
            "again."
        )
    return np.stack(rows)[:, order] if rows else None


def screen_measured(db: Database, screen_id: str, dataset: str, cosmic_ids: list[int]) -> pd.DataFrame:
    """molecule_id, cosmic_id, ln_ic50 (uM) of the screen's molecules that are measured drugs of a dataset.

    cosmic_ids: the lines asked for. Drugs of one structure (without stereochemistry) are averaged.
    """
    return db.query(
        f"""SELECT m.molecule_id, r.cosmic_id, avg(r.ln_ic50) AS ln_ic50
            FROM ({MEASURED_AS}) m JOIN response r USING (drug_id)
            WHERE r.dataset = ? AND isfinite(r.ln_ic50) AND list_contains(?, r.cosmic_id)
            GROUP BY ALL ORDER BY ALL""",
        [screen_id, dataset, cosmic_ids],
    )
