"""Brings a table in: choose a file, look at what was understood, then write. Nothing is written before the button."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import forms, frame, job_panel, messages, radiation_import, radiation_train, state
from dashboard.tables import IMPORTED, KINDS, RADIATION
from engine.errors import EngineError
from engine.fetch.releases import Release, fetched, release_of
from engine.figures.text import count, plural, size
from engine.jobs import queue
from engine.response.formats import FORMATS, TABLES, Format, column_names
from engine.response.preview import UNIT_WORDS, Preview, preview
from engine.response.source_records import Import
from engine.views import StoreSummary

LARGEST_MB = 500  # more goes through the command line, which streams
TASKS = {f"import_{kind.replace('-', '_')}" for kind in (*KINDS, *RADIATION)}
PLACES = {"upload": "Upload", "fetched": "Fetched files"}
UNITS = {"auto": "As the column says", **UNIT_WORDS}
ABOUT_FILE = (
    "import_kind", "import_name", "import_dataset", "import_unit", "import_census", "import_origin", "import_licence",
    "import_assay", "import_replace",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """How the file shall be imported. dataset: empty where the file's own name for it is right."""

    name: str
    origin: str
    licence: str
    dataset: str
    unit: str
    census_only: bool


@dataclass(frozen=True)
class Given:
    """A file that a person chose. key: changes with it. known: the public release that it is, by its name."""

    name: str
    key: str
    source: Any  # an UploadedFile, or the Path of a fetched file
    known: Release | None


