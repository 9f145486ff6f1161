import numpy as np
import pandas as pd
import pytest

from engine.errors import TrainingError
from engine.response.evaluate import check_finite, metric_rows, strongest_naive
from engine.response.settings import TrainSettings

PREDICTIONS = pd.DataFrame(
    {
        "model": "m",
        "cosmic_id": [1, 1, 1, 2, 2],
        "drug_id": [7, 8, 9, 7, 8],
        "fold": [1, 1, 1, 2, 2],
        "observed": [-3.0, 0.0, 3.0, 1.0, 2.0],
        "mean": [-2.0, 0.0, 3.0, 1.0, 4.0],
        "lower": [-2.5, -0.5, 2.5, 0.5, 3.5],
        "upper": [-1.5, 0.5, 3.5, 1.5, 4.5],
    }
)
NAIVE = PREDICTIONS.assign(model="drug_mean", mean=[-1.0, 1.0, 3.0, -1.0, 1.0])
LINES = pd.DataFrame({"cosmic_id": [1, 2], "cancer_type": ["SKCM", "LUAD"]})


def measured(split="pairs", **changes):
    settings = TrainSettings(split=split, **changes)
    both = pd.concat([PREDICTIONS, NAIVE])
    rows = metric_rows("r", both, LINES, settings, "drug_mean", {7: 0, 8: 1, 9: 0})
    return rows.set_index(["model", "scope", "key", "name"]).sort_index()


def test_every_scope_by_hand():
    rows = measured()
    assert rows.loc[("m", "all", "", "rmse"), "value"] == pytest.approx(1.0)
    assert rows.loc[("m", "all", "", "rmse"), "n"] == 5
    assert rows.loc[("m", "cancer_type", "SKCM", "r2"), "value"] == pytest.approx(1 - 1 / 18)
    assert rows.loc[("m", "cell_line", "1", "auroc"), "value"] == 1.0
    assert rows.loc[("m", "drug", "8", "rmse"), "n"] == 2
    assert pd.isna(rows.loc[("m", "drug", "8", "rmse"), "value"])  # two pairs define nothing
    assert pd.isna(rows.loc[("m", "cancer_type", "LUAD", "r2"), "value"])
    assert rows.loc[("m", "fold", "1", "rmse"), "value"] == pytest.approx(np.sqrt(1 / 3))


def test_skill_and_coverage_by_hand():
    rows = measured()
    # Squared errors: m 1 + 4 of five pairs, drug_mean 4 + 1 + 4 + 1.
    assert rows.loc[("m", "all", "", "skill"), "value"] == pytest.approx(1 - 5 / 10)
    assert rows.loc[("drug_mean", "all", "", "skill"), "value"] == 0
    assert rows.loc[("m", "all", "", "coverage"), "value"] == pytest.approx(3 / 5)
    assert rows.loc[("m", "all", "", "width"), "value"] == pytest.approx(1.0)


def test_threshold_of_sensitivity_is_a_setting():
    assert measured().loc[("m", "cell_line", "2", "auroc"), "value"] is not None
    assert pd.isna(measured(sensitive_below=-9.0).loc[("m", "all", "", "auroc"), "value"])
    assert measured(sensitive_below=0.5).loc[("m", "all", "", "auroc"), "value"] == pytest.approx(1.0)


def test_strongest_naive_baseline_has_the_smallest_error():
    worse = NAIVE.assign(model="mean_effects", mean=9.0)
    assert strongest_naive(pd.concat([PREDICTIONS, NAIVE, worse])) == "drug_mean"


def test_predictions_that_are_not_numbers_stop_the_run():
    with pytest.raises(TrainingError, match="tanh gave 2 predictions that are not numbers"):
        check_finite("tanh", np.array([1.0, np.nan, np.inf]))
