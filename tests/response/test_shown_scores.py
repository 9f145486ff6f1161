"""Measures of filtered pairs from sums in DuckDB, against the same from the pairs themselves."""

import numpy as np
import pandas as pd
import pytest
from small_store import HONEST_RUN, RUN

from engine.learn.metrics import coverage, pair_scores, within_group_r
from engine.response import binned_scores, drawn_scores, shown_scores
from engine.response.drawn_scores import View
from engine.response.pair_records import pair_points
from engine.response.records import PairFilter, run_summary
from engine.response.settings import NAIVE
from engine.settings import store_path
from engine.store.database import Database

SOME = PairFilter(cancer_types=("SKCM", "GBM", "LUAD"), pathways=("Mitosis", "EGFR signaling", "Genome integrity"))


@pytest.fixture
def db(filled_home) -> Database:
    return Database(store_path())


def of(table: pd.DataFrame, model: str, name: str) -> pd.Series:
    (row,) = table[(table["model"] == model) & (table["name"] == name)].itertuples()
    return row


def test_all_pairs_and_one_type_have_stored_measures(db):
    everything = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", PairFilter(), -2.0)
    assert (everything.naive, everything.skill_of, everything.clusters) == ("type_drug_mean", "type_drug_mean", "")
    assert of(everything.table, "ensemble", "r2").n == 480
    one = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", PairFilter(cancer_types=("GBM",)), -2.0)
    assert of(one.table, "ensemble", "r2").n == 96
    stored = db.query(
        "SELECT value FROM metric WHERE run_id = ? AND model = 'ensemble' AND scope = 'cancer_type' AND key = 'GBM' "
        "AND name = 'r2'",
        [HONEST_RUN],
    )
    assert of(one.table, "ensemble", "r2").value == stored["value"].iloc[0]


def test_of_filtered_pairs_the_measures_are_those_of_the_pairs(db):
    found = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, -2.0)
    pairs = pair_points(db, HONEST_RUN, "ensemble", found.naive, SOME)
    observed, predicted, lines = (pairs[name].to_numpy() for name in ("observed", "predicted", "cosmic_id"))
    expected = pair_scores(observed, predicted, lines, drawn_scores.DRAWS, reference=pairs["naive"].to_numpy())
    expected += coverage(observed, pairs["lower"].to_numpy(), pairs["upper"].to_numpy(), lines, drawn_scores.DRAWS)
    expected.append(
        within_group_r(
            observed, predicted, pairs["drug_id"].to_numpy(), lines, fold=pairs["fold"].to_numpy(),
            draws=drawn_scores.DRAWS,
        )
    )  # fmt: skip
    assert found.clusters == "cell lines"
    for score in expected:
        if score.name in ("spearman", "average_precision"):
            continue
        row = of(found.table, "ensemble", score.name)
        assert row.value == pytest.approx(score.value), score.name
        assert (row.lower, row.upper) == pytest.approx((score.lower, score.upper), abs=1e-9), score.name
        assert row.n == score.n
    assert set(found.table["model"]) == set(
        db.query("SELECT DISTINCT model FROM prediction WHERE run_id = ?", [HONEST_RUN])["model"]
    )


def test_the_strongest_naive_baseline_is_that_of_these_pairs(db):
    found = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, -2.0)
    r2 = {name: of(found.table, name, "r2").value for name in NAIVE}
    assert of(found.table, found.naive, "r2").value == max(r2.values())


def test_the_naive_baseline_of_a_run_is_the_one_its_skill_is_measured_against(db):
    assert run_summary(db, RUN).naive == "mean_effects"
    with db.write() as connection:
        connection.execute("""UPDATE run SET config = '{"naive": "drug_mean"}' WHERE run_id = ?""", [RUN])
        connection.execute("""UPDATE run SET config = '{"naive": "gone"}' WHERE run_id = ?""", [HONEST_RUN])
    assert run_summary(db, RUN).naive == "drug_mean"
    assert run_summary(db, HONEST_RUN).naive == "type_drug_mean"  # the highest R2 of the four


