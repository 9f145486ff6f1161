"""Quality of plates: measures against typed numbers, planted faults found, clean plates left alone, bad input."""

import math

import numpy as np
import pandas as pd
import pytest
import small_plates

from engine.errors import InputError
from engine.spheroid import control_quality, quality, quality_limits, replicates
from engine.spheroid.control_quality import Controls, control_verdicts

ALIVE, DEAD = np.array([10.0, 12.0, 14.0]), np.array([1.0, 2.0, 3.0])


def found(frame: pd.DataFrame, modality: str = "mos", **options) -> dict[tuple[str, str], quality.Verdict]:
    return {(v.plate, v.measure): v for v in quality.verdicts(frame, modality, **options)}


def alarms(frame: pd.DataFrame, modality: str = "mos") -> set[str]:
    return {v.measure for v in quality.verdicts(frame, modality) if v.verdict in ("doubtful", "bad")}


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return small_plates.clean_plate(seed=3)


# Means 12 and 2, standard deviations 2 and 1; medians 12 and 2, mean absolute deviations 4/3 and 2/3.
@pytest.mark.parametrize(
    ("measure", "in_order", "swapped"),
    [
        (control_quality.z_prime, 0.1, -1.9),
        (control_quality.robust_z_prime, 0.4, -1.6),
        (control_quality.ssmd, -10 / math.sqrt(5), 10 / math.sqrt(5)),
    ],
)
def test_controls_apart(measure, in_order, swapped):
    assert measure(ALIVE, DEAD) == pytest.approx(in_order)
    assert measure(DEAD, ALIVE) == pytest.approx(swapped)
    assert math.isnan(measure(ALIVE[:1], DEAD))


def test_variation_in_percent():
    assert control_quality.variation_percent(ALIVE) == pytest.approx(100 * 2 / 12)
    assert math.isnan(control_quality.variation_percent(np.zeros(4)))


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (0.51, quality_limits.Z_PRIME, "good"),
        (0.3, quality_limits.Z_PRIME, "doubtful"),
        (0.0, quality_limits.Z_PRIME, "bad"),
        (-3.0, quality_limits.SSMD, "good"),
        (-2.5, quality_limits.SSMD, "doubtful"),
        (1.0, quality_limits.SSMD, "bad"),
        (math.nan, quality_limits.SSMD, "unknown"),
    ],
)
def test_limits_know_which_way_is_better(value, bounds, expected):
    assert quality_limits.grade(value, bounds) == expected


def duplicates(first, second) -> pd.DataFrame:
    n = len(first)
    wells = pd.DataFrame({"treatment": [f"drug {i}" for i in range(n)] * 2, "percent": [*first, *second]})
    wells["replicate"] = [1] * n + [2] * n
    return wells.assign(well_type="therapy", conc_nm=10.0, addon="")


def test_duplicates_agree_as_typed():
    pairs = replicates.replicate_pairs(duplicates([1, 2, 3, 4, 5], [2, 1, 4, 3, 15]))
    assert pairs[["first", "second"]].to_numpy().tolist() == [[1, 2], [2, 1], [3, 4], [4, 3], [5, 15]]
    # Sums of squares 10 and 130, of products 28; ranks: 1 - 6 * 4 / (5 * 24).
    assert replicates.agreement(pairs).r == pytest.approx(28 / math.sqrt(10 * 130))
    assert replicates.agreement(pairs, ranks=True).r == pytest.approx(0.8)
    again = replicates.agreement(pairs, seed=1)
    assert again == replicates.agreement(pairs, seed=1) and again.lower <= again.r <= again.upper and again.n == 5


def test_replicates_that_are_not_numbered_are_counted():
    wells = duplicates([1.0, 2.0], [3.0, 4.0]).assign(replicate=1)
    assert replicates.replicate_pairs(wells)[["first", "second"]].to_numpy().tolist() == [[1, 3], [2, 4]]


