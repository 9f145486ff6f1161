"""Expected hits are found by the sample's name, however it is written, and never across simulation and measurement."""

import pytest

from engine.spheroid.expected import PLANTED, SOURCES, expected_hits

DRUGS = ["entrectinib", "Merestinib", "Trametinib", "VEMURAFENIB", "A-1331852", "Bortezomib"]


@pytest.mark.parametrize(
    ("screen", "sample"),
    [("INF_R_153_V2_DS1", None), ("mine", "INF-R-153"), ("mine", "inf_r_153 (primary)"), ("DS1 INFR153", "")],
)
def test_a_sample_is_found_however_it_is_written(screen, sample):
    found = expected_hits(screen, sample, DRUGS)
    assert found.sample == "INF_R_153" and found.drugs == ("entrectinib", "Merestinib")
    assert found.absent == ("Larotrectinib",) and found.source == SOURCES["Berker2022"]
    assert found.found(["Merestinib", "Trametinib"]) == ("Merestinib",)


@pytest.mark.parametrize("screen", ["INF_R_1530_DS1", "XBT-40", "BT-401", "another", ""])
def test_what_only_looks_like_a_sample_has_no_expectation(screen):
    assert expected_hits(screen, None, DRUGS).drugs == ()


def test_a_simulated_screen_expects_what_was_planted_and_a_measured_one_never():
    found = expected_hits("SIM-NTRK_DS1", "NTRK", DRUGS, simulated=True)
    assert (found.sample, found.source) == ("NTRK", PLANTED)
    assert found.drugs == ("A-1331852", "Bortezomib", "entrectinib", "Merestinib")
    assert expected_hits("SIM-NTRK_DS1", "NTRK", DRUGS).drugs == ()
    assert expected_hits("SIM_INF_R_153", "INF_R_153", DRUGS, simulated=True).drugs == ()


def test_a_planted_drug_too_weak_to_hit_is_not_expected():
    found = expected_hits("SIM-BRAF", "BRAF", ["A-1210477", "Trametinib"], simulated=True)
    assert found.drugs == ("Trametinib",) and "A-1210477" not in found.absent  # 9 µM of at most 50: DSS below 10
