"""Effects of place: the arithmetic against typed numbers, planted effects found where they were planted."""

import numpy as np
import pandas as pd
import pytest
import small_plates

from engine.spheroid import quality, spatial


def verdict(frame: pd.DataFrame, measure: str):
    return next(v for v in quality.verdicts(frame, "mos") if v.measure == measure)


def test_median_polish_of_an_additive_table():
    polish = spatial.median_polish(np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 99]]))
    assert polish.overall == 5
    assert polish.row.tolist() == [-3, 0, 3] and polish.column.tolist() == [-1, 0, 1]
    expected = np.zeros((3, 3))
    expected[2, 2] = 90
    assert polish.residual.tolist() == expected.tolist()


def test_median_polish_passes_over_missing_wells():
    values = np.array([[1.0, 2, np.nan, 3], [4, np.nan, np.nan, 6], [7, 8, np.nan, 9]])
    polish = spatial.median_polish(values)
    assert np.nanmax(np.abs(polish.residual)) == pytest.approx(0)
    rebuilt = polish.overall + polish.row[:, None] + polish.column
    assert rebuilt[1, 1] == pytest.approx(5)
    assert np.isnan(polish.residual[:, 2]).all()


@pytest.mark.parametrize(("row", "number"), [("A", 1), ("P", 16), ("Z", 26), ("AA", 27), ("AF", 32)])
def test_rows_of_1536_wells_have_two_letters(row, number):
    assert spatial.row_number(row) == number


def symmetric_curve(points: float = 4.0) -> pd.DataFrame:
    """Duplicates as far above a curve as below it, so that the curve is the best fit whatever the loss."""
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    f = 0.8 / (1 + 10 ** (2 - x))
    wells = pd.DataFrame({"conc_nm": np.tile(10**x, 2), "fitted": np.tile(f, 2)})
    wells["percent"] = 100 * (1 - wells["fitted"]) + np.repeat([points, -points], 5)
    wells = wells.assign(plate="P1", row="B", column=range(2, 12), well_type="therapy", treatment="a", addon="")
    return wells.assign(raw=wells["percent"], replicate=np.repeat([1, 2], 5), addon_nm=np.nan)


def test_nrfe_weighs_residuals_by_how_steep_the_response_is():
    wells = symmetric_curve()
    f = wells["fitted"]
    assert spatial.nrfe(wells) == pytest.approx(float((4 * (1 + f * (1 - f) / 0.25)).mean()), abs=0.01)
    assert np.isnan(spatial.nrfe(wells[wells["conc_nm"] < 1e5]))  # four doses


def test_residuals_are_told_from_the_curve_and_from_controls_of_the_plate():
    controls = (
        symmetric_curve()
        .head(3)
        .assign(well_type="negative", treatment="DMSO", conc_nm=np.nan, percent=[99.0, 100.0, 104.0], row="C")
    )
    found = spatial.residuals(pd.concat([symmetric_curve(), controls], ignore_index=True))
    assert found["residual"].iloc[:5].to_numpy() == pytest.approx([4] * 5, abs=0.05)
    assert found["residual"].iloc[10:].tolist() == [-1, 0, 4]


def test_b_scores_lose_a_row_that_residuals_keep():
    frame = small_plates.clean_plate(seed=5)
    row = frame["row"] == "F"
    found = spatial.residuals(small_plates.shifted(frame, -30.0 * row))
    of_row = row & (found["expected"] > 80)
    rest = ~row & (found["expected"] > 80)
    assert found.loc[of_row, "residual"].median() < -10 < found.loc[rest, "residual"].median()
    assert abs(found.loc[of_row, "b_score"].median()) < 1
    assert found["b_score"].abs().median() == pytest.approx(1 / 1.4826)


@pytest.mark.parametrize("seed", [0, 1])
def test_an_edge_effect_is_found_with_its_size(seed):
    frame = small_plates.clean_plate(seed)
    outer = frame["row"].isin(["B", "O"]) | frame["column"].isin([2, 23])
    found = verdict(small_plates.shifted(frame, -20.0 * outer), "edge_effect")
    assert found.verdict == "bad" and found.value == pytest.approx(-19, abs=4)
    assert "Outer wells read −" in found.reason


@pytest.mark.parametrize("seed", [0, 1])
def test_a_gradient_is_found(seed):
    frame = small_plates.clean_plate(seed)
    found = verdict(small_plates.shifted(frame, 30 * (frame["column"] - 12.5) / 21), "gradient")
    assert found.verdict == "bad" and found.value > 20


@pytest.mark.parametrize(("kind", "at", "told"), [("row", "F", "Row F"), ("column", 9, "Column 9")])
def test_a_line_of_the_plate_is_found_and_named(kind, at, told):
    frame = small_plates.clean_plate(seed=0)
    found = verdict(small_plates.shifted(frame, -30.0 * (frame[kind] == at)), f"{kind}_effect")
    assert found.verdict == "bad" and found.reason.startswith(f"{told} reads −")


def test_an_edge_without_inner_wells_of_its_kind_is_not_judged():
    frame = small_plates.clean_plate(seed=0)
    outer = frame["row"].isin(["B", "O"]) | frame["column"].isin([2, 23])
    found = verdict(frame[outer].reset_index(drop=True), "edge_effect")
    assert found.verdict == "unknown" and "cannot be compared" in found.reason


def test_a_drug_of_one_dose_has_no_residual():
    wells = symmetric_curve().query("conc_nm == 100").reset_index(drop=True)
    found = spatial.residuals(wells)
    assert found["residual"].isna().all()


def test_residuals_keep_order_and_labels_of_the_wells():
    frame = pd.concat([small_plates.clean_plate(1), small_plates.clean_plate(2, plate="P2")])  # labels stand twice
    frame = frame.sample(frac=1, random_state=0)
    found = spatial.residuals(frame)
    assert found.index.equals(frame.index) and found["raw"].tolist() == frame["raw"].tolist()
    assert found["residual"].dropna().tolist() == (found["percent"] - found["expected"]).dropna().tolist()


def test_no_slope_is_told_of_wells_in_one_line_or_without_residuals():
    frame = small_plates.clean_plate(seed=0)
    line = frame[frame["truth"] > 60].head(22).assign(row="C", column=range(2, 24))
    found = verdict(small_plates.normalised(pd.concat([line, frame[frame["well_type"] == "positive"]])), "gradient")
    assert found.verdict == "unknown" and "no slope can be told" in found.reason


@pytest.mark.parametrize(("value", "p", "why"), [(-44.0, 0.006, "chance is not ruled out."), (1.0, 1e-5, "too small")])
def test_why_an_effect_of_place_is_good_is_told(value, p, why):
    found = spatial._placed("P1", "metabolic", "edge_effect", value, p, "Outer wells differ", "look")
    assert found.verdict == "good" and why in found.reason
