"""The cell lines that patients are compared with: their mutated positions and what was measured with every drug.

l = lines, k = distinct positions, d = drugs.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from engine.response.census import census_genes
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.records import RunSummary
from engine.store.database import Database

FEWEST_OF_TYPE = 3  # measured lines under which no mean of a cancer type is given


@dataclass(frozen=True)
class Screened:
    """Every line of the store with mutations or with responses of one dataset.

    lines: cosmic_id, name, cancer_type (None where unknown), l rows. positions: every mutated position there is.
    bits: (l, k) which of them each line has. genes: (k,) the gene of each position. ln_ic50: (l, d) measured, ln uM,
    NaN where not. mean, sd: (d,) over the measured lines, NaN where there are none (sd: fewer than two, or all the
    same). counts: (d,) measured lines.
    """

    lines: pd.DataFrame
    positions: Vocabulary
    bits: csr_matrix
    genes: np.ndarray
    ln_ic50: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    counts: np.ndarray

    @property
    def mutated(self) -> np.ndarray:
        """(l,) whether the store has mutations of the line."""
        return np.diff(self.bits.indptr) > 0

    def z_scores(self, ln_ic50: np.ndarray) -> np.ndarray:
        """(..., d) values as standard deviations from the mean of each drug's measured lines."""
        return np.asarray((ln_ic50 - self.mean) / self.sd)

    def percentiles(self, ln_ic50: np.ndarray) -> np.ndarray:
        """(d,) share of each drug's measured lines at or below the value, 0 to 100; NaN without measured lines."""
        below = (self.ln_ic50 <= ln_ic50).sum(axis=0)  # NaN is below nothing
        return np.divide(100 * below, self.counts, out=np.full(len(below), np.nan), where=self.counts > 0)

    def of_type(self, cancer_type: str) -> np.ndarray:
        """Rows of the lines of a cancer type."""
        return np.flatnonzero((self.lines["cancer_type"] == cancer_type).to_numpy())

    def cancer_types(self) -> list[str]:
        """The types that the lines belong to, by name."""
        return sorted(self.lines["cancer_type"].dropna().unique())

    def keys_of(self, row: int, outside: Collection[str] = ()) -> list[str]:
        """The positions of a line, without those in the genes `outside`."""
        columns = self.bits.indices[self.bits.indptr[row] : self.bits.indptr[row + 1]]
        return [self.positions.keys[i] for i in columns if self.genes[i] not in outside]


def load_screened(db: Database, run: RunSummary, drug_ids: list[int]) -> Screened:
    """The lines of the store and the responses to these drugs in the dataset that the run was trained on."""
    mutation = db.query("SELECT DISTINCT cosmic_id, gene, position_key FROM mutation ORDER BY ALL")
    if run.config.get("curation", {}).get("settings", {}).get("census_only", True):
        mutation = mutation[mutation["gene"].isin(census_genes())]
    response = db.query(
        "SELECT cosmic_id, drug_id, ln_ic50 FROM response WHERE dataset = ? AND list_contains(?, drug_id)",
        [run.dataset, drug_ids],
    )
    known = db.query("SELECT cosmic_id, name, cancer_type FROM cell_line")
    cosmic_ids = np.union1d(mutation["cosmic_id"].unique(), response["cosmic_id"].unique())
    lines = known.set_index("cosmic_id").reindex(cosmic_ids).rename_axis("cosmic_id").reset_index()
    lines["name"] = lines["name"].fillna(lines["cosmic_id"].astype(str))
    lines["cancer_type"] = lines["cancer_type"].astype(object).where(lines["cancer_type"].notna(), None)
    positions = Vocabulary.build(mutation)
    row, column = pd.Index(cosmic_ids), pd.Index(drug_ids)
    ln_ic50 = np.full((len(row), len(column)), np.nan)
    ln_ic50[row.get_indexer(response["cosmic_id"]), column.get_indexer(response["drug_id"])] = response["ln_ic50"]
    counts = np.isfinite(ln_ic50).sum(axis=0)
    mean = np.divide(np.nansum(ln_ic50, axis=0), counts, out=np.full(len(column), np.nan), where=counts > 0)
    squares = np.nansum((ln_ic50 - mean) ** 2, axis=0)
    variance = np.divide(squares, counts - 1, out=np.full(len(column), np.nan), where=counts > 1)
    return Screened(
        lines=lines,
        positions=positions,
        bits=genome_bits(mutation, cosmic_ids.tolist(), positions),
        genes=np.array([key.partition(":")[0] for key in positions.keys], dtype=object),
        ln_ic50=ln_ic50,
        mean=mean,
        sd=np.sqrt(np.where(variance > 0, variance, np.nan)),
        counts=counts,
    )
