"""`repurpose` on a small store with a screen of four molecules on 40 lines of five types."""

import json

import numpy as np
import pandas as pd
import pytest
from small_store import FIRST_LINE, LINES, RUN, insert

from engine.__main__ import main
from engine.settings import store_path
from engine.store.database import Database

# Sensitive lines of the eight in each of TYPES (BRCA, COAD/READ, GBM, LUAD, SKCM).
SENSITIVE = {"Poison": [8] * 5, "Gout drug": [0, 0, 0, 0, 4], "Approved": [0, 0, 0, 3, 0], "Idle": [0] * 5}


@pytest.fixture
def screened_home(filled_home):
    library = pd.DataFrame(
        {
            "library": "mine",
            "molecule_id": [f"{'ABCD'[i] * 14}-UHFFFAOYSA-N" for i in range(4)],
            "name": list(SENSITIVE),
            "smiles": "C",
            "drug_class": ["unknown", "non-oncology", "oncology", "oncology"],
            "cancer_types": ["", "", "LUAD|SKCM", ""],
            "source_id": "lines",
        }
    )
    means = []
    for counts in SENSITIVE.values():  # line i is of type i % 5
        means.append(np.array([-3.0 if i // 5 < counts[i % 5] else 2.0 for i in range(LINES)], np.float32))
    predictions = library[["molecule_id"]].assign(
        screen_id="screen-1",
        mean=means,
        spread=[np.full(LINES, 0.1, np.float32)] * 4,
        nearest_drug_id=1,
        similarity=0.4,
    )
    screen = pd.DataFrame(
        [
            {
                "screen_id": "screen-1",
                "library": "mine",
                "run_id": RUN,
                "networks": "master, tanh",
                "created_at": pd.Timestamp("2026-11-22"),
                "cosmic_ids": [FIRST_LINE + i for i in range(LINES)],
                "n_molecules": 4,
                "n_lines": LINES,
                "seconds": 1.0,
                "peak_memory_mib": 200.0,
                "quantile": 2.0,
                "floor": 0.1,
                "interval_split": "drug",
                "simulated": True,
            }
        ]
    )
    insert(Database(store_path()), library=library, library_screen=screen, library_prediction=predictions)
    return filled_home


def answer(capsys, *options):
    assert main(["repurpose", "--library", "mine", "--min-lines", "8", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_hits_counts_thresholds_and_controls(screened_home, capsys):
    told = answer(capsys)
    assert (told["library"], told["run"], told["screen"]["screen_id"]) == ("mine", RUN, "screen-1")
    assert [hit["name"] for hit in told["hits"]] == ["Gout drug", "Poison"]
    hit = told["hits"][0]
    assert (hit["new_types"], hit["best_share"], hit["n_sure"], hit["cytotoxic"]) == ("SKCM", 0.5, 1, False)
    assert (hit["nearest_drug"], hit["similarity"], hit["inside"]) == ("Erlotinib", 0.4, None)
    assert told["counts"]["oncology"]["any_type"] == {"count": 1, "published": None}
    assert told["counts"]["oncology"]["hits"] == {"count": 0, "published": 23}
    assert told["counts"]["non-oncology"]["left"] == {"count": 1, "published": 23}
    assert told["counts"]["unknown"]["cytotoxic"] == {"count": 1, "published": None}
    assert told["oncology_without_approved_type"] == 1 and told["simulated"]
    rule = told["controls"]["table"][0]
    assert (rule["group"], rule["criterion"], rule["controls"], rule["recovered"]) == ("all", "rule", 2, 1)
    assert rule["expected"] == 0.4 and rule["naive"] in (0, 1)
    assert told["selectivity"]["relative_to"] == "relative to the 4 molecules of this library"
    assert told["thresholds"] == {
        "sensitive_below": -2.0,
        "type_share": 0.1,
        "more_than": True,
        "cytotoxic_share": 0.9,
        "min_lines": 8,
    }


def test_every_threshold_has_its_option(screened_home, capsys):
    """Half of the lines of SKCM are sensitive to the gout drug: exactly the share asked for."""
    assert [hit["name"] for hit in answer(capsys, "--type-share", "0.5")["hits"]] == ["Poison"]
    at_least = answer(capsys, "--type-share", "0.5", "--at-least")
    assert [hit["name"] for hit in at_least["hits"]] == ["Gout drug", "Poison"]
    assert not answer(capsys, "--cytotoxic-share", "1")["hits"][1]["cytotoxic"]
    assert answer(capsys, "--sensitive-below", "-3")["hits"] == []


def test_the_text_says_what_it_rests_on(screened_home, capsys):
    assert main(["repurpose", "--library", "mine", "--min-lines", "8"]) == 0
    text = capsys.readouterr().out
    assert "mine: 4 molecules x 40 lines of 5 cancer types" in text and "simulated data" in text
    assert "non-oncology, published" in text and "Gout drug" in text and "1,385" in text
    assert "1 oncology molecule has no approved type among these" in text
    assert "Known indications: of 2 approved indications of 1 oncology drug, the rule finds 1 again (50 %)" in text


def ranked(capsys, *options):
    return answer(capsys, "--all", "--type", "SKCM", *options)


def test_every_molecule_is_ranked_for_a_type(screened_home, capsys):
    """Medians in SKCM, 8 lines: all of the poison's, half of the gout drug's, none of the others' are sensitive."""
    told = ranked(capsys)
    assert [one["name"] for one in told["molecules"]] == ["Poison", "Gout drug", "Approved", "Idle"]
    gout = told["molecules"][1]
    assert (gout["ln_ic50"], gout["share"], gout["nearest_drug"]) == (-0.5, 0.5, "Erlotinib")
    assert (gout["similarity"], gout["novelty"], gout["inside"]) == (0.4, pytest.approx(0.6), None)
    assert gout["q"] < 0.05 and told["molecules"][0]["q"] == 1.0
    assert (told["cancer_type"], told["lines"], told["run"]) == ("SKCM", 8, RUN)
    assert told["selectivity"] == "relative to the 4 molecules of this library"
    assert "fewer than 100" in told["warning"] and told["selectivity_sd_ln_um"] > 0
    selective = ranked(capsys, "--sort", "selectivity")["molecules"]
    assert selective[0]["name"] == "Gout drug" and selective[0]["selectivity"] < -1
    numbers = [one["selectivity"] for one in selective]
    assert numbers == sorted(numbers)


def test_the_ranking_is_written_as_a_file_that_says_how_it_was_made(screened_home, capsys, tmp_path):
    for name in ("ranked.csv", "ranked.xlsx"):
        assert ranked(capsys, "--out", str(tmp_path / name))["out"] == str(tmp_path / name)
    flat = pd.read_csv(tmp_path / "ranked.csv")
    assert list(flat["name"]) == ["Poison", "Gout drug", "Approved", "Idle"] and set(flat["cancer_type"]) == {"SKCM"}
    book = pd.read_excel(tmp_path / "ranked.xlsx", sheet_name=None)
    assert list(book["Tumorcast"]["name"]) == list(flat["name"])
    about = book["About"].set_index("What")["Value"]
    assert (about["run"], about["lines"], about["sorted_by"]) == (RUN, 8, "potency")
    assert main(["repurpose", "--library", "mine", "--min-lines", "8", "--all", "--type", "SKCM"]) == 0
    text = capsys.readouterr().out
    assert "mine for SKCM: 4 molecules by potency, median of 8 lines" in text
    assert "Selectivity is relative to the 4 molecules of this library, one sd is" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--all"], "--all needs a cancer type of this screen with enough lines: --type BRCA"),
        (["--all", "--type", "XYZ"], "'XYZ' is no cancer type of this screen with enough lines"),
        (["--all", "--type", "SKCM", "--out", "table.txt"], "table.txt is neither .csv nor .xlsx"),
        (["--all", "--type", "SKCM", "--out", "no/such/folder/a.csv"], "a.csv could not be written"),
        (["--type", "SKCM"], "--type, --sort and --out belong to --all"),
    ],
)
def test_a_ranking_that_cannot_be_made_is_said(screened_home, capsys, options, said):
    assert main(["repurpose", "--library", "mine", "--min-lines", "8", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--library", "none"], "no library 'none' in the store. Libraries: approved, mine"),
        (["--library", "mine", "--run", "x"], f"not screened with the run 'x'. Screened with: {RUN}"),
        (["--library", "mine", "--type-share", "10"], "a share lies between 0 and 1"),
        (["--library", "mine"], "No cancer type of the screen screen-1 has 10 lines"),
    ],
)
def test_what_cannot_be_done_is_said(screened_home, capsys, options, said):
    assert main(["repurpose", *options]) == 2
    assert said in capsys.readouterr().err
