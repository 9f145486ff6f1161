"""One cell line: its mutations, the drugs that act on it, and how well that is predicted."""

import pandas as pd
import streamlit as st

from dashboard import data, entity, export, frame, messages
from engine.figures.entity import relative_sensitivity
from engine.figures.text import plural
from engine.response.entity_records import LINE, LineFacts

PASSPORTS = "https://cellmodelpassports.sanger.ac.uk/passports/"
DEPMAP = "https://depmap.org/portal/cell_line/"
COSMIC = "https://cancer.sanger.ac.uk/cell_lines/sample/overview?id="


def main() -> None:
    view = entity.choose(LINE)
    if view is None:
        return
    held_out = entity.pairs_of(view)
    if len(held_out):
        entity.cards(view, held_out)
        entity.why(view)
    pairs = entity.shown_pairs(view, held_out)
    main_cell, side = frame.main_and_side("line")
    with main_cell:
        entity.waterfall_chart(view, pairs)
    with side:
        line = data.line_facts(view.entity)
        _identity(line, view)
        _mutations(line)
    if len(held_out):
        left, right = frame.main_and_side("line_more")
        with left:
            entity.histogram(view)
        with right:
            _relative(view, held_out)
    entity.table(view, pairs)


def _identity(line: LineFacts, view: entity.View) -> None:
    entity.applicability(view)
    tissue = ", ".join(part for part in (line.tissue, line.tissue_detail) if part) or None
    entity.facts(
        {
            "Cancer type": entity.plain(line.cancer_type or "not known"),
            "Tissue": entity.plain(tissue),
            "Mutations": f"{plural(line.positions, 'mutated position')} in {plural(line.genes, 'gene')}",
            "MSI": entity.plain(line.msi),
            "Growth": entity.plain(line.growth),
            "COSMIC": entity.linked(line.cosmic_id, f"{COSMIC}{line.cosmic_id}"),
            "DepMap": entity.linked(line.depmap_id, f"{DEPMAP}{line.depmap_id}"),
            "Cell Model Passports": entity.linked(line.sanger_id, f"{PASSPORTS}{line.sanger_id}"),
        }
    )


def _relative(view: entity.View, pairs: pd.DataFrame) -> None:
    assert view.run is not None
    scores = data.z_scores(view.run.run_id, view.model, view.naive, view.entity)
    item = relative_sensitivity(pairs.merge(scores, on="id"), view.model, view.naive, view.context(), frame.dark())
    if item is None:
        st.subheader("What is it more sensitive to than other lines?", anchor=False)
        messages.empty(
            "**Not defined here.** It takes three held-out lines of a drug in the fold that tests this line, "
            "whose predictions differ."
        )
    else:
        frame.chart(item, "line_relative", (view.entity, view.model))


def _mutations(line: LineFacts) -> None:
    found = data.mutations(line.cosmic_id)
    if found.empty:
        messages.empty("**No mutation of this line is in the store.** Its genome is empty to every network.")
        return
    names = {
        "gene": "Gene",
        "protein_change": "Protein change",
        "position_key": "Position",
        "classification": "Class",
        "lines": "Lines with it",
    }
    shown = found.fillna({"protein_change": "not given"})[list(names)].rename(columns=names)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(plural(len(shown), "mutation"), anchor=False, width="content")
        export.buttons(shown, f"tumorcast-mutations-{line.cosmic_id}", key="mutations")
    frame.table(shown, "mutations_table", height=190)
    st.caption("Networks know a position only if a training line has it.")


main()
