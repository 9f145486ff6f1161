"""Reviews in a real browser, from a row of the Screens page to the signature: a *Simulated* screen with planted
defects, a real plate set, two people at once, and what the address keeps.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import driving
import pytest
import small_reviewed
import test_browser
from driving import answered, click_point

from engine.demo.screen_wells import Defects
from engine.demo.screens import write_screens
from engine.settings import REPOSITORY, store_path
from engine.spheroid.review import state
from engine.store.database import Database

pytestmark = test_browser.pytestmark
browser = test_browser.browser

SCREEN, TWO, REAL = "SIM-BRAF_DS1", "SIM-TWO_DS1", "BT-40_V1_DS1"
TWO_DRUG, TWO_WELLS = "Trametinib", ("P1_A02", "P2_A03")
# A bad plate, dust in a well of Cobimetinib at 0.1 nM, and a DMSO control with staurosporine in it.
BAD, DUSTY, DRUG, SWAPPED = "P2", "P1_B09", "Cobimetinib", "P3_H04"
WHO, REASON = "Reviewer Quarz", "Dust over the spheroid"
Record = Callable[[str], list[tuple[str, str, str]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated screen with what went wrong on purpose, imported and scored by the commands a person types; and a
    small one that two people review."""
    home = tmp_path_factory.mktemp("review")
    build(home)
    return home


def build(home: Path) -> None:
    folder = home / "folder"
    planted = Defects(bad_plate=(BAD,), contaminated=(DUSTY,), mislabelled=(SWAPPED,))
    write_screens(folder, screens=[SCREEN], defects={SCREEN: planted})
    command(home, "import", "screen", folder, "--name", SCREEN, "--sample", "Simulated BRAF")
    for modality in ("metabolic", "mos"):
        command(home, "score", "--screen", SCREEN, "--modality", modality, "--bootstrap", 50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(home))
        small_reviewed.put(Database(store_path()), TWO, modalities=("metabolic",), simulated=True)


def command(home: Path, *words: object) -> object:
    """`python -m engine ... --json` in a home; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, words), "--json"],
        cwd=REPOSITORY,
        env={**os.environ, "TUMORCAST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with driving.served(home) as (found, _):
        yield found
    assert "Traceback" not in (home / "dashboard.log").read_text()


@pytest.fixture
def record(home: Path) -> Record:
    """Every entry of a screen's record: who, what was decided, about what."""

    def read(screen: str) -> list[tuple[str, str, str]]:
        entries = state(Database(home / "store" / "tumorcast.duckdb"), screen).entries
        return [(one.reviewer, one.action, one.target.name) for one in entries]

    return read


def go(page, address: str, screen: str, **more: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in {"rev_screen": screen, **more}.items())
    page.goto(f"{address}/screen_review?{query}")
    driving.settle(page)
    answered(page)


