"""Screen review page, tab Wells: a plate, one well of it, its image and values, and the wells to hold it against."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import (
    frame,
    messages,
    review_choose,
    review_decide,
    review_image,
    review_maps,
    review_neighbours,
    review_plate_data,
    state,
)
from dashboard.review_choose import Reviewed
from dashboard.review_image import Look
from engine.errors import EngineError
from engine.spheroid.spatial import row_number


def show(shown: Reviewed) -> None:
    """The map beside the image; below them the neighbours."""
    plates = review_maps.plates_of(shown)
    if not plates:
        messages.empty(f"**{messages.plain(shown.screen)} has no wells** with cells in its layout.")
        return
    asked = state.get("rev_well")
    if asked and not shown.well:
        st.caption(f":material/link_off: This screen has no well {messages.plain(asked)}.")
    if not shown.modality:
        st.caption("There is no readout yet: images and contents are shown without viabilities.")
    pictured = bool(review_image.image_job(shown))
    main, side = frame.main_and_side("review_wells")
    map_at, image_at = (side, main) if pictured else (main, side)
    with map_at:
        plate = _plate(plates, shown)
        names = wells_of(shown, plate)
        shown = _with_well(shown, names)
        _map(shown, plate)
    with image_at:
        _head(shown, names)
        look = _image(shown, plate)
    with side:
        table = review_maps.by_readout(shown, shown.well)
        if len(table):
            gone = table["Left out"].eq("yes")
            missing = "left out" if gone.any() and table.loc[~gone, "Viability, %"].notna().all() else frame.MISSING
            frame.table(table, key=f"review_readouts_{hash(shown.well)}", missing=missing)
        else:
            st.caption("No readout of this well.")
        if look is not None:
            review_image.counts_shown(shown, look)
    if look is not None:
        review_image.original(shown, look)
    if shown.modality:
        review_neighbours.show(shown, look)


def wells_of(shown: Reviewed, plate: str) -> list[str]:
    """Names of the wells of a plate that hold something, row by row."""
    held = shown.wells[(shown.wells["plate"] == plate) & (shown.wells["well_type"] != "empty")]
    held = held.assign(place=held["row"].map(row_number)).sort_values(["place", "column"])
    return list(review_choose.well_names(held))


def _plate(plates: list[str], shown: Reviewed) -> str:
    """The plate of the chosen well; another one can be chosen, and then its worst well is."""
    own = review_maps.target(shown.well).plate if shown.well else ""
    if own in plates:
        state.choose("rev_plate", own)
    return review_maps.the_plate(shown, plates, on_change=state.clear, args=(("rev_well",),))


def _with_well(shown: Reviewed, names: list[str]) -> Reviewed:
    """The chosen well where it is of this plate; else the first that should be looked at, or the first at all."""
    if shown.well in names:
        return shown
    odd = review_maps.reasons(shown) if shown.modality else {}
    well = next((name for name in odd if name in names), names[0])
    state.choose("rev_well", well)
    state.keep("rev_well", well)
    return replace(shown, well=well)


def _map(shown: Reviewed, plate: str) -> None:
    value = "percent" if shown.modality else "layout"
    wells = review_maps.wells_with(shown, value) if shown.modality else _unread(shown)
    judged = review_maps.z_primes(shown).set_index("plate").to_dict("index") if shown.modality else {}
    review_maps.one_map(shown, wells, plate, value, judged.get(plate), None, "review_well_map")


def _unread(shown: Reviewed) -> pd.DataFrame:
    """The layout of a screen without readouts as a map takes it."""
    return shown.wells.assign(left_out=False, reason="", percent=float("nan"))


def _head(shown: Reviewed, names: list[str]) -> None:
    """Which well, what it holds, the ones before and after it, and the button that leaves it out."""
    before, after = review_neighbours.beside(names, shown.well)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(messages.plain(shown.well), anchor=False, width="content")
        st.markdown(messages.plain(review_maps.content(shown, shown.well)), width="stretch")
        st.button(
            "Previous", key="well_before", icon=":material/chevron_left:", help=before,
            on_click=review_choose.pick_well, args=(before,),
        )  # fmt: skip
        st.button(
            "Next", key="well_after", icon=":material/chevron_right:", help=after, on_click=review_choose.pick_well,
            args=(after,),
        )  # fmt: skip
        review_decide.offer(shown, review_maps.target(shown.well), "wells_well")
    if shown.modality and (remark := review_maps.remark(shown)):
        st.markdown(remark)


def _image(shown: Reviewed, plate: str) -> Look | None:
    """The image with its controls; None, and one sentence, where the screen has none."""
    job = review_image.image_job(shown)
    if not job:
        messages.empty("This screen was imported without images.")
        return None
    place = review_maps.target(shown.well)
    try:
        review_plate_data.images(job)
        look = review_image.ask(job, plate)
        review_image.show(shown, (place.plate, place.row, place.column), look)
    except EngineError as error:
        messages.empty(messages.plain(error))
        return None
    return look
