"""What real cell lines say about textbook mutations: the evidence that stands beside the networks' ranking.

Whether networks have learned it depends on how long they were trained, and training is too slow for a test:
benchmarks/patient_textbook.py shows it for any run.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plain_predictor import plain_predictor

from engine.patient.neighbours import evidence, nearest_lines
from engine.patient.predictor import Predictor
from engine.patient.ranking import rank
from engine.patient.screened import load_screened
from engine.patient.types import Genome
from engine.response.readers import read_cell_lines, read_drugs
from engine.response.streams import read_mutations, read_responses
from engine.store.database import Database

pytestmark = pytest.mark.real_data
BRAF = (29, 1061, 1373)  # AZ628, SB590885, dabrafenib
MEK = (1014, 1015, 1062, 1372, 1498, 1526)  # refametinib and selumetinib were screened twice
EGFR = (1, 119, 1010)  # erlotinib, lapatinib, gefitinib
V600E = Genome(("BRAF:600",), frozenset({"BRAF"}))
G12D = Genome(("KRAS:12",), frozenset({"KRAS"}))


@dataclass(frozen=True)
class KnowsNothing(Predictor):
    """Predicts the mean of the drug for everybody, as a network that has learned nothing."""

    def predict(self, genomes, drug_ids=None):
        mean = np.tile(self.screened.mean, (len(genomes), 1))
        return mean, np.zeros(mean.shape)


@pytest.fixture(scope="module")
def predictor(real_data: Path, tmp_path_factory) -> KnowsNothing:
    """The real tables with no network at all."""
    folder = real_data / "response"
    lines, drugs = read_cell_lines(folder / "cell_lines.csv").frame, read_drugs(folder / "drugs.csv").frame
    tables = {
        "cell_line": lines,
        "drug": drugs,
        "mutation": read_mutations(folder / "CCLE_census_mutations.maf.gz", lines).frame,
        "response": read_responses(folder / "GDSC1_fitted_dose_response.csv.gz", lines, drugs).frame,
    }
    db = Database(tmp_path_factory.mktemp("real") / "store.duckdb")
    with db.write() as connection:
        for name, table in tables.items():
            connection.register("frame", table.assign(source_id="real"))
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM frame")
    plain = plain_predictor()
    shown = drugs[drugs["smiles"].notna()].sort_values("drug_id", ignore_index=True)
    run = plain.run.__class__(**{**plain.run.__dict__, "dataset": "GDSC1"})
    screened = load_screened(db, run, shown["drug_id"].tolist())
    given = {field.name: getattr(plain, field.name) for field in fields(Predictor)}
    given |= {"run": run, "screened": screened, "reference": None, "shift": np.zeros(len(shown))}
    given |= {"drugs": shown.assign(inside=pd.array([True] * len(shown), dtype="boolean"))}
    return KnowsNothing(**given)


def places(predictor: Predictor, genome: Genome, cancer_type: str | None, column: str) -> pd.Series:
    """drug_id -> place among all measured drugs by a column of the ranking, 0 (most sensitive) to 1."""
    table = rank(predictor, genome, cancer_type).table.dropna(subset="z_score").set_index("drug_id")
    return table[column].rank(pct=True)


def test_braf_and_mek_inhibitors_stand_on_top_for_melanoma_with_v600e(predictor):
    of_type = places(predictor, V600E, "SKCM", "type_z")
    assert (of_type[[*BRAF, *MEK]] <= 0.1).all()
    nearest = places(predictor, V600E, "SKCM", "nearest_z")
    assert (nearest[[*BRAF, *MEK]] <= 0.1).all()
    assert (places(predictor, V600E, None, "nearest_z")[list(BRAF)] <= 0.1).all()


def test_egfr_inhibitors_do_not_for_kras_g12(predictor):
    """But for erlotinib outside the lung: its release holds few KRAS-mutated lines, 14, and their mean is lower."""
    assert (places(predictor, G12D, "LUAD", "nearest_z")[list(EGFR)] > 0.1).all()
    for cancer_type in ("PAAD", "COAD_READ", None):
        assert (places(predictor, G12D, cancer_type, "nearest_z")[[119, 1010]] > 0.1).all()


def test_the_nearest_lines_of_v600e_in_melanoma(predictor):
    found = nearest_lines(predictor, V600E.keys, sequenced=V600E.sequenced, cancer_type="SKCM")
    assert [line.cancer_type for line in found] == ["SKCM"] * 5
    assert {line.similarity for line in found} == {1.0}
    measured = evidence(predictor, V600E.keys, 1373, sequenced=V600E.sequenced, cancer_type="SKCM")
    assert len(measured) == 5 and measured["z_score"].mean() < -2  # dabrafenib


def test_every_line_is_its_own_nearest(predictor):
    """Also of lines whose positions equal another's: both are then at similarity 1."""
    screened = predictor.screened
    rows = np.flatnonzero(screened.mutated)[::10]
    assert len(rows) == 104
    for row in rows:
        first = nearest_lines(predictor, screened.keys_of(row), n=1)[0]
        assert first.similarity == 1.0 and set(first.shared_positions) == set(screened.keys_of(row))


def test_a_ranking_that_knows_nothing_says_so_by_its_scores(predictor):
    table = rank(predictor, Genome(("BRAF:600",)), "SKCM").table
    assert (table["z_score"].dropna() == 0).all()
