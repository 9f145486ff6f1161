"""The report opens from a file, without a server and without a network, with every plot drawn."""

from pathlib import Path

import driving
import pytest
import test_browser
from small_store import HONEST_RUN, build_store

from engine.report.write import write_report

pytestmark = test_browser.pytestmark
browser = test_browser.browser
# A plot that is drawn has marks or an image in its plotting area, not only axes.
EMPTY_PLOTS = """() => [...document.querySelectorAll('.plot')].filter(plot =>
    !plot.querySelector('.scatterlayer .trace, .heatmaplayer image, .gl-canvas')).map(plot => plot.id)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_report(build_store(folder / "store.duckdb"), HONEST_RUN, folder / "report.html")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (900, "dark")])
def test_the_report_opens_without_a_server(report: Path, browser, width: int, scheme: str):
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True).new_page()
    page.set_default_timeout(driving.PATIENCE_SECONDS * 1000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda request: None if request.url == report.as_uri() else wrong.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_selector("body[data-drawn]")
    figures = page.evaluate("Object.keys(figures)")
    assert int(page.get_attribute("body", "data-drawn")) == len(figures) == page.locator(".plot.js-plotly-plot").count()
    assert page.evaluate(EMPTY_PLOTS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 30)"}[scheme]
    text = page.evaluate("getComputedStyle(document.querySelector('.plot .xtick text')).fill")
    assert text == {"light": "rgb(31, 45, 58)", "dark": "rgb(230, 237, 242)"}[scheme]
    assert [request for request in wrong if not request.startswith(("data:", "blob:"))] == []
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=test_browser.SCREENSHOTS / f"report-{width}-{scheme}.png", full_page=True)
    page.context.close()
