"""What a model gains over a baseline in every cancer type."""

from pathlib import Path

import pandas as pd
import pytest
from small_store import insert

from engine.response.type_records import type_gains
from engine.store.database import Database

RUN = "run-1"
# (line, drug, observed, model, baseline): types X (lines 1 to 6) and Y (line 7); line 8 has no type.
X = [(line, drug, float(line + drug), line + drug + 0.5, line + drug + 1.0) for line in range(1, 7) for drug in (1, 2)]
Y = [(7, drug, float(drug), 0.0, float(drug)) for drug in (1, 2, 3)]
UNTYPED = [(8, 1, 1.0, 1.0, 1.0)]
BROKEN = [(6, 3, 9.0, float("-inf"), 9.0), (6, 4, 9.0, 9.0, float("inf"))]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Database:
    rows = pd.DataFrame(X + Y + UNTYPED + BROKEN, columns=["cosmic_id", "drug_id", "observed", "ensemble", "drug_mean"])
    predictions = rows.melt(["cosmic_id", "drug_id", "observed"], var_name="model", value_name="mean")
    alone = pd.DataFrame([(1, 5, 1.0, "ensemble", 9.0)], columns=["cosmic_id", "drug_id", "observed", "model", "mean"])
    tables = {
        "cell_line": pd.DataFrame({"cosmic_id": range(1, 9), "cancer_type": ["X"] * 6 + ["Y", None]}).assign(
            name="line", source_id="l"
        ),
        # Drugs 1 and 2 are salts of one compound.
        "drug": pd.DataFrame({"drug_id": [1, 2, 3], "inchikey": ["AAA-BBB-N", "AAA-CCC-N", None]}).assign(
            name="drug", source_id="d"
        ),
        "prediction": pd.concat([predictions, alone]).assign(run_id=RUN, fold=0),
    }
    db = Database(Path(tmp_path_factory.mktemp("types")) / "store.duckdb")
    insert(db, **tables)
    return db


def test_r2_of_both_and_their_difference(db: Database):
    gain = type_gains(db, RUN, "pairs", "ensemble", "drug_mean")["X"]
    assert (gain.pairs, gain.lines, gain.clusters) == (12, 6, "cell lines")
    # Sums 2..8, each line twice: squares around the mean 5 are 2 * 17.5 + 12 * 0.25.
    assert gain.r2.value == pytest.approx(1 - 12 * 0.25 / 38)
    assert gain.baseline_r2.value == pytest.approx(1 - 12 / 38)
    assert gain.gain.value == pytest.approx(9 / 38)
    assert gain.gain.lower is not None and 0 < gain.gain.lower < 9 / 38 < gain.gain.upper
    assert gain.verdict == "better"


def test_the_other_way_round_it_does_worse(db: Database):
    gain = type_gains(db, RUN, "pairs", "drug_mean", "ensemble")["X"]
    assert gain.gain.value == pytest.approx(-9 / 38)
    assert gain.verdict == "worse"


def test_a_type_of_one_line_has_no_interval(db: Database):
    gain = type_gains(db, RUN, "pairs", "ensemble", "drug_mean")["Y"]
    assert (gain.r2.value, gain.baseline_r2.value) == (pytest.approx(1 - 14 / 2), 1.0)
    assert gain.gain.lower is None and gain.verdict == "open"


def test_only_finite_pairs_that_both_predict_count_and_lines_without_a_type_do_not(db: Database):
    found = type_gains(db, RUN, "pairs", "ensemble", "drug_mean")
    assert {name: gain.pairs for name, gain in found.items()} == {"X": 12, "Y": 3}


def test_where_drugs_are_left_out_structures_are_drawn(db: Database):
    gain = type_gains(db, RUN, "drug", "ensemble", "drug_mean")["X"]
    assert (gain.clusters, gain.lines, gain.pairs) == ("structures", 6, 12)
    assert gain.gain.lower is None  # one structure


def test_one_type_alone_is_the_same(db: Database):
    every = type_gains(db, RUN, "pairs", "ensemble", "drug_mean")
    assert type_gains(db, RUN, "pairs", "ensemble", "drug_mean", only="X") == {"X": every["X"]}
    assert type_gains(db, RUN, "pairs", "ensemble", "drug_mean", only="nobody") == {}
    assert type_gains(db, "nobody", "pairs", "ensemble", "drug_mean") == {}
