"""A patient's report: the same honest content as HTML and PDF, whatever stood in the file."""

import io
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import patient_material as made
import pypdf
import pytest
from small_store import HONEST_RUN, RUN, build_store

from engine.patient.types import OUTSIDE_CENSUS, USED, Case, Genome
from engine.report import patient as gathering
from engine.report.patient import HTML_NAME, PDF_NAME, gather
from engine.report.patient_chart import z_bars
from engine.report.patient_drugs import drug_names, marker_table, mover_table, top_drugs
from engine.report.patient_html import patient_html
from engine.report.patient_pdf import patient_pdf
from engine.report.patient_receipt import all_rows, fates, reasons, used_rows
from engine.report.plain import clean, clean_cell
from engine.report.wrap import column_widths, wrapped
from engine.store.database import Database

SENTENCE = "Research use only. Not for treatment decisions."
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TURNED = "abc\u202efed\u2066\x00\x07\x1b[31m"


class Page(HTMLParser):
    """Elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._style = "", False
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False if tag == "style" else self._style

    def handle_data(self, data):
        if not self._style:
            self.text += " " + data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def pages(pdf: bytes) -> list[str]:
    """The text of every page, blanks made one."""
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return build_store(tmp_path_factory.mktemp("patient") / "store.duckdb", simulated=False)


@pytest.fixture(scope="module")
def html(db: Database) -> Page:
    return Page(patient_html(made.report(db)))


@pytest.fixture(scope="module")
def paper(db: Database) -> list[str]:
    return pages(patient_pdf(made.report(db)))


SAID = (
    "Patient 7, first biopsy",
    "Tumorcast patient report, 2026-11-26 09:30 UTC",
    SENTENCE,
    "pasted text",
    "GRCh37: 4 of 4 known positions agree.",
    "whole exome: every census gene without a mutation counts as wild type",
    "TP53 p.R175H, BRAF p.V600E",
    "2 of 10",
    "Tested on unseen cell lines: the model predicts better than cancer type × drug mean for 9 of 29 drugs.",
    "Skill over all pairs of unseen cell lines is 0.08.",
    "Top 20 drugs",
    "0.0183",  # exp(-4) µM
    "0.00248 to 0.135",  # exp(-6) to exp(-2)
    "−6.00 to −2.00",
    "0.5 % of 700",
    "approved for cancer",
    "Extrapolation for 1 of them",
    "SK-MEL-5",
    "BRAF:600 −1.52",
    "TP53:175 +0.31",
    "The gene is not in the Cancer Gene Census.",
    "The same position stands in an earlier row and counts once.",
    "ab" * 32,
    "0" * 64,
    f"run {HONEST_RUN}",
    RUN,
    "It does not see fusions, copy number, expression",
    "Germline and somatic variants are not distinguished",
    "doi:10.1038/s41598-018-27214-6",
    "9,000 training and 500 validation",
    "40 cell lines after curation",
)


@pytest.mark.parametrize("said", SAID)
def test_both_say_it(html: Page, paper: list[str], said: str):
    assert said in html.text
    together = "".join(" ".join(paper).split())  # a line may break anywhere
    assert "".join(said.split()) in together


def test_the_chapters_stand_in_reading_order(html: Page, paper: list[str]):
    titles = [
        "What was used", "How far to trust the ranking", "Top 20 drugs", "How they stand out",
        "Measured lines with the same mutation", "Measured on SK-MEL-5 itself",
        "Nearest lines measured with the top drugs",
        "The mutations that moved them", "Nearest cell lines", "What the numbers are",
        "Appendix: what became of every row", "Appendix: the model in short", "Hashes and versions",
        "Limits", "Sources and how to cite them",
    ]  # fmt: skip
    assert [attrs["href"] for attrs in html.of("a")] == [f"#{attrs['id']}" for attrs in html.of("section")]
    assert len(html.of("section")) == len(titles)
    places = [" ".join(paper).index(title) for title in titles]
    assert places == sorted(places)


def test_every_page_of_the_pdf_has_the_sentence_and_its_number(paper: list[str]):
    assert len(paper) > 3
    for place, text in enumerate(paper, 1):
        assert SENTENCE in text
        assert f"page {place} of {len(paper)}" in text


def test_the_sentence_stands_before_any_chapter(html: Page):
    assert html.text.index(SENTENCE) < html.text.index("What was used")


def test_nothing_is_loaded_or_run(html: Page):
    assert html.of("script") == [] and html.of("link") == [] and html.of("img") == []
    (policy,) = [attrs["content"] for attrs in html.of("meta") if attrs.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not any(name[:2] == "on" for _, attrs in html.elements for name in attrs)


def test_names_of_files_and_metadata_tell_nothing_of_the_case(db: Database):
    report = made.report(db)
    assert (HTML_NAME, PDF_NAME) == ("tumorcast-patient-report.html", "tumorcast-patient-report.pdf")
    reader = pypdf.PdfReader(io.BytesIO(patient_pdf(report)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Tumorcast patient report" and reader.metadata.author is None
    assert "Patient 7" not in str(dict(reader.metadata))
    assert [item["/Title"] for item in reader.outline][:2] == ["What was used", "How far to trust the ranking"]
    assert "<title>Tumorcast patient report</title>" in patient_html(report)


def test_the_same_moment_gives_the_same_bytes(db: Database):
    first, second = (made.report(db) for _ in range(2))
    assert patient_pdf(first) == patient_pdf(second)
    assert patient_html(first) == patient_html(second)


def test_a_moment_without_a_zone_is_utc(db: Database):
    naive = replace(made.report(db), made_at=datetime(2026, 11, 26, 9, 30))
    assert patient_pdf(naive) == patient_pdf(made.report(db))


def test_simulated_is_said_first_and_everywhere(db: Database):
    report = made.report(db, ranking=made.ranking(simulated=True))
    page = Page(patient_html(report))
    assert page.text.index("Simulated") < page.text.index(SENTENCE)
    for text in pages(patient_pdf(report)):
        assert f"{SENTENCE} Simulated." in text
    assert "simulated data: no number here says anything" in pages(patient_pdf(report))[0]


def test_measured_data_are_not_called_simulated(html: Page, paper: list[str]):
    assert "imulated" not in html.text
    assert "imulated" not in " ".join(paper)


def test_without_a_cancer_type_nothing_is_compared_with_one(db: Database):
    report = made.report(db, ranking=made.ranking(cancer_type=None), case=Case("x", made.receipt(), None, made.MADE_AT))
    page = Page(patient_html(report))
    assert "no cancer type chosen" in page.text
    assert "Against type" not in page.text and "Orange mark" not in page.text
    columns = top_drugs(report.ranking, 20).columns
    assert not any("type" in column for column in columns)
    assert top_drugs(made.ranking(), 20).columns[6] == "Against type\nmean, n"


def test_a_panel_says_what_is_unknown(db: Database):
    genome = Genome(("BRAF:600",), frozenset({"BRAF", "TP53", "KRAS"}))
    receipt = made.receipt(genome=genome, panel="panel of 3 genes")
    ranking = made.ranking(completions=50)
    table = ranking.table.assign(z_low=ranking.table["z_score"] - 0.4, z_high=ranking.table["z_score"] + 0.3)
    report = made.report(db, case=Case("x", receipt, None, made.MADE_AT), ranking=replace(ranking, table=table))
    text = Page(patient_html(report)).text
    assert "panel of 3 genes: 3 census genes; all others are unknown, not wild type" in text
    assert "predictions are means over 50 plausible completions" in text
    assert "−2.90 to −2.20" in text and "5th to the 95th percentile" in text


def test_a_model_without_an_honest_test_and_outside_its_domain_says_so(db: Database):
    ranking = made.ranking(split="", naive="", inside=False, domain="Only one position is known.")
    table = ranking.table.assign(skill=float("nan"), n_skill=0)
    text = Page(patient_html(made.report(db, ranking=replace(ranking, table=table), honest=None))).text
    assert "This model was not tested on unseen cell lines." in text
    assert "Extrapolation: Only one position is known." in text
    assert "Tested by" not in text


def test_nothing_understood_makes_a_report(db: Database):
    rows = tuple(row for row in made.ROWS if row[5] == OUTSIDE_CENSUS)
    receipt = made.receipt(rows)
    report = made.report(
        db,
        case=Case("", receipt, None, made.MADE_AT),
        ranking=made.ranking(nearest=()),
        movers=pd.DataFrame({"drug_id": [], "position_key": [], "effect": []}),
        evidence={},
    )
    text = Page(patient_html(report)).text
    assert "Unnamed case" in text and "none: the ranking is that of an unmutated line" in text
    assert "Nearest lines measured with the top drugs" not in text and "The mutations that moved them" not in text
    assert "0 of 3" in " ".join(pages(patient_pdf(report)))
    panel = replace(report, ranking=replace(report.ranking, completions=32))
    assert "none: the ranking is that of cell lines without" in Page(patient_html(panel)).text


def test_that_a_codon_counts_whatever_the_change_is_said(db: Database):
    assert "it counts as the same mutation (KRAS G12C as KRAS G12D)" in Page(patient_html(made.report(db))).text


def test_more_mutations_than_were_left_out_in_turn_are_told(db: Database):
    report = made.report(db)
    used = next(row for row in made.ROWS if row[5] == USED)
    rows = tuple((*used[:4], f"GENE:{i}", *used[5:]) for i in range(61))
    report = replace(report, case=replace(report.case, receipt=made.receipt(rows)))
    assert "Of 61 known mutations only the 60 that most cell lines carry were tried." in Page(patient_html(report)).text


def hostile_report(db: Database, text: str):
    """Everything that comes from a file or from the store's tables says `text`."""
    receipt = made.receipt()
    rows = receipt.rows.assign(text=text, gene=text, change=text, reason=text)
    receipt = replace(receipt, rows=rows, format=text, panel=text, notes=(text,))
    ranking = made.ranking(domain=text, inside=False, notes=(text,))
    table = ranking.table.assign(drug=text, target=text, approval=text)
    nearest = tuple(replace_near(line, text) for line in ranking.nearest)
    evidence = {i: made.measured().assign(name=text, shared_positions=text, shared_genes=text) for i in range(1, 6)}
    report = made.report(db)
    return replace(
        report,
        case=Case(text, receipt, text, made.MADE_AT),
        ranking=replace(ranking, table=table, nearest=nearest, cancer_type=text),
        evidence=evidence,
        movers=report.movers.assign(position_key=text),
        sources=report.sources.assign(file_name=text, origin=text, licence=text),
    )


