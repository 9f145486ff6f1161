"""The table of pages. A new page is one line here and one file in pages/."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One page: its file in pages/ (which is also its address), its title, its icon and its section."""

    file: str
    title: str
    icon: str
    section: str


PAGES: tuple[Entry, ...] = (
    Entry("home.py", "Home", ":material/home:", "Overview"),
    Entry("jobs.py", "Jobs", ":material/pending_actions:", "Overview"),
    Entry("models.py", "Models", ":material/leaderboard:", "Overview"),
    Entry("responses.py", "Responses", ":material/scatter_plot:", "Drug response"),
)
