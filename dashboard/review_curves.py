"""Screen review page, Curves: many drugs small, one drug large with the images of its dilution series."""

import math

import pandas as pd
import streamlit as st

from dashboard import forms, frame, messages, review_decide, review_drugs, state
from dashboard.review_choose import Reviewed, go, pick_drug, pick_well
from engine.figures.curve_panels import Panel
from engine.figures.screen_curves import grid
from engine.figures.screen_drug import drug_chart, drug_scores
from engine.figures.screen_hits import why
from engine.figures.text import number, plural
from engine.spheroid.hits import NOT_TOLD, ordered
from engine.spheroid.review_types import Target

PAGE = 12


def show(shown: Reviewed) -> None:
    """The chosen drug large, the others small below."""
    if shown.scores.empty:
        messages.empty(
            f"**{messages.plain(shown.screen)} has no curves by this readout yet.** Score it on the Screens page."
        )
        return
    rows = ordered(review_drugs.rows(shown), "score")
    _one(shown, rows)
    _many(shown, rows)


def _one(shown: Reviewed, rows: pd.DataFrame) -> None:
    """One drug: curve with images, scores by replicate and readout, and what can be left out."""
    mine = rows[rows["drug"] == shown.drug]
    if mine.empty:
        return
    if len(mine) > 1:
        names = list(mine["name"])
        name = st.segmented_control(
            "With", names, format_func=messages.plain, default=names[0], key=f"review_addon_{shown.drug}"
        )
        mine = mine[mine["name"] == (name or names[0])]
    (panel,) = review_drugs.panels_of(shown, mine)
    addon = str(panel.row["addon"])
    thumbnails, note = review_drugs.pictures(shown, panel.points)
    left, right = frame.main_and_side("review_curve")
    with left:
        lines = review_drugs.other_lines(shown, panel.drug, addon)
        chart = drug_chart(panel, lines, thumbnails, shown.well, shown.context, frame.dark())
        where = (shown.screen, shown.modality, shown.replicate, panel.name, shown.well, frame.dark(), shown.state.last)
        lead = f"**{messages.plain(why(panel.reason))}**" if panel.main is None else ""
        frame.chart(chart, "review_drug", view=where, lead=lead, on_pick=_look, toolbar=False)
        if note:
            st.caption(messages.plain(note))
    with right:
        _neighbours(shown, rows)
        frame.table(
            drug_scores(review_drugs.all_scores(shown, panel.drug, addon)),
            key=f"review_drug_scores_{abs(hash((shown.screen, panel.name)))}", height="content", missing="none",
        )  # fmt: skip
        _leave_out(shown, panel)


def _neighbours(shown: Reviewed, rows: pd.DataFrame) -> None:
    """The drug by name, and the one before and after it by score."""
    drugs = list(dict.fromkeys(rows["drug"]))
    place = drugs.index(shown.drug)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Stronger", icon=":material/chevron_left:", key="review_stronger", disabled=place == 0,
            on_click=pick_drug, args=(drugs[max(place - 1, 0)],),
        )  # fmt: skip
        key = state.bound("rev_drug", drugs, shown.drug)
        st.session_state.setdefault(key, shown.drug)
        drug = st.selectbox("Drug", sorted(drugs, key=str.casefold), key=key)
        state.keep("rev_drug", drug, default=drugs[0])
        st.button(
            "Weaker", icon=":material/chevron_right:", key="review_weaker", disabled=place == len(drugs) - 1,
            on_click=pick_drug, args=(drugs[min(place + 1, len(drugs) - 1)],),
        )  # fmt: skip


def _leave_out(shown: Reviewed, panel: Panel) -> None:
    """The drug, one of its replicates, or one well."""
    st.markdown("**Leave out**")
    with st.container(horizontal=True):
        review_decide.offer(shown, Target("drug", drug=panel.drug), key="review_out_drug")
        for one in sorted(panel.points["replicate"].unique()):
            target = Target("replicate", drug=panel.drug, replicate=int(one))
            review_decide.offer(shown, target, key=f"review_out_replicate_{one}", label=f"replicate {one}")
    mine = panel.points[panel.points["well"] == shown.well]
    if mine.empty:
        st.caption("One well alone: click its point first.")
        return
    one = mine.iloc[0]
    out = ", left out" if one["left_out"] else ""
    st.markdown(
        f"**{messages.plain(shown.well)}**, replicate {one['replicate']}, {number(one['conc_nm'])} nM: "
        f"{number(one['inhibition'])} % inhibition{out}"
    )
    with st.container(horizontal=True):
        target = Target("well", plate=str(one["plate"]), row=str(one["row"]), column=int(one["column"]))
        review_decide.offer(shown, target, key="review_out_well")
        st.button("See its image", icon=":material/image:", key="review_see_well", on_click=go, args=("Wells",))


def _look(place: object) -> None:
    """A point gives its well; an image the tab of wells too."""
    if isinstance(place, list | tuple) and len(place) > 1:
        pick_well(str(place[1]))
        if len(place) > 2:
            go("Wells")


def _many(shown: Reviewed, rows: pd.DataFrame) -> None:
    """Small multiples of chosen drugs, of the strongest where none is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = sorted(set(rows["drug"]), key=str.casefold)
        chosen = forms.choose_many("Drugs", names, "rev_drugs", width=420, placeholder="All, the strongest first")
        classes = review_drugs.class_names(shown)
        if classes != [NOT_TOLD]:
            forms.choose_many("Classes", classes, "rev_class", width=300)
        state.keep("rev_fixed", st.toggle("One axis for all", key=state.bound("rev_fixed")))
        kept = rows[rows["group"].isin(state.get("rev_class"))] if state.get("rev_class") else rows
        kept = kept[kept["drug"].isin(chosen)] if chosen else kept
        pages = max(1, math.ceil(len(kept) / PAGE))
        page = 1
        if pages > 1:
            # Fewer drugs may have fewer pages than the one that was open.
            state.choose("rev_page", min(int(state.get("rev_page")), pages))
            with st.container(width=150):
                page = forms.number(f"Page of {pages}", "rev_page", 1, pages)
    if kept.empty:
        messages.empty("**No drug is left by these filters.** Choose other drugs or classes.")
        return
    part = kept.iloc[(page - 1) * PAGE : page * PAGE]
    made = review_drugs.panels_of(shown, part)
    of = (
        f", {(page - 1) * PAGE + 1} to {(page - 1) * PAGE + len(part)} of {plural(len(kept), 'drug')}"
        if pages > 1
        else ""
    )
    fixed = bool(state.get("rev_fixed"))
    chart = grid(made, shown.drug, fixed, f"{shown.context}{of}", frame.dark())
    where = (shown.screen, shown.modality, shown.replicate, shown.drug, tuple(part["name"]), fixed, frame.dark(),
             shown.state.last)  # fmt: skip
    frame.chart(chart, "review_curves", view=where, on_pick=_take, toolbar=False)


def _take(place: object) -> None:
    if isinstance(place, list | tuple):
        pick_drug(str(place[0]))
