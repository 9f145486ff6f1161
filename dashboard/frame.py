"""What every page shares: settings, sidebar, heading, cards, charts with their text and table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import data, export, messages
from engine.figures.template import Chart
from engine.figures.text import MISSING, number, plural
from engine.settings import REPOSITORY

STYLE = """
<style>
.stMain .stMainBlockContainer {padding: 1rem 2rem 3rem;}
.stMain .stVerticalBlock {gap: 0.6rem;}
.stAppHeader {background: transparent; pointer-events: none;}
.stAppHeader button {pointer-events: auto;}
/* Streamlit fades captions below 4.5:1. */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {
    color: color-mix(in srgb, light-dark(#1f2d3a, #e6edf2) 78%, transparent); opacity: 1;}
.stMain span.stMarkdownBadge {border-radius: 1rem !important; padding: 0.05rem 0.6rem !important;}
/* The tools of a table come with the pointer: not over the buttons above it. */
.stDataFrame [data-testid="stElementToolbar"] {top: auto !important; bottom: 0.4rem; right: 0.6rem;}
/* A pair of unequal cells stands one below the other where it is narrow. */
@media (max-width: 1150px) {
    [class*="st-key-pair_"] .stGridCell {grid-column: 1 / -1 !important;}
    [class*="st-key-pair_"] .stGridCell .stGridCell {grid-column: auto !important;}}
/* What stands below the main cell begins where that ends, however tall the cell beside both is. */
@media (min-width: 1151px) {
    [class*="st-key-pair_below_"] .stGrid {grid-template-rows: auto 1fr;}
    [class*="st-key-pair_below_"] .stGridCell:nth-child(2) {grid-row: span 2;}}
/* Streamlit writes white on the primary colour, which on dark ground is too light for it. */
button[data-testid="stBaseButton-primary"]:enabled, button[data-testid="stBaseButton-primary"]:enabled * {
    color: light-dark(#ffffff, #0d1217) !important;}
.tc-cards {display: grid; grid-template-columns: repeat(var(--wide), 1fr); gap: 0.75rem;}
@media (max-width: 1150px) {.tc-cards {grid-template-columns: repeat(var(--narrow), 1fr);}}
.stHtml dl.tc-facts {display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 0.9rem; margin: 0; padding: 0;
    font-size: 0.92rem;}
.stHtml dl.tc-facts dt {margin: 0; font-weight: 400; color: color-mix(in srgb, currentColor 78%, transparent);}
.stHtml dl.tc-facts dd {margin: 0; overflow-wrap: anywhere;}
.stHtml dl.tc-facts a {color: light-dark(#0a6b6e, #3fc1bd);}
.tc-cards dl.tc-card {border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: 0.6rem;
    padding: 0.5rem 0.9rem; margin: 0;}
.tc-cards dl.tc-card dt, .tc-cards dl.tc-card dd {margin: 0; padding: 0;}
.tc-cards .tc-label, .tc-cards .tc-note {
    font-size: 0.86rem; line-height: 1.35; font-weight: 400; color: color-mix(in srgb, currentColor 78%, transparent);}
.tc-cards .tc-value {font-size: 1.6rem; font-weight: 700; line-height: 1.2;}
.tc-protocols {display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem;}
.tc-protocols dl {flex: 1 1 180px; margin: 0; padding: 0.15rem 0 0.15rem 0.7rem; font-size: 0.86rem; line-height: 1.4;
    border-left: 3px solid color-mix(in srgb, currentColor 22%, transparent);}
.tc-protocols dl.tc-shown {border-left-color: light-dark(#0f8b8d, #2fb5b3);}
.tc-protocols dt {font-weight: 600; margin: 0;}
.tc-protocols dd {margin: 0; padding: 0; color: color-mix(in srgb, currentColor 82%, transparent);}
.tc-protocols a {color: light-dark(#0a6b6e, #3fc1bd);}
.tc-cards .tc-note b {font-weight: 600; color: light-dark(#0a6b4c, #62d2a4);}
</style>
"""
# Streamlit adds an entry to the browser's history for every value that a page writes into its address, so that leaving
# the page takes as many presses of Back. Here the address of one page is one entry, another page a new one. What a page
# that is just opened writes comes while the address is still that of the page before, which gets its own back.
HISTORY = """
<script>
if (!window.tumorcastHistory) {
    window.tumorcastHistory = true;
    const push = window.history.pushState.bind(window.history);
    let own = null, changed = -Infinity;
    window.history.pushState = (state, title, url) => {
        const now = performance.now(), late = now - changed > 1000;
        if (new URL(url ?? "", window.location.href).pathname === window.location.pathname) {
            if (late) own = window.location.href;
            changed = now;
            return window.history.replaceState(state, title, url);
        }
        if (!late) window.history.replaceState(window.history.state, "", own);
        changed = -Infinity;
        return push(state, title, url);
    };
}
</script>
"""
ICON = REPOSITORY / "dashboard" / "icon.svg"  # a named icon would be fetched from another host
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="150" height="28" viewBox="0 0 150 28">
<text x="0" y="21" font-family="'Source Sans','Liberation Sans',Arial,sans-serif" font-size="22" font-weight="700"
fill="{text}">Tumor<tspan fill="{accent}">cast</tspan></text></svg>"""


@dataclass(frozen=True)
class Card:
    """One number with what a person needs to judge it. beside: name, value and difference of a baseline; the last
    says whether the difference is an improvement."""

    label: str
    value: str
    note: str = ""
    beside: tuple[tuple[str, str, str, bool], ...] = ()


def dark() -> bool:
    """Whether the person looks at a dark ground."""
    return st.context.theme.type == "dark"


def settings() -> None:
    """Page settings and style; the first call of every run."""
    st.set_page_config(
        page_title="Tumorcast",
        page_icon=str(ICON),
        layout="wide",
        initial_sidebar_state=230,
        menu_items={"About": "**Tumorcast** predicts drug response from mutations. Research use only."},
    )
    st.html(STYLE)
    st.html(HISTORY, unsafe_allow_javascript=True)
    text, accent = ("#e6edf2", "#3fc1bd") if dark() else ("#1f2d3a", "#0b7679")
    st.logo(LOGO.format(text=text, accent=accent), size="medium")


def sidebar() -> None:
    """What the store holds, under the navigation."""
    store = data.store_summary()
    st.sidebar.caption(
        f"{plural(store.lines, 'line')} · {plural(store.drugs, 'drug')} · {plural(store.runs, 'run')}"
        + (f" · {plural(store.screens, 'screen')}" if store.screens else "")
        + ("  \nSimulated data" if store.simulated else "")
    )


def heading(
    title: str, purpose: str, simulated: bool = False, datasets: Sequence[str] = (), research: bool = False
) -> None:
    """Title with its chips, and one sentence of purpose. research: drugs are ranked for a person here."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(title, anchor=False, width="content")
        if simulated:
            st.badge("Simulated", color="orange", help="Shaped like real data, but made by the demonstration cohort.")
        named = [name for name in datasets if not (simulated and name.lower().startswith("simulated"))]
        if named:
            st.badge(" · ".join(named), color="primary")
        if research:
            st.badge("Research use only", color="orange", help="Not for treatment decisions.")
    st.markdown(f":gray[{purpose}]")


def main_and_side(key: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Three fifths and two fifths of the width, one below the other where it is narrow."""
    with st.container(key=f"pair_{key}"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        return grid.cell(column_span=3), grid.cell(column_span=2)


def main_side_and_below(key: str) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """`main_and_side` with a third cell, below the main one where it is wide and the last where it is narrow."""
    with st.container(key=f"pair_below_{key}"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        return grid.cell(column_span=3), grid.cell(column_span=2), grid.cell(column_span=3)


def cards(items: list[Card]) -> None:
    """A row of cards; wraps where it is narrow."""
    narrow = 2 if len(items) % 2 == 0 else 3
    columns = f"--wide: {len(items)}; --narrow: {narrow}"
    st.html(f'<div class="tc-cards" style="{columns}">' + "".join(_card(item) for item in items) + "</div>")


def _card(card: Card) -> str:
    lines = [f'<dd class="tc-note">{escape(card.note)}</dd>'] if card.note else []
    for name, value, difference, better in card.beside:
        shown = f"<b>({escape(difference)})</b>" if better else f"({escape(difference)})"
        lines.append(f'<dd class="tc-note">{escape(name)} {escape(value)} {shown if difference else ""}</dd>')
    return (
        f'<dl class="tc-card"><dt class="tc-label">{escape(card.label)}</dt>'
        f'<dd class="tc-value">{escape(card.value)}</dd>{"".join(lines)}</dl>'
    )


def chart(
    item: Chart,
    key: str,
    view: Any = "",
    lead: str = "",
    on_pick: Callable[[Any], None] | None = None,
    toolbar: bool = True,
    **plot: Any,
) -> Any:
    """A chart under its question, with its caption below and its text and table one click away.

    view: what the chart shows; a selection is forgotten when it changes. lead: the answer, above the chart.
    on_pick: takes the customdata of a point that was clicked, before the page runs again. toolbar: of the
    picture, which comes with the pointer.
    """
    name = f"tumorcast-{key.replace('_', '-')}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(messages.plain(item.question), anchor=False, width="content")
        popover = st.popover("Table", type="tertiary", key=f"{key}_popover", on_change="rerun")
        if popover.open:
            with popover:
                st.markdown(messages.plain(item.summary))
                table(item.table.head(1000), key=f"{key}_table", height=300)
                export.buttons(item.table, name, key=f"{key}_export")
    if lead:
        st.markdown(lead)
    config = {
        "displaylogo": False,
        **({} if toolbar else {"displayModeBar": False}),
        "toImageButtonOptions": {"filename": name, "scale": 3},
    }
    own_key = f"{key}_{hash(view)}"
    if on_pick:
        plot |= {"on_select": lambda: _picked(own_key, on_pick), "selection_mode": "points"}
    event = st.plotly_chart(item.figure, theme=None, key=own_key, config=config, alt=item.summary, **plot)
    st.caption(messages.plain(item.caption))
    return event


def _picked(key: str, take: Callable[[Any], None]) -> None:
    points = st.session_state[key]["selection"]["points"]
    if points and points[0].get("customdata") is not None:
        take(points[0]["customdata"])


def table(
    frame: pd.DataFrame,
    key: str,
    height: int | str = "auto",
    select: bool = False,
    shown: Mapping[str, Sequence[str]] | None = None,
    missing: str = MISSING,
    on_pick: Callable[[int | None], None] | None = None,
    ticked: int | None = None,
    row_height: int | None = None,
    written: Mapping[str, Callable[[float], str]] | None = None,
    **columns: Any,
) -> list[int]:
    """A table that shows three significant figures and true minus signs and still sorts by number.

    select: one row can be picked. Returns the positions of the picked rows; give every content its own key then.
    shown: of a column, the texts that stand for its values, such as a value with its interval. missing: what stands
    for numbers that are not there. on_pick: takes the position of a row that was picked, None where its tick was taken
    away, before the page runs again; then `ticked` says which row stands ticked. row_height: in px, for pictures.
    written: of a column of floats, how one is written instead.
    """
    decimals = frame.select_dtypes("float").columns
    whole = [name for name in frame.select_dtypes("integer").columns if not str(name).endswith("_id")]
    name = frame.columns[0]
    styled = frame.style.format(number, subset=list(decimals)).format("{:,}", subset=whole)
    for column, how in (written or {}).items():
        styled = styled.format(how, subset=[column])
    for column, texts in (shown or {}).items():
        of_value = dict(zip(frame[column], texts, strict=True))
        if frame[column].notna().all() and [of_value[value] for value in frame[column]] == list(texts):
            styled = styled.format(of_value.__getitem__, subset=[column])  # row by row it takes ten times as long
            continue
        for row, text in zip(frame.index, texts, strict=True):
            styled = styled.format(lambda value, text=text: text, subset=(row, column))
    # Streamlit draws a frozen column at 60 %; from full black or white that still reads at 4.5:1.
    styled = styled.set_properties(subset=[name], color="#ffffff" if dark() else "#000000")
    frozen = {name: st.column_config.Column(pinned=True)}
    picking: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"} if select or on_pick else {}
    if on_pick:
        st.session_state[key] = {"selection": {"rows": [] if ticked is None else [ticked]}}
        picking["on_select"] = lambda: on_pick(next(iter(st.session_state[key]["selection"]["rows"]), None))
    if row_height:
        picking["row_height"] = row_height
    event = st.dataframe(
        styled,
        key=key,
        height=height,
        hide_index=True,
        column_config={**frozen, **columns},
        placeholder=missing,
        **picking,
    )
    return list(event["selection"]["rows"]) if picking.get("on_select") else []
