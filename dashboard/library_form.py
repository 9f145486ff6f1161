"""Library page: molecules come in. A file or a pasted list, a look at what was understood, then the import."""

from collections.abc import Sequence

import streamlit as st

from dashboard import (
    data,
    entity,
    forms,
    frame,
    job_panel,
    library_choose,
    library_data,
    library_molecules,
    messages,
    state,
)
from dashboard.library_data import Given
from engine.chem.library import LibrarySettings
from engine.errors import EngineError
from engine.figures.text import count, plural, size
from engine.jobs import queue
from engine.response.library_import import KIND, TASK, free_name
from engine.response.library_preview import LOOK_ROWS, LibraryPreview
from engine.response.source_records import Import

LARGEST_MB = 500  # more goes through the command line, which streams
PLACES = {"upload": "Upload a file", "paste": "Paste SMILES"}
EXAMPLE = "CC(=O)Oc1ccccc1C(=O)O Aspirin\nCn1c(=O)c2c(ncn2C)n(C)c1=O Caffeine"
OF_FILE = ("lib_name", "lib_replace")
MOST_G_MOL = 100_000.0
MOST_CURES = 6
FATE = "What becomes of it"


def show(imports: Sequence[Import], in_sight: bool = True) -> None:
    """The whole form, and below it the import that runs. in_sight: else only what would lose a chosen file is drawn."""
    with st.container(key="pair_library_form"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        left, right = grid.cell(column_span=2), grid.cell(column_span=3)
    found = None
    with left:
        given = _choose()
        settings = _settings()
        if given is not None and settings is not None:
            found = _form(given, settings, imports)
        if in_sight:
            _follow()
    with right:
        if not in_sight:
            return
        if found is None:
            _what_is_read()
        else:
            _preview(found)


def _choose() -> Given | None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        place = forms.choose_one("Where the molecules are", list(PLACES), "lib_place", PLACES.__getitem__)
        library_choose.reference_button()
    if place == "paste":
        text = st.text_area(
            "Molecules, one a line: SMILES, a blank, a name",
            key=state.bound("lib_text"),
            height=150,
            placeholder=EXAMPLE,
            help="A table with a header may be pasted as well.",
        )
        state.keep("lib_text", text)
        if not text or not text.strip():
            return None
        # A list with separators but no blanks is a table.
        first = text.strip().splitlines()[0]
        called = "pasted.csv" if {",", ";", "\t"} & set(first) else "pasted.smi"
        return Given(called, f"pasted {hash(text)}", text)
    upload = st.file_uploader(
        f"A list of molecules, up to {LARGEST_MB} MB",
        max_upload_size=LARGEST_MB,
        key="lib_upload",
        help="CSV, TSV, SMI, SDF or XLSX, packed as .gz or .zip or not. It stays on the computer that runs Tumorcast.",
    )
    return Given(upload.name, upload.file_id, upload) if upload else None


def _settings() -> LibrarySettings | None:
    """Which molecules are used; None after words where they are no settings."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        low = _weight("Lightest, g/mol", "lib_min")
        high = _weight("Heaviest, g/mol", "lib_max")
    with st.container(horizontal=True, vertical_alignment="center"):
        largest = _switch("Largest fragment of salts", "lib_fragment", "Otherwise salts and mixtures are left out")
        approved = _switch(
            "Approved molecules only",
            "lib_approved",
            "Where the file tells how far molecules have come: Max Phase of ChEMBL, clinical_phase of the Hub, groups "
            "of DrugBank. A file that tells nothing of the kind loses nothing.",
        )
    try:
        return LibrarySettings(low, high, largest, approved_only=approved)
    except EngineError as error:
        st.error(messages.plain(error), icon=":material/error:")
        return None


def _switch(label: str, name: str, more: str) -> bool:
    """A switch that is remembered."""
    return state.keep(name, st.toggle(label, key=state.bound(name), help=more))


def _weight(label: str, name: str) -> float:
    value = st.number_input(label, 0.0, MOST_G_MOL, step=50.0, format="%g", key=state.bound(name), width=140)
    return state.keep(name, float(value))


def _form(given: Given, settings: LibrarySettings, imports: Sequence[Import]) -> LibraryPreview | None:
    """The name, what speaks against the import, and its button; returns what was understood."""
    found, wrong = library_data.look(given.key, given.called, given, settings)
    if found is None:
        st.error(messages.plain(wrong), icon=":material/error:")
        return None
    if state.get("lib_file") != given.key:
        if not given.key.startswith("pasted") or not str(state.get("lib_file") or "").startswith("pasted"):
            state.clear(OF_FILE)
        state.keep("lib_file", given.key)
    known = {one.source_id: one for one in imports}
    free = free_name(given.called.split(".", 1)[0], library_choose.taken())
    st.session_state.setdefault("lib_name", state.get("lib_name") or free)
    again = {"on_change": state.clear, "args": (("lib_replace",),)}  # another name is another question
    name = state.keep("lib_name", st.text_input("Name of the library", key="lib_name", **again)).strip()
    problem = "" if name else "Give the library a name."
    if name in known and known[name].kind != KIND:
        problem = f"The name {name} already stands for another import: choose another name."
    if problem:
        st.error(messages.plain(problem), icon=":material/error:")
    there = not problem and name in library_choose.taken()
    what = (given.key, name, settings)
    done = there and state.get("lib_imported") == what  # its receipt stands below: nothing to be asked again
    replace = there and not done and _replace(name)
    refused = bool(problem) or (there and not replace)
    if st.button("Import", type="primary", icon=":material/database_upload:", disabled=refused):
        state.keep("lib_imported", what)
        job_panel.start(library_choose.IMPORTING, lambda: _submit(given, name, settings, replace))
    return found


def _replace(name: str) -> bool:
    """Whether the person wants the library of this name to be replaced."""
    screens = [one for one in data.screens() if one.library == name]
    lost = f" Its {plural(len(screens), 'screen')} will not be shown any more." if screens else ""
    st.caption(f"There is a library {messages.plain(name)} already. Give another name, or replace its molecules.{lost}")
    return state.keep("lib_replace", st.checkbox(f"Replace {messages.plain(name)}", key=state.bound("lib_replace")))


def _submit(given: Given, name: str, settings: LibrarySettings, replace: bool) -> str:
    from engine.response.library_import import submit_library_import

    with library_data.on_disk(given) as path:
        return submit_library_import(data.database(), path, name, settings, file_name=given.called, replace=replace)


def _follow() -> None:
    """The import that was started here with its receipt, and those that run."""

    def draw() -> None:
        mine = state.get("followed").get(library_choose.IMPORTING)
        for job in queue.list_jobs():
            if job.id == mine or (job.task == TASK and job.active):
                job_panel.one(job, library_choose.IMPORTING)
            if job.id == mine and job.state == "collected" and (told := queue.read_result(job.id)):
                library = str(told["library"])
                library_molecules.receipt_words(told["read"], told["kept"], told["dropped"], told["examples"])
                _ways_on(library)

    job_panel.live(draw)


def _ways_on(library: str) -> None:
    """From the receipt to the screen of the new library, or to a look at its molecules."""
    turn_to = library_choose.turn_to
    with st.container(horizontal=True):
        ways = (("Screen", "Screen", ":material/play_arrow:"), ("Open", "Molecules", ":material/arrow_forward:"))
        for verb, tab, icon in ways:
            kind = "primary" if tab == "Screen" else "secondary"
            label = f"{verb} {messages.plain(library)}"
            # The click runs this fragment alone, and what it chooses stands outside of it.
            if st.button(label, on_click=turn_to, args=(library, tab), icon=icon, type=kind):
                st.rerun()


def _what_is_read() -> None:
    st.subheader("What can be read", anchor=False)
    known = {
        "Table": "CSV, TSV, XLSX or Parquet with a column of SMILES; also files of the Drug Repurposing Hub, ChEMBL "
        "and DrugBank",
        "List": "SMI or pasted lines: SMILES, a blank, a name",
        "SD file": "SDF, V2000 or V3000, name and properties from its data fields",
    }
    entity.facts({what: entity.plain(how) for what, how in known.items()})
    st.caption(
        "Columns are matched by name, whatever their order and case: name, SMILES, indications, oncology or not, "
        "mechanism, target. Structures are neutralised and made canonical, duplicates merged by InChIKey. Nothing is "
        "written before you have seen how the file was understood. Larger files: `python -m engine import library`."
    )


def _preview(found: LibraryPreview) -> None:
    st.subheader("What was understood", anchor=False)
    n = found.receipt.read
    first = f"of the first {plural(n, 'row')}" if n >= LOOK_ROWS else f"of {plural(n, 'row')}"
    st.markdown(f"**{found.format}** · {size(found.bytes)} · {count(found.receipt.kept)} {first} would be kept")
    dropped = sorted(found.receipt.dropped.items(), key=lambda item: -item[1])
    if dropped:
        st.caption("Left out: " + "; ".join(f"{count(n)} {messages.plain(reason)}" for reason, n in dropped))
    for row in found.cures.head(MOST_CURES).itertuples(index=False):
        st.caption(f":material/lightbulb: {messages.plain(row.name or f'row {row.row}')}: {messages.plain(row.cure)}")
    if len(found.cures) > MOST_CURES:
        st.caption(f"{plural(len(found.cures) - MOST_CURES, 'more row')} could be kept by such settings.")
    for note in found.receipt.notes:
        st.caption(messages.plain(note))
    names = {"column": "Column of the file", "used_as": "Used as", "example": "First value"}
    frame.table(found.columns.rename(columns=names), key="library_columns", height="content")
    if found.ignored:
        more = f" and {count(len(found.ignored) - 12)} more" if len(found.ignored) > 12 else ""
        st.caption(f"Ignored: {messages.plain(', '.join(found.ignored[:12]))}{more}.")
    if len(found.molecules):
        st.subheader("First molecules", anchor=False)
        library_molecules.drawings(found.molecules.head(4))
    shown = found.rows.rename(columns={"row": "Row", "name": "Name", "smiles": "Structure", "fate": FATE})
    wide = {FATE: st.column_config.Column(width=220)}  # px
    frame.table(shown[["Name", "Row", FATE, "Structure"]], key="library_rows", height="content", **wide)
