"""Screens page: a screen comes in. A folder or a zip of it, a look at layout, readouts and images, then the import."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import entity, forms, frame, job_panel, messages, state
from dashboard.screens_data import PLACE_DEMO, PLACE_IMPORT
from dashboard.screens_look import FORMS, Given, Look, look_at, names_in, on_disk
from engine.figures.screens import layout_map, modality_name
from engine.figures.text import count, plural
from engine.jobs import queue
from engine.spheroid.readings import INHIBITION, VIABILITY

TASK = "import_screen"
LARGEST_MB = 500  # more goes in as a folder
PLACES = {"folder": "A folder on this computer", "upload": "Upload a zip or a table"}
OF_SCREEN = (
    "scr_sample", "scr_entity", "scr_replace", "scr_pattern", "scr_death", "scr_percent", "scr_day", "scr_map",
)  # fmt: skip
METABOLIC = "metabolic"
EARLIEST = date(1970, 1, 1)
LISTED = 8  # notes in a preview


def show(screens: pd.DataFrame, in_sight: bool = True) -> None:
    """The form beside its preview, below it the import that runs. in_sight: else only what would lose a file."""
    with st.container(key="pair_screens_import"):
        grid = st.grid(5, min_column_width=150, gap="medium")
        left, right = grid.cell(column_span=2), grid.cell(column_span=3)
    found = None
    with left:
        given = _choose()
        if given is not None and in_sight:
            found = _form(given, screens)
        if in_sight:
            job_panel.live(_jobs)
    with right:
        if in_sight:
            _preview(*found) if found else _what_is_read()


def _choose() -> Given | None:
    place = forms.choose_one("Where the screen is", list(PLACES), "scr_place", PLACES.__getitem__)
    if place == "folder":
        path = st.text_input(
            "Folder, zip or table", key=state.bound("scr_folder"), placeholder="/data/screens/INF_R_153_V2_DS1",
            help="A path on the computer that runs Tumorcast. Images stay where they are; small copies are kept.",
        )  # fmt: skip
        path = state.keep("scr_folder", path.strip())
        return Given(path, path, Path(path)) if path else None
    upload = st.file_uploader(
        f"A zip of the folder, or one table, up to {LARGEST_MB} MB", max_upload_size=LARGEST_MB, key="scr_upload",
        help="It stays on the computer that runs Tumorcast.",
    )  # fmt: skip
    return Given(upload.name, upload.file_id, upload) if upload else None


def _form(given: Given, screens: pd.DataFrame) -> tuple[str, Look] | None:
    """What is said of the screen, what speaks against its import, and the button; returns its name and the look."""
    names, wrong = names_in(given.key, given)
    if not names:
        st.error(messages.plain(wrong), icon=":material/error:")
        return None
    name = forms.choose("Screen", list(names), "scr_found") if len(names) > 1 else names[0]
    if state.get("scr_import_key") != f"{given.key} {name}":
        state.clear(OF_SCREEN)
        state.keep("scr_import_key", f"{given.key} {name}")
    asked = str(state.get("scr_percent") or "")
    look, wrong = look_at(given.key, given, name, state.get("scr_pattern") or "", asked)
    if look is None:
        st.error(messages.plain(wrong), icon=":material/error:")
        if asked:  # what may be wrong with it can be taken back
            _percent()
        return None
    with st.grid(2, min_column_width=150, gap="small"):
        about: dict[str, Any] = {
            "sample": _text("Sample", "scr_sample", "Line or sample, no patient's name"),
            "entity": _text("Diagnosis", "scr_entity", "Such as Ewing sarcoma"),
            "origin": _text("Origin", "scr_origin", "Where it comes from"),
            "licence": _text("Licence", "scr_licence", "Under what terms"),
            "screened_on": _day(),
        }
    pattern = ""
    if look.pattern or look.pattern_problem:
        pattern = _text("Pattern of image names", "scr_pattern", look.pattern)
        if look.pattern_problem:
            st.error(messages.plain(look.pattern_problem), icon=":material/error:")
    form = _percent() if METABOLIC in look.readouts else ""
    death = METABOLIC in look.readouts and METABOLIC not in look.percent and st.toggle(
        "Metabolic readouts rise as cells die", key=state.bound("scr_death"), help="Such as dyes that enter dead cells"
    )  # fmt: skip
    state.keep("scr_death", death)
    there = name in set(screens["screen"])
    replace = False
    if there:
        st.caption(f"There is a screen {messages.plain(name)} already. Its readouts and scores would be replaced.")
        replace = state.keep(
            "scr_replace", st.checkbox(f"Replace {messages.plain(name)}", key=state.bound("scr_replace"))
        )
    refused = (there and not replace) or bool(look.pattern_problem)
    if st.button("Import", type="primary", icon=":material/database_upload:", disabled=refused, key="scr_import_start"):
        about |= {"pattern": pattern, "replace": replace, "death_readout": death}
        about |= {"percent": form == VIABILITY, "inhibition": form == INHIBITION}
        job_panel.start(PLACE_IMPORT, lambda: _submit(given, name, about))
    return name, look


def _text(label: str, name: str, hint: str) -> str:
    return str(state.keep(name, st.text_input(label, key=state.bound(name), placeholder=hint))).strip()


def _day() -> str:
    """The day of the screening, as text; empty where nobody tells."""
    day = st.date_input("Screened on", None, key=state.bound("scr_day"), min_value=EARLIEST, max_value="today")
    state.keep("scr_day", day)
    return day.isoformat() if isinstance(day, date) else ""


def _percent() -> str:
    """What the metabolic readouts are, of FORMS."""
    return str(
        forms.choose(
            "Metabolic readouts", list(FORMS), "scr_percent", FORMS.__getitem__,
            help="Raw readouts are held against the controls of their plate, percentages are not; percent inhibition "
            "is kept as percent viability: 100 - inhibition.",
        )
    )  # fmt: skip


def _submit(given: Given, name: str, about: dict[str, Any]) -> str:
    from engine.spheroid.screen_import import submit_screen_import

    with on_disk(given) as path:
        return submit_screen_import(path, name, **about)


def _jobs() -> None:
    """The import that was started here with its receipt, and those that run."""
    mine = {state.get("followed").get(place) for place in (PLACE_IMPORT, PLACE_DEMO)}
    for job in queue.list_jobs():
        if job.id in mine or (job.task == TASK and job.active):
            job_panel.one(job, PLACE_IMPORT)
        if job.id in mine and job.state == "collected" and (told := queue.read_result(job.id)):
            for note in told.get("notes", [])[:LISTED]:
                st.caption(messages.plain(note))
            screen = str(told.get("screen") or told.get("source_id") or "")
            label = f"Open {messages.plain(screen)}"
            # The click runs this fragment alone, and what it chooses stands outside of it.
            if screen and st.button(label, on_click=_open, args=(screen,), type="primary", key=f"scr_open_{job.id}"):
                st.rerun()


def _open(screen: str) -> None:
    state.choose("scr_screen", screen)
    state.choose("scr_tab", "All screens")


def _what_is_read() -> None:
    st.subheader("What can be read", anchor=False)
    known = {
        "Published folders": "Layouts, Images, Metabolic and MeanOfStack, one folder per screen in each",
        "One folder": "a layout, the plates' readouts beside it, images if there are any",
        "One table": "layout and readouts of every well: plate, row, column, treatment, concentration, readout",
        "Combinations": "a column Addon names the drug that is added to a well, AddonConcentration its dose",
        "Layouts": "CSV, TSV, XLSX; 96, 384 and 1,536 wells; concentrations in nM, µM, M or mixed",
        "Readouts": "matrices or long tables of a plate reader, TXT, CSV, XLSX: raw, percent viability or percent "
        "inhibition",
        "Images": "16-bit TIFF: ready projections, or z-stacks, one file per plane or per well, or in parts that name "
        "each other (OME-TIFF, Micro-Manager)",
    }
    entity.facts({what: entity.plain(how) for what, how in known.items()})
    st.caption(
        "Nothing is written before you have seen how it was understood. Large folders, and many: "
        "`python -m engine import screen FOLDER`."
    )


def _additions(wells: pd.DataFrame) -> str:
    """Which drugs are added to others, in how many wells; '' where none is."""
    held = wells.loc[wells["addon"] != "", "addon"].value_counts()
    return "".join(f" · with {messages.plain(addon)}: {plural(int(n), 'well')}" for addon, n in held.items())


def _preview(name: str, look: Look) -> None:
    st.subheader("What was understood", anchor=False)
    wells = look.wells
    drugs = wells.loc[(wells["well_type"] == "therapy") & (wells["treatment"] != ""), "treatment"].nunique()
    plates = list(dict.fromkeys(wells["plate"]))
    readouts = ", ".join(
        f"{modality_name(one).lower()}{' in percent' if one in look.percent else ''} of {plural(n, 'well')}"
        for one, n in look.readouts.items()
    )
    st.markdown(
        f"**{messages.plain(name)}** · {plural(len(plates), 'plate')} of {count(look.n_wells)} wells · "
        f"{plural(drugs, 'drug')} · readouts: {readouts or 'none'} · images: {'yes' if look.pattern else 'none'}"
        + _additions(wells)
    )
    if look.simulated:
        st.badge("Simulated", color="orange", help="The files say so.")
    for note in look.notes[:LISTED]:
        st.caption(messages.plain(note))
    if len(look.notes) > LISTED:
        st.caption(f"{len(look.notes) - LISTED} more notes; all of them stand in the receipt.")
    plate = plates[0] if len(plates) == 1 else forms.choose("Plate", plates, "scr_map")
    frame.chart(layout_map(wells, plate, f"layout of {name}", frame.dark()), "screens_layout", view=f"{name} {plate}")
    if len(look.images):
        st.markdown(f"Names of images are read as `{look.pattern}`:")
        frame.table(look.images, key="screens_images", height="content")
