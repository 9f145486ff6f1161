"""The report of a run: one file that says everything, loads nothing and is not fooled by names."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from small_store import HONEST_RUN, RUN, build_store

from engine import __main__ as cli
from engine.errors import InputError, StoreError
from engine.figures.text import MISSING
from engine.report import material, write
from engine.report.card import left_out, model_card, ran_folds
from engine.report.parts import Section, text_table
from engine.report.sections import beside_naive
from engine.report.write import report_html, write_report
from engine.response.records import run_summary
from engine.settings import store_path
from engine.store.database import Database

HOSTILE = '<script>alert("drug")</script><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """Elements, their attributes, the text outside scripts and the plots' JSON."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.figures = "", {}
        self._inside = ""
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside
        if tag == "script" and dict(attrs).get("id") == "figures":
            self._inside = "figures"

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data):
        if self._inside == "figures":
            self.figures = json.loads(data)
        elif not self._inside:
            self.text += " " + " ".join(data.split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory):
    return build_store(tmp_path_factory.mktemp("report") / "store.duckdb")


@pytest.fixture(scope="module")
def honest(db: Database) -> Page:
    return Page(report_html(db, HONEST_RUN))


@pytest.fixture(scope="module")
def published(db: Database) -> Page:
    return Page(report_html(db, RUN))


def test_it_says_what_the_run_is_and_what_it_must_not_be_used_for(honest: Page):
    assert f"Run {HONEST_RUN} of 2026-11-21 10:15 UTC, unseen cell lines." in honest.text
    assert "Research use only" in honest.text and "not a medical device" in honest.text
    assert "Simulated" in honest.text and "no number here says anything about real tumours" in honest.text
    assert "python -m engine train response --split cell_line --folds 7 --epochs 12 --seed 0" in honest.text
    assert "Compound 13 has no structure and was left out." in honest.text
    assert "torch 2.9" in honest.text and "0" * 64 in honest.text  # versions; data hash and files' hashes


def test_measured_data_are_not_called_simulated(tmp_path: Path):
    page = Page(report_html(build_store(tmp_path / "store.duckdb", simulated=False), RUN))
    assert "imulated" not in page.text


def test_every_chapter_is_there_and_linked(honest: Page):
    sections = [attrs["id"] for attrs in honest.of("section")]
    assert sections == [
        "result", "leaderboard", "splits", "types", "entities", "evidence", "ablations", "coverage", "card", "sources",
    ]  # fmt: skip
    assert [attrs["href"] for attrs in honest.of("a")] == [f"#{name}" for name in sections]


