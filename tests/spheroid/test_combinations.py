"""What an addition changes of every drug, from wells whose effects are typed."""

import numpy as np
import pandas as pd
import pytest
import small_combination
from small_curves import DOSES, sigmoid

from engine.errors import InputError
from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.combinations import (
    COLUMNS,
    combinations,
    reviewed_combinations,
    verdicts,
)
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

X = np.log10(DOSES)
ALONE = 0.2  # inhibition by the addition
RAW_LIVING, RAW_KILLED = 1000.0, 100.0


def controls(plate: str = "P1", added: bool = True) -> pd.DataFrame:
    """Three wells of each control; those with the addition read a fifth less signal."""
    kinds = [("negative", "", RAW_LIVING), ("positive", "", RAW_KILLED)]
    kinds += [("negative", "Added", RAW_LIVING - ALONE * (RAW_LIVING - RAW_KILLED))] if added else []
    rows = [(plate, kind, addon, raw + off) for kind, addon, raw in kinds for off in (-10, 0, 10)]
    frame = pd.DataFrame(rows, columns=["plate", "well_type", "addon", "raw"])
    return frame.assign(treatment="", conc_nm=np.nan, replicate=1, addon_nm=np.nan, percent=np.nan)


def drug(name: str, effect, addon: str = "", addon_nm: float = np.nan, apart: float = 0.02) -> pd.DataFrame:
    """Duplicates, `apart` of inhibition above and below a typed effect."""
    parts = [
        pd.DataFrame({"conc_nm": DOSES, "percent": 100 * (1 - np.asarray(effect) - off), "replicate": replicate})
        for replicate, off in ((1, apart), (2, -apart))
    ]
    wells = pd.concat(parts).assign(plate="P1", well_type="therapy", treatment=name, addon=addon, addon_nm=addon_nm)
    return wells.assign(raw=500.0)


