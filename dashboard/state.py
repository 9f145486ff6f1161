"""Every session key with its default, and which of them live in the address: a view is a link.

Streamlit forgets a widget's key when its page is left. `bound` puts the kept value back before the widget is drawn,
`keep` remembers what it returned and writes linked keys into the address. The address is read when a page is opened,
never later: it lags behind the widgets. (Streamlit's own binding writes what is shown, not the value: no stable link.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st


@dataclass(frozen=True)
class Key:
    """One session key: what it holds, its default, and whether it is part of a link."""

    holds: str
    default: Any = None
    linked: bool = False


KEYS: dict[str, Key] = {
    "run": Key("the run looked at; None is the newest one with a network", linked=True),
    "split": Key("the split looked at; None is the chosen run's own", linked=True),
    "model": Key("the network or baseline looked at", "ensemble", linked=True),
    "type": Key("cancer types filtered by", (), linked=True),
    "drug": Key("drug names filtered by", (), linked=True),
    "line": Key("cell line names filtered by", (), linked=True),
    "pathway": Key("target pathways filtered by", (), linked=True),
    "compound": Key("the drug_id of the drug page, as text", linked=True),
    "cosmic": Key("the cosmic_id of the cell line page, as text", linked=True),
    "cancer_type": Key("the cancer type looked at; None is the one with most pairs", linked=True),
    "type_measure": Key("the measure drawn for every cancer type", linked=True),
    "type_order": Key("how cancer types are sorted: value, skill or name", linked=True),
    "other_study": Key("the dataset a run is compared with on the Models page", linked=True),
    "by": Key("what errors are listed by: pair, drug, line or cancer_type", "pair", linked=True),
    "job": Key("the job whose log is shown", linked=True),
    "tab": Key("the part of the Models page looked at", linked=True),
    "measure": Key("the measure drawn on the Models page", "r2", linked=True),
    "measures": Key("the measures in the leaderboard; none shows the five that matter most", (), linked=True),
    "other_run": Key("the run that the chosen one is compared with", linked=True),
    "ranked": Key("the models ranked over folds; none ranks those that matter", (), linked=True),
    "train_split": Key("how the next training holds out its test pairs"),
    "train_folds": Key("folds of the next training; its default depends on the split"),
    "train_only": Key("the folds to run; none runs all", ()),
    "train_baselines": Key("baselines beside the next training", ()),
    "train_ablations": Key("permuted inputs to train on as well", ()),
    "evaluate_split": Key("the split to evaluate the chosen run under"),
    "evaluate_folds": Key("folds of that evaluation"),
    "train_networks": Key("networks to train", ()),
    "train_epochs": Key("epochs to train", 12),
    "train_seed": Key("seed of the next training", 0),
    "data_tab": Key("the part of the Data page looked at", linked=True),
    "source": Key("the import whose receipt is shown; None is the newest", linked=True),
    "import_place": Key("where the file to import comes from: upload or fetched", "upload"),
    "import_fetched": Key("the fetched file to import"),
    "import_key": Key("the file that the options of the next import belong to"),
    "import_kind": Key("what the file to import holds; empty: as it looks", ""),
    "import_name": Key("the source id of the next import; None: from the file's name"),
    "import_dataset": Key("the dataset of the next import; None: as the file says"),
    "import_unit": Key("unit of the IC50 column of the next import", "auto"),
    "import_census": Key("whether the next import leaves out genes outside the census", True),
    "import_origin": Key("where the next import's file came from"),
    "import_licence": Key("the licence of the next import's file"),
    "import_assay": Key("how the surviving fractions of the next import were measured"),
    "import_replace": Key("whether the next import takes the place of what has its name", False),
    "rep_library": Key("the library of the Repurposing page; None is the one screened last", linked=True),
    "rep_screen": Key("its screen; None is the newest", linked=True),
    "rep_run": Key("the run to screen a library with"),
    "rep_measure": Key("what the matrix shows: share, median or selectivity", "share", linked=True),
    "rep_class": Key("drugs in the matrix: all, oncology, non-oncology or unknown", "all", linked=True),
    "rep_rows": Key("whether hits or every molecule is in the matrix", "hits", linked=True),
    "rep_order": Key("how the matrix is sorted", "cluster", linked=True),
    "rep_search": Key("what its drugs are searched for", "", linked=True),
    "rep_type": Key("the cancer type that drugs are asked for; empty: all", "", linked=True),
    "rep_below": Key("ln(IC50) below which a line is sensitive", -2.0, linked=True),
    "rep_share": Key("percent of a type's lines that make it sensitive", 10.0, linked=True),
    "rep_rule": Key("whether it takes more than that share or at least", "more", linked=True),
    "rep_cytotoxic": Key("percent of types beyond which a drug is generally cytotoxic", 90.0, linked=True),
    "rep_lines": Key("lines that a type needs to take part", 10.0, linked=True),
    "rep_all": Key("whether the matrix shows all drugs at once", False),
    "rep_page": Key("the page of the matrix", 1),
    "rep_cell": Key("the cell looked at: molecule|type; None is the first hit's", linked=True),
    "rep_turned": Key("the cell and the view for which the page of the matrix was last looked up"),
    "lib_library": Key("the library of the Library page; None is the first by name", linked=True),
    "lib_screen": Key("its screen; None is the newest", linked=True),
    "lib_tab": Key("the part of the Library page looked at", linked=True),
    "lib_subject": Key("what its molecules are ranked for: type or line", "type", linked=True),
    "lib_type": Key("the cancer type they are ranked for; None is the one with most lines", linked=True),
    "lib_line": Key("the cosmic_id of the line they are ranked for, as text", linked=True),
    "lib_order": Key("what they are ranked by: potency, selectivity or novelty", "potency", linked=True),
    "lib_class": Key("molecules ranked: all, oncology, non-oncology or unknown", "all", linked=True),
    "lib_reach": Key("molecules ranked: all, or inside, which leaves extrapolations out", "all", linked=True),
    "lib_search": Key("what the ranking is searched for", "", linked=True),
    "lib_molecule": Key("the molecule_id looked at; None is the first", linked=True),
    "lib_run": Key("the run to screen the library with; None is the default one"),
    "lib_place": Key("where molecules come from: upload or paste", "upload"),
    "lib_text": Key("the pasted molecules", ""),
    "lib_file": Key("the file that the name of the next library belongs to"),
    "lib_name": Key("the name of the next library; None: from the file's name"),
    "lib_replace": Key("whether it takes the place of the library of that name", False),
    "lib_imported": Key("the file, name and settings of the last import of molecules on this page"),
    "lib_arrived": Key("the job of the import whose library the page has turned to"),
    "lib_min": Key("weight below which molecules are left out, g/mol", 200.0),
    "lib_max": Key("weight above which molecules are left out, g/mol", 650.0),
    "lib_fragment": Key("whether the largest fragment of a salt is used", False),
    "lib_approved": Key("whether molecules that the file does not call approved are left out", True),
    "lib_find": Key("what the drawings of a library are searched for", ""),
    "lib_page": Key("the page of drawings", 1),
    "rad_published": Key("the run of the published protocol on Radiosensitivity; None is the newest", linked=True),
    "rad_grouped": Key("the run grouped by line; None is the newest", linked=True),
    "rad_model": Key("the model of Radiosensitivity looked at", "network", linked=True),
    "rad_tab": Key("the part of the Radiosensitivity page looked at", linked=True),
    "rad_level": Key("what a point is: sample (an array) or line", "line", linked=True),
    "rad_protocol": Key("the protocol whose errors are shown", "grouped", linked=True),
    "rad_measure": Key("the measure drawn for every model in both protocols", "r", linked=True),
    "rad_lines": Key("lines that models are compared over: all, or without leukaemia", "all", linked=True),
    "rad_panel_measure": Key("the measure drawn for every panel", "rmse", linked=True),
    "rad_survival": Key("the surviving fractions whose curves are shown", linked=True),
    "rad_line": Key("the cell line whose curve is shown", linked=True),
    "rad_other": Key("the assay that this one is compared with", linked=True),
    "rad_train_protocol": Key("the protocol of the next training on Radiosensitivity", "grouped"),
    "rad_train_models": Key("its models; none trains all", ()),
    "rad_train_expression": Key("its expression; None is the newest measured one"),
    "rad_train_survival": Key("its surviving fractions; None is the newest measured ones"),
    "rad_train_rounds": Key("rounds of its cross-validation", 5),
    "rad_train_folds": Key("folds of its cross-validation", 6),
    "rad_train_epochs": Key("epochs of its network", 100),
    "rad_train_seed": Key("its seed", 0),
    "rad_train_replicates": Key("artificial replicates of every array", 1),
    "rad_train_noise": Key("their noise, log2 units", 0.0),
    # Somebody's own expression may be a patient's: never linked, kept in this session alone.
    "rad_own": Key("predictions of somebody's own file, with the run and the file they are of"),
    "rad_own_run": Key("the run that predicts it; None is the newest grouped one"),
    "rad_own_model": Key("the model looked at for it; None is the closest on lines left out"),
    "rad_own_sample": Key("the sample looked at"),
    "scr_tab": Key("the part of the Screens page looked at", linked=True),
    "scr_screen": Key("its screen; None is the one imported last", linked=True),
    "scr_readout": Key("the readout by which plates are judged there", linked=True),
    "scr_problems": Key("whether only verdicts that are not good are listed", True),
    "scr_phase": Key("the phase to train", 2),
    "scr_preset": Key("its preset", "fast"),
    "scr_backbone": Key("its backbone; empty: the preset's own", ""),
    "scr_weights": Key("where its ImageNet weights come from: download, file or none", "download"),
    "scr_weights_file": Key("the file with them", ""),
    "scr_start": Key("the run to start from; empty: the newest fitting one", ""),
    "scr_epochs": Key("its epochs; 0: the preset's", 0),
    "scr_seed": Key("its seed", 0),
    "scr_modality": Key("the readout to score by"),
    "scr_parameters": Key("parameters of the curves to fit; 0: the best of 2 to 5", 5),
    "scr_bootstrap": Key("resamples for intervals of scores", 200),
    "scr_place": Key("where the screen to import is: folder or upload", "folder"),
    "scr_folder": Key("the folder of the screen to import", ""),
    "scr_found": Key("which of the screens in that folder is imported"),
    "scr_import_key": Key("the folder and screen that the options of the next import belong to"),
    "scr_sample": Key("its sample", ""),
    "scr_entity": Key("its diagnosis", ""),
    "scr_origin": Key("where it came from", ""),
    "scr_licence": Key("under what terms", ""),
    "scr_pattern": Key("the pattern that its images are called by; empty: a known one", ""),
    "scr_death": Key("whether its metabolic readouts rise as cells die", False),
    "scr_replace": Key("whether it takes the place of the screen of its name", False),
    # Patients: never linked, nothing of them may stand in an address.
    "patient_opened": Key("patients of this session by their name", {}),
    "patient_current": Key("the name of the patient looked at; None is the one read last"),
    "patient_next": Key("the name of the patient to look at from the next run of the page on"),
    "patient_seen": Key("the name and the time of the patient that filters, search and what-if are about"),
    "patient_adding": Key("whether the form for another patient is open", False),
    "patient_done": Key("whether a list was just read, so that the form starts anew", False),
    "patient_place": Key("where the list comes from: upload or paste", "upload"),
    "patient_text": Key("the pasted list", ""),
    "patient_label": Key("the name given to the next patient"),
    "patient_type": Key("cancer type of the next patient; empty: not told", ""),
    "patient_sequenced": Key("what was sequenced: auto, exome, listed or panel", "auto"),
    "patient_panel": Key("the panel's genes, pasted", ""),
    "patient_genome": Key("genome build of the next list; empty: as it says", ""),
    "patient_run": Key("the run that ranks the next patient; None is the default one"),
    "patient_samples": Key("the file that holds several samples, and which", ("", ())),
    "patient_sample": Key("the sample to read from it"),
    "patient_own_type": Key("cancer type of the patient looked at"),
    "patient_type_of": Key("the patient that this type was taken from"),
    "patient_tab": Key("the part of the Patient page looked at"),
    "patient_fate": Key("fates that the receipt is filtered by", ()),
    "patient_search": Key("what the receipt is searched for", ""),
    "patient_find": Key("what the ranking is searched for", ""),
    "patient_pathway": Key("target pathways that the ranking is filtered by", ()),
    "patient_approved": Key("whether only approved drugs are shown", False),
    "patient_skilled": Key("whether only drugs with skill above 0 are shown", False),
    "patient_inside": Key("whether extrapolations are left out", False),
    "patient_drug": Key("the drug_id whose evidence is shown; None is the first"),
    "patient_row": Key("the drug_id of the row that was picked last"),
    "patient_evidence": Key("evidence that was looked up in this session", {}),
    "patient_add": Key("mutations added in what-if", ""),
    "patient_remove": Key("positions taken away in what-if", ()),
    "patient_noise": Key("how large a change is that means nothing, for the patient it was looked up for", {}),
    "patient_compared": Key("patients that are compared; none takes those read last", ()),
    "patient_order": Key("the order of compared drugs: differ or sensitive", "differ"),
    "followed": Key("the job followed on this page, by page", {}),
}
KEPT = "kept_"
PAGE = KEPT + "page"


def get(name: str) -> Any:
    """The current value of a registered key."""
    return st.session_state.get(name, st.session_state.get(KEPT + name, KEYS[name].default))


def arrive(page: str) -> None:
    """At the start of every run: a page that was just opened takes linked keys from its address."""
    if st.session_state.get(PAGE) == page:
        return
    st.session_state[PAGE] = page
    for name, key in KEYS.items():
        if key.linked:
            st.session_state.pop(name, None)
            given = st.query_params.get_all(name)
            if given:
                st.session_state[KEPT + name] = given if isinstance(key.default, tuple) else given[-1]


def bound(name: str, options: Sequence[Any] | None = None, default: Any = None) -> str:
    """The widget's key=, after its value has been put back; call right before the widget.

    A value that is not among the options, or no longer, is replaced by `default`, and dropped where there is none.
    """
    value = get(name)
    if isinstance(value, list | tuple):
        known = [one for one in value if options is None or one in options]
        if name not in st.session_state or known != list(value):
            st.session_state[name] = known
    elif value is not None and options is not None and value not in options:
        if default is None:
            st.session_state.pop(name, None)
        else:
            # Only a value that is set reaches the browser: one that is dropped it would go on showing.
            st.session_state[name] = default
    elif value is not None and name not in st.session_state:
        st.session_state[name] = value
    return name


def keep(name: str, value: Any, default: Any = None) -> Any:
    """Remember a value across pages, and in the address if it is linked; returns it.

    default: the value that stands for "nothing chosen" where the key has no fixed one (the newest run): it is put
    into the address, but next time the page opens with what is the default then.
    """
    key = KEYS[name]
    st.session_state[KEPT + name] = key.default if value == default else value
    if key.linked:
        shown = [str(one) for one in (value if isinstance(value, list | tuple) else [value])]
        if value == key.default:
            shown = []
        if st.query_params.get_all(name) != shown:
            st.query_params[name] = shown
    return value


def choose(name: str, value: Any) -> None:
    """Another value; for a button's on_click, before the widget is drawn."""
    st.session_state[name] = value


def clear(names: Sequence[str]) -> None:
    """Back to the defaults; for a button's on_click, before the widgets are drawn."""
    for name in names:
        st.session_state.pop(name, None)
        st.session_state[KEPT + name] = KEYS[name].default


def link(names: Sequence[str]) -> str:
    """The address of the view as it is now, every value spelled out, so that it stays when defaults move."""
    values = {name: get(name) for name in names}
    query = urlencode({name: value for name, value in values.items() if value not in (None, [], ())}, doseq=True)
    return f"{st.context.url or ''}?{query}"
