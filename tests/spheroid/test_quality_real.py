"""Quality of real plates against numbers computed on their own with pandas from the raw readouts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.spheroid import quality

pytestmark = pytest.mark.real_data

TYPES = {
    "neg": "negative",
    "STS": "positive",
    "pos": "metabolic_positive",
    "TRC": "series",
    "BzCl": "metabolic_positive",
}


@pytest.fixture(scope="module")
def screens(real_data: Path) -> pd.DataFrame:
    return pd.read_parquet(real_data / "screen/itrex_wells.parquet")


def verdicts(screens: pd.DataFrame, screen: str, modality: str = "metabolic", plates: tuple[str, ...] = ()):
    """Every verdict by (plate, measure), of wells renamed as this project calls them."""
    wells = screens[screens["screen"] == screen]
    wells = wells[wells["plate"].isin(plates)] if plates else wells
    types = TYPES if modality == "metabolic" else {**TYPES, "pos": "positive"}
    wells = wells.rename(columns={"conc_nM": "conc_nm", "readout": "raw"})
    wells = wells.assign(
        well_type=wells["well_type"].replace(types),
        plate="P" + wells["plate"],
        addon=wells["addon"].astype(object).where(wells["addon"].notna(), ""),
        addon_nm=np.nan,
    )
    killed = "metabolic_positive" if modality == "metabolic" else "positive"
    dead = wells[wells["well_type"] == killed].groupby("plate")["raw"].median()
    alive = wells[wells["well_type"] == "negative"].groupby(["plate", "addon"])["raw"].median().rename("alive")
    wells = wells.join(alive, on=["plate", "addon"])
    low = wells["plate"].map(dead)
    wells["percent"] = 100 * (wells["raw"] - low) / (wells["alive"] - low)
    return {(v.plate, v.measure): v for v in quality.verdicts(wells, modality)}


def test_a_metabolic_screen(screens):
    found = verdicts(screens, "BT-40_V1_DS1")
    assert found["P1", "z_prime"].value == pytest.approx(0.458895, abs=1e-6)
    assert found["P1", "robust_z_prime"].value == pytest.approx(0.591681, abs=1e-6)
    assert found["P1", "ssmd"].value == pytest.approx(-7.264566, abs=1e-6)
    assert found["P1", "cv_negative"].value == pytest.approx(10.91917, abs=1e-5)
    assert found["P1", "replicate_pearson"].value == pytest.approx(0.921012, abs=1e-6)
    assert found["P1", "replicate_spearman"].value == pytest.approx(0.730107, abs=1e-6)
    assert found["", "replicate_pearson"].value == pytest.approx(0.904884, abs=1e-6)
    assert "375 pairs" in found["", "replicate_pearson"].reason
    assert {found[f"P{plate}", "controls_order"].verdict for plate in (1, 2, 3)} == {"good"}
    assert {found[f"P{plate}", "series"].verdict for plate in (1, 2, 3)} == {"good"}
    assert all(found[f"P{plate}", "nrfe"].value < 10 for plate in (1, 2, 3))


def test_an_imaging_plate(screens):
    found = verdicts(screens, "BT-40-V3-DS1_imaging", "mos")
    assert found["P1", "z_prime"].value == pytest.approx(0.467787, abs=1e-6)
    assert found["P1", "ssmd"].value == pytest.approx(-6.887317, abs=1e-6)
    assert found["P1", "replicate_pearson"].value == pytest.approx(0.762695, abs=1e-6)
    assert found["P1", "replicate_pearson"].verdict == "doubtful"


def test_a_combination_screen_has_two_sets_of_controls(screens):
    found = verdicts(screens, "INF-R-1632_PDX_combo", plates=("2A", "2B"))
    assert found["P2A", "z_prime"].value == pytest.approx(0.741604, abs=1e-6)
    assert found["P2A", "z_prime+Trametinib"].value == pytest.approx(0.479845, abs=1e-6)
    assert ("P2A", "replicate_pearson") not in found  # duplicates stand on the other plate
    assert found["", "replicate_pearson"].verdict == "good"


def test_missing_wells_are_counted(screens):
    found = verdicts(screens, "BT-40_V1_DS1_NA", "mos")
    assert [found[f"P{plate}", "missing_wells"].value for plate in (1, 2, 3)] == [0, 68, 189]
    assert found["P3", "missing_wells"].verdict == "bad"
