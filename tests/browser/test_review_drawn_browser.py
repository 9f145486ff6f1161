"""What comes onto the Screen review page while somebody looks, in a real browser: intervals that a job draws again
after an exclusion, and a gallery of the wells that a hand draws a lasso around. Both screens are *Simulated*.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import driving
import pytest
import small_phenotypes
import small_reviews
import test_browser
from driving import answered, says
from reviewing import exclude, go, tab

from engine.figures.screen_curves import score_words
from engine.jobs import launch, queue
from engine.jobs.files import write_json
from engine.settings import jobs_folder, store_path
from engine.spheroid import open_intervals
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

pytestmark = test_browser.pytestmark
browser = test_browser.browser

OPEN, MAPPED, MAP = "S1", small_phenotypes.ONE, "phenotype_map"
CHART = f'[class*="st-key-{MAP}_"] .js-plotly-plot'
DRUGS, DRUG, CONTROL = 4, "Drug 001", "P1_A01"
# Without a control all curves of its plate change, pooled ones too: more draws than a decision waits for.
SETTINGS = ScoreSettings(parameters=3, bootstrap=600)
ALIKE = ("P1_C03", "P2_C03", "P1_D03", "P2_D03")  # Panobinostat and Entinostat, in a corner of the map


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a scored screen, and one that a network has looked at."""
    home = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(home))
        with patch.context() as still:  # no job runs yet
            still.setattr(launch, "start", lambda folder: None)
            db = Database(store_path())
            small_reviews.put(db, OPEN, drugs=DRUGS, modalities=("metabolic",))
            small_reviews.score(db, OPEN, ("metabolic",), SETTINGS)
            small_phenotypes.fill(db, tmp_path_factory.mktemp("pictures"))
            for folder in jobs_folder().iterdir():
                for name in ("done.json", "collected.json"):
                    write_json(folder / name, {})
        yield home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with driving.served(home) as (found, _):
        yield found
    assert "Traceback" not in driving.log_of(home).read_text()


@contextmanager
def held_queue() -> Iterator[None]:
    """What is submitted meanwhile waits, as where another job runs for hours; then it is begun."""
    lock = jobs_folder() / ".runners" / "cpu.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    launch.ensure_runners()


def words_of(db: Database, drug: str) -> str:
    """What the page says of a drug's score."""
    row = db.query(
        """SELECT * FROM score JOIN curve USING (screen, modality, drug, addon, replicate)
           WHERE screen = ? AND drug = ? AND replicate = 'pooled'""",
        [OPEN, drug],
    ).iloc[0]
    return score_words(row)


def test_intervals_that_an_exclusion_left_open_come_by_themselves(home: Path, address: str, browser):
    db = Database(store_path())
    assert "no interval" not in words_of(db, DRUG)
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = driving.open_page(browser, address)
    go(page, address, OPEN, rev_tab="Decisions", rev_well=CONTROL, rev_drug=DRUG)
    banner = page.get_by_text(f"Intervals of {DRUGS} drugs by metabolic")
    assert banner.count() == 0
    with held_queue():
        exclude(page, CONTROL)
        says(page, f"Intervals of {DRUGS} drugs by metabolic wait for their turn.")
        ((waiting, curves),) = [one[1:] for one in open_intervals.open_intervals(db, OPEN)]
        assert waiting == DRUGS and curves > DRUGS
        ((_, up_to_date, ours, job),) = open_intervals.drawing(db, OPEN)
        assert (up_to_date, ours) == (True, True)
        without = words_of(db, DRUG)
        assert "no interval" in without
        tab(page, "Hits", without, f"Intervals of {DRUGS} drugs by metabolic")
        assert page.get_by_text("numbers here may change").count() == 0, "scores stay as they are"
        page.screenshot(path=test_browser.SCREENSHOTS / "review-intervals-open.png")
    deadline = time.monotonic() + driving.PATIENCE_SECONDS
    while queue.status(job.id).state != "collected":
        assert time.monotonic() < deadline, queue.status(job.id)
        time.sleep(0.2)
    banner.wait_for(state="hidden")  # nobody has touched the page
    drawn = words_of(db, DRUG)
    assert drawn.split(" (")[0] == without.split(" (")[0] and "no interval" not in drawn
    says(page, drawn)
    assert open_intervals.open_intervals(db, OPEN) == () and wrong == []
    page.context.close()


def places(page, *wells: str) -> list[tuple[float, float]]:
    """Where points of the map lie in the window, all at one time."""
    scrolled = "document.querySelector('.stMain').scrollTop"
    found = [(*driving.point(page, MAP, well), page.evaluate(scrolled)) for well in wells]
    now = page.evaluate(scrolled)
    return [(x, y + then - now) for x, y, then in found]


def test_a_lasso_on_the_map_fills_the_gallery(home: Path, address: str, browser):
    test_browser.SCREENSHOTS.mkdir(exist_ok=True)
    page, wrong = driving.open_page(browser, address)
    go(page, address, MAPPED, rev_tab="Phenotypes")
    says(page, "Which drugs make spheroids look alike?", "How do they look?")
    page.get_by_text("Lasso", exact=True).click()
    answered(page)
    page.wait_for_function(f"() => document.querySelector('{CHART}')?._fullLayout.dragmode === 'lasso'")
    around = places(page, *ALIKE)
    left, right = min(x for x, _ in around) - 15, max(x for x, _ in around) + 15
    top, bottom = min(y for _, y in around) - 15, max(y for _, y in around) + 15
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    says(page, f"{len(ALIKE)} wells in the lasso", "Strongest first.")
    answered(page)
    shown = page.locator("[class*=st-key-phenotype_gallery_]")
    assert [one.strip() for one in shown.all_inner_texts()] == list(ALIKE)
    for drug, score in (("Panobinostat", 22), ("Entinostat", 14)):
        assert page.locator(f".stMain img[alt='{drug}, 1,000 nM']").count() >= 2
        assert f"{drug}\n1,000 nM\nDSS {score}" in page.locator(".stMain").inner_text()
    page.wait_for_function("() => [...document.querySelectorAll('.stMain img')].every(one => one.naturalWidth > 0)")
    page.screenshot(path=test_browser.SCREENSHOTS / "review-lasso.png")
    page.get_by_role("button", name=ALIKE[2], exact=True).click()
    driving.in_link(page, rev_tab="Wells", rev_well=ALIKE[2])
    answered(page)
    tab(page, "Phenotypes", f"{len(ALIKE)} wells in the lasso")
    page.get_by_role("button", name="Clear the lasso").click()
    says(page, "How do they look?")
    assert wrong == []
    page.context.close()
