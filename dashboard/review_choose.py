"""The Screen review page: which screen and readout, and the one selection that all its tabs share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import forms, review_data, state
from engine.figures.screens import modality_name, modality_words
from engine.spheroid.review_types import ReviewState
from engine.spheroid.settings import MODALITY_ALIASES

LINK = (
    "rev_tab", "rev_screen", "rev_modality", "rev_replicate", "rev_drug", "rev_well", "rev_plate", "rev_value",
    "rev_sort", "rev_class", "rev_beside", "rev_drugs", "rev_fixed", "rev_channel", "rev_colours", "rev_cam",
    "rev_towards", "rev_hue", "rev_map",
    "rev_pair", "rev_other", "rev_others", "rev_layers", "rev_clusters",
    "rev_plates", "rev_contrast",
)  # fmt: skip
OF_SCREEN = ("rev_drug", "rev_well", "rev_plate", "rev_drugs", "rev_class", "rev_pair", "rev_lasso", "rev_other")


@dataclass(frozen=True)
class Reviewed:
    """What every tab is about. row: of `screen_list.screens`. modality: the readout looked at; '' where there is none.

    readouts, scored: modalities that have readouts, or scores. replicate: pooled, 1, 2 ... drug: '' where nothing is
    scored. well: such as P1_D05, '' for none. wells: the layout, columns of `records.wells`. scores: of the modality,
    columns of `records.scores`, all replicates. state: the record of decisions.
    """

    row: Mapping[str, Any]
    screen: str
    modality: str
    readouts: tuple[str, ...]
    scored: tuple[str, ...]
    replicate: str
    drug: str
    well: str
    wells: pd.DataFrame
    scores: pd.DataFrame
    state: ReviewState

    @property
    def simulated(self) -> bool:
        return bool(self.row["simulated"])

    @property
    def context(self) -> str:
        """For captions: screen, readout, simulated or not."""
        made = ", simulated data" if self.simulated else ""
        return f"{self.screen}, {modality_words(self.modality) or 'no readout'}{made}"


def choose(screens: pd.DataFrame) -> Reviewed:
    """Draws the controls of one row. screens: not empty."""
    first = screens[screens["scored"].map(len) > 0]
    default = str((first if len(first) else screens)["screen"].iloc[0])
    names = list(screens["screen"])
    key = state.bound("rev_screen", names, default)
    st.session_state.setdefault(key, default)
    screen = st.selectbox("Screen", names, key=key, width=300, on_change=state.clear, args=(OF_SCREEN,))
    state.keep("rev_screen", screen, default=default)
    row = screens.set_index("screen", drop=False).loc[screen].to_dict()
    modality = _readout(row)
    replicates = review_data.replicates(screen)
    replicate = "pooled"
    if len(replicates) > 1:
        options = ["pooled", *map(str, replicates)]
        replicate = forms.choose(
            "Replicates", options, "rev_replicate", width=150,
            show=lambda one: "All together" if one == "pooled" else f"Replicate {one}",
        )  # fmt: skip
    forms.copy_link(LINK)
    scores = review_data.scores(screen, modality)
    return Reviewed(
        row, screen, modality, row["readouts"], row["scored"], replicate, _drug(scores, replicate), _well(screen),
        review_data.wells(screen), scores, review_data.record(screen),
    )  # fmt: skip


def pick_drug(drug: str) -> None:
    """The drug that all tabs look at from now on; for on_click and on_pick."""
    state.choose("rev_drug", drug)


def pick_well(well: str) -> None:
    """The well that all tabs look at from now on, with its plate, and its drug where it holds one."""
    state.choose("rev_well", well)
    state.choose("rev_plate", well.rpartition("_")[0])
    wells = review_data.wells(str(state.get("rev_screen")))
    mine = wells[well_names(wells) == well]
    if len(mine) and mine["well_type"].iloc[0] == "therapy":
        pick_drug(str(mine["treatment"].iloc[0]))


def go(tab: str) -> None:
    """Another tab; for on_click."""
    state.choose("rev_tab", tab)


def well_names(wells: pd.DataFrame) -> pd.Series:
    """P1_D05 for every row. wells: plate, row, column."""
    return (
        wells["plate"].astype(str) + "_" + wells["row"].astype(str) + wells["column"].map("{:02d}".format).astype(str)
    )


def _readout(row: Mapping[str, Any]) -> str:
    """Of what is scored, or of what there is where nothing is."""
    there = row["scored"] or row["readouts"]
    if not there:
        return ""
    best = [one for one in (*MODALITY_ALIASES["image"], "metabolic", "mos") if one in there]
    return str(forms.choose("Readout", best, "rev_modality", show=modality_name, width=200))


def _drug(scores: pd.DataFrame, replicate: str) -> str:
    """The chosen drug, or the one with the highest score."""
    mine = scores[scores["replicate"] == replicate] if len(scores) else scores
    if mine.empty:
        return ""
    first = str(mine.sort_values(["dss_asym", "drug"], ascending=[False, True], na_position="last")["drug"].iloc[0])
    chosen = state.get("rev_drug")
    drug = chosen if chosen in set(mine["drug"]) else first
    state.keep("rev_drug", drug, default=first)
    return str(drug)


def _well(screen: str) -> str:
    chosen = state.get("rev_well") or ""
    known = chosen and (well_names(review_data.wells(screen)) == chosen).any()
    return str(state.keep("rev_well", chosen if known else None) or "")
