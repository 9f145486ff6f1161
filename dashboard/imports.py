"""Every import as a row, and one of them in full: where it came from, what was dropped and why."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import frame, messages, nav, state
from dashboard.job_panel import when
from dashboard.tables import IMPORTED
from engine.figures.text import count, number, plural, size
from engine.response.preview import UNIT_WORDS
from engine.response.source_records import Import

NOT_NOTED = "not noted"
SETTINGS: dict[str, Callable[[Any], str]] = {
    "dataset": lambda value: f"dataset {value}" if value else "dataset as the file says",
    "unit": lambda value: f"unit {UNIT_WORDS.get(value, 'as the column says')}",
    "census_only": lambda value: "only genes of the Cancer Gene Census" if value else "all genes",
    "min_weight_g_mol": lambda value: f"from {number(value)} g/mol",
    "max_weight_g_mol": lambda value: f"to {number(value)} g/mol",
    "largest_fragment": lambda value: "of salts the largest fragment" if value else "without salts and mixtures",
    "organic_only": lambda value: "without inorganic molecules" if value else "inorganic molecules too",
}


def show(imports: Sequence[Import]) -> None:
    """The table of imports beside the receipt of the chosen one."""
    main_cell, side = frame.main_and_side("imports")
    with main_cell:
        # Every content has its own key: a picked row must not stay picked when another import moves into its place.
        picked = frame.table(overview(imports), key=f"imports_{len(imports)}_{imports[0].job_id}", select=True)
        if picked:
            state.keep("source", imports[picked[0]].source_id, default=imports[0].source_id)
        st.caption("Newest first. Tick a row to read its receipt.")
    known = {one.source_id: one for one in imports}
    with side:
        receipt(known.get(state.get("source"), imports[0]))


def overview(imports: Sequence[Import]) -> pd.DataFrame:
    """One row per import."""
    return pd.DataFrame(
        {
            "Source": [one.source_id for one in imports],
            "Table": [IMPORTED.get(one.kind, one.kind) for one in imports],
            "Rows kept": [one.rows_kept for one in imports],
            "Rows dropped": [one.rows_read - one.rows_kept for one in imports],
            "Imported": [when(str(one.imported_at)) for one in imports],
            "Data": ["Simulated" if one.simulated else "Measured" for one in imports],
            "Licence": [one.licence or NOT_NOTED for one in imports],
            "Version and origin": [one.origin or NOT_NOTED for one in imports],
            "File": [one.file_name for one in imports],
        }
    )


def receipt(one: Import) -> None:
    """Everything that is known of an import."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(messages.plain(one.source_id), anchor=False, width="content")
        if one.simulated:
            st.badge("Simulated", color="orange")
    share = f" ({number(100 * one.rows_kept / one.rows_read)} %)" if one.rows_read else ""
    st.markdown(f"Read {plural(one.rows_read, 'row')}, kept {count(one.rows_kept)}{share}.")
    _reasons("Dropped", one.dropped, one)
    _reasons("Kept although", one.flagged, one)
    if not one.dropped and not one.flagged:
        st.caption("No check failed.")
    for note in one.notes[:10]:
        st.caption(messages.plain(note))
    if len(one.notes) > 10:
        st.caption(f"and {plural(len(one.notes) - 10, 'further note')}")
    _facts(one)
    nav.link("jobs.py", "Log of this import", ":material/article:", job=one.job_id)


def _reasons(title: str, reasons: Mapping[str, int], one: Import) -> None:
    """Counts by reason with some of the rows; what stands in a file is shown as it is."""
    if not reasons:
        return
    st.markdown(f"**{title}**")
    told = {}
    for reason, n in sorted(reasons.items(), key=lambda item: -item[1]):
        examples = "; ".join(map(str, one.examples.get(reason, [])[:3]))
        told[f"{reason[:1].upper()}{reason[1:]}"] = plural(n, "row") + (f", such as {examples}" if examples else "")
    _list(told)


def _facts(one: Import) -> None:
    facts = {
        "Table": IMPORTED.get(one.kind, one.kind),
        "File": f"{one.file_name}, {size(one.bytes)}",
        "Format": one.file_format,
        "Version and origin": one.origin or NOT_NOTED,
        "Licence": one.licence or NOT_NOTED,
        "Imported": when(str(one.imported_at)),
        "In the store": _now(one),
        "Read with": ", ".join(SETTINGS[name](value) for name, value in one.settings.items() if _tells(one.kind, name)),
        "SHA-256": one.sha256,
    }
    st.markdown("**The file**")
    _list(facts)


def _list(facts: Mapping[str, str]) -> None:
    lines = [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text]
    st.html(f'<dl class="tc-facts">{"".join(lines)}</dl>')


def _now(one: Import) -> str:
    merged = f", {plural(one.merged, 'row')} averaged into others" if one.merged else ""
    written = one.rows_kept - one.merged
    others = f"; {plural(written - one.rows_now, 'row')} under another import now" if one.rows_now < written else ""
    return f"{plural(one.rows_now, 'row')}{merged}{others}"


def _tells(kind: str, name: str) -> bool:
    told = {
        "responses": ("dataset", "unit"),
        "mutations": ("census_only",),
        "library": ("min_weight_g_mol", "max_weight_g_mol", "largest_fragment", "organic_only"),
    }
    return name in told.get(kind, ())
