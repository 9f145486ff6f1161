"""SQL of the list of screens and of what downloads of one: what is there, trained, scored, judged."""

from typing import Any

import pandas as pd

from engine.errors import InputError
from engine.spheroid.settings import MODALITIES
from engine.store.database import Database

TASK = "train_spheroid"
SCORES = ["drug", "addon", "replicate", "dss_asym", "dss_lower", "dss_upper", "dss1", "dss2", "dss3", "abs_ic50", "gof"]


def screens(db: Database) -> pd.DataFrame:
    """One row a screen, the one imported last first.

    Columns screen, kind (drugs | controls), sample, entity, screened_on, n_plates, n_wells (of a plate), n_images,
    simulated, imported_at (UTC), origin, licence, drugs; readouts, scored: modalities in the order of MODALITIES, a
    tuple; stale: those scored before their network was trained again; reviewer: of the newest decision, '' where there
    is none; state: imported | trained | scored | in_review | signed_off.
    """
    found = db.query(
        """SELECT s.screen, s.kind, s.sample, s.entity, s.screened_on, s.n_plates, s.n_wells, s.n_images, s.image_job,
                  s.simulated, s.source_id, i.imported_at, i.origin, i.licence,
                  (SELECT count(DISTINCT treatment) FROM well w
                   WHERE w.screen = s.screen AND well_type = 'therapy' AND treatment <> '') AS drugs
           FROM screen s LEFT JOIN source i USING (source_id) ORDER BY i.imported_at DESC NULLS LAST, s.screen"""
    )
    for name, table in (("readouts", "readout"), ("scored", "score")):
        there = db.query(f"SELECT DISTINCT screen, modality FROM {table}")
        of = there.groupby("screen")["modality"].agg(set).to_dict()
        found[name] = pd.Series(
            [tuple(each for each in MODALITIES if each in of.get(screen, ())) for screen in found["screen"]],
            index=found.index, dtype=object,
        )  # fmt: skip
    again = db.query(
        """SELECT DISTINCT s.screen, s.modality FROM score s JOIN readout r USING (screen, modality)
           WHERE r.run_id > s.job_id"""  # ids of jobs begin with the time
    )
    old = again.groupby("screen")["modality"].agg(tuple).to_dict()
    found["stale"] = pd.Series([old.get(name, ()) for name in found["screen"]], index=found.index, dtype=object)
    decided = db.query(
        """SELECT screen, arg_max(reviewer, entry) AS reviewer,
                  coalesce(arg_max(action, entry) FILTER (action IN ('sign_off', 'reopen')), '') = 'sign_off' AS signed
           FROM review GROUP BY screen"""
    ).set_index("screen")
    found["reviewer"] = found["screen"].map(decided["reviewer"]).astype(object).fillna("")
    signed = set(decided.index[decided["signed"]])
    found["state"] = [
        "signed_off" if screen in signed
        else "in_review" if screen in decided.index
        else "scored" if scored
        else "trained" if any(one.startswith("image") for one in readouts)
        else "imported"
        for screen, scored, readouts in zip(found["screen"], found["scored"], found["readouts"], strict=True)
    ]  # fmt: skip
    return found


def screen_row(db: Database, screen: str) -> dict[str, Any]:
    """One row of `screens`. Raises InputError naming the screens there are."""
    found = screens(db)
    mine = found[found["screen"] == screen]
    if mine.empty:
        known = ", ".join(sorted(found["screen"])) or "none: import one with `python -m engine import screen FOLDER`"
        raise InputError(f"There is no screen {screen!r}; the store holds: {known}.")
    return {str(key): value for key, value in mine.to_dict("records")[0].items()}


def hits(db: Database) -> pd.DataFrame:
    """screen, modality, drugs, hits (DSS_asym of at least 10), without_fit: of all replicates, no addition."""
    return db.query(
        """SELECT screen, modality, count(*) AS drugs, count(*) FILTER (hit) AS hits,
                  count(*) FILTER (dss_asym IS NULL) AS without_fit
           FROM score WHERE replicate = 'pooled' AND addon = '' GROUP BY ALL ORDER BY ALL"""
    )


def scores(db: Database, screen: str, modality: str) -> pd.DataFrame:
    """SCORES of every drug, pooled first; abs_ic50 in nM. Empty where the modality is not scored."""
    return db.query(
        """SELECT drug, addon, replicate, dss_asym, dss_lower, dss_upper, dss1, dss2, dss3, ic50_nm AS abs_ic50, gof
           FROM score JOIN curve USING (screen, modality, drug, addon, replicate)
           WHERE screen = ? AND modality = ?
           ORDER BY drug, addon, replicate <> 'pooled', replicate""",
        [screen, modality],
    )


def all_scores(db: Database, screen: str) -> pd.DataFrame:
    """Every column of the scores and curves of a screen, all modalities."""
    return db.query(
        """SELECT * EXCLUDE (inhibition, doses_nm) FROM score
           JOIN (SELECT * EXCLUDE job_id FROM curve) USING (screen, modality, drug, addon, replicate)
           WHERE screen = ? ORDER BY modality, drug, addon, replicate <> 'pooled', replicate""",
        [screen],
    )


def wells(db: Database, screen: str) -> pd.DataFrame:
    """Every readout of every well that has one: the layout, modality, raw, percent."""
    return db.query(
        """SELECT w.plate, w."row", w."column", well_type, treatment, conc_nm, replicate, addon, addon_nm,
                  modality, raw, percent
           FROM well w LEFT JOIN readout r
             ON r.screen = w.screen AND r.plate = w.plate AND r."row" = w."row" AND r."column" = w."column"
           WHERE w.screen = ? AND (r.modality IS NOT NULL OR w.well_type <> 'empty')
           ORDER BY modality, w.plate, w."row", w."column" """,
        [screen],
    )


def trained_runs(db: Database) -> pd.DataFrame:
    """Runs of the networks that look at images, newest first.

    Columns run_id, created_at (UTC), phase (1 to 3), screen, backbone, preset, weights (name of the file with those it
    began with, or random), device, minutes, simulated.
    """
    return db.query(
        """SELECT run_id, created_at, CAST(regexp_extract(split, '[0-9]+') AS INTEGER) AS phase,
                  config ->> '$.screen' AS screen, config ->> '$.backbone' AS backbone,
                  config ->> '$.preset' AS preset, device,
                  coalesce(nullif(config ->> '$.weights_name', ''), 'random') AS weights, minutes, simulated
           FROM run WHERE task = ? ORDER BY created_at DESC, run_id DESC""",
        [TASK],
    )
