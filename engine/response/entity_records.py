"""Reads of the store about one drug or one cell line. Torch-free. What is not finite is left out."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.learn.metrics import pair_scores
from engine.response.drawn_scores import FINITE
from engine.store.database import Database

DRUG, LINE = "drug", "cell_line"
MEASURES = ("r2", "rmse", "pearson", "spearman", "auroc")
DRAWS = 500  # of the bootstrap: a page shows one entity within a second
WITHIN_FOLDS = ("pearson", "spearman")


@dataclass(frozen=True)
class _Subject:
    """How the store speaks of an entity (subject = its table) and of what it is paired with."""

    own: str  # its column in prediction and response
    word: str  # what stands before the id of one without a name
    other: str  # the column of the other side
    other_table: str
    other_group: str  # what the other side is grouped by
    other_word: str


SUBJECTS = {
    DRUG: _Subject("drug_id", "drug", "cosmic_id", LINE, "cancer_type", "COSMIC"),
    LINE: _Subject("cosmic_id", "COSMIC", "drug_id", DRUG, "pathway", "drug"),
}


@dataclass(frozen=True)
class DrugFacts:
    """One drug. None where the sources say nothing."""

    drug_id: int
    name: str
    target: str | None
    pathway: str | None
    smiles: str | None
    inchikey: str | None
    pubchem_cid: int | None
    weight_g_mol: float | None
    note: str | None
    same_structure: dict[int, str]  # other ids with the same InChIKey first block -> name


@dataclass(frozen=True)
class LineFacts:
    """One cell line. None where the sources say nothing."""

    cosmic_id: int
    name: str
    cancer_type: str | None
    tissue: str | None
    tissue_detail: str | None
    msi: str | None
    growth: str | None
    depmap_id: str | None
    sanger_id: str | None
    positions: int  # distinct mutated positions
    genes: int  # distinct mutated genes


@dataclass(frozen=True)
class Applicability:
    """How close the entity is to what a run's models were trained on, in the fold that tests most of its pairs."""

    trained_on: bool  # it was itself among the training drugs (lines) of every fold that tests it
    nearest_id: int | None
    nearest: str | None
    similarity: float | None  # Tanimoto on fingerprints, or Jaccard on mutated positions
    positions: int | None  # of a line
    known_positions: int | None  # of a line: those in the vocabulary
    inside: bool


def entity_options(db: Database, subject: str, run_id: str = "") -> pd.DataFrame:
    """Every drug or cell line of the store and of a run: id, name, held_out (has pairs in the run); by name.

    A name that two entities share carries its id (GDSC lists some drugs twice).
    """
    s = SUBJECTS[subject]
    found = db.query(
        f"""WITH tested AS (SELECT DISTINCT {s.own} AS id FROM prediction WHERE run_id = ?),
                 known AS (SELECT {s.own} AS id FROM {subject} UNION SELECT {s.own} FROM response
                           UNION SELECT id FROM tested)
            SELECT id, coalesce(e.name, '{s.word} ' || id) AS shown, id IN (FROM tested) AS held_out
            FROM known LEFT JOIN {subject} e ON e.{s.own} = id
            ORDER BY lower(shown), id""",
        [run_id],
    )
    return _told_apart(found.rename(columns={"shown": "name"}))


def _told_apart(found: pd.DataFrame) -> pd.DataFrame:
    """`found` (id, name, ...): a name that stands there twice carries its id."""
    shared = found["name"].duplicated(keep=False)
    return found.assign(name=found["name"].where(~shared, found["name"] + " (" + found["id"].astype(str) + ")"))


def drug_facts(db: Database, drug_id: int) -> DrugFacts:
    """One drug; of an id that the store does not describe only the id is known."""
    row = _only(
        db.query("SELECT d.* EXCLUDE (drug_id) FROM (SELECT 1) LEFT JOIN drug d ON d.drug_id = ?", [drug_id]),
    )
    same = db.query(
        """SELECT drug_id, name FROM drug
           WHERE split_part(inchikey, '-', 1) = split_part(?, '-', 1) AND inchikey <> '' AND drug_id <> ?
           ORDER BY drug_id""",
        [row["inchikey"] or "", drug_id],
    )
    names = ("target", "pathway", "smiles", "inchikey", "pubchem_cid", "weight_g_mol", "note")
    return DrugFacts(
        drug_id=drug_id,
        name=row["name"] or f"drug {drug_id}",
        same_structure=dict(zip(same["drug_id"].astype(int).tolist(), same["name"], strict=True)),
        **{name: row[name] for name in names},
    )


