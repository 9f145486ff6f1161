"""What to look at first: a failing plate, a swapped control and a contaminated well are each named, with a reason."""

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.findings import findings, looked_at
from engine.spheroid.image_brightness import brightness, glowing
from engine.spheroid.judged import quality_rows
from engine.spheroid.look_alikes import look_alikes

DOSES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


def screen(noise: float = 3.0, plates: tuple[str, ...] = ("P1", "P2")) -> pd.DataFrame:
    """Every plate: 8 living and 8 dead controls, three drugs of five doses; percent with a fixed ripple."""
    rows = []
    for at, plate in enumerate(plates):
        for n in range(8):
            ripple = noise * (-1) ** n
            rows += [(plate, "B", 2 + n, "negative", "DMSO", np.nan, 100 + ripple)]
            rows += [(plate, "C", 2 + n, "positive", "STS", 250.0, ripple / 2)]
        for drug, row in zip(("A", "B", "C"), "DEF", strict=True):
            for dose in range(5):
                rows.append(
                    (plate, row, 2 + dose, "therapy", drug, DOSES[dose], 98 - 20 * dose + noise * (dose % 2) + at)
                )
    columns = ["plate", "row", "column", "well_type", "treatment", "conc_nm", "percent"]
    frame = pd.DataFrame(rows, columns=columns).assign(replicate=1, addon="", addon_nm=np.nan, left_out=False)
    return frame.assign(raw=50 + 10 * frame["percent"])


def changed(frame: pd.DataFrame, **wells: float) -> pd.DataFrame:
    """Other viabilities of some wells, such as P1_B03=0."""
    name = frame["plate"] + "_" + frame["row"] + frame["column"].map("{:02d}".format)
    frame = frame.assign(percent=[wells.get(one, old) for one, old in zip(name, frame["percent"], strict=True)])
    return frame.assign(raw=50 + 10 * frame["percent"])


def judged(frame: pd.DataFrame, modality: str = "metabolic") -> pd.DataFrame:
    return quality_rows(frame.drop(columns=["raw", "percent"]), frame, modality)


def found(frame: pd.DataFrame, modality: str = "metabolic"):
    return findings({modality: frame}, judged(frame, modality))


def test_a_clean_screen_has_no_findings():
    assert found(screen()) == ()


@pytest.mark.parametrize(("well", "value", "like"), [("P1_B03", 2.0, "positive"), ("P2_C05", 97.0, "negative")])
def test_a_control_that_reads_like_the_other_is_named_and_its_plate_is_not(well, value, like):
    frame = changed(screen(), **{well: value})
    (one,) = found(frame)
    assert one.kind == "control" and one.target.name == well and one.readouts == ("metabolic",)
    assert f"viable like a {like} control" in one.reason and "Mislabelled or wrongly dispensed?" in one.reason
    bad = judged(frame).query("measure == 'z_prime' and verdict == 'bad' and plate != ''")
    assert ("Without it Z' of" in one.reason) == bool(len(bad))


def test_a_dead_control_is_what_makes_its_plate_fail():
    frame = changed(screen(), P1_B03=-40.0, P1_B05=3.0)
    kinds = [(one.kind, one.target.name) for one in found(frame)]
    assert ("plate", "P1") not in kinds and {("control", "P1_B03"), ("control", "P1_B05")} <= set(kinds)
    assert "Without it Z' of P1 is 0.8" in found(frame)[0].reason


def test_a_plate_whose_controls_all_scatter_fails_and_hides_its_wells():
    frame = screen()
    rough = frame["plate"].eq("P2") & frame["well_type"].isin(("negative", "positive"))
    wave = np.tile([60.0, -45.0, 30.0, -20.0], len(frame))[: len(frame)]
    frame = frame.assign(percent=frame["percent"].where(~rough, frame["percent"] + wave))
    frame = changed(frame.assign(raw=50 + 10 * frame["percent"]), P2_D03=400.0)
    first, *others = found(frame)
    assert first.kind == "plate" and first.target.name == "P2" and "Z'" in first.reason
    assert [one for one in others if one.target.plate == "P2"] == []


def test_a_bright_well_is_named_by_the_readout_that_sees_it():
    clean, bright = screen(), changed(screen(), P1_D02=700.0)
    verdicts = pd.concat([judged(clean), judged(bright, "mos")])
    (one,) = findings({"metabolic": clean, "mos": bright}, verdicts)
    assert (one.kind, one.target.name, one.readouts) == ("well", "P1_D02", ("mos",))
    assert "A 1 nM" in one.reason and "Mean of stack: 700 % viable" in one.reason


