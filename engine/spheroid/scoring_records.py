"""SQL of the table `scoring`: how the scores of a screen were made, and which exclusions they leave out."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

import pandas as pd

from engine.errors import InputError, JobError
from engine.jobs.queue import job_folder
from engine.jobs.spec import read_spec
from engine.spheroid.scoring import KEY
from engine.spheroid.settings import MODALITIES, ScoreSettings
from engine.store.reads import Reads

Key = tuple[str, str, str]  # drug, addition, replicate
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, InputError)  # what a damaged row raises


class Scoring(NamedTuple):
    """How the scores of one modality were made.

    references: drug and dss_asym of the reference samples, whose names are `screens`. excluded: hash of the exclusions
    left out. open: curves without an interval drawn by today's rule; a scoring job draws them. known: whether the store
    says so; if not, `note` tells where settings were taken from. damaged: the store says something, but nothing that
    can be read.
    """

    settings: ScoreSettings
    references: pd.DataFrame
    screens: tuple[str, ...]
    excluded: str
    open: frozenset[Key]
    known: bool
    note: str = ""
    damaged: bool = False

    @property
    def beside(self) -> pd.DataFrame | None:
        """The references as `score_table` takes them."""
        return self.references if len(self.references) else None


def scoring_row(
    settings: ScoreSettings,
    references: pd.DataFrame | None,
    screens: Iterable[str],
    excluded: str,
    open_: Iterable[Key] = (),
) -> dict[str, str]:
    """Columns settings, reference and excluded of a row of the table."""
    rows = [] if references is None else [[drug, float(dss)] for drug, dss in _pairs(references)]
    said = {**asdict(settings), "open_intervals": sorted(map(list, open_))}
    return {
        "settings": json.dumps(said), "reference": json.dumps({"screens": list(screens), "rows": rows}),
        "excluded": excluded,
    }  # fmt: skip


def from_row(settings: str, reference: str, excluded: str) -> Scoring:
    """A row of the table. Raises one of UNREADABLE for what no row of it says."""
    told, beside = json.loads(settings), json.loads(reference)
    open_ = frozenset((str(drug), str(addon), str(number)) for drug, addon, number in told.pop("open_intervals", []))
    references = pd.DataFrame(beside["rows"], columns=["drug", "dss_asym"]).astype({"dss_asym": float})
    return Scoring(ScoreSettings(**told), references, tuple(beside["screens"]), excluded, open_, True)


def scoring_of(db: Reads, screen: str, modality: str) -> Scoring | None:
    """How a modality was scored; None where it was not.

    Of scores that an older version made, and where the row is damaged: by the settings in their job's folder, or by
    default ones where it is gone; all their intervals are open.
    """
    scored = db.query(
        "SELECT drug, addon, replicate, job_id FROM score WHERE screen = ? AND modality = ?", [screen, modality]
    )
    if scored.empty:
        return None
    found = db.query(
        "SELECT settings, reference, excluded FROM scoring WHERE screen = ? AND modality = ?", [screen, modality]
    )
    excluded, trouble = "", "were made by an older version"
    if len(found):
        excluded = str(found["excluded"].iloc[0])
        try:
            return from_row(*found.iloc[0])
        except UNREADABLE as error:
            trouble = f"have a damaged row in the table scoring ({type(error).__name__}: {error})"
    every = frozenset(scored[KEY].itertuples(index=False, name=None))
    try:
        params = read_spec(job_folder(str(scored["job_id"].max()))).params
        settings, screens = ScoreSettings(**params["settings"]), tuple(params.get("references", ()))
        note = f"{trouble}: the settings in their job's folder are taken"
    except (JobError, *UNREADABLE):
        settings, screens = ScoreSettings(), ()
        note = f"{trouble}, and their job's folder is gone: default settings are taken"
    references = pd.DataFrame({"drug": pd.Series(dtype="str"), "dss_asym": pd.Series(dtype=float)})
    if screens:
        marks = ", ".join("?" * len(screens))
        references = db.query(
            f"""SELECT drug, dss_asym FROM score WHERE screen IN ({marks}) AND modality = ? AND replicate = 'pooled'
                AND addon = '' AND dss_asym IS NOT NULL ORDER BY screen, drug""",
            [*screens, modality],
        )
    cure = " Score the screen again." if len(found) else ""
    told = f"The scores of {screen} by {MODALITIES.get(modality, modality)} {note}.{cure}"
    return Scoring(settings, references, screens, excluded, every, False, told, bool(len(found)))


def documents(db: Reads, screen: str) -> list[dict[str, Any]]:
    """How every scored modality was scored, as JSON takes it: modality, settings, reference, excluded, note."""
    found = []
    for modality in scored_modalities(db, screen):
        if (made := scoring_of(db, screen, modality)) is not None:
            row = scoring_row(made.settings, made.references, made.screens, made.excluded, made.open)
            told = {name: json.loads(row[name]) for name in ("settings", "reference")}
            found.append({"modality": modality, **told, "excluded": made.excluded, "note": made.note})
    return found


def scored_modalities(db: Reads, screen: str) -> tuple[str, ...]:
    """Those with scores, in the order of MODALITIES."""
    there = set(db.query("SELECT DISTINCT modality FROM score WHERE screen = ?", [screen])["modality"])
    return tuple(name for name in MODALITIES if name in there)


def retrained(db: Reads, screen: str) -> tuple[str, ...]:
    """Modalities whose readouts are newer than their scores: the network was trained again since."""
    found = db.query(
        """SELECT DISTINCT s.modality FROM score s JOIN readout r USING (screen, modality)
           WHERE screen = ? AND r.run_id > s.job_id""",  # ids of jobs begin with the time
        [screen],
    )
    return tuple(name for name in MODALITIES if name in set(found["modality"]))


def _pairs(references: pd.DataFrame) -> Iterable[tuple[str, float]]:
    return references[["drug", "dss_asym"]].itertuples(index=False, name=None)
