"""Held-out pairs as DuckDB adds them up, against the same computed by hand."""

import numpy as np
import pytest
from small_store import HONEST_RUN, RUN

from engine.response.pair_records import errors_of, group_errors, pair_density, pair_points, pair_summary
from engine.response.records import PairFilter
from engine.settings import store_path
from engine.store.database import Database

ALL = PairFilter()


@pytest.fixture
def db(filled_home) -> Database:
    return Database(store_path())


def test_counts_and_limits(db):
    found = pair_summary(db, HONEST_RUN, "ensemble", ALL, -2.0)
    points = pair_points(db, HONEST_RUN, "ensemble", "drug_mean", ALL)
    assert (found.pairs, found.not_finite, len(points)) == (480, 0, 480)
    assert found.sensitive == int((points["observed"] < -2).sum())
    assert found.low == min(points["observed"].min(), points["predicted"].min())
    assert found.covered == int(points["observed"].between(points["lower"], points["upper"]).sum())
    # Every ninth of 40 unseen lines resembles none: 4, 13, 22 and 31, each with 12 drugs.
    assert (found.judged, found.outside, found.outside_lines, found.outside_drugs) == (True, 48, 4, 0)
    assert set(points.loc[points["line_flagged"], "line"]) == {"LINE-4", "LINE-13", "LINE-22", "LINE-31"}
    assert not points["drug_flagged"].any()


def test_flags_carry_their_reason(db):
    points = pair_points(db, HONEST_RUN, "ensemble", "drug_mean", PairFilter(cosmic_ids=(905_004,)))
    row = points.iloc[0]
    assert (row["line_similarity"], row["line_nearest"]) == (0.02, "LINE-9")
    assert (row["known_positions"], row["positions"] > 1) == (1, True)


def test_the_baseline_stands_beside_every_pair(db):
    points = pair_points(db, RUN, "master", "drug_mean", ALL)
    naive = pair_points(db, RUN, "drug_mean", "drug_mean", ALL)
    assert list(points["naive"]) == list(naive["predicted"])
    assert pair_points(db, RUN, "master", "no_such_model", ALL)["naive"].isna().all()


def test_a_name_that_two_drugs_share_carries_its_id(db):
    names = set(pair_points(db, RUN, "master", "drug_mean", ALL)["drug"])
    assert {"Bortezomib (11)", "Bortezomib (12)", "Docetaxel"} <= names and "Bortezomib" not in names


def test_the_worst_come_first(db):
    worst = pair_points(db, RUN, "master", "drug_mean", ALL, 5)
    everything = pair_points(db, RUN, "master", "drug_mean", ALL)
    size = (everything["predicted"] - everything["observed"]).abs()
    assert list((worst["predicted"] - worst["observed"]).abs()) == pytest.approx(list(size.nlargest(5)))


def test_filters_add_up(db):
    wanted = PairFilter(cancer_types=("SKCM", "GBM"), pathways=("Mitosis",), drug_ids=(6, 8))
    points = pair_points(db, RUN, "master", "drug_mean", wanted)
    assert set(points["cancer_type"]) == {"SKCM", "GBM"} and set(points["drug"]) == {"Docetaxel"}
    assert pair_summary(db, RUN, "master", wanted, -2.0).pairs == len(points) == 16


def test_nothing_fits(db):
    wanted = PairFilter(cancer_types=("no such type",))
    found = pair_summary(db, RUN, "master", wanted, -2.0)
    assert (found.pairs, found.sensitive, found.outside) == (0, 0, 0) and np.isnan(found.low)
    assert pair_points(db, RUN, "master", "drug_mean", wanted).empty
    assert group_errors(db, RUN, "master", "drug_mean", wanted, "line").empty


def test_density_counts_every_pair_in_its_bin(db):
    points = pair_points(db, RUN, "master", "drug_mean", ALL)
    low, high = -8.0, 12.0
    density = pair_density(db, RUN, "master", ALL, (low, high))
    edges = np.linspace(low, high, 91)
    counts, _, _ = np.histogram2d(points["predicted"], points["observed"], bins=(edges, edges))
    assert density.counts.sum() == 480
    # Values on an edge of a bin may fall on either side of it.
    assert np.abs(density.counts - counts).sum() <= 4
    error = points["predicted"] - points["observed"]
    assert density.median_error == pytest.approx(error.median())
    assert density.median_absolute_error == pytest.approx(error.abs().median())


@pytest.mark.parametrize("by", ["drug", "line", "cancer_type"])
def test_errors_per_group_are_the_same_from_sql_and_from_points(db, by):
    sql = group_errors(db, HONEST_RUN, "ensemble", "drug_mean", ALL, by)
    points = errors_of(pair_points(db, HONEST_RUN, "ensemble", "drug_mean", ALL), by)
    assert list(sql["id"]) == list(points["id"]) and list(sql["name"]) == list(points["name"])
    for column in ("pairs", "rmse", "bias", "naive_rmse"):
        assert list(sql[column]) == pytest.approx(list(points[column])), column


def test_errors_by_hand(db):
    points = pair_points(db, RUN, "master", "drug_mean", PairFilter(drug_ids=(3,)))
    error = points["predicted"] - points["observed"]
    row = group_errors(db, RUN, "master", "drug_mean", PairFilter(drug_ids=(3,)), "drug").iloc[0]
    assert (row["name"], row["pairs"]) == ("Dabrafenib", 40)
    assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert row["bias"] == pytest.approx(error.mean())


@pytest.mark.parametrize("bad", ["'nan'", "'infinity'", "'-infinity'"])
def test_predictions_that_are_no_numbers_are_counted_and_left_out(db, bad):
    with db.write() as connection:
        connection.execute(
            f"UPDATE prediction SET mean = {bad}::DOUBLE WHERE run_id = ? AND model = 'master' AND drug_id = 3", [RUN]
        )
    found = pair_summary(db, RUN, "master", ALL, -2.0)
    assert (found.pairs, found.not_finite) == (440, 40)
    assert np.isfinite([found.low, found.high]).all()
    assert 3 not in set(pair_points(db, RUN, "master", "drug_mean", ALL)["drug_id"])
    assert pair_density(db, RUN, "master", ALL, (found.low, found.high)).counts.sum() == 440
    assert len(group_errors(db, RUN, "master", "drug_mean", ALL, "drug")) == 11
    # As a baseline they are missing, not nonsense.
    beside = group_errors(db, RUN, "ensemble", "master", ALL, "drug").set_index("id")["naive_rmse"]
    assert np.isnan(beside[3]) and beside.drop(3).notna().all()


def test_an_older_run_has_no_intervals_and_no_flags(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET lower = NULL, upper = NULL WHERE run_id = ?", [RUN])
        connection.execute("DELETE FROM domain WHERE run_id = ?", [RUN])
    found = pair_summary(db, RUN, "master", ALL, -2.0)
    assert (found.with_interval, found.covered, found.judged, found.outside) == (0, 0, False, 0)
    points = pair_points(db, RUN, "master", "drug_mean", ALL)
    assert points["lower"].isna().all() and not points["line_flagged"].any()
