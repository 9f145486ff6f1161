"""The Data page's two tables of radiosensitivity: gene expression and surviving fractions, looked at before import."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import frame, messages, state
from dashboard.tables import RADIATION as KINDS
from engine.errors import EngineError
from engine.figures.text import count, plural, size
from engine.files.receipt import Receipt
from engine.response.source_records import Import

WHOLE_MB = 80  # a larger file of expression is looked at in part: reading it takes the minutes of its import
LEAST_COLUMNS = 4  # names and three samples: with fewer a table of anything would look like a matrix
CORNER = (8, 6)  # samples and probes shown
READ = (
    ("expression", "matrix of probes or genes by samples, either way round, log2, linear or z",
     "names along both sides; the samples named as cell lines"),
    ("expression", "GEO series matrix, GCT", "as their formats say"),
    ("survival", "SF2, a line each", "cell_line; sf2 (fraction or percent)"),
    ("survival", "doses, long or wide", "cell_line; dose_gy and surviving_fraction, or a column per dose (surv_2gy)"),
)  # fmt: skip
OnDisk = Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True)
class Look:
    """What was understood of a file. facts: in words. rows: its beginning as it would be kept. whole: all of it was
    read, so that the counts and the receipt are those of the import."""

    kind: str
    format: str
    bytes: int
    facts: tuple[str, ...]
    rows: pd.DataFrame
    receipt: Receipt
    whole: bool = True
    dataset: str = ""


@st.cache_data(max_entries=16, ttl="1h", show_spinner=False)
def looks_like(key: str, name: str, _on_disk: OnDisk) -> str:
    """expression, survival, or '' where it looks like neither."""
    from engine.files.tables import open_table
    from engine.radiation.expression_read import look as expression_format
    from engine.radiation.survival_columns import recognise

    with _on_disk() as path:
        columns = LEAST_COLUMNS
        try:
            header = open_table(path, name, lambda header: recognise(header) is not None).header
            columns = len(header)
            if recognise(header):
                return "survival"
        except EngineError:
            pass  # a matrix may come as no plain table
        try:
            found = expression_format(path, name)
        except EngineError:
            return ""
    return "expression" if columns >= LEAST_COLUMNS or found.startswith(("GEO", "GCT")) else ""


@st.cache_data(max_entries=4, ttl="1h", show_spinner="Looking at the file ...")
def look(key: str, kind: str, name: str, _on_disk: OnDisk) -> tuple[Look | None, str]:
    """What is understood of the file, or what is wrong with it."""
    with _on_disk() as path:
        try:
            return (_survival(path, name) if kind == "survival" else _expression(path, name)), ""
        except EngineError as error:
            return None, str(error)


def _survival(path: Path, name: str) -> Look:
    from engine.radiation.survival_read import read_survival

    found = read_survival(path, name)
    curves = int(found.lines["alpha_per_gy"].notna().sum())
    doses = sorted(found.points["dose_gy"].unique()) if len(found.points) else []
    facts = [plural(len(found.lines), "cell line"), plural(curves, "fitted curve")]
    facts += [f"doses {', '.join(f'{dose:g}' for dose in doses)} Gy"] if doses else []
    shown = {"line_name": "In the file", "line": "Cell line", "panel": "Panel", "sf2": "SF2", "n_doses": "Doses"}
    rows = found.lines[list(shown)].rename(columns=shown).head(CORNER[0])
    return Look("survival", found.format, path.stat().st_size, tuple(facts), rows, found.receipt)


def _expression(path: Path, name: str) -> Look:
    from engine.radiation.expression_read import look as expression_format
    from engine.radiation.expression_read import read

    bytes_ = path.stat().st_size
    if bytes_ > WHOLE_MB * 2**20:
        return Look("expression", expression_format(path, name), bytes_, (), pd.DataFrame(), Receipt(), whole=False)
    receipt = Receipt()
    found = read(path, name, receipt)
    about, given = found.summary, found.expression
    scale = {"log2": "log2 scale", "z": "z-scores"}.get(given.scale, given.scale)
    facts = [str(about["orientation"]), scale, plural(len(given.samples), "sample")]
    facts += [plural(given.samples["line"].nunique(), "cell line"), plural(len(given.probes), "probe")]
    facts += [given.platform] if given.platform else []
    n, p = CORNER
    names = {"sample": "Sample", "line_name": "In the file", "line": "Cell line", "panel": "Panel"}
    rows = given.samples[list(names)].rename(columns=names).head(n).reset_index(drop=True)
    for place, probe in enumerate(given.probes[:p]):
        rows[str(probe)] = given.values[:n, place].astype(float)
    return Look("expression", found.format, bytes_, tuple(facts), rows, receipt)


def what_is_read() -> list[dict[str, str]]:
    """Rows for the table of known formats."""
    return [{"Table": KINDS[kind], "Format": how, "Columns it must have": needs} for kind, how, needs in READ]


def replaced(found: Look, name: str, file_name: str, imports: Sequence[Import]) -> bool:
    """Asks whether what has this name shall be replaced, where something has; True where the import may go on. What
    was imported from this very file on this page a moment ago is only said."""
    there = next((one for one in imports if one.source_id == name and one.kind == found.kind), None)
    if there is None:
        return True
    if there.job_id == state.get("followed").get("data") and (there.file_name, there.bytes) == (file_name, found.bytes):
        st.caption(f"Imported as {messages.plain(name)}. To import this file once more, give another name.")
        return False
    what = KINDS[found.kind].lower()
    st.caption(f"The name {messages.plain(name)} already stands for imported {what}. Give another name, or:")
    label = f"Replace {messages.plain(name)} ({plural(there.rows_now, 'row')})"
    return state.keep("import_replace", st.checkbox(label, key=state.bound("import_replace")))


def assay(found: Look) -> str:
    """How survival was measured; '' for expression."""
    if found.kind != "survival":
        return ""
    key = state.bound("import_assay")
    text = st.text_input("Assay", key=key, placeholder="clonogenic, 9-day proliferation, ...")
    return state.keep("import_assay", text or "").strip()


def submit(on_disk: OnDisk, found: Look, name: str, file_name: str, origin: str, licence: str, how: str) -> str:
    """Queue the import; returns the job's id. Raises InputError where the name is taken."""
    more = {"origin": origin, "licence": licence, "file_name": file_name, "replace": bool(state.get("import_replace"))}
    with on_disk() as path:
        if found.kind == "survival":
            from engine.radiation.survival_import import submit_survival_import

            return submit_survival_import(path, name, assay=how, **more)
        from engine.radiation.expression_import import submit_expression_import

        return submit_expression_import(path, name, **more)


def show(found: Look) -> None:
    """What was understood: shape, orientation, scale, what would be left out, and the first rows."""
    st.subheader("What was understood", anchor=False)
    st.markdown(
        " · ".join([f"**{messages.plain(found.format)}**", *map(messages.plain, found.facts), size(found.bytes)])
    )
    if not found.whole:
        st.caption(f"Larger than {WHOLE_MB} MB: its orientation, scale and samples are told by the import's receipt.")
        return
    receipt = found.receipt
    st.markdown(
        f"Read {plural(receipt.read, 'row' if found.kind == 'survival' else 'sample')}, kept {count(receipt.kept)}."
    )
    reasons = sorted({**receipt.dropped, **receipt.flagged}.items(), key=lambda item: -item[1])
    for reason, n in reasons:
        word = "left out" if reason in receipt.dropped else "kept although"
        st.caption(f"{count(n)} {word}: {messages.plain(reason)}")
    for note in receipt.notes[:8]:
        st.caption(messages.plain(note))
    st.subheader("How it begins", anchor=False)
    frame.table(found.rows, key=f"import_{found.kind}_rows", height="content", missing="none")
