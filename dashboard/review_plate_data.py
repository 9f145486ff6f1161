"""What the Quality and Wells tabs read: wells by place and by rank, images through a window; all of it bounded."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import data, review_data
from engine.figures import well_images
from engine.jobs.queue import job_folder
from engine.spheroid import heat, originals, reviewed_wells
from engine.spheroid.findings import Finding
from engine.spheroid.image_store import PreparedImages, open_images
from engine.spheroid.replicates import Agreement
from engine.spheroid.types import WellImage

review_data.register(reviewed_wells.placed, reviewed_wells.ranked, reviewed_wells.looks)
review_data.register(reviewed_wells.viability_pairs, reviewed_wells.viability_agreement, reviewed_wells.dss_agreement)
data.register("review", heat.heat_map)
SIDE = 672  # pixels of a large picture, three times a prepared image
FULL = 1600  # pixels at most of an original one
SAMPLED = 4  # every so many pixels of a side tell how bright the wells of a plate are


def placed(screen: str, modality: str, plates: tuple[str, ...]) -> pd.DataFrame:
    """See `reviewed_wells.placed`."""
    return review_data.by_stamp("review_placed", screen, modality, screen, modality, plates)


def ranked(screen: str, modality: str) -> pd.DataFrame:
    """See `reviewed_wells.ranked`."""
    return review_data.by_stamp("review_ranked", screen, modality, screen, modality)


def looks(screen: str) -> tuple[Finding, ...]:
    """See `reviewed_wells.looks`."""
    return review_data.by_stamp("review_looks", screen, "", screen)


def viability_agreement(screen: str, modality: str) -> Agreement:
    """Do viabilities of replicates agree, without what is left out?"""
    return review_data.by_stamp("review_viability_agreement", screen, modality, screen, modality)


def dss_agreement(screen: str, modality: str) -> Agreement:
    """Do scores of replicates agree?"""
    return review_data.by_stamp("review_dss_agreement", screen, "", screen, modality)


def viability_pairs(screen: str, modality: str) -> pd.DataFrame:
    """See `reviewed_wells.viability_pairs`."""
    return review_data.by_stamp("review_viability_pairs", screen, modality, screen, modality)


def heat_map(screen: str, well: tuple[str, str, int], method: str, towards: str) -> heat.Heat:
    """See `heat.heat_map`; loads what computes it on the first call. Raises InputError where there is no network."""
    return data._cached("review_heat_map", screen, well, method, towards)


@st.cache_resource(max_entries=4, show_spinner=False)
def _images(folder: str) -> PreparedImages:
    return open_images(Path(folder))


def images(image_job: str) -> PreparedImages:
    """The prepared images of a screen. Raises InputError where they are gone or damaged."""
    return _images(str(job_folder(image_job)))


def counts(image_job: str, well: tuple[str, str, int], channel: str) -> np.ndarray:
    """(224, 224) counts of a projection, not kept. Raises InputError for a well without an image."""
    mip, mid = images(image_job).well(*well)
    return np.array(mip if channel == "mip" else mid)


@st.cache_data(max_entries=64, show_spinner=False)
def plate_ends(image_job: str, plate: str, channel: str) -> tuple[float, float]:
    """The counts that nearly all pixels of a plate's wells lie between."""
    store = images(image_job)
    known = store.wells[store.wells["plate"] == plate]
    which = 0 if channel == "mip" else 1
    found = [
        store.well(plate, str(row), int(column))[which][::SAMPLED, ::SAMPLED].ravel()
        for row, column in zip(known["row"], known["column"], strict=True)
    ]
    return well_images.ends(np.concatenate(found)) if found else (0.0, 1.0)


@st.cache_data(max_entries=3000, show_spinner=False)
def thumbnail(
    image_job: str, well: tuple[str, str, int], channel: str, shown: tuple[float, float], colours: str
) -> bytes:
    """A JPEG of about 2 kB; b'' where the well has no image."""
    if well not in images(image_job):
        return b""
    return well_images.thumbnail(counts(image_job, well, channel), shown, colours)


@st.cache_data(max_entries=2, show_spinner=False)
def files(image_job: str) -> dict[str, WellImage]:
    """See `originals.list_originals`."""
    return originals.list_originals(image_job)


@st.cache_data(max_entries=2, show_spinner=False)
def full_size(
    image_job: str, well: str, channel: str, window: tuple[int, int], colours: str
) -> tuple[bytes, tuple[int, int], int, tuple[float, float]]:
    """A JPEG of the original projection, its size in pixels, the planes it was made of (0: a ready one), and counts
    drawn darkest and brightest. Raises InputError as `originals.original` does."""
    found = originals.original(files(image_job), well)
    whole = found.mip if channel == "mip" else found.mid
    shown = well_images.windowed(well_images.ends(whole[::SAMPLED, ::SAMPLED]), window)
    return well_images.jpeg(well_images.picture(whole, shown, colours), FULL), whole.shape, found.n_planes, shown
