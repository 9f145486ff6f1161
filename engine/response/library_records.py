"""Reads of the store about libraries of molecules and what a run predicts for them. Torch-free.

m = molecules, l = cell lines.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import StoreError
from engine.response.screen_rows import (
    MEASURED_AS,
    screen_lines,
    screen_measured,
    screen_molecules,
    screen_reference,
)
from engine.store.database import Database

MOLECULE_COLUMNS = (
    "molecule_id", "name", "smiles", "weight_g_mol", "drug_class", "indications", "cancer_types", "mechanism",
    "target", "nearest_drug_id", "nearest_drug", "similarity", "inside",
)  # fmt: skip
LINE_COLUMNS = ("cosmic_id", "name", "mean", "lower", "upper", "sensitive", "observed", "observed_as")
PART = 5_000  # molecules read at once: 16 MB of means for 800 lines
MOST_PAIRS = 150_000_000  # held at once, 1.2 GB: about 185,000 molecules on 808 lines


@dataclass(frozen=True)
class ScreenSummary:
    """One library screened with one run. quantile and floor: of the 90 % intervals, None where there are none."""

    screen_id: str
    library: str
    run_id: str
    networks: tuple[str, ...]
    created_at: datetime  # UTC
    n_molecules: int
    n_lines: int
    seconds: float  # s of work, summed over the parts
    peak_memory_mib: float
    quantile: float | None
    floor: float | None  # ln uM
    interval_split: str | None
    simulated: bool
    dataset: str = ""  # whose responses the run was trained on; empty where the run is gone
    n_reference: int = 0  # compounds of the run, predicted for the same lines; 0 in screens older than that
    current: bool = True  # whether the library still holds the very molecules that were screened


@dataclass(frozen=True, eq=False)
class Screen:
    """What a run predicts for every molecule of a library on every line with mutations and a cancer type.

    molecules: MOLECULE_COLUMNS, m rows; lines: cosmic_id, name, cancer_type, l rows; mean, spread: (m, l) float32,
    predicted ln(IC50) in uM and its standard deviation over the networks. reference: (r, l) the same of the compounds
    that the run was trained on, or None.
    Raises StoreError where these do not fit together or a prediction is not finite.
    """

    summary: ScreenSummary
    molecules: pd.DataFrame
    lines: pd.DataFrame
    mean: np.ndarray
    spread: np.ndarray
    reference: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = len(self.molecules), len(self.lines)
        if self.mean.shape != shape or self.spread.shape != shape:
            raise StoreError(
                f"The screen {self.summary.screen_id} has {shape[0]:,} molecules and {shape[1]:,} lines, but means of "
                f"shape {self.mean.shape} and spreads of shape {self.spread.shape}. Screen the library again."
            )
        if not np.isfinite(self.mean).all():
            row = int(np.flatnonzero(~np.isfinite(self.mean).all(axis=1))[0])
            name = self.molecules["name"].iloc[row]
            raise StoreError(
                f"The screen {self.summary.screen_id} holds a prediction for {name} that is no number. "
                "Screen the library again."
            )

    @property
    def half_width(self) -> np.ndarray:
        """(m, l) half the width of the 90 % intervals in ln uM; NaN where the run has none."""
        return half_width(self.summary, self.spread)


def half_width(summary: ScreenSummary, spread: np.ndarray) -> np.ndarray:
    """Half the width of the 90 % intervals, ln uM, of predictions with this spread; NaN where the run has none."""
    if summary.quantile is None:
        return np.full_like(spread, np.nan)
    if summary.floor is None:
        return np.full_like(spread, summary.quantile)
    return summary.quantile * (spread + summary.floor)


def libraries(db: Database) -> pd.DataFrame:
    """library, molecules, oncology, non_oncology, unknown (counts of molecules), simulated; in order of name."""
    return db.query(
        """SELECT l.library, count(*) AS molecules, count(*) FILTER (l.drug_class = 'oncology') AS oncology,
                  count(*) FILTER (l.drug_class = 'non-oncology') AS non_oncology,
                  count(*) FILTER (l.drug_class NOT IN ('oncology', 'non-oncology')) AS unknown,
                  coalesce(bool_or(s.simulated), FALSE) AS simulated
           FROM library l LEFT JOIN source s USING (source_id) GROUP BY l.library ORDER BY l.library"""
    )


def screens(db: Database) -> tuple[ScreenSummary, ...]:
    """Every screen of a library as it is now, newest first."""
    return tuple(one for one in _all_screens(db) if one.current)


def replaced_screens(db: Database) -> tuple[ScreenSummary, ...]:
    """Screens of libraries that hold other molecules now, newest first: names and classes of theirs are gone."""
    return tuple(one for one in _all_screens(db) if not one.current)


def _all_screens(db: Database) -> tuple[ScreenSummary, ...]:
    table = db.query(
        """WITH pair AS (SELECT s.screen_id, p.molecule_id AS screened, l.molecule_id AS held
                         FROM library_screen s JOIN library_prediction p USING (screen_id)
                         LEFT JOIN library l ON l.library = s.library AND l.molecule_id = p.molecule_id),
                told AS (SELECT screen_id, count(screened) AS n, count(held) AS n_held FROM pair GROUP BY screen_id),
                size AS (SELECT library, count(*) AS n_now FROM library GROUP BY library)
           SELECT s.* EXCLUDE (cosmic_ids, reference), r.config->>'dataset' AS dataset, len(reference) AS n_reference,
                  n IS NULL OR (n = n_held AND n = coalesce(n_now, 0)) AS current
           FROM library_screen s LEFT JOIN run r USING (run_id) LEFT JOIN told USING (screen_id)
           LEFT JOIN size ON size.library = s.library ORDER BY s.created_at DESC, s.screen_id DESC"""
    )
    return tuple(_summary(row) for row in table.itertuples())


def find_screen(db: Database, library: str, run_id: str = "") -> ScreenSummary:
    """The newest screen of a library, with the given run where one is named.

    Raises StoreError saying which libraries, or which runs of this one, have been screened.
    """
    known = screens(db)
    of_library = [screen for screen in known if screen.library == library]
    found = [screen for screen in of_library if run_id in ("", screen.run_id)]
    if found:
        return found[0]
    if of_library:
        runs = ", ".join(dict.fromkeys(screen.run_id for screen in of_library))
        raise StoreError(f"The library '{library}' was not screened with the run '{run_id}'. Screened with: {runs}.")
    imported = list(libraries(db)["library"])
    if library in imported:
        old = any(screen.library == library for screen in replaced_screens(db))
        since = "since its molecules were replaced" if old else "yet"
        raise StoreError(
            f"The library '{library}' has not been screened {since}: python -m engine screen-library '{library}'"
        )
    names = ", ".join(imported) or "none yet (python -m engine import library FILE)"
    raise StoreError(f"There is no library '{library}' in the store. Libraries: {names}.")


def load_screen(db: Database, screen_id: str) -> Screen:
    """A screen with everything it predicts, lines in the order of cancer type and molecules in the order of name.

    Molecules that the library no longer holds keep their id alone. Takes 8 bytes a pair: 10 MB for 1,500 molecules x
    808 lines. Raises StoreError naming the screens there are, or for one of more than MOST_PAIRS.
    """
    known = {screen.screen_id: screen for screen in _all_screens(db)}
    if screen_id not in known:
        names = ", ".join(known) or "none yet"
        raise StoreError(f"There is no screen '{screen_id}' in the store. Screens: {names}.")
    summary = known[screen_id]
    if summary.n_molecules * summary.n_lines > MOST_PAIRS:
        raise StoreError(
            f"The screen {screen_id} predicts {summary.n_molecules:,} molecules for {summary.n_lines:,} lines, more "
            f"than are held at once ({MOST_PAIRS // summary.n_lines:,} molecules). Rank them on the page Library, "
            "which reads any number in parts, or screen a smaller library."
        )
    lines = screen_lines(db, screen_id).sort_values(["cancer_type", "name", "cosmic_id"], ignore_index=True)
    found = screen_molecules(db, screen_id)
    molecules = found[list(MOLECULE_COLUMNS)]
    order = lines.pop("place").to_numpy()
    mean, spread = _predictions(db, screen_id, found, order)
    return Screen(summary, molecules, lines, mean, spread, screen_reference(db, screen_id, order))


def _predictions(
    db: Database, screen_id: str, molecules: pd.DataFrame, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(m, l) means and spreads, lists put into `order`, read in parts so that a large library is not held twice.

    molecules: molecule_id and place, their row in the store. Raises StoreError for lists of another length.
    """
    mean, spread = np.empty((2, len(molecules), len(order)), np.float32)
    rows = pd.Index(molecules["molecule_id"])
    places = np.sort(molecules["place"].to_numpy())
    for part in (places[start : start + PART] for start in range(0, len(places), PART)):
        lists = db.query(
            """SELECT molecule_id, mean, spread FROM library_prediction
               WHERE screen_id = ? AND rowid BETWEEN ? AND ?""",
            [screen_id, int(part[0]), int(part[-1])],
        )
        row = rows.get_indexer(lists["molecule_id"])
        if len(lists) != len(part) or (row < 0).any():
            raise StoreError(f"The screen {screen_id} was written anew while it was read. Try again.")
        mean[row], spread[row] = (_wide(lists[name], len(order), screen_id)[:, order] for name in ("mean", "spread"))
    return mean, spread


