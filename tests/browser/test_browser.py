"""Every page of a freshly built demonstration store in a real browser: wide and narrow, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import driving
import pytest

from dashboard.nav import PAGES
from engine.settings import REPOSITORY

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(driving.CHROMIUM is None, reason="no chromium on this machine; `make test` installs it"),
]
sync_api = pytest.importorskip("playwright.sync_api")

SCREENSHOTS = REPOSITORY / "artifacts"
ADDRESSES = ["" if entry is PAGES[0] else entry.file.removesuffix(".py") for entry in PAGES]
_open, _settle = driving.open_page, driving.settle


@pytest.fixture(scope="module")
def address(demo_home: Path) -> Iterator[str]:
    """The dashboard on a free port, over the demonstration store."""
    with driving.served(demo_home) as (found, _):
        yield found
    assert "Traceback" not in driving.log_of(demo_home).read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with driving.chromium() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 900])
def test_every_page_opens_without_an_error(address: str, browser, width: int, scheme: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = _open(browser, address, width, scheme)
    for name in ADDRESSES:
        page.goto(f"{address}/{name}")
        _settle(page)
        page.screenshot(path=SCREENSHOTS / f"{name or 'home'}-{width}-{scheme}.png")
        assert page.locator("[data-testid=stException]").count() == 0, name
        assert page.locator("[data-testid=stAlertContentError]").count() == 0, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        assert wrong == [], name
    page.context.close()


def test_the_main_picture_is_above_the_fold(address: str, browser):
    page, _ = _open(browser, address)
    page.goto(f"{address}/responses")
    _settle(page)
    bottoms = [chart.bounding_box() for chart in page.locator("[data-testid=stPlotlyChart]").all()]
    assert len(bottoms) == 2
    assert max(box["y"] + box["height"] for box in bottoms) < 900
    page.context.close()


def test_lasso_fills_the_table_and_a_view_is_a_link(address: str, browser):
    page, wrong = _open(browser, address)
    page.goto(f"{address}/responses?model=master")
    _settle(page)
    assert "Where is the model most wrong?" in page.locator("h3").all_inner_texts()
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    left, top, right, bottom = (box["x"] + 5, box["y"] + 5, box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    page.wait_for_function("[...document.querySelectorAll('h3')].some(h => h.innerText.includes('selected pair'))")
    page.screenshot(path=SCREENSHOTS / "responses-selected.png")
    assert "model=master" in page.url and "run=" in page.url
    page.get_by_role("link", name="Models").click()
    page.wait_for_function("document.querySelector('h1')?.innerText === 'Models'")
    page.get_by_role("link", name="Responses", exact=True).click()
    page.wait_for_function("location.search.includes('model=master')")
    assert wrong == []
    page.context.close()