def replace_near(line, text: str):
    return replace(line, name=text, shared_positions=(text,), shared_genes=(text,), cancer_type=text)


def test_html_in_a_file_stays_text(db: Database):
    source = patient_html(hostile_report(db, HOSTILE))
    page = Page(source)
    assert HOSTILE in page.text
    assert page.of("script") == [] and page.of("img") == []
    assert "<script" not in source and "<img" not in source


def test_control_and_direction_characters_are_gone(db: Database):
    report = hostile_report(db, TURNED)
    for text in (patient_html(report), *pages(patient_pdf(report))):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", text)
    assert "abcfed[31m" in Page(patient_html(report)).text


@pytest.mark.parametrize(
    "text",
    [
        "Ελληνικά, Кириллица, Łódź, µ − ≤ ≥ × ² ± …",
        "中文病人 日本語 한국어",
        "مريض חולה",
        "🧬" * 40,
        "x" * 5000,
        "W" * 60 + " " + "m" * 200,
        "{nb} ## **bold** __u__ \\ ( ) %",
        "a" + "\u0301" * 500,
        "line\nbreak\r\nand\ttab",
        " ",
    ],
    ids=["letters", "han", "right to left", "emoji", "one word", "wide", "marks", "accents", "lines", "blank"],
)
def test_any_script_makes_a_pdf(db: Database, text: str):
    found = pages(patient_pdf(hostile_report(db, text)))
    assert SENTENCE in found[0] and f"page {len(found)} of {len(found)}" in found[-1]
    patient_html(hostile_report(db, text)).encode("utf-8")