def test_every_plot_is_there_for_light_and_dark_ground(honest: Page, published: Page):
    assert list(honest.figures) == [
        "pairs", "forest", "worth", "types", "differences", "ranks", "ablation", "coverage", "coverage_types",
    ]  # fmt: skip
    places = [attrs["id"] for attrs in honest.of("div") if attrs.get("class") == "plot"]
    assert places == [f"plot-{name}" for name in honest.figures]
    ids = [attrs["id"] for _, attrs in honest.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for found in honest.figures.values():
        fonts = {ground: found[ground]["layout"]["template"]["layout"]["font"]["color"] for ground in ("light", "dark")}
        assert fonts == {"light": "#1f2d3a", "dark": "#e6edf2"}
    assert "ranks" not in published.figures
    assert "Ranks over folds take 7 folds or more, and this run has one cut:" in published.text


def test_numbers_stand_with_n_interval_and_baseline(honest: Page, db: Database):
    run = run_summary(db, HONEST_RUN)
    own, naive = run.metrics["ensemble"], run.metrics["type_drug_mean"]
    assert (
        f"R² {own['r2']:.3f} {own['r2_lower']:.3f} to {own['r2_upper']:.3f} · n 480 Cancer type × drug mean "
        f"{naive['r2']:.3f}" in honest.text
    )
    assert "against cancer type × drug mean: 0 adds nothing, 1 is perfect" in honest.text
    assert "480 held-out pairs, unseen cell lines, 7 folds, simulated." in honest.text


def test_nothing_is_loaded_from_anywhere(honest: Page):
    loads = [
        attrs.get(name)
        for tag, attrs in honest.elements
        for name in ("src", "href", "srcset", "data", "action", "poster")
        if tag != "a" and attrs.get(name)
    ]
    assert loads == []
    (policy,) = [attrs["content"] for attrs in honest.of("meta") if attrs.get("http-equiv")]
    assert policy.startswith("default-src 'none'") and "http" not in policy
    assert "Draw around" not in honest.text and "Click a row" not in honest.text
    assert len(honest.of("script")) == 3 and len(honest.of("link")) == 0


def test_hostile_names_stay_text(tmp_path: Path):
    db = build_store(tmp_path / "store.duckdb")
    with db.write() as connection:
        connection.execute("UPDATE drug SET name = ?", [HOSTILE])
        connection.execute("UPDATE cell_line SET name = ?, cancer_type = ?", [HOSTILE, HOSTILE])
        connection.execute("UPDATE metric SET key = ? WHERE scope = 'cancer_type' AND key = 'GBM'", [HOSTILE])
        connection.execute("UPDATE source SET licence = ?, origin = ?", [HOSTILE, HOSTILE])
    html = report_html(db, HONEST_RUN)
    page = Page(html)
    assert HOSTILE in page.text  # shown as it is
    assert len(page.of("script")) == 3 and page.of("img") == []
    assert "<script>alert" not in html and "<img src=x" not in html
    assert any(HOSTILE in json.dumps(found, ensure_ascii=False).replace('\\"', '"') for found in page.figures.values())


def test_a_run_of_an_older_store_says_what_is_missing(tmp_path: Path):
    db = build_store(tmp_path / "store.duckdb")
    with db.write() as connection:
        connection.execute("DELETE FROM metric WHERE name NOT IN ('r2', 'rmse', 'pearson', 'auroc') OR scope = 'fold'")
        connection.execute("DELETE FROM metric WHERE model NOT IN ('ensemble', 'master', 'drug_mean', 'mean_effects')")
        connection.execute("DELETE FROM fold")
        connection.execute("DELETE FROM domain")
        connection.execute("UPDATE prediction SET lower = NULL, upper = NULL")
        connection.execute("UPDATE run SET config = ?", [json.dumps({"epochs": 12, "dataset": "GDSC1"})])
    page = Page(report_html(db, RUN))
    assert "This run has no prediction intervals" in page.text
    assert "Predictions of this run carry no interval of their own." in page.text
    assert "not kept by this run" in page.text
    assert "nan" not in page.text.lower().split()


def test_many_pairs_are_binned_and_pairs_that_are_not_finite_are_counted(tmp_path: Path, monkeypatch):
    db = build_store(tmp_path / "store.duckdb")
    monkeypatch.setattr(material, "POINT_LIMIT", 100)
    with db.write() as connection:
        connection.execute("UPDATE prediction SET mean = 'nan' WHERE model = 'ensemble' AND drug_id = 1")
    page = Page(report_html(db, RUN))
    assert "440 held-out pairs, Ensemble, published split" in page.text
    assert "Density: too many pairs for points. 40 pairs left out: not finite." in page.text
    assert page.figures["pairs"]["light"]["data"][1]["type"] == "heatmap"


def test_baselines_alone_make_a_report(tmp_path: Path):
    db = build_store(tmp_path / "store.duckdb")
    with db.write() as connection:
        for table in ("metric", "prediction"):
            connection.execute(f"DELETE FROM {table} WHERE model NOT IN ('drug_mean', 'mean_effects', 'svm')")
    page = Page(report_html(db, RUN))
    assert "none: baselines only" in page.text and "Permuted inputs" not in page.text


def test_a_run_that_is_not_there_is_refused(db: Database):
    with pytest.raises(StoreError, match="There is no run 'nope' in the store"):
        report_html(db, "nope")


def test_it_is_written_whole_or_not_at_all(db: Database, tmp_path: Path, monkeypatch):
    out = tmp_path / "report.html"
    assert write_report(db, RUN, out) == out
    assert out.read_text(encoding="utf-8").endswith("</html>") and [p.name for p in tmp_path.iterdir()] == [
        "report.html"
    ]
    before = out.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "replace", fail)
    with pytest.raises(InputError, match="No space left on device"):
        write_report(db, RUN, out)
    assert out.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_that_is_missing_is_named(db: Database, tmp_path: Path):
    with pytest.raises(InputError, match="no-such-folder/report.html .No such file or directory.: choose another"):
        write_report(db, RUN, tmp_path / "no-such-folder" / "report.html")
    with pytest.raises(InputError, match="Is a directory"):
        write_report(db, RUN, tmp_path)


