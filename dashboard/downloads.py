"""What may be fetched from public sources, and the whole store to take along."""

import io
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import data, frame, messages
from dashboard.tables import IMPORTED
from engine.fetch.releases import Release, place_of, releases
from engine.figures.text import plural, size
from engine.settings import store_path

COMMAND = ".venv/bin/python -m engine fetch"
TABLE_WORDS = {
    "source": "imports with their receipts",
    "cell_line": "cell lines",
    "drug": "drugs with structures",
    "mutation": "mutations of the lines",
    "response": "measured responses",
    "run": "training runs",
    "fold": "sizes of their folds",
    "prediction": "predictions of held-out pairs",
    "metric": "measures of every model",
    "domain": "applicability domain",
    "collected_job": "jobs that are in the store",
}


def public_releases() -> None:
    """The public releases, source by source, with licence and command."""
    st.markdown(
        "No measured data come with Tumorcast. A command downloads what a source has published, goes on where a "
        "connection was cut, checks what came and says what to type next; the files then stand under *Import a table*. "
        "In a terminal, in the folder of Tumorcast:"
    )
    by_source: dict[str, list[Release]] = {}
    for one in releases():
        by_source.setdefault(one.source, []).append(one)
    with st.grid(2, min_column_width=440, gap="medium"):
        for source, files in by_source.items():
            _source(source, files)
    st.caption("One file alone: `--only GDSC2`. Another address, such as that of a newer release: `--url`.")


def _source(source: str, files: list[Release]) -> None:
    with st.container(border=True):
        st.subheader(files[0].release, anchor=False)
        st.markdown(f"Licence: {files[0].licence} ([terms]({files[0].terms})).")
        st.code(f"{COMMAND} {source}", language="bash")
        rows = [
            {
                "File": one.file,
                "Table": IMPORTED.get(one.kind, "read where it lies"),
                "Size": size(one.bytes) if one.bytes else "not published",
                "Fetched": "yes" if place_of(one).is_file() else "no",
            }
            for one in files
        ]
        frame.table(pd.DataFrame(rows), key=f"releases_{source}", height="content")
        st.caption("  \n".join(f"{messages.plain(one.file)}: {one.use}." for one in files))


def whole_store() -> None:
    """Every table as Parquet: one file to download, or a folder by command."""
    rows = data.table_rows()
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.subheader("Every table as Parquet", anchor=False)
            st.markdown(
                f"pandas, R and DuckDB read it. The store takes {size(store_path().stat().st_size)} on disk, the "
                "export as a rule less. The terms of what was imported hold for the export too."
            )
            st.download_button(
                f"Download {plural(sum(rows.values()), 'row')}",
                data=_zipped,
                file_name="tumorcast-store.zip",
                mime="application/zip",
                icon=":material/download:",
                on_click="ignore",
                disabled=not sum(rows.values()),
                key="store_zip",
            )
            st.caption("One ZIP file, made when you click. Into a folder instead, for stores of any size:")
            st.code(".venv/bin/python -m engine export FOLDER", language="bash")
        table = pd.DataFrame(
            {
                "File": [f"{name}.parquet" for name in rows],
                "Rows": list(rows.values()),
                "Holds": [TABLE_WORDS.get(name, name.replace("_", " ")) for name in rows],
            }
        )
        frame.table(table, key="store_tables", height="content")


def _zipped() -> bytes:
    """All tables of one moment in one file; Parquet is packed already."""
    content = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="tumorcast-export-") as folder:
        files = data.database().export(Path(folder))
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                archive.write(file, file.name)
    return content.getvalue()
