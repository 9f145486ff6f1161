"""The drugs of a screen with fit, class and the readout beside, in any order."""

import numpy as np
import pandas as pd

from engine.spheroid.hits import NOT_TOLD, drug_groups, hit_rows, of_replicate, ordered

CLASSES = pd.DataFrame(
    [("a", "", "KI-MEK", "Kinase inhibitor: MEK"), ("b", "", "PI", "Proteasome inhibitor"), ("c", "", "KI", "")],
    columns=["drug", "abbreviation", "group_abbr", "group_name"],
)


def rows_of(values: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"drug": drug, "addon": "", "replicate": replicate, "dss_asym": dss, "sdss": np.nan, "hit": dss >= 10}
            for drug, dss in values.items() for replicate in ("pooled", "1")
        ]
    )  # fmt: skip


SCORES = rows_of({"a": 12.0, "b": np.nan, "c": 30.0, "d": 3.0})
CURVES = SCORES[["drug", "addon", "replicate"]].assign(
    gof=0.9, p_value=0.01, n_parameters=5, reason=[None, None, "one dose", "one dose", None, None, None, None]
)


def test_rows_carry_fit_class_and_the_other_readout():
    found = hit_rows(SCORES, CURVES, CLASSES, "pooled", rows_of({"a": 4.0, "c": 20.0})).set_index("drug")
    assert found["group"].to_dict() == {
        "a": "Kinase inhibitor", "b": "Proteasome inhibitor", "c": "KI", "d": NOT_TOLD,
    }  # fmt: skip
    assert found.loc["a", "subgroup"] == "MEK" and found.loc["b", "reason"] == "one dose"
    assert found["hit"].tolist() == [True, False, True, False]
    assert found.loc["a", "beside"] == 4 and not found.loc["a", "beside_hit"] and found.loc["c", "beside_hit"]
    assert np.isnan(found.loc["d", "beside"]) and pd.isna(found.loc["d", "beside_hit"])


def test_without_classes_and_without_another_readout():
    found = hit_rows(SCORES, CURVES, CLASSES.head(0), "1", SCORES.head(0))
    assert len(found) == 4 and (found["group"] == NOT_TOLD).all() and found["beside"].isna().all()


def test_an_addition_is_part_of_the_name():
    found = hit_rows(SCORES.assign(addon="x"), CURVES.assign(addon="x"), CLASSES, "pooled", SCORES.head(0))
    assert found["name"].tolist() == ["a + x", "b + x", "c + x", "d + x"]


def test_orders():
    rows = hit_rows(SCORES, CURVES, CLASSES, "pooled", SCORES.head(0))
    assert ordered(rows, "score")["drug"].tolist() == ["c", "a", "d", "b"]
    assert ordered(rows, "name")["drug"].tolist() == ["a", "b", "c", "d"]
    assert ordered(rows, "class")["drug"].tolist() == ["d", "c", "a", "b"]  # Class not told, KI, Kinase, Proteasome
    rows["sdss"] = [1.0, np.nan, -2.0, 8.0]
    assert ordered(rows, "selective")["drug"].tolist() == ["d", "a", "c", "b"]


def test_drug_groups_of_no_annotation():
    assert drug_groups(CLASSES.head(0)).empty


def test_a_screen_of_combinations_alone_is_told_by_drug_and_addition():
    assert of_replicate(SCORES, "pooled")["drug"].tolist() == ["a", "b", "c", "d"]
    both = pd.concat([SCORES, SCORES.head(2).assign(addon="x", dss_asym=40.0)])
    assert of_replicate(both, "1")["drug"].tolist() == ["a", "b", "c", "d"]
    assert of_replicate(SCORES.assign(addon="x"), "1")["drug"].tolist() == ["a + x", "b + x", "c + x", "d + x"]
    assert of_replicate(SCORES, "2").empty
