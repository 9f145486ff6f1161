import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet
from sklearn.preprocessing import normalize
from sklearn.svm import SVR

from engine.chem.fingerprints import FingerprintSettings
from engine.errors import InputError, TrainingError
from engine.learn.splits import TEST, TRAIN, UNUSED, VALIDATION
from engine.response import baselines, reduced
from engine.response.baselines import predict_baseline
from engine.response.cohort import Cohort
from engine.response.fingerprint import Vocabulary
from engine.response.known import Known
from engine.response.settings import BASELINE_DESCRIPTIONS, BASELINES, LEARNED, NAIVE

LINES, DRUGS = 60, 6
GENES = ("ABL1", "BRAF", "EGFR", "KRAS", "TP53")


def cohort_of(ln_ic50):
    """60 lines of two types with every drug; positions of five genes at random. ln_ic50: (60, 6)."""
    rng = np.random.default_rng(0)
    line, drug = np.divmod(np.arange(LINES * DRUGS), DRUGS)
    return Cohort(
        lines=pd.DataFrame({"cosmic_id": range(LINES), "cancer_type": np.repeat(["LUAD", "SKCM"], LINES // 2)}),
        drugs=pd.DataFrame({"drug_id": range(DRUGS)}),
        vocabulary=Vocabulary(tuple(f"{gene}:{i}" for gene in GENES for i in range(1, 5))),
        fingerprint=FingerprintSettings(),
        genomes=csr_matrix((rng.random((LINES, 20)) < 0.15).astype(np.uint8)),
        drug_bits=(rng.random((DRUGS, 64)) < 0.3).astype(np.uint8),
        line=line,
        drug=drug,
        ln_ic50=np.asarray(ln_ic50, float).ravel(),
    )


def planted():
    """Drugs differ; lines with a mutation of BRAF respond to drug 2, lines of SKCM to drug 3."""
    cohort = cohort_of(np.zeros((LINES, DRUGS)))
    value = cohort.drug + np.random.default_rng(1).normal(0, 0.3, len(cohort.drug))
    mutated = np.asarray(cohort.genomes[:, 4:8].sum(axis=1)).ravel() > 0
    value -= 4 * ((cohort.drug == 2) & mutated[cohort.line])
    value -= 3 * ((cohort.drug == 3) & (cohort.cancer_type == "SKCM"))
    return cohort_of(value)


def even_lines_higher():
    """ln(IC50) is twice the drug's number, plus 1 for lines of an even number, minus 1 for the others."""
    return cohort_of(2.0 * np.arange(DRUGS) + np.where(np.arange(LINES) % 2 == 0, 1, -1)[:, None])


def parts(cohort, split):
    """A fold of every split: what is held out, validation before test."""
    line, drug = cohort.line, cohort.drug
    part = np.full(len(line), TRAIN, np.int8)
    if split == "pairs":
        part[:] = np.random.default_rng(2).permutation(np.arange(len(line)) % 10 // 8 * (1 + np.arange(len(line)) % 2))
    elif split == "cell_line":
        part[line % 10 < 4] = VALIDATION
        part[line % 10 < 2] = TEST
    elif split == "cancer_type":
        part[(line % 10 < 2)] = VALIDATION
        part[cohort.cancer_type == "SKCM"] = TEST
    elif split == "drug":
        part[drug == 4] = VALIDATION
        part[drug == 5] = TEST
    else:
        part[(line % 10 < 2) | (drug > 3)] = UNUSED
        part[(line % 10 == 0) & (drug == 4)] = VALIDATION
        part[(line % 10 == 1) & (drug == 5)] = TEST
    assert set(part) >= {TRAIN, VALIDATION, TEST}
    return part


SPLITS = ("pairs", "cell_line", "cancer_type", "drug", "both")


def held_out(cohort, part, name, seed=0):
    rows = np.flatnonzero(part == TEST)
    return predict_baseline(name, cohort, part, rows, seed), rows


@pytest.mark.parametrize("name", BASELINES)
def test_hidden_values_change_nothing(name):
    cohort = planted()
    for split in SPLITS:
        part = parts(cohort, split)
        values, _ = held_out(cohort, part, name)
        hidden = np.isin(part, (TEST, UNUSED))
        changed, _ = held_out(cohort_of(cohort.ln_ic50 + 1000 * hidden), part, name)
        assert np.isfinite(values).all()
        assert values.tobytes() == changed.tobytes(), split


@pytest.mark.parametrize("name", LEARNED)
def test_progress_ends_at_one(name):
    cohort, shares = planted(), []
    part = parts(cohort, "pairs")
    predict_baseline(name, cohort, part, np.flatnonzero(part == TEST), 0, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.parametrize("name", LEARNED)
def test_learned_baselines_find_what_was_planted(name):
    """Unseen lines: what the drugs' means leave over is the effect of a type and of a gene."""
    cohort = planted()
    part = parts(cohort, "cell_line")
    error = {}
    for model in (name, "drug_mean"):
        values, rows = held_out(cohort, part, model)
        error[model] = np.mean((values - cohort.ln_ic50[rows]) ** 2)
    assert error["drug_mean"] > 0.9
    assert error[name] < 0.7 * error["drug_mean"]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        # Drugs 0 to 3 train: their mean is 3, and a line of an even number lies 1 above it.
        ("drug", {"drug_mean": 3, "type_drug_mean": 3, "line_mean": (4, 2), "mean_effects": (4, 2)}),
        # An unknown line: the mean of drug 5 is 10, of all drugs 5.
        ("cell_line", {"drug_mean": 10, "type_drug_mean": 10, "line_mean": 5, "mean_effects": 10}),
        ("cancer_type", {"drug_mean": 10, "type_drug_mean": 10, "line_mean": 5, "mean_effects": 10}),
        ("both", dict.fromkeys(NAIVE, 3) | {"nearest_lines": 3, "elastic_net": 3}),
    ],
)
def test_what_was_never_seen_gets_the_mean_of_what_was(split, expected):
    cohort = even_lines_higher()
    part = parts(cohort, split)
    if split == "drug":
        expected = expected | {"nearest_lines": (4, 2), "elastic_net": (4, 2)}
    for name, value in expected.items():
        values, rows = held_out(cohort, part, name)
        even, odd = value if isinstance(value, tuple) else (value, value)
        of_drug = cohort.drug[rows] == 5
        of_even = cohort.line[rows[of_drug]] % 2 == 0
        np.testing.assert_allclose(values[of_drug], np.where(of_even, even, odd), atol=1e-5, err_msg=name)


def test_a_drug_with_few_pairs_stays_at_its_mean():
    cohort = planted()
    part = parts(cohort, "cell_line")
    few = np.flatnonzero((part == TRAIN) & (cohort.drug == 2))[baselines.FEWEST_PAIRS - 1 :]
    part[few] = UNUSED
    values, rows = held_out(cohort, part, "elastic_net")
    mean = cohort.ln_ic50[(part == TRAIN) & (cohort.drug == 2)].mean()
    np.testing.assert_allclose(values[cohort.drug[rows] == 2], mean)


def test_lines_of_the_same_type_are_nearer_and_no_line_is_its_own_neighbour():
    cohort = planted()
    part = parts(cohort, "cell_line")
    similarity = baselines._similarity(Known(cohort, part))
    assert (similarity.diagonal() == 0).all()
    assert (similarity[:, 0] == 0).all()  # tested, so nobody's neighbour
    first, second = cohort.genomes[4].toarray()[0] > 0, cohort.genomes[5].toarray()[0] > 0
    assert similarity[4, 5] == pytest.approx(1 + (first & second).sum() / (first | second).sum())
    assert similarity[4, 34] <= 1  # of the other type


def test_linear_path_is_the_elastic_net_of_every_penalty():
    rng = np.random.default_rng(3)
    features, rows = (rng.random((50, 8)) < 0.4).astype(float), np.arange(10, 50)
    target = features[rows, 2] - 2 * features[rows, 5] + rng.normal(0, 0.1, 40)
    path = baselines._linear_path(features, rows, target)
    centred = features[rows] - features[rows].mean(axis=0)
    largest = np.abs(centred.T @ (target - target.mean())).max() / (40 * 0.5)
    for s, share in enumerate(baselines.PENALTIES):
        model = ElasticNet(alpha=share * largest, l1_ratio=0.5, tol=1e-8).fit(features[rows], target)
        np.testing.assert_allclose(path[:, s], model.predict(features), atol=0.02)


def test_svm_predicts_what_scikit_learn_predicts_pair_by_pair(monkeypatch):
    monkeypatch.setattr(reduced, "CHOICES", ((0.7, 2.0),))
    cohort = planted()
    part = parts(cohort, "pairs")
    known = Known(cohort, part)
    genomes = reduced._components(normalize(cohort.genomes.astype(float)), known.lines, 30, 0)
    of_line = 0.3 * reduced._scaled(np.hstack([genomes, known.types()]), known.lines)
    bits = csr_matrix(cohort.drug_bits, dtype=float)
    of_drug = reduced._scaled(reduced._components(bits, known.drugs, 60, 0), known.drugs)
    x = np.hstack([of_line[cohort.line], of_drug[cohort.drug]])
    train = np.random.default_rng(0).permutation(np.flatnonzero(part == TRAIN))
    mean, spread = cohort.ln_ic50[train].mean(), cohort.ln_ic50[train].std()
    fit = SVR(gamma=0.7, C=2.0, epsilon=0.1, tol=1e-2).fit(x[train], (cohort.ln_ic50[train] - mean) / spread)
    values, rows = held_out(cohort, part, "svm")
    np.testing.assert_allclose(values, mean + spread * fit.predict(x[rows]), atol=1e-8)


def test_every_baseline_says_what_it_knows():
    assert tuple(BASELINE_DESCRIPTIONS) == BASELINES


def test_unknown_baseline():
    cohort = planted()
    with pytest.raises(InputError, match="Unknown baseline 'xgboost'. Choose from drug_mean"):
        predict_baseline("xgboost", cohort, parts(cohort, "pairs"), np.arange(3), 0)


@pytest.mark.parametrize(("code", "what"), [(TRAIN, "training"), (VALIDATION, "validation")])
def test_a_part_without_pairs(code, what):
    cohort = planted()
    part = parts(cohort, "pairs")
    part[part == code] = UNUSED
    with pytest.raises(TrainingError, match=f"not one {what} pair"):
        predict_baseline("elastic_net", cohort, part, np.arange(3), 0)
