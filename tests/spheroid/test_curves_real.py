"""Curves and scores of real plates beside what was published of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.spheroid.curve import fit_curves
from engine.spheroid.curve_values import arrange
from engine.spheroid.dss import dss_1_2_3
from engine.spheroid.scoring import Scored, score_table
from engine.spheroid.settings import ScoreSettings
from engine.spheroid.significance import p_values
from engine.spheroid.synergy import addition_alone, excess

pytestmark = pytest.mark.real_data

SCREENS = ("BT-40_V1_DS1", "BT-40_V1_DS1_NA", "BT-40-V3-DS1_imaging")
COMBINATION = "INF-R-1632_PDX_combo"


def percent(wells: pd.DataFrame) -> pd.DataFrame:
    """Viability by the medians of each plate's controls, wells with an addition by controls that hold it."""

    def median(own: pd.DataFrame, kind: str) -> float:
        return own.loc[own["well_type"] == kind, "readout"].median()

    parts = []
    for _, plate in wells.groupby("plate"):
        killed = median(plate, "pos")
        for _, own in plate.groupby("addon", dropna=False):
            living = median(own, "neg")
            parts.append(own.assign(percent=100 * (own["readout"] - killed) / (living - killed)))
    return pd.concat(parts).rename(columns={"conc_nM": "conc_nm"})


@pytest.fixture(scope="module")
def wells(real_data: Path) -> pd.DataFrame:
    return pd.read_parquet(real_data / "screen/itrex_wells.parquet")


@pytest.fixture(scope="module")
def scored(wells) -> dict[str, Scored]:
    quick = ScoreSettings(bootstrap=0)
    return {name: score_table(percent(wells[wells["screen"] == name]), quick) for name in (*SCREENS, COMBINATION)}


@pytest.fixture(scope="module")
def published(real_data: Path) -> pd.DataFrame:
    return pd.read_csv(real_data / "screen/itrex_reference_params.csv.gz")


def pooled(scored: Scored) -> pd.DataFrame:
    return scored.score[(scored.score["replicate"] == "pooled") & (scored.score["addon"] == "")]


@pytest.mark.parametrize("screen", SCREENS)
def test_dss_asym_is_the_published_one(scored, published, screen):
    """Reached: r 0.9997 to 0.99993, median difference 0.003 to 0.005, largest 1.2 (panobinostat, imaging)."""
    both = pooled(scored[screen]).merge(published[published["screen"] == screen], on="drug")
    assert len(both) == (published["screen"] == screen).sum()
    # Where one dose is left of the missing wells, neither has a score.
    assert (both["dss_asym"].isna() == both["DSS_asym"].isna()).all() and both["dss_asym"].isna().sum() <= 1
    both = both.dropna(subset=["dss_asym"])
    off = (both["dss_asym"] - both["DSS_asym"]).abs().set_axis(both["drug"])
    assert np.corrcoef(both["dss_asym"], both["DSS_asym"])[0, 1] > 0.999
    assert off.median() < 0.01
    far = off[off > 1.5]
    assert len(far) <= 3, f"drugs off by more than 1.5: {far.to_dict()}"


def test_other_published_numbers(scored, published):
    """Where a published concentration lies within the tested doses."""
    screen = SCREENS[0]
    score, own = pooled(scored[screen]), published[published["screen"] == screen]
    curve = scored[screen].curve.query("replicate == 'pooled'")
    both = score.merge(own, on="drug").merge(curve[["drug", "gof"]], on="drug")
    assert (both["gof"] - both["GOF"]).abs().median() < 1e-4
    assert (both["dss_asym_adjusted"] - both["DSS_asym_adj"]).abs().median() < 0.01
    assert (both["imax"] - both["Imax"]).abs().median() < 0.01
    assert (both["inhibition"].str[0] - both["PI1"]).abs().median() < 0.01
    assert (both["inhibition"].str[4] - both["PI5"]).abs().median() < 0.01
    for ours, theirs in (("ic25_nm", "abs_IC25"), ("ic50_nm", "abs_IC50"), ("ic75_nm", "abs_IC75")):
        inside = both[theirs].between(both["MIN.Conc.tested.nM"], both["MAX.Conc.tested.nM"], inclusive="neither")
        ratio = (both.loc[inside, ours] / both.loc[inside, theirs]).map(np.log10).abs()
        assert inside.sum() > 20 and ratio.median() < 0.005, theirs


