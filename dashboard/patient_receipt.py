"""Patient page: what became of every row, first in words, then in numbers, then row by row."""

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, state
from engine.figures.text import count, plural
from engine.patient.types import (
    DUPLICATE,
    FATE_WORDS,
    FATES,
    NEW_POSITION,
    NOT_UNDERSTOOD,
    OUTSIDE_CENSUS,
    SILENT,
    USED,
    Receipt,
)

SHOWN = 2000  # rows in the table; the download has all
SHOWN_FIRST = (USED, NEW_POSITION, NOT_UNDERSTOOD, DUPLICATE, OUTSIDE_CENSUS, SILENT)
NAMED = 8  # used positions that are named one by one
# What a fate means for the ranking, and its colour on light and on dark ground.
MEANING = {
    USED: ("the networks see it", "#0f8b8d", "#2fb5b3"),
    NEW_POSITION: ("no training line has it", "#5b6fb5", "#8fa0e6"),
    OUTSIDE_CENSUS: ("not looked at", "#75828e", "#8f9caa"),
    SILENT: ("the protein stays as it is", "#a9b4bd", "#66737e"),
    DUPLICATE: ("counted once", "#c6ced5", "#4a5660"),
    NOT_UNDERSTOOD: ("left out, with the reason", "#c8322b", "#ff7b72"),
}
SENTENCES = {
    NEW_POSITION: (
        "is in a census gene at a position that no training line has",
        "are in census genes at positions that no training line has",
    ),
    OUTSIDE_CENSUS: ("lies in a gene outside the census", "lie in genes outside the census"),
    SILENT: ("is silent or non-coding", "are silent or non-coding"),
    DUPLICATE: ("repeats another", "repeat others"),
    NOT_UNDERSTOOD: ("was not understood", "were not understood"),
}
HEADINGS = {
    "row": "Row",
    "text": "As written",
    "gene": "Gene",
    "change": "Change",
    "fate": "Fate",
    "reason": "Why",
    "lines": "Training lines",
    "position_key": "Position",
}


def summary(receipt: Receipt) -> None:
    """In words and numbers: what was used and what not."""
    st.markdown(f"**{messages.plain(in_words(receipt))}** {messages.plain(used_words(receipt))}")
    st.html(_bar(receipt) + _cards(receipt))
    build = f"{receipt.build.sentence} " if receipt.build.sentence else ""
    st.caption(
        messages.plain(
            f"Read as {receipt.format}. Taken as sequenced: {receipt.panel}. {build}{' '.join(receipt.notes)}"
        )
    )


def in_words(receipt: Receipt) -> str:
    """'Of 4,416 rows 212 are mutated positions that the networks know; 3,500 lie in genes outside the census, ...'"""
    used = receipt.counts[USED]
    known = (
        "is a mutated position that the networks know" if used == 1 else "are mutated positions that the networks know"
    )
    if receipt.total == 1:
        fate = receipt.rows["fate"].iloc[0]
        return f"The only row {known if fate == USED else SENTENCES[fate][0]}."
    lead = f"Of {plural(receipt.total, 'row')} {count(used) if used else 'none'} {known}"
    rest = [
        f"{count(receipt.counts[fate])} {SENTENCES[fate][receipt.counts[fate] != 1]}"
        for fate in sorted(SENTENCES, key=lambda fate: -receipt.counts[fate])
        if receipt.counts[fate]
    ]
    return f"{lead}; {_listed(rest)}." if rest else f"{lead}."


def used_words(receipt: Receipt) -> str:
    """Which positions the prediction rests on."""
    used = receipt.rows[receipt.rows["fate"] == USED]
    if used.empty:
        return "To the networks this is a genome without mutations."
    if len(used) > NAMED:
        places = plural(used["position_key"].nunique(), "different position")
        genes = plural(used["gene"].nunique(), "gene")
        return f"These {count(len(used))} rows are {places} in {genes}; the ranking rests on them alone."
    named = [f"{row.gene} {row.change or _place(row.position_key)}" for row in used.itertuples()]
    return f"The ranking rests on {_listed(named)} alone."