def screen() -> pd.DataFrame:
    """Three drugs that act as alone, more strongly and not at all; one that grows alone; one combined at one dose."""
    usual, strong, grows = sigmoid(X, 0.6, 2.0, 1.0), sigmoid(X, 0.9, 1.0, 1.0), np.full(5, -0.3)
    parts = [
        controls(), drug("usual", usual), drug("usual", usual, "Added"), drug("more", usual),
        drug("more", strong, "Added"), drug("grows", grows), drug("grows", np.zeros(5), "Added"),
        drug("once", usual), drug("once", usual, "Added").query("conc_nm == 100"), drug("never combined", usual),
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return combinations(screen(), "metabolic").rows.set_index("drug")


def test_every_drug_with_and_without_the_addition_has_a_row(found):
    assert set(found.reset_index().columns) == set(COLUMNS) and set(found.index) == {"usual", "more", "grows"}
    assert found["addition_percent"].to_numpy() == pytest.approx(20) and (found["n_doses"] == 5).all()


def test_independent_action_is_no_excess(found):
    usual = found.loc["usual"]
    assert usual["bliss"] == pytest.approx(0, abs=1e-9) and usual["zip"] == pytest.approx(0, abs=1e-9)
    assert usual["dcdss"] == pytest.approx(0, abs=1e-9) and usual["bliss_lower"] < 0 < usual["bliss_upper"]


def test_excess_over_bliss_by_hand_with_its_interval(found):
    """Four fifths of the mean difference; pooled variance 2 * 0.02^2 on ten degrees of freedom, t 2.228."""
    difference = sigmoid(X, 0.9, 1.0, 1.0) - sigmoid(X, 0.6, 2.0, 1.0)
    more = found.loc["more"]
    assert more["bliss"] == pytest.approx(80 * difference.mean())
    margin = 80 * 2.228139 * np.sqrt(2 * 0.02**2 * (1 / 2 + 1 / 2) / 5)
    assert more["bliss_upper"] - more["bliss"] == pytest.approx(margin, rel=1e-5)
    assert more["highest_bliss"] == pytest.approx(80 * difference.max())
    assert more["highest_at_nm"] == DOSES[int(difference.argmax())] and more["dcdss"] > 10


def test_a_drug_that_only_grows_alone_does_not_come_first(found):
    """Bliss expects growth of it and finds none; beside the addition alone nothing was gained."""
    assert found.loc["grows", "bliss"] == pytest.approx(80 * 0.3) and found.loc["grows", "hsa"] == pytest.approx(0)
    assert found.index[0] == "more"


def test_loewe_needs_the_dose_and_the_curve_of_the_addition(found):
    assert found["loewe"].isna().all()
    own = sigmoid(X, 0.8, 2.0, 1.0)
    wells = pd.concat([controls(), drug("Added", own), drug("Added", own, "Added", addon_nm=33.0)], ignore_index=True)
    row = combinations(wells, "metabolic").rows.iloc[0]
    additive = sigmoid(np.log10(np.array(DOSES) + 33), 0.8, 2.0, 1.0)  # the same drug: 33 nM more of it
    assert row["addon_nm"] == 33
    assert row["loewe"] == pytest.approx(100 * (own + ALONE - own * ALONE - additive).mean(), abs=0.5)


def test_without_replicates_there_is_no_interval():
    wells = screen().query("replicate == 1")
    row = combinations(wells, "metabolic").rows.set_index("drug").loc["more"]
    assert np.isnan(row["bliss_lower"]) and row["bliss"] > 10


def test_the_addition_alone_is_averaged_over_plates_that_tell():
    usual = sigmoid(X, 0.6, 2.0, 1.0)
    parts = [
        controls(),
        controls("P2"),
        controls("P3", added=False),
        drug("usual", usual),
        drug("usual", usual, "Added"),
    ]
    (told,) = combinations(pd.concat(parts, ignore_index=True), "metabolic").additions.itertuples()
    assert told.plates == 2 and told.percent == pytest.approx(100 * ALONE)


def test_a_screen_without_combinations_is_refused():
    with pytest.raises(InputError, match="No drug of this screen was measured with an addition"):
        combinations(screen().query("addon == ''"), "metabolic")


def test_an_addition_without_its_own_controls_is_not_judged():
    wells = screen()
    wells = wells[~((wells["well_type"] == "negative") & (wells["addon"] == "Added"))]
    found = combinations(wells, "metabolic")
    assert found.rows.empty and "both with and without Added: what Added does alone is not known" in found.notes[0]


def test_wells_that_hold_the_effect_of_the_addition_already_are_left_out():
    """The second plate lost its controls with the addition: held against vehicle, inaction would look like synergy."""
    wells = small_combination.wells({"Usual": (0.7, 0.7)}, replicates=3)
    lost = (wells["plate"] == "P2") & (wells["addon"] != "")
    negative = lost & (wells["well_type"] == "negative")
    held = wells.assign(percent=wells["percent"].where(~lost, 100 * wells["raw"]), raw=wells["raw"].mask(negative))
    found, without = combinations(held, "metabolic"), combinations(wells[~lost], "metabolic")
    assert found.notes == (
        "No negative control with Added counts on P2: the 5 wells with Added there are held against controls without "
        "it, and left out here.",
    )
    pd.testing.assert_frame_equal(found.rows, without.rows)
    assert abs(found.rows["bliss"].iloc[0]) < 1.5 and verdicts(found.rows).tolist() == ["unsure"]


def test_of_percentages_nobody_knows_what_wells_with_an_addition_are_relative_to():
    wells = small_combination.wells()
    found = combinations(wells.assign(raw=wells["percent"]), "metabolic")
    assert found.rows.empty and len(found.notes) == 1
    assert found.notes[0].startswith("The metabolic readouts came as percentages") and "raw readouts" in found.notes[0]


def test_effects_by_dose_are_on_the_scale_of_vehicle():
    """A fifth by the addition, of the rest what the drug leaves: typed for the highest dose of a flat effect."""
    wells = pd.concat([controls(), drug("flat", [0.5] * 5), drug("flat", [0.75] * 5, "Added")], ignore_index=True)
    doses = combinations(wells, "metabolic").doses
    assert doses["conc_nm"].tolist() == list(DOSES)
    for name, value in {"alone": 50.0, "both": 80.0, "bliss": 60.0, "hsa": 50.0}.items():
        assert doses[name].to_numpy() == pytest.approx(value), name


def test_the_addition_is_told_with_its_spread_over_plates():
    stronger = controls("P2").assign(raw=lambda frame: frame["raw"].where(frame["addon"] == "", 550.0))
    told = combinations(pd.concat([screen(), stronger], ignore_index=True), "metabolic").additions.iloc[0]
    assert (told["addon"], told["plates"]) == ("Added", 2)
    assert told[["percent", "lowest", "highest"]].tolist() == pytest.approx([35.0, 20.0, 50.0])


def test_drugs_that_cannot_be_held_against_themselves_are_named():
    usual = sigmoid(X, 0.6, 2.0, 1.0)
    unread = drug("unread", usual, "Added").assign(percent=np.nan)
    parts = [screen(), drug("only", usual, "Added"), drug("unread", usual), unread]
    left = combinations(pd.concat(parts, ignore_index=True), "metabolic").unmatched.set_index("drug")
    assert (left["addon"] == "Added").all() and left["why"].to_dict() == {
        "never combined": "measured only without Added", "only": "measured only with Added",
        "once": "1 common dose where it takes two", "unread": "no well with Added counts",
    }  # fmt: skip


def test_a_verdict_takes_both_models_and_an_interval():
    rows = pd.DataFrame(
        {"bliss_lower": [1, 1, -1, -3, -3, np.nan], "bliss_upper": [3, 3, 1, -1, -1, np.nan],
         "hsa": [1, -1, 1, -1, 1, 9]}
    )  # fmt: skip
    assert verdicts(rows).tolist() == ["above", "unsure", "unsure", "below", "unsure", "unsure"]


def test_one_addition_without_controls_does_not_hide_another():
    other = drug("more", sigmoid(X, 0.9, 1.0, 1.0), "Other")
    wells = pd.concat([screen(), other], ignore_index=True)
    found = combinations(wells, "metabolic")
    assert set(found.rows["addon"]) == {"Added"} and "both with and without Other" in found.notes[0]


def test_several_doses_of_an_addition_are_said():
    parts = [controls(), drug("more", np.full(5, 0.2))]
    parts += [drug("more", np.full(5, 0.5), "Added", addon_nm=dose) for dose in (10.0, 30.0)]
    found = combinations(pd.concat(parts, ignore_index=True), "metabolic")
    assert found.notes == ("Added was added at 2 doses, 10 to 30 nM: they are judged together, as 20 nM.",)
    assert len(found.rows) == 1


def test_an_addition_of_which_no_well_counts_is_said():
    gone = drug("more", np.full(5, 0.5), "Other").assign(percent=np.nan)
    found = combinations(pd.concat([screen(), gone], ignore_index=True), "metabolic")
    assert found.notes == ("No well with Other counts: nothing is said of combinations with it.",)


def test_wells_without_any_value_are_refused():
    wells = screen()
    with pytest.raises(InputError, match="No well with an addition has a value by this readout that counts"):
        combinations(wells.assign(percent=wells["percent"].where(wells["addon"] == "")), "metabolic")


def test_what_is_left_out_does_not_count(tumorcast_home, monkeypatch):
    """A drug that is left out has no row; a control of the addition that is left out moves what it does alone."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    db = Database(store_path())
    frame = small_combination.wells()
    for name, level in (("A", 0.4), ("B", 0.4), ("C", 0.4)):
        own = (frame["addon"] == "Added") & (frame["well_type"] == "negative") & (frame["row"] == name)
        frame.loc[own & (frame["plate"] == "P1"), "raw"] = level
    small_combination.put(db, frame)
    before = reviewed_combinations(db, small_combination.SCREEN, "metabolic")
    assert set(before.rows["drug"]) == set(small_combination.DRUGS)
    assert before.additions["highest"].iloc[0] > 35
    targets = [Target("well", plate="P1", row=row, column=23) for row in "ABC"] + [Target("drug", drug="Usual")]
    decisions = [Decision("exclude", target, "Odd") for target in targets]
    review.decide(db, small_combination.SCREEN, "Ada", decisions, 0)
    after = reviewed_combinations(db, small_combination.SCREEN, "metabolic")
    assert set(after.rows["drug"]) == {"Boosted", "Blocked"}
    assert after.additions["percent"].iloc[0] == pytest.approx(20, abs=1.5)
    assert after.unmatched[["drug", "why"]].to_numpy().tolist() == [["Usual", "no well counts"]]


@pytest.mark.real_data
def test_a_real_screen_with_and_without_trametinib(real_data):
    """77 drugs of a patient's xenograft; excess over Bliss of every one by pandas alone."""
    wells = pd.read_parquet(real_data / "screen/itrex_wells.parquet").query("screen == 'INF-R-1632_PDX_combo'")
    kinds = {"neg": "negative", "STS": "positive", "pos": "metabolic_positive"}
    wells = wells.rename(columns={"conc_nM": "conc_nm", "readout": "raw"}).assign(
        well_type=wells["well_type"].replace(kinds), addon_nm=np.nan,
        addon=wells["addon"].astype(object).where(wells["addon"].notna(), ""),
    )  # fmt: skip
    dead = wells[wells["well_type"] == "metabolic_positive"].groupby("plate")["raw"].median()
    living = wells[wells["well_type"] == "negative"].groupby(["plate", "addon"])["raw"].median().rename("living")
    wells = wells.join(living, on=["plate", "addon"])
    low = wells["plate"].map(dead)
    wells["percent"] = 100 * (wells["raw"] - low) / (wells["living"] - low)
    found = combinations(wells, "metabolic")

    table = living.unstack("addon")
    alone = ((table[""] - table["Trametinib"]) / (table[""] - dead)).mean()
    assert found.additions[["percent", "plates"]].iloc[0].tolist() == pytest.approx([100 * alone, 6])
    drugs = wells[(wells["well_type"] == "therapy") & (wells["conc_nm"] > 0)]
    means = drugs.groupby(["treatment", "conc_nm", "addon"])["percent"].mean().unstack("addon").dropna()
    excess = ((1 - alone) * (means[""] - means["Trametinib"])).groupby("treatment").mean()
    assert len(found.rows) == 77 and not len(found.unmatched)
    bliss = found.rows.set_index("drug")["bliss"]
    pd.testing.assert_series_equal(bliss.sort_index(), excess, check_names=False)
    told = verdicts(found.rows)
    assert (told == "above").sum() == 11 and found.rows.loc[told == "below", "drug"].tolist() == ["Topotecan"]
    assert found.rows["drug"].iloc[0] == "Nilotinib"
