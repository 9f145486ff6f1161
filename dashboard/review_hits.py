"""Screen review page, Hits: the waterfall of scores, the chosen drug beneath it, and all scores as a table."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import (
    export,
    forms,
    frame,
    messages,
    review_data,
    review_drugs,
    review_references,
    state,
)
from dashboard.review_choose import Reviewed, go, pick_drug, pick_well
from engine.figures.curve_panels import Panel
from engine.figures.plates import plate_map
from engine.figures.screen_curves import score_words
from engine.figures.screen_drug import drug_chart, ringed
from engine.figures.screen_hits import LEFT_OUT, HitView, class_words, drawn, waterfall
from engine.figures.screens import modality_name
from engine.figures.template import Chart
from engine.figures.text import chance, cut, number, plural
from engine.spheroid.expected import Expected
from engine.spheroid.hits import NOT_TOLD, ORDERS, ordered

ALIKE = 4  # drugs named beside the chosen one
BAR_PX, AXIS_PX = 12, 60  # a narrower bar has no room for its name: the chart is moved sideways then
SCROLLED = """<style>
.st-key-review_scrolled .stElementContainer:has(.stPlotlyChart) {{overflow-x: auto;}}
.st-key-review_scrolled .stElementContainer > :has(.stPlotlyChart) {{min-width: {}px;}}
</style>"""


def show(shown: Reviewed) -> None:
    """Which drugs kill this tumour's spheroids, and what the chosen one does."""
    if shown.scores.empty:
        messages.empty(
            f"**{messages.plain(shown.screen)} has no scores by this readout yet.** Score it on the Screens page; hits "
            "and curves follow."
        )
        return
    beside = _controls(shown)
    rows = review_drugs.rows(shown, beside)
    kept = rows[rows["group"].isin(state.get("rev_class"))] if state.get("rev_class") else rows
    kept = ordered(kept, state.get("rev_sort"))
    known = review_drugs.expected(shown)
    view = HitView(
        kept, shown.drug, shown.modality, beside, known.drugs, review_drugs.groups(shown),
        f"{shown.context}, {_replicate(shown)}",
    )  # fmt: skip
    chart = waterfall(view, frame.dark())
    _waterfall(shown, view, known, rows, chart)
    _chosen(shown, rows)
    _table(shown, view, chart.table)
    review_references.show(shown)


def _replicate(shown: Reviewed) -> str:
    return "all replicates" if shown.replicate == "pooled" else f"replicate {shown.replicate}"


def _controls(shown: Reviewed) -> str:
    """Order, classes and the readout beside; returns the last, '' where there is no other."""
    orders = [one for one in ORDERS if one != "selective" or shown.scores["sdss"].notna().any()]
    classes = review_drugs.class_names(shown)
    others = review_drugs.others(shown)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        forms.choose("Sort by", orders, "rev_sort", ORDERS.__getitem__, width=150)
        if classes != [NOT_TOLD]:
            forms.choose_many("Classes", classes, "rev_class", width=340)
        if not others:
            return ""
        return str(forms.choose("Ticks", others, "rev_beside", modality_name, width=200))


def _waterfall(shown: Reviewed, view: HitView, known: Expected, rows: pd.DataFrame, chart: Chart) -> None:
    if view.rows.empty:
        messages.empty("**No drug is of these classes.** Choose others, or clear the filter.")
        return
    lead = []
    if known.drugs:
        found = known.found(list(rows.loc[rows["hit"], "drug"]))
        out = set(rows.loc[rows["reason"].str.startswith(LEFT_OUT), "drug"])
        lost = [f"{drug} (left out)" if drug in out else drug for drug in known.drugs if drug not in found]
        lead.append(
            f"**{len(found)} of {plural(len(known.drugs), 'expected hit')} of {messages.plain(known.sample)} found**"
            + (f", not {messages.plain(', '.join(lost))}" if lost else "")
            + f" ({messages.plain(known.source)}{', Simulated' if shown.simulated else ''})."
        )
    if not rows["hit"].any():
        lead.append("**No drug reaches the threshold.**")
    if rows["sdss"].notna().any():
        best = rows.loc[rows["sdss"].idxmax()]
        lead.append(f"Most selective: {messages.plain(best['name'])}, sDSS {number(best['sdss'])}.")
    order = (state.get("rev_sort"), tuple(state.get("rev_class")), view.beside)
    where = (shown.screen, shown.modality, shown.replicate, shown.drug, order, frame.dark(), shown.state.last)
    st.html(SCROLLED.format(BAR_PX * len(drawn(view)) + AXIS_PX))
    with st.container(key="review_scrolled"):
        frame.chart(chart, "review_waterfall", view=where, lead=" ".join(lead), on_pick=_pick)


def _pick(drug: object) -> None:
    """A bar gives its drug, a point of a curve drug and well."""
    if isinstance(drug, list | tuple):
        pick_drug(str(drug[0]))
        if len(drug) > 1:
            pick_well(str(drug[1]))
    elif drug is not None:
        pick_drug(str(drug))


