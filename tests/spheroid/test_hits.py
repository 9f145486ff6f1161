"""The drugs of a screen with fit, class and the readout beside, in any order."""

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.hits import NOT_TOLD, drug_groups, hit_rows, ordered, overlap, replicate_overlaps

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


def test_two_readouts_overlap():
    first = rows_of({"a": 30.0, "b": 20.0, "c": 4.0, "d": np.nan}).query("replicate == 'pooled'")
    second = rows_of({"a": 25.0, "b": 8.0, "c": 12.0, "d": 40.0, "e": 1.0}).query("replicate == 'pooled'")
    found = overlap(first, second)
    assert (found.n, found.both, found.first, found.second) == (3, ("a",), ("b",), ("c",))
    assert found.r == pytest.approx(np.corrcoef([30, 20, 4], [25, 8, 12])[0, 1])
    assert np.isnan(overlap(first, second.head(2)).r) and overlap(first, second.head(0)).n == 0


def test_replicates_are_compared_in_pairs():
    scores = rows_of({"a": 30.0, "b": 20.0, "c": 4.0})
    assert replicate_overlaps(scores) == []  # one replicate beside the pooled one
    three = pd.concat([scores, *(scores[scores["replicate"] == "1"].assign(replicate=n) for n in ("2", "3"))])
    assert [round(one.r, 6) for one in replicate_overlaps(three)] == [1, 1, 1]