def show(store: StoreSummary, imports: Sequence[Import]) -> None:
    """The whole wizard, and below it the import that runs."""
    with st.container(key="pair_import"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        chooser, looked = grid.cell(column_span=2), grid.cell(column_span=3)
    with chooser:
        given = _choose()
        found = _form(given, store, imports) if given else None
        if given is None:
            radiation_train.reference_button("data")
        _follow()
    with looked:
        if isinstance(found, radiation_import.Look):
            radiation_import.show(found)
        elif found:
            _show_preview(found)
        else:
            _what_is_read()


def _form(given: Given, store: StoreSummary, imports: Sequence[Import]) -> Preview | radiation_import.Look | None:
    """Options, what speaks against the import, and its button; returns what was understood of the file."""
    if state.get("import_key") != given.key:
        state.clear(ABOUT_FILE)
        state.keep("import_key", given.key)
    counts = {"cell-lines": store.lines, "drugs": store.drugs, "mutations": store.positions, "responses": store.pairs}
    filled = tuple(TABLES[kind] for kind, rows in counts.items() if rows)
    looks, wrong = _preview(given.key, given, "", "auto", filled)
    own = radiation_import.looks_like(given.key, given.name, lambda: _on_disk(given))
    if looks is None and not own:
        st.error(messages.plain(wrong), icon=":material/error:")
        return None
    # A table of SF2 names lines too; whatever has names and numbers is a matrix.
    guess = own if own == "survival" or not (looks and looks.kind) else looks.kind
    kinds = {"": f"As it looks: {IMPORTED[guess].lower()}" if guess else "As it looks", **KINDS, **RADIATION}
    kind = forms.choose("What it holds", list(kinds), "import_kind", kinds.__getitem__) or guess
    if kind in RADIATION:
        return _radiation_form(given, kind, imports)
    found, wrong = _preview(given.key, given, kind, state.get("import_unit"), filled)
    if found is None:
        st.error(messages.plain(wrong), icon=":material/error:")
        return None
    wanted = _options(given, found)
    problems = [*found.problems, *_name_problems(wanted.name, found.kind, imports)]
    _say(store, found, wanted.name, imports, problems)
    if st.button("Import", type="primary", icon=":material/database_upload:", disabled=bool(problems)):
        job_panel.start("data", lambda: _submit(given, found, wanted))
    return found


def _radiation_form(given: Given, kind: str, imports: Sequence[Import]) -> radiation_import.Look | None:
    """The same for gene expression and surviving fractions."""

    def on_disk() -> AbstractContextManager[Path]:
        return _on_disk(given)

    found, wrong = radiation_import.look(given.key, kind, given.name, on_disk)
    if found is None:
        st.error(messages.plain(wrong), icon=":material/error:")
        return None
    wanted, how = _options(given, found), radiation_import.assay(found)
    problems = _name_problems(wanted.name, kind, imports)
    for problem in problems:
        st.error(messages.plain(problem), icon=":material/error:")
    free = radiation_import.replaced(found, wanted.name, given.name, imports)
    if st.button("Import", type="primary", icon=":material/database_upload:", disabled=bool(problems) or not free):
        about = (given.name, wanted.origin, wanted.licence, how)
        job_panel.start("data", lambda: radiation_import.submit(on_disk, found, wanted.name, *about))
    return found


def _choose() -> Given | None:
    there = {path.name: path for path in fetched()}
    place = "upload"
    if there:
        place = forms.choose_one("Where the file is", list(PLACES), "import_place", PLACES.__getitem__)
    if place == "fetched":
        path = there[forms.choose("Fetched file", list(there), "import_fetched")]
        about = path.stat()
        return Given(path.name, f"{path} {about.st_size} {about.st_mtime_ns}", path, release_of(path.name))
    upload = st.file_uploader(
        f"A table, up to {LARGEST_MB} MB",
        max_upload_size=LARGEST_MB,
        key="import_upload",
        help="CSV, TSV, XLSX or Parquet, packed as .gz or .zip or not. It stays on the computer that runs Tumorcast.",
    )
    return Given(upload.name, upload.file_id, upload, release_of(upload.name)) if upload else None


def _what_is_read() -> None:
    """Before there is a file: which tables are known."""
    st.subheader("What can be read", anchor=False)
    known = [
        {
            "Table": KINDS[one.kind],
            "Format": one.name,
            "Columns it must have": "; ".join(_needed(one, group) for group in one.required),
        }
        for kind in KINDS
        for one in FORMATS
        if one.kind == kind
    ]
    known += radiation_import.what_is_read()
    frame.table(pd.DataFrame(known), key="import_formats", height="content")
    st.caption(
        "Columns are matched by name, whatever their order, case and punctuation; extra ones are ignored. Nothing is "
        "written before you have seen how the file was understood. Tables that are too large to upload: "
        "`python -m engine import`."
    )


def _needed(one: Format, group: Sequence[str]) -> str:
    return "an id or the name of the line" if len(group) > 3 else column_names(one, group)


@contextmanager
def _on_disk(given: Given) -> Iterator[Path]:
    """The file as a path; of an upload a copy, which is deleted afterwards."""
    if isinstance(given.source, Path):
        yield given.source
        return
    with tempfile.NamedTemporaryFile(prefix="tumorcast-upload-") as copy:
        given.source.seek(0)
        shutil.copyfileobj(given.source, copy)
        copy.flush()
        yield Path(copy.name)


@st.cache_data(max_entries=8, ttl="1h", show_spinner="Looking at the file ...")
def _preview(key: str, _given: Given, kind: str, unit: str, filled: tuple[str, ...]) -> tuple[Preview | None, str]:
    """What is understood of the file, or what is wrong with it."""
    with _on_disk(_given) as path:
        try:
            return preview(path, kind or None, _given.name, unit, filled=filled), ""
        except EngineError as error:
            return None, str(error)


def _options(given: Given, found: Preview | radiation_import.Look) -> Wanted:
    dataset, unit, census = "", "auto", True
    left, right = st.columns(2, gap="small")
    with left:
        if found.kind == "responses":
            dataset = _text("Dataset", "import_dataset", found.dataset)
        name = _text("Name of the source", "import_name", given.name.split(".", 1)[0])
    with right:
        if found.kind == "responses":
            unit = forms.choose("Unit of IC50", list(UNITS), "import_unit", UNITS.__getitem__)
        licence = _text("Licence", "import_licence", given.known.licence if given.known else "")
    origin = _text("Origin", "import_origin", given.known.origin if given.known else "")
    if found.kind == "mutations":
        key = state.bound("import_census")
        census = state.keep("import_census", st.toggle("Only genes of the Cancer Gene Census", key=key))
    return Wanted(name.strip(), origin, licence, dataset if dataset != found.dataset else "", unit, census)


def _text(label: str, name: str, guess: str) -> str:
    st.session_state.setdefault(name, state.get(name) or guess)
    return state.keep(name, st.text_input(label, key=name, placeholder="Not noted"), default=guess)


def _name_problems(name: str, kind: str, imports: Sequence[Import]) -> list[str]:
    if not name:
        return ["Give the source a name."]
    other = next((one for one in imports if one.source_id == name and one.kind != kind), None)
    if other and kind:
        return [f"The name {name} already stands for imported {IMPORTED[other.kind].lower()}: choose another name."]
    return []


def _say(store: StoreSummary, found: Preview, name: str, imports: Sequence[Import], problems: Sequence[str]) -> None:
    """What stops the import, and what a person should know before it."""
    for problem in problems:
        st.error(messages.plain(problem), icon=":material/error:")
    notes = list(found.notes)
    again = next((one for one in imports if one.source_id == name and one.kind == found.kind), None)
    if again:
        when = job_panel.when(str(again.imported_at))
        notes.append(f"Replaces the rows of {again.source_id}, imported {when} ({plural(again.rows_kept, 'row')}).")
    if found.kind == "drugs" and any(one.kind == "drugs" and one is not again for one in imports):
        notes.append("Drugs of another import take over what this table says; what it leaves empty stays as it was.")
    if store.simulated:
        notes.append(
            "This store holds simulated data, and its pages will go on saying so. To keep measured data apart, start "
            "Tumorcast with TUMORCAST_HOME set to another folder."
        )
    for note in notes:
        st.info(messages.plain(note), icon=":material/info:")


def _submit(given: Given, found: Preview, wanted: Wanted) -> str:
    """Queue the import; what reads molecules is loaded only now, so that pages start fast."""
    from engine.response.sources import ImportOptions, submit_import

    options = ImportOptions(wanted.dataset or None, wanted.unit, wanted.census_only)
    with _on_disk(given) as path:
        return submit_import(
            path, found.kind, wanted.name, wanted.origin, wanted.licence, options, file_name=given.name
        )


def _follow() -> None:
    """The import that was started here, with its receipt, and those that run."""

    def draw() -> None:
        mine = state.get("followed").get("data")
        for job in queue.list_jobs():
            if job.id == mine or (job.task in TASKS and job.active):
                job_panel.one(job, "data")
            if job.id == mine and (receipt := queue.read_result(job.id)):
                job_panel.result(receipt)

    job_panel.live(draw)


def _show_preview(found: Preview) -> None:
    st.subheader("What was understood", anchor=False)
    known = f"**{found.format}**" if found.format else "**No known format**"
    facts = [known, messages.plain(found.place)] if found.place else [known]
    used = [column for column in found.columns if column.used_as]
    facts.append(f"{plural(len(used), 'column')} used, {count(found.ignored)} ignored")
    facts.append(size(found.bytes))
    st.markdown(" · ".join(facts))
    if found.unit:
        st.caption(f"IC50 read as {UNIT_WORDS[found.unit]}, dataset {messages.plain(found.dataset)}.")
    if used:
        mapping = pd.DataFrame(
            {
                "Column of the file": [column.name for column in used],
                "Used as": [column.used_as for column in used],
                "First value": [column.example for column in used],
            }
        )
        frame.table(mapping, key="import_mapping", height="content")
    ignored = [column.name for column in found.columns if not column.used_as]
    if ignored:
        more = f" and {count(found.ignored - len(ignored))} more" if found.ignored > len(ignored) else ""
        st.caption(f"Ignored: {messages.plain(', '.join(ignored))}{more}.")
    n = len(found.rows)
    st.subheader(f"First {plural(n, 'row')}" if n != 1 else "Its only row", anchor=False)
    frame.table(found.rows.fillna(""), key="import_rows", height=330 if n > 9 else "content")
