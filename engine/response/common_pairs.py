"""SQL: the held-out pairs of a run that another study measured too. A = the run's dataset, B = the other one."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import pandas as pd

from engine.response.drawn_scores import FINITE
from engine.store.database import Database

SERIES = ("a", "b", "model", "naive")  # what is known of a common pair, all ln(IC50) in uM
RANKS = tuple(f"rank_{name}" for name in SERIES)  # ranks among all common pairs, ties sharing their mean


@dataclass(frozen=True)
class Matched:
    """Drugs of the run's held-out pairs, by how B knows them. A structure is the first block of an InChIKey."""

    by_id: int
    by_structure: int  # another id, and one drug of that structure on either side
    ambiguous: int  # another id, and several drugs of that structure on a side: left out
    unmatched: int

    def words(self) -> str:
        """How drugs were matched."""
        by_structure = f", {self.by_structure:,} by structure under another id" if self.by_structure else ""
        left = [f"{self.unmatched:,} not in the other study"] if self.unmatched else []
        left += [f"{self.ambiguous:,} whose structure stands under several ids"] if self.ambiguous else []
        return f"Drugs matched: {self.by_id:,} by id{by_structure}." + (
            f" Left out: {', '.join(left)}." if left else ""
        )


@dataclass(frozen=True)
class CommonPairs:
    """Which pairs a run and B share: everything a query about them needs.

    drugs: drug_id of the run and drug_id_b, its counterpart in B. naive: the model the first one is compared with.
    """

    db: Database
    run_id: str
    dataset: str
    model: str
    naive: str
    drugs: pd.DataFrame

    def pairs(self) -> pd.DataFrame:
        """line, cancer_type, drug, pathway, a and b (ln IC50 in uM) of every common pair."""
        return self._query(
            """SELECT coalesce(l.name, 'COSMIC ' || cosmic_id) AS line, l.cancer_type,
                      coalesce(d.name, 'drug ' || drug_id) AS drug, d.pathway, a, b
               FROM common LEFT JOIN cell_line l USING (cosmic_id) LEFT JOIN drug d USING (drug_id)
               ORDER BY cosmic_id, drug_id"""
        )

    def drug_count(self) -> int:
        """Drugs of the run among the common pairs."""
        return int(self._query("SELECT count(DISTINCT drug_id) AS n FROM common")["n"].iloc[0])

    def sums(self) -> pd.DataFrame:
        """One row per cell line: n, and the sum of each of SERIES and RANKS and of each product of two of a kind
        (column `a*b`). Values are centred on the mean of A first, so that differences of sums keep their digits."""
        centred = ", ".join(f"{name} - avg(a) OVER () AS {name}" for name in SERIES)
        ranked = ", ".join(
            f"rank() OVER (ORDER BY {name}) + (count(*) OVER (PARTITION BY {name}) - 1) / 2.0 AS rank_{name}"
            for name in SERIES
        )
        products = [pair for kind in (SERIES, RANKS) for pair in combinations_with_replacement(kind, 2)]
        sums = [f"sum({name}) AS {name}" for name in (*SERIES, *RANKS)]
        sums += [f'sum({x} * {y}) AS "{x}*{y}"' for x, y in products]
        return self._query(
            f"""SELECT count(*)::DOUBLE AS n, {", ".join(sums)}
                FROM (SELECT cosmic_id, {centred}, {ranked} FROM common) GROUP BY cosmic_id ORDER BY cosmic_id"""
        )

    def _query(self, select: str) -> pd.DataFrame:
        return self.db.query(
            f"""WITH matched AS (SELECT unnest(?::BIGINT[]) AS drug_id, unnest(?::BIGINT[]) AS drug_id_b),
                common AS (
                    SELECT p.cosmic_id, p.drug_id, p.observed AS a, r.ln_ic50 AS b, p.mean AS model, q.mean AS naive
                    FROM prediction p
                    JOIN matched m ON m.drug_id = p.drug_id
                    JOIN response r ON r.dataset = ? AND r.cosmic_id = p.cosmic_id AND r.drug_id = m.drug_id_b
                    JOIN prediction q ON q.run_id = p.run_id AND q.model = ?
                                     AND q.cosmic_id = p.cosmic_id AND q.drug_id = p.drug_id
                    WHERE p.run_id = ? AND p.model = ? AND {FINITE} AND isfinite(q.mean) AND isfinite(r.ln_ic50))
                {select}""",
            [
                self.drugs["drug_id"].tolist(),
                self.drugs["drug_id_b"].tolist(),
                self.dataset,
                self.naive,
                self.run_id,
                self.model,
            ],
        )


def match_drugs(db: Database, run_id: str, model: str, dataset: str) -> tuple[pd.DataFrame, Matched]:
    """drug_id of the run beside drug_id_b of the dataset, and how many were matched how.

    The same id, else the same structure where exactly one drug of it stands on either side.
    """
    found = db.query(
        """WITH mine AS (SELECT DISTINCT drug_id FROM prediction WHERE run_id = ? AND model = ?),
                theirs AS (SELECT DISTINCT drug_id FROM response WHERE dataset = ?),
                structure AS (SELECT drug_id, left(inchikey, 14) AS block FROM drug WHERE inchikey <> ''),
                mine_of AS (SELECT block, count(*) AS n FROM mine JOIN structure USING (drug_id) GROUP BY block),
                theirs_of AS (SELECT block, count(*) AS n, min(drug_id) AS drug_id
                              FROM theirs JOIN structure USING (drug_id) GROUP BY block)
           SELECT mine.drug_id, t.drug_id AS same_id, b.drug_id AS same_structure, a.n AS n_mine, b.n AS n_theirs
           FROM mine
           LEFT JOIN theirs t ON t.drug_id = mine.drug_id
           LEFT JOIN structure s ON s.drug_id = mine.drug_id
           LEFT JOIN mine_of a ON a.block = s.block
           LEFT JOIN theirs_of b ON b.block = s.block
           ORDER BY mine.drug_id""",
        [run_id, model, dataset],
    )
    by_id = found["same_id"].notna()
    structure = ~by_id & found["same_structure"].notna()
    one_to_one = structure & (found["n_mine"] == 1) & (found["n_theirs"] == 1)
    found["drug_id_b"] = found["same_id"].where(by_id, found["same_structure"])
    drugs = found.loc[by_id | one_to_one, ["drug_id", "drug_id_b"]].astype("int64")
    counts = int(by_id.sum()), int(one_to_one.sum()), int((structure & ~one_to_one).sum())
    return drugs, Matched(*counts, len(found) - sum(counts))
