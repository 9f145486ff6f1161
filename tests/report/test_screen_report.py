"""The report of a screen: what is said in every file, whatever the screen is like; HTML and XLSX need no browser."""

import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from small_reviewed import DRUGS, SETTINGS, multiply, put

from engine.errors import InputError
from engine.jobs import launch
from engine.report.screen import CURVED, TOP, gather
from engine.report.screen_chapters import chapters
from engine.report.screen_html import screen_html
from engine.report.screen_words import ic50_words, status_note, status_words
from engine.report.screen_write import FORMATS, file_name, file_part, screen_file, write_screen_report, written
from engine.report.screen_xlsx import screen_xlsx
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

SCREEN = "BT-40_DS1"
EVIL = '<img src=x onerror="alert(1)">'
LINK = '<a href="https://evil.example/">Click</a>'
FORMULA = '=HYPERLINK("https://evil.example","x")'
MADE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


@pytest.fixture
def db(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(launch, "start", lambda folder: None)
    return Database(store_path())


class Page(HTMLParser):
    """What stands in an HTML file: visible words, tags with their attributes, the JSON of its figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words, self.figures, self._inside = "", {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = "json" if dict(attrs).get("id") == "figures" else tag

    def handle_data(self, data):
        if self._inside == "json":
            self.figures = json.loads(data)
        elif self._inside not in ("script", "style"):
            self.words += data

    def handle_endtag(self, tag):
        self._inside = ""


def html(db: Database, screen: str = SCREEN) -> Page:
    return Page(screen_html(gather(db, screen, MADE)))


def words(db: Database, screen: str = SCREEN) -> str:
    """Every text of the chapters, without drawing their figures."""
    report = gather(db, screen, MADE)
    told = [status_words(report), status_note(report)]
    for one in (chapter.section for chapter in chapters(report)):
        told += [one.title, one.lead, *one.texts, *one.points, *(f"{fact.label} {fact.text}" for fact in one.facts)]
        told += [f"{card.label} {card.value} {' '.join(card.notes)}" for card in one.cards]
        for table in one.tables:
            told += [table.title, table.caption, *table.columns, *(cell for row in table.rows for cell in row)]
    return "\n".join(told)


def anchors(db: Database, screen: str = SCREEN) -> set[str]:
    return {figure.anchor for chapter in chapters(gather(db, screen, MADE)) for figure in chapter.figures}


def sheets(db: Database, screen: str = SCREEN) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(screen_xlsx(gather(db, screen, MADE))))


def rows(sheet) -> pd.DataFrame:
    first, *others = sheet.iter_rows(values_only=True)
    return pd.DataFrame(others, columns=list(first))


def sign(db: Database, comment: str = "Fit for the board", reviewer: str = "Anna Berg") -> str:
    return review.sign_off(db, SCREEN, reviewer, comment, review.state(db, SCREEN).last, acknowledged=True).state_hash


def test_hits_stand_with_interval_unit_and_replicates(db: Database):
    put(db)
    report = gather(db, SCREEN, MADE)
    found = next(one.section for one in chapters(report) if one.section.anchor == "hits")
    top = found.tables[0]
    assert top.columns[:3] == ("Drug\nclass", "DSS\n95 % interval", "IC50\nnM")
    assert {"DSS\nreplicate 1", "DSS\nreplicate 2", "DSS\nmetabolic"} <= set(top.columns)
    scores = report.main.scores.set_index(["drug", "replicate"])["dss_asym"]
    assert report.main.modality == "image_2"
    first = top.rows[0]
    best = scores.xs("pooled", level="replicate").idxmax()
    assert first[0].startswith(best) and first[0].endswith(f"\n{'Kinase inhibitor: MEK'}")
    assert first[1].split("\n")[0] == f"{scores[best, 'pooled']:.1f}" and " to " in first[1]
    assert first[3] == f"{report.main.drugs.iloc[0]['imax']:.3g}", "as the page writes it"
    assert first[4] == "10\nreplicates 1, 2"
    assert first[5] == f"{scores[best, '1']:.1f}"
    assert len(top.rows) == 3, "Olaparib is no hit"


def test_the_page_says_what_it_is(db: Database):
    put(db, simulated=True)
    page = html(db)
    assert "NOT SIGNED OFF" in page.words and "nobody has reviewed it" in page.words
    assert "Research use only. Not for treatment decisions." in page.words
    assert "Simulated" in page.words and "2026-11-26 09:30 UTC" in page.words
    assert {"hits-image_2", "hits-metabolic", "curves-1", "separation", "controls", "agreement"} <= set(page.figures)
    for words in ("Expected of BT-40", "Complementary pairs", "Versions and hashes", "SHA-256"):
        assert (words in page.words) == (words != "Expected of BT-40"), words  # simulated: not held against measured
    assert not [tag for tag in page.tags if "src" in tag[1] and not tag[1]["src"].startswith("data:")]
    assert "http" not in "".join(str(dict(one[1]).get("href", "")) for one in page.tags)


def test_a_measured_screen_is_not_called_simulated(db: Database):
    put(db, simulated=False)
    assert "imulated" not in words(db)
    assert "Expected of BT-40" in words(db)


def test_a_signed_screen_says_by_whom_and_of_which_state(db: Database):
    put(db)
    state_hash = sign(db)
    told, report = words(db), gather(db, SCREEN)
    assert "Signed off by Anna Berg" in told and "NOT SIGNED OFF" not in told
    assert f"Seal {state_hash[:16]}" in told and "Fit for the board" in told
    assert file_name(report, "pdf") == f"tumorcast-BT-40_DS1-signed-off-{state_hash[:8]}.pdf"
    review.reopen(db, SCREEN, "Ben", "A plate was read again", review.state(db, SCREEN).last)
    assert "NOT SIGNED OFF" in words(db)
    assert "-not-signed-off-" in file_name(gather(db, SCREEN), "pdf")


def test_data_that_changed_after_the_sign_off_are_told(db: Database):
    put(db)
    sign(db)
    with db.write() as connection:
        connection.execute("UPDATE readout SET raw = raw + 1 WHERE screen = ?", [SCREEN])
    told = words(db)
    assert "The screen is not what was signed" in told and "reopen the screen, look again" in told


def test_exclusions_stand_with_who_when_why_and_their_effect(db: Database):
    wells = put(db)
    drug = wells[(wells["treatment"] == "Trametinib") & (wells["conc_nm"] == 100)].iloc[0]
    target = Target("well", plate=drug["plate"], row=drug["row"], column=int(drug["column"]))
    done = review.decide(
        db, SCREEN, "Anna", [Decision("exclude", target, "Contaminated"),
                             Decision("exclude", Target("drug", drug="Bortezomib"), "Precipitates", "image")], 0,
    )  # fmt: skip
    told = words(db)
    assert target.name in told and "Contaminated" in told and "Precipitates" in told
    assert f"{done.entries[0].at:%Y-%m-%d %H:%M} UTC" in told
    assert "What the exclusions change" in told
    assert any(anchor.startswith("changes-") for anchor in anchors(db))
    book = sheets(db)
    effect = rows(book["Effect of exclusions"])
    assert set(effect["Drug"]) == set(done.changes["drug"])
    values = rows(book["Wells"])
    out = values[values["Left out"] == "left out"]
    assert set(out.loc[out["Readout"] == "Metabolic", "Treatment"]) == {"Trametinib"}
    assert set(out.loc[out["Readout"] != "Metabolic", "Treatment"]) == {"Trametinib", "Bortezomib"}
    assert set(out["Left out because"]) == {"Contaminated (Anna)", "Precipitates (Anna)"}
    assert out["Viability, %"].isna().all() and out["Viability as imported, %"].notna().all()
    record = rows(book["Decisions"])
    assert list(record["Who"]) == ["Anna", "Anna"] and list(record["In force"]) == ["yes", "yes"]
    score = rows(book["Scores images phase II"])
    assert score.loc[score["Drug"] == "Bortezomib", "Without a score"].str.startswith("left out: Precipitates").all()


def test_the_workbook_has_every_number(db: Database):
    put(db)
    report, book = gather(db, SCREEN, MADE), sheets(db)
    assert book.sheetnames[:3] == ["About", "Scores images phase II", "Scores metabolic"]
    stands = rows(book["Scores metabolic"]).set_index(["Drug", "Replicate"])["DSS"].astype(float)
    kept = next(one for one in report.readouts if one.modality == "metabolic").scores
    for drug, replicate, dss in kept[["drug", "replicate", "dss_asym"]].itertuples(index=False):
        assert stands[drug, replicate] == pytest.approx(dss, abs=1e-12)
    wells = rows(book["Wells"])
    assert len(wells) == 2 * len(report.wells)
    quality = rows(book["Quality"])
    assert len(quality) == len(report.quality) and set(quality["Verdict"]) <= {"good", "doubtful", "bad", "unknown"}
    about = rows(book["About"]).set_index("What")["Value"]
    assert about["Seal now (SHA-256)"] == review.state_hash(db, SCREEN)
    assert about["Status"] == "NOT SIGNED OFF" and about["Use"].startswith("Research use only")
    assert book["Wells"].freeze_panes == "B2"


def texts(figure: object) -> list[str]:
    """Whatever plotly draws as text; what a mark carries for a click is never drawn."""
    if isinstance(figure, dict):
        return [text for key, part in figure.items() if key != "customdata" for text in texts(part)]
    return [text for part in figure for text in texts(part)] if isinstance(figure, list) else [str(figure)]


def test_hostile_names_are_inert_everywhere(db: Database):
    put(db, drugs={EVIL: 0.95, LINK: 0.9, FORMULA: 0.8})
    review.decide(db, SCREEN, f"{EVIL}", [Decision("comment", Target(), f"{FORMULA}\u202e</script><script>x")], 0)
    text = screen_html(gather(db, SCREEN, MADE))
    page = Page(text)
    assert not [tag for tag in page.tags if tag[0] == "img" or "onerror" in tag[1]]
    assert not [tag for tag in page.tags if "evil.example" in str(tag[1].get("href", ""))]
    assert [tag for tag, _ in page.tags].count("script") == text.count("<script") == 3
    assert EVIL in page.words, "it can be read"
    drawn = "\n".join(texts(page.figures))
    assert "<img" not in drawn and "<a href" not in drawn and "&lt;img" in drawn
    assert "\u202e" not in text
    book = sheets(db)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    named = [cell for cell in cells if cell.value == FORMULA]
    assert named and all(cell.quotePrefix for cell in named)
    assert file_part("../../etc/pass wd") == "etc-pass-wd" and file_part("💥") == "screen"


def test_no_hit_is_said(db: Database):
    put(db, drugs={name: 0.02 for name in DRUGS})
    told = words(db)
    assert re.search(r"No hit: none of 4 drugs reaches a DSS of 10 by images, phase II. The highest is \w+ with", told)
    assert "No hit: the highest scores by images, phase II" in told


def test_one_readout_one_replicate_no_images(db: Database):
    put(db, modalities=("metabolic",), replicates=1)
    told = words(db)
    assert "by the metabolic readout" in told and "replicate 1" not in told
    assert "The screen was imported without images." in told
    assert "pairs are told by how dying spheroids look" in told
    assert anchors(db) == {"hits-metabolic", "curves-1", "separation", "controls", "plate-1"}
    assert "Scores images phase II" not in sheets(db).sheetnames


def test_a_failed_fit_has_its_reason(db: Database):
    put(db, broken=("Vemurafenib",))
    told = words(db)
    assert re.search(r"No fit: Vemurafenib: .*dose", told)
    assert "1 without a fit" in told


def test_drugs_without_any_score(db: Database):
    put(db, broken=tuple(DRUGS))
    assert "No drug has a score by images, phase II: no curve could be fitted to any of 4 drugs." in html(db).words
    assert len(screen_xlsx(gather(db, SCREEN))) > 1000


def test_a_screen_that_is_not_scored(db: Database):
    put(db)
    with db.write() as connection:
        for table in ("score", "curve", "scoring"):
            connection.execute(f"DELETE FROM {table}")
    assert "This screen is not scored" in words(db) and "separation" in anchors(db)
    assert sheets(db).sheetnames[0] == "About"


def test_photographs_stand_by_dose_and_missing_ones_are_told(db: Database, tmp_path: Path):
    folder = tmp_path / "tiffs"
    folder.mkdir()
    gone = [f"P{plate}_D{column:02d}" for plate in (1, 2) for column in range(2, 22)]
    put(db, images=folder, missing=gone)
    report = gather(db, SCREEN, MADE)
    assert [strip.title for strip in report.strips][:1] == [report.main.hits["drug"].iloc[0]]
    assert [tile.label for tile in report.strips[0].tiles] == ["1.00 nM", "10.0 nM", "100 nM", "1,000 nM", "10,000 nM"]
    page = html(db)
    photographs = [tag for tag in page.tags if tag[0] == "img"]
    assert len(photographs) == sum(len(strip.tiles) for strip in report.strips)
    assert all(tag[1]["src"].startswith("data:image/png;base64,") for tag in photographs)


def test_photographs_whose_folder_is_gone_are_told(db: Database, tmp_path: Path):
    put(db)
    with db.write() as connection:
        connection.execute("UPDATE screen SET n_images = 9, image_job = 'gone'")
    assert "Its images are not there any more" in words(db)


def test_a_thousand_drugs_stay_few_pages_and_stand_all_in_the_workbook(db: Database):
    put(db)
    multiply(db, SCREEN, 250)
    report = gather(db, SCREEN, MADE)
    assert len(report.main.drugs) == 1000
    sections = {one.section.anchor: one for one in chapters(report)}
    top = sections["hits"].section.tables[0]
    assert len(top.rows) == TOP and top.caption == f"First {TOP} of 750 hits; the XLSX report has every drug."
    drawn = sum(len(figure.draw(False).table["Drug"].unique()) for figure in sections["curves"].figures)
    assert drawn == CURVED
    for one in sections.values():
        assert all(len(table.rows) <= 60 for table in one.section.tables)
    assert (
        len(rows(openpyxl.load_workbook(io.BytesIO(screen_xlsx(report)), read_only=True)["Scores images phase II"]))
        == 3000
    )


def test_a_decision_while_the_store_is_read_is_in_the_report(db: Database, monkeypatch: pytest.MonkeyPatch):
    put(db)
    from engine.report import screen as module

    whole, calls = module._gathered, []

    def interrupted(*given):
        found = whole(*given)
        if not calls:
            review.decide(db, SCREEN, "Ben", [Decision("exclude", Target("drug", drug="Trametinib"), "Wrong stock")], 0)
        calls.append(1)
        return found

    monkeypatch.setattr(module, "_gathered", interrupted)
    report = gather(db, SCREEN)
    assert len(calls) == 2 and report.state.last == 1
    assert report.main.drugs.set_index("drug").loc["Trametinib", "reason"].startswith("left out")


@pytest.mark.parametrize(
    ("ic50", "doses", "told"),
    [(120.0, [1.0, 1000.0], "120"), (1000.0, [1.0, 1000.0], "> 1,000"), (1.0, [1.0, 1000.0], "< 1.00"),
     (np.nan, None, "–")],
)  # fmt: skip
def test_an_ic50_beyond_the_doses_is_no_number(ic50, doses, told):
    assert ic50_words({"ic50_nm": ic50, "doses_nm": doses}) == told


def test_what_cannot_be_reported_is_refused(db: Database, tmp_path: Path):
    put(db)
    with pytest.raises(InputError, match="There is no screen 'S9'; the store holds: BT-40_DS1."):
        gather(db, "S9")
    with pytest.raises(InputError, match="There is no report as 'docx': choose html, pdf, xlsx, pptx."):
        screen_file(db, SCREEN, "docx")
    with pytest.raises(InputError, match="cannot be written to .*: choose another place"):
        write_screen_report(db, SCREEN, "html", tmp_path / "nowhere" / "r.html")
    with db.write() as connection:
        connection.execute("UPDATE screen SET kind = 'controls'")
    with pytest.raises(InputError, match="is a control experiment: it holds no drugs to report"):
        gather(db, SCREEN)
    with db.write() as connection:
        connection.execute("UPDATE screen SET kind = 'drugs'")
        connection.execute("DELETE FROM readout")
        connection.execute("DELETE FROM score")
    with pytest.raises(InputError, match="has no readouts to report: import its metabolic readouts"):
        gather(db, SCREEN)


def test_without_a_browser_html_and_xlsx_are_written_and_the_others_say_what_to_install(
    db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    put(db)
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    report = gather(db, SCREEN, MADE)
    assert len(written(report, "html")) > 1e6 and len(written(report, "xlsx")) > 1e4
    for form in ("pdf", "pptx"):
        with pytest.raises(InputError, match="drawn by Chromium, and there is none .* apt-get install chromium"):
            screen_file(db, SCREEN, form)
        with pytest.raises(InputError, match="The HTML and XLSX reports need neither"):
            written(report, form)
    assert set(FORMATS) == {"html", "pdf", "xlsx", "pptx"} and SETTINGS.bootstrap == 20
