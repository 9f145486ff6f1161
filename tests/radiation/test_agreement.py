"""Agreement of two assays: typed-out numbers, and what the real assays say of each other."""

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.radiation.agreement import agree, agree_datasets
from engine.radiation.names import line_key
from engine.radiation.survival_import import REFERENCE_SF2


def test_correlations_bias_and_limits_of_a_small_table():
    """Differences 0.1, 0.0, 0.2, 0.1, 0.1: mean 0.1, standard deviation sqrt(0.02 / 4)."""
    first = pd.Series([0.1, 0.2, 0.3, 0.5, 0.6, 0.9], index=list("ABCDEF"))
    second = pd.Series([0.7, 0.2, 0.2, 0.5, 0.6, 1.0], index=list("EABCDX"))
    found = agree(first, second)
    assert found.n == 5 and found.lines["line"].tolist() == list("ABCDE")
    assert found.bias == pytest.approx(0.1)
    sd = np.sqrt(0.02 / 4)
    assert found.limits == pytest.approx((0.1 - 1.959964 * sd, 0.1 + 1.959964 * sd))
    assert found.bias_interval == pytest.approx((0.1 - 2.776445 * sd / 5**0.5, 0.1 + 2.776445 * sd / 5**0.5))
    r = np.corrcoef([0.1, 0.2, 0.3, 0.5, 0.6], [0.2, 0.2, 0.5, 0.6, 0.7])[0, 1]
    assert found.pearson == pytest.approx(r)
    half = 1.959964 / np.sqrt(2)
    assert found.pearson_interval == pytest.approx((np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)))
    assert found.spearman == pytest.approx(np.corrcoef([1, 2, 3, 4, 5], [1.5, 1.5, 3, 4, 5])[0, 1])
    wider = np.sqrt((1 + found.spearman**2 / 2) / 2) * 1.959964
    assert np.arctanh(found.spearman_interval) == pytest.approx(np.arctanh(found.spearman) + np.array([-wider, wider]))


def test_a_constant_has_no_correlation_and_three_lines_no_interval():
    found = agree(pd.Series([0.5, 0.5, 0.5], list("ABC")), pd.Series([0.4, 0.5, 0.6], list("ABC")))
    assert np.isnan(found.pearson) and np.isnan(found.spearman)
    assert found.pearson_interval is None and found.bias_interval is None
    same = pd.Series([0.1, 0.2, 0.3, 0.4], list("ABCD"))
    assert agree(same, same).pearson_interval == (pytest.approx(1), pytest.approx(1))


def test_too_few_lines_and_doubled_lines_are_refused():
    with pytest.raises(InputError, match="no line is in both, 3 are needed"):
        agree(pd.Series([0.1], ["A"]), pd.Series([0.1], ["B"]))
    with pytest.raises(InputError, match="only 1 line is in both"):
        agree(pd.Series([0.1], ["A"]), pd.Series([0.1], ["A"]))
    with pytest.raises(InputError, match="A occurs twice"):
        agree(pd.Series([0.1, 0.2], ["A", "A"]), pd.Series([0.1], ["A"]))


def test_data_sets_are_compared_by_name():
    survival = pd.DataFrame(
        {"dataset": ["x"] * 4 + ["y"] * 3, "line": list("ABCDCBA"), "sf2": [0.1, 0.2, 0.3, 0.9, 0.35, 0.25, 0.15]}
    )
    found = agree_datasets(survival, "x", "y")
    assert found.n == 3 and found.bias == pytest.approx(0.05) and found.pearson == pytest.approx(1)
    with pytest.raises(InputError, match="no surviving fractions called 'z': choose of x, y"):
        agree_datasets(survival, "x", "z")


@pytest.mark.real_data
def test_the_clonogenic_assay_and_the_9_day_assay_over_shared_nci60_lines(real_data):
    """They agree far less than repeats of one assay would: a transfer from one to the other has that limit."""
    clonogenic = pd.read_csv(REFERENCE_SF2).set_index("cell_line")["sf2"]
    other = pd.read_csv(real_data / "sf2" / "cleveland_540_dose_response.csv.gz")
    found = agree(clonogenic, other.set_index(other["cellid"].map(line_key))["sf2"])
    assert found.n == 34
    assert (found.pearson, found.spearman) == pytest.approx((0.387, 0.434), abs=1e-3)
    assert found.pearson_interval == pytest.approx((0.057, 0.641), abs=1e-3)
    assert (found.bias, *found.limits) == pytest.approx((0.057, -0.406, 0.520), abs=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("metric", "n", "pearson", "bias"),
    [("SF2", 12, 0.867, 0.006), ("SF4", 15, 0.905, 0.142), ("SF6", 11, 0.842, 0.168), ("SF8", 11, 0.644, 0.163)],
)
def test_the_same_laboratory_compared_both_assays(real_data, metric, n, pearson, bias):
    """Yard et al. 2016: SF2 agrees; at higher doses the 9-day assay sees more survivors than colonies do."""
    table = pd.read_csv(real_data / "sf2" / "yard2016_clonogenic_vs_proliferative.csv")
    mine = table[table["metric"] == metric].set_index("cell_line")
    found = agree(mine["clonogenic"], mine["proliferative"])
    assert found.n == n
    assert (found.pearson, found.bias) == pytest.approx((pearson, bias), abs=1e-3)