@pytest.mark.parametrize(
    ("split", "wanted", "words"),
    [
        ("pairs", SOME, "cell lines"),
        ("cell_line", SOME, "cell lines"),
        ("drug", SOME, "structures"),
        ("both", SOME, "cell lines and structures"),
        ("cancer_type", PairFilter(pathways=("Mitosis",)), "cancer types"),
        ("cancer_type", PairFilter(cancer_types=("GBM", "LUAD")), "cell lines"),
        ("cell_line", PairFilter(cosmic_ids=(905_001,)), "structures"),
        ("drug", PairFilter(drug_ids=(1, 2)), "cell lines"),
        ("no such split", SOME, "cell lines"),
    ],
)
def test_what_the_split_leaves_out_is_drawn(db, split, wanted, words):
    with db.write() as connection:
        connection.execute("UPDATE run SET split = ? WHERE run_id = ?", [split, RUN])
    found = shown_scores.shown_scores(db, RUN, "ensemble", wanted, -2.0)
    assert found.clusters == words
    row = of(found.table, "ensemble", "r2")
    assert row.lower < row.value < row.upper


def test_two_ids_of_one_structure_are_drawn_together(db):
    view = View.of(db, RUN, PairFilter())
    rows = db.query(f"SELECT DISTINCT drug_id, {drawn_scores.STRUCTURE} AS c1 FROM prediction p ORDER BY drug_id")
    assert rows["c1"].nunique() == 11  # bortezomib stands under 11 and 12
    assert rows["c1"].iloc[10] == rows["c1"].iloc[11]
    assert view.drawn.words == "cell lines"


def test_bins_come_close_to_the_exact_measures(db):
    view = View.of(db, HONEST_RUN, SOME)
    pairs = pair_points(db, HONEST_RUN, "ensemble", "drug_mean", SOME)
    observed, predicted, lines = (pairs[name].to_numpy() for name in ("observed", "predicted", "cosmic_id"))
    (auroc,) = pair_scores(observed, predicted, lines, drawn_scores.DRAWS, sensitive_below=1.0, measures=("auroc",))
    binned = binned_scores.auroc(view, "ensemble", 1.0)
    assert binned[1:] == pytest.approx(auroc[1:], abs=0.005)
    skill = pair_scores(
        observed, predicted, lines, drawn_scores.DRAWS, reference=pairs["naive"].to_numpy(), measures=()
    )[0]
    assert binned_scores.skill(view, "ensemble", "drug_mean")[1:] == pytest.approx(skill[1:])
    drug, fold = pairs["drug_id"].to_numpy(), pairs["fold"].to_numpy()
    within = within_group_r(observed, predicted, drug, fold=fold, draws=drawn_scores.DRAWS)
    found = binned_scores.within_drug_r(view, "ensemble")
    assert (found.value, found.n) == (pytest.approx(within.value), within.n)


def test_many_pairs_are_never_loaded(db, monkeypatch):
    exact = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, -2.0).table
    monkeypatch.setattr(shown_scores, "LOADED_PAIRS", 100)
    monkeypatch.setattr(shown_scores, "_from_pairs", None)
    binned = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, -2.0).table
    for name in ("auroc", "skill", "within_drug_r"):
        assert of(binned, "ensemble", name).value == pytest.approx(of(exact, "ensemble", name).value, abs=0.005)


def test_the_auroc_of_many_pairs_is_binned(db, monkeypatch):
    exact = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, 1.0).table
    monkeypatch.setattr(shown_scores, "RANKED_PAIRS", 100)
    binned = shown_scores.shown_scores(db, HONEST_RUN, "ensemble", SOME, 1.0).table
    assert of(binned, "ensemble", "auroc")[3:6] == pytest.approx(of(exact, "ensemble", "auroc")[3:6], abs=0.005)
    assert list(binned["name"]).count("auroc") == 2 and list(binned["name"]).count("skill") == 1


