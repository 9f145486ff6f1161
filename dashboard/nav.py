"""The table of pages. A new page is one line here and one file in pages/."""

from dataclasses import dataclass

import streamlit as st

from engine.settings import REPOSITORY


@dataclass(frozen=True)
class Entry:
    """One page: its file in pages/ (which is also its address), its title, its icon and its section."""

    file: str
    title: str
    icon: str
    section: str


PAGES: tuple[Entry, ...] = (
    Entry("home.py", "Home", ":material/home:", "Overview"),
    Entry("data.py", "Data", ":material/database:", "Overview"),
    Entry("jobs.py", "Jobs", ":material/pending_actions:", "Overview"),
    Entry("models.py", "Models", ":material/leaderboard:", "Overview"),
    Entry("responses.py", "Responses", ":material/scatter_plot:", "Drug response"),
    Entry("cancer_types.py", "Cancer types", ":material/category:", "Drug response"),
    Entry("drug.py", "Drug", ":material/medication:", "Drug response"),
    Entry("cell_line.py", "Cell line", ":material/biotech:", "Drug response"),
    Entry("patient.py", "Patient", ":material/clinical_notes:", "Drug response"),
    Entry("repurposing.py", "Repurposing", ":material/grid_on:", "Drug response"),
    Entry("library.py", "Library", ":material/science:", "Drug response"),
    Entry("radiosensitivity.py", "Radiosensitivity", ":material/radiology:", "Radiation"),
    Entry("screens.py", "Screens", ":material/grid_view:", "Spheroid screens"),
    Entry("screen_review.py", "Screen review", ":material/fact_check:", "Spheroid screens"),
)


def path(file: str) -> str:
    """The full path of a page's file, which is how Streamlit knows it."""
    return str(REPOSITORY / "pages" / file)


def link(file: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a page, with the query parameters it opens with."""
    st.page_link(path(file), label=label, icon=icon, query_params=query or None)
