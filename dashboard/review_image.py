"""Screen review page, Wells: the image of a well with its contrast, what the network looked at, the original."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard import forms, frame, messages, review_plate_data, state
from dashboard.review_choose import Reviewed
from dashboard.review_maps import target
from engine.errors import EngineError, InputError
from engine.figures import well_images
from engine.figures.text import count, number
from engine.spheroid.heat import METHODS, TOWARDS

CONTRASTS = {"plate": "Same for the plate", "well": "Its own"}
CHANNELS = {"mip": "MIP", "mid": "MID"}
NO_MAP = "No map"


@dataclass(frozen=True)
class Look:
    """How images are drawn. channel: of CHANNELS; colours: of well_images.COLOURS; contrast: of CONTRASTS;
    window: percent of the span; ends: counts that the span of the plate reaches over."""

    image_job: str
    channel: str
    colours: str
    contrast: str
    window: tuple[int, int]
    ends: tuple[float, float]

    def shown(self, counts: np.ndarray) -> tuple[float, float]:
        """Counts of an image that are drawn darkest and brightest, whole ones."""
        span = self.ends if self.contrast == "plate" else well_images.ends(counts)
        low, high = well_images.windowed(span, self.window)
        return float(round(low)), float(round(high))


def image_job(shown: Reviewed) -> str:
    """The job that keeps the screen's images; '' where it came without."""
    job = shown.row.get("image_job")
    return job if isinstance(job, str) else ""


def ask(job: str, plate: str) -> Look:
    """The controls in one row. Raises InputError where the images are gone."""
    review_plate_data.images(job)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel = forms.choose_one("Projection", list(CHANNELS), "rev_channel", CHANNELS.__getitem__)
        contrast = forms.choose_one("Contrast", list(CONTRASTS), "rev_contrast", CONTRASTS.__getitem__)
        colours = forms.choose(
            "Colours", list(well_images.COLOURS), "rev_colours", well_images.COLOURS.__getitem__, width=150,
            label_visibility="collapsed",
        )  # fmt: skip
        low, high = st.slider(
            "Window, percent of the counts", 0, 100, key=state.bound("rev_window"), width=230,
            help="Counts at the lower end are drawn darkest, at the upper end brightest.",
        )  # fmt: skip
    if high <= low:
        low, high = (low, low + 1) if low < 100 else (99, 100)
    state.keep("rev_window", (low, high))
    return Look(job, channel, colours, contrast, (low, high), review_plate_data.plate_ends(job, plate, channel))


def plain_look(job: str, plate: str) -> Look:
    """How small pictures are drawn where nothing is asked: MIP over all counts of the plate, in the chosen colours.

    Raises InputError where the images are gone.
    """
    colours = state.get("rev_colours")
    known = colours if colours in well_images.COLOURS else "grey"
    return Look(job, "mip", known, "plate", (0, 100), review_plate_data.plate_ends(job, plate, "mip"))


def show(shown: Reviewed, well: tuple[str, str, int], look: Look) -> None:
    """The image, with heat beside it where that is asked for."""
    try:
        counts = review_plate_data.counts(look.image_job, well, look.channel)
    except InputError as error:
        messages.empty(messages.plain(error))
        return
    drawn = look.shown(counts)
    method, towards = _ask_heat(shown)
    plain = well_images.picture(counts, drawn, look.colours)
    told = f"{messages.plain(shown.well)}, {well_images.CHANNELS[look.channel]}, {_counts(drawn)}"
    if not method:
        st.image(well_images.png(plain, review_plate_data.SIDE), caption=told, width=520)
    else:
        left, right = st.columns(2, gap="small")
        left.image(well_images.png(plain, review_plate_data.SIDE // 2), caption=told, width="stretch")
        with right:
            _heat(shown, well, counts, drawn, look, method, towards)


def counts_shown(shown: Reviewed, look: Look) -> None:
    """The histogram of the chosen well; nothing where it has no image."""
    place = target(shown.well)
    try:
        counts = review_plate_data.counts(look.image_job, (place.plate, place.row, place.column), look.channel)
    except InputError:
        return  # said in the place of the image
    drawn = look.shown(counts)
    where = f"{CHANNELS[look.channel]}, {shown.screen}{', simulated data' if shown.simulated else ''}"
    span = look.ends if look.contrast == "plate" else well_images.ends(counts)
    chart = well_images.histogram(counts, span, drawn, shown.well, where, frame.dark())
    frame.chart(chart, "review_histogram", view=(shown.well, look.channel), toolbar=False)


def _counts(drawn: tuple[float, float]) -> str:
    return f"{count(round(drawn[0]))} to {count(round(drawn[1]))} counts"


def _ask_heat(shown: Reviewed) -> tuple[str, str]:
    """Which activation map, and for which output; '' where none is asked for, or no network has looked."""
    if not any(one.startswith("image") for one in shown.readouts):
        st.caption("No network has looked at these images yet: activation maps come with the first training.")
        return "", ""
    with st.container(horizontal=True, vertical_alignment="center"):
        names = {"": NO_MAP, **METHODS}
        method = forms.choose_one("Activation map", list(names), "rev_cam", names.__getitem__)
        if not method:
            return "", ""
        sides = {"": "What it says", "alive": "Alive", "dead": "Dead"}
        return method, forms.choose_one("Towards", list(sides), "rev_towards", sides.__getitem__)


def _heat(
    shown: Reviewed, well: tuple[str, str, int], counts: np.ndarray, drawn: tuple[float, float], look: Look,
    method: str, towards: str,
) -> None:  # fmt: skip
    try:
        with st.spinner("Asking the network ..."):
            found = review_plate_data.heat_map(shown.screen, well, method, towards)
    except EngineError as error:
        messages.empty(messages.plain(error))
        return
    over = well_images.picture(counts, drawn, look.colours, found.heat)
    nothing = "" if found.heat.any() else " Nothing in the image does."
    st.image(
        well_images.png(over, review_plate_data.SIDE // 2),
        caption=f"{METHODS[method]}: what {TOWARDS[found.towards]}.{nothing} Raw output {number(found.raw)}, "
        f"phase {'I' * found.phase}, {found.backbone}",
        width="stretch",
    )


def original(shown: Reviewed, look: Look) -> None:
    """The projection at full size, read from where the images were imported from, when it is asked for."""
    with st.expander("Original image, full size", key="review_original", on_change="rerun") as part:
        if not part.open:
            return
        try:
            with st.spinner("Reading the original ..."):
                data, (high, wide), planes, drawn = review_plate_data.full_size(
                    look.image_job, shown.well, look.channel, look.window, look.colours
                )
        except EngineError as error:
            st.markdown(messages.plain(error))
            return
        made = f"projected from {planes} planes now" if planes else "a projection as it was delivered"
        st.image(
            data,
            caption=f"{messages.plain(shown.well)}, {wide:,} x {high:,} pixels, {made}, {_counts(drawn)} (its own "
            "contrast)",
            width="stretch" if wide > 500 else wide,
        )