def test_letters_that_the_font_has_are_drawn_and_others_are_boxes(db: Database):
    report = made.report(db, case=Case("Łukasz Ωμέγα Юрий 李", made.receipt(), None, made.MADE_AT))
    assert "Łukasz Ωμέγα Юрий □" in pages(patient_pdf(report))[0]


def test_marks_of_the_pdf_library_mean_nothing(db: Database):
    report = made.report(db, case=Case("{nb} ## **b**", made.receipt(), None, made.MADE_AT))
    assert "{nb} ## **b**" in pages(patient_pdf(report))[1]


def test_text_that_is_cleaned():
    assert clean("a\u202eb\x00c\n d\u2028e") == "abc d e"
    assert clean("x" * 30, 10) == "xxxxxxxxx…"
    assert clean("e\u0301" + "\u0301" * 9) == "é\u0301\u0301"
    assert clean("\ud800\ue000") == ""
    assert clean_cell("a\x00\nb\tc", 50) == "a\nb c"


def test_the_receipt_adds_up():
    table = fates(made.receipt())
    assert [row[:2] for row in table.rows] == [
        ("Used", "2"), ("Known gene, new position", "1"), ("Gene outside the census", "3"),
        ("Silent or non-coding", "1"), ("Duplicate", "2"), ("Not understood", "1"), ("All rows", "10"),
    ]  # fmt: skip


