"""Reviews in a real browser, from a row of the Screens page to the signature: a *Simulated* screen with planted
defects, a real plate set, two people at once, and what the address keeps.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import driving
import pytest
import small_reviewed
import test_browser
from driving import answered, click_point, in_link, says
from reviewing import REASON, WHO, command, exclude, fill, go, report, see_news, sign, tab

from engine.demo.screen_wells import Defects
from engine.demo.screens import write_screens
from engine.settings import store_path
from engine.spheroid.review import state
from engine.store.database import Database

pytestmark = test_browser.pytestmark
browser = test_browser.browser

SCREEN, TWO, REAL = "SIM-BRAF_DS1", "SIM-TWO_DS1", "BT-40_V1_DS1"
TWO_DRUG, TWO_WELLS = "Trametinib", ("P1_A02", "P2_A03")
# A bad plate, dust in a well of Cobimetinib at 0.1 nM, and a DMSO control with staurosporine in it.
BAD, DUSTY, DRUG, SWAPPED = "P2", "P1_B09", "Cobimetinib", "P3_H04"
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


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with driving.served(home) as (found, _):
        yield found
    assert "Traceback" not in driving.log_of(home).read_text()


@pytest.fixture
def record(home: Path) -> Record:
    """Every entry of a screen's record: who, what was decided, about what."""

    def read(screen: str) -> list[tuple[str, str, str]]:
        entries = state(Database(home / "store" / "tumorcast.duckdb"), screen).entries
        return [(one.reviewer, one.action, one.target.name) for one in entries]

    return read


def test_a_screen_from_the_list_to_the_signature(address: str, browser, record: Record, tmp_path: Path):
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = driving.open_page(browser, address)
    page.goto(f"{address}/screens?scr_screen={SCREEN}")
    driving.settle(page)
    page.get_by_role("button", name="Review this screen").click()
    page.wait_for_url("**/screen_review?*")
    driving.settle(page)
    answered(page)

    text = says(page, "What to look at first", "Plates", BAD, SWAPPED, DUSTY)
    listed = text.partition("What to look at first")[2].partition("Plates")[0]
    assert all(name in listed for name in (BAD, SWAPPED, DUSTY)), listed
    page.screenshot(path=test_browser.SCREENSHOTS / "review-quality.png")
    click_point(page, "review_map_P1", DUSTY)
    answered(page)
    in_link(page, rev_well=DUSTY, rev_drug=DRUG)

    exclude(page, DUSTY)
    exclude(page, BAD, "Controls overlap")
    says(page, "Left out now: 2")
    exclude(page, SWAPPED, "Dead like staurosporine")
    page.locator("summary", has_text="Before and after").click()
    page.locator("[data-testid=stExpander] [data-testid=stDataFrame]").wait_for()
    assert [name for _, _, name in record(SCREEN)] == [DUSTY, BAD, SWAPPED]

    tab(page, "Hits", "All scores")
    click_point(page, "review_waterfall", DRUG)
    answered(page)
    tab(page, "Curves", DRUG)
    click_point(page, "review_drug", DRUG, DUSTY)
    answered(page)
    assert "left out" in tab(page, "Wells", DUSTY).lower()
    image = page.locator(".stMain [data-testid=stImage] img").first
    image.wait_for()
    page.wait_for_function("one => one.complete && one.naturalWidth >= 224", arg=image.element_handle())
    page.screenshot(path=test_browser.SCREENSHOTS / "review-wells.png")
    tab(page, "Phenotypes", "No network has looked at these images yet")
    tab(page, "Compare", "Do metabolic and mean of stack agree?", "Which drugs work in which screen")

    tab(page, "Decisions", "What do the exclusions change?", "Left out now: 3")
    sign(page, "Three exclusions")
    page.screenshot(path=test_browser.SCREENSHOTS / "review-signed.png")
    page.get_by_role("button", name="Comment").first.wait_for(state="detached")
    words = report(page, browser, tmp_path)
    assert (
        SCREEN in words and WHO in words and REASON in words and "Research use only" in words and "Simulated" in words
    )
    tab(page, "Quality")
    restore = page.get_by_role("button", name=f"Restore {DUSTY}")
    restore.first.wait_for()
    assert all(button.is_disabled() for button in restore.all())

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
    says(page, "What to look at first")
    with_wells = home_wells(home, REAL)
    drug, well = next((drug, well) for drug, well in with_wells if well.startswith("P1"))
    click_point(page, "review_map_P1", well)
    answered(page)
    in_link(page, rev_drug=drug)
    exclude(page, well, "Bubble in the well")
    tab(page, "Hits", "All scores")
    tab(page, "Curves", drug)
    tab(page, "Wells", "This screen was imported without images.")
    tab(page, "Phenotypes", "has no images")
    tab(page, "Compare", "It takes two scored readouts")
    tab(page, "Decisions", "Left out now: 1")
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
        see_news(page, said, "Left out now: 2")
        page.get_by_role("button", name="Seen", exact=True).click()
        page.get_by_text("Decided since you last looked").wait_for(state="hidden")

    (ada, _), (ben, _) = pages
    answered(ada)
    ada.get_by_role("button", name="Comment", exact=True).click()
    fill(ada, Comment="The rest is fine", Your_name=names[0])
    ada.get_by_role("button", name="Record the comment").click()
    ben.get_by_text(f"This view is older than the record: {names[0]} decided something meanwhile").wait_for()
    see_news(ben, "The rest is fine")
    assert [action for _, action, _ in record(TWO)] == ["exclude", "exclude", "comment"]
    for page, wrong in pages:
        assert wrong == []
        page.context.close()


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
    in_link(page, rev_tab="Curves", rev_drug="Bortezomib", rev_well=well)
    other, also_wrong = driving.open_page(browser, address)
    other.goto(page.url)
    driving.settle(other)
    answered(other)
    assert other.locator("[role=tab][aria-selected=true]").first.inner_text().strip() == "Curves"
    says(other, f"{well}, replicate")
    assert other.get_by_role("combobox", name="Drug").first.input_value() == "Bortezomib"
    told = [url for url in [page.url, *asked] for word in ("Quar", "Reviewer", "dust") if word.lower() in url.lower()]
    assert told == []
    assert "Quar" not in driving.log_of(home).read_text()
    assert wrong == also_wrong == []
    for each in (page, other):
        each.context.close()
