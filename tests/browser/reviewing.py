"""What a reviewer does on the Screen review page, as functions of a page in Chromium."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from driving import PATIENCE_SECONDS, answered, says, settle

from engine.settings import REPOSITORY

WHO, REASON = "Reviewer Quarz", "Dust over the spheroid"
OPENED = "name => document.querySelector('[role=tab][aria-selected=true]')?.innerText.trim() === name"


def command(home: Path, *words: object) -> object:
    """`python -m engine ... --json` in a home; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, words), "--json"],
        cwd=REPOSITORY,
        env={**os.environ, "TUMORCAST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=900,  # two free cores take a thirtieth of it
    )
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def go(page: Any, address: str, screen: str, **more: str) -> None:
    """Opens a screen by its address."""
    page.goto(f"{address}/screen_review?{urlencode({'rev_screen': screen, **more})}")
    settle(page)
    answered(page)


def tab(page: Any, name: str, *words: str) -> str:
    """Opens it and waits for words on it; all words of the page."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_function(OPENED, arg=name)
    answered(page)
    assert page.locator("[data-testid=stException]").count() == 0, name
    return says(page, *words)


def fill(page: Any, **fields: str) -> None:
    """Fields of the dialog that is open, by label."""
    dialog = page.get_by_role("dialog")
    for label, words in fields.items():
        field = dialog.get_by_role("textbox", name=label.replace("_", " "))
        if field.input_value() != words:
            field.fill(words)
            field.press("Tab")
            answered(page)


def exclude(page: Any, name: str, why: str = REASON, who: str = WHO) -> None:
    """By the button that stands beside it, until the page tells of it."""
    page.get_by_role("button", name=f"Exclude {name}", exact=False).first.click()
    fill(page, In_your_own_words=why, Your_name=who)
    page.get_by_role("dialog").get_by_role("button", name="Exclude", exact=True).click()
    page.get_by_role("dialog").wait_for(state="hidden")
    answered(page)
    says(page, f"{who} excluded", why)


def sign(page: Any, comment: str, who: str = WHO) -> None:
    """Signs what the tab Decisions shows, open questions included."""
    page.get_by_role("button", name="Sign off", exact=True).click()
    dialog = page.get_by_role("dialog")
    fill(page, Your_name=who, Comment=comment)
    if dialog.get_by_text("I have looked at this").count():
        dialog.get_by_text("I have looked at this").click()
        answered(page)
    dialog.get_by_role("button", name="Sign off", exact=True).click()
    page.get_by_text(f"Signed off by {who}").first.wait_for()
    answered(page)


def report(page: Any, browser: Any, folder: Path) -> str:
    """Makes the HTML report and opens it as a file, without a network; its words."""
    page.get_by_role("button", name="Report").first.click()
    page.get_by_role("button", name="Make HTML").click()
    button = page.get_by_role("button", name="Download HTML")
    button.wait_for()
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    page.keyboard.press("Escape")
    assert path.suffix == ".html"
    other = browser.new_context(offline=True).new_page()
    other.set_default_timeout(PATIENCE_SECONDS * 1000)
    wrong: list[str] = []
    other.on("pageerror", lambda error: wrong.append(str(error)))
    other.goto(path.as_uri())
    other.wait_for_selector("h1")
    words = other.locator("body").inner_text()
    other.context.close()
    assert wrong == []
    return words


def see_news(page: Any, *words: str) -> str:
    """What others decided, once the page was asked for the new state where it is older; all words of the page."""
    if page.get_by_role("button", name="Show the new state").count():
        page.get_by_role("button", name="Show the new state").click()
    said = says(page, "Decided since you last looked", *words)
    answered(page)
    return said