def tab(page, name: str) -> str:
    """Opens it; the headings on it."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_function(
        "name => document.querySelector('[role=tab][aria-selected=true]')?.innerText.trim() === name", arg=name
    )
    answered(page)
    assert page.locator("[data-testid=stException]").count() == 0, name
    return page.locator(".stMain").inner_text()


def fill(page, **fields: str) -> None:
    """Fields of the dialog that is open, by label."""
    dialog = page.get_by_role("dialog")
    for label, words in fields.items():
        field = dialog.get_by_role("textbox", name=label.replace("_", " "))
        if field.input_value() != words:
            field.fill(words)
            field.press("Tab")
            answered(page)


def exclude(page, name: str, why: str = REASON, who: str = WHO) -> str:
    """By the button that stands beside it; what the page says of the change."""
    page.get_by_role("button", name=f"Exclude {name}", exact=False).first.click()
    fill(page, In_your_own_words=why, Your_name=who)
    page.get_by_role("dialog").get_by_role("button", name="Exclude", exact=True).click()
    page.get_by_role("dialog").wait_for(state="hidden")
    answered(page)
    return page.locator(".stMain").inner_text()


def sign(page, comment: str, who: str = WHO) -> None:
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


def report(page, browser, folder: Path) -> str:
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
    wrong: list[str] = []
    other.on("pageerror", lambda error: wrong.append(str(error)))
    other.goto(path.as_uri())
    other.wait_for_selector("h1")
    words = other.locator("body").inner_text()
    other.context.close()
    assert wrong == []
    return words


def in_address(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_screen_from_the_list_to_the_signature(address: str, browser, record: Record, tmp_path: Path):
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = driving.open_page(browser, address)
    page.goto(f"{address}/screens?scr_screen={SCREEN}")
    driving.settle(page)
    page.get_by_role("button", name="Review this screen").click()
    page.wait_for_url("**/screen_review?*")
    driving.settle(page)
    answered(page)

    text = page.locator(".stMain").inner_text()
    assert "What to look at first" in text
    listed = text.partition("What to look at first")[2].partition("Plates")[0]
    assert all(name in listed for name in (BAD, SWAPPED, DUSTY)), listed
    page.screenshot(path=test_browser.SCREENSHOTS / "review-quality.png")
    click_point(page, "review_map_P1", DUSTY)
    answered(page)
    assert in_address(page)["rev_well"] == [DUSTY] and in_address(page)["rev_drug"] == [DRUG]

    text = exclude(page, DUSTY)
    assert f"{WHO} excluded" in text and REASON in text
    text = exclude(page, BAD, "Controls overlap")
    assert "Left out now: 2" in text
    text = exclude(page, SWAPPED, "Dead like staurosporine")
    page.locator("summary", has_text="Before and after").click()
    page.locator("[data-testid=stExpander] [data-testid=stDataFrame]").wait_for()
    assert [name for _, _, name in record(SCREEN)] == [DUSTY, BAD, SWAPPED]

    assert "All scores" in tab(page, "Hits")
    click_point(page, "review_waterfall", DRUG)
    answered(page)
    text = tab(page, "Curves")
    assert DRUG in text
    click_point(page, "review_drug", DRUG, DUSTY)
    answered(page)
    text = tab(page, "Wells")
    assert DUSTY in text and "left out" in text.lower()
    image = page.locator(".stMain [data-testid=stImage] img").first
    image.wait_for()
    assert image.evaluate("one => one.complete && one.naturalWidth") >= 224
    page.screenshot(path=test_browser.SCREENSHOTS / "review-wells.png")
    assert "No network has looked at these images yet" in tab(page, "Phenotypes")
    text = tab(page, "Compare")
    assert "Do metabolic and mean of stack agree?" in text and "Which drugs work in which screen" in text

    text = tab(page, "Decisions")
    assert "What do the exclusions change?" in text and "Left out now: 3" in text
    sign(page, "Three exclusions")
    page.screenshot(path=test_browser.SCREENSHOTS / "review-signed.png")
    assert page.get_by_role("button", name="Comment").count() == 0
    words = report(page, browser, tmp_path)
    assert (
        SCREEN in words and WHO in words and REASON in words and "Research use only" in words and "Simulated" in words
    )
    tab(page, "Quality")
    buttons = page.get_by_role("button", name=f"Restore {DUSTY}").all()
    assert buttons and all(button.is_disabled() for button in buttons)

    tab(page, "Decisions")
    page.get_by_role("button", name="Reopen").click()
    fill(page, In_your_own_words="A second look", Your_name=WHO)
    page.get_by_role("dialog").get_by_role("button", name="Reopen").click()
    page.get_by_role("button", name="Sign off", exact=True).wait_for()
    assert [action for _, action, _ in record(SCREEN)] == ["exclude"] * 3 + ["sign_off", "reopen"]
    assert wrong == []
    page.context.close()


@pytest.mark.real_data
def test_a_real_plate_set(address: str, browser, home: Path, real_data: Path, record: Record, tmp_path: Path):
    """Metabolic readouts only; imported and scored while the dashboard is open."""
    folder = real_data / "screen" / "native" / REAL
    command(home, "import", "screen", folder)
    command(home, "score", "--screen", REAL, "--modality", "metabolic", "--bootstrap", 50)
    page, wrong = driving.open_page(browser, address, width=900, scheme="dark")
    go(page, address, REAL)
    assert "What to look at first" in page.locator(".stMain").inner_text()
    with_wells = home_wells(home, REAL)
    drug, well = next((drug, well) for drug, well in with_wells if well.startswith("P1"))
    click_point(page, "review_map_P1", well)
    answered(page)
    assert in_address(page)["rev_drug"] == [drug]
    text = exclude(page, well, "Bubble in the well")
    assert f"{WHO} excluded" in text and "Bubble in the well" in text
    assert "All scores" in tab(page, "Hits")
    assert drug in tab(page, "Curves")
    assert "This screen was imported without images." in tab(page, "Wells")
    assert "has no images" in tab(page, "Phenotypes")
    assert "It takes two scored readouts" in tab(page, "Compare")
    assert "Left out now: 1" in tab(page, "Decisions")
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
    sign(page, "Plates looked at one by one")
    assert [action for _, action, _ in record(REAL)] == ["exclude", "sign_off"]
    words = report(page, browser, tmp_path)
    assert all(one in words for one in (REAL, WHO, drug, "Bubble in the well", "Research use only"))
    assert "Simulated" not in words
    assert wrong == []
    page.context.close()


def home_wells(home: Path, screen: str) -> list[tuple[str, str]]:
    """Drug and name of every drug well."""
    wells = Database(home / "store" / "tumorcast.duckdb").query(
        """SELECT treatment, plate || '_' || row || lpad("column"::VARCHAR, 2, '0') AS name FROM well
           WHERE screen = ? AND well_type = 'therapy' ORDER BY name""",
        [screen],
    )
    return list(wells.itertuples(index=False, name=None))


def test_two_people_lose_no_decision(address: str, browser, record: Record):
    """Both decide before either has seen the other's decision."""
    names = ("Reviewer Ada", "Reviewer Ben")
    pages = []
    for well in TWO_WELLS:
        page, wrong = driving.open_page(browser, address)
        go(page, address, TWO, rev_tab="Decisions", rev_well=well)
        pages.append((page, wrong))
    for (page, _), well, who in zip(pages, TWO_WELLS, names, strict=True):
        page.get_by_role("button", name=f"Exclude {well}").first.click()
        fill(page, In_your_own_words=f"Seen by {who}", Your_name=who)
    for page, _ in pages:
        page.get_by_role("dialog").get_by_role("button", name="Exclude", exact=True).click()
    for page, _ in pages:
        page.get_by_role("dialog").wait_for(state="hidden")
    assert {(who, what) for who, _, what in record(TWO)} == set(zip(names, TWO_WELLS, strict=True))

    for (page, _), said in zip(pages, names[::-1], strict=True):
        # Who was first learns of the other by the watch, unless the answer came late enough to count it in.
        page.get_by_text("This view is older").or_(page.get_by_text("Decided since you last looked")).first.wait_for()
        assert said in see_news(page)
        assert "Left out now: 2" in page.locator(".stMain").inner_text()
        page.get_by_role("button", name="Seen", exact=True).click()
        page.get_by_text("Decided since you last looked").wait_for(state="hidden")

    (ada, _), (ben, _) = pages
    answered(ada)
    ada.get_by_role("button", name="Comment", exact=True).click()
    fill(ada, Comment="The rest is fine", Your_name=names[0])
    ada.get_by_role("button", name="Record the comment").click()
    ben.get_by_text(f"This view is older than the record: {names[0]} decided something meanwhile").wait_for()
    assert "The rest is fine" in see_news(ben)
    assert [action for _, action, _ in record(TWO)] == ["exclude", "exclude", "comment"]
    for page, wrong in pages:
        assert wrong == []
        page.context.close()


