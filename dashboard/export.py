"""What a view downloads as."""

import io
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import data
from engine.spreadsheet import inert_frame, writable_frame

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


About = Mapping[str, str | int | float]  # what a file says of how it was made


def as_csv(frame: pd.DataFrame, about: About | None = None) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read µ and ² rightly; text that starts a formula is inert.

    about: as columns.
    """
    return inert_frame(frame.assign(**(about or {}))).to_csv(index=False).encode("utf-8-sig")


def as_xlsx(frame: pd.DataFrame, about: About | None = None) -> bytes:
    """A sheet with a frozen header; text that starts with = stays text, also when somebody edits its cell.

    about: a second sheet.
    """
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        writable_frame(frame).to_excel(writer, index=False, sheet_name="Tumorcast", freeze_panes=(1, 1))
        if about:
            told = pd.DataFrame({"What": list(about), "Value": list(about.values())})
            writable_frame(told).to_excel(writer, index=False, sheet_name="About", freeze_panes=(1, 1))
        for sheet in writer.sheets.values():
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                if cell.data_type == "f":
                    cell.data_type = "s"
                    cell.quotePrefix = True
    return buffer.getvalue()


def as_parquet(frame: pd.DataFrame, about: About | None = None) -> bytes:
    """Numbers in full and columns with their types, for other programs; texts as they are; `about` as columns."""
    buffer = io.BytesIO()
    frame.assign(**(about or {})).to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: dict[str, tuple[Callable[[pd.DataFrame, About | None], bytes], str]] = {
    "CSV": (as_csv, "text/csv"),
    "XLSX": (as_xlsx, XLSX),
    "Parquet": (as_parquet, "application/vnd.apache.parquet"),
}


def buttons(
    frame: pd.DataFrame,
    name: str,
    key: str,
    whole: Callable[[], pd.DataFrame] | None = None,
    formats: Sequence[str] = ("CSV", "XLSX"),
    about: About | None = None,
) -> None:
    """The files of a frame, made when somebody asks for them; `whole` reads it where `frame` is only a part.

    about: how it was made, as a sheet of a workbook and as columns of every other file.
    """
    with st.container(horizontal=True, gap="small", width="content"):
        for label in formats:
            make, mime = FORMATS[label]
            st.download_button(
                label,
                data=lambda make=make: make(whole() if whole else frame, about),
                file_name=f"{name}.{label.lower()}",
                mime=mime,
                key=f"{key}_{label.lower()}",
                icon=":material/download:",
                on_click="ignore",
                disabled=frame.empty,
            )


def report(run_id: str) -> None:
    """The report of a run as one HTML file, made when somebody asks for it."""

    def make() -> str:
        from engine.report.write import report_html

        return report_html(data.database(), run_id)

    st.download_button(
        "Report",
        data=make,
        file_name=f"tumorcast-report-{run_id}.html",
        mime="text/html",
        key="report",
        icon=":material/description:",
        type="tertiary",
        help="Everything about this run in one HTML file that opens without Tumorcast and without a network",
        on_click="ignore",
    )
