"""Screen review page: how drugs make spheroids look, beside how much they kill."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import (
    data,
    forms,
    frame,
    job_panel,
    messages,
    review_choose,
    review_decide,
    review_gallery,
    review_map_data,
    review_pairs,
    state,
)
from dashboard.review_choose import Reviewed
from dashboard.review_map_data import Phenotype
from engine.figures.phenotypes import HUES, MAPS, MapView, phenotype_map
from engine.figures.screens import modality_words
from engine.figures.text import count, cut, number, plural
from engine.spheroid.phenotype import Reproducibility, nearest_drugs
from engine.spheroid.phenotype_records import Looked
from engine.spheroid.phenotype_relations import Relations
from engine.spheroid.review_types import Target

PLACE, TASK = "rev_phenotypes", "map_phenotypes"
KEY = "phenotype_map"
LIKE = 6  # drugs listed as alike
CONTROLS_SHOWN = 3  # of each kind, beside drugs in the gallery


def show(shown: Reviewed) -> None:
    """The map, what it says of the chosen drug, the gallery and the complementary pairs; or what is missing for it."""
    by = review_map_data.looked(shown)
    if not int(shown.row["n_images"]):
        messages.empty(
            f"**{messages.plain(shown.screen)} has no images.** Phenotypes are told from how spheroids look: import "
            "the screen again with its images to see which drugs look alike."
        )
        return
    if by is None:
        messages.empty(
            "**No network has looked at these images yet.** A map needs one: train it on the Screens page.",
            page="screens.py", label="Train on the Screens page",
        )  # fmt: skip
        return
    found = review_map_data.phenotype(shown, by)
    if found is None:
        _no_map(shown, by)
        return
    _map(shown, found)
    review_pairs.show(shown, found)


def _no_map(shown: Reviewed, by: Looked) -> None:
    with st.container(border=True):
        st.markdown(
            f"**No phenotype map by this network yet** ({modality_words(by.modality)}). It shows every drug at "
            "its highest dose and all controls, near to what looks alike; making it takes seconds to minutes."
        )
        if st.button("Make the map", type="primary", icon=":material/play_arrow:", key="phenotype_start"):
            job_panel.start(PLACE, lambda: _submit(shown.screen, by.run_id))
    job_panel.follow(PLACE, TASK)


def _submit(screen: str, run_id: str, umap: bool = False) -> str:
    from engine.spheroid.phenotype_job import submit_phenotypes

    return submit_phenotypes(data.database(), screen, run_id, umap=umap)


def _map(shown: Reviewed, found: Phenotype) -> None:
    wells = found.wells
    with st.container(horizontal=True, vertical_alignment="center"):
        hue = forms.choose_one("Colour", list(HUES), "rev_hue", HUES.__getitem__)
        maps = [one for one in MAPS if wells[f"{one}_x"].notna().any()]
        which = forms.choose_one("Map", maps, "rev_map", MAPS.__getitem__) if len(maps) > 1 else maps[0]
        # While a drag draws, the browser takes no clicks on points: one or the other.
        lasso = st.toggle("Lasso", key=state.bound("rev_draw"), help="On: draw around wells. Off: click one.")
        state.keep("rev_draw", lasso)
        asked = "umap" not in maps and st.button(
            "Add a UMAP", type="tertiary", key="phenotype_umap", help="A second picture of the same components."
        )
    if asked:
        job_panel.start(PLACE, lambda: _submit(shown.screen, found.looked.run_id, umap=True))
    if PLACE in state.get("followed"):
        job_panel.follow(PLACE, TASK)
    told = replicate_words(found.told.replicates)
    view = MapView(wells, which, hue, shown.drug, shown.well, told, lasso)
    pictures = review_map_data.pictures(shown, wells)
    made = ", simulated data" if shown.simulated else ""
    main, side = frame.main_and_side("phenotypes")
    with main:
        drawn = (shown.screen, found.looked.run_id, which, hue, lasso)
        key = f"{KEY}_{hash(drawn)}"
        frame.chart(
            phenotype_map(view, f"{shown.screen}, {modality_words(found.looked.modality)}{made}", frame.dark()),
            KEY, drawn, on_select=lambda: _selected(key), selection_mode="lasso" if lasso else "points",
        )  # fmt: skip
        review_gallery.on_hover(KEY, pictures)
    with side:
        _replicates(found.told, told)
        _chosen(shown, found)
    _gallery(shown, found, pictures)


def _selected(key: str) -> None:
    """A click chooses a well; a lasso fills the gallery, one around nothing empties it."""
    event: Any = st.session_state[key]["selection"]
    wells = tuple(str(point["customdata"]) for point in event["points"] if point.get("customdata") is not None)
    if state.get("rev_draw"):
        state.choose("rev_lasso", wells)
    elif wells:
        review_choose.pick_well(wells[0])


def replicate_words(told: Reproducibility) -> str:
    """Whether replicates look alike, as one sentence with its n."""
    if not told.n or not told.n_random:
        return "Whether replicates look alike is not known: no drug has two wells with an image at its highest dose."
    between = "" if told.lower is None else f", 95 % interval {number(told.lower, 2)} to {number(told.upper, 2)}"
    return (
        f"Two wells of one drug lie nearer to each other than wells of different drugs in {number(100 * told.auc)} % "
        f"of comparisons (AUC {number(told.auc, 2)}{between}; {plural(told.n, 'pair')} of replicates, "
        f"{plural(told.n_random, 'random pair')}; half would be chance)."
    )


def _replicates(relations: Relations, words: str) -> None:
    st.subheader("Do replicates look alike?", anchor=False)
    told, quiet, n = relations.replicates, len(relations.quiet), len(relations.distances)
    if not told.n or not told.n_random:
        st.markdown(words)
    else:
        verdict = "Yes" if told.auc >= 0.8 else "In part" if told.auc >= review_pairs.ALIKE else "Hardly"
        st.markdown(f"**{verdict}.** {words}")
    if quiet:
        st.caption(
            f"{count(quiet)} of {plural(n, 'drug')} look like the negative controls at the highest dose. The more of "
            "them, the nearer to chance: replicates without an effect are no more alike than untreated wells."
        )


def _chosen(shown: Reviewed, found: Phenotype) -> None:
    """What looks like the chosen drug."""
    if not shown.drug:
        return
    st.subheader(f"What looks like {messages.plain(cut(shown.drug))}?", anchor=False)
    if shown.drug not in found.told.distances.index:
        out = found.wells.loc[found.wells["treatment"] == shown.drug, "left_out"]
        why = "its wells are excluded" if len(out) and out.all() else "no well of it has an image at its highest dose"
        st.markdown(f"{messages.plain(shown.drug)} is not compared: {why}.")
    else:
        _likes(shown, found)
    with st.container(horizontal=True):
        review_decide.offer(shown, Target("drug", drug=shown.drug), "phenotype_drug", "image")
        well = found.wells[found.wells["well"] == shown.well]
        if len(well):
            one = well.iloc[0]
            target = Target("well", plate=str(one["plate"]), row=str(one["row"]), column=int(one["column"]))
            review_decide.offer(shown, target, "phenotype_well", "image")


def _likes(shown: Reviewed, found: Phenotype) -> None:
    near = nearest_drugs(found.told.distances, shown.drug, LIKE)
    if near.empty:
        st.markdown("There is no other drug to compare it with.")
        return
    if shown.drug in found.told.quiet:
        st.markdown(
            f"{messages.plain(shown.drug)} **looks like the negative controls** at its highest dose: what lies near it "
            "does so because there is little to see."
        )
    facts = found.wells.drop_duplicates("treatment").set_index("treatment")
    table = pd.DataFrame(
        {
            "Drug": near["drug"],
            "Pairs nearer, %": 100 * near["share"],
            "DSS": near["drug"].map(facts["dss"]).astype(float),
            "Class": near["drug"].map(facts["group"]).fillna(""),
        }
    )
    frame.table(
        table, key=f"phenotype_likes_{hash((shown.screen, shown.drug, found.looked.run_id))}", height="content",
        on_pick=lambda at: review_choose.pick_drug(str(table["Drug"].iloc[at])) if at is not None else None,
    )  # fmt: skip
    st.caption(
        f"Nearest of {plural(len(found.told.distances), 'drug')} by the components, not by the map. Pairs nearer: "
        "share of all pairs of drugs that look more alike than these two."
    )


def _gallery(shown: Reviewed, found: Phenotype, pictures: Any) -> None:
    wells = found.wells
    asked = set(state.keep("rev_lasso", tuple(state.get("rev_lasso"))))
    mine = wells[wells["well"].isin(asked)]
    if len(mine):
        mine = mine.sort_values(["dss", "name", "well"], ascending=[False, True, True], na_position="last")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        title = f"{plural(len(mine), 'well')} in the lasso" if len(mine) else "How do they look?"
        st.subheader(title, anchor=False, width="content")
        if len(mine):
            st.button("Clear the lasso", type="tertiary", on_click=state.choose, args=("rev_lasso", ()))
    if len(mine):
        words = "Strongest first."
    else:
        mine = _alike(shown, found)
        words = (
            "The chosen drug, what looks most like it, then controls. Switch the lasso on and draw around points to "
            "see those instead."
        )
    if not pictures:
        st.caption("The images of this screen are not there any more: import it again with them to see its wells.")
    review_gallery.gallery(mine, pictures, "phenotype_gallery", shown.well)
    st.caption(f"{words} As the network sees them, one contrast for all; click a well to open it.")


def _alike(shown: Reviewed, found: Phenotype) -> pd.DataFrame:
    """Wells of the chosen drug and of those that look like it, and some controls."""
    wells, distances = found.wells, found.told.distances
    near = list(nearest_drugs(distances, shown.drug, LIKE)["drug"]) if shown.drug in distances.index else []
    names = [one for one in (shown.drug, *near) if one]
    place = {name: at for at, name in enumerate(names)}
    drugs = wells[(wells["well_type"] == "therapy") & wells["treatment"].isin(names) & (wells["addon"] == "")]
    drugs = drugs.iloc[drugs["treatment"].map(place).argsort(kind="stable")]
    kinds = [wells[wells["well_type"] == kind].head(CONTROLS_SHOWN) for kind in ("negative", "positive")]
    return pd.concat([drugs, *kinds])