def see_news(page) -> str:
    """What others decided, once the page was asked for the new state where it is older."""
    if page.get_by_role("button", name="Show the new state").count():
        page.get_by_role("button", name="Show the new state").click()
    page.get_by_text("Decided since you last looked").wait_for()
    answered(page)
    return page.locator(".stMain").inner_text()


def test_the_address_keeps_the_view_and_no_name(address: str, browser, home: Path):
    page, wrong = driving.open_page(browser, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    go(page, address, TWO)
    tab(page, "Hits")
    click_point(page, "review_waterfall", "Bortezomib")
    answered(page)
    tab(page, "Curves")
    well = next(well for drug, well in home_wells(home, TWO) if drug == "Bortezomib")
    click_point(page, "review_drug", "Bortezomib", well)
    answered(page)
    page.get_by_role("button", name=f"Exclude {well}").first.click()
    fill(page, In_your_own_words="Quartz dust", Your_name=WHO)
    page.keyboard.press("Escape")
    kept = in_address(page)
    assert (kept["rev_tab"], kept["rev_drug"], kept["rev_well"]) == (["Curves"], ["Bortezomib"], [well])
    other, also_wrong = driving.open_page(browser, address)
    other.goto(page.url)
    driving.settle(other)
    answered(other)
    assert other.locator("[role=tab][aria-selected=true]").first.inner_text().strip() == "Curves"
    text = other.locator(".stMain").inner_text()
    assert (
        f"{well}, replicate" in text and other.get_by_role("combobox", name="Drug").first.input_value() == "Bortezomib"
    )
    told = [url for url in [page.url, *asked] for word in ("Quar", "Reviewer", "dust") if word.lower() in url.lower()]
    assert told == []
    assert "Quar" not in (home / "dashboard.log").read_text()
    assert wrong == also_wrong == []
    for each in (page, other):
        each.context.close()
