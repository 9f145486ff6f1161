"""Wells of a screen -> rows of curves and scores."""

import numpy as np
import pandas as pd
import pytest
from small_curves import DOSES, sigmoid, wells

from engine.errors import InputError
from engine.spheroid.scoring import KEY, score_table
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

QUICK = ScoreSettings(bootstrap=0)
X = np.log10(DOSES)
STRONG, WEAK = sigmoid(X, 0.9, 1.0, 1.5), sigmoid(X, 0.3, 3.0, 1.5)


def screen() -> pd.DataFrame:
    """A strong drug in duplicate, alone and with an addition; a weak one once; one with one dose; controls."""
    up = 0.02 * np.array([1, -1, 1, -1, 1])
    parts = [
        wells("Ünïcode Säure 5", STRONG + up, 1),
        wells("Ünïcode Säure 5", STRONG - up, 2),
        wells("Ünïcode Säure 5", WEAK + up, 1, addon="Added"),
        wells("Ünïcode Säure 5", WEAK - up, 2, addon="Added"),
        wells("weak", WEAK + up),
        wells("single", STRONG).iloc[[3]],
        wells("never read", STRONG).assign(percent=np.nan),
        wells("DMSO", STRONG).assign(well_type="negative"),
        wells("zero", STRONG).assign(conc_nm=0.0),
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def scored():
    return score_table(screen(), ScoreSettings(bootstrap=40))


def row(frame: pd.DataFrame, drug: str, replicate: str = "pooled", addon: str = "") -> pd.Series:
    return frame.set_index(["drug", "addon", "replicate"]).sort_index().loc[(drug, addon, replicate)]


def test_every_drug_has_rows_pooled_and_per_replicate(scored):
    names = scored.score[KEY].agg("|".join, axis=1).tolist()
    assert names == scored.curve[KEY].agg("|".join, axis=1).tolist() and len(set(names)) == len(names)
    assert set(names) == {
        *(f"Ünïcode Säure 5|{addon}|{r}" for addon in ("", "Added") for r in ("pooled", "1", "2")),
        *(f"{drug}||{r}" for drug in ("weak", "single", "never read", "zero") for r in ("pooled", "1")),
    }
    assert row(scored.score, "Ünïcode Säure 5")["n_wells"] == 10
    assert row(scored.score, "Ünïcode Säure 5", "2")["n_wells"] == 5


def test_scores_say_what_the_curves_do(scored):
    strong, weak = row(scored.score, "Ünïcode Säure 5"), row(scored.score, "weak")
    assert strong["hit"] and not weak["hit"] and strong["dss_asym"] > 25 > 5 > weak["dss_asym"]
    assert strong["dss_lower"] <= strong["dss_asym"] <= strong["dss_upper"]
    assert strong["ic50_nm"] == pytest.approx(10 ** (1 + np.log10(0.5 / 0.4) / 1.5), rel=0.15)
    assert strong["doses_nm"] == pytest.approx(DOSES) and strong["inhibition"] == pytest.approx(100 * STRONG, abs=3)
    assert strong["dss1"] > strong["dss2"] > 0 and strong["dss3"] > 0
    assert strong["dss_asym_adjusted"] == pytest.approx(
        strong["dss_asym"] * row(scored.curve, "Ünïcode Säure 5")["gof"]
    )
    assert row(scored.curve, "Ünïcode Säure 5")["p_value"] < 0.001


def test_dss1_is_that_of_a_curve_from_zero_to_at_most_one_hundred(scored):
    """A steep rise to 140 % counts as one to 100 %."""
    found = score_table(wells("high", sigmoid(X, 1.4, 1, 2)), QUICK).score
    assert row(found, "high")["imax"] == 110 and 0 < row(found, "high")["dss1"] <= 100


def test_a_combination_is_compared_with_the_drug_alone(scored):
    together, alone = row(scored.score, "Ünïcode Säure 5", addon="Added"), row(scored.score, "Ünïcode Säure 5")
    assert together["dcdss"] == pytest.approx(together["dss_asym"] - alone["dss_asym"]) and together["dcdss"] < -20
    assert np.isnan(alone["dcdss"])


def test_what_cannot_be_fitted_has_rows_and_reasons(scored):
    assert row(scored.curve, "single")["reason"] == "one dose only (1000 nM); a curve needs at least two"
    for drug in ("never read", "zero"):
        assert row(scored.curve, drug)["reason"] == "no well with a dose and a viability"
        assert row(scored.score, drug)["n_wells"] == 0 and not row(scored.score, drug)["hit"]
    assert pd.isna(row(scored.curve, "single")["n_parameters"]) and row(scored.score, "single")["inhibition"] is None
    assert pd.isna(row(scored.curve, "weak")["reason"])


def test_selective_scores_against_references():
    references = pd.DataFrame({"drug": ["weak", "weak", "other"], "dss_asym": [1.0, 3.0, 40.0]})
    found = score_table(screen(), QUICK, references).score
    weak = row(found, "weak")
    assert weak["sdss"] == pytest.approx(weak["dss_asym"] - 2) and np.isfinite([weak["zdss"], weak["rdss"]]).all()
    assert np.isnan(row(found, "Ünïcode Säure 5")["sdss"])


def test_settings_reach_the_scores():
    none = score_table(screen(), ScoreSettings(activity_threshold="none", bootstrap=0)).score
    assert row(none, "weak")["dss_asym"] > row(score_table(screen(), QUICK).score, "weak")["dss_asym"]
    assert set(score_table(screen(), ScoreSettings(parameters=3, bootstrap=0)).curve["n_parameters"].dropna()) == {3}
    assert none["dss_lower"].isna().all()


def test_rows_fit_the_tables_of_the_store(scored, tmp_path):
    """A column that a table lacks, or a kind of value that it cannot hold, is refused by DuckDB."""
    db = Database(tmp_path / "store.duckdb")
    with db.write() as connection:
        for table, frame in zip(("curve", "score"), scored, strict=True):
            connection.register("rows", frame.assign(screen="S", modality="mos", job_id="j"))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
            connection.unregister("rows")
    kept = db.query("SELECT * FROM score WHERE drug = 'weak' AND replicate = 'pooled'").iloc[0]
    assert list(kept["doses_nm"]) == pytest.approx(DOSES) and pd.isna(kept["dcdss"])
    assert len(db.query("SELECT 1 FROM curve WHERE reason IS NOT NULL")) == 6


def test_tables_that_cannot_be_scored():
    with pytest.raises(InputError, match="lacks percent: scoring needs"):
        score_table(screen().drop(columns="percent"), QUICK)
    with pytest.raises(InputError, match="No well holds a drug"):
        score_table(screen().assign(well_type="negative"), QUICK)