def _chosen(shown: Reviewed, rows: pd.DataFrame) -> None:
    """The curve of the chosen drug, and the plate its wells lie on."""
    mine = rows[rows["drug"] == shown.drug]
    if mine.empty:
        return
    panel = review_drugs.panels_of(shown, mine.head(1))[0]
    row = panel.row
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(messages.plain(cut(panel.name)), anchor=False, width="content")
        st.caption(_told(row), width="content")
        st.caption(_class(row, rows), width="content")
        st.button("See its curves and images", key="review_to_curves", on_click=go, args=("Curves",), type="tertiary",
                  icon=":material/show_chart:")  # fmt: skip
    left, right = frame.main_and_side("review_hit")
    with left:
        where = (shown.screen, shown.modality, shown.replicate, panel.name, shown.well, frame.dark(), shown.state.last)
        lines = review_drugs.other_lines(shown, panel.drug, str(row["addon"]))
        chart = drug_chart(panel, lines, None, shown.well, shown.context, frame.dark())
        frame.chart(chart, "review_hit_curve", view=where, on_pick=_pick, toolbar=False)
    with right:
        _plate(shown, panel)


def _told(row: pd.Series) -> str:
    """BCL-2 inhibitor · DSS 43.6 (41 to 46) · IC50 34 nM."""
    words = [] if row["group"] == NOT_TOLD else [class_words(row.to_dict())]
    words.append(score_words(row))
    if pd.notna(row["ic50_nm"]):
        words.append(f"IC50 {number(row['ic50_nm'])} nM")
    return messages.plain(" · ".join(words))


def _class(row: pd.Series, rows: pd.DataFrame) -> str:
    """Which other drugs of the class hit."""
    if row["group"] == NOT_TOLD:
        return ""
    same = rows[rows["group"] == row["group"]]
    alike = same[(same["subgroup"] == row["subgroup"]) & (same["name"] != row["name"]) & same["dss_asym"].notna()]
    if len(same) == 1:
        return "The only drug of its class"
    told = f"{int(same['hit'].sum())} of {plural(len(same), 'drug')} of this class hit"
    best = alike.nlargest(ALIKE, "dss_asym")
    named = ", ".join(f"{name} {number(dss)}" for name, dss in zip(best["name"], best["dss_asym"], strict=True))
    return messages.plain(f"{told}; same target: {named}" if named and row["subgroup"] else told)


def _plate(shown: Reviewed, panel: Panel) -> None:
    """The plate looked at where it holds the drug, else the first that does."""
    plates = list(dict.fromkeys(panel.points["plate"]))
    if not plates:
        st.caption("No well of this drug has this readout.")
        return
    plate = state.get("rev_plate") if state.get("rev_plate") in plates else plates[0]
    wells = review_data.values(shown.screen, shown.modality).assign(reason="")
    told = f"Viability, {shown.context}. Orange: {panel.name}. Click a well for its image and value."
    chart = plate_map(wells, plate, "percent", told, shown.well, dark=frame.dark())
    ringed(chart.figure, panel.points[panel.points["plate"] == plate])
    where = (shown.screen, shown.modality, plate, shown.well, frame.dark(), shown.state.last)
    frame.chart(chart, "review_hit_plate", view=where, on_pick=_look, toolbar=False)


def _look(well: object) -> None:
    if well is not None:
        pick_well(str(well[0] if isinstance(well, list | tuple) else well))
        go("Wells")


def _table(shown: Reviewed, view: HitView, table: pd.DataFrame) -> None:
    """Every score with its interval and fit; a row gives its drug."""
    st.subheader("All scores", anchor=False)
    drugs = list(view.rows["drug"])
    several = (view.rows["addon"] != "").any()
    leads = "With an addition or without, a row leads to its drug; Compare has both side by side. " if several else ""
    alone = np.lexsort((view.rows["addon"] != "", view.rows["drug"] != shown.drug))[:1]  # what stands above
    where = abs(hash((shown.screen, shown.modality, shown.replicate, view.beside, tuple(view.rows["name"]))))
    frame.table(
        table, key=f"review_scores_{where}", height=360, missing="none",
        on_pick=lambda row: None if row is None else pick_drug(drugs[row]),
        ticked=int(alone[0]) if shown.drug in drugs else None, written={"p": chance},
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{leads}Tick a row to look at that drug. Intervals: bootstrap of residuals. p: against a flat line. IC50: "
            "at 50 % inhibition, beyond the tested doses the highest one."
        )
        export.buttons(
            table, f"tumorcast-hits-{shown.screen}-{shown.modality}", key="review_hits",
            about={"Screen": shown.screen, "Readout": modality_name(shown.modality), "Replicate": shown.replicate,
                   "Data": "Simulated" if shown.simulated else "Measured", "Entries of the record": shown.state.last},
        )  # fmt: skip
