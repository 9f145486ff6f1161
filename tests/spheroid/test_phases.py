"""Which wells train, which validate, and what the network is taught, rule by rule with the published numbers."""

import math

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.spheroid.phases import control_wells, duplicate_wells, smallest_loss, smoothed
from engine.spheroid.types import WELL_COLUMNS


def plates(counts: dict[str, int], n_plates: int = 1) -> pd.DataFrame:
    rows = []
    for plate in range(1, n_plates + 1):
        for kind, n in counts.items():
            for number in range(n):
                row = (f"P{plate}", kind[0].upper(), number + 1, kind, "", np.nan, 1, "", np.nan)
                rows.append(row)
    return pd.DataFrame(rows, columns=list(WELL_COLUMNS))


def drug_rows(replicates: int, drugs: int = 75, doses: int = 5) -> pd.DataFrame:
    rows = [
        (f"P{1 + drug % 3}", "D", 10 * drug + 5 * replicate + dose, "therapy", f"drug {drug}", 10.0**dose,
         replicate + 1, "", np.nan)
        for replicate in range(replicates) for drug in range(drugs) for dose in range(doses)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(WELL_COLUMNS))


def kinds(wells: pd.DataFrame, places: np.ndarray) -> dict[str, int]:
    return wells["well_type"].iloc[places].value_counts().to_dict()


def test_phase_one_has_the_published_wells():
    wells = plates({"negative": 98, "positive": 112, "untreated": 5})
    found = control_wells(wells, seed=0)
    assert kinds(wells, found.train) == {"negative": 88, "positive": 102}
    assert kinds(wells, found.validation) == {"negative": 10, "positive": 10}
    assert not set(found.train) & set(found.validation)


def test_phase_two_has_the_published_wells():
    wells = pd.concat([plates({"negative": 10, "positive": 8, "empty": 3}, 3), drug_rows(2)], ignore_index=True)
    found = control_wells(wells, seed=0)
    assert kinds(wells, found.train) == {"negative": 27, "positive": 21}
    held = wells.iloc[found.validation]
    assert held.groupby("plate")["well_type"].agg(sorted).to_dict() == {
        plate: ["negative", "positive"] for plate in ("P1", "P2", "P3")
    }


@pytest.mark.parametrize(
    ("counts", "held"),
    [
        ({"negative": 3, "positive": 2}, {"negative": 1, "positive": 1}),
        ({"negative": 40, "positive": 25}, {"negative": 3, "positive": 3}),
        ({"negative": 16, "positive": 14}, {"negative": 1, "positive": 1}),
    ],
)
def test_other_layouts_hold_out_a_tenth_of_the_rarer_control(counts, held):
    wells = plates(counts)
    assert kinds(wells, control_wells(wells, 0).validation) == held


def test_a_plate_keeps_a_well_of_each_kind_for_training():
    wells = pd.concat([plates({"negative": 5, "positive": 1}), plates({"negative": 4, "positive": 4}, 2).iloc[8:]])
    wells = wells.reset_index(drop=True)
    held = wells.iloc[control_wells(wells, 0).validation]
    assert held.groupby(["plate", "well_type"]).size().to_dict() == {
        ("P1", "negative"): 1, ("P2", "negative"): 1, ("P2", "positive"): 1,
    }  # fmt: skip


def test_labels_are_smoothed_and_the_smallest_loss_is_the_published_one():
    assert smoothed(np.array([1, 0])).tolist() == pytest.approx([0.8, 0.2])
    found = control_wells(plates({"negative": 10, "positive": 8}, 3), 0)
    assert sorted(set(found.target.round(9))) == [0.2, 0.8]
    assert smallest_loss(found.target) == pytest.approx(0.5004024235381879, abs=1e-12)
    assert smallest_loss(np.array([1.0, 0.0])) == 0
    assert smallest_loss(np.array([0.5])) == pytest.approx(math.log(2))