def test_dss_1_2_3_equal_breeze_on_every_point(real_data):
    grid = pd.read_csv(real_data / "screen/dss_breeze_reference_grid.csv")
    names = ["ic50", "slope", "max", "min_conc", "max_conc", "y"]
    found = dss_1_2_3(*(grid[name].to_numpy(float) for name in names))
    assert len(grid) == 672
    for name, score in zip(("DSS1", "DSS2", "DSS3"), found, strict=True):
        assert np.abs(score - grid[name]).max() < 1e-4, name


def test_significance_agrees_with_curvecurator(real_data):
    """Their curves hold the control as a dose, ours do not; log p correlates by 0.97."""
    table = pd.read_parquet(real_data / "screen/ctrp40_viability_with_curvecurator_fits.parquet")
    table = table.dropna(subset=["pEC50"])
    doses = [name for name in table if name.startswith("uM_") and name != "uM_0"]
    x = np.log10([1000 * float(name[3:]) for name in doses])
    k = len(table)
    y = 1 - table[doses].to_numpy(float).ravel()
    p = p_values(arrange(np.tile(x, k), y, np.repeat(np.arange(k), len(x)), k))
    theirs = table["Curve Log P_Value"].to_numpy()
    assert np.corrcoef(-np.log10(p), theirs)[0, 1] > 0.96
    assert ((p < 0.01) == (theirs > 2)).mean() > 0.94


def test_expected_hits_of_this_line(scored):
    """BT-40 carries BRAF V600E (Berker et al. 2022)."""
    score = pooled(scored[SCREENS[0]]).set_index("drug")
    for drug in ("Dabrafenib", "Trametinib", "Cobimetinib", "Selumetinib", "Vemurafenib"):
        assert score.loc[drug, "hit"], drug


def test_a_combination_screen_has_scores_of_what_the_addition_changes(scored):
    score = scored[COMBINATION].score.query("replicate == 'pooled'")
    together = score[score["addon"] == "Trametinib"]
    assert len(together) == (score["addon"] == "").sum() == 77
    assert together["dcdss"].notna().all() and together["dcdss"].abs().median() < 10


def test_most_drugs_act_independently_of_the_addition(scored, wells):
    """Trametinib alone kills a sixth; nothing is known of its dose, so Loewe is left out."""
    own = wells[wells["screen"] == COMBINATION]
    living, killed = own[own["well_type"] == "neg"], own.loc[own["well_type"] == "pos", "readout"].median()
    with_it = living["addon"].notna()
    alone = addition_alone(living.loc[~with_it, "readout"].median(), living.loc[with_it, "readout"].median(), killed)
    assert 0.1 < alone < 0.25
    score = scored[COMBINATION].score.query("replicate == 'pooled'").set_index(["addon", "drug"])
    drugs = [drug for drug in score.loc["Trametinib"].index if len(score.loc[("", drug), "doses_nm"]) == 5]
    doses = np.array([score.loc[("", drug), "doses_nm"] for drug in drugs])
    single, together = (
        np.array([score.loc[(addon, drug), "inhibition"] for drug in drugs]) / 100 for addon in ("", "Trametinib")
    )
    k = len(drugs)
    fits = [
        fit_curves(np.log10(doses).ravel(), effect.ravel(), np.repeat(np.arange(k), 5), k, 4)
        for effect in (single, together)
    ]
    found = excess(doses, single, together, *fits, addition=alone)
    assert abs(np.median(found.bliss)) < 5 and abs(np.median(found.zip)) < 5
    assert np.isnan(found.loewe).all()
