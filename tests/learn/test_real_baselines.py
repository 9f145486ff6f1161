"""Splits, naive baselines, metrics and intervals together on real tables, against the known numbers of such data."""

import numpy as np
import pandas as pd
import pytest

from engine.learn.baselines import fit_drug_mean, fit_mean_effects, fit_type_drug_mean
from engine.learn.conformal import calibrate
from engine.learn.metrics import coverage, pair_scores, within_group_r
from engine.learn.splits import TEST, TRAIN, VALIDATION, Units, cut

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def screen(real_data):
    """Pairs of labelled, mutated lines of types with ten lines or more and drugs with a structure."""
    tables = real_data / "response"
    lines = pd.read_csv(tables / "cell_lines.csv")
    mutated = pd.read_csv(tables / "CCLE_census_mutations.maf.gz", sep="\t", usecols=["COSMIC_ID"])["COSMIC_ID"]
    pairs = pd.read_csv(tables / "GDSC1_fitted_dose_response.csv.gz", usecols=["COSMIC_ID", "DRUG_ID", "LN_IC50"])
    pairs.columns = ["cosmic_id", "drug_id", "ln_ic50"]
    labelled = lines["tcga_label"].notna() & (lines["tcga_label"] != "UNABLE TO CLASSIFY")
    lines = lines[labelled & lines["cosmic_id"].isin(mutated) & lines["cosmic_id"].isin(pairs["cosmic_id"])]
    lines = lines[lines.groupby("tcga_label")["tcga_label"].transform("size") >= 10]
    drugs = pd.read_csv(tables / "drugs.csv").dropna(subset="smiles")
    pairs = pairs.merge(lines[["cosmic_id", "tcga_label"]]).merge(drugs[["drug_id", "inchikey"]])
    assert len(pairs) == 123_740
    return pairs


@pytest.fixture(scope="module", params=[("pairs", 1), ("pairs", 5), ("cell_line", 5)], ids=str)
def held_out(request, screen):
    """The split, the test pairs and, by baseline, their predictions and the calibrated lower and upper ends."""
    split, folds = request.param
    line, drug = pd.factorize(screen["cosmic_id"])[0], pd.factorize(screen["drug_id"])[0]
    structure = pd.factorize(screen["inchikey"].fillna(screen["drug_id"].astype(str)).str[:14])[0]
    label, value = screen["tcga_label"].to_numpy(str), screen["ln_ic50"].to_numpy()
    sizes = line.max() + 1, drug.max() + 1
    type_of_line = label[np.unique(line, return_index=True)[1]]
    tested = []
    for i, part in enumerate(cut(split, Units(line, label, drug, structure), folds, seed=0).parts):
        train = part == TRAIN
        seen = line[train], drug[train], value[train]
        fits = {
            "drug_mean": fit_drug_mean(*seen[1:], *sizes),
            "type_drug_mean": fit_type_drug_mean(*seen, type_of_line, sizes[1]),
            "mean_effects": fit_mean_effects(*seen, *sizes),
        }
        for name, fit in fits.items():
            predicted = fit.predict(line, drug)
            calibration = calibrate(value[part == VALIDATION], predicted[part == VALIDATION])
            lower, upper = calibration.interval(predicted)
            columns = {"model": name, "fold": i, "line": line, "drug": drug, "observed": value, "mean": predicted}
            tested.append(pd.DataFrame({**columns, "lower": lower, "upper": upper})[part == TEST])
    return split, {name: of_model for name, of_model in pd.concat(tested).groupby("model")}


def test_baselines_are_those_of_this_kind_of_data(held_out):
    """R2, and for whole unseen lines the mean effects that know no more than the drug; single cuts differ by 0.01."""
    split, models = held_out
    expected = {
        "pairs": {"drug_mean": 0.72, "type_drug_mean": 0.765, "mean_effects": 0.78},
        "cell_line": {"drug_mean": 0.72, "type_drug_mean": 0.76, "mean_effects": 0.72},
    }[split]
    for name, pairs in models.items():
        (r2,) = pair_scores(pairs["observed"], pairs["mean"], measures=("r2",))
        assert r2.value == pytest.approx(expected[name], abs=0.02), name


def test_correlation_within_drugs(held_out):
    """0.48 for mean effects on random pairs, 0.37 to 0.39 for type x drug; the drug's mean orders nothing."""
    split, models = held_out
    expected = {"drug_mean": 0.0, "type_drug_mean": 0.38, "mean_effects": 0.48 if split == "pairs" else 0.0}
    for name, pairs in models.items():
        r = within_group_r(pairs["observed"], pairs["mean"], pairs["drug"].to_numpy(), fold=pairs["fold"])
        assert r.value == pytest.approx(expected[name], abs=0.03), name


def test_intervals_cover_nine_in_ten(held_out):
    for name, pairs in held_out[1].items():
        covered, _ = coverage(pairs["observed"], pairs["lower"], pairs["upper"])
        assert 0.88 < covered.value < 0.92, name