def lines_of_cell(
    screen: Screen, molecule_id: str, cancer_type: str, db: Database, below: float = -2.0
) -> pd.DataFrame:
    """The lines behind one cell of the matrix, most sensitive first: LINE_COLUMNS.

    mean, lower, upper: predicted ln(IC50) in uM with its 90 % interval (NaN where the run has none); sensitive: mean
    below `below`. observed: measured ln(IC50) in uM in the run's dataset, NaN where there is none, and observed_as: the
    drugs of the store it was measured as, which share the molecule's structure without stereochemistry.
    Raises StoreError for a molecule or a type that the screen does not have.
    """
    rows = np.flatnonzero((screen.molecules["molecule_id"] == molecule_id).to_numpy())
    columns = np.flatnonzero((screen.lines["cancer_type"] == cancer_type).to_numpy())
    for found, what in ((rows, f"molecule '{molecule_id}'"), (columns, f"cancer type '{cancer_type}'")):
        if not len(found):
            raise StoreError(f"The screen {screen.summary.screen_id} has no {what}.")
    mean = screen.mean[rows[0], columns]
    half = half_width(screen.summary, screen.spread[rows[0], columns])
    table = screen.lines.iloc[columns][["cosmic_id", "name"]].assign(
        mean=mean, lower=mean - half, upper=mean + half, sensitive=mean < below
    )
    observed = db.query(
        f"""SELECT r.cosmic_id, avg(r.ln_ic50) AS observed, string_agg(DISTINCT m.name, ', ') AS observed_as
            FROM ({MEASURED_AS}) m JOIN response r USING (drug_id)
            WHERE m.molecule_id = ? AND r.dataset = ? AND isfinite(r.ln_ic50) GROUP BY r.cosmic_id""",
        [screen.summary.screen_id, molecule_id, screen.summary.dataset],
    )
    table = table.merge(observed, on="cosmic_id", how="left")
    return table.sort_values(["mean", "name"], ignore_index=True)[list(LINE_COLUMNS)]