def test_few_pairs_have_no_measures(db):
    one = PairFilter(cosmic_ids=(905_001,), drug_ids=(1,))
    found = shown_scores.shown_scores(db, RUN, "ensemble", one, -2.0)
    assert np.isnan(of(found.table, "ensemble", "r2").value) and of(found.table, "ensemble", "r2").n == 1
    assert np.isnan(of(found.table, "ensemble", "skill").value)
    nothing = shown_scores.shown_scores(db, RUN, "ensemble", PairFilter(pathways=("none",)), -2.0)
    assert nothing.table.empty and nothing.naive is None


def test_predictions_that_are_no_numbers_do_not_count(db):
    before = shown_scores.model_scores(db, RUN, SOME)
    with db.write() as connection:
        connection.execute(
            "UPDATE prediction SET mean = 'nan'::DOUBLE WHERE run_id = ? AND model = 'master' AND drug_id = 6", [RUN]
        )
    after = shown_scores.shown_scores(db, RUN, "master", SOME, -2.0).table
    lost = 24  # lines of three types
    assert of(after, "master", "r2").n == of(before, "master", "r2").n - lost
    assert np.isfinite(of(after, "master", "skill").value)
    assert of(after, "ensemble", "r2").value == pytest.approx(of(before, "ensemble", "r2").value)


def test_an_older_run_is_known_by_fewer_measures(db):
    with db.write() as connection:
        connection.execute("DELETE FROM metric WHERE run_id = ? AND (scope <> 'all' OR name = 'skill')", [RUN])
        connection.execute(
            "DELETE FROM prediction WHERE run_id = ? AND model IN ('line_mean', 'type_drug_mean')", [RUN]
        )
        connection.execute("UPDATE prediction SET lower = NULL, upper = NULL WHERE run_id = ?", [RUN])
        connection.execute("UPDATE run SET config = '{}' WHERE run_id = ?", [RUN])
    stored = shown_scores.shown_scores(db, RUN, "ensemble", PairFilter(), -2.0)
    assert "skill" not in set(stored.table["name"]) and stored.skill_of is None
    one_type = shown_scores.shown_scores(db, RUN, "ensemble", PairFilter(cancer_types=("GBM",)), -2.0)
    assert of(one_type.table, "ensemble", "r2").n == 96  # nothing stored, so it is computed
    assert np.isnan(of(one_type.table, "ensemble", "coverage").value)


@pytest.mark.parametrize(("split", "table"), [("drug", "drug"), ("both", "drug"), ("cancer_type", "cell_line")])
def test_what_the_store_no_longer_describes_is_drawn_all_the_same(db, split, table):
    with db.write() as connection:
        connection.execute("UPDATE run SET split = ? WHERE run_id = ?", [split, RUN])
        key = "drug_id = 2" if table == "drug" else "cosmic_id = 905003"
        connection.execute(f"DELETE FROM {table} WHERE {key}")
    wanted = PairFilter(cosmic_ids=tuple(range(905_000, 905_020)))
    row = of(shown_scores.shown_scores(db, RUN, "ensemble", wanted, -2.0).table, "ensemble", "r2")
    assert row.n == 240 and row.lower < row.value < row.upper


def test_correlations_within_drugs_draw_both_sides_where_both_are_left_out(db):
    with db.write() as connection:
        connection.execute("UPDATE run SET split = 'both' WHERE run_id = ?", [RUN])
    wanted = PairFilter(cosmic_ids=tuple(range(905_000, 905_030)))
    found = of(shown_scores.shown_scores(db, RUN, "ensemble", wanted, -2.0).table, "ensemble", "within_drug_r")
    pairs = db.query(
        f"""SELECT cosmic_id, drug_id, observed, mean, {drawn_scores.STRUCTURE} AS structure FROM prediction p
            WHERE run_id = ? AND model = 'ensemble' AND cosmic_id < 905030 ORDER BY cosmic_id, drug_id""",
        [RUN],
    )
    observed, predicted, drug, line, structure = (
        pairs[name].to_numpy() for name in ("observed", "mean", "drug_id", "cosmic_id", "structure")
    )
    expected = within_group_r(observed, predicted, drug, line, draws=drawn_scores.DRAWS, clusters_2=structure)
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper))
