"""Every import with its origin, licence and receipt; a wizard for the next one; what may be fetched; the export."""

import streamlit as st

from dashboard import data, downloads, forms, frame, import_form, imports, messages, state
from dashboard.tables import RADIATION
from engine.figures.text import count, plural
from engine.response.source_records import Import
from engine.views import StoreSummary

PURPOSE = "What is in the store, where did it come from, on what terms, and what is missing?"
IMPORTS, WIZARD, PUBLIC, EXPORT = TABS = ("Imports", "Import a table", "Public releases", "Export")


def main() -> None:
    store, found = data.store_summary(), data.imports()
    frame.heading("Data", PURPOSE, store.simulated, store.datasets)
    _steps(store, found)
    first = IMPORTS if found else WIZARD
    st.session_state.setdefault(state.bound("data_tab", TABS), first)
    tabs = st.tabs(TABS, key="data_tab", on_change="rerun")
    # All of them are drawn, or a chosen file would be lost by a look at another tab.
    state.keep("data_tab", next(name for name, tab in zip(TABS, tabs, strict=True) if tab.open), default=first)
    with tabs[0]:
        if found:
            imports.show(found)
        else:
            messages.empty("**Nothing was imported yet.** Import a table, or look at what may be fetched.")
    with tabs[1]:
        import_form.show(store, found)
    with tabs[2]:
        downloads.public_releases()
    with tabs[3]:
        downloads.whole_store()


def _steps(store: StoreSummary, found: list[Import]) -> None:
    """The four tables in the order in which they are imported, those of radiosensitivity, and what is missing next."""
    frame.cards(
        [
            frame.Card("1 · Cell lines", count(store.lines), plural(store.types, "cancer type")),
            frame.Card("2 · Drugs", count(store.drugs), f"{count(store.structures)} with a structure"),
            frame.Card("3 · Mutated positions", count(store.positions), f"in {plural(store.genes, 'gene')}"),
            frame.Card("4 · Measured pairs", count(store.pairs), ", ".join(store.datasets) or "no dataset"),
            _radiation(found, "expression", "sample"),
            _radiation(found, "survival", "cell line"),
        ]
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(_next(store), width="content")
        forms.copy_link(("data_tab", "source"))


def _radiation(found: list[Import], kind: str, row: str) -> frame.Card:
    mine = [one for one in found if one.kind == kind]
    rows = sum(one.rows_now for one in mine)
    words = f"{row if rows == 1 else f'{row}s'} in {plural(len(mine), 'data set')}"
    return frame.Card(RADIATION[kind], count(rows), words)


def _next(store: StoreSummary) -> str:
    order = "Tables build on each other: cell lines, then drugs, then mutations and responses."
    if not store.lines:
        return f"**Next: cell lines.** {order}"
    if not store.types:
        return "**Next: cell lines with TCGA labels.** Lines without one take no part in training."
    if not store.drugs:
        return f"**Next: drugs.** {order}"
    if not store.positions:
        return "**Next: mutations** of these cell lines."
    if not store.pairs:
        return "**Next: responses**, the measured ln(IC50) of these lines and drugs."
    if not store.structures:
        return "**Next: structures.** No drug has one; `fetch pubchem` looks them up, or import drugs with SMILES."
    return "Nothing is missing: networks can be trained on these tables."


main()
