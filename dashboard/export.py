"""What a view downloads as."""

import io
from collections.abc import Callable

import pandas as pd
import streamlit as st

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(frame: pd.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, so that spreadsheets read µ and ² rightly."""
    return frame.to_csv(index=False).encode("utf-8-sig")


def as_xlsx(frame: pd.DataFrame) -> bytes:
    """One sheet with a frozen header; text that starts with = stays text."""
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        frame.to_excel(writer, index=False, sheet_name="Tumorcast", freeze_panes=(1, 1))
        for row in writer.sheets["Tumorcast"].iter_rows(min_row=2):
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"
    return buffer.getvalue()


def buttons(frame: pd.DataFrame, name: str, key: str) -> None:
    """CSV and XLSX of a frame, made when somebody asks for them."""
    formats: tuple[tuple[str, Callable[[pd.DataFrame], bytes], str], ...] = (
        ("CSV", as_csv, "text/csv"),
        ("XLSX", as_xlsx, XLSX),
    )
    with st.container(horizontal=True, gap="small", width="content"):
        for label, make, mime in formats:
            st.download_button(
                label,
                data=lambda make=make: make(frame),
                file_name=f"{name}.{label.lower()}",
                mime=mime,
                key=f"{key}_{label.lower()}",
                icon=":material/download:",
                on_click="ignore",
                disabled=frame.empty,
            )
