"""Patient page: a file or a pasted list, what is known about it, and the one button that reads and ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath

import streamlit as st

from dashboard import data, forms, messages, patient_data, patient_session, state
from engine.errors import EngineError, InputError
from engine.figures.text import count
from engine.figures.type_words import code_and_name
from engine.patient.types import BUILDS, Case, Reading, SeveralSamples
from engine.response.records import RunSummary

LARGEST_MB = 50
LABEL_LENGTH = 60
PLACES = {"upload": "Upload a file", "paste": "Paste a list"}
SEQUENCED = {
    "auto": "As the list looks",
    "exome": "Whole exome",
    "listed": "Only the genes named",
    "panel": "A panel of genes",
}
PASTE_HELP = "BRAF V600E\nTP53 R213*\nEGFR E746_A750del\n7:140453136 A>T"
# What a button fills in: the list, and how the cancer type's label begins in the cohorts.
EXAMPLES = {
    "BRAF V600E melanoma": ("BRAF V600E", ("SKCM", "MELANOMA")),
    "KRAS G12D colon": ("KRAS G12D", ("COAD", "COREAD", "COLO")),
}
ABOUT = {
    "What can be read": "- **VCF**, also with VEP or SnpEff annotation\n"
    "- **MAF** and cBioPortal, GDC or OncoKB tables\n"
    "- **CSV, TSV, XLSX** with gene and protein change, or with coordinates\n"
    "- **Pasted lines**: `BRAF V600E`, `NP_004324.2:p.Val600Glu`, `EGFR E746_A750del`, `chr7:g.140453136A>T`",
    "What comes back": "- A **receipt**: every row, whether it was used, and why not\n"
    "- **Drugs ranked** by how sensitive this tumour looks among measured cell lines\n"
    "- The **measured** responses of the most similar lines beside each prediction\n- A **report** as PDF or HTML",
    "What it is worth": "The networks have learned from cell lines in culture, not from patients. For tumours they "
    "have not seen they are often no better than the average of the drug in the cancer type: every drug's *skill* says "
    "so. Take the ranking as a hypothesis to test, beside what is known of the mutations.",
}
PRIVATE = (
    ":material/lock: The list stays in the memory of this browser session, on the computer that runs Tumorcast. "
    "Nothing is written unless you save the case: reloading the page forgets every patient that was not saved."
)


@dataclass(frozen=True)
class Given:
    """A list that a person gave. content: the bytes of a file, or pasted text. ending: of the file's name, in dots."""

    content: bytes | str
    ending: str
    key: str  # changes with the file or the text