def line_facts(db: Database, cosmic_id: int) -> LineFacts:
    """One cell line; of an id that the store does not describe only the id and its mutations are known."""
    row = _only(
        db.query(
            """SELECT l.* EXCLUDE (cosmic_id), m.* FROM
                      (SELECT count(DISTINCT position_key) AS positions, count(DISTINCT gene) AS genes
                       FROM mutation WHERE cosmic_id = ?) m
               LEFT JOIN cell_line l ON l.cosmic_id = ?""",
            [cosmic_id, cosmic_id],
        )
    )
    names = ("cancer_type", "tissue", "tissue_detail", "msi", "growth", "depmap_id", "sanger_id", "positions", "genes")
    return LineFacts(
        cosmic_id=cosmic_id, name=row["name"] or f"COSMIC {cosmic_id}", **{name: row[name] for name in names}
    )


def _only(found: pd.DataFrame) -> dict[str, Any]:
    """The one row, with None where the sources say nothing."""
    row = found.astype(object).where(found.notna(), None).iloc[0]
    return {str(name): value if value != "" else None for name, value in row.items()}


def mutations(db: Database, cosmic_id: int) -> pd.DataFrame:
    """A line's mutations: gene, protein_change, position_key, classification, lines (of the store that share the
    position); the most shared first."""
    return db.query(
        """WITH shared AS (SELECT position_key, count(DISTINCT cosmic_id) AS lines FROM mutation GROUP BY ALL)
           SELECT DISTINCT gene, protein_change, position_key, classification, lines
           FROM mutation JOIN shared USING (position_key) WHERE cosmic_id = ?
           ORDER BY lines DESC, gene, position_key, protein_change""",
        [cosmic_id],
    )


def measured(db: Database, subject: str, entity: int, dataset: str = "") -> pd.DataFrame:
    """What was measured of one drug or line: id, name, grp (of the other side), observed (ln IC50 in uM).

    grp: cancer type of a line, target pathway of a drug. dataset: empty averages over all.
    """
    s = SUBJECTS[subject]
    found = db.query(
        f"""SELECT r.{s.other} AS id, coalesce(o.name, '{s.other_word} ' || r.{s.other}) AS name,
                   o.{s.other_group} AS grp, avg(r.ln_ic50) AS observed
            FROM response r LEFT JOIN {s.other_table} o USING ({s.other})
            WHERE r.{s.own} = ? AND (? = '' OR r.dataset = ?)
            GROUP BY ALL ORDER BY observed, id""",
        [entity, dataset, dataset],
    )
    return _told_apart(found)


def held_out(db: Database, run_id: str, model: str, naive: str, subject: str, entity: int) -> pd.DataFrame:
    """The held-out pairs of one drug or line, most sensitive first.

    Columns id, name, grp (as in `measured`), fold, observed, predicted, lower, upper, naive (what the naive baseline
    predicts), all values ln IC50 in uM.
    """
    s = SUBJECTS[subject]
    found = db.query(
        f"""WITH own AS (SELECT * FROM prediction p WHERE run_id = ? AND model IN (?, ?) AND {s.own} = ? AND {FINITE})
            SELECT p.{s.other} AS id, coalesce(o.name, '{s.other_word} ' || p.{s.other}) AS name,
                   o.{s.other_group} AS grp, p.fold, p.observed, p.mean AS predicted, p.lower, p.upper,
                   b.mean AS naive
            FROM own p LEFT JOIN own b ON b.{s.other} = p.{s.other} AND b.model = ?
            LEFT JOIN {s.other_table} o ON o.{s.other} = p.{s.other}
            WHERE p.model = ?
            ORDER BY p.observed, p.{s.other}""",
        [run_id, model, naive, entity, naive, model],
    )
    return _told_apart(found)


def z_scores(db: Database, run_id: str, model: str, naive: str, cosmic_id: int) -> pd.DataFrame:
    """How sensitive a line is to each of its held-out drugs against other lines: id, z_observed, z_predicted, z_naive.

    z: standard deviations from the drug's mean over the lines of the same fold; NULL below 3 lines, or where they are
    all the same. Across folds the means of a baseline mirror what was held out, hence the same fold.
    """
    return db.query(
        f"""WITH side AS (SELECT model, fold, drug_id, count(*) AS n, avg(mean) AS mean, stddev_samp(mean) AS sd,
                                avg(observed) AS mean_observed, stddev_samp(observed) AS sd_observed
                         FROM prediction p WHERE run_id = ? AND model IN (?, ?) AND {FINITE} GROUP BY ALL),
                z AS (SELECT model, drug_id,
                             CASE WHEN n >= 3 AND sd_observed > 1e-9
                                  THEN (observed - mean_observed) / sd_observed END AS observed,
                             CASE WHEN n >= 3 AND sd > 1e-9 THEN (p.mean - side.mean) / sd END AS predicted
                      FROM prediction p JOIN side USING (model, fold, drug_id)
                      WHERE run_id = ? AND cosmic_id = ? AND {FINITE})
           SELECT p.drug_id AS id, p.observed AS z_observed, p.predicted AS z_predicted, b.predicted AS z_naive
           FROM z p LEFT JOIN z b ON b.drug_id = p.drug_id AND b.model = ?
           WHERE p.model = ? ORDER BY id""",
        [run_id, model, naive, run_id, cosmic_id, naive, model],
    )


