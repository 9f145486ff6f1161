"""Two runs on their common pairs, and what is refused."""

import numpy as np
import pytest
from small_store import HONEST_RUN, RUN

from engine.errors import InputError, StoreError
from engine.response.pair_records import pair_points
from engine.response.records import PairFilter
from engine.response.run_comparison import compare_runs
from engine.settings import store_path
from engine.store.database import Database

OTHER = "20261122-080000-train_response-0c3d"


@pytest.fixture
def db(filled_home) -> Database:
    """With a third run: the published cut again on 31 lines of other tables, its errors 1.5 times as large."""
    db = Database(store_path())
    with db.write() as connection:
        for table, change in (
            ("run", "run_id, TIMESTAMP '2026-11-22 08:00:00' AS created_at, 'another' AS data_hash"),
            ("metric", "run_id"),
            ("prediction", "run_id, observed + 1.5 * (mean - observed) AS mean"),
        ):
            lines = "AND cosmic_id > 905008" if table == "prediction" else ""
            connection.execute(
                f"INSERT INTO {table} SELECT * REPLACE (? AS {change}) FROM {table} WHERE run_id = ? {lines}",
                [OTHER, RUN],
            )
    return db


def test_both_are_judged_on_their_common_pairs(db):
    found = compare_runs(db, RUN, OTHER, "master")
    assert (found.pairs, found.changed, found.tested_a, found.tested_b) == (372, 0, 480, 372)
    assert (found.split, found.same_data, found.clusters) == ("pairs", False, "cell lines")
    pairs = pair_points(db, RUN, "master", "", PairFilter(cosmic_ids=tuple(range(905_009, 905_040))))
    error = pairs["predicted"] - pairs["observed"]
    total = ((pairs["observed"] - pairs["observed"].mean()) ** 2).sum()
    assert found.rmse_a.value == pytest.approx(np.sqrt((error**2).mean()))
    assert found.rmse_b.value == pytest.approx(1.5 * np.sqrt((error**2).mean()))
    assert found.r2_a.value == pytest.approx(1 - (error**2).sum() / total)
    assert found.r2_b.value == pytest.approx(1 - 2.25 * (error**2).sum() / total)
    assert found.difference.value == pytest.approx(-1.25 * (error**2).mean())
    assert found.difference.lower < found.difference.value < found.difference.upper < 0
    assert found.verdict == "a" and compare_runs(db, OTHER, RUN, "master").verdict == "b"
    assert {score.n for score in (found.r2_a, found.r2_b, found.rmse_a, found.difference)} == {372}


def test_a_model_and_itself_are_even(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = p.mean FROM prediction p WHERE prediction.run_id = ? "
                           "AND p.run_id = ? AND p.model = prediction.model AND p.cosmic_id = prediction.cosmic_id "
                           "AND p.drug_id = prediction.drug_id", [OTHER, RUN])  # fmt: skip
    found = compare_runs(db, RUN, OTHER, "ensemble")
    assert found.difference.value == 0 and found.verdict == "even"


def test_pairs_measured_differently_are_left_out(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET observed = observed + 0.5 WHERE run_id = ? AND drug_id = 1", [OTHER])
    found = compare_runs(db, RUN, OTHER, "master")
    assert (found.pairs, found.changed) == (341, 31)
    with db.write() as connection:
        connection.execute("UPDATE prediction SET observed = observed + 0.25 WHERE run_id = ?", [OTHER])
    with pytest.raises(InputError, match="All 372 pairs that runs .* have in common were measured differently"):
        compare_runs(db, RUN, OTHER, "master")


def test_predictions_that_are_no_numbers_do_not_count(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = 'nan'::DOUBLE WHERE run_id = ? AND drug_id = 1", [OTHER])
        connection.execute("UPDATE prediction SET mean = 'inf'::DOUBLE WHERE run_id = ? AND drug_id = 2", [RUN])
    found = compare_runs(db, RUN, OTHER, "master")
    assert (found.pairs, found.tested_a, found.tested_b) == (310, 440, 341)
    assert np.isfinite(found.difference.value)


def test_few_clusters_give_no_interval(db):
    with db.write() as connection:
        connection.execute("DELETE FROM prediction WHERE run_id = ? AND cosmic_id > 905012", [OTHER])
    found = compare_runs(db, RUN, OTHER, "master")
    assert (found.pairs, found.difference.lower, found.verdict) == (48, None, "open")


def test_other_splits_are_refused(db):
    with pytest.raises(InputError, match="under the split 'pairs', run .* under 'cell_line'.*not comparable"):
        compare_runs(db, RUN, HONEST_RUN, "master")


def test_a_run_beside_itself_is_refused(db):
    with pytest.raises(InputError, match="choose two different runs"):
        compare_runs(db, RUN, RUN, "master")


def test_a_deleted_run_is_told(db):
    with pytest.raises(StoreError, match="There is no run 'gone' in the store"):
        compare_runs(db, RUN, "gone", "master")


def test_no_common_pair_is_refused(db):
    with db.write() as connection:
        connection.execute("UPDATE prediction SET cosmic_id = cosmic_id + 1000000 WHERE run_id = ?", [OTHER])
    with pytest.raises(InputError, match="no held-out pair in common: of 480 and 372 tested pairs not one is the same"):
        compare_runs(db, RUN, OTHER, "master")


def test_simulated_beside_measured_is_refused(db):
    with db.write() as connection:
        connection.execute("UPDATE run SET simulated = false WHERE run_id = ?", [OTHER])
    with pytest.raises(InputError, match=f"Run {RUN} is on simulated data, run {OTHER} on measured data"):
        compare_runs(db, RUN, OTHER, "master")


def test_a_model_that_one_lacks_is_refused(db):
    with db.write() as connection:
        connection.execute("DELETE FROM metric WHERE run_id = ? AND model = 'tanh'", [OTHER])
    with pytest.raises(InputError, match=f"Run {OTHER} has no model 'tanh'. Both have: ensemble, master"):
        compare_runs(db, RUN, OTHER, "tanh")
