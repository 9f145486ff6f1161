"""Reads about one drug or one line, on a store of a few typed rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_store import insert

from engine.learn.metrics import pair_scores
from engine.response import entity_records as records
from engine.response.entity_records import DRUG, LINE
from engine.store.database import Database

# Drug 1 in four lines: observed 1, 2, 3, 6 and predicted 2, 2, 2, 4: mean observed 3, SST 4 + 1 + 0 + 9 = 14,
# SSE 1 + 0 + 1 + 4 = 6, R2 = 1 - 6 / 14, shift (1 + 0 - 1 - 2) / 4 = -0.5. Drug 2 in two lines of fold 2.
PREDICTIONS = [
    (11, 1, 1, 1.0, 2.0),
    (12, 1, 1, 2.0, 2.0),
    (13, 1, 1, 3.0, 2.0),
    (14, 1, 2, 6.0, 4.0),
    (11, 2, 1, -3.0, -2.5),
    (14, 2, 2, -1.0, -2.0),
]


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = Database(tmp_path / "store.duckdb")
    lines = pd.DataFrame(
        {
            "cosmic_id": [11, 12, 13, 15],
            "name": ["A375", "HeLa", "twin", "twin"],
            "cancer_type": ["SKCM", "CESC", None, "SKCM"],
            "msi": ["MSS", "", None, None],
        }
    )
    drugs = pd.DataFrame(
        {
            "drug_id": [1, 2, 3, 4, 5],
            "name": ["erlotinib", "Bortezomib", "Erlotinib HCl", "Nothing known", "none either"],
            "target": ["EGFR", "Proteasome", "EGFR", None, None],
            "pathway": ["EGFR signaling", "Proteasome", "EGFR signaling", None, None],
            "inchikey": ["AAKJLRGGTJKAMG-UHFFFAOYSA-N", "GXJABQQUPOEUTA-RDJZCZTQSA-N", "AAKJLRGGTJKAMG-X", None, ""],
            "pubchem_cid": pd.array([176870, 387447, None, None, None], "Int64"),
        }
    )
    rows = pd.DataFrame(PREDICTIONS, columns=["cosmic_id", "drug_id", "fold", "observed", "mean"]).assign(run_id="r")
    network = rows.assign(model="ensemble", lower=rows["mean"] - 1, upper=rows["mean"] + 1)
    naive = rows.assign(model="drug_mean", mean=3.0)
    mutation = pd.DataFrame(
        {
            "cosmic_id": [11, 11, 11, 12, 11],
            "gene": ["BRAF", "TP53", "TP53", "BRAF", "BRAF"],
            "position_key": ["BRAF:600", "TP53:175", "TP53:Splice_Site", "BRAF:600", "BRAF:600"],
            "protein_change": ["p.V600E", "p.R175H", None, "p.V600K", "p.V600E"],
            "classification": ["Missense_Mutation"] * 2 + ["Splice_Site"] + ["Missense_Mutation"] * 2,
        }
    )
    response = pd.DataFrame(
        {
            "dataset": ["GDSC1", "GDSC1", "GDSC2", "GDSC1"],
            "cosmic_id": [11, 12, 11, 99],
            "drug_id": [1, 1, 1, 1],
            "ln_ic50": [1.0, 2.0, 3.0, 0.5],
            "n_measured": 1,
        }
    )
    domain = pd.DataFrame(
        {
            "run_id": "r",
            "fold": [1, 2, 1, 2],
            "subject": [DRUG, DRUG, LINE, LINE],
            "id": [1, 1, 11, 13],
            "nearest_id": [1, 1, 12, None],
            "similarity": [1.0, 1.0, 0.25, None],
            "positions": pd.array([None, None, 3, 0], "Int64"),
            "known_positions": pd.array([None, None, 1, 0], "Int64"),
            "inside": [True, True, True, False],
        }
    ).astype({"nearest_id": "Int64"})
    described = {"cell_line": lines, "drug": drugs, "mutation": mutation, "response": response}
    described = {table: frame.assign(source_id="typed") for table, frame in described.items()}
    insert(db, **described, prediction=pd.concat([network, naive]), domain=domain)
    yield db
    db.close()


def test_options_are_everything_that_is_described_measured_or_predicted(db):
    drugs = records.entity_options(db, DRUG, "r")
    assert list(drugs["name"]) == ["Bortezomib", "erlotinib", "Erlotinib HCl", "none either", "Nothing known"]
    assert list(drugs["held_out"]) == [True, True, False, False, False]
    lines = records.entity_options(db, LINE, "r")
    assert dict(zip(lines["id"], lines["name"], strict=True)) == {
        11: "A375", 14: "COSMIC 14", 99: "COSMIC 99", 12: "HeLa", 13: "twin (13)", 15: "twin (15)",
    }  # fmt: skip
    assert lines.loc[lines["held_out"], "id"].tolist() == [11, 14, 12, 13]
    assert not records.entity_options(db, DRUG)["held_out"].any()


def test_facts_of_a_drug_and_the_other_ids_of_its_structure(db):
    drug = records.drug_facts(db, 1)
    assert (drug.name, drug.target, drug.pubchem_cid, drug.smiles) == ("erlotinib", "EGFR", 176870, None)
    assert drug.same_structure == {3: "Erlotinib HCl"}
    assert records.drug_facts(db, 2).same_structure == {}
    assert records.drug_facts(db, 4).same_structure == {}  # no key is not the same key
    assert records.drug_facts(db, 5).inchikey is None and records.drug_facts(db, 5).same_structure == {}


def test_facts_of_what_the_store_does_not_describe(db):
    assert records.drug_facts(db, 7).name == "drug 7" and records.drug_facts(db, 7).target is None
    line = records.line_facts(db, 14)
    assert (line.name, line.cancer_type, line.positions, line.genes) == ("COSMIC 14", None, 0, 0)


def test_facts_of_a_line_count_positions_and_genes_once(db):
    line = records.line_facts(db, 11)
    assert (line.name, line.cancer_type, line.msi, line.positions, line.genes) == ("A375", "SKCM", "MSS", 3, 2)
    assert records.line_facts(db, 12).msi is None  # an empty text is nothing known


def test_mutations_of_a_line(db):
    found = records.mutations(db, 11)
    assert list(found["position_key"]) == ["BRAF:600", "TP53:175", "TP53:Splice_Site"]
    assert list(found["lines"]) == [2, 1, 1]
    assert pd.isna(found["protein_change"].iloc[2])
    assert records.mutations(db, 13).empty


def test_measured_values_of_one_dataset_or_averaged(db):
    one = records.measured(db, DRUG, 1, "GDSC1")
    assert list(one["name"]) == ["COSMIC 99", "A375", "HeLa"] and list(one["observed"]) == [0.5, 1.0, 2.0]
    both = records.measured(db, DRUG, 1)
    assert dict(zip(both["name"], both["observed"], strict=True)) == {"COSMIC 99": 0.5, "A375": 2.0, "HeLa": 2.0}
    assert list(records.measured(db, LINE, 11, "GDSC1")["grp"]) == ["EGFR signaling"]
    assert records.measured(db, DRUG, 2).empty


def test_held_out_pairs_of_a_drug(db):
    pairs = records.held_out(db, "r", "ensemble", "drug_mean", DRUG, 1)
    assert list(pairs["name"]) == ["A375", "HeLa", "twin", "COSMIC 14"]
    assert list(pairs["observed"]) == [1, 2, 3, 6] and list(pairs["predicted"]) == [2, 2, 2, 4]
    assert list(pairs["lower"]) == [1, 1, 1, 3] and list(pairs["naive"]) == [3, 3, 3, 3]
    assert list(pairs["fold"]) == [1, 1, 1, 2]
    assert pairs["grp"].fillna("?").tolist() == ["SKCM", "CESC", "?", "?"]


def test_names_that_stand_there_twice_carry_their_id(db):
    with db.write() as connection:
        connection.execute("UPDATE drug SET name = 'Bortezomib' WHERE drug_id = 1")
    assert list(records.held_out(db, "r", "ensemble", "", LINE, 11)["name"]) == ["Bortezomib (2)", "Bortezomib (1)"]
    assert list(records.measured(db, LINE, 11)["name"]) == ["Bortezomib"]


def test_held_out_pairs_of_a_line_and_of_nothing(db):
    pairs = records.held_out(db, "r", "ensemble", "", LINE, 11)
    assert list(pairs["name"]) == ["Bortezomib", "erlotinib"] and pairs["naive"].isna().all()
    same = records.held_out(db, "r", "drug_mean", "drug_mean", LINE, 11)
    assert len(same) == 2 and list(same["naive"]) == list(same["predicted"]) == [3, 3]
    assert records.held_out(db, "r", "ensemble", "drug_mean", DRUG, 3).empty
    assert records.held_out(db, "other", "ensemble", "drug_mean", DRUG, 1).empty


def test_z_scores_stay_within_a_fold(db):
    """Drug 1, fold 1: observed 1, 2, 3 (mean 2, SD 1); predictions all 2, so their z is not defined."""
    found = records.z_scores(db, "r", "ensemble", "drug_mean", 11).set_index("id")
    assert found.loc[1, "z_observed"] == pytest.approx(-1.0)
    assert pd.isna(found.loc[1, "z_predicted"]) and pd.isna(found.loc[1, "z_naive"])
    assert found.loc[2].isna().all()  # one line in this fold
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = cosmic_id WHERE model = 'ensemble' AND drug_id = 1")
    found = records.z_scores(db, "r", "ensemble", "drug_mean", 13).set_index("id")
    assert found.loc[1, "z_predicted"] == pytest.approx(1.0)  # 13 of 11, 12, 13
    assert found.loc[1, "z_observed"] == pytest.approx(1.0)


def test_spreads_are_those_of_each_entity(db):
    found = records.spreads(db, "r", "ensemble", DRUG).set_index("id")
    one = found.loc[1]
    assert one["r2"] == pytest.approx(1 - 6 / 14) and one["n"] == 4
    assert one["sd"] == pytest.approx((14 / 4) ** 0.5) and one["rmse"] == pytest.approx(1.5**0.5)
    assert one["bias"] == pytest.approx(-0.5) and (one["low"], one["high"]) == (1, 6)
    assert pd.isna(found.loc[2, "r2"]) and found.loc[2, "n"] == 2  # below 3 pairs
    assert found.loc[2, "rmse"] == pytest.approx(((0.25 + 1) / 2) ** 0.5)
    assert records.spreads(db, "r", "none such", DRUG).empty


def test_r2_is_that_of_the_metrics(db):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"cosmic_id": np.arange(300), "drug_id": np.arange(300) % 10, "observed": rng.normal(3, 2, 300)}
    )
    rows["mean"] = rows["observed"] + rng.normal(0.3, 1, 300)
    insert(db, prediction=rows.assign(run_id="big", model="m", fold=0))
    found = records.spreads(db, "big", "m", DRUG).set_index("id")
    for drug, part in rows.groupby("drug_id"):
        r2, rmse = (s.value for s in pair_scores(part["observed"], part["mean"], measures=("r2", "rmse")))
        assert (found.loc[drug, "r2"], found.loc[drug, "rmse"]) == (pytest.approx(r2), pytest.approx(rmse))


def test_one_measured_value_has_no_r2(db):
    same = pd.DataFrame({"cosmic_id": [1, 2, 3], "drug_id": 1, "observed": 0.1, "mean": [1.0, 2.0, 3.0]})
    insert(db, prediction=same.assign(run_id="flat", model="m", fold=0))
    assert records.spreads(db, "flat", "m", DRUG)["r2"].isna().all()


def scores_of(db, **more) -> pd.DataFrame:
    pairs = records.held_out(db, "r", "ensemble", "drug_mean", DRUG, 1).assign(**more)
    return records.entity_scores(pairs, "ensemble", "drug_mean", 1.5).set_index(["model", "name"])


def test_scores_stand_beside_the_naive_baseline(db):
    scores = scores_of(db)
    assert scores.loc[("ensemble", "r2"), "value"] == pytest.approx(1 - 6 / 14)
    assert scores.loc[("drug_mean", "r2"), "value"] == pytest.approx(0)
    assert scores.loc[("drug_mean", "rmse"), "value"] == pytest.approx(3.5**0.5)
    assert scores.loc[("ensemble", "skill"), "value"] == pytest.approx(1 - 6 / 14)
    assert scores.loc[("ensemble", "auroc"), "value"] == pytest.approx((2 * 0.5 + 1) / 3)  # 1 below 1.5, two ties
    assert (scores["n"] == 4).all()


def test_correlations_are_those_within_folds(db):
    """A baseline of one value per fold orders nothing, though its values differ between folds."""
    scores = scores_of(db, naive=[1.0, 1.0, 1.0, 0.0], predicted=[1.0, 2.0, 3.0, -9.0])
    assert pd.isna(scores.loc[("drug_mean", "pearson"), "value"])
    # Deviations in fold 1: -1, 0, 1 of both; fold 2 has one pair and so none.
    assert scores.loc[("ensemble", "pearson"), "value"] == pytest.approx(1.0)


def test_scores_without_a_baseline_have_no_skill(db):
    pairs = records.held_out(db, "r", "ensemble", "", DRUG, 1)
    found = records.entity_scores(pairs, "ensemble", "", -2.0)
    assert set(found["model"]) == {"ensemble"} and "skill" not in set(found["name"])


def test_applicability_is_that_of_the_fold_that_tests(db):
    assert records.applicability(db, "r", DRUG, 1).trained_on
    line = records.applicability(db, "r", LINE, 11)
    assert (line.trained_on, line.nearest, line.similarity) == (False, "HeLa", 0.25)
    assert (line.positions, line.known_positions, line.inside) == (3, 1, True)
    lonely = records.applicability(db, "r", LINE, 13)
    assert (lonely.nearest_id, lonely.nearest, lonely.similarity, lonely.inside) == (None, None, None, False)
    assert records.applicability(db, "r", LINE, 12) is None
    assert records.applicability(db, "older run", LINE, 11) is None


def test_predictions_that_are_no_numbers_are_left_out(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = 'inf' WHERE model = 'ensemble' AND cosmic_id = 12")
        connection.execute("UPDATE prediction SET mean = 'nan' WHERE model = 'drug_mean' AND cosmic_id = 13")
    pairs = records.held_out(db, "r", "ensemble", "drug_mean", DRUG, 1)
    assert list(pairs["id"]) == [11, 13, 14] and list(pairs["naive"].isna()) == [False, True, False]
    found = records.entity_scores(pairs, "ensemble", "drug_mean", -2.0)
    assert set(found["model"]) == {"ensemble"} and np.isfinite(found.set_index("name").loc["r2", "value"])
    assert list(records.spreads(db, "r", "ensemble", DRUG).set_index("id")["n"].loc[[1, 2]]) == [3, 2]
    assert list(records.z_scores(db, "r", "ensemble", "drug_mean", 12)["id"]) == []
