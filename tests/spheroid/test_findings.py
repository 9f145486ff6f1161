"""What to look at first: a failing plate, a swapped control and a contaminated well are each named, with a reason."""

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.findings import findings, look_alikes, looked_at
from engine.spheroid.judged import quality_rows

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
