"""PDF and PPTX of a screen's report, opened again; the figures are drawn by a real Chromium."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import plotly.graph_objects as go
import pytest
from PIL import Image
from pptx import Presentation
from pypdf import PdfReader
from small_reviewed import put

from engine.errors import EngineError, InputError
from engine.jobs import launch
from engine.report import static
from engine.report.screen import ScreenReport, gather
from engine.report.screen_pdf import screen_pdf
from engine.report.screen_slides import screen_pptx
from engine.report.static import Still, has_browser, pictures
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

pytestmark = pytest.mark.skipif(not has_browser(), reason="no Chromium on this machine; `make test` installs it")
SCREEN, EVIL = "BT-40_DS1", '<img src=x onerror="alert(1)">'
MADE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Chromium, on machines that do much else meanwhile."""
    for name in ("START_SECONDS", "FIGURE_SECONDS", "CLOSE_SECONDS"):
        monkeypatch.setattr(static, name, 180.0)


@pytest.fixture
def report(tumorcast_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScreenReport:
    """A simulated screen with photographs, a hostile drug and one exclusion."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    db, folder = Database(store_path()), tmp_path / "tiffs"
    folder.mkdir()
    put(db, drugs={"Trametinib": 0.95, EVIL: 0.9, "Olaparib": 0.1}, images=folder, simulated=True)
    target = Target("replicate", drug="Trametinib", replicate=2)
    review.decide(db, SCREEN, "Anna", [Decision("exclude", target, "Dispensing failed")], 0)
    return gather(db, SCREEN, MADE)


def test_the_pdf_opens_and_says_what_it_is_on_every_page(report: ScreenReport):
    told = []
    reader = PdfReader(io.BytesIO(screen_pdf(report, lambda part, sentence: told.append((part, sentence)))))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert 4 <= len(pages) <= 14
    for number, page in enumerate(pages, 1):
        assert "Research use only. Not for treatment decisions. Simulated." in page
        assert "NOT SIGNED OFF" in page
        assert re.search(rf"page {number} of {len(pages)}", page)
    first, whole = pages[0], " ".join(pages)
    assert SCREEN in first and "Preliminary: 1 decision recorded" in first and "Top hits by images, phase II" in first
    assert "Dispensing failed" in whole and "Trametinib replicate 2" in whole and "What the exclusions change" in whole
    assert EVIL in whole.replace("- ", "-"), "a hostile name is text"
    assert report.state_hash in whole.replace(" ", "")
    images = [image for page in reader.pages for image in page.images]
    assert len(images) >= 8 + sum(len(strip.tiles) for strip in report.strips)
    assert not [link for page in reader.pages for link in page.get("/Annots", [])]
    parts = [part for part, _ in told]
    assert parts == sorted(parts) and parts[-1] == 1.0 and any("figure 1 of" in sentence for _, sentence in told)


def test_every_figure_is_a_slide_with_question_picture_and_footer(report: ScreenReport):
    deck = Presentation(io.BytesIO(screen_pptx(report)))
    assert abs(deck.slide_width / deck.slide_height - 16 / 9) < 0.001
    texts = [[shape.text_frame.text for shape in slide.shapes if shape.has_text_frame] for slide in deck.slides]
    for slide in texts:
        assert "Research use only. Not for treatment decisions. Simulated." in slide
        assert f"{SCREEN}, NOT SIGNED OFF" in slide
    assert "NOT SIGNED OFF" in texts[0] and any("drugs are hits" in text for text in texts[0])
    questions = [slide[0] for slide in texts[1:]]
    assert "Which drugs kill this tumour's spheroids, by images, phase II?" in questions
    assert "What do the spheroids look like, dose by dose?" in questions
    for slide, question in zip(list(deck.slides)[1:], questions, strict=True):
        drawn = [shape for shape in slide.shapes if shape.shape_type == 13]
        assert len(drawn) == 1 or "spheroids look like" in question
        for shape in drawn:
            assert shape._element.nvPicPr.cNvPr.get("descr")
            assert shape.left >= 0 and shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
    xml = b"".join(slide.part.blob for slide in deck.slides)
    assert b"<img" not in xml and b"hlinkClick" not in xml


def test_figures_come_as_they_are_laid_out_from_one_browser(monkeypatch: pytest.MonkeyPatch):
    import kaleido

    opened = []
    whole = kaleido.Kaleido.open

    async def counted(self):
        opened.append(1)
        await whole(self)

    monkeypatch.setattr(kaleido.Kaleido, "open", counted)
    figure = go.Figure(go.Bar(y=[1, 2]), layout={"paper_bgcolor": "rgba(0,0,0,0)"})
    found = pictures([Still(figure, 300, 200), Still(figure, 500, 250)])
    shapes = [Image.open(io.BytesIO(png)).size for png in found]
    assert shapes == [(600, 400), (1000, 500)] and len(opened) == 1
    assert Image.open(io.BytesIO(found[0])).convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    assert pictures([]) == []


def test_a_browser_that_hangs_or_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    figure = go.Figure(go.Scatter(y=[1]))
    monkeypatch.setattr(static, "FIGURE_SECONDS", 0.0001)
    with pytest.raises(EngineError, match="Chromium stopped while it drew figure 1 of 1: try again, or take the HTML"):
        pictures([Still(figure, 300, 200)])
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with pytest.raises(EngineError, match="Chromium did not start. Install Chromium"):
        pictures([Still(figure, 300, 200)])
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    with pytest.raises(InputError, match="there is none on this computer"):
        pictures([Still(figure, 300, 200)])
