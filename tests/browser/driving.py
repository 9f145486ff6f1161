"""Hands in Chromium that browser tests and benchmarks share: a served app, a settled page, clicks on points."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.settings import REPOSITORY

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
PATIENCE_SECONDS = 180  # on machines that do much else meanwhile
# Below a deep link Streamlit's client first tries these two beside the page, then at the root.
EXPECTED_404 = ("/_stcore/health", "/_stcore/host-config")
SETTLED = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton]')
    && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"""
FRESH = f"() => ({SETTLED})() && !document.querySelector('.stMain [data-stale=true]')"
# When the page changed last, when a hand or a key went down, when the server was asked for something last, and whether
# it has begun to answer since the hand.
WATCH = """() => {
    Object.assign(window, {changed: 0, pressed: 0, asked: 0, ran: false});
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...all) {
        window.asked = performance.now();
        return send.apply(this, all);
    };
    const press = () => Object.assign(window, {pressed: performance.now(), ran: false});
    for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, press, true);
    new MutationObserver((all) => {
        for (const one of all) {
            if (one.attributeName === 'data-test-script-state') {
                if (one.target.dataset.testScriptState === 'running') window.ran = true;
            } else if (one.target.closest?.('.stMain, [role=dialog]')) window.changed = performance.now();
        }
    }).observe(document, {subtree: true, childList: true, attributes: true,
        attributeFilter: ['src', 'data-test-script-state']});
}"""
QUIET = f"""() => window.ran && window.changed > window.pressed && performance.now() - window.changed > 600
    && ({FRESH})()"""
NO_QUESTION_MS = 3000  # what has not asked anything of the server by then never will
ANSWERED = f"""() => (window.ran || performance.now() - window.pressed > {NO_QUESTION_MS}
        && (!window.pressed || window.asked < window.pressed))
    && performance.now() - window.changed > 300 && ({FRESH})()"""
SAYS = """words => {
    const said = document.querySelector('.stMain')?.innerText ?? '';
    return words.every(one => said.includes(one));
}"""
# Where the middle of a point lies in the window, by the words it carries. The point is brought into sight first.
POINT = """([key, words]) => {
    const chart = document.querySelector(`[class*="st-key-${key}_"] .js-plotly-plot`);
    if (!chart) return null;
    const same = (one) => Array.isArray(one) ? words.every((word, at) => String(one[at]) === word)
        : String(one) === words[0];
    for (const trace of chart._fullData) {
        if (trace.visible !== true || !trace.customdata || !trace.xaxis) continue;
        const at = [...trace.customdata].findIndex(same);
        if (at < 0) continue;
        const axis = (name) => chart._fullLayout[name[0] + 'axis' + name.slice(1)];
        const x = axis(trace.xaxis), y = axis(trace.yaxis);
        const value = (given, where) => where.d2p(given.length === undefined ? given : given[at]);
        let down = value(trace.y, y), right = value(trace.x, x);
        if (trace.type === 'bar') down = (down + y.d2p(0)) / 2;
        const top = chart.getBoundingClientRect().top + y._offset + down;
        chart.closest('.stMain').scrollBy({top: top - window.innerHeight / 2, behavior: 'instant'});
        const box = chart.getBoundingClientRect();
        return [box.left + x._offset + right, box.top + y._offset + down];
    }
    return null;
}"""


@contextmanager
def served(home: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The dashboard over a home on a free port: its address and its process. Its words stand in `log_of(home)`."""
    for _ in range(3):
        app, address = _started(home)
        if _is_up(address, app, log_of(home)):
            break
    else:
        raise AssertionError("somebody took the port three times, each time between the look at it and its use")
    try:
        yield address, app
    finally:
        app.terminate()
        app.wait(timeout=PATIENCE_SECONDS)


def log_of(home: Path) -> Path:
    """What the dashboard says that this process serves over a home; tests side by side serve one home twice."""
    return home / f"dashboard-{os.getpid()}.log"


def _started(home: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log_of(home).open("w") as output:
        app = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)],
            cwd=REPOSITORY,
            env={**os.environ, "TUMORCAST_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return app, f"http://localhost:{port}"


def _is_up(address: str, app: subprocess.Popen, log: Path) -> bool:
    """Waits until the dashboard answers; False where its port was taken."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if app.poll() is not None:
            assert "is not available" in log.read_text(), f"the dashboard ended:\n{log.read_text()}"
            return False
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10):
                return True
        except OSError:
            time.sleep(0.3)
    app.kill()
    raise AssertionError(f"the dashboard did not answer in {PATIENCE_SECONDS} s:\n{log.read_text()}")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE_SECONDS * 1000)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Any, address: str, width: int = 1440, scheme: str = "light") -> tuple[Any, list[str]]:
    """A page of a browser session of its own, and the list of everything that went wrong on it so far."""
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.add_init_script(f"({WATCH})()")
    wrong: list[str] = []

    def heard(message: Any) -> None:
        if message.type == "error" and not message.location.get("url", "").endswith(EXPECTED_404):
            wrong.append(f"console: {message.text} ({message.location.get('url')})")

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:", address.replace("http", "ws"))):
            wrong.append(f"calls out: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", asked)
    return page, wrong


def settle(page: Any) -> None:
    """Until the page has run and every chart is drawn."""
    page.wait_for_selector("h1")
    page.wait_for_function(SETTLED)
    page.wait_for_timeout(500)


def answered(page: Any) -> None:
    """Until what was clicked or typed has been answered and nothing of the page before is left."""
    page.wait_for_function(ANSWERED)


def says(page: Any, *words: str) -> str:
    """Waits until all of these stand on the page; all its words."""
    from playwright.sync_api import TimeoutError as TookTooLong

    with suppress(TookTooLong):
        page.wait_for_function(SAYS, arg=list(words))
    said = page.locator(".stMain").inner_text()
    assert all(one in said for one in words), f"{words} in {said}"
    return said


def in_link(page: Any, **names: str) -> None:
    """Waits until the address holds these."""
    page.wait_for_function(
        "names => Object.entries(names).every((one) => new URLSearchParams(location.search).get(one[0]) === one[1])",
        arg=names,
    )


def point(page: Any, key: str, *words: str) -> tuple[float, float]:
    """Where a point of the chart of that key lies in the window. words: the first of what its customdata holds."""
    page.wait_for_function(POINT, arg=[key, list(words)])
    page.wait_for_timeout(150)  # the page may still be scrolling
    x, y = page.evaluate(POINT, [key, list(words)])
    return x, y


def click_point(page: Any, key: str, *words: str) -> None:
    """A click on that point, as a hand does it: first onto it, then down."""
    x, y = point(page, key, *words)
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y, steps=3)
    page.wait_for_timeout(100)
    page.mouse.click(x, y)
