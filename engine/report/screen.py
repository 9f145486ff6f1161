"""What a screen's report is written from: its results after exclusions and its record, read of the store once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.figures.complementary_words import no_pairs_words
from engine.figures.screens import modality_name, modality_words
from engine.figures.text import count
from engine.report.parts import Strip
from engine.report.screen_images import photographs, pictured
from engine.spheroid import exclusions, judged, records, review
from engine.spheroid.expected import Expected, expected_hits
from engine.spheroid.hits import hit_rows, ordered
from engine.spheroid.phenotype_records import mapped_runs, modality_of
from engine.spheroid.phenotype_relations import pooled_dss, screen_relations
from engine.spheroid.review_types import ReviewState
from engine.spheroid.scoring_records import Scoring, scoring_of
from engine.spheroid.screen_list import screen_row
from engine.spheroid.settings import MODALITY_ALIASES
from engine.store.database import Database

RESEARCH_ONLY = "Research use only. Not for treatment decisions."
SIMULATED = "The screen is simulated: no number here says anything about a real tumour."
TITLE = "Tumorcast screen report"
TOP = 20  # drugs in the table
CURVED = 12  # of them with their curves
PHOTOGRAPHED = 6  # of them with images of their doses
PAIRED = 3  # complementary pairs with both curves
TRIES = 3  # somebody may decide while the store is read
BEST_FIRST = (*MODALITY_ALIASES["image"], "metabolic", "mos")


@dataclass(frozen=True)
class Readout:
    """One readout of a screen after exclusions.

    scores, curves: as `records` gives them. values: as `exclusions.applied` does. changes: scores without any exclusion
    beside those with, as `review.changes` gives them. scoring: how it was scored, None where it was not. drugs:
    `hits.hit_rows` of all replicates together, best first.
    """

    modality: str
    scores: pd.DataFrame
    curves: pd.DataFrame
    values: pd.DataFrame
    changes: pd.DataFrame
    scoring: Scoring | None
    drugs: pd.DataFrame

    @property
    def name(self) -> str:
        return modality_name(self.modality)

    @property
    def alone(self) -> pd.DataFrame:
        """The drugs without an addition: with one they are no further drugs. All where none stands without."""
        mine = self.drugs[self.drugs["addon"] == ""]
        return mine if len(mine) else self.drugs

    @property
    def together(self) -> str:
        """with an addition 32 of 77; '' where nothing was added."""
        with_it = self.drugs.drop(self.alone.index)
        return f"with an addition {count(int(with_it['hit'].sum()))} of {count(len(with_it))}" if len(with_it) else ""

    @property
    def words(self) -> str:
        """The name within a sentence."""
        return modality_words(self.modality)

    @property
    def by(self) -> str:
        """By what drugs are ranked: the metabolic readout, or images, phase II."""
        return "the metabolic readout" if self.modality == "metabolic" else self.words

    @property
    def scored(self) -> bool:
        return len(self.scores) > 0

    @property
    def hits(self) -> pd.DataFrame:
        return self.drugs[self.drugs["hit"]]


@dataclass(frozen=True)
class ScreenReport:
    """What every file is written from.

    row: of `screen_list.screens`. wells: the layout. readouts: those there are, the best first. quality: every verdict
    after exclusions. state, state_hash, stale: of the record. runs: the networks that the readouts
    come from. source: the import. pairs: of `phenotype.complementary_pairs`, by the readout `pairs_by`; pairs_note: why
    there are none. thumbnails: well (P1_D05) -> picture as a data URI, of the first pairs. expected: of the sample.
    strips: photographs of the strongest drugs; images_note: why there are none. made_at: UTC.
    """

    row: Mapping[str, Any]
    wells: pd.DataFrame
    readouts: tuple[Readout, ...]
    quality: pd.DataFrame
    state: ReviewState
    state_hash: str
    stale: tuple[str, ...]
    runs: pd.DataFrame
    source: Mapping[str, Any]
    classes: pd.DataFrame
    pairs: pd.DataFrame
    pairs_note: str
    pairs_by: str
    thumbnails: Mapping[str, str]
    expected: Expected
    strips: tuple[Strip, ...]
    images_note: str
    made_at: datetime

    @property
    def screen(self) -> str:
        return str(self.row["screen"])

    @property
    def simulated(self) -> bool:
        return bool(self.row["simulated"])

    @property
    def scored(self) -> tuple[Readout, ...]:
        return tuple(one for one in self.readouts if one.scored)

    @property
    def main(self) -> Readout | None:
        """The readout that the report ranks drugs by: the best that has scores."""
        return next(iter(self.scored), None)

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The drugs that are shown: hits, or the highest scores where there is no hit, at most TOP."""
        if self.main is None:
            return pd.DataFrame()
        drugs = self.main.hits if len(self.main.hits) else self.main.drugs[self.main.drugs["dss_asym"].notna()].head(10)
        return drugs.head(TOP).reset_index(drop=True)

    @property
    def replicates(self) -> list[str]:
        """Names of the single replicates, '1' first."""
        found = self.wells.loc[self.wells["well_type"] == "therapy", "replicate"].unique()
        return [str(one) for one in sorted(found)]

    @property
    def context(self) -> str:
        """For captions."""
        return f"{self.screen}{', simulated data' if self.simulated else ''}"


