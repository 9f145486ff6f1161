"""The published table of the radiosensitivity paper: its own statistics, recomputed by the measures of this room."""

import numpy as np
import pandas as pd
import pytest

from engine.radiation.measures import CLASSES, correct, error_class
from engine.radiation.names import line_key, panel_of
from engine.radiation.survival_import import REFERENCE_SF2

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def table(real_data) -> pd.DataFrame:
    return pd.read_csv(real_data / "sf2" / "nci60_sf2.csv")


def test_r_and_rmsd_are_those_of_the_text(table):
    """The published r is that before prediction validation, the published RMSD that after it."""
    true, first, after = (
        table[name].to_numpy() for name in ("true_sf2", "predicted_sf2", "predicted_sf2_after_validation")
    )
    assert len(table) == 174
    r = np.corrcoef(true, first)[0, 1]
    assert r == pytest.approx(0.9877, abs=5e-5)
    half = 1.959964 / np.sqrt(171)  # Fisher, as if the arrays of a line were independent: the published interval
    assert np.tanh(np.arctanh(r) + np.array([-half, half])) == pytest.approx([0.9834, 0.9909], abs=5e-5)
    assert np.corrcoef(true, after)[0, 1] == pytest.approx(0.9931, abs=5e-5)
    assert np.sqrt(((true - after) ** 2).mean()) == pytest.approx(0.0252, abs=5e-5)
    kept = correct(after, true)
    # 0.00867 in the text; the table has three decimals only.
    assert np.sqrt(((true - after)[kept] ** 2).mean()) == pytest.approx(0.00867, abs=1e-4)


def test_172_of_174_are_correct_after_validation_and_two_are_prediction_hard(table):
    right = correct(table["predicted_sf2_after_validation"].to_numpy(), table["true_sf2"].to_numpy())
    assert right.sum() == 172
    assert sorted(table.loc[~right, "cell_line"]) == ["MDA-MB-435", "MOLT-4"]


def test_initial_counts_and_classes_are_those_of_the_text(table):
    """The table is rounded to three decimals, so one sample at the edge of a class may fall on its other side."""
    true, predicted = table["true_sf2"].to_numpy(), table["predicted_sf2"].to_numpy()
    assert correct(predicted, true).sum() == pytest.approx(171, abs=1)
    counts = pd.Series(error_class(predicted, true)).value_counts()
    assert [counts[name] for name in CLASSES] == pytest.approx([142, 28, 4], abs=1)


def test_the_facts_that_come_along_are_the_tables(table):
    facts = pd.read_csv(REFERENCE_SF2)
    first = table.groupby("cell_line_canonical", sort=False).agg(
        {"panel": "first", "true_sf2": "first", "replicate": "size"}
    )
    assert facts["cell_line"].tolist() == first.index.tolist()
    assert facts["sf2"].tolist() == first["true_sf2"].tolist()
    assert facts["n_arrays"].tolist() == first["replicate"].tolist()
    assert facts["panel"].tolist() == first["panel"].tolist() == [panel_of(line) for line in facts["cell_line"]]
    assert [line_key(line) for line in table["cell_line"]] == table["cell_line_canonical"].tolist()