def test_an_interval_draws_whole_drugs():
    """Ten doses of each of six drugs that agree or not as a whole: ten pairs are no ten witnesses."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.normal(50, 20, 6), 10)
    other = np.repeat(level[::10] + rng.normal(0, 15, 6), 10)
    pairs = pd.DataFrame({"treatment": np.repeat(list("abcdef"), 10), "first": level, "second": other})
    by_drug = replicates.agreement(pairs)
    by_well = replicates.agreement(pairs.assign(treatment=[f"{i}" for i in range(60)]))
    assert by_drug.upper - by_drug.lower > 1.5 * (by_well.upper - by_well.lower)


def test_clean_plates_raise_no_alarm():
    """Of 200 such plates, noise 5 to 10 points, none had an effect of place; 4 of 61,600 wells looked suspect."""
    raised = [alarms(small_plates.clean_plate(seed, noise=5.0)) - {"suspect_wells"} for seed in range(4)]
    assert raised == [set()] * 4
    suspects = [quality.rank_wells(small_plates.clean_plate(seed))["suspect"].sum() for seed in range(4)]
    assert sum(suspects) <= 1


def test_a_noisy_plate_is_bad():
    verdicts = found(small_plates.clean_plate(seed=1, noise=40.0))
    assert verdicts["P1", "z_prime"].verdict == "bad" and verdicts["P1", "z_prime"].value < 0
    assert verdicts["P1", "replicate_pearson"].verdict == "bad"
    assert verdicts["P1", "nrfe"].verdict == "bad"


def test_swapped_controls_are_named_and_z_prime_is_below_zero(clean):
    verdicts = found(small_plates.swapped_controls(clean))
    assert verdicts["P1", "controls_order"].verdict == "bad"
    assert "swapped in the layout" in verdicts["P1", "controls_order"].reason
    assert verdicts["P1", "z_prime"].value < 0 and verdicts["P1", "robust_z_prime"].value < 0
    assert verdicts["P1", "series"].verdict == "bad"


def test_a_signal_that_rises_with_death_is_no_swap(clean):
    turned = clean.assign(raw=2000 - clean["raw"])
    assert found(turned)["P1", "controls_order"].verdict == "bad"
    assert found(turned, death_readout=True)["P1", "controls_order"].verdict == "good"
    same = found(turned, death_readout=True)["P1", "z_prime"].value
    assert same == pytest.approx(found(clean)["P1", "z_prime"].value)


def test_one_contaminated_well_comes_first_with_its_reason(clean):
    living = clean.index[(clean["well_type"] == "therapy") & (clean["truth"] > 95)][20]
    dirty = clean.copy()
    dirty.loc[living, "raw"] = 230.0
    ranked = quality.rank_wells(small_plates.normalised(dirty))
    first = ranked.iloc[0]
    assert (first["row"], first["column"]) == tuple(clean.loc[living, ["row", "column"]])
    assert first["suspect"] and ranked["suspect"].sum() == 1
    assert "dead where it should live" in first["reason"] and first["treatment"] in first["reason"]
    assert "suspect_wells" in alarms(small_plates.normalised(dirty))


def test_a_good_duplicate_of_a_bad_well_is_not_blamed():
    ends = [100.0, 98.0, 96.0, 94.0, 92.0]
    wells = pd.DataFrame({"conc_nm": [1.0, 10, 100, 1000, 10_000] * 2, "replicate": [1] * 5 + [2] * 5})
    wells["percent"] = [*ends, *ends[:2], 5.0, *ends[3:]]
    wells = wells.assign(plate="P1", row="B", column=range(2, 12), well_type="therapy", treatment="Größe 7")
    wells = wells.assign(addon="", addon_nm=np.nan, raw=wells["percent"])
    ranked = quality.rank_wells(wells)
    assert ranked["suspect"].tolist() == [True] + [False] * 9
    assert ranked.iloc[0]["reason"] == (
        "P1 B09, Größe 7 100 nM: 5 % viable, its replicates and neighbouring doses 94 to 98 %: dead where it should "
        "live (30 times the noise)"
    )


def test_a_rising_series_is_found(clean):
    mixed = clean.copy()
    dose = {0.1: 1000.0, 1000.0: 0.1}
    series = mixed["well_type"] == "series"
    mixed.loc[series, "conc_nm"] = mixed.loc[series, "conc_nm"].replace(dose)
    verdict = found(mixed)["P1", "series"]
    assert verdict.verdict == "bad" and "1000 nM" in verdict.reason
    assert found(clean)["P1", "series"].verdict == "good"


def as_image(clean: pd.DataFrame) -> pd.DataFrame:
    return clean.assign(raw=0.2 + 0.6 * clean["truth"] / 100)


def test_network_outputs_out_of_range(clean):
    """Three wells out of range: 0.86 is like its neighbours all the same, so it is alive and no suspect."""
    image = as_image(clean)
    inert = image.index[(image["well_type"] == "therapy") & (image["truth"] > 98)][:4]
    image.loc[inert, "raw"] = [0.99, 0.86, 0.84, 0.01]
    verdicts = found(small_plates.normalised(image), "image_2")
    verdict = verdicts["P1", "out_of_range"]
    assert (verdict.value, verdict.verdict) == (2.0, "doubtful") and "contamination" in verdict.reason
    assert "Besides, 1 well of 308 more alive than the controls" in verdict.reason
    assert verdicts["P1", "suspect_wells"].value == 2.0
    assert ("P1", "out_of_range") not in found(clean)
    ranked = quality.rank_wells(small_plates.normalised(image), "image_2")
    assert set(ranked.loc[ranked["suspect"], "raw"]) == {0.99, 0.01}
    assert list(ranked.loc[ranked["alive"], "raw"]) == [0.86]
    assert "usually healthy" in ranked.loc[ranked["alive"], "reason"].iloc[0]


def test_wells_that_are_merely_more_alive_than_the_controls_are_no_fault(clean):
    image = as_image(clean)
    inert = image.index[(image["well_type"] == "therapy") & (image["truth"] > 98)][:3]
    image.loc[inert, "raw"] = [0.87, 0.86, 0.88]
    verdict = found(small_plates.normalised(image), "image_2")["P1", "out_of_range"]
    assert (verdict.value, verdict.verdict) == (0.0, "good")
    assert "3 wells of 308 more alive than the controls" in verdict.reason and "usually healthy" in verdict.reason


def test_a_dead_dose_that_the_network_calls_alive_stays_suspect(clean):
    image = as_image(clean)
    killed = image.index[(image["well_type"] == "therapy") & (image["truth"] < 10)][:1]
    image.loc[killed, "raw"] = 0.9
    ranked = quality.rank_wells(small_plates.normalised(image), "image_2")
    assert ranked["suspect"].iloc[0] and not ranked["alive"].any()


def test_a_well_that_glows_is_asked_whether_it_is_contaminated(clean):
    dirty = clean.copy()
    inert = dirty.index[(dirty["well_type"] == "therapy") & (dirty["truth"] > 98)][0]
    dirty.loc[inert, "raw"] = 8 * dirty["raw"].max()
    first = quality.rank_wells(small_plates.normalised(dirty)).iloc[0]
    assert "far brighter than any living well: contaminated?" in first["reason"]


@pytest.mark.parametrize(
    ("alive", "dead", "said"),
    [
        ([10.0, 12, 11, 10], [100.0, 98, 101, 103], "read no more alive than killed ones"),
        ([100.0, 20, 90, 35, 60], [50.0, 10, 70, 5, 30], "higher by their medians, but overlap"),
        ([100.0, 101, 99, 100, 98, 102, 100, 101, 99, -10], [1.0, 2, 0, 1, 2, 0, 1, 2], "is one mislabelled?"),
    ],
)
def test_bad_controls_say_by_their_medians_what_is_wrong(alive, dead, said):
    given = Controls("", np.array(alive), np.array(dead))
    verdicts = {one.measure: one for one in control_verdicts("P1", "metabolic", given)}
    assert verdicts["z_prime"].verdict == "bad" and said in verdicts["z_prime"].reason


def test_a_network_that_overshoots_on_controls_blames_no_well(clean):
    image = as_image(clean)
    image["raw"] = 0.5 + 1.4 * (image["raw"] - 0.5)  # 0.08 to 0.92
    verdicts = found(small_plates.normalised(image), "image_2")
    verdict = verdicts["P1", "out_of_range"]
    assert verdict.verdict == "doubtful" and verdict.value > 100
    assert "18 of them controls" in verdict.reason and "no single well is to blame" in verdict.reason
    assert verdicts["P1", "suspect_wells"].value == 0
    assert not quality.rank_wells(small_plates.normalised(image), "image_2")["suspect"].any()


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (-6.3, "+.0f", "−6"),
        (4.0, "+.0f", "+4"),
        (-0.4, ".0f", "0"),
        (-1234.5, ",.0f", "−1,234"),
        (-0.05, ".2f", "−0.05"),
    ],
)
def test_numbers_in_words_have_a_real_minus(value, form, expected):
    assert quality_limits.written(value, form) == expected
    assert quality_limits.points(-1.2) == "−1 percent point" and quality_limits.points(11) == "11 percent points"


def test_reasons_write_numbers_below_zero_with_a_real_minus(clean):
    low = clean.copy()
    killed = low["well_type"].isin(("series", "positive")) & (low["truth"] < 5)
    low.loc[killed, "raw"] -= np.where(low.loc[killed, "well_type"] == "series", 300.0, 0.0)
    reason = found(small_plates.normalised(low))["P1", "series"].reason
    assert " to −2" in reason and "-" not in reason
    order = found(clean.assign(raw=clean["raw"] - 1000))["P1", "controls_order"].reason
    assert "−8" in order  # killed wells of a readout whose background was taken off lie below 0


def test_replicates_on_different_plates_are_judged_for_the_screen_alone(clean):
    drug = clean["well_type"] == "therapy"
    first, second = (clean[~drug | (clean["replicate"] == replicate)] for replicate in (1, 2))
    verdicts = found(pd.concat([first, second.assign(plate="P2")], ignore_index=True))
    assert "130 pairs" in verdicts["", "replicate_pearson"].reason
    assert not {("P1", "replicate_pearson"), ("P2", "replicate_spearman")} & set(verdicts)
    assert "No drug well has a duplicate" in found(first)["P1", "replicate_pearson"].reason


def test_a_control_experiment_is_not_asked_for_its_drugs(clean):
    verdicts = found(clean[clean["well_type"] != "therapy"])
    assert verdicts["P1", "z_prime"].verdict == "good"
    assert not {"replicate_pearson", "replicate_spearman", "nrfe"} & {measure for _, measure in verdicts}


def test_missing_wells_are_counted_and_named(clean):
    gone = clean.copy()
    gone.loc[gone.index[:40], "raw"] = np.nan  # all controls and more
    verdicts = found(small_plates.normalised(gone))
    assert (verdicts["P1", "missing_wells"].value, verdicts["P1", "missing_wells"].verdict) == (40.0, "bad")
    assert "and 35 more" in verdicts["P1", "missing_wells"].reason
    assert verdicts["P1", "z_prime"].verdict == "unknown"
    assert "Too few control wells with a readout (0 negative, 0 positive wells)" in verdicts["P1", "z_prime"].reason
    assert {verdicts["P1", name].verdict for name in ("edge_effect", "nrfe", "suspect_wells")} == {"unknown"}


@pytest.mark.parametrize(
    ("gone", "told"),
    [(["positive"], "No positive control"), (["negative", "positive"], "No negative and no positive control")],
)
def test_a_plate_without_controls_is_bad(clean, gone, told):
    """It has no percentages: nothing of it would be scored, and nothing else says so."""
    bare = clean[~clean["well_type"].isin(gone)].assign(percent=np.nan)
    verdicts = found(bare)
    verdict = verdicts["P1", "controls_order"]
    assert verdict.verdict == "bad" and told in verdict.reason and "drugs no scores" in verdict.reason
    assert verdicts["P1", "z_prime"].verdict == "unknown"
    assert "not known" in verdicts["P1", "replicate_pearson"].reason


def test_equal_readouts_are_no_measurement(clean):
    verdicts = found(clean.assign(raw=7.0, percent=np.nan))
    assert verdicts["P1", "controls_order"].verdict == "bad"
    assert verdicts["P1", "z_prime"].verdict == "unknown" and "no measurement" in verdicts["P1", "z_prime"].reason
    assert {v.verdict for v in verdicts.values()} <= {"good", "bad", "unknown"}


def test_a_plate_where_no_drug_works_is_not_blamed_for_it():
    verdict = found(small_plates.clean_plate(seed=2, active=0.0))["P1", "replicate_pearson"]
    assert verdict.verdict == "unknown" and "Hardly any drug works" in verdict.reason


def test_metabolic_readouts_have_their_own_positive_control(clean):
    dim = clean.copy()
    dim.loc[dim["well_type"] == "metabolic_positive", "raw"] = [40.0, 45.0, 50.0, 55.0, 60.0]
    assert found(dim, "metabolic")["P1", "controls_order"].value > found(dim)["P1", "controls_order"].value + 100


def test_controls_with_an_added_drug_are_kept_apart(clean):
    both = clean.copy()
    half = both.index[both["well_type"] == "negative"][::2]
    both.loc[half, "addon"] = "Trametinib"
    both.loc[half, "raw"] -= 600
    verdicts = found(both)
    assert verdicts["P1", "z_prime"].verdict == "good" and verdicts["P1", "z_prime+Trametinib"].verdict != "unknown"
    assert verdicts["P1", "ssmd"].value < verdicts["P1", "ssmd+Trametinib"].value


def test_a_screen_of_plates_is_judged_as_a_whole_too(clean):
    second = small_plates.clean_plate(seed=4, plate="P2")
    verdicts = found(pd.concat([clean, second], ignore_index=True))
    assert {plate for plate, _ in verdicts} == {"P1", "P2", ""}
    negative = pd.concat([clean, second]).query("well_type == 'negative'")["raw"].to_numpy()
    positive = pd.concat([clean, second]).query("well_type == 'positive'")["raw"].to_numpy()
    expected = 1 - 3 * (negative.std(ddof=1) + positive.std(ddof=1)) / (negative.mean() - positive.mean())
    assert verdicts["", "z_prime"].value == pytest.approx(expected)
    assert "260 pairs" in verdicts["", "replicate_pearson"].reason
    assert ("", "missing_wells") not in verdicts


def test_every_measure_has_a_name_and_every_verdict_a_reason(clean):
    verdicts = quality.verdicts(clean, "image_2")
    assert {v.measure for v in verdicts} == set(quality_limits.MEASURES)
    assert all(v.reason and v.verdict in ("good", "doubtful", "bad", "unknown") for v in verdicts)


def test_a_table_without_readouts_is_refused(clean):
    with pytest.raises(InputError, match="lacks raw, percent: join layout and readouts first"):
        quality.verdicts(clean.drop(columns=["raw", "percent"]), "mos")


def test_wells_that_stand_twice_are_refused(clean):
    first = clean.iloc[0]
    with pytest.raises(InputError, match=f"Well P1 {first['row']}{first['column']:02d} stands twice"):
        quality.rank_wells(pd.concat([clean, clean.head(1)]))
