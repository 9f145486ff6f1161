"""Screen review page, tab Compare: what an addition changes of every drug, where the screen combined any."""

import pandas as pd
import streamlit as st

from dashboard import data, export, frame, messages, review_choose, review_data, review_drugs
from dashboard.review_choose import Reviewed
from engine.errors import InputError
from engine.figures.combination_words import (
    FEW,
    MODELS,
    addition_words,
    combination_table,
    unmatched_words,
    verdict_words,
)
from engine.figures.combinations import MANY, Arm, arm_charts, combination_forest
from engine.figures.curve_panels import POOLED, Panel
from engine.figures.screens import modality_words
from engine.figures.text import cut, plural
from engine.spheroid import combinations
from engine.spheroid.combinations import Combinations
from engine.spheroid.hits import hit_rows

data.register("review", combinations.reviewed_combinations)
KEY = "compare_additions"
QUESTION = "What does the addition change?"
# So many rows scroll in a frame of their own: the curves of a row that was clicked stay in sight below it.
SCROLLS = """<style>
[class*="st-key-{key}"]:has(.stPlotlyChart) {{max-height: 36rem; overflow-y: auto;}}
[class*="st-key-{key}"] .stPlotlyChart {{min-height: {height}px;}}
</style>"""


def show(shown: Reviewed) -> None:
    """Nothing at all for a screen without additions."""
    therapy = shown.wells[shown.wells["well_type"] == "therapy"]
    if not (therapy["addon"].fillna("") != "").any():
        return
    try:
        found: Combinations = review_data.by_stamp(
            "review_reviewed_combinations", shown.screen, shown.modality, shown.screen, shown.modality
        )
    except InputError as error:
        st.subheader(QUESTION, anchor=False)
        messages.empty(messages.plain(error))
        return
    if found.rows.empty:
        st.subheader(QUESTION, anchor=False)
    else:
        _forest(shown, found)
    for note in found.notes:
        messages.empty(messages.plain(note))
    for sentence in unmatched_words(found):
        st.caption(messages.plain(sentence))
    if len(found.rows):
        _details(shown, found)
        _curves(shown, found)


def _context(shown: Reviewed) -> str:
    made = ", simulated data" if shown.simulated else ""
    return f"{shown.screen}, {modality_words(shown.modality)}, all replicates together{made}"


def _forest(shown: Reviewed, found: Combinations) -> None:
    many = len(found.rows) > MANY
    key = f"{KEY}_rows" if many else KEY
    # A picture that changed is a new one to Streamlit, and would scroll back to its first row with every click.
    item = combination_forest(found, _context(shown), "" if many else shown.drug, frame.dark())
    if many:
        st.html(SCROLLS.format(key=key, height=int(item.figure.layout.height)))
    told = " ".join([*addition_words(found), verdict_words(found)])
    frame.chart(
        item, key, (shown.screen, shown.modality),
        lead=f"**Measured together in this screen**, not suggested. {messages.plain(told)}",
        on_pick=lambda drug: review_choose.pick_drug(str(drug)),
    )  # fmt: skip


def _details(shown: Reviewed, found: Combinations) -> None:
    """Every column of every combination, what the four models assume, and all drugs that are missing."""
    with st.expander(f"{plural(len(found.rows), 'combination')} by four models"):
        st.markdown("\n".join(f"- **{name}** {words}" for name, words in MODELS.items()))
        table = combination_table(found.rows)
        drugs = found.rows["drug"].tolist()
        frame.table(
            table, key=f"{KEY}_table_{hash((shown.screen, shown.modality))}", height=min(400, 38 + 35 * len(table)),
            on_pick=lambda at: review_choose.pick_drug(drugs[at]) if at is not None else None,
            ticked=drugs.index(shown.drug) if shown.drug in drugs else None,
        )  # fmt: skip
        export.buttons(table, "tumorcast-combinations", key=f"{KEY}_files")
        for why, group in found.unmatched.groupby("why", sort=False):
            if len(group) > FEW:
                st.caption(messages.plain(f"All that are not compared, {why}: {', '.join(group['drug'])}."))


def _curves(shown: Reviewed, found: Combinations) -> None:
    """The chosen drug alone, and beside it with every addition."""
    if not shown.drug:
        messages.empty(
            "**Curves come with scores, and nothing is scored by this readout yet.**",
            page="screens.py", label="Score on the Screens page",
        )  # fmt: skip
        return
    mine, panels = found.rows[found.rows["drug"] == shown.drug], _panels(shown)
    mine = mine[mine["addon"].isin(panels)]
    if mine.empty or "" not in panels:
        st.markdown(f"{messages.plain(cut(shown.drug))} has no row above: click one for its curves.")
        return
    of_drug = found.doses[found.doses["drug"] == shown.drug]
    arms = [
        Arm(panels[row["addon"]], row, of_drug[of_drug["addon"] == row["addon"]])
        for _, row in mine.iterrows()
    ]  # fmt: skip
    with st.grid(2, min_column_width=400, gap="medium"):
        for place, chart in enumerate(arm_charts(panels[""], arms, _context(shown), frame.dark())):
            with st.container():
                frame.chart(chart, f"{KEY}_arm_{place}", (shown.screen, shown.modality, shown.drug), on_pick=_pick_well)


def _panels(shown: Reviewed) -> dict[str, Panel]:
    """Addition, '' for none -> wells and fit of the chosen drug."""
    scores = shown.scores[shown.scores["drug"] == shown.drug]
    curves = review_data.curves(shown.screen, shown.modality)
    rows: pd.DataFrame = hit_rows(scores, curves, review_data.drug_classes(shown.screen), POOLED, scores.head(0))
    panels = review_drugs.panels_of(shown, rows, shown.modality, POOLED)
    return {str(panel.row["addon"]): panel for panel in panels}


def _pick_well(at: list) -> None:
    review_choose.pick_well(str(at[1]))
