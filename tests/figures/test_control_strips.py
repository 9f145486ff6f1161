"""Controls plate by plate with Z' stated, and replicates against each other with r and n."""

import math

import numpy as np
import pandas as pd

from engine.figures.controls import HIGHEST, duplicates, strips
from engine.figures.forest import FAILED
from engine.figures.template import SELECTED, palette
from engine.spheroid.replicates import Agreement, agreement


def wells() -> pd.DataFrame:
    rows = [("P1", "B", n, "negative", 100.0 + n) for n in range(3)] + [
        ("P1", "C", n, "positive", 900.0) for n in range(3)
    ]
    rows += [("P1", "D", n, "series", 50.0) for n in range(2)] + [("P2", "B", 1, "negative", np.nan)]
    rows += [("P1", "E", 1, "therapy", 7.0)]
    frame = pd.DataFrame(rows, columns=["plate", "row", "column", "well_type", "percent"])
    return frame.assign(treatment="", conc_nm=[*[np.nan] * 6, 10.0, 1.0, np.nan, 5.0], left_out=False, reason="")


VERDICTS = pd.DataFrame([("P1", -0.2, "bad")], columns=["plate", "value", "verdict"])


def test_controls_stand_by_plate_and_kind_with_their_verdict():
    frame = wells()
    frame.loc[0, "left_out"], frame.loc[1, "reason"] = True, "dead"
    chart = strips(frame, VERDICTS, "metabolic", selected="P1_B02")
    dots = {trace.customdata[0]: trace for trace in chart.figure.data}
    names = {name for trace in chart.figure.data for name in trace.customdata}
    assert names == {"P1_B00", "P1_B01", "P1_B02", "P1_C00", "P1_C01", "P1_C02", "P1_D00", "P1_D01"}
    assert dots["P1_C00"].marker.color == SELECTED and set(dots["P1_C00"].y) == {HIGHEST}
    series = dots["P1_D00"]
    assert series.x[0] > series.x[1]  # the higher dose stands to the right
    assert dots["P1_B00"].marker.symbol == "x-thin" and "P1_B01" in dots and dots["P1_B01"].name is None
    said = {note.text: note.font.color for note in chart.figure.layout.annotations}
    assert said == {
        "<b>P1</b><br>Z' −0.200, unusable": FAILED[False], "<b>P2</b><br>Z' not judged": palette(False).muted
    }  # fmt: skip
    assert "P1: left out." in strips(frame.assign(left_out=True), VERDICTS, "metabolic").summary
    assert chart.caption.endswith(
        "Ringed red: unlike its kind. Crossed: left out. Series: rising doses of the positive control. Values beyond "
        "200 % stand on the edge."
    )
    plain = frame[frame["well_type"] == "negative"].assign(left_out=False, reason="")
    assert strips(plain, VERDICTS, "metabolic").caption.endswith("Z' and what it means.")
    assert "P1: Z' −0.200, unusable." in chart.summary and "7 control wells of 2 plates" in chart.caption


def test_replicates_are_told_with_r_interval_and_n():
    pairs = pd.DataFrame(
        [(drug, 10.0**n, "", 20.0 * n + shift, 20.0 * n) for shift, drug in enumerate("ABCDE") for n in range(4)],
        columns=["treatment", "conc_nm", "addon", "first", "second"],
    )
    chart = duplicates(pairs, agreement(pairs), "viability", "%", (0.0, 140.0), "metabolic", chosen="B")
    told = next(note.text for note in chart.figure.layout.annotations)
    assert told.startswith("Pearson r 0.99") and "n = 20 pairs" in told and "95 % interval" in chart.caption
    chosen = [trace for trace in chart.figure.data if trace.marker.color == SELECTED]
    assert set(chosen[0].customdata) == {"B"} and len(chosen[0].customdata) == 4
    assert chart.caption.endswith("dotted: equal. Orange: B.")
    assert chart.table.columns.tolist() == ["Drug", "Dose, nM", "With", "One", "Another"]


def test_a_few_pairs_give_no_correlation():
    pairs = pd.DataFrame([("A", 1.0, 2.0)], columns=["treatment", "first", "second"])
    chart = duplicates(pairs, Agreement(math.nan, None, None, 1), "DSS", "DSS", (0.0, 50.0), "metabolic", hit=10.0)
    assert "too few pairs for a correlation" in chart.summary and "1 pair of 1 drug" in chart.caption