def test_targets_belong_to_their_wells_whatever_the_order_of_the_table():
    wells = plates({"negative": 10, "positive": 8}, 3)
    mixed = wells.sample(frac=1, random_state=3)  # with the index of before
    one, two = control_wells(wells, 7), control_wells(mixed.reset_index(drop=True), 7)
    for table, found in ((wells, one), (mixed.reset_index(drop=True), two)):
        alive = (table["well_type"].iloc[found.train] == "negative").to_numpy()
        assert np.allclose(found.target, np.where(alive, 0.8, 0.2))
    names = [set(map(tuple, t.iloc[f.validation][["plate", "row", "column"]].to_numpy()))
             for t, f in ((wells, one), (mixed.reset_index(drop=True), two))]  # fmt: skip
    assert names[0] == names[1]
    assert set(control_wells(wells, 8).validation) != set(one.validation)


def test_phase_three_trains_on_all_controls_and_swaps_the_labels_of_duplicates():
    wells = pd.concat([plates({"negative": 10, "positive": 8}, 3), drug_rows(2)], ignore_index=True)
    raw = np.random.default_rng(0).uniform(0.1, 0.9, len(wells))
    found = duplicate_wells(wells, raw)
    assert kinds(wells, found.train) == {"therapy": 750, "negative": 30, "positive": 24}
    assert len(found.validation) == len(found.validation_target) == 0 and found.notes == ()
    taught = dict(zip(found.train.tolist(), found.target.tolist(), strict=True))
    first = wells.index[wells["treatment"] == "drug 3"]
    for a, b in zip(first[:5], first[5:], strict=True):
        assert wells.loc[a, "conc_nm"] == wells.loc[b, "conc_nm"]
        assert taught[a] == raw[b] and taught[b] == raw[a]  # swapped, and not smoothed again
    assert {round(taught[place], 9) for place in range(54)} == {0.2, 0.8}


def test_three_replicates_take_each_others_labels_in_turn_and_one_alone_does_not_train():
    triple = drug_rows(3, drugs=1, doses=1)
    single = drug_rows(1, drugs=2, doses=1).iloc[[1]]
    other_addon = triple.iloc[[0]].assign(addon="more", column=99)
    wells = pd.concat([plates({"negative": 2, "positive": 2}), triple, single, other_addon], ignore_index=True)
    raw = np.arange(len(wells)) / 10
    found = duplicate_wells(wells, raw)
    taught = dict(zip(found.train.tolist(), found.target.tolist(), strict=True))
    assert [taught[place] for place in (4, 5, 6)] == [0.5, 0.6, 0.4]
    assert 7 not in taught and 8 not in taught
    assert found.notes == ("Drug wells without a duplicate, not trained on: 2.",)


def test_controls_with_an_addition_serve_only_where_there_are_no_others():
    plain = plates({"negative": 4, "positive": 3})
    added = plates({"negative": 4}).assign(addon="more", column=lambda frame: frame["column"] + 20)
    both = pd.concat([plain, added], ignore_index=True)
    used = np.concatenate([control_wells(both, 0).train, control_wells(both, 0).validation])
    assert sorted(used) == list(range(7))
    only = pd.concat([plain[plain["well_type"] == "positive"], added], ignore_index=True)
    assert len(control_wells(only, 0).train) + len(control_wells(only, 0).validation) == 7


def test_what_cannot_be_trained_on():
    with pytest.raises(InputError, match=r"The screen has 0 positive \(STS\) control wells with an image: training"):
        control_wells(plates({"negative": 10}), 0)
    with pytest.raises(InputError, match=r"has 1 negative \(DMSO\) control well with an image"):
        control_wells(plates({"negative": 1, "positive": 5}), 0)
    with pytest.raises(InputError, match="No drug well has a duplicate with an image"):
        wells = pd.concat([plates({"negative": 3, "positive": 3}), drug_rows(1)], ignore_index=True)
        duplicate_wells(wells, np.zeros(len(wells)))