def test_the_command_writes_it(filled_home: Path, tmp_path: Path, capsys):
    out = tmp_path / "out.html"
    assert cli.main(["report", "--run", RUN, "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"run": RUN, "file": str(out), "bytes": out.stat().st_size}
    assert cli.main(["report", "--run", "nope", "--out", str(out)]) == 2
    assert "There is no run 'nope'" in capsys.readouterr().err
    assert store_path().exists()


def test_the_card_has_the_folds_and_limits_of_its_run(db: Database):
    card = model_card(db, HONEST_RUN)
    facts = {fact.label: fact.text for fact in card.facts}
    assert (
        facts["Held out"]
        == "Unseen cell lines, 7 folds. Whole cell lines: no pair of a tested line was seen in training."
    )
    assert facts["Pairs"] == "On average 363 training and 48 validation, 480 tested in all"
    assert facts["Mutated positions"] == "80, from training lines only"
    assert facts["Evaluates"] == f"run {RUN}"
    assert list(card.folds["Fold"]) == ["1", "2", "3", "4", "5", "6", "7"]
    assert card.left_out.to_dict("list") == {
        "Subject": ["Lines"],
        "Rule": ["no cancer type"],
        "Left out": [1],
        "Kept": [40],
    }
    assert any("Predictions for 4 of 40 tested lines are extrapolation" in limit for limit in card.limits)
    assert any(limit.startswith("Random pairs flatter") for limit in model_card(db, RUN).limits)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "one cut"),
        ({"folds": 7, "ran_folds": [1, 2, 3, 4, 5, 6, 7]}, "7 folds"),
        ({"folds": 5, "ran_folds": [2]}, "fold 2 of 5"),
        ({"folds": 5, "ran_folds": [1, 3]}, "folds 1, 3 of 5"),
    ],
)
def test_folds_in_words(db: Database, config, said):
    run = run_summary(db, RUN)
    assert ran_folds(type(run)(**{**run.__dict__, "config": config})) == said


def test_nothing_left_out_is_an_empty_table():
    assert left_out({}).empty and left_out({"curation": {"steps": []}}).empty


def test_tables_are_texts_with_missing_said_and_rows_counted():
    frame = pd.DataFrame({"Drug": ["A", None, "C"], "R²": [0.8123, float("nan"), -2.0], "Pairs": [1204, 3, 5]})
    table = text_table(frame, caption="All.", most=2)
    assert table.rows == (("A", "0.812", "1,204"), ("", MISSING, "3"))
    assert table.numeric == (False, True, True)
    assert table.caption == "All. First 2 of 3 rows."


def test_groups_stand_beside_the_naive_baseline():
    rows = [
        ("1", "A", "ensemble", "r2", 0.5, 0.4, 0.6, 30),
        ("2", "B", "ensemble", "r2", 0.7, 0.6, 0.8, 40),
        ("3", "C", "ensemble", "r2", None, None, None, 2),
        ("1", "A", "drug_mean", "r2", 0.6, None, None, 30),
        ("2", "B", "ensemble", "skill", 0.2, None, None, 40),
    ]
    scores = pd.DataFrame(rows, columns=["key", "label", "model", "name", "value", "lower", "upper", "n"])
    table = beside_naive(scores, "ensemble", "drug_mean", "Drug")
    assert list(table["Drug"]) == ["B", "A", "C"]
    assert list(table["R² of drug mean"].fillna(-9)) == [-9, 0.6, -9]
    assert list(table["Skill"].fillna(-9)) == [0.2, -9, -9]
    assert list(table["95 % interval"]) == ["0.600 to 0.800", "0.400 to 0.600", "no interval"]
    assert "R² of drug mean" not in beside_naive(scores, "drug_mean", "drug_mean", "Drug")


def test_an_empty_chapter_is_left_out():
    assert Section("x", "X").empty and not Section("x", "X", lead="Yes").empty


def test_intervals_of_a_run_of_baselines_alone_are_told(tmp_path: Path):
    db = build_store(tmp_path / "store.duckdb")
    with db.write() as connection:
        connection.execute("DELETE FROM metric WHERE run_id = ? AND model NOT IN ('mean_effects', 'svm')", [RUN])
    (told,) = [text for text in model_card(db, RUN).limits if "ntervals promise" in text or "no interval" in text]
    covered = run_summary(db, RUN).metrics["svm"]["coverage"]
    assert told.startswith(f"Intervals promise 90 % over all pairs of this split ({100 * covered:.1f} % here)")
