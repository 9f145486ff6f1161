"""Screen review page: the drugs of a screen as the tabs Hits and Curves take them, read once."""

import pandas as pd
import streamlit as st

from dashboard import data, review_data
from dashboard.review_cards import best_image
from dashboard.review_choose import Reviewed
from engine.errors import InputError
from engine.figures.curve_panels import Line, Panel, drug_points, lines, panels
from engine.spheroid.expected import Expected, expected_hits
from engine.spheroid.hits import NOT_TOLD, drug_groups, hit_rows

NO_SCORES = ["drug", "addon", "replicate", "dss_asym", "hit"]
THUMBNAIL_PX = 104


def rows(shown: Reviewed, beside: str = "") -> pd.DataFrame:
    """`hits.hit_rows` of the readout and replicate looked at. beside: another readout, '' for none."""
    other = review_data.scores(shown.screen, beside) if beside else pd.DataFrame(columns=NO_SCORES)
    return hit_rows(
        shown.scores, review_data.curves(shown.screen, shown.modality), review_data.drug_classes(shown.screen),
        shown.replicate, other,
    )  # fmt: skip


def groups(shown: Reviewed) -> tuple[str, ...]:
    """The class of every drug of the screen, so that colours do not move with filters."""
    return tuple(drug_groups(review_data.drug_classes(shown.screen))["group"])


def class_names(shown: Reviewed) -> list[str]:
    """Classes of the drugs that are scored, by name."""
    told = drug_groups(review_data.drug_classes(shown.screen))["group"].reindex(shown.scores["drug"].unique())
    return sorted(set(told.fillna(NOT_TOLD)))


def expected(shown: Reviewed) -> Expected:
    sample = shown.row["sample"] if isinstance(shown.row["sample"], str) else None
    return expected_hits(shown.screen, sample, sorted(set(shown.scores["drug"])), shown.simulated)


def others(shown: Reviewed) -> list[str]:
    """Readouts that can stand beside the one looked at, the most different first."""
    order = ["metabolic", best_image(shown.scored), "mos"]
    if shown.modality == "metabolic":
        order = [best_image(shown.scored), "mos"]
    found = [one for one in [*order, *shown.scored] if one in shown.scored and one != shown.modality]
    return list(dict.fromkeys(found))


def panels_of(shown: Reviewed, chosen: pd.DataFrame, modality: str = "", replicate: str = "") -> list[Panel]:
    """Panels of some of `rows`. modality, replicate: '' for those looked at."""
    modality = modality or shown.modality
    curves, made = review_data.curves(shown.screen, modality), review_data.how_scored(shown.screen, modality)
    threshold = made.settings.activity_threshold if made else "relative"
    points = drug_points(review_data.values(shown.screen, modality))
    return panels(chosen, curves, points, replicate or shown.replicate, threshold)


def other_lines(shown: Reviewed, drug: str, addon: str) -> list[tuple[str, Line]]:
    """Fits of one drug by the other scored readouts."""
    found = []
    for modality in others(shown):
        curves = review_data.curves(shown.screen, modality)
        mine = curves[(curves["drug"] == drug) & (curves["addon"] == addon) & (curves["replicate"] == shown.replicate)]
        found += [(modality, line) for line in lines(mine) if line is not None]
    return found


def all_scores(shown: Reviewed, drug: str, addon: str) -> pd.DataFrame:
    """Scores and fits of one drug by every readout and replicate, the readout looked at first."""
    parts = []
    for modality in [shown.modality, *others(shown)]:
        scores, curves = review_data.scores(shown.screen, modality), review_data.curves(shown.screen, modality)
        mine = scores[(scores["drug"] == drug) & (scores["addon"] == addon)]
        fits = curves[["drug", "addon", "replicate", "gof", "p_value", "reason"]]
        parts.append(mine.merge(fits, on=["drug", "addon", "replicate"], how="left").assign(modality=modality))
    return pd.concat(parts, ignore_index=True)


def pictures(shown: Reviewed, drug_wells: pd.DataFrame) -> tuple[dict[str, str] | None, str]:
    """Well -> data URI of the wells that have an image, None where the screen has none; and why some are missing."""
    if not int(shown.row["n_images"]):
        return None, "The screen was imported without images."
    wells = tuple(zip(drug_wells["plate"], drug_wells["row"], drug_wells["column"].astype(int), strict=True))
    try:
        found = _thumbnails(str(shown.row["image_job"]), shown.screen, wells)
    except InputError as error:
        return None, str(error)
    missing = len(wells) - len(found)
    return found, f"{missing} of {len(wells)} wells have no image." if missing else ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _images(job: str, screen: str):
    from engine.spheroid.image_store import open_images
    from engine.spheroid.records import image_folder

    return open_images(image_folder(data.database(), screen))


@st.cache_data(max_entries=60, show_spinner=False)
def _thumbnails(job: str, screen: str, wells: tuple[tuple[str, str, int], ...]) -> dict[str, str]:
    """A series is some 40 kB. job: the import that made the images, so that another import is looked at anew."""
    from engine.spheroid.thumbnails import thumbnails

    found = thumbnails(_images(job, screen), wells, THUMBNAIL_PX)
    return {f"{plate}_{row}{column:02d}": uri for (plate, row, column), uri in found.items()}
