"""Screen review page: the phenotype map of a screen with what its wells hold, and their pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard import data, review_data
from dashboard.review_choose import Reviewed, well_names
from engine.errors import EngineError, InputError
from engine.settings import jobs_folder
from engine.spheroid import exclusions, phenotype_records, phenotype_relations
from engine.spheroid.hits import drug_groups
from engine.spheroid.image_store import PreparedImages, open_images
from engine.spheroid.phenotype_records import Looked
from engine.spheroid.phenotype_relations import Relations, label, pooled_dss
from engine.spheroid.thumbnails import Well, thumbnails

data.register("review", phenotype_records.newest_looked, phenotype_records.features)
data.register("review", phenotype_records.all_scores, phenotype_records.all_classes)
data.register("review", phenotype_relations.screen_relations)


@dataclass(frozen=True)
class Phenotype:
    """A map that is there. looked: whose network. wells: as `figures.phenotypes.MapView` takes them. told: what it
    says of drugs. scores: of the network's readout, all replicates."""

    looked: Looked
    wells: pd.DataFrame
    told: Relations
    scores: pd.DataFrame


def looked(shown: Reviewed) -> Looked | None:
    """The network that reads the screen's images; None where none was trained."""
    try:
        return data._cached("review_newest_looked", shown.screen, shown.modality)
    except InputError:
        return None


def phenotype(shown: Reviewed, by: Looked) -> Phenotype | None:
    """The map that the network made of the screen; None where it made none yet."""
    wells = data._cached("review_features", shown.screen, by.run_id)
    if wells.empty:
        return None
    scores = review_data.scores(shown.screen, by.modality)
    classes = review_data.drug_classes(shown.screen)
    told = data._cached("review_screen_relations", shown.screen, by.run_id, by.modality)
    return Phenotype(by, _described(wells, scores, classes, shown, by.modality), told, scores)


def _described(
    wells: pd.DataFrame, scores: pd.DataFrame, classes: pd.DataFrame, shown: Reviewed, modality: str
) -> pd.DataFrame:
    drug = wells["treatment"].where(wells["well_type"] == "therapy", "")
    groups = drug_groups(classes) if len(classes) else pd.DataFrame(columns=["group", "subgroup"], dtype=object)
    groups = groups[~groups.index.duplicated()]
    short = classes.drop_duplicates("drug").set_index("drug")["abbreviation"]
    dss = pooled_dss(scores)
    alone = wells["addon"] == ""
    return wells.assign(
        well=well_names(wells),
        name=label(wells).where(drug != "", ""),
        short=drug.map(short).fillna("").where(lambda names: names != "", drug.str.slice(0, 5)),
        group=drug.map(groups["group"]).fillna(""),
        subgroup=drug.map(groups["subgroup"]).fillna(""),
        dss=drug.where(alone, "").map(dss).astype(float),
        left_out=exclusions.left_out(wells, shown.state.excluded, modality),
    )


def all_scores() -> pd.DataFrame:
    """See `phenotype_records.all_scores`."""
    return data._cached("review_all_scores")


def all_classes() -> pd.DataFrame:
    return data._cached("review_all_classes")


@st.cache_resource(max_entries=4, show_spinner=False)
def _images(folder: str) -> PreparedImages:
    return open_images(Path(folder))


@st.cache_data(max_entries=8, ttl="1h", show_spinner=False)
def _thumbnails(folder: str, wells: tuple[Well, ...], pixels: int) -> dict[Well, str]:
    return thumbnails(_images(folder), wells, pixels)


def pictures(shown: Reviewed, wells: Sequence[Well] | pd.DataFrame, pixels: int = 64) -> Mapping[str, str]:
    """Well (P1_D05) -> data URI, one contrast for all. Nothing where the images are not there any more.

    wells: rows of a table with plate, row, column, or these three.
    """
    if isinstance(wells, pd.DataFrame):
        columns = wells[["plate", "row", "column"]].itertuples(index=False)
        wells = [(str(plate), str(row), int(column)) for plate, row, column in columns]
    job = shown.row["image_job"]
    if not isinstance(job, str) or not len(wells):
        return {}
    try:
        found = _thumbnails(str(jobs_folder() / job), tuple(sorted(set(wells))), pixels)
    except EngineError:
        return {}  # the map stands without them, and the Wells tab says what is wrong
    return {f"{plate}_{row}{column:02d}": uri for (plate, row, column), uri in found.items()}
