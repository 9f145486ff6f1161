"""A run against another study, on a store small enough to reckon by hand."""

import json
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_store import insert

from engine.errors import InputError, StoreError
from engine.learn.metrics import pair_scores
from engine.response.cross_study import CrossStudy, cross_study, measured_twice, other_datasets
from engine.response.records import run_summary
from engine.store.database import Database

RUN = "run-1"
LINES = range(1, 7)
A = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
MODEL = [0.5, 0.5, 2.5, 2.5, 4.5, 4.5]  # off by half a unit, up and down
STRUCTURES = {  # 3 and 4 are one compound under two ids; 5 has no structure; 202 is another salt of 2
    1: "AAAAAAAAAAAAAA-UHFFFAOYSA-N",
    2: "BBBBBBBBBBBBBB-UHFFFAOYSA-N",
    3: "CCCCCCCCCCCCCC-UHFFFAOYSA-N",
    4: "CCCCCCCCCCCCCC-UHFFFAOYSA-N",
    5: None,
    202: "BBBBBBBBBBBBBB-ZZZZZZZZZZ-N",
    203: "CCCCCCCCCCCCCC-UHFFFAOYSA-N",
    299: "DDDDDDDDDDDDDD-UHFFFAOYSA-N",
}


def responses(dataset: str, drug_id: int, values: list[float], lines=LINES) -> pd.DataFrame:
    frame = pd.DataFrame({"cosmic_id": lines, "ln_ic50": values})
    return frame.assign(dataset=dataset, drug_id=drug_id, n_measured=1, source_id=dataset)


def predictions(model: str, drug_id: int, values: list[float], lines=LINES) -> pd.DataFrame:
    frame = pd.DataFrame({"cosmic_id": lines, "mean": values, "observed": A[: len(values)]})
    return frame.assign(run_id=RUN, model=model, drug_id=drug_id, fold=0)


