import numpy as np
import pandas as pd
import pytest

from engine.errors import TrainingError
from engine.response.evaluate import check_finite, metric_rows


def test_every_scope_by_hand():
    predictions = pd.DataFrame(
        {
            "model": "m",
            "cosmic_id": [1, 1, 1, 2, 2],
            "drug_id": [7, 8, 9, 7, 8],
            "observed": [-3.0, 0.0, 3.0, 1.0, 2.0],
            "mean": [-2.0, 0.0, 3.0, 1.0, 4.0],
        }
    )
    lines = pd.DataFrame({"cosmic_id": [1, 2], "cancer_type": ["SKCM", "LUAD"]})
    rows = metric_rows("r", predictions, lines).set_index(["scope", "key", "name"])
    assert rows.loc[("all", "", "rmse"), "value"] == pytest.approx(1.0)
    assert rows.loc[("all", "", "rmse"), "n"] == 5
    assert rows.loc[("cancer_type", "SKCM", "r2"), "value"] == pytest.approx(1 - 1 / 18)
    assert rows.loc[("cell_line", "1", "auroc"), "value"] == 1.0
    assert rows.loc[("drug", "8", "rmse"), "n"] == 2
    assert pd.isna(rows.loc[("drug", "8", "rmse"), "value"])  # two pairs define nothing
    assert pd.isna(rows.loc[("cancer_type", "LUAD", "r2"), "value"])


def test_predictions_that_are_not_numbers_stop_the_run():
    with pytest.raises(TrainingError, match="tanh gave 2 predictions that are not numbers"):
        check_finite("tanh", np.array([1.0, np.nan, np.inf]))
