"""Percent viability by the controls of each plate, against typed numbers, and what is said where there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.normalise import normalised, percent
from engine.spheroid.types import WELL_COLUMNS, Plates, Readouts


def screen(*wells: tuple, modality: str = "metabolic") -> tuple[Readouts, Plates]:
    """wells: plate, type, addition, raw; each in the next column of row B."""
    rows = []
    for number, (plate, kind, addon, raw) in enumerate(wells, 1):
        rows.append((plate, "B", number, kind, "x", 1.0, 1, addon, np.nan, raw))
    frame = pd.DataFrame(rows, columns=[*WELL_COLUMNS, "raw"])
    return Readouts(modality, frame[["plate", "row", "column", "raw"]]), Plates(frame[list(WELL_COLUMNS)], 96)


def test_medians_of_each_plate():
    readouts, plates = screen(
        ("P1", "negative", "", 1000), ("P1", "negative", "", 1100), ("P1", "negative", "", 9000),
        ("P1", "positive", "", 100), ("P1", "therapy", "", 600), ("P1", "empty", "", np.nan),
        ("P2", "negative", "", 20), ("P2", "positive", "", 10), ("P2", "therapy", "", 15), ("P2", "therapy", "", 25),
    )  # fmt: skip
    found = percent(readouts, plates)
    assert tuple(found.columns) == (*WELL_COLUMNS, "raw", "percent")
    np.testing.assert_allclose(found["percent"], [90, 100, 890, 0, 50, np.nan, 100, 0, 50, 150])


@pytest.mark.parametrize(("modality", "expected"), [("metabolic", 50.0), ("mos", 75.0)])
def test_metabolic_readouts_have_their_own_positive_control(modality, expected):
    readouts, plates = screen(
        ("P1", "negative", "", 100), ("P1", "positive", "", -100), ("P1", "metabolic_positive", "", 0),
        ("P1", "therapy", "", 50), modality=modality,
    )  # fmt: skip
    assert percent(readouts, plates)["percent"].iloc[3] == expected


def test_wells_with_an_addition_have_negative_controls_with_it():
    readouts, plates = screen(
        ("P1", "negative", "", 100), ("P1", "negative", "T", 60), ("P1", "positive", "", 0),
        ("P1", "therapy", "", 30), ("P1", "therapy", "T", 30),
    )  # fmt: skip
    found = normalised(readouts, plates)
    assert found.frame["percent"].tolist() == [100, 100, 0, 30, 50] and not found.notes


def test_an_addition_without_controls_is_told():
    readouts, plates = screen(("P1", "negative", "", 100), ("P1", "positive", "", 0), ("P1", "therapy", "T", 30))
    found = normalised(readouts, plates)
    assert found.frame["percent"].tolist() == [100, 0, 30]
    assert "Plate P1 has no negative control with T" in found.notes[0]


@pytest.mark.parametrize(("kind", "lacking"), [("negative", "positive"), ("positive", "negative")])
def test_a_plate_without_a_control_has_no_percentages(kind, lacking):
    readouts, plates = screen(
        ("P1", kind, "", 100), ("P1", "therapy", "", 30),
        ("P2", "negative", "", 10), ("P2", "positive", "", 0), ("P2", "therapy", "", 5),
    )  # fmt: skip
    found = normalised(readouts, plates)
    assert found.frame["percent"].isna().tolist() == [True, True, False, False, False]
    assert len(found.notes) == 1
    assert f"Plate P1 has no {lacking} control with a metabolic readout" in found.notes[0]
    assert "in the layout" in found.notes[0]


def test_controls_that_were_not_read_count_as_none():
    readouts, plates = screen(("P1", "negative", "", 5), ("P1", "positive", "", np.nan), ("P1", "therapy", "", 3))
    assert "no positive control with a metabolic readout" in normalised(readouts, plates).notes[0]


def test_equal_readouts_give_no_percentages():
    readouts, plates = screen(("P1", "negative", "", 7), ("P1", "positive", "", 7), ("P1", "therapy", "", 7))
    found = normalised(readouts, plates)
    assert found.frame["percent"].isna().all() and "both read 7" in found.notes[0]


@pytest.mark.parametrize(("alive", "dead", "death", "told"), [
    (100, 0, False, False), (0, 100, False, True), (0, 100, True, False), (100, 0, True, True),
])  # fmt: skip
def test_swapped_controls_are_told(alive, dead, death, told):
    readouts, plates = screen(("P1", "negative", "", alive), ("P1", "positive", "", dead), ("P1", "therapy", "", 25))
    found = normalised(readouts, plates, death_readout=death)
    assert found.frame["percent"].tolist()[:2] == [100, 0]
    assert any("swapped in the layout" in note and "Plate P1" in note for note in found.notes) == told


def test_percentages_stay_as_they_are():
    readouts, plates = screen(
        ("P1", "negative", "", 97), ("P1", "negative", "", 103), ("P1", "positive", "", 4), ("P1", "therapy", "", 41),
        ("P2", "therapy", "", 88), ("P3", "negative", "", 52), ("P3", "therapy", "", np.nan),
    )  # fmt: skip
    found = normalised(replace(readouts, is_percent=True), plates)
    np.testing.assert_array_equal(found.frame["percent"], [97, 103, 4, 41, 88, 52, np.nan])
    assert len(found.notes) == 1
    assert "Plate P3: the metabolic readouts are given as viabilities in percent, but" in found.notes[0]
    assert "reads 52 % where 100 was expected. Check the readouts, or import them as raw ones" in found.notes[0]