def store(folder: Path, other: list[pd.DataFrame], predicted: list[pd.DataFrame] | None = None) -> Database:
    """A run of drug 1 on A unless `predicted` says otherwise, and the rows of the other study."""
    if predicted is None:
        predicted = [predictions("ensemble", 1, MODEL), predictions("mean_effects", 1, [2.5] * 6)]
    pairs = pd.concat(predicted)
    own = [
        responses("A", drug, A[: len(rows)]) for drug, rows in pairs[pairs["model"] == "ensemble"].groupby("drug_id")
    ]
    tables = {
        "cell_line": pd.DataFrame({"cosmic_id": LINES, "name": list("uvwxyz")}).assign(
            cancer_type="SKCM", source_id="l"
        ),
        "drug": pd.DataFrame(STRUCTURES.items(), columns=["drug_id", "inchikey"]).assign(
            name=lambda rows: "drug " + rows["drug_id"].astype(str), source_id="d"
        ),
        "response": pd.concat([*own, *other]),
        "source": pd.DataFrame([source(name) for name in ("A", "B")]),
        "run": pd.DataFrame([run(len(pairs) // pairs["model"].nunique())]),
        "prediction": pairs,
        "metric": pd.DataFrame(
            [
                {"run_id": RUN, "model": model, "scope": "all", "key": "", "name": "r2", "value": value, "n": 6}
                for model, value in (("ensemble", 0.9), ("mean_effects", 0.0))
                if model in set(pairs["model"])
            ]
        ),
    }
    db = Database(folder / "store.duckdb")
    insert(db, **tables)
    return db


def source(name: str) -> dict:
    return {
        **{"source_id": name, "kind": "responses", "file_name": name, "file_format": "", "sha256": "", "bytes": 1},
        **{"rows_read": 1, "rows_kept": 1, "receipt": "{}", "imported_at": datetime(2026, 1, 1), "job_id": "j"},
        "simulated": False,
    }


def run(n_test: int) -> dict:
    return {
        **{"run_id": RUN, "task": "train_response", "created_at": datetime(2026, 1, 2), "split": "pairs", "seed": 0},
        **{"config": json.dumps({"dataset": "A"}), "data_hash": "0", "device": "cpu", "minutes": 1.0},
        **{"peak_memory_mib": 1.0, "n_train": 9, "n_validation": 3, "n_test": n_test, "curves": "{}"},
        "simulated": False,
    }


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> CrossStudy:
    """B is A plus one."""
    return cross_study(store(tmp_path_factory.mktemp("shifted"), [responses("B", 1, [a + 1 for a in A])]), RUN, "B")


def test_measurement_against_measurement_comes_first(shifted: CrossStudy):
    assert (shifted.pairs, shifted.lines, shifted.drugs, shifted.held_out) == (6, 6, 1, 6)
    assert [(row.series, row.against) for row in shifted.agreements] == [
        ("B", "A"), ("ensemble", "A"), ("mean_effects", "A"), ("A", "B"), ("ensemble", "B"), ("mean_effects", "B"),
    ]  # fmt: skip
    found = shifted.agreements[0]
    assert found.r2.value == pytest.approx(1 - 6 / 17.5)  # every error is 1; the squares around 2.5 sum to 17.5
    assert found.rmse.value == pytest.approx(1.0)
    assert found.pearson.value == found.spearman.value == pytest.approx(1.0)
    assert (found.shift.value, found.shift.lower, found.shift.upper) == pytest.approx((1.0, 1.0, 1.0))


def test_model_and_baseline_meet_both_measurements(shifted: CrossStudy):
    own, other = shifted.agreement("ensemble", "A"), shifted.agreement("ensemble", "B")
    assert own.r2.value == pytest.approx(1 - 6 * 0.25 / 17.5)
    assert other.r2.value == pytest.approx(1 - (3 * 0.25 + 3 * 2.25) / 17.5)
    assert other.shift.value == pytest.approx(-1.0)
    assert own.spearman.value == pytest.approx(16 / math.sqrt(16 * 17.5))  # ranks 1.5 1.5 3.5 3.5 5.5 5.5
    naive = shifted.agreement("mean_effects", "B")
    assert naive.r2.value == pytest.approx(1 - (17.5 + 6) / 17.5)
    assert naive.pearson.value is None and naive.spearman.value is None  # constant
    assert shifted.gain["A"].value == pytest.approx(1 - 1.5 / 17.5)
    assert shifted.gain["B"].value == pytest.approx((23.5 - 7.5) / 17.5)


def test_intervals_are_those_of_a_bootstrap_over_lines(tmp_path: Path):
    noise = np.random.default_rng(0).normal(0, 1, 6)
    b = [a + e for a, e in zip(A, noise, strict=True)]
    found = cross_study(store(tmp_path, [responses("B", 1, b)]), RUN, "B").agreements[0]
    expected = {score.name: score for score in pair_scores(np.array(A), np.array(b), np.arange(6))}
    for name in ("r2", "rmse", "pearson"):
        mine = getattr(found, name)
        assert (mine.value, mine.lower, mine.upper) == pytest.approx(expected[name][1:4]), name


def test_drugs_match_by_id_and_else_by_a_structure_that_is_one_on_either_side(tmp_path: Path):
    mine = [predictions(m, drug, MODEL) for drug in range(1, 6) for m in ("ensemble", "mean_effects")]
    theirs = [responses("B", drug, A) for drug in (1, 202, 203, 299)]
    db = store(tmp_path, theirs, mine)
    found = cross_study(db, RUN, "B")
    matched = found.matched
    assert (matched.by_id, matched.by_structure, matched.ambiguous, matched.unmatched) == (1, 1, 2, 1)
    assert matched.words() == (
        "Drugs matched: 1 by id, 1 by structure under another id. "
        "Left out: 1 not in the other study, 2 whose structure stands under several ids."
    )
    assert (found.pairs, found.drugs, found.held_out) == (12, 2, 30)
    assert sorted(measured_twice(db, RUN, "B")["drug"].unique()) == ["drug 1", "drug 2"]


def test_only_pairs_measured_in_both_are_compared(tmp_path: Path):
    db = store(tmp_path, [responses("B", 1, [7.0, 8.0], lines=[2, 5]), responses("B", 299, [0.0], lines=[1])])
    found = cross_study(db, RUN, "B")
    assert (found.pairs, found.lines) == (2, 2)
    assert found.agreements[0].r2.value is None  # two pairs
    assert found.notes[-1] == "Only 2 cell lines are common, too few for intervals."
    pairs = measured_twice(db, RUN, "B")
    assert pairs[["line", "a", "b"]].to_numpy().tolist() == [["v", 1.0, 7.0], ["y", 4.0, 8.0]]


def test_an_offset_is_told_with_its_factor(shifted: CrossStudy):
    assert shifted.notes == (
        "IC50 is 2.7 times higher in B than in A on average (+1.00 ln units). "
        "R² and RMSE against the other study carry that shift; correlations do not.",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a + math.log(1000), "+6.91 ln units from A, about what nM instead of µM makes"),
        (lambda a: a - math.log(1e6), "−13.82 ln units from A, about what M instead of µM makes"),
        (lambda a: a / math.log(10), "B spreads 0.43 times as wide as A, as log10 does instead of ln"),
    ],
)
def test_another_unit_is_recognised(tmp_path: Path, change, said):
    found = cross_study(store(tmp_path, [responses("B", 1, [change(a) for a in A])]), RUN, "B")
    assert any(said in note for note in found.notes)


def test_a_small_shift_needs_no_note(tmp_path: Path):
    assert cross_study(store(tmp_path, [responses("B", 1, [a + 0.2 for a in A])]), RUN, "B").notes == ()


def test_a_run_without_a_naive_baseline_and_a_baseline_as_the_model(tmp_path: Path):
    alone = store(tmp_path, [responses("B", 1, A)], [predictions("ensemble", 1, MODEL)])
    found = cross_study(alone, RUN, "B")
    assert found.naive is None and found.gain == {} and len(found.agreements) == 4


def test_a_run_without_an_ensemble_shows_its_first_model(tmp_path: Path):
    db = store(tmp_path, [responses("B", 1, A)])
    with db.write() as connection:
        for table in ("metric", "prediction"):
            connection.execute(f"DELETE FROM {table} WHERE model = 'ensemble'")
    assert cross_study(db, RUN, "B").model == "mean_effects"
    assert len(measured_twice(db, RUN, "B")) == 6
    with db.write() as connection:
        connection.execute("DELETE FROM metric")
    with pytest.raises(InputError, match="holds no measures of any model"):
        cross_study(db, RUN, "B")


def test_a_baseline_is_not_compared_with_itself(tmp_path: Path):
    found = cross_study(store(tmp_path, [responses("B", 1, A)]), RUN, "B", model="mean_effects")
    assert (found.model, found.naive) == ("mean_effects", None)


def test_it_is_ready_for_json_and_for_a_terminal(shifted: CrossStudy):
    document = json.loads(json.dumps(shifted.as_dict()))
    assert document["agreements"][0]["r2"]["value"] == pytest.approx(0.657143, abs=1e-6)
    assert document["matched"]["by_id"] == 1
    text = shifted.as_text()
    assert "6 of 6 held-out pairs of run run-1 (split pairs) were measured in A and in B: 6 lines and 1 drug." in text
    assert "R² of ensemble minus that of mean_effects, against B: 0.914" in text
    assert "not defined" in text


def test_what_cannot_be_compared_is_refused_with_the_reason(tmp_path: Path):
    db = store(tmp_path, [responses("B", 299, A)])
    with pytest.raises(StoreError, match="no run 'nobody'"):
        cross_study(db, "nobody", "B")
    with pytest.raises(InputError, match="no predictions of 'shallow'. Models: ensemble, mean_effects"):
        cross_study(db, RUN, "B", model="shallow")
    with pytest.raises(InputError, match="no dataset 'C' in the store. Datasets: A, B.*import responses FILE"):
        cross_study(db, RUN, "C")
    with pytest.raises(InputError, match="was trained on A itself: name another study. In the store: B."):
        cross_study(db, RUN, "A")
    with pytest.raises(InputError, match="No drug is common .* neither by id nor by structure"):
        cross_study(db, RUN, "B")
    assert other_datasets(db, run_summary(db, RUN)) == ["B"]


def test_without_a_common_line_or_pair_it_says_which(tmp_path: Path):
    (tmp_path / "lines").mkdir()
    with pytest.raises(InputError, match="No cell line is common"):
        cross_study(store(tmp_path / "lines", [responses("B", 1, [1.0], lines=[77])]), RUN, "B")
    other = [responses("B", 1, [1.0], lines=[77]), responses("B", 299, [1.0], lines=[1])]
    with pytest.raises(InputError, match="share 1 cell line and 1 drug, but no line was tested"):
        cross_study(store(tmp_path, other), RUN, "B")
