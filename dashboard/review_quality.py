"""Screen review page, tab Quality: can plates and wells be trusted, worst first, each with what can be done."""

import pandas as pd
import streamlit as st

from dashboard import (
    frame,
    messages,
    nav,
    review_choose,
    review_data,
    review_decide,
    review_looks,
    review_maps,
    review_plate_data,
    state,
)
from dashboard.review_choose import Reviewed
from dashboard.screens_quality import ALL, listed
from engine.figures.controls import duplicates, strips
from engine.figures.plate_places import places
from engine.figures.screens import measure_name, modality_name
from engine.figures.text import plural
from engine.spheroid.judged import worst_first
from engine.spheroid.review_types import Target
from engine.spheroid.reviewed_wells import dss_pairs
from engine.spheroid.settings import HIT_DSS

WELLS = 60  # of the ranking; what comes after it is unremarkable
WIDE = {"Well": st.column_config.Column(width=90, pinned=True), "Why": st.column_config.Column(width=330)}
SHORT = 6  # rows of a table that is shown whole
WRAPPED, LONG = 58, 78  # px of a row whose sentences take two lines, or three
VIABILITY, DSS = (0.0, 140.0), (0.0, 50.0)


def show(shown: Reviewed) -> None:
    """What to look at first, maps, controls, replicates, places, and everything ranked."""
    if not shown.modality:
        messages.empty(
            f"**{messages.plain(shown.screen)} has no readout yet**, so nothing can be judged. Train its network, or "
            "import it with its metabolic readouts."
        )
        nav.link("screens.py", "Go to Screens", icon=":material/grid_view:")
        return
    review_looks.show(shown, review_plate_data.looks(shown.screen))
    if review_data.values(shown.screen, shown.modality)["percent_imported"].isna().all():
        st.caption(
            f"No well has a viability by {modality_name(shown.modality).lower()}: its plates lack positive or negative "
            "controls. Maps of raw readouts still work."
        )
    st.subheader("Plates", anchor=False)
    plates = review_maps.show(shown)
    review_maps.well_line(shown, "quality_well", plates)
    _controls(shown)
    _replicates(shown)
    _places(shown, plates)
    _ranked(shown)


def _controls(shown: Reviewed) -> None:
    wells = review_maps.wells_with(shown, "percent")
    if not wells["well_type"].isin(("negative", "positive", "metabolic_positive", "series")).any():
        messages.empty("**No control wells.** The layout names none, so viabilities cannot be judged.")
        return
    chart = strips(wells, review_maps.z_primes(shown), shown.context, shown.well, frame.dark())
    frame.chart(
        chart, "review_controls", view=(shown.screen, shown.modality, shown.well), on_pick=review_choose.pick_well,
        toolbar=False,
    )  # fmt: skip


def _replicates(shown: Reviewed) -> None:
    """Viabilities and scores of duplicates, side by side; a sentence where there are none."""
    pairs = review_plate_data.viability_pairs(shown.screen, shown.modality)
    if pairs.empty:
        st.markdown(":gray[No drug well has a replicate with a viability: how well wells repeat cannot be told.]")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        found = review_plate_data.viability_agreement(shown.screen, shown.modality)
        chart = duplicates(
            pairs, found, "viability", "viability, %", VIABILITY, shown.context, shown.drug, dark=frame.dark()
        )
        frame.chart(chart, "review_duplicates", view=shown.drug, on_pick=review_choose.pick_drug, toolbar=False)
    with right:
        scored = dss_pairs(shown.scores)
        if scored.empty:
            st.subheader("Do replicates agree in DSS?", anchor=False)
            st.caption("This readout is not scored replicate by replicate yet.")
            return
        chart = duplicates(
            scored,
            review_plate_data.dss_agreement(shown.screen, shown.modality),
            "DSS",
            "DSS (asymmetric)",
            DSS,
            shown.context,
            shown.drug,
            HIT_DSS,
            frame.dark(),
        )
        frame.chart(chart, "review_dss_pairs", view=shown.drug, on_pick=review_choose.pick_drug, toolbar=False)


def _places(shown: Reviewed, plates: list[str]) -> None:
    """Rows and columns of one plate: the chosen one, or the worst of those on the maps."""
    chosen = state.get("rev_plate")
    counted = [one for one in plates if review_maps.plate_left_out(shown, one) is None]
    plate = chosen if chosen in plates else review_maps.worst_first(shown, counted or plates)[0]
    gone = review_maps.plate_left_out(shown, plate)
    if gone is not None:
        st.subheader(f"Does the place on {messages.plain(plate)} matter?", anchor=False)
        told = messages.plain(review_maps.left_out_words(gone, with_reason=True))
        st.markdown(f":gray[:material/close: {told}: it is judged no more.]")
        return
    verdicts = review_data.verdicts(shown.screen)
    mine = verdicts[(verdicts["modality"] == shown.modality) & (verdicts["plate"] == plate)].set_index("measure")
    edge = str(mine.loc["edge_effect", "reason"]) if "edge_effect" in mine.index else ""
    found = review_plate_data.placed(shown.screen, shown.modality, (plate,))
    chart = places(found, plate, edge, shown.context, frame.dark())
    frame.chart(chart, "review_places", view=(shown.screen, shown.modality, plate), toolbar=False)