def _place(key: str) -> str:
    """'TP53:Splice_Site' -> 'splice site'."""
    return key.partition(":")[2].replace("_", " ").lower()


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _bar(receipt: Receipt) -> str:
    """The shares of all fates as one bar; the cards below say the numbers."""
    parts = [
        f'<i style="flex: {receipt.counts[fate]} 0 2px; background: light-dark({light}, {dark})"></i>'
        for fate, (_, light, dark) in MEANING.items()
        if receipt.counts[fate]
    ]
    style = "display: flex; gap: 2px; height: 0.55rem; margin-bottom: 0.6rem; border-radius: 0.3rem; overflow: hidden"
    return f'<div style="{style}" aria-hidden="true">{"".join(parts)}</div>'


def _cards(receipt: Receipt) -> str:
    return (
        f'<div class="tc-cards" style="--wide: 6; --narrow: 3">{"".join(_card(receipt, fate) for fate in FATES)}</div>'
    )


def _card(receipt: Receipt, fate: str) -> str:
    meaning, light, dark = MEANING[fate]
    share = f"{_percent(receipt.counts[fate] / receipt.total)} · " if receipt.counts[fate] else ""
    edge = f' style="border-left: 4px solid light-dark({light}, {dark})"' if receipt.counts[fate] else ""
    return (
        f'<dl class="tc-card"{edge}>'
        f'<dt class="tc-label">{escape(FATE_WORDS[fate])}</dt><dd class="tc-value">{count(receipt.counts[fate])}</dd>'
        f'<dd class="tc-note">{share}{escape(meaning)}</dd></dl>'
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"


def rows(receipt: Receipt) -> None:
    """Every row with its fate; filtered, searched, downloaded."""
    there = [fate for fate in FATES if receipt.counts[fate]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=420):
            wanted = forms.choose_many("Fate", there, "patient_fate", FATE_WORDS.__getitem__, placeholder="All fates")
        text = st.text_input(
            "Search", key=state.bound("patient_search"), placeholder="Gene, change or reason", width=260
        )
        state.keep("patient_search", text)
        place = st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom")
    table = receipt_table(receipt)
    with place:
        export.buttons(table, "tumorcast-receipt", key="patient_receipt")
    found = matching(table[table["Fate"].isin([FATE_WORDS[fate] for fate in wanted])] if wanted else table, text or "")
    if found.empty:
        messages.empty("**No row matches.** Clear the search or choose another fate.")
        return
    st.caption(
        f"{count(min(len(found), SHOWN))} of {plural(len(table), 'row')}, used ones first, on top those mutated in "
        "most training lines. Pick a row to read its reason in full. The download holds all, in the order of the input."
    )
    listed = in_order(found).head(SHOWN)
    picked = frame.table(
        listed,
        key=f"patient_rows_{hash((receipt.sha256, tuple(listed['Row'])))}",
        height=460 if len(listed) > 12 else "content",
        select=True,
        missing="",
        **{
            "As written": st.column_config.Column(width=150),
            "Fate": st.column_config.Column(width=150),
            "Why": st.column_config.Column(width=520),
            "Training lines": st.column_config.Column(
                width=95, help="Training lines that are mutated at this position: the more, the better it is known"
            ),
        },
    )
    if picked:
        row = listed.iloc[picked[0]]
        why = f" {messages.plain(row['Why'])}" if row["Why"] else ""
        st.markdown(f"**Row {row['Row']}**, {messages.plain(row['As written'])}: **{row['Fate'].lower()}.**{why}")


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows as they are listed: used ones first, those in most training lines on top; then by fate as in the input."""
    order = [FATE_WORDS[fate] for fate in SHOWN_FIRST]
    lines = pd.to_numeric(table["Training lines"]).fillna(0)
    keyed = table.assign(_fate=table["Fate"].map(order.index), _lines=-lines)
    return keyed.sort_values(["_fate", "_lines"], kind="stable").drop(columns=["_fate", "_lines"])


def receipt_table(receipt: Receipt) -> pd.DataFrame:
    """Every row of the input under the headings of the page."""
    table = receipt.rows[list(HEADINGS)].rename(columns=HEADINGS)
    table["Fate"] = table["Fate"].map(FATE_WORDS)
    lines = [None if pd.isna(value) else str(int(value)) for value in table["Training lines"]]
    return table.assign(**{"Training lines": pd.Series(lines, index=table.index, dtype="object")})


def matching(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """Rows that hold the text in any column, whatever its case."""
    wanted = text.strip().casefold()
    if not wanted:
        return table
    hits = pd.Series(False, index=table.index)
    for column in table.columns:
        hits |= table[column].astype("string").fillna("").str.casefold().str.contains(wanted, regex=False)
    return table[hits]
