"""Screen review page: the scores of all screens, drugs and readouts at once, clustered."""

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, review_choose, review_data, review_map_data, state
from dashboard.review_choose import Reviewed
from engine.figures.screen_heatmap import MANY, HeatView, cell_of, screen_heatmap
from engine.figures.screens import modality_name
from engine.spheroid.hits import drug_groups
from engine.spheroid.score_compare import score_matrix

KEY = "compare_heatmap"
# The names of so many columns would run into each other where the page is narrow; the label by the pointer has them.
NARROW = f"""<style>@media (max-width: 1150px) {{
    [class*="st-key-{KEY}"] .xtick text {{font-size: 6.5px !important;}}}}</style>"""


def show(shown: Reviewed) -> None:
    """What is in it, the picture with its download, or why there is none."""
    scores = review_map_data.all_scores()
    if scores["dss_asym"].isna().all():
        st.subheader("Which drugs work in which screen, by which readout?", anchor=False)
        messages.empty("**No drug of any screen has a score yet.**")
        return
    names, layers = sorted(scores["screen"].unique()), list(scores["modality"].unique())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        screens = forms.choose_many("Screens", names, "rev_others", width=420)
        modalities = forms.choose_many("Readouts", layers, "rev_layers", modality_name, width=420)
        clustered = st.toggle("Cluster", key=state.bound("rev_clusters"))
        state.keep("rev_clusters", clustered)
    matrix = score_matrix(scores, screens, modalities)
    if not matrix.values.size:
        messages.empty("**None of these screens was scored by one of these readouts.** Choose others, or none for all.")
        return
    view = HeatView(matrix, _groups(), clustered, shown.screen, shown.drug)
    chart = screen_heatmap(view, _context(screens or names), frame.dark())
    shape = (matrix.screens, matrix.modalities, clustered)
    if len(matrix.screens) * len(matrix.modalities) > MANY:
        st.html(NARROW)
    frame.chart(chart, KEY, shape, on_pick=lambda cell: _pick(shown.screen, str(cell)), toolbar=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Click a cell for its drug, here and beside that screen. The table of the picture:", width="content")
        export.buttons(chart.table, "tumorcast-scores", key=f"{KEY}_files")


def _groups() -> dict[str, str]:
    classes = review_map_data.all_classes()
    return dict(drug_groups(classes)["group"]) if len(classes) else {}


def _context(names: list[str]) -> str:
    screens: pd.DataFrame = review_data.screens().set_index("screen")
    simulated = screens["simulated"].reindex(names).fillna(False).astype(bool)
    return "simulated data" if simulated.all() else "some simulated" if simulated.any() else "measured"


def _pick(own: str, cell: str) -> None:
    """The drug of a cell that was clicked, and its screen as the one to compare with."""
    screen, drug = cell_of(cell)
    review_choose.pick_drug(drug)
    if screen != own:
        state.choose("rev_other", screen)
