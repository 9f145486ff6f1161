"""Readouts judged together, and neighbours of all wells at once: bit by bit what each alone comes to."""

import numpy as np
import pandas as pd
import small_plates

from engine.spheroid.judged import quality_rows, quality_rows_each
from engine.spheroid.quality import ToJudge
from engine.spheroid.quality_limits import MIN_CONTROLS
from engine.spheroid.spatial import BY_TYPE, SERIES_TYPES
from engine.spheroid.suspect_wells import rank_wells


def screen(seed: int, noise: float) -> pd.DataFrame:
    return pd.concat([small_plates.clean_plate(seed + n, f"P{n}", noise) for n in (1, 2)], ignore_index=True)


def test_modalities_judged_together_get_the_verdicts_that_each_gets_alone():
    one, other = screen(1, 5.0), screen(1, 14.0)
    out = one.assign(left_out=np.arange(len(one)) == 60)
    some = [
        ToJudge(out, "metabolic", True, {"P2"}),
        ToJudge(other, "mos"),
        ToJudge(out.assign(left_out=True), "image_2"),
    ]
    layout = one.drop(columns=["raw", "percent"])
    alone = [
        quality_rows(layout, each.frame, each.modality, death_readout=each.death_readout, placed=each.placed)
        for each in some
    ]
    assert len(alone[0]) < len(alone[1]), "of P1 only single wells are judged"
    assert alone[2].empty, "all of it is left out"
    for together, by_itself in zip(quality_rows_each(layout, some), alone, strict=True):
        pd.testing.assert_frame_equal(together, by_itself, check_exact=True)


def one_by_one(frame: pd.DataFrame) -> dict[tuple[str, str, int], tuple[float, float]]:
    """What the neighbours of every well span, well by well, by the words of `suspect_wells`."""
    found = {}
    for well in frame.itertuples():
        near = np.array([])
        if well.well_type in SERIES_TYPES and well.conc_nm > 0 and np.isfinite(well.percent):
            same = frame[
                (frame["well_type"] == well.well_type) & (frame["treatment"] == well.treatment) & (frame["conc_nm"] > 0)
            ]
            doses = sorted(same["conc_nm"].unique())
            at = doses.index(well.conc_nm)
            below = [100.0] if at == 0 else [same.loc[same["conc_nm"] == doses[at - 1], "percent"].mean()]
            above = [same.loc[same["conc_nm"] == doses[at + 1], "percent"].mean()] if at + 1 < len(doses) else []
            replicates = same.loc[(same["conc_nm"] == well.conc_nm) & (same.index != well.Index), "percent"]
            near = np.array([*replicates, *below, *above])
            near = near[np.isfinite(near)]
        elif well.well_type in BY_TYPE:
            kind = frame[(frame["plate"] == well.plate) & (frame["well_type"] == well.well_type)]["percent"].dropna()
            near = np.full(2, kind.median()) if len(kind) >= MIN_CONTROLS else near
        span = (near.min(), near.max()) if len(near) > 1 else (np.nan, np.nan)
        found[well.plate, well.row, well.column] = span
    return found


def test_neighbours_of_all_wells_at_once_are_those_of_each():
    frame = screen(5, 8.0)
    frame["treatment"] = frame["treatment"].str.replace("P1 ", "").str.replace("P2 ", "")  # four wells a dose
    rng = np.random.default_rng(0)
    frame.loc[rng.random(len(frame)) < 0.3, "percent"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.1, "percent"] = 100.0  # ties
    ranked, expected = rank_wells(frame), one_by_one(frame)
    places = list(ranked[["plate", "row", "column"]].itertuples(index=False, name=None))
    low, high = (np.array([expected[place][side] for place in places]) for side in (0, 1))
    assert np.isfinite(low).sum() > 200
    np.testing.assert_allclose(ranked["low"].to_numpy(), low, rtol=1e-14)
    np.testing.assert_allclose(ranked["high"].to_numpy(), high, rtol=1e-14)
