"""Verdicts of quality as rows of the table `quality`, and what stands there of a screen."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from engine.spheroid.exclusions import applied
from engine.spheroid.quality import ToJudge, verdicts_each
from engine.spheroid.quality_limits import ADDON, MEASURES
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.settings import MODALITIES
from engine.store.reads import Reads

WELL = ["plate", "row", "column"]
COLUMNS = ["plate", "modality", "measure", "value", "verdict", "reason"]
WORST_FIRST = ("bad", "doubtful", "unknown", "good")


def quality_rows(
    wells: pd.DataFrame,
    readouts: pd.DataFrame,
    modality: str,
    *,
    death_readout: bool = False,
    placed: Collection[str] | None = None,
) -> pd.DataFrame:
    """COLUMNS of every verdict. wells: WELL_COLUMNS; readouts: plate, row, column, raw, percent of the modality, and
    left_out where there are decisions: of wells that are left out nothing is judged, of a plate that is left out no
    measure is there.
    death_readout: the raw signal rises as cells die. placed: plates of which all is wanted; see
    `quality.verdicts`.
    Raises InputError as `quality.verdicts` does.
    """
    return quality_rows_each(wells, [ToJudge(readouts, modality, death_readout, placed)])[0]


def quality_rows_each(wells: pd.DataFrame, some: Sequence[ToJudge]) -> list[pd.DataFrame]:
    """As `quality_rows` of each, whose `frame` holds its readouts, in a fraction of the time."""
    joined = [one._replace(frame=_joined(wells, one.frame)) for one in some]
    found = iter(verdicts_each([one for one in joined if len(one.frame)]))
    rows = [[asdict(verdict) for verdict in next(found)] if len(one.frame) else [] for one in joined]
    return [pd.DataFrame(each, columns=COLUMNS).astype({"value": float}) for each in rows]


def _joined(wells: pd.DataFrame, readouts: pd.DataFrame) -> pd.DataFrame:
    """The wells that are judged, with their readouts."""
    known = [name for name in ("raw", "percent", "left_out") if name in readouts]
    joined = wells.drop(columns=known, errors="ignore").merge(readouts[[*WELL, *known]], on=WELL, how="left")
    return joined[~joined["left_out"].eq(True)] if "left_out" in readouts else joined


def stored(db: Reads, screen: str = "") -> pd.DataFrame:
    """screen, COLUMNS and job_id as kept; screen: '' for all. Missing values are NaN."""
    found = db.query(
        """SELECT screen, plate, modality, measure, value, verdict, reason, job_id FROM quality
           WHERE ? IN ('', screen) ORDER BY screen, modality, plate, measure""",
        [screen],
    )
    return found.assign(value=found["value"].astype(float))


def judged(db: Reads, screen: str) -> pd.DataFrame:
    """COLUMNS of every modality of a screen, worst first.

    What is not kept yet is judged now (seconds a modality), without what the record leaves out.
    """
    parts = [stored(db, screen)[COLUMNS]]
    there = set(db.query("SELECT DISTINCT modality FROM readout WHERE screen = ?", [screen])["modality"])
    wells = wells_of(db, screen)
    for modality in MODALITIES:
        if modality in there - set(parts[0]["modality"]):
            death = counts_death(db, screen, modality)
            parts.append(quality_rows(wells, applied(db, screen, modality), modality, death_readout=death))
    return worst_first(pd.concat([part for part in parts if len(part)] or parts, ignore_index=True))


def worst_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `stored` with bad verdicts first, within a verdict by plate (the whole screen last) and measure."""
    rank = frame["verdict"].map({verdict: place for place, verdict in enumerate(WORST_FIRST)})
    place = {measure: n for n, measure in enumerate(MEASURES)}
    measure = frame["measure"].map(lambda name: place.get(name.partition(ADDON)[0], len(place)))
    order = np.lexsort((measure, frame["plate"].astype(str), frame["plate"] == "", rank.to_numpy()))
    return frame.iloc[order].reset_index(drop=True)
