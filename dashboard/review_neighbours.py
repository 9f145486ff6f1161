"""Screen review page, Wells: the chosen well beside the other doses and replicates of its drug, and beside controls."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import frame, messages, review_choose, review_data, review_plate_data
from dashboard.review_choose import Reviewed
from dashboard.review_image import Look
from engine.figures.text import cut, plural
from engine.figures.well_images import Thumb, strip
from engine.spheroid.spatial import SERIES_TYPES

ROWS, WIDE = 6, 8  # thumbnails of one strip at most
NAMES = {"negative": "Negative", "positive": "Positive", "metabolic_positive": "Metab. pos.", "untreated": "Untreated"}


def show(shown: Reviewed, look: Look | None) -> None:
    """look: None where the screen has no images; then wells and viabilities of the same drug are listed."""
    wells = review_data.values(shown.screen, shown.modality)
    wells = wells.assign(well=review_choose.well_names(wells))
    mine = wells[wells["well"] == shown.well].iloc[0]
    dosed = mine["well_type"] in SERIES_TYPES and mine["conc_nm"] > 0
    if look is None:
        if dosed:
            _listed(shown, _same(wells, mine))
        return
    if dosed:
        _curve(shown, look, _same(wells, mine), mine)
    _controls(shown, look, wells, mine)


def _same(wells: pd.DataFrame, mine: pd.Series) -> pd.DataFrame:
    """The wells of one drug, or of the control series, with the same addition, by replicate and dose."""
    same = wells[
        (wells["well_type"] == mine["well_type"])
        & (wells["treatment"] == mine["treatment"])
        & (wells["addon"] == mine["addon"])
        & (wells["conc_nm"] > 0)
    ]
    return same.sort_values(["replicate", "plate", "conc_nm", "row", "column"])


def _listed(shown: Reviewed, same: pd.DataFrame) -> None:
    names = list(same["well"])
    table = pd.DataFrame(
        {
            "Well": names, "Dose, nM": same["conc_nm"].astype(float), "Replicate": same["replicate"],
            "Viability, %": same["percent"].astype(float), "Left out": same["left_out"].map({True: "yes", False: ""}),
        }
    )  # fmt: skip

    def pick(at: int | None) -> None:
        if at is not None:
            review_choose.pick_well(names[at])

    what = messages.plain(cut(same["treatment"].iloc[0] or "the series"))
    st.subheader(f"Other doses and replicates of {what}", anchor=False)
    frame.table(table, key="review_same_drug", height="content", on_pick=pick, ticked=names.index(shown.well))


def _curve(shown: Reviewed, look: Look, same: pd.DataFrame, mine: pd.Series) -> None:
    """A row a replicate, a column a dose."""
    again = same.groupby(["replicate", "plate", "conc_nm"]).cumcount()
    rows = list(dict.fromkeys(zip(same["replicate"], same["plate"], again, strict=True)))
    here = (mine["replicate"], mine["plate"])
    rows = sorted(rows, key=lambda one: one[:2] != here)[:ROWS] if len(rows) > ROWS else rows
    doses = sorted(same["conc_nm"].unique())
    place = {row: i for i, row in enumerate(rows)}
    thumbs = [
        thumb(one, place[key], doses.index(one.conc_nm), look)
        for one, key in zip(same.itertuples(), zip(same["replicate"], same["plate"], again, strict=True), strict=True)
        if key in place
    ]
    several = same["replicate"].nunique() > 1
    names = [f"{f'Rep. {rep}, ' if several else ''}{plate}{f' ({n + 1})' if n else ''}" for rep, plate, n in rows]
    what = cut(mine["treatment"] or mine["well_type"])
    added = f" with {cut(mine['addon'])}" if mine["addon"] else ""
    chart = strip(
        thumbs, names, [_dose(dose) for dose in doses], f"How does {what}{added} change the spheroid, dose by dose?",
        f"{plural(len(thumbs), 'well')} of {what}{added}, {_drawn(look)}{shown.context}. Below each: viability. Click "
        "one to look at it.",
        shown.well, frame.dark(),
    )  # fmt: skip
    frame.chart(chart, "review_curve_strip", view=shown.well, on_pick=review_choose.pick_well, toolbar=False)


def _controls(shown: Reviewed, look: Look, wells: pd.DataFrame, mine: pd.Series) -> None:
    """The first controls of the plate by name, and the chosen well where it is one of them."""
    there = wells[(wells["plate"] == mine["plate"]) & wells["well_type"].isin(NAMES)]
    told = {"negative", "positive", str(mine["well_type"])}
    if shown.modality == "metabolic":
        told.add("metabolic_positive")
    kinds = [kind for kind in NAMES if kind in told and (there["well_type"] == kind).any()]
    if not kinds:
        return
    thumbs = []
    for row, kind in enumerate(kinds):
        group = there[there["well_type"] == kind].sort_values(["row", "column"])
        group = pd.concat([group[group["well"] == shown.well], group[group["well"] != shown.well]]).head(WIDE)
        thumbs += [thumb(one, row, column, look) for column, one in enumerate(group.itertuples())]
    wide = max(one.column for one in thumbs) + 1
    chart = strip(
        thumbs, [NAMES[kind] for kind in kinds], [str(n + 1) for n in range(wide)],
        f"What do the controls of {mine['plate']} look like?",
        f"Up to {WIDE} wells of each control of {mine['plate']}, {_drawn(look)}{shown.context}. Below each: viability.",
        shown.well, frame.dark(),
    )  # fmt: skip
    frame.chart(chart, "review_control_strip", view=shown.well, on_pick=review_choose.pick_well, toolbar=False)


def thumb(one, row: int, column: int, look: Look) -> Thumb:
    """A well as a strip takes it. one: a row with plate, row, column, well, percent, left_out. row, column: place."""
    well = (str(one.plate), str(one.row), int(one.column))
    image = b""
    if well in review_plate_data.images(look.image_job):
        shown = look.shown(review_plate_data.counts(look.image_job, well, look.channel))
        image = review_plate_data.thumbnail(look.image_job, well, look.channel, shown, look.colours)
    return Thumb(str(one.well), row, column, float(one.percent), bool(one.left_out), image)


def _drawn(look: Look) -> str:
    contrast = "the contrast of the chosen well's plate" if look.contrast == "plate" else "each at its own contrast"
    return f"{look.channel.upper()}, {contrast}, "


def _dose(dose: float) -> str:
    return f"{dose:,g} nM"


def beside(names: Sequence[str], well: str) -> tuple[str, str]:
    """The wells before and after one of many, around the end to the start. names: not empty."""
    at = names.index(well) if well in names else 0
    return names[at - 1], names[(at + 1) % len(names)]