def test_rows_that_were_not_used_are_grouped_by_reason():
    rows = reasons(made.receipt()).rows
    assert rows[0] == ("Known gene, new position", "No training line is mutated here.", "1", "KRAS:59")
    assert rows[1] == ("Gene outside the census", "The gene is not in the Cancer Gene Census.", "3", "TTN, MUC16")
    assert rows[3] == ("Duplicate", "The same position stands in an earlier row and counts once.", "2", "BRAF")
    assert rows[4] == ("Not understood", "The row has no gene.", "1", "row 10")
    assert sum(int(row[2]) for row in rows) == 8


def test_many_reasons_are_counted():
    rows = tuple((i, "t", "G", "", "", OUTSIDE_CENSUS, None, None, f"Reason {i}.") for i in range(70))
    table = reasons(made.receipt(rows))
    assert len(table.rows) == 60
    assert table.caption == "10 more reasons with 10 rows: see the downloaded receipt."


def test_long_receipts_are_cut_and_say_so():
    rows = tuple((i, "t", "G", "p.A1T", f"G:{i}", USED, i, 1, "Used.") for i in range(1, 31))
    receipt = made.receipt(rows)
    assert used_rows(receipt, 29).caption == "Most training lines first. 1 more used row is in the downloaded receipt."
    assert all_rows(receipt, 10).caption == "20 more rows are in the downloaded receipt."
    assert used_rows(receipt, 30).caption == "Most training lines first."


def test_the_pdf_has_the_used_rows_and_counts_the_others(paper: list[str], html: Page):
    text = " ".join(paper)
    assert "8 more rows with text and reason each are in the downloaded receipt." in text
    assert "KRAS p.A59T" not in text and "KRAS p.A59T" in html.text


def test_drugs_of_one_name_are_told_apart():
    table = pd.DataFrame({"drug_id": [1, 2, 3], "drug": ["A", "B", "A"]})
    assert drug_names(table) == {1: "A (1)", 2: "B", 3: "A (3)"}


def test_missing_numbers_are_said_to_be_missing():
    row = top_drugs(made.ranking(), 3).rows[2]
    assert row[1] == "Drug 3\ntarget not known"
    assert row[2] == "not known"
    assert row[3] == "0.0273\nno interval"
    assert row[5] == "−2.20\nn 698"
    assert row[6:] == ("not defined\nn 40", "not defined\nn 5", "not defined\nn 600")


def test_movers_stand_on_the_side_they_push_to():
    movers = pd.DataFrame({"drug_id": [1] * 8, "position_key": list("ABCDEFGH"), "effect": [-1.0] * 7 + [0.2]})
    table = mover_table(movers, [1, 2], {1: "X", 2: "Y"})
    assert table.rows == (
        ("X", "A −1.00, B −1.00, C −1.00, 4 more", "H +0.20"),
        ("Y", "none", "none"),
    )


def test_the_bars_are_drawn_from_zero():
    drawing = z_bars(made.ranking(2).table, {1: "A", 2: "B" * 60})
    assert drawing is not None
    boxes = [mark for mark in drawing.marks if mark.kind == "box"]
    assert boxes[0].x + boxes[0].width == pytest.approx(boxes[1].x + boxes[1].width)  # both end at zero
    assert boxes[0].width / boxes[1].width == pytest.approx(2.5 / 2.35, abs=0.01)
    words = [mark.text for mark in drawing.marks if mark.kind == "word"]
    assert "A" in words and "B" * 26 + "…" in words and "−2.5" in words
    assert z_bars(made.ranking(2).table.assign(z_score=float("nan")), {1: "A", 2: "B"}) is None


def test_lines_break_where_they_may():
    assert wrapped("aa bb cc", 5, len) == ["aa bb", "cc"]
    assert wrapped("abcdefgh", 3, len) == ["abc", "def", "gh"]
    assert wrapped("ab-cdefg", 4, len) == ["ab-", "cdef", "g"]
    assert wrapped("", 5, len) == [""]
    assert wrapped("aa bb cc dd", 5, len, 1) == ["aa b…"]
    assert wrapped("abc", 0.5, len) == ["a", "b", "c"]


def test_columns_share_the_page():
    assert column_widths([10, 20], [5, 5], 50) == [10, 20]
    assert column_widths([10, 40], [10, 10], 30) == [10, 20]
    assert column_widths([40, 40], [40, 40], 40) == [20, 20]