def show(usable: Sequence[RunSummary], default: RunSummary) -> None:
    """The form; a list that was read is shown from the next run of the page on."""
    if state.get("patient_done"):
        state.clear(("patient_done",))
        patient_session.new_form()
    run_id = _run_id(usable, default)
    types = data.pair_options(run_id).cancer_types
    with st.container(key="pair_patient_input"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        left, right = grid.cell(column_span=3), grid.cell(column_span=2)
    with left:
        given = _choose(types)
    with right:
        label, cancer_type = _about(types)
    with left:
        sample = _sample(given)
    with right, st.expander("More options", icon=":material/tune:"):
        _more(usable, default)
    # Below both cells: where they stand one below the other, what the list needs comes before the button.
    problem = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Read and rank", type="primary", icon=":material/clinical_notes:", disabled=not given)
        st.caption(PRIVATE, width="stretch")
    if pressed and given:
        with problem:
            try:
                with st.spinner("Reading the list and ranking the drugs ..."):
                    _read_and_rank(given, label, cancer_type, sample, run_id)
            except SeveralSamples as found:
                state.keep("patient_samples", (given.key, found.samples))
                st.rerun()
            except EngineError as error:
                st.error(messages.plain(error), icon=":material/error:")
                return
        state.keep("patient_done", True)
        st.rerun()


def what_is_read() -> None:
    """Before there is a patient: what may be given, what comes back, and what that is worth."""
    st.space("small")
    with st.grid(3, min_column_width=260, gap="medium"):
        for title, text in ABOUT.items():
            with st.container():
                st.subheader(title, anchor=False)
                st.markdown(text)


def _run_id(usable: Sequence[RunSummary], default: RunSummary) -> str:
    asked = state.get("patient_run")
    return asked if asked in {run.run_id for run in usable} else default.run_id


def _choose(types: Sequence[str]) -> Given | None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        place = forms.choose_one("Where the list comes from", list(PLACES), "patient_place", PLACES.__getitem__)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            st.caption("Try:", width="content")
            for name in EXAMPLES:
                st.button(name, key=f"example_{name}", type="tertiary", on_click=_fill, args=(name, tuple(types)))
    if place == "paste":
        text = st.text_area(
            "Mutations, one a line",
            key=state.bound("patient_text"),
            height=132,
            placeholder=PASTE_HELP,
            help="Gene and protein change, full HGVS, or a coordinate; several in a line: separate them by semicolons. "
            "Or a whole table with its header (from Excel, cBioPortal, a MAF), or the text of a VCF.",
        )
        state.keep("patient_text", text)
        return Given(text, "", f"pasted {hash(text)}") if text and text.strip() else None
    upload = st.file_uploader(
        f"A mutation list, up to {LARGEST_MB} MB",
        max_upload_size=LARGEST_MB,
        key="patient_upload",
        help="VCF (also with VEP or SnpEff annotation), MAF, cBioPortal or OncoKB tables, CSV, TSV, XLSX or text; "
        "packed as .gz or .bgz or not. What it is is read from its content, not from its name.",
    )
    st.caption("VCF, MAF, CSV, TSV, XLSX or TXT, packed as .gz or not.")
    return Given(upload.getvalue(), _ending(upload.name), upload.file_id) if upload else None


def _fill(name: str, types: tuple[str, ...]) -> None:
    text, begins = EXAMPLES[name]
    state.choose("patient_place", "paste")
    state.choose("patient_text", text)
    state.choose("patient_type", next((kind for kind in types if kind.upper().startswith(begins)), ""))


def type_label(cancer_type: str) -> str:
    """COAD_READ · Colon and rectum: a list of types is searched by code and by name."""
    return code_and_name(cancer_type) if cancer_type else "Not told"


def _ending(name: str) -> str:
    """What follows the first dots of a file's name; the name itself goes no further than here."""
    return "list" + "".join(PurePath(name).suffixes[-2:])


def _about(types: Sequence[str]) -> tuple[str, str | None]:
    """The name of the patient and the cancer type; what was sequenced is kept in the session."""
    free = patient_session.free_label()
    label = st.text_input(
        "Name of the patient or timepoint",
        key=state.bound("patient_label"),
        placeholder=free,
        max_chars=LABEL_LENGTH,
        help="Only for this page and its report. A name that is open already is replaced.",
    )
    kind = forms.choose("Cancer type", ["", *types], "patient_type", type_label)
    forms.choose(
        "What was sequenced", list(SEQUENCED), "patient_sequenced", SEQUENCED.__getitem__, help=_SEQUENCED_HELP
    )
    if state.get("patient_sequenced") == "panel":
        st.file_uploader(
            "The panel's genes: a list or a BED file", max_upload_size=LARGEST_MB, key="patient_panel_upload"
        )
        st.text_area(
            "Or its genes, pasted", key=state.bound("patient_panel"), height=80, placeholder="BRAF, KRAS, TP53"
        )
        state.keep("patient_panel", st.session_state["patient_panel"])
    return (label or "").strip() or free, kind or None


def _sample(given: Given | None) -> str:
    """The sample of a file that turned out to hold several."""
    asked, samples = state.get("patient_samples")
    if given is None or not samples or asked != given.key:
        return ""
    st.info(
        f"The list holds {count(len(samples))} samples. Choose whose mutations to read, then press the button again.",
        icon=":material/group:",
    )
    return forms.choose("Sample", samples, "patient_sample")


_SEQUENCED_HELP = (
    "Genes that were not sequenced are unknown, not wild type: the ranking is then an average over what they may hold. "
    "As the list looks: only the genes named where the list is short, else a whole exome."
)


def _more(usable: Sequence[RunSummary], default: RunSummary) -> None:
    genomes = ["", *BUILDS]
    forms.choose(
        "Genome build",
        genomes,
        "patient_genome",
        lambda one: one or "As the list says",
        help="Needed for coordinates only. It is checked against reference bases at known positions.",
    )
    by_id = {run.run_id: run for run in usable}
    ids = [default.run_id, *(run_id for run_id in by_id if run_id != default.run_id)]
    forms.choose("Run that predicts", ids, "patient_run", lambda run_id: forms.run_label(by_id[run_id]))


def _read_and_rank(given: Given, label: str, cancer_type: str | None, sample: str, run_id: str) -> None:
    """Read the list, say what becomes of every row, rank; the patient is then open. Raises EngineError."""
    from engine.patient.understand import understand

    with patient_session.discreet("reading the list"):
        reading = _reading(given, sample)
        receipt = understand(reading, patient_data.knowledge(run_id), state.get("patient_genome"), _panel())
    case = Case(label, receipt, cancer_type, datetime.now(UTC))
    patient_session.put(patient_session.ranked(case, run_id))


def _reading(given: Given, sample: str) -> Reading:
    from engine.patient.read import read

    content = given.content.encode("utf-8", "replace") if isinstance(given.content, str) else given.content
    return read(content, given.ending, sample)


def _panel():
    """What was sequenced, as `understand` takes it."""
    from engine.patient.panel import EXOME, read_panel

    wanted = state.get("patient_sequenced")
    if wanted != "panel":
        return EXOME if wanted == "exome" else wanted
    upload, text = st.session_state.get("patient_panel_upload"), (state.get("patient_panel") or "").strip()
    if upload:
        return read_panel(upload.getvalue(), _ending(upload.name))
    if text:
        return read_panel(text.encode())
    raise InputError("Say which genes the panel covers: upload its list or BED file, or paste its genes.")
