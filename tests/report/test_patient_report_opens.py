"""The patient's HTML report opens from a file without a network, fits the window and prints in light colours."""

import shutil
from pathlib import Path

import patient_material as made
import pytest
from small_store import build_store

from engine.report.patient_html import patient_html

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; `make test` installs it"),
]
sync_api = pytest.importorskip("playwright.sync_api")

PATIENCE_MS = 180_000  # on machines that do much else meanwhile
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 30)"}
GROUND = "getComputedStyle(document.body).backgroundColor"


def test_it_opens_offline_in_both_widths_and_schemes(tmp_path: Path):
    report = tmp_path / "report.html"
    made_report = made.report(build_store(tmp_path / "store.duckdb"), ranking=made.ranking(simulated=True))
    report.write_text(patient_html(made_report), encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS)
        for width, scheme in ((1440, "light"), (900, "dark")):
            page = chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
            ).new_page()
            page.set_default_timeout(PATIENCE_MS)
            wrong: list[str] = []
            page.on("console", lambda message, wrong=wrong: wrong.append(message.text))
            page.on("request", lambda request, wrong=wrong: wrong.append(request.url))
            page.goto(report.as_uri())
            assert wrong == [report.as_uri()]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(GROUND) == GROUNDS[scheme]
            sentence = page.locator(".research").bounding_box()
            assert sentence["y"] + sentence["height"] < 900  # on the first screen
            assert page.locator("svg rect").count() == 20
            page.emulate_media(media="print")
            assert page.evaluate(GROUND) == GROUNDS["light"]
            assert not page.locator("details.rows").is_visible() and page.locator(".printed").is_visible()
            page.context.close()
        chromium.close()
