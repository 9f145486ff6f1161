"""The main job on real tables by the commands a person types: import, train, evaluate, predict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from engine.settings import REPOSITORY

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def engine(real_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """Runs `python -m engine ... --json` in a home that holds the four real tables."""
    home = tmp_path_factory.mktemp("real")

    def run(*arguments: object):
        command = [sys.executable, "-m", "engine", *map(str, arguments), "--json"]
        environment = {**os.environ, "TUMORCAST_HOME": str(home)}
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    tables = real_data / "response"
    run("import", "cell-lines", tables / "cell_lines.csv")
    run("import", "drugs", tables / "drugs.csv")
    run("import", "mutations", tables / "CCLE_census_mutations.maf.gz")
    run("import", "responses", tables / "GDSC1_fitted_dose_response.csv.gz")
    run("train", "response", "--networks", "master", "--split", "pairs", "--epochs", 1, "--seed", 1, "--wait")
    return run


def test_baselines_are_those_of_this_kind_of_data(engine):
    """0.72, 0.765 and 0.78: means over random draws on these tables, single draws differ by 0.01."""
    metrics = next(run["metrics"] for run in engine("runs") if run["split"] == "pairs")
    assert metrics["drug_mean"]["r2"] == pytest.approx(0.72, abs=0.02)
    assert metrics["type_drug_mean"]["r2"] == pytest.approx(0.765, abs=0.02)
    assert metrics["mean_effects"]["r2"] == pytest.approx(0.78, abs=0.02)
    assert metrics["mean_effects"]["within_drug_r"] == pytest.approx(0.48, abs=0.03)
    for model in ("master", "mean_effects"):
        assert 0.88 <= metrics[model]["coverage"] <= 0.92
    assert metrics["drug_mean"]["n"] == metrics["master"]["n"] == pytest.approx(0.05 * 121_928, abs=25)
    # One epoch does not reach the baselines; it has to be far from knowing nothing.
    assert 0.5 < metrics["master"]["r2"] < 0.8
    assert metrics["ensemble"] == metrics["master"]


def test_naive_baselines_on_unseen_lines(engine):
    """Means over random draws on these tables: drug mean 0.72, cancer type x drug 0.76, mean effects = drug mean."""
    naive = "drug_mean,line_mean,type_drug_mean,mean_effects"
    words = f"--networks none --baselines {naive} --split cell_line --folds 5 --seed 1 --wait"
    metrics = engine("train", "response", *words.split())["metrics"]
    assert metrics["drug_mean"]["r2"] == pytest.approx(0.72, abs=0.02)
    assert metrics["type_drug_mean"]["r2"] == pytest.approx(0.76, abs=0.02)
    assert metrics["mean_effects"]["r2"] == pytest.approx(metrics["drug_mean"]["r2"], abs=0.002)
    assert {found["n"] for found in metrics.values()} == {121_928}
    assert metrics["type_drug_mean"]["within_drug_r"] == pytest.approx(0.38, abs=0.03)


def test_predicts_lines_that_were_never_screened(engine, real_data, tmp_path):
    lines = pd.read_csv(real_data / "response/cell_lines.csv")
    mutated = pd.read_csv(real_data / "response/CCLE_census_mutations.maf.gz", sep="\t")["COSMIC_ID"].dropna()
    screened = pd.read_csv(real_data / "response/GDSC1_fitted_dose_response.csv.gz", usecols=["COSMIC_ID"])
    known = lines["cosmic_id"].isin(mutated.astype(int))
    unseen = lines.loc[known & ~lines["cosmic_id"].isin(screened["COSMIC_ID"]), "cosmic_id"].head(20)
    assert len(unseen) == 20
    pairs = unseen.to_frame().merge(pd.DataFrame({"drug_id": [1, 1047, 1373]}), how="cross")
    pairs.to_parquet(tmp_path / "pairs.parquet")
    run = next(run for run in engine("runs") if run["split"] == "pairs")
    arguments = ("--run", run["id"], "--pairs", tmp_path / "pairs.parquet", "--out", tmp_path / "out.csv")
    summary = engine("predict", "response", *arguments)
    out = pd.read_csv(tmp_path / "out.csv")
    assert summary["pairs"] == 60
    assert out[["cosmic_id", "drug_id"]].equals(pairs.reset_index(drop=True))
    assert out["ln_ic50_pred"].between(-8, 8).all() and out["ln_ic50_pred"].nunique() > 3
    assert (out["lower"] < out["ln_ic50_pred"]).all() and (out["ln_ic50_pred"] < out["upper"]).all()
    assert (out["line_similarity"] < 1).all() and (out["drug_similarity"] == 1).all()
