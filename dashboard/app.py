"""Entry of the dashboard: path, page settings, navigation. Stands beside pages/, so that a deep link never skips it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard import frame, messages, nav, state  # noqa: E402

frame.settings()
sections: dict[str, list] = {}
for entry in nav.PAGES:
    page = st.Page(nav.path(entry.file), title=entry.title, icon=entry.icon, default=entry is nav.PAGES[0])
    sections.setdefault(entry.section, []).append(page)
page = st.navigation(sections, expanded=True)
state.arrive(page.url_path)
with messages.in_words():
    frame.sidebar()
with messages.in_words():
    page.run()
