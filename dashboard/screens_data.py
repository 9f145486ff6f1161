"""What the Screens page reads of the store, kept until the store changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dashboard import data
from engine.spheroid.left_out_plates import left_out_plates
from engine.spheroid.settings import MODALITY_ALIASES

data.register("spheroid", left_out_plates)

PLACE_IMPORT, PLACE_TRAIN, PLACE_SCORE, PLACE_DEMO = "scr_import", "scr_train", "scr_score", "scr_demo"
READOUTS = {"image": "Images", "metabolic": "Metabolic", "mos": "Mean of stack"}


@dataclass(frozen=True)
class Shown:
    """What is looked at. screens: rows of `screen_list.screens`. screen: one of them. readout: of READOUTS."""

    screens: pd.DataFrame
    screen: str
    readout: str

    @property
    def row(self) -> pd.Series:
        return self.screens.set_index("screen", drop=False).loc[self.screen]


def screens() -> pd.DataFrame:
    """See `engine.spheroid.screen_list.screens`."""
    return data._cached("spheroid_screens")


def hits() -> pd.DataFrame:
    return data._cached("spheroid_hits")


def scores(screen: str) -> pd.DataFrame:
    return data._cached("spheroid_all_scores", screen)


def wells(screen: str) -> pd.DataFrame:
    return data._cached("spheroid_wells", screen)


def runs() -> pd.DataFrame:
    """Networks that look at images, newest first."""
    return data._cached("spheroid_trained_runs")


def verdicts(screen: str = "") -> pd.DataFrame:
    """What is kept of a screen's quality, or of all."""
    return data._cached("spheroid_stored", screen)


def modality(readout: str, there: Sequence[str]) -> str:
    """The modality that stands for a readout among those there are: of images the newest phase; '' where none does."""
    return next((one for one in MODALITY_ALIASES.get(readout, (readout,)) if one in there), "")


def judged(found: pd.DataFrame, readout: str) -> pd.DataFrame:
    """The verdicts of every screen by one readout, of images by the newest phase that was judged. found: `verdicts`."""
    kept = [
        rows[rows["modality"] == modality(readout, tuple(rows["modality"].unique()))]
        for _, rows in found.groupby("screen", sort=False)
    ]
    return pd.concat(kept) if kept else found


def readouts_judged(found: pd.DataFrame) -> tuple[list[str], str]:
    """The readouts by which at least one screen was judged (all where none was), and the one of most screens."""
    names = {readout: MODALITY_ALIASES.get(readout, (readout,)) for readout in READOUTS}
    counts = {one: found.loc[found["modality"].isin(which), "screen"].nunique() for one, which in names.items()}
    there = [one for one in READOUTS if counts[one]] or list(READOUTS)
    return there, max(there, key=lambda one: counts[one])


def left_out(screen: str = "") -> pd.DataFrame:
    """Plates that a review leaves out; see `reviewed_wells.left_out_plates`."""
    return data._cached("spheroid_left_out_plates", screen)


def plates_left_out(screen: str, readout: str) -> dict[str, str]:
    """Plate -> "left out by Ada (reason)" of what counts by one of READOUTS no more."""
    found = left_out(screen)
    mine = found[found["readout"].isin(("all", readout))]
    return {str(one.plate): f"left out by {one.reviewer} ({one.reason})" for one in mine.itertuples(index=False)}


def submit_demo() -> str:
    """Queue the demonstration screens; what simulates them is loaded only now."""
    from engine.demo.build import start_demo_screens

    return start_demo_screens()