def measured_values(db: Database, screen: Screen) -> pd.DataFrame:
    """molecule_id, cosmic_id, ln_ic50 (uM) of the screen's molecules that are measured drugs of the run's dataset.

    Drugs of one structure (without stereochemistry) are averaged.
    """
    summary = screen.summary
    return screen_measured(db, summary.screen_id, summary.dataset, screen.lines["cosmic_id"].tolist())


def type_means(db: Database, screen: Screen) -> pd.Series:
    """Cancer type -> mean measured ln(IC50), uM, of the run's dataset over the screen's lines, drugs' means removed.

    What a predictor knows that has never seen the molecule: which types answer to drugs at all. Empty where nothing
    was measured.
    """
    found = db.query(
        """WITH r AS (SELECT cosmic_id, ln_ic50 - avg(ln_ic50) OVER (PARTITION BY drug_id) AS effect FROM response
                      WHERE dataset = ? AND isfinite(ln_ic50) AND list_contains(?, cosmic_id))
           SELECT c.cancer_type, avg(r.effect) AS effect FROM r JOIN cell_line c USING (cosmic_id)
           WHERE c.cancer_type IS NOT NULL GROUP BY 1 ORDER BY 1""",
        [screen.summary.dataset, screen.lines["cosmic_id"].tolist()],
    )
    return found.set_index("cancer_type")["effect"]


def _wide(lists: pd.Series, n_lines: int, screen_id: str) -> np.ndarray:
    """(m, l) float32 from m lists of l numbers."""
    wrong = lists.map(len) != n_lines
    if wrong.any():
        raise StoreError(
            f"The screen {screen_id} holds {len(lists[wrong].iloc[0]):,} predictions for a molecule and has "
            f"{n_lines:,} lines. Screen the library again."
        )
    return np.stack([np.asarray(numbers, np.float32) for numbers in lists])


def _summary(row: Any) -> ScreenSummary:
    def number(value: Any) -> float | None:
        return None if pd.isna(value) else float(value)

    return ScreenSummary(
        screen_id=row.screen_id,
        library=row.library,
        run_id=row.run_id,
        networks=tuple(name.strip() for name in row.networks.split(",")),
        created_at=row.created_at.to_pydatetime(),
        n_molecules=int(row.n_molecules),
        n_lines=int(row.n_lines),
        seconds=float(row.seconds),
        peak_memory_mib=float(row.peak_memory_mib),
        quantile=number(row.quantile),
        floor=number(row.floor),
        interval_split=None if pd.isna(row.interval_split) else str(row.interval_split),
        simulated=bool(row.simulated),
        n_reference=int(number(row.n_reference) or 0),
        dataset="" if pd.isna(row.dataset) else str(row.dataset),
        current=bool(row.current),
    )
