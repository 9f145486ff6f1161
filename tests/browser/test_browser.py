"""Every page of a freshly built demonstration store in a real browser: wide and narrow, light and dark."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.nav import PAGES
from engine.settings import REPOSITORY

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; `make test` installs it"),
]
sync_api = pytest.importorskip("playwright.sync_api")

SCREENSHOTS = REPOSITORY / "artifacts"
PATIENCE_MS = 60_000
# Below a deep link Streamlit's client first tries these two beside the page, then at the root.
EXPECTED_404 = ("/_stcore/health", "/_stcore/host-config")
ADDRESSES = ["" if entry is PAGES[0] else entry.file.removesuffix(".py") for entry in PAGES]
SETTLED = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton]')
    && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"""


@pytest.fixture(scope="module")
def address(demo_home: Path) -> Iterator[str]:
    """The dashboard on a free port, over the demonstration store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = demo_home / "dashboard.log"
    with log.open("w") as output:
        app = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)],
            cwd=REPOSITORY,
            env={**os.environ, "TUMORCAST_HOME": str(demo_home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_up(f"http://localhost:{port}/_stcore/health", app, log)
        yield f"http://localhost:{port}"
    finally:
        app.terminate()
        app.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def _wait_until_up(health: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert app.poll() is None, f"the dashboard ended:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(health, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the dashboard did not answer in 60 s:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


def _open(browser, address: str, width: int = 1440, scheme: str = "light"):
    """A page, and the list of everything that went wrong on it so far."""
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []

    def heard(message) -> None:
        if message.type == "error" and not message.location.get("url", "").endswith(EXPECTED_404):
            wrong.append(f"console: {message.text} ({message.location.get('url')})")

    def asked(request) -> None:
        if not request.url.startswith((address, "data:", "blob:", address.replace("http", "ws"))):
            wrong.append(f"calls out: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", asked)
    return page, wrong


def _settle(page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(500)


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
