"""Library page: what is in a library. Its receipt, its classes, how near it is to what was trained on, drawings."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from dashboard import data, entity, forms, frame, library_data, library_reach, messages, reach_words, state
from engine.errors import MoleculeError
from engine.figures.text import count, number, plural
from engine.response.library_records import ScreenSummary
from engine.response.source_records import Import

ON_A_PAGE = 12
EXAMPLES = 5


def show(library: str, row: pd.Series, of: Import | None, screen: ScreenSummary | None) -> None:
    """row: of `library_records.libraries`. of: the import that the library came with, where it is known."""
    cards = [frame.Card("Molecules", count(row["molecules"]), _read(of))]
    for name, label in (("oncology", "Oncology"), ("non_oncology", "Non-oncology"), ("unknown", "Class not known")):
        cards.append(frame.Card(label, count(row[name]), _percent(row[name], row["molecules"])))
    cards.append(_reach(screen))
    frame.cards(cards)
    if of is not None:
        receipt_words(of.rows_read, of.rows_kept, of.dropped, of.examples)
        for note in of.notes[:10]:
            st.caption(messages.plain(note))
    _drawn(library)


def receipt_words(read: int, kept: int, dropped: Mapping[str, int], examples: Mapping[str, Sequence[str]]) -> None:
    """Read, kept, and left out by reason with some of the rows."""
    st.markdown(f"Read {plural(read, 'row')}, kept {count(kept)}, left out {count(read - kept)}.")
    if not dropped:
        return
    reasons = sorted(dropped.items(), key=lambda item: -item[1])
    table = pd.DataFrame(
        {
            "Left out because": [reason for reason, _ in reasons],
            "Rows": [n for _, n in reasons],
            "Such as": ["; ".join(map(str, examples.get(reason, [])[:EXAMPLES])) for reason, _ in reasons],
        }
    )
    key = f"library_receipt_{hash((read, kept, tuple(reasons)))}"
    frame.table(table, key=key, height="content", Rows=st.column_config.Column(width=70))  # px


def drawings(molecules: pd.DataFrame) -> None:
    """A grid of structures, each with how near it lies to what the default run was trained on.

    molecules: name, smiles, weight_g_mol.
    """
    run = library_reach.run_for_reach()
    reach = library_reach.reach_words(molecules, run)
    with st.grid(4, min_column_width=150, gap="small"):
        told = reach or [""] * len(molecules)
        rows = zip(molecules["name"], molecules["smiles"], molecules["weight_g_mol"], told, strict=True)
        for name, smiles, weight, near in rows:
            with st.container(border=True, gap="xsmall"):
                picture(str(name), smiles, "stretch")
                heavy = f"  \n{number(float(weight), 4)} g/mol" if pd.notna(weight) else ""
                near = f"  \n{messages.plain(near)}" if near else ""
                st.caption(f"**{messages.plain(name)}**{heavy}{near}")
    if run is not None and reach:
        st.caption(
            f"Reach: Tanimoto similarity ({reach_words.fingerprint_words()}) to the nearest drug that the run of "
            f"{messages.plain(forms.run_label(run))} was trained on{_least(run.run_id)}. Being near does not make a "
            "prediction right; farther away it is a guess."
        )


def picture(name: str, smiles: object, width: Literal["stretch", "content"] = "content") -> None:
    """One structure, or why it cannot be drawn. width: of its container, or as wide as it is."""
    try:
        drawing = entity.structure(str(smiles or ""), frame.dark(), name)
    except MoleculeError as error:
        st.caption(f"The structure cannot be drawn. {messages.plain(error)}")
    else:
        st.image(drawing, alt=f"Structure of {name}: {smiles}", width=width)


def _read(of: Import | None) -> str:
    return f"of {plural(of.rows_read, 'row')} read" if of is not None else "its import is not known"


def _percent(n: int, of: int) -> str:
    return f"{number(100 * int(n) / int(of))} %" if of else ""


def _least(run_id: str) -> str:
    cut_off = reach_words.drug_cut_off(run_id)
    return "" if cut_off is None else f", within reach from {number(cut_off, 2)} on"


def _reach(screen: ScreenSummary | None) -> frame.Card:
    """How many molecules lie near enough to the drugs that were trained on."""
    label = "Within reach of the run"
    if screen is None:
        return frame.Card(label, "not known", "known after a screen")
    inside = library_data.ranked(screen.screen_id).molecules["inside"]
    if inside.isna().all():
        return frame.Card(label, "not known", "the run does not know its drugs")
    near = int(inside.fillna(False).astype(bool).sum())
    return frame.Card(label, count(near), f"{count(len(inside) - near)} extrapolated{_least(screen.run_id)}")


def _drawn(library: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", key=state.bound("lib_find"), placeholder="Name, indication, target", width=260,
            on_change=state.clear, args=(("lib_page",),),
        )  # fmt: skip
        state.keep("lib_find", search)
        total = data.library_molecules(library, 0, ON_A_PAGE, search or "")[1]
        pages = max(1, -(-total // ON_A_PAGE))
        page = min(int(state.get("lib_page") or 1), pages)
        st.session_state["lib_page"] = page
        page = state.keep("lib_page", st.number_input(f"Page of {count(pages)}", 1, pages, key="lib_page", width=150))
    if not total:
        messages.empty("**No molecule matches.**")
        return
    st.caption(
        f"{count((page - 1) * ON_A_PAGE + 1)} to {count(min(page * ON_A_PAGE, total))} of {plural(total, 'molecule')}, "
        "by name, as standardised."
    )
    drawings(data.library_molecules(library, (page - 1) * ON_A_PAGE, ON_A_PAGE, search or "")[0])