def test_what_is_left_out_is_no_finding():
    frame = changed(screen(), P1_B03=2.0)
    name = frame["plate"] + frame["row"] + frame["column"].astype(str)
    out = frame.assign(left_out=name == "P1B3")
    out.loc[out["left_out"], ["raw", "percent"]] = np.nan
    assert findings({"metabolic": out}, judged(out)) == ()


def test_the_mean_of_a_stack_does_not_judge_controls_beside_a_better_readout():
    frame = changed(screen(), P1_B03=2.0)
    beside = findings({"metabolic": screen(), "mos": frame}, pd.concat([judged(screen()), judged(frame, "mos")]))
    assert not any("like a" in one.reason or one.kind == "plate" for one in beside)
    assert "like a positive control" in found(frame, "mos")[0].reason  # alone it does


def test_controls_that_do_not_differ_resemble_nothing():
    frame = screen()
    flat = frame.assign(percent=frame["percent"].where(frame["well_type"] == "therapy", 50.0))
    assert look_alikes(flat, "metabolic").empty
    few = frame[~((frame["well_type"] == "positive") & (frame["column"] > 3))]
    assert look_alikes(changed(few, P1_B03=2.0), "metabolic").empty  # two wells tell no spread


def test_readouts_that_are_looked_at():
    assert looked_at(("image_1", "image_3", "mos", "metabolic")) == ("image_3", "metabolic", "mos")
    assert looked_at(()) == () and findings({}, judged(screen()).head(0)) == ()


def images(frame: pd.DataFrame, **wells: float) -> pd.DataFrame:
    """A mean of 1,500 counts with a ripple for every well, and another for some, such as P1_D02=4500."""
    name = frame["plate"] + "_" + frame["row"] + frame["column"].map("{:02d}".format)
    ripple = 1500 + 150 * np.sin(np.arange(len(frame)))
    mean = [wells.get(one, usual) for one, usual in zip(name, ripple, strict=True)]
    return frame[["plate", "row", "column"]].assign(mean=mean)


def test_an_image_far_brighter_than_all_others_is_asked_whether_it_is_contaminated():
    frame = screen()
    assert findings({"metabolic": frame}, judged(frame), bright=images(frame)) == ()
    (one,) = findings({"metabolic": frame}, judged(frame), bright=images(frame, P1_D02=4500.0))
    assert (one.kind, one.target.name, one.readouts) == ("well", "P1_D02", ("",))
    assert "3.0 times as bright as the middle image of its plate. Contaminated?" in one.reason
    out = frame.assign(left_out=(frame["plate"] == "P1") & (frame["row"] == "D") & (frame["column"] == 2))
    assert findings({"metabolic": out}, judged(out), bright=images(frame, P1_D02=4500.0)) == ()


def test_few_images_tell_nothing_usual():
    frame = screen().head(6)
    assert glowing(images(frame, P1_B02=90_000.0)).empty


def test_images_that_are_gone_have_no_brightness(tmp_path):
    assert brightness(tmp_path / "gone").empty


def as_network(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(raw=0.2 + 0.006 * frame["percent"])


def test_wells_more_alive_than_the_controls_share_one_line_without_blame():
    frame = as_network(changed(screen(), P1_D02=112.0, P2_E02=114.0, P2_D02=113.0))
    (one,) = findings({"image_2": frame}, judged(frame, "image_2"))
    assert one.kind == "alive" and one.wells == ("P2_E02", "P2_D02", "P1_D02")
    assert one.reason == (
        "3 wells read more alive than the controls by images, phase II (up to 114 %): usually healthy."
    )


def test_plates_that_fail_by_another_readout_are_told_before_the_sign_off_asks():
    good, poor = screen(), changed(screen(), P1_B03=2.0, P1_B05=2.0, P2_B03=2.0, P2_B05=2.0)
    verdicts = pd.concat([judged(good), judged(poor, "mos")])
    *others, one = findings({"metabolic": good, "mos": poor}, verdicts)
    assert {other.kind for other in others} == {"control"}
    assert (one.kind, one.wells) == ("readout", ("P1", "P2"))
    assert one.reason.startswith("By mean of stack P1 and P2 fail (Z' ")
    assert one.reason.endswith("that readout separates controls badly here.")


def test_nothing_is_judged_of_what_is_left_out():
    frame = screen()
    name = frame["plate"] + frame["row"] + frame["column"].astype(str)
    out = (frame["plate"] == "P2") | (name == "P1D2")
    gone = frame.assign(left_out=out, raw=frame["raw"].mask(out), percent=frame["percent"].mask(out))
    rows = judged(gone).set_index(["plate", "measure"])
    assert set(rows.index.get_level_values("plate")) == {"P1"}
    assert rows.loc[("P1", "missing_wells"), "verdict"] == "good"
    assert judged(gone.assign(left_out=True)).empty
