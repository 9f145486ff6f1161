"""Wells of a screen under review, as the record of decisions leaves them: by place, by rank, and what is odd first."""

import pandas as pd

from engine.jobs.queue import job_folder
from engine.spheroid.exclusions import applied
from engine.spheroid.findings import Finding, first_looks, looked_at
from engine.spheroid.image_brightness import brightness
from engine.spheroid.records import scores
from engine.spheroid.replicates import Agreement, agreement, replicate_pairs
from engine.spheroid.settings import MODALITIES
from engine.spheroid.spatial import residuals
from engine.spheroid.suspect_wells import rank_wells
from engine.store.database import Database


def placed(db: Database, screen: str, modality: str, plates: tuple[str, ...]) -> pd.DataFrame:
    """`exclusions.applied` of some plates with expected, residual and b_score of `spatial.residuals`.

    NaN where a well is left out.
    """
    wells = applied(db, screen, modality)
    return residuals(wells[wells["plate"].isin(plates)].reset_index(drop=True))


def ranked(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """`suspect_wells.rank_wells` of the wells that are not left out."""
    wells = applied(db, screen, modality)
    return rank_wells(wells[~wells["left_out"]].reset_index(drop=True), modality)


def looks(db: Database, screen: str) -> tuple[Finding, ...]:
    """What to look at first, by all readouts that the screen has."""
    known = db.query("SELECT DISTINCT modality FROM readout WHERE screen = ?", [screen])["modality"]
    there = [one for one in MODALITIES if one in set(known)]
    frames = {one: applied(db, screen, one) for one in looked_at(there)}
    return first_looks(db, screen, frames, _brightness(db, screen))


def _brightness(db: Database, screen: str) -> pd.DataFrame | None:
    """`image_brightness.brightness` of the screen's images; None where it came without."""
    job = db.query("SELECT image_job FROM screen WHERE screen = ?", [screen])["image_job"]
    known = job.dropna().astype(str)
    return brightness(job_folder(known.iloc[0])) if len(known) and known.iloc[0] else None


def viability_agreement(db: Database, screen: str, modality: str) -> Agreement:
    """`replicates.agreement` of `viability_pairs`."""
    return agreement(viability_pairs(db, screen, modality))


def dss_agreement(db: Database, screen: str, modality: str) -> Agreement:
    """`replicates.agreement` of `dss_pairs` of the stored scores."""
    return agreement(dss_pairs(scores(db, screen, modality)))


def viability_pairs(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """`replicates.replicate_pairs` of viabilities, without what is left out."""
    return replicate_pairs(applied(db, screen, modality))


def dss_pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """treatment, addon, first, second: DSS_asym of every two replicates. scores: of `records.scores`."""
    own = scores[(scores["replicate"] != "pooled") & scores["dss_asym"].notna()]
    table = own.pivot_table(index=["drug", "addon"], columns="replicate", values="dss_asym", aggfunc="first")
    parts = [
        table[[one, two]].dropna().set_axis(["first", "second"], axis=1).reset_index()
        for i, one in enumerate(table.columns)
        for two in table.columns[i + 1 :]
    ]
    empty = pd.DataFrame(columns=["drug", "addon", "first", "second"])
    return (pd.concat(parts, ignore_index=True) if parts else empty).rename(columns={"drug": "treatment"})
