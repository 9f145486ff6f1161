"""Figures as pictures for paper and slides: one Chromium draws all of a report's, through kaleido, offline."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go

from engine.errors import EngineError, InputError

START_SECONDS, FIGURE_SECONDS, CLOSE_SECONDS = 40.0, 30.0, 15.0
SCALE = 2.0  # pixels of the picture per pixel laid out: 250 dots an inch over the width of a page
INSTALL = (
    "Install Chromium or Chrome (Debian: apt-get install chromium; elsewhere the command plotly_get_chrome fetches one)"
    " and try again. The HTML and XLSX reports need neither."
)
NO_BROWSER = f"Pictures of figures are drawn by Chromium, and there is none on this computer. {INSTALL}"
Progress = Callable[[float, str], object]


class Still(NamedTuple):
    """A figure and the size that it is laid out for, in pixels."""

    figure: go.Figure
    width: int
    height: int


def has_browser() -> bool:
    """Whether there is a browser that can draw figures; BROWSER_PATH of the environment names one."""
    from choreographer.browsers import Chromium

    found = Chromium.find_browser(skip_local=False)
    return bool(found) and Path(str(found)).is_file()


def refuse_without_browser() -> None:
    """Raises InputError that says what to install where there is no browser."""
    if not has_browser():
        raise InputError(NO_BROWSER)


def pictures(stills: Sequence[Still], progress: Progress | None = None) -> list[bytes]:
    """Each figure as PNG, on white.

    progress: told the part done, 0 to 1, and a sentence. Raises InputError without a browser, EngineError where the
    browser stops or takes too long.
    """
    if not stills:
        return []
    refuse_without_browser()
    # In a thread of its own, as the caller may run an event loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _drawn(stills, progress or (lambda part, sentence: None))).result()


async def _drawn(stills: Sequence[Still], progress: Progress) -> list[bytes]:
    from choreographer.errors import (
        BrowserClosedError,
        BrowserDepsError,
        BrowserFailedError,
        ChannelClosedError,
        ChromeNotFoundError,
    )
    from kaleido import Kaleido
    from kaleido.errors import JavascriptError, KaleidoError

    told = f"Chromium did not start. {INSTALL}"
    try:
        # MathJax would be fetched from another host; the one tab is the one that starts with the browser.
        browser = Kaleido(n=1, timeout=FIGURE_SECONDS, mathjax=False)
        try:
            progress(0.0, "starting Chromium")
            await asyncio.wait_for(browser.open(), START_SECONDS)
            made = []
            for place, still in enumerate(stills, 1):
                told = (
                    f"Chromium stopped while it drew figure {place} of {len(stills)}: try again, or take the HTML "
                    "report, which needs no Chromium."
                )
                progress((place - 1) / len(stills), f"drawing figure {place} of {len(stills)}")
                options = {"format": "png", "width": still.width, "height": still.height, "scale": SCALE}
                made.append(await browser.calc_fig(_on_white(still), opts=options))
            progress(1.0, "figures drawn")
            return made
        finally:
            await asyncio.wait_for(browser.close(), CLOSE_SECONDS)
    except ChromeNotFoundError as error:
        raise InputError(NO_BROWSER) from error
    except (
        TimeoutError, BrowserClosedError, BrowserDepsError, BrowserFailedError, ChannelClosedError, KaleidoError,
        JavascriptError,
    ) as error:  # fmt: skip
        raise EngineError(told) from error


def _on_white(still: Still) -> dict:
    """The figure as JSON on white ground: transparent pictures take longer and print grey in some readers."""
    document = still.figure.to_plotly_json()
    layout = {**document["layout"], "paper_bgcolor": "#ffffff", "width": still.width, "height": still.height}
    return {"data": document["data"], "layout": layout}
