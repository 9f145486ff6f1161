"""What decisions take out of a screen: the wells they name count as if they had no readout, and viabilities of their
plates are made anew by the controls that remain. What was imported stays as it is.
"""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import pandas as pd

from engine.spheroid.normalise import PLACES, normalised
from engine.spheroid.review_records import read_state
from engine.spheroid.review_types import Entry
from engine.spheroid.score_records import counts_death, wells_of
from engine.spheroid.scoring import KEY, POOLED, Scored
from engine.spheroid.types import WELL_COLUMNS, Plates, Readouts
from engine.store.reads import Reads

# Wells that no other well's percentage depends on.
NO_CONTROLS = ("therapy", "series", "untreated", "empty", "other")


def kind_of(modality: str) -> str:
    """The kind of readout, of review_types.READOUTS, that a modality belongs to: image | mos | metabolic."""
    return "image" if modality.startswith("image") else modality


def concerning(excluded: Sequence[Entry], modality: str) -> tuple[Entry, ...]:
    """The exclusions that are about a modality."""
    return tuple(entry for entry in excluded if entry.readout in ("all", kind_of(modality)))


def fingerprint(excluded: Sequence[Entry], modality: str) -> str:
    """Hash of the exclusions that are about a modality; '' for none."""
    mine = concerning(excluded, modality)
    return sha256("\n".join(entry.hash for entry in mine).encode()).hexdigest() if mine else ""


def covered_by(wells: pd.DataFrame, excluded: Sequence[Entry], modality: str) -> pd.Series:
    """The number of the first exclusion that is about each well; 0 where none is.

    wells: plate, row, column, well_type, treatment, replicate. A drug or a replicate is its drug wells; a plate is all
    its wells, controls as well.
    """
    found = np.zeros(len(wells), int)
    therapy = (wells["well_type"] == "therapy").to_numpy()
    columns = {name: wells[name].to_numpy() for name in ("plate", "row", "column", "treatment", "replicate")}
    for entry in reversed(concerning(excluded, modality)):
        target = entry.target
        if target.kind == "plate":
            mine = columns["plate"] == target.plate
        elif target.kind == "well":
            mine = columns["column"] == target.column
            mine &= (columns["plate"] == target.plate) & (columns["row"] == target.row)
        else:
            mine = therapy.copy()
            if target.drug:
                mine &= columns["treatment"] == target.drug
            if target.kind == "replicate":
                mine &= columns["replicate"] == target.replicate
        found[mine] = entry.entry
    return pd.Series(found, index=wells.index)


def left_out(wells: pd.DataFrame, excluded: Sequence[Entry], modality: str) -> pd.Series:
    """Which wells are left out of a modality, bool. wells: see `covered_by`."""
    return covered_by(wells, excluded, modality) > 0


def adjusted(
    layout: pd.DataFrame,
    readouts: pd.DataFrame,
    excluded: Sequence[Entry],
    modality: str,
    *,
    death_readout: bool = False,
) -> pd.DataFrame:
    """WELL_COLUMNS, raw, percent, left_out, entry, raw_imported, percent_imported of every well of a layout.

    raw, percent: after the exclusions, NaN where left out; percentages of a plate that lost a control are made anew,
    but for readouts that came as percentages. left_out: bool, by which `entry` (0 where not). raw_imported,
    percent_imported: before any exclusion.
    readouts: plate, row, column, raw, percent of the modality.
    """
    wells = layout[list(WELL_COLUMNS)].assign(**{name: layout[name].fillna("") for name in ("treatment", "addon")})
    given = readouts[[*PLACES, "raw", "percent"]].astype({"raw": float, "percent": float})
    frame = wells.merge(given, on=PLACES, how="left")
    by = covered_by(frame, excluded, modality).to_numpy()
    out = by > 0
    raw, percent = frame["raw"].to_numpy(float), frame["percent"].to_numpy(float)
    frame = frame.assign(
        raw=np.where(out, np.nan, raw), percent=np.where(out, np.nan, percent), left_out=out, entry=by,
        raw_imported=raw, percent_imported=percent,
    )  # fmt: skip
    lost = out & np.isfinite(raw) & ~frame["well_type"].isin(NO_CONTROLS).to_numpy()
    # Readouts that came as percentages follow from no control of the plate: there both columns say the same.
    made_here = (np.isfinite(raw) & (raw != percent)).astype(bool)
    lost &= frame["plate"].isin(frame.loc[made_here, "plate"].unique()).to_numpy()
    if lost.any():
        anew = frame["plate"].isin(frame.loc[lost, "plate"].unique()).to_numpy() & np.isfinite(raw)
        readout = Readouts(modality, frame[[*PLACES, "raw"]])
        made = normalised(readout, Plates(frame[list(WELL_COLUMNS)], 0), death_readout=death_readout).frame
        frame["percent"] = np.where(anew, made["percent"].to_numpy(float), frame["percent"].to_numpy(float))
    return frame


def other_scale(wells: pd.DataFrame) -> list[tuple[str, str]]:
    """Plates and additions whose negative controls were all left out while wells with the addition count: these are
    held against controls without it. wells: of `adjusted`."""
    held = wells[(wells["addon"] != "") & wells["raw_imported"].notna()]
    controls = held[held["well_type"] == "negative"].groupby(["plate", "addon"])["left_out"].all()
    made = held["percent"].notna() & (held["percent"] != held["percent_imported"])
    moved = set(held.loc[made, ["plate", "addon"]].itertuples(index=False, name=None))
    return [(str(plate), str(addon)) for plate, addon in controls.index[controls] if (plate, addon) in moved]


def applied(db: Reads, screen: str, modality: str) -> pd.DataFrame:
    """`adjusted` of a screen by the exclusions that count now; no readouts where the screen lacks the modality.

    Raises InputError naming the screens there are.
    """
    excluded = read_state(db, screen).excluded
    layout, readouts = wells_of(db, screen), all_readouts(db, screen, modality)
    return adjusted(layout, readouts, excluded, modality, death_readout=counts_death(db, screen, modality))


def all_readouts(db: Reads, screen: str, modality: str) -> pd.DataFrame:
    """plate, row, column, raw, percent of one modality, whether or not there is any."""
    return db.query(
        """SELECT plate, "row", "column", raw, percent FROM readout
           WHERE screen = ? AND modality = ? ORDER BY plate, "row", "column" """,
        [screen, modality],
    )


def with_reasons(scored: Scored, wells: pd.DataFrame, excluded: Sequence[Entry]) -> Scored:
    """Curves of which every well is left out say so, and by whose decision. wells: `adjusted`."""
    own = wells[(wells["well_type"] == "therapy") & (wells["treatment"] != "")]
    own = own.assign(drug=own["treatment"], replicate=own["replicate"].astype(str))
    own = pd.concat([own.assign(replicate=POOLED), own])
    groups = own.groupby(KEY)["entry"].agg(["min", "max"])
    gone = groups.loc[groups["min"] > 0, "max"]
    if gone.empty:
        return scored
    told = {entry.entry: f"left out: {entry.reason} ({entry.reviewer})" for entry in excluded}
    reasons = [
        told[int(gone[key])] if key in gone.index else reason
        for *key_, reason in scored.curve[[*KEY, "reason"]].itertuples(index=False)
        for key in (tuple(key_),)
    ]
    return scored._replace(curve=scored.curve.assign(reason=pd.array(reasons, dtype="string")))
