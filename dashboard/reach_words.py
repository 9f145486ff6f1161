"""How near a molecule is to the drugs that a run was trained on, as a chip and in words with the cut-off."""

import pandas as pd
import streamlit as st

from engine.errors import EngineError
from engine.figures.text import count, number
from engine.jobs import queue

UNKNOWN = "The run does not know its drugs"


def reach_words(similarity: float | None, inside: bool | None, cut_off: float | None) -> str:
    """The similarity with the kind of fingerprint and the cut-off, and what lies on which side of it.

    similarity: Tanimoto, to the nearest drug trained on; inside: as the screen has it; cut_off: as `drug_cut_off`
    gives it. None or NaN where nobody knows.
    """
    if similarity is None or pd.isna(similarity) or inside is None or pd.isna(inside):
        return UNKNOWN
    told = f"Tanimoto {number(float(similarity), 2)} to the nearest drug trained on ({fingerprint_words()})"
    known = cut_off is not None and not pd.isna(cut_off)
    least = f"cut-off {number(float(cut_off or 0), 2)}" if known else "the cut-off"
    told += f"; {least} is what 95 % of training drugs reach with their nearest other one"
    return f"{told}. Being near does not make it right" if inside else f"{told}. Farther away predictions are guesses"


def reach_chip(similarity: float | None, inside: bool | None, cut_off: float | None) -> None:
    """A neutral chip where the molecule lies within the cut-off: being near proves nothing; a warning beyond it."""
    words = reach_words(similarity, inside, cut_off)
    if words == UNKNOWN:
        st.badge("Reach not known", color="gray", help=words)
        return
    assert similarity is not None
    least = "" if cut_off is None or pd.isna(cut_off) else f", cut-off {number(float(cut_off), 2)}"
    label = f"similarity {number(float(similarity), 2)}{least}"
    if inside:
        st.badge(f"Within reach: {label}", color="gray", help=words)
    else:
        st.badge(f"Extrapolation: {label}", color="orange", icon=":material/warning:", help=words)


@st.cache_data(max_entries=64, ttl="1h", show_spinner=False)
def drug_cut_off(run_id: str) -> float | None:
    """The similarity from which a drug counts as within reach of a run; None where the run kept no drugs."""
    from scipy.sparse import csr_matrix

    from engine.response.domain import usual_similarity
    from engine.response.reference import load_reference

    try:
        reference = load_reference(queue.job_folder(run_id) / "results")
    except EngineError:
        return None
    return None if reference is None else usual_similarity(csr_matrix(reference.drug_bits), reference.structure)


@st.cache_data(ttl="1h", show_spinner=False)
def fingerprint_words() -> str:
    """The kind of fingerprint that similarity is counted on."""
    from engine.chem.fingerprints import PARTS, FingerprintSettings

    settings = FingerprintSettings()
    return f"path fingerprints, {len(PARTS)} × {count(settings.bits)} bits"