def entity_scores(pairs: pd.DataFrame, model: str, naive: str, sensitive_below: float) -> pd.DataFrame:
    """Measures of a model and of the naive baseline on one entity's pairs: model, name, value, lower, upper, n.

    pairs: as `held_out` gives them. 95 % intervals of the model by bootstrap over the pairs, each of another line
    (drug). Skill is against the naive baseline.
    Correlations are those of the deviations from the mean of each fold: a baseline that knows only means would
    otherwise seem to correlate negatively, since a training set's mean is low where its test part's is high.
    """
    known = pairs["naive"].notna().all() and len(pairs) > 0
    reference = pairs["naive"].to_numpy(float) if known else None
    whole = tuple(measure for measure in MEASURES if measure not in WITHIN_FOLDS)
    rows = []
    for name, column in {**({naive: "naive"} if known else {}), model: "predicted"}.items():
        values = pairs[["observed", column]].astype(float)
        within = values - values.groupby(pairs["fold"]).transform("mean")
        units = pairs["id"].to_numpy() if name == model else None
        for part, measures, base in ((values, whole, reference), (within, WITHIN_FOLDS, None)):
            found = pair_scores(
                part["observed"].to_numpy(),
                part[column].to_numpy(),
                units,
                draws=DRAWS,
                sensitive_below=sensitive_below,
                reference=base,
                measures=measures,
            )
            rows += [{"model": name, **score._asdict()} for score in found]
    columns = ["model", "name", "value", "lower", "upper", "n"]
    found = pd.DataFrame(rows, columns=columns).astype({"value": float, "lower": float, "upper": float})
    return found.round(12)  # a skill of 2e-16 is 0


def spreads(db: Database, run_id: str, model: str, subject: str) -> pd.DataFrame:
    """Every drug or line of a run in the light of its own held-out pairs, one row each, lowest R2 first.

    Columns id, name, n (pairs), r2, sd (of the observed values), low and high (of them), rmse, bias (mean predicted -
    observed), all ln uM; r2 is NULL where it is not defined: below 3 pairs or for one measured value.
    """
    s = SUBJECTS[subject]
    return db.query(
        f"""WITH sums AS (
                SELECT {s.own} AS id, count(*) AS n, stddev_pop(observed) AS sd, min(observed) AS low,
                       max(observed) AS high, avg((mean - observed) ** 2) AS mse, avg(mean - observed) AS bias
                FROM prediction p WHERE run_id = ? AND model = ? AND {FINITE} GROUP BY ALL)
            SELECT id, coalesce(e.name, '{s.word} ' || id) AS name, n,
                   CASE WHEN n >= 3 AND high > low THEN 1 - mse / sd ** 2 END AS r2,
                   sd, low, high, sqrt(mse) AS rmse, bias
            FROM sums LEFT JOIN {subject} e ON e.{s.own} = id
            ORDER BY r2 NULLS FIRST, id""",
        [run_id, model],
    )


def applicability(db: Database, run_id: str, subject: str, entity: int) -> Applicability | None:
    """How far the entity lies from what a run was trained on; None where the run kept no such rows."""
    s = SUBJECTS[subject]
    found = db.query(
        f"""WITH tested AS (SELECT fold, count(*) AS pairs FROM prediction
                            WHERE run_id = ? AND {s.own} = ? GROUP BY fold)
            SELECT d.nearest_id, coalesce(e.name, '{s.word} ' || d.nearest_id) AS nearest, d.similarity,
                   d.positions, d.known_positions, d.inside
            FROM domain d LEFT JOIN tested USING (fold) LEFT JOIN {subject} e ON e.{s.own} = d.nearest_id
            WHERE d.run_id = ? AND d.subject = ? AND d.id = ?
            ORDER BY pairs DESC NULLS LAST, d.fold LIMIT 1""",
        [run_id, entity, run_id, subject, entity],
    )
    if found.empty:
        return None
    row = _only(found)
    return Applicability(trained_on=row["nearest_id"] == entity, **row)