def test_what_a_known_line_was_measured_with_and_the_evidence_of_marked_drugs(html: Page, paper: list[str]):
    for text in (html.text, " ".join(paper)):
        assert "probably the cell line SK-MEL-5 or of the same tumour (similarity 0.92)" in text
        assert "SK-MEL-5 −2.10 (0.92), COLO-829 0.40 (0.40)" in text  # beside drug 5, whose carriers stand out
        assert "resemble what was trained on" not in text


def test_a_patient_who_is_no_line_has_no_such_chapter(db: Database):
    text = Page(patient_html(made.report(db, same=None, own=None))).text
    assert "itself" not in text and "probably the cell line" not in text


def test_used_mutations_that_the_pdf_has_no_row_for_are_named(db: Database):
    rows = tuple((i, "t", f"G{i}", "p.A1T", f"G{i}:1", USED, i, 100 - i, "Used.") for i in range(1, 61))
    text = " ".join(pages(patient_pdf(made.report(db, case=Case("x", made.receipt(rows), None, made.MADE_AT)))))
    assert "The other used mutations: G21 A1T, G22 A1T" in text and "G60 A1T." in text


def test_no_origin_is_no_column(db: Database):
    report = made.report(db)
    bare = replace(report, sources=report.sources.assign(origin=None, licence=""))
    text = Page(patient_html(bare)).text
    assert "not noted" not in text and "Licence" not in text


def test_a_long_table_has_its_heading_on_every_page(db: Database, monkeypatch):
    monkeypatch.setattr("engine.report.patient_pdf.MOST_USED", 300)
    rows = tuple((i, "t", "G", "p.A1T", f"G:{i}", USED, i, 1, "Used.") for i in range(1, 401))
    report = made.report(db, case=Case("x", made.receipt(rows), None, made.MADE_AT))
    found = pages(patient_pdf(report))
    with_rows = [text for text in found if "G:30 " in text or "G:150 " in text or "G:299 " in text]
    assert len(with_rows) == 3
    assert all("Training lines As written" in text for text in with_rows)
    assert "100 more used rows are in the downloaded receipt." in " ".join(found)


def test_the_fonts_are_small_and_have_their_licence():
    folder = Path(gathering.__file__).parent / "fonts"
    sizes = [file.stat().st_size for file in folder.glob("*.ttf")]
    assert len(sizes) == 2 and max(sizes) < 400_000
    assert "Bitstream" in (folder / "LICENSE").read_text()


def test_gather_asks_for_what_stands_on_the_page(db: Database, monkeypatch):
    asked: dict[str, list] = {"movers": [], "evidence": []}

    class Predicts:
        honest = None

    def movers(predictor, genome, drug_ids, cancer_type):
        asked["movers"].append((drug_ids, cancer_type))
        return pd.DataFrame()

    def evidence(predictor, keys, drug_id, **given):
        asked["evidence"].append((drug_id, given["cancer_type"]))
        return pd.DataFrame()

    monkeypatch.setattr(gathering, "movers", movers)
    monkeypatch.setattr(gathering, "evidence", evidence)
    case = Case("x", made.receipt(), "SKCM", made.MADE_AT)
    found = gather(db, Predicts(), case, made.ranking(), made_at=made.MADE_AT)
    assert asked["movers"] == [(list(range(1, 11)), "SKCM")]
    assert asked["evidence"] == [(drug_id, "SKCM") for drug_id in (1, 2, 3, 5)]  # 5 has a marker
    assert found.run.run_id == RUN and found.made_at == made.MADE_AT and found.top == 20
    assert set(found.sources["kind"]) >= {"drugs", "mutations"}


def test_where_every_drug_is_an_extrapolation_it_is_said_once(db: Database):
    ranking = made.ranking()
    report = made.report(db, ranking=replace(ranking, table=ranking.table.assign(extrapolation=True)))
    assert "All of them are extrapolations" in Page(patient_html(report)).text
    assert top_drugs(report.ranking, 20).rows[3][1] == "Drug 4\nMEK1, MEK2"
    assert top_drugs(ranking, 20).rows[3][1] == "Drug 4\nMEK1, MEK2\nextrapolation"


def test_drugs_that_lines_with_the_same_mutation_answer_to_are_named_whatever_their_rank():
    ranking = made.ranking(cancer_type="SKCM")
    table = marker_table(ranking, drug_names(ranking.table))
    assert [(row[0].split("\n")[0], *row[1:]) for row in table.rows] == [
        (
            "Drug 5",
            "not approved",
            "BRAF:600",
            "\N{MINUS SIGN}1.90",
            "54",
            "none",
            f"\N{MINUS SIGN}1.90\n5 of {len(ranking.table)}",
        )
    ]
