"""Radiosensitivity page: survival curves of the imported lines, and whether two assays agree."""

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, nav, radiation_data, radiation_train, state
from engine.errors import InputError
from engine.figures.radiation_curves import (
    agreement_chart,
    agreement_words,
    bad_fit,
    curve_words,
    fitted_sf2,
    lines_table,
    survival_curve,
)
from engine.figures.text import count, number


def show() -> None:
    """A data set, its lines as a table, one line's curve; below it the agreement with another data set."""
    sets = radiation_data.survival_sets()
    if sets.empty:
        messages.empty(
            "**No surviving fractions yet.** Import a table of SF2 or of fractions at several doses, or begin with the "
            "published SF2 of 59 lines."
        )
        radiation_train.reference_button()
        nav.link("data.py", "Import a table", ":material/upload_file:", data_tab="Import a table")
        return
    by_name = sets.set_index("dataset")
    # Measured before simulated, then the set with most curves: it has something to draw.
    names = list(by_name.sort_values(["simulated", "curves"], ascending=[True, False], kind="stable").index)
    dataset = forms.choose(
        "Surviving fractions", names, "rad_survival",
        lambda one: f"{one}, {count(by_name.loc[one, 'lines'])} lines, {count(by_name.loc[one, 'curves'])} curves",
        width=430,
    )  # fmt: skip
    rows = radiation_data.survival(dataset).reset_index(drop=True)
    main_cell, side = frame.main_and_side("rad_curves")
    with side:
        line = _table(rows, dataset)
    with main_cell:
        _curve(rows, dataset, line, by_name.loc[dataset])
    _agreement(names, dataset, set(by_name.index[by_name["simulated"]]))


def _table(rows: pd.DataFrame, dataset: str) -> str:
    """The lines; returns the one that is looked at: the picked one, the first with a curve otherwise."""
    lines = list(rows["line"])
    curved = rows.loc[rows["alpha_per_gy"].notna(), "line"]
    first = str(curved.iloc[0]) if len(curved) else lines[0]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        line = forms.choose("Cell line", [first, *(one for one in lines if one != first)], "rad_line", width=200)
        export.buttons(lines_table(rows), f"tumorcast-survival-{dataset}", key="rad_survival_export")
    table = lines_table(rows)
    if not rows["alpha_per_gy"].notna().any():
        table = table[["Cell line", "SF2", "SF2, 95 % interval", "Panel"]]
    else:  # what fits beside the curve; intervals are in what is downloaded
        table = table[["Cell line", "SF2", "α, 1/Gy", "β, 1/Gy²", "Fit", "Doses", "Panel"]]
        table = table if rows["panel"].any() else table.drop(columns="Panel")
    frame.table(
        table, key=f"rad_lines_{dataset}", height=390, ticked=lines.index(line), missing="none",
        on_pick=lambda row: None if row is None else state.choose("rad_line", lines[row]),
    )  # fmt: skip
    return line


def _curve(rows: pd.DataFrame, dataset: str, line: str, about: pd.Series) -> None:
    row = rows[rows["line"] == line].iloc[0]
    points = radiation_data.survival_doses(dataset, line)
    marks = ["simulated"] if row["simulated"] and "simulated" not in dataset.lower() else []
    marks += [row["assay"]] if row["assay"] and row["assay"] != "simulated" else []
    context = ", ".join([dataset, *marks])
    if points.empty:
        st.subheader(f"{messages.plain(line)}: SF2 alone", anchor=False)
        st.markdown(
            f"{curve_words(row)}. {messages.plain(dataset)} tells no fractions at other doses, so there is no curve."
        )
        return
    frame.chart(
        survival_curve(points, row, context, frame.dark()),
        "rad_curve",
        view=(dataset, line),
        lead=f"{curve_words(row)}.",
    )
    if bad_fit(rows[rows["line"] == line]).iloc[0]:
        st.warning(
            f"The curve does not fit: it gives SF2 {number(fitted_sf2(rows[rows['line'] == line]).iloc[0])}, measured "
            f"is {number(row['sf2'])}.",
            icon=":material/warning:",
        )
    if row["sf2_from"] == "table":
        st.caption("SF2 is the table's own; the curve is fitted to the points.")


def _agreement(names: list[str], dataset: str, simulated: set[str]) -> None:
    others = [name for name in names if name != dataset]
    if not others:
        st.caption("Import a second table of surviving fractions to see whether two assays agree.")
        return
    st.subheader("Two assays", anchor=False)
    other = forms.choose("Compared with", others, "rad_other", width=300)
    from engine.radiation.agreement import agree_datasets  # with scipy, which takes a second

    try:
        found = agree_datasets(radiation_data.survival(), other, dataset)
    except InputError as error:
        st.info(messages.plain(error), icon=":material/info:")
        return
    lead = messages.plain(agreement_words(found, other, dataset)) + (
        " Simulated data are among them." if simulated & {dataset, other} else ""
    )
    frame.chart(agreement_chart(found, other, dataset, frame.dark()), "rad_agreement", view=(dataset, other), lead=lead)
    st.caption("In brackets: 95 % intervals (Fisher's transformation; t for the mean difference).")
