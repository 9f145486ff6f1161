import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr

from engine.figures.entity_words import Pooled, explanation, how_near, none_held_out, p_value
from engine.figures.text import number
from engine.response.entity_records import Applicability

POOLED = Pooled(r2=0.75, rmse=1.2)  # so the SD of all observed values is 1.2 / sqrt(0.25) = 2.4


def spreads(own: dict[str, float]) -> pd.DataFrame:
    """Twenty usual drugs (SD 1.25, RMSE 1.0, R2 = 1 - 1 / 1.5625 = 0.36) and the one looked at, with id 1."""
    usual = {"n": 40, "sd": 1.25, "rmse": 1.0, "bias": 0.1, "r2": 0.36, "low": 0.0, "high": 5.0}
    found = {**usual, **own}
    found.setdefault("r2", 1 - (found["rmse"] / found["sd"]) ** 2)
    if "sd" in own or "rmse" in own:
        found["r2"] = 1 - (found["rmse"] / found["sd"]) ** 2
    return pd.DataFrame([{"id": 1, **found}, *({"id": i, **usual} for i in range(2, 22))])


def test_pooled_spread_follows_from_r2_and_rmse():
    assert POOLED.sd == pytest.approx(2.4)


def test_a_narrow_range_explains_a_negative_r2():
    """The published case of bicalutamide: RMSE as usual, own SD 0.5, so R2 = 1 - 1.1² / 0.5² = -3.84."""
    text = explanation(spreads({"sd": 0.5, "rmse": 1.1, "low": 1.2, "high": 3.4, "n": 683}), 1, "drug", POOLED)
    assert text == (
        "R² is negative (−3.84): predicting this drug's own mean for each of its 683 held-out pairs would have been "
        "closer. R² compares with the spread of this drug's own values; these lie within 2.20 ln units (SD 0.500, "
        "median drug 1.25), so an error that is normal for other drugs (RMSE 1.10, median 1.00) gives a negative R². "
        "Over the median spread the same error would be R² 0.226."  # 1 - 1.21 / 1.5625
    )


def test_a_shift_explains_a_negative_r2():
    """RMSE 2 with a shift of 1.9 over SD 1.25: without it R2 = 1 - (4 - 3.61) / 1.5625 = 0.750."""
    text = explanation(spreads({"sd": 1.25, "rmse": 2.0, "bias": -1.9}), 1, "drug", POOLED)
    assert "R² is negative (−1.56)" in text
    assert "on average 1.90 ln units too low; without this shift R² would be 0.750." in text
    assert "spread" not in text and "larger" not in text
    assert "too high" in explanation(spreads({"rmse": 2.0, "bias": 1.9}), 1, "drug", POOLED)


def test_a_large_error_is_not_blamed_on_the_range():
    text = explanation(spreads({"sd": 1.0, "rmse": 2.0}), 1, "drug", POOLED)
    assert "The error is larger than for other drugs: RMSE 2.00 ln µM, median 1.00." in text
    assert "spread" not in text


def test_where_no_single_cause_stands_out_the_numbers_are_given():
    every = spreads({}).assign(sd=1.0, rmse=1.2, r2=-0.44)
    text = explanation(every, 1, "drug", None)
    assert text.endswith(
        "Its error is RMSE 1.20 ln µM (median drug 1.20), the spread of its own values SD 1.00 (median 1.00); "
        "the median R² of the drugs is −0.440."
    )


def test_few_pairs_are_said():
    text = explanation(spreads({"sd": 0.5, "rmse": 1.0, "n": 6}), 1, "cell_line", POOLED)
    assert text.endswith("With only 6 pairs R² says little.")
    assert "this cell line's own values" in text


def test_an_r2_far_below_the_pooled_one_is_explained():
    text = explanation(spreads({"sd": 1.25, "rmse": 1.0}), 1, "drug", POOLED)
    assert text == (
        "R² of this drug (0.360) is far below that of all pairs together (0.750). It compares with the spread of this "
        "drug's own values (SD 1.25 ln µM), the pooled R² with that between all pairs (SD 2.40); the error itself is "
        "normal (RMSE 1.00, median drug 1.00)."
    )


@pytest.mark.parametrize("own", [{"sd": 2.4, "rmse": 1.2}, {"sd": 2.0, "rmse": 1.3}])
def test_nothing_is_explained_where_all_is_well(own):
    assert explanation(spreads(own), 1, "drug", POOLED) == ""  # 0.75 and 0.5775


def test_nothing_is_explained_where_r2_is_not_defined():
    one = spreads({})
    one.loc[0, "r2"] = None
    assert explanation(one, 1, "drug", POOLED) == ""
    assert explanation(one, 99, "drug", POOLED) == ""
    assert explanation(spreads({}), 1, "drug", None) == ""  # 0.36, and nothing to compare with


@pytest.mark.parametrize(("n", "seed"), [(5, 0), (12, 1), (40, 2)])
def test_p_is_that_of_scipy(n, seed):
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    r, p = pearsonr(x, 0.3 * x + noise)
    assert p > 0.001
    assert p_value(float(r), n) == f"p {number(float(p), 2)}"


@pytest.mark.parametrize(
    ("r", "n", "folds", "said"),
    [
        (0.5, 20, 1, "p 0.025"),  # t = 2.449 with 18 degrees of freedom
        (0.9, 40, 1, "p < 10⁻¹⁴"),  # t = 12.73 with 38: 2.5e-15
        (0.0, 40, 1, "p 1.0"),
        (1.0, 40, 1, "p < 10⁻²⁹⁹"),
        (0.5, 20, 7, "p 0.069"),  # t = 2.0 with 12
        (0.9, 2, 1, "p not defined"),
        (0.9, 7, 7, "p not defined"),
        (None, 40, 1, "p not defined"),
        (float("nan"), 40, 1, "p not defined"),
    ],
)
def test_p_in_words(r, n, folds, said):
    assert p_value(r, n, folds) == said


def near(**more) -> Applicability:
    known = {"trained_on": False, "nearest_id": 2, "nearest": "Lapatinib", "similarity": 0.4567}
    return Applicability(**{**known, "positions": None, "known_positions": None, "inside": True, **more})


def test_what_is_near_is_named_with_its_similarity():
    assert how_near(near(), "drug") == "Nearest training drug: Lapatinib, Tanimoto 0.457."
    line = near(nearest="A375", positions=27, known_positions=14)
    assert how_near(line, "cell_line") == (
        "Nearest training line: A375, Jaccard 0.457. "
        "Of its 27 mutated positions in the curated genes the models know 14."
    )
    assert how_near(near(trained_on=True), "drug") == "The drug itself was trained on, with other lines."
    assert how_near(near(similarity=None), "cell_line") == "No training line resembles it."
    assert "no record of how near the drug is" in how_near(None, "drug")


def test_an_entity_without_held_out_pairs():
    text = none_held_out("Erlotinib", "cell_line", 20, "drug")
    assert text.startswith("**No pair of Erlotinib was held out under unseen cell lines**")
    assert text.endswith("Shown is what was measured (20 pairs).")
    assert none_held_out("A375", "pairs", 0, "cell_line").endswith("Nothing was measured either.")
