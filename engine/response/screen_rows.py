"""SQL: the lines and the molecules of one screen of a library, with their places in its predictions."""

import pandas as pd

from engine.store.database import Database


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
