"""Library page: how near molecules lie to the drugs that a run was trained on, known before anything is predicted."""

from importlib.metadata import version

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import data
from engine.errors import EngineError
from engine.figures.text import number
from engine.jobs import queue
from engine.response.records import RunSummary


def run_for_reach() -> RunSummary | None:
    """The run that a screen would use unless another is chosen; None where there is none with a network."""
    try:
        return data.default_run()
    except EngineError:
        return None


def reach_words(molecules: pd.DataFrame, run: RunSummary | None) -> list[str]:
    """A few words for every molecule; none at all where nobody knows. molecules: name, smiles."""
    if run is None or molecules.empty:
        return []
    return _words(run.run_id, tuple(molecules["smiles"].astype(str)), tuple(molecules["name"].astype(str)))


@st.cache_data(max_entries=64, ttl="1h", show_spinner=False)
def _words(run_id: str, smiles: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    from engine.chem.fingerprints import FingerprintSettings, drug_fingerprints
    from engine.response.reference import drugs_domain, load_reference

    run = next((one for one in data.runs() if one.run_id == run_id), None)
    # Bits of another RDKit than the run's may differ: then nothing is said.
    if run is None or run.config.get("versions", {}).get("rdkit") != version("rdkit"):
        return []
    settings = FingerprintSettings()
    try:
        reference = load_reference(queue.job_folder(run_id) / "results")
        if reference is None or settings.length != reference.drug_bits.shape[1]:
            return []
        near = drugs_domain(reference, drug_fingerprints(smiles, settings, names))
    except EngineError:
        return []
    inside = near["drug_inside"].astype(np.bool_)
    return [
        f"{'Within reach' if close else 'Extrapolation'}: similarity {number(float(similarity), 2)} to "
        f"{_drug(int(drug_id))}"
        for drug_id, similarity, close in zip(near["nearest_drug"], near["drug_similarity"], inside, strict=True)
    ]


def _drug(drug_id: int) -> str:
    try:
        return data.drug_facts(drug_id).name
    except EngineError:
        return f"drug {drug_id}"