def _ranked(shown: Reviewed) -> None:
    """Verdicts of plates and single wells, worst first; a row leads to its plate or well."""
    verdicts = review_data.verdicts(shown.screen)
    mine = verdicts[verdicts["modality"] == shown.modality]
    gone = [plate for plate in review_maps.plates_of(shown) if review_maps.plate_left_out(shown, plate)]
    rows = worst_first(mine[(mine["verdict"] != "good") & ~mine["plate"].isin(gone)])  # nothing is left to judge there
    st.subheader("Plates ranked", anchor=False)
    for plate in gone:
        entry = review_maps.plate_left_out(shown, plate)
        told = review_maps.left_out_words(entry, with_reason=True) if entry else ""
        st.markdown(
            f":gray[:material/close: **{messages.plain(plate)}** {messages.plain(told)}: it is judged no more.]"
        )
    if mine.empty:
        st.caption(f"Not judged by {modality_name(shown.modality).lower()} yet: every scoring judges.")
    elif rows.empty:
        st.markdown(f":material/check_circle: All {len(mine)} measures are good by {messages.plain(shown.context)}.")
    else:
        chosen = frame.table(
            listed(rows),
            key=f"review_verdicts_{hash((shown.screen, shown.modality, len(rows)))}",
            height=360 if len(rows) > SHORT else "content",
            select=True,
            row_height=LONG,
            Measure=st.column_config.Column(width=110),  # px; they grow where there is room
            Value=st.column_config.Column(width=60),
            Verdict=st.column_config.Column(width=70),
            Reason=st.column_config.Column(width=300),
        )
        if chosen:
            row = rows.iloc[chosen[0]]
            where = str(row["plate"]) or ALL
            told = f"**{messages.plain(where)}, {messages.plain(measure_name(row['measure']))}.**"
            st.markdown(f"{told} {messages.plain(row['reason'])}")
        if chosen and rows["plate"].iloc[chosen[0]]:
            plate = str(rows["plate"].iloc[chosen[0]])
            with st.container(horizontal=True):
                st.button(
                    f"See {messages.plain(plate)}",
                    key="ranked_see_plate",
                    on_click=review_looks.see_plate,
                    args=(plate,),
                )
                review_decide.offer(shown, Target("plate", plate=plate), "ranked_plate")
        else:
            st.caption("Tick a row to see its plate or to leave it out.")
    _ranked_wells(shown)


def _ranked_wells(shown: Reviewed) -> None:
    ranked = review_plate_data.ranked(shown.screen, shown.modality).head(WELLS)
    st.subheader("Wells ranked", anchor=False)
    names = list(review_choose.well_names(ranked))
    odd = review_maps.reasons(shown)
    table = pd.DataFrame(
        {
            "Well": names,
            "Why": [
                str(reason).partition(": ")[2] or odd.get(name, "")
                for name, reason in zip(names, ranked["reason"], strict=True)
            ],
            "Kind": ranked["well_type"].str.replace("_", " "), "Treatment": ranked["treatment"],
            "Dose, nM": ranked["conc_nm"].astype(float), "Viability, %": ranked["percent"].astype(float),
            "Beyond neighbours, points": ranked["deviation"].astype(float), "Times the noise": ranked["z"].abs(),
        }
    )  # fmt: skip

    def pick(at: int | None) -> None:
        if at is not None:
            review_choose.pick_well(names[at])

    frame.table(
        table, key="review_ranked_wells", height=340, on_pick=pick, row_height=WRAPPED,
        ticked=names.index(shown.well) if shown.well in names else None, **WIDE,
    )  # fmt: skip
    suspect = int(ranked["suspect"].sum())
    elsewhere = len(set(odd) - {name for name, bad in zip(names, ranked["suspect"], strict=True) if bad})
    st.caption(
        f"{suspect} of these {len(names)} wells {'is' if suspect == 1 else 'are'} unlike replicates and neighbouring "
        f"doses by {messages.plain(shown.context)}; the others follow by how far they lie beyond them."
        + (f" {plural(elsewhere, 'well')} more should be looked at for another reason, or by another readout: see "
           "above." if elsewhere else "")
        + " Tick a row to choose the well."
    )  # fmt: skip
    if shown.well in names:
        review_maps.well_line(shown, "ranked_well")
