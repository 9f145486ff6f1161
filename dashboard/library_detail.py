"""Library page: one molecule beside the nearest drug that was trained on."""

import pandas as pd
import streamlit as st

from dashboard import data, entity, library_molecules, messages, nav, reach_words
from engine.errors import EngineError
from engine.figures.library import Asked
from engine.figures.text import interval, number, plural
from engine.response.library_rank import Ranked

WORDS = {"unknown": "Unknown class"}


def show(of: Ranked, molecule: pd.Series, asked: Asked, cut_off: float | None) -> None:
    """What is predicted, then both structures side by side with what is known of each.

    cut_off: the similarity from which a molecule counts as within reach; None where nobody knows.
    """
    name = messages.plain(molecule["name"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(name, anchor=False, width="content")
        st.badge(WORDS.get(molecule["drug_class"], str(molecule["drug_class"]).capitalize()), color="gray")
        reach_words.reach_chip(molecule["similarity"], molecule["inside"], cut_off)
    st.markdown(_words(molecule, asked))
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        library_molecules.picture(str(molecule["name"]), molecule["smiles"])
        weight = molecule["weight_g_mol"]
        entity.facts(
            {
                "Mechanism": entity.plain(molecule["mechanism"] or None),
                "Target": entity.plain(str(molecule["target"]).replace("|", ", ") or None),
                "Indications": entity.plain(str(molecule["indications"]).replace("|", ", ") or None),
                "Approved types": entity.plain(str(molecule["cancer_types"]).replace("|", ", ") or None),
                "Weight": entity.plain(number(float(weight), 4), " g/mol") if pd.notna(weight) else None,
                "SMILES": entity.plain(molecule["smiles"] or None),
                "Molecule id": entity.plain(molecule["molecule_id"]),
            }
        )
        if asked.is_type:
            nav.link(
                "repurposing.py",
                "Its lines, on the page Repurposing",
                ":material/grid_on:",
                rep_library=of.summary.library,
                rep_screen=of.summary.screen_id,
                rep_cell=f"{molecule['molecule_id']}|{asked.key}",
                rep_rows="every",
            )
    with right, st.container(border=True):
        _nearest(molecule, cut_off)


def _words(molecule: pd.Series, asked: Asked) -> str:
    words = [
        f"Predicted ln(IC50) **{number(molecule['ln_ic50'])}**, which is {number(molecule['ic50_um'])} µM, in "
        f"{messages.plain(asked.name)}"
    ]
    if asked.is_type:
        words[0] += f" (median of {plural(asked.n_lines, 'line')})"
        words.append(f"{number(100 * molecule['share'])} % of its lines sensitive")
    if pd.notna(molecule["lower"]):
        whose = " of one line of the type" if asked.is_type else ""
        caveat = f", {asked.caveat}" if asked.caveat else ""
        words.append(f"90 % interval{whose} {interval(molecule['lower'], molecule['upper'])}{caveat}")
    if molecule["n_measured"]:
        n = f", median of {plural(int(molecule['n_measured']), 'line')}" if asked.is_type else ""
        words.append(f"**measured {number(molecule['measured'])}**{n}")
    words.append(f"selectivity {number(molecule['selectivity'])} sd {asked.relative}")
    words.append(f"novelty {number(float(molecule['novelty']), 2)}")
    return " · ".join(words)


def _nearest(molecule: pd.Series, cut_off: float | None) -> None:
    """The drug that was trained on and is most alike."""
    drug_id = molecule["nearest_drug_id"]
    if pd.isna(drug_id):
        st.caption("The run does not know the drugs it was trained on, so nothing can be said of the nearest one.")
        return
    name = str(molecule["nearest_drug"] if pd.notna(molecule["nearest_drug"]) else drug_id)
    try:
        drug = data.drug_facts(int(drug_id))
    except EngineError as error:
        st.caption(messages.plain(error))
        return
    if drug.smiles:
        library_molecules.picture(name, drug.smiles)
    else:
        st.caption(f"No structure of {messages.plain(name)} is known any more.")
    entity.facts(
        {
            "Nearest drug trained on": entity.plain(name),
            "Tanimoto similarity": entity.plain(number(float(molecule["similarity"]), 2)),
            "Target": entity.plain(drug.target),
            "Pathway": entity.plain(drug.pathway),
        }
    )
    st.caption(messages.plain(reach_words.reach_words(molecule["similarity"], molecule["inside"], cut_off)) + ".")
    nav.link("drug.py", f"Open {messages.plain(name)}", ":material/medication:", compound=str(int(drug_id)))