def gather(db: Database, screen: str, made_at: datetime | None = None) -> ScreenReport:
    """Everything the report of one screen needs, of one moment. made_at: UTC, now where not given.

    Raises InputError for a screen that is not there, a control experiment, or one without readouts.
    """
    for _ in range(TRIES):
        before = db.version()
        report = _gathered(db, screen, made_at)
        if db.version() == before:
            break
    return report


def _gathered(db: Database, screen: str, made_at: datetime | None) -> ScreenReport:
    row = screen_row(db, screen)
    if row["kind"] != "drugs":
        raise InputError(f"{screen} is a control experiment: it holds no drugs to report. Choose a screen of drugs.")
    there = [one for one in BEST_FIRST if one in row["readouts"]]
    if not there:
        raise InputError(
            f"The screen {screen} has no readouts to report: import its metabolic readouts, or train a network for its "
            "images."
        )
    classes, wells = records.drug_classes(db, screen), records.wells(db, screen)
    raw = [_read(db, screen, modality) for modality in sorted(there, key=lambda one: one not in row["scored"])]
    readouts = tuple(_readout(one, classes, raw) for one in raw)
    main = next((one for one in readouts if one.scored), None)
    drugs = [] if main is None else list(dict.fromkeys(main.drugs["drug"]))
    pairs, pairs_note, pairs_by = _pairs(db, screen, readouts)
    strongest = [] if main is None else list(dict.fromkeys(main.drugs.loc[main.drugs["hit"], "drug"]))[:PHOTOGRAPHED]
    strips, images_note = photographs(db, row, readouts[0].values, strongest or drugs[:3])
    source = db.query("SELECT * FROM source WHERE source_id = ?", [str(row["source_id"])])
    return ScreenReport(
        row=row,
        wells=wells,
        readouts=readouts,
        quality=judged.judged(db, screen),
        state=review.state(db, screen),
        state_hash=review.state_hash(db, screen),
        stale=tuple(review.stale(db, screen)),
        runs=_runs(db, screen),
        source=source.to_dict("records")[0] if len(source) else {},
        classes=classes,
        pairs=pairs,
        pairs_note=pairs_note,
        pairs_by=pairs_by,
        thumbnails=pictured(db, row, readouts[0].values, pairs.head(PAIRED)),
        expected=expected_hits(screen, row["sample"], drugs, bool(row["simulated"])),
        strips=strips,
        images_note=images_note,
        made_at=made_at or datetime.now(UTC),
    )


def _read(db: Database, screen: str, modality: str) -> Readout:
    return Readout(
        modality,
        records.scores(db, screen, modality),
        records.curves(db, screen, modality),
        exclusions.applied(db, screen, modality),
        review.changes(db, screen, modality),
        scoring_of(db, screen, modality),
        pd.DataFrame(),
    )


def _readout(one: Readout, classes: pd.DataFrame, every: list[Readout]) -> Readout:
    """With its drugs, beside those of another readout: of an image one the metabolic, of any other the best image."""
    if not one.scored:
        return one
    others = [other for other in every if other.modality != one.modality and other.scored]
    beside = next(
        (other for other in others if other.modality.startswith("image") != one.modality.startswith("image")),
        next(iter(others), one),
    )
    nothing = one.scores.head(0)
    rows = hit_rows(one.scores, one.curves, classes, "pooled", beside.scores if beside is not one else nothing)
    return replace(one, drugs=ordered(rows, "score"))


def _pairs(db: Database, screen: str, readouts: tuple[Readout, ...]) -> tuple[pd.DataFrame, str, str]:
    """Hits that kill in different ways by the newest phenotype map, why none are told, and by which readout."""
    imaged = next((one for one in readouts if one.scored and one.modality.startswith("image")), None)
    runs = mapped_runs(db, screen)
    if imaged is None:
        return pd.DataFrame(), "The screen has no scored images, and pairs are told by how dying spheroids look.", ""
    if not runs:
        return pd.DataFrame(), "There is no phenotype map of this screen yet: make one under Phenotypes.", ""
    modality = modality_of(db, screen, runs[0]) or imaged.modality
    told = screen_relations(db, screen, runs[0], modality)
    note = "" if len(told.pairs) else no_pairs_words(told, pooled_dss(records.scores(db, screen, modality)), modality)
    return told.pairs, note, modality


def _runs(db: Database, screen: str) -> pd.DataFrame:
    """modality, run_id and what its run tells: created_at (UTC), backbone, preset, weights, seed, data_hash."""
    return db.query(
        """SELECT DISTINCT r.modality, r.run_id, n.created_at, n.config ->> '$.backbone' AS backbone,
                  n.config ->> '$.preset' AS preset,
                  coalesce(nullif(n.config ->> '$.weights_name', ''), 'random') AS weights, n.seed, n.data_hash
           FROM readout r LEFT JOIN run n USING (run_id)
           WHERE r.screen = ? AND r.run_id IS NOT NULL ORDER BY r.modality""",
        [screen],
    )


def replicate_scores(readout: Readout, replicate: str) -> dict[tuple[str, str], float]:
    """(drug, addon) -> DSS_asym of one replicate, NaN without a fit."""
    mine = readout.scores[readout.scores["replicate"] == replicate]
    values = mine["dss_asym"].astype(float).to_numpy(dtype=float, na_value=np.nan)
    return dict(zip(zip(mine["drug"], mine["addon"], strict=True), values, strict=True))
