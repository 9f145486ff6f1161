"""One drug: its structure, where it acts, and how well that is predicted."""

import streamlit as st

from dashboard import data, entity, frame, state
from engine.errors import MoleculeError
from engine.figures.entity import type_medians
from engine.figures.text import number
from engine.response.entity_records import DRUG, DrugFacts

PUBCHEM = "https://pubchem.ncbi.nlm.nih.gov/compound/"


def main() -> None:
    view = entity.choose(DRUG)
    if view is None:
        return
    held_out = entity.pairs_of(view)
    if len(held_out):
        entity.cards(view, held_out)
        entity.why(view)
    pairs = entity.shown_pairs(view, held_out)
    main_cell, side = frame.main_and_side("drug")
    with main_cell:
        entity.waterfall_chart(view, pairs)
    with side:
        _identity(data.drug_facts(view.entity), view)
    left, right = frame.main_and_side("drug_more")
    if len(held_out):
        with left:
            entity.histogram(view)
    if len(pairs):
        with right if len(held_out) else left:
            item = type_medians(pairs, view.model, view.naive, view.context("predicted" in pairs), frame.dark())
            frame.chart(item, "drug_types", (view.entity, view.model))
    entity.table(view, pairs)


def _identity(drug: DrugFacts, view: entity.View) -> None:
    _structure(drug)
    entity.applicability(view)
    cid = drug.pubchem_cid
    entity.facts(
        {
            "Target": entity.plain(drug.target),
            "Pathway": entity.plain(drug.pathway),
            "Weight": entity.plain(number(drug.weight_g_mol, 4), " g/mol") if drug.weight_g_mol else None,
            "PubChem": entity.linked(f"CID {cid}", f"{PUBCHEM}{cid}") if cid else None,
            "InChIKey": entity.plain(drug.inchikey),
            "Drug id": entity.plain(drug.drug_id),
            "Note": entity.plain(drug.note),
        }
    )
    if drug.same_structure:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("Same structure:", width="content")
            for drug_id, name in drug.same_structure.items():
                choose = {"on_click": state.choose, "args": ("compound", str(drug_id))}
                st.button(f"{name} ({drug_id})", key=f"same_{drug_id}", type="tertiary", **choose)


def _structure(drug: DrugFacts) -> None:
    if drug.smiles is None:
        st.caption("No structure is known, so no network can predict this drug.")
        return
    try:
        drawing = entity.structure(drug.smiles, frame.dark(), drug.name)
    except MoleculeError as error:
        st.caption(f"The structure cannot be drawn. {error}")
    else:
        st.image(drawing, alt=f"Structure of {drug.name}: {drug.smiles}")


main()
