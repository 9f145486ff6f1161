"""What a screen says of every molecule of a library for one cancer type or one line: potency, selectivity, novelty.

m = molecules, l = cell lines, t = cancer types. Torch-free. A screen is read in parts and only what is ranked is kept:
12 bytes a molecule and type, so that a library of any size can be ranked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import InputError, StoreError
from engine.response.library_records import MOLECULE_COLUMNS, ScreenSummary, half_width, screens
from engine.response.repurpose_matrix import row_medians
from engine.response.screen_rows import screen_lines, screen_measured, screen_molecules, screen_reference
from engine.response.selectivity import Expected, expected, selectivity
from engine.store.database import Database
from engine.units import ic50_um

PART = 5_000  # molecules read at once: 16 MB of means for 800 lines
LINE_PART = 20_000  # of one line, where DuckDB holds what it passes over: 130 MB for 800 lines
RANK_COLUMNS = (
    *MOLECULE_COLUMNS, "ln_ic50", "ic50_um", "selectivity", "novelty", "share", "lower", "upper",
)  # fmt: skip
ORDERS = ("potency", "selectivity", "novelty")
CHANGED = "The screen {} was written anew while it was read. Try again."


@dataclass(frozen=True, eq=False)
class Ranked:
    """A screen as it is ranked. molecules: MOLECULE_COLUMNS, m rows; lines: cosmic_id, name, cancer_type, place (in
    the store's lists), l rows; types: t names of types with enough lines, n_lines: (t,).

    median: (m, t) float32, ln uM; half: (m, t) half the 90 % interval of the type's median line, ln uM, NaN without
    intervals; share: (m, t) of the type's lines that are sensitive; selectivity: (m, t) the type's
    mean with the molecule's mean and the type's effect removed, in sd of that residual (type_sd, ln uM), as
    `repurpose_matrix.matrix` has it. own: (m,) the molecule's mean over all lines; by_line: the effects of the lines,
    in the order of `lines`, and the sd of what is left of single predictions without both.
    Effects and sd are those of the drugs that the run was trained on, of older screens those of the library itself.
    """

    summary: ScreenSummary
    molecules: pd.DataFrame
    lines: pd.DataFrame
    types: tuple[str, ...]
    n_lines: np.ndarray
    median: np.ndarray
    half: np.ndarray
    share: np.ndarray
    selectivity: np.ndarray
    type_sd: float
    own: np.ndarray
    by_line: Expected


def ranked(db: Database, screen_id: str, sensitive_below: float = -2.0, min_lines: int = 10) -> Ranked:
    """Reads a screen. sensitive_below: ln uM. min_lines: types with fewer lines cannot be ranked, their lines can.

    Where no type has so many lines the largest ones take part. Raises StoreError naming the screens there are, or for
    a prediction that is no number.
    """
    known = {one.screen_id: one for one in screens(db)}
    if screen_id not in known:
        raise StoreError(f"There is no screen '{screen_id}' in the store. Screens: {', '.join(known) or 'none yet'}.")
    lines, molecules = screen_lines(db, screen_id), screen_molecules(db, screen_id)
    types, n_lines, columns = _types(lines, min_lines)
    m, n = len(molecules), len(lines)
    median, share, mean = (np.empty((m, len(types)), np.float32) for _ in range(3))
    half = np.full((m, len(types)), np.float32(half_width(known[screen_id], np.zeros(1))[0]))
    # Intervals of one width are known without the spread, which would be as much to read again.
    of_spread = known[screen_id].quantile is not None and known[screen_id].floor is not None
    own, of_line, squares = np.empty(m), np.zeros(n), 0.0
    del molecules["place"]
    for row, found in _parts(db, screen_id, molecules["molecule_id"], "mean, spread" if of_spread else "mean", PART):
        values = _wide(found["mean"], n, screen_id)[:, lines["place"].to_numpy()]
        if not np.isfinite(values).all():
            raise StoreError(f"The screen {screen_id} holds a prediction that is no number. Screen the library again.")
        for at, column in enumerate(columns):
            of_type = values[:, column]
            median[row, at] = row_medians(of_type)
            share[row, at] = (of_type < sensitive_below).mean(axis=1)
            mean[row, at] = of_type.mean(axis=1, dtype=float)
        if of_spread:
            spread = _wide(found["spread"], n, screen_id)[:, lines["place"].to_numpy()]
            for at, column in enumerate(columns):
                half[row, at] = half_width(known[screen_id], row_medians(spread[:, column]))
        own[row] = values.mean(axis=1, dtype=float)
        of_line += values.sum(axis=0, dtype=float)
        squares += float(np.einsum("ij,ij->", values, values, dtype=float))
    of_line /= max(m, 1)
    # Of x - own - of_line + all: the sum of squares of a two-way layout without its margins'.
    left = (
        squares - n * float((own**2).sum()) - m * float((of_line**2).sum()) + m * n * float(own.mean() if m else 0) ** 2
    )
    line_sd = float(np.sqrt(max(left, 0.0) / (m * n))) if m > 1 and n > 1 else float("nan")
    reference = screen_reference(db, screen_id, lines["place"].to_numpy())
    if reference is None:
        of_types, of_lines = expected(mean), Expected(of_line - (own.mean() if m else 0.0), line_sd)
    else:
        of_types = expected(np.column_stack([reference[:, column].mean(axis=1, dtype=float) for column in columns]))
        of_lines = expected(reference)
    selective = selectivity(mean, of_types).astype(np.float32)
    return Ranked(
        known[screen_id], molecules, lines, types, n_lines, median, half, share, selective, of_types.sd, own, of_lines
    )  # fmt: skip


def by_type(of: Ranked, cancer_type: str) -> pd.DataFrame:
    """RANK_COLUMNS of every molecule for a cancer type, m rows in the order of `of.molecules`.

    ln_ic50: predicted, median of the type's lines, ln uM, and ic50_um the same in uM; novelty: 1 - Tanimoto similarity
    to the nearest drug that was trained on, missing where the run does not know its drugs; share: of the type's lines
    that are predicted sensitive; lower, upper: around it the median of the 90 % intervals of its lines, as of one
    line of the type, missing where the run has none.
    Raises InputError naming the types that can be ranked.
    """
    if cancer_type not in of.types:
        raise InputError(f"'{cancer_type}' is no cancer type of this screen with enough lines: {', '.join(of.types)}.")
    at = of.types.index(cancer_type)
    middle, half = of.median[:, at].astype(float), of.half[:, at].astype(float)
    return _table(of, middle, of.selectivity[:, at], of.share[:, at], middle - half, middle + half)


def by_line(of: Ranked, db: Database, cosmic_id: int) -> pd.DataFrame:
    """RANK_COLUMNS of every molecule for one cell line, m rows in the order of `of.molecules`.

    ln_ic50: predicted, ln uM; lower, upper: its 90 % interval, missing where the run has none; selectivity: the
    prediction with the molecule's and the line's mean removed, in standard deviations of that over all pairs.
    Raises InputError for a line that was not screened.
    """
    found = np.flatnonzero((of.lines["cosmic_id"] == cosmic_id).to_numpy())
    if not len(found):
        raise InputError(
            f"The cell line with the COSMIC id {cosmic_id} has no mutations or no cancer type: not screened."
        )
    place = int(of.lines["place"].iloc[found[0]]) + 1
    mean, spread = np.empty((2, len(of.molecules)))
    columns = f"list_extract(mean, {place}) AS mean, list_extract(spread, {place}) AS spread"
    for row, values in _parts(db, of.summary.screen_id, of.molecules["molecule_id"], columns, LINE_PART):
        mean[row], spread[row] = values["mean"], values["spread"]
    # Rounding of single precision has no direction.
    sd = of.by_line.sd
    known = sd > np.finfo(np.float32).eps * max(1.0, float(np.abs(mean).max(initial=0.0)))
    left = mean - of.own - of.by_line.of_column[found[0]]
    selective = left / sd if known or np.isnan(sd) else np.zeros(len(mean))
    half = half_width(of.summary, spread)
    return _table(of, mean, selective, lower=mean - half, upper=mean + half)


def with_measured(table: pd.DataFrame, of: Ranked, db: Database, cosmic_ids: list[int]) -> pd.DataFrame:
    """The table with `measured`, the median measured ln(IC50) in uM over these lines, and `n_measured` lines behind it.

    Of molecules that are measured drugs of the run's dataset, which the run was trained on; missing and 0 of others.
    """
    found = screen_measured(db, of.summary.screen_id, of.summary.dataset, cosmic_ids)
    told = found.groupby("molecule_id")["ln_ic50"].agg(["median", "size"])
    ids = table["molecule_id"]
    return table.assign(
        measured=ids.map(told["median"]).astype(float), n_measured=ids.map(told["size"]).fillna(0).astype(int)
    )


def lines_of(of: Ranked, cancer_type: str) -> list[int]:
    """COSMIC ids of the lines of a cancer type."""
    return [int(one) for one in of.lines.loc[of.lines["cancer_type"] == cancer_type, "cosmic_id"]]


def ordered(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """The molecules by potency or selectivity, the most sensitive first, or by novelty, the newest first.

    Of equals the more potent one comes first; what is not known comes last.
    """
    if by not in ORDERS:
        raise InputError(f"Molecules are not ranked by '{by}'. Ranked by: {', '.join(ORDERS)}.")
    column = {"potency": "ln_ic50"}.get(by, by)
    keys = list(dict.fromkeys([column, "ln_ic50", "name"]))
    return table.sort_values(keys, ascending=[key != "novelty" for key in keys], ignore_index=True, kind="stable")


def screened_lines(db: Database, simulated: bool) -> int:
    """How many lines a screen takes: those with mutations and a cancer type, of the run's kind."""
    found = db.query(
        """SELECT count(*) AS n FROM cell_line c LEFT JOIN source s USING (source_id)
           WHERE trim(coalesce(c.cancer_type, '')) <> '' AND coalesce(s.simulated, FALSE) = ?
             AND c.cosmic_id IN (SELECT cosmic_id FROM mutation)""",
        [simulated],
    )
    return int(found["n"].iloc[0])


def molecules_page(db: Database, library: str, start: int, n: int, search: str = "") -> tuple[pd.DataFrame, int]:
    """n molecules of a library from `start` on, by name, and how many there are in all.

    name, molecule_id, smiles, weight_g_mol, drug_class, indications. search: words that name, indications, mechanism,
    target or class must hold.
    """
    words = search.casefold().split()
    told = "lower(concat_ws(' ', name, indications, mechanism, target, drug_class))"
    where = " AND ".join(["library = ?", *(f"contains({told}, ?)" for _ in words)])
    values = [library, *words]
    total = int(db.query(f"SELECT count(*) AS n FROM library WHERE {where}", values)["n"].iloc[0])
    found = db.query(
        f"""SELECT coalesce(nullif(name, ''), molecule_id) AS name, molecule_id, smiles, weight_g_mol,
                   coalesce(drug_class, 'unknown') AS drug_class, coalesce(indications, '') AS indications
            FROM library WHERE {where} ORDER BY lower(name), molecule_id LIMIT ? OFFSET ?""",
        [*values, n, start],
    )
    return found, total


def _table(
    of: Ranked,
    ln_ic50: np.ndarray,
    selective: np.ndarray,
    share: np.ndarray | float = np.nan,
    lower: np.ndarray | float = np.nan,
    upper: np.ndarray | float = np.nan,
) -> pd.DataFrame:
    numbers = {
        "ln_ic50": np.asarray(ln_ic50, float),
        "ic50_um": ic50_um(np.asarray(ln_ic50, float)),
        "selectivity": np.asarray(selective, float),
        "novelty": 1.0 - of.molecules["similarity"].astype(float).to_numpy(),
        "share": share,
        "lower": lower,
        "upper": upper,
    }
    return of.molecules.assign(**numbers)[list(RANK_COLUMNS)]


def _types(lines: pd.DataFrame, min_lines: int) -> tuple[tuple[str, ...], np.ndarray, list[np.ndarray]]:
    """Types with enough lines, how many each has, and which."""
    sizes = lines["cancer_type"].value_counts()
    least = min(min_lines, int(sizes.max())) if len(sizes) else min_lines
    types = tuple(sorted(str(name) for name, n in sizes.items() if n >= least))
    columns = [np.flatnonzero((lines["cancer_type"] == name).to_numpy()) for name in types]
    return types, np.array([len(column) for column in columns], int), columns


def _parts(
    db: Database, screen_id: str, molecules: pd.Series, columns: str, size: int
) -> Iterator[tuple[np.ndarray, pd.DataFrame]]:
    """The screen in parts of `size`: places among `molecules`, and these columns of SQL, a row for each.

    A query of its own for every part, as DuckDB keeps what a query has read as long as it runs. Raises StoreError
    where these are not the molecules of the screen, each once.
    """
    rows, told = pd.Index(molecules), 0
    ends = db.query(
        "SELECT min(rowid) AS first, max(rowid) AS last FROM library_prediction WHERE screen_id = ?", [screen_id]
    )
    first, last = (0, -1) if ends["first"].isna().any() else (int(ends["first"].iloc[0]), int(ends["last"].iloc[0]))
    for start in range(first, last + 1, size):
        found = db.query(
            f"""SELECT molecule_id, {columns} FROM library_prediction
                WHERE screen_id = ? AND rowid BETWEEN ? AND ?""",
            [screen_id, start, start + size - 1],
        )
        row = rows.get_indexer(found["molecule_id"])
        if (row < 0).any():
            raise StoreError(CHANGED.format(screen_id))
        told += len(found)
        if len(found):
            yield row, found
    if told != len(molecules):
        raise StoreError(CHANGED.format(screen_id))


def _wide(lists: pd.Series, n: int, screen_id: str) -> np.ndarray:
    """(rows, n) float32 from lists of n numbers."""
    if (lists.map(len) != n).any():
        raise StoreError(f"The screen {screen_id} has lists that do not fit its {n:,} lines. Screen the library again.")
    return np.stack([np.asarray(numbers, np.float32) for numbers in lists])
