"""Screen review: names that are markup, markdown or very long are text on every tab, in words as in figures."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from page_checks import Open, assert_healthy, figure_of
from small_reviewed import put
from streamlit.testing.v1 import AppTest

from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.review_types import Decision, Target
from engine.store.database import Database

EVIL = '<b>Bold</b><a href="https://evil.example/">x</a> | [link](https://evil.example/) **stars** :red[red] %{x}'
LONG = "Endless " + "name" * 120
SCREEN = "<i>Screen</i> [link](https://evil.example/) | **stars**"
TABS = ("Quality", "Hits", "Curves", "Wells", "Phenotypes", "Compare", "Decisions")
WORDS = ("markdown", "caption", "subheader", "info", "warning", "success", "button", "html")
LOOSE = re.compile(r"(?<!\\)\[link(?<!\\)\]|(?<!\\)\*\*stars|:red(?<!\\)\[red")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two screens of drugs with such names; a drug and a well are left out with such a reason."""
    home, originals = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("originals")
    drugs = {EVIL: 0.95, LONG: 0.8, f"{EVIL} 2": 0.1, "Olaparib": 0.5, "Bortezomib": 0.6}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(home))
        db = Database(store_path())
        put(db, SCREEN, drugs, broken=(f"{EVIL} 2",), sample=EVIL, images=originals)
        put(db, f"{SCREEN} 2", drugs)
        out = (Target("drug", drug=LONG), Target("well", plate="P1", row="A", column=2))
        review.decide(db, SCREEN, EVIL[:60], [Decision("exclude", one, EVIL) for one in out], 0)
        yield


def drawn(value: Any) -> Iterator[str]:
    """Every text of a figure but what a click gives back and pictures."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from drawn(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("customdata", "source"):
                yield from drawn(one)


def assert_inert(app: AppTest) -> None:
    for item in app.get("plotly_chart"):
        for text in drawn(figure_of(item.proto.spec)):
            assert "<a " not in text and "<b>Bold" not in text and "<i>Screen" not in text, text
    for kind in WORDS:
        for item in app.get(kind):
            proto = item.proto
            for text in (getattr(proto, name, "") for name in ("body", "label", "help")):
                if kind == "html":
                    assert "<a href" not in text and "<b>Bold" not in text, text
                else:
                    assert not LOOSE.search(text), text
                    assert not re.search(r"(?<!\\)<[abi]\b", text), text


@pytest.mark.parametrize("tab", TABS)
def test_names_are_text_wherever_they_stand(hostile: None, open_page: Open, tab: str):
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab=tab, rev_drug=EVIL, rev_well="P1_A03")
    assert_healthy(app)
    assert_inert(app)


def test_a_name_without_end_is_cut_in_figures_and_on_buttons(hostile: None, open_page: Open):
    app = open_page("screen_review.py", rev_screen=SCREEN, rev_tab="Curves", rev_drug=LONG)
    assert_healthy(app)
    assert max(len(text) for item in app.get("plotly_chart") for text in drawn(figure_of(item.proto.spec))) < 300
    assert max(len(item.label) for item in app.button) < 60
