"""What decisions leave out of a screen, and the percentages and scores that follow."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import small_reviews as small

from engine.spheroid.exclusions import adjusted, concerning, covered_by, fingerprint, left_out, with_reasons
from engine.spheroid.left_out_plates import gone_plates
from engine.spheroid.normalise import normalised
from engine.spheroid.review_types import Entry, Target
from engine.spheroid.scoring import score_table
from engine.spheroid.settings import ScoreSettings
from engine.spheroid.types import Plates, Readouts


@pytest.fixture(scope="module")
def wells() -> pd.DataFrame:
    return small.layout(4, plates=2)


@pytest.fixture(scope="module")
def readouts(wells) -> pd.DataFrame:
    raw = wells.assign(raw=1000 * small.viability(wells, 0.05, 1) + 50)
    return normalised(Readouts("metabolic", raw[["plate", "row", "column", "raw"]]), Plates(wells, 384)).frame


def entry(number: int, target: Target, readout: str = "all", reason: str = "Dust", hash_: str = "") -> Entry:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Entry(number, at, "Ann", "exclude", target, readout, reason, "", hash_ or f"hash {number}")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("plate", plate="P2"), lambda w: w["plate"] == "P2"),
        (Target("drug", drug="Drug 002"), lambda w: w["treatment"] == "Drug 002"),
        (Target("replicate", replicate=2), lambda w: (w["well_type"] == "therapy") & (w["replicate"] == 2)),
        (
            Target("replicate", drug="Drug 003", replicate=1),
            lambda w: (w["treatment"] == "Drug 003") & (w["replicate"] == 1),
        ),
        (
            Target("well", plate="P1", row="B", column=1),
            lambda w: (w["plate"] + w["row"] == "P1B") & (w["column"] == 1),
        ),
        (Target("well", plate="P9", row="B", column=1), lambda w: w["plate"] == "P9"),
    ],
)
def test_every_kind_of_target_names_its_wells(wells, target, expected):
    found = left_out(wells, [entry(1, target)], "metabolic")
    assert found.tolist() == expected(wells).tolist()
    assert not left_out(wells, [entry(1, target, "image")], "metabolic").any()


def test_a_plate_is_gone_once_nothing_but_empty_wells_is_left(wells):
    empty = (wells["plate"] == "P1") & (wells["row"] == "B")
    held = wells.assign(well_type=wells["well_type"].mask(empty, "empty"), left_out=(wells["plate"] == "P1") & ~empty)
    assert gone_plates(held) == ["P1"]
    last = held.index[(held["plate"] == "P1") & ~empty][-1]
    assert gone_plates(held.assign(left_out=held["left_out"].where(held.index != last, False))) == []


def test_controls_that_number_their_wells_are_no_replicate(wells):
    """Replicate 2 of a screen is its drug wells: controls are numbered, too, and no plate could do without them."""
    out = left_out(wells, [entry(1, Target("replicate", replicate=2))], "mos")
    assert set(wells.loc[out, "well_type"]) == {"therapy"} and (wells["replicate"] == 2).sum() > out.sum()


def test_exclusions_belong_to_kinds_of_readouts():
    some = [
        entry(1, Target("plate", plate="P1"), "image"),
        entry(2, Target("drug", drug="A")),
        entry(3, Target(), "mos"),
    ]
    assert [one.entry for one in concerning(some, "image_3")] == [1, 2]
    assert [one.entry for one in concerning(some, "metabolic")] == [2]
    assert fingerprint(some, "image_1") == fingerprint(some, "image_2") != fingerprint(some, "mos") != ""
    assert fingerprint(some[:1], "metabolic") == ""
    assert fingerprint([entry(2, Target("drug", drug="A"), hash_="other")], "mos") != fingerprint(some[1:2], "mos")


def test_without_exclusions_everything_is_as_imported(wells, readouts):
    found = adjusted(wells, readouts, [], "metabolic")
    assert np.array_equal(found["percent"], found["percent_imported"]) and not found["left_out"].any()
    assert np.array_equal(found["percent"], readouts["percent"]) and np.array_equal(found["raw"], readouts["raw"])


def test_a_drug_well_left_out_changes_no_other_well(wells, readouts):
    target = small.well(wells, 3)
    found = adjusted(wells, readouts, [entry(7, target)], "metabolic")
    out = found["left_out"]
    assert out.sum() == 1 and found.loc[out, "entry"].tolist() == [7]
    assert found.loc[out, ["raw", "percent"]].isna().all(axis=None) and found.loc[out, "raw_imported"].notna().all()
    assert np.array_equal(found.loc[~out, "percent"], found.loc[~out, "percent_imported"])


def test_a_control_left_out_makes_its_plate_anew_and_no_other(wells, readouts):
    """A mislabelled control: a dead well among the living ones. By hand: medians of the 15 that remain."""
    target = small.well(wells, 0, "negative")
    at = (wells["plate"] + wells["row"] == target.plate + target.row) & (wells["column"] == target.column)
    wrong = readouts.assign(raw=readouts["raw"].where(~at, 0.0))
    frame = adjusted(wells, wrong, [entry(1, target)], "metabolic")
    own = frame[(frame["plate"] == target.plate) & ~frame["left_out"]]
    alive, dead = (own.loc[own["well_type"] == kind, "raw"].median() for kind in ("negative", "positive"))
    assert own["percent"].to_numpy() == pytest.approx(100 * (own["raw"] - dead) / (alive - dead))
    assert not np.array_equal(own["percent"], own["percent_imported"])
    other = frame[frame["plate"] != target.plate]
    assert np.array_equal(other["percent"], other["percent_imported"])


def test_readouts_that_came_as_percentages_stay_as_they_are(wells, readouts):
    ready = readouts.assign(raw=readouts["percent"])
    found = adjusted(wells, ready, [entry(1, small.well(wells, 0, "negative"))], "metabolic")
    kept = ~found["left_out"]
    assert np.array_equal(found.loc[kept, "percent"], found.loc[kept, "percent_imported"])


def test_percentages_without_raw_readouts_stay_but_where_left_out(wells, readouts):
    found = adjusted(wells, readouts.assign(raw=None), [entry(1, small.well(wells, 0, "negative"))], "metabolic")
    assert found.loc[found["left_out"], "percent"].isna().all()
    assert np.array_equal(found.loc[~found["left_out"], "percent"], found.loc[~found["left_out"], "percent_imported"])


def test_all_controls_of_a_plate_left_out_leaves_no_percentages(wells, readouts):
    targets = [small.well(wells, number, "negative") for number in range(16)]
    found = adjusted(wells, readouts, [entry(n, target) for n, target in enumerate(targets, 1)], "metabolic")
    assert found.loc[found["plate"] == "P1", "percent"].isna().all() and found["percent"].notna().any()


def test_a_curve_without_a_well_says_who_left_it_out_and_why(wells, readouts):
    some = [
        entry(1, small.well(wells, 0), reason="Bubble"),
        entry(2, Target("replicate", drug="Drug 002", replicate=1), reason="Precipitate"),
        entry(3, Target("drug", drug="Drug 003"), reason="Wrong stock"),
    ]
    frame = adjusted(wells, readouts, some, "metabolic")
    scored = with_reasons(score_table(frame, ScoreSettings(bootstrap=0)), frame, some)
    told = scored.curve.set_index(["drug", "replicate"])["reason"]
    assert told["Drug 002", "1"] == "left out: Precipitate (Ann)" and pd.isna(told["Drug 002", "pooled"])
    assert set(told["Drug 003"]) == {"left out: Wrong stock (Ann)"} and told["Drug 001"].isna().all()
    before = score_table(readouts, ScoreSettings(bootstrap=0))
    assert scored.score[["drug", "addon", "replicate"]].equals(before.score[["drug", "addon", "replicate"]])
    assert not scored.score.loc[scored.score["drug"] == "Drug 003", "hit"].any()


def test_the_first_exclusion_of_a_well_counts(wells):
    some = [entry(4, Target("drug", drug="Drug 001")), entry(5, Target("plate", plate="P1"))]
    found = covered_by(wells, some, "mos")
    assert set(found[(wells["plate"] == "P1") & (wells["treatment"] == "Drug 001")]) == {4}
    assert set(found[(wells["plate"] == "P1") & (wells["well_type"] == "negative")]) == {5}
