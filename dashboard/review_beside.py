"""Screen review page, Quality: pictures beside what is found: controls of two plates, single wells."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import frame, messages, review_choose, review_data, review_image, review_maps, review_neighbours, state
from dashboard.review_choose import Reviewed
from dashboard.review_image import Look
from engine.errors import EngineError
from engine.figures.controls import strips
from engine.figures.text import plural
from engine.figures.well_images import strip
from engine.spheroid.findings import Finding

EACH, GAP = 4, 1  # control wells of either plate in a row, and places left free between the plates
MOST_ALIVE = 8  # wells more alive than the controls that are shown


def look_of(shown: Reviewed, plate: str) -> Look | None:
    """How small pictures of a plate are drawn here; None where the screen has no images."""
    job = review_image.image_job(shown)
    if not job:
        return None
    try:
        return review_image.plain_look(job, plate)
    except EngineError:  # the images are gone, as Wells says
        return None


def thumbnail(shown: Reviewed, well: str) -> bytes:
    """A small picture of a well; b'' where there is none."""
    look = look_of(shown, review_maps.target(well).plate)
    wells = _wells(shown)
    mine = wells[wells["well"] == well]
    if look is None or mine.empty:
        return b""
    return review_neighbours.thumb(next(mine.itertuples()), 0, 0, look).image


def plate(shown: Reviewed, name: str) -> None:
    """The controls of a plate beside those of the best other one: images, or viabilities where there are none."""
    good = _best_but(shown, name)
    plates = [name, good] if good else [name]
    wells = _wells(shown)
    looks = {one: look_of(shown, one) for one in plates}
    if looks[name] is None:
        wells = review_maps.wells_with(shown, "percent")
        chart = strips(
            wells[wells["plate"].isin(plates)], review_maps.z_primes(shown), shown.context, shown.well, frame.dark()
        )
        frame.chart(chart, "review_beside", view=(shown.screen, name), on_pick=see_well, toolbar=False)
        return
    kinds = [kind for kind in ("negative", "positive") if (wells["well_type"] == kind).any()]
    thumbs = []
    for at, one in enumerate(plates):
        look = looks[one]
        for row, kind in enumerate(kinds):
            group = wells[(wells["plate"] == one) & (wells["well_type"] == kind)].sort_values(["row", "column"])
            if look is not None:
                thumbs += [
                    review_neighbours.thumb(well, row, column + at * (EACH + GAP), look)
                    for column, well in enumerate(group.head(EACH).itertuples())
                ]
    columns = [f"{name} {n + 1}" for n in range(EACH)]
    if good:
        columns += [""] * GAP + [f"{good} {n + 1}" for n in range(EACH)]
    beside = f" beside {good}, the plate whose controls are told apart best" if good else ""
    question = f"What do the controls of {name} look like{f', beside those of {good}' if good else ''}?"
    chart = strip(
        thumbs, [review_neighbours.NAMES[kind] for kind in kinds], columns, question,
        f"The first {EACH} wells of each control of {name}{beside}; MIP, each plate at its own contrast, "
        f"{shown.context}. Below each: viability. Click one to look at it.",
        shown.well, frame.dark(),
    )  # fmt: skip
    frame.chart(chart, "review_beside", view=(shown.screen, name), on_pick=see_well, toolbar=False)


def alive(shown: Reviewed, one: Finding) -> None:
    """Wells that read more alive than the controls, when they are asked for: no fault, so no button leaves them out."""
    with st.expander(messages.plain(one.reason), icon=":material/info:", key="review_alive", on_change="rerun") as part:
        if not part.open:
            return
        wells = _wells(shown)
        first = one.wells[:MOST_ALIVE]
        place = {name: i for i, name in enumerate(first)}
        thumbs = []
        for well in wells[wells["well"].isin(first)].itertuples():
            look = look_of(shown, str(well.plate))
            if look is not None:
                thumbs.append(review_neighbours.thumb(well, 0, place[well.well], look))
        if not thumbs:
            st.markdown(messages.plain(f"{', '.join(first)}{' and others' if len(one.wells) > len(first) else ''}."))
            return
        chart = strip(
            sorted(thumbs, key=lambda thumb: thumb.column), [""], [""] * len(first),
            "What do the wells look like that read most alive?",
            f"{plural(len(first), 'well')} of {len(one.wells)}, the most alive first; MIP, each plate at its own "
            f"contrast, {shown.context}. Below each: viability. Click one to look at it on Wells.",
            shown.well, frame.dark(),
        )  # fmt: skip
        frame.chart(chart, "review_alive_strip", view=shown.screen, on_pick=see_well, toolbar=False)


def see_well(well: str) -> None:
    """The well's image beside its neighbours; for on_click and on_pick."""
    review_choose.pick_well(well)
    review_choose.go("Wells")


def is_open(name: str) -> bool:
    """Whether that plate alone is looked at."""
    return state.get("rev_plate") == name and not state.get("rev_plates")


def _wells(shown: Reviewed) -> pd.DataFrame:
    wells = review_data.values(shown.screen, shown.modality)
    return wells.assign(well=review_choose.well_names(wells))


def _best_but(shown: Reviewed, name: str) -> str:
    """The plate with the highest Z' that is neither this one nor left out; '' where there is none."""
    z = review_maps.z_primes(shown).dropna(subset="value").sort_values("value", ascending=False)
    others: Sequence[str] = [str(one) for one in z["plate"] if one != name]
    return next((one for one in others if review_maps.plate_left_out(shown, one) is None), "")
