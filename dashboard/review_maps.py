"""Screen review page: plate maps of any value, and the chosen well in a line below them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import forms, frame, messages, review_choose, review_data, review_decide, review_plate_data, state
from dashboard.review_choose import Reviewed
from engine.figures.plates import EXPLAINED, VALUES, plate_map, span
from engine.figures.screens import SEPARATION, modality_name
from engine.figures.text import number, plural
from engine.spheroid.exclusions import concerning, covered_by
from engine.spheroid.plate import plate_order
from engine.spheroid.review_types import Entry, Target

MOST = 6  # maps side by side; a screen of more plates shows its worst
SHORT = {"percent": "Viability", "raw": "Raw", "residual": "Residual", "deviation": "Deviation", "layout": "Layout"}


def reasons(shown: Reviewed) -> dict[str, str]:
    """Well -> what is wrong with it, by all readouts; wells that are fine are not there."""
    looks = review_plate_data.looks(shown.screen)
    found = {one.target.name: one.reason for one in looks if one.kind in ("control", "well")}
    ranked = review_plate_data.ranked(shown.screen, shown.modality)
    odd = ranked[ranked["suspect"]]
    for name, reason in zip(review_choose.well_names(odd), odd["reason"], strict=True):
        found.setdefault(name, str(reason))
    return found


def z_primes(shown: Reviewed) -> pd.DataFrame:
    """plate, value, verdict, reason of Z' by the readout looked at, a row a plate that is judged."""
    found = review_data.verdicts(shown.screen)
    mine = found[(found["modality"] == shown.modality) & (found["measure"] == "z_prime") & (found["plate"] != "")]
    return mine[["plate", "value", "verdict", "reason"]].reset_index(drop=True)


def plates_of(shown: Reviewed) -> list[str]:
    """All plates that hold something, by name."""
    held = shown.wells[shown.wells["well_type"] != "empty"]
    return sorted(held["plate"].astype(str).unique(), key=plate_order)


def worst_first(shown: Reviewed, plates: Sequence[str]) -> list[str]:
    """Plates by what is found on them, then by Z'."""
    order = [one.target.plate for one in review_plate_data.looks(shown.screen) if one.kind == "plate"]
    z = z_primes(shown).set_index("plate")["value"].to_dict()
    return sorted(
        plates, key=lambda one: (order.index(one) if one in order else len(order), z.get(one, 9.0), plate_order(one))
    )


def the_plate(shown: Reviewed, plates: Sequence[str], **more: Any) -> str:
    """The plate looked at; the worst where none is chosen."""
    worst = worst_first(shown, plates)
    key = state.bound("rev_plate", list(plates), worst[0])
    st.session_state.setdefault(key, worst[0])
    plate = st.selectbox("Plate", list(plates), key=key, width=130, label_visibility="collapsed", **more)
    return str(state.keep("rev_plate", plate, default=worst[0]))


def wells_with(shown: Reviewed, value: str, plates: Sequence[str] = ()) -> pd.DataFrame:
    """Every well with the value, left_out and reason; residuals of these plates alone."""
    wells = review_data.values(shown.screen, shown.modality)
    if value == "residual":
        wells = review_plate_data.placed(shown.screen, shown.modality, tuple(plates))
    elif value == "deviation":
        ranked = review_plate_data.ranked(shown.screen, shown.modality)
        wells = wells.merge(ranked[["plate", "row", "column", "deviation"]], on=["plate", "row", "column"], how="left")
    elif value in ("percent", "raw"):
        # What is left out is crossed, not hidden: its colour is that of its value as imported.
        wells = wells.assign(**{value: wells[value].where(~wells["left_out"], wells[f"{value}_imported"])})
    odd = reasons(shown)
    return wells.assign(reason=[odd.get(name, "") for name in review_choose.well_names(wells)])


def show(shown: Reviewed) -> list[str]:
    """The controls and the maps; returns the plates shown."""
    plates = plates_of(shown)
    with st.container(horizontal=True, vertical_alignment="center"):
        value = forms.choose_one("What the maps show", list(VALUES), "rev_value", SHORT.__getitem__)
        several = len(plates) > 1
        together = several and st.toggle("All plates", key=state.bound("rev_plates"))
        if several:
            state.keep("rev_plates", together)
        plate = plates[0] if not several else "" if together else the_plate(shown, plates)
    drawn = [plate] if plate else plates
    if len(drawn) > MOST:
        drawn = sorted(worst_first(shown, plates)[:MOST], key=plate_order)
        st.caption(f"The worst {MOST} of {len(plates)} plates; turn All plates off to choose another.")
    _maps(shown, drawn, value)
    return drawn


def _maps(shown: Reviewed, plates: Sequence[str], value: str) -> None:
    wells = wells_with(shown, value, plates)
    marks = None if value == "layout" else span(wells[wells["plate"].isin(plates)], value)
    judged = z_primes(shown).set_index("plate").to_dict("index")
    held = shown.wells.loc[shown.wells["well_type"] != "empty", "column"]
    columns = int(held.max() - held.min()) + 1
    with st.grid(len(plates), min_column_width=max(230, 40 + 14 * columns), gap="medium"):
        for plate in plates:
            with st.container():
                one_map(shown, wells, plate, value, judged.get(plate), marks, f"review_map_{plate}")
    odd = len(reasons(shown))
    ringed = f"Ringed red: {plural(odd, 'well')} that should be looked at; crossed" if odd else "Crossed"
    st.caption(
        f"{_explained(wells, value)}. Click a well to look at it. {ringed}: left out; framed red: the controls do not "
        "separate."
    )


def _explained(wells: pd.DataFrame, value: str) -> str:
    both = wells[wells["raw"].notna() & wells["percent"].notna()]
    if value == "percent" and len(both) and (both["raw"] == both["percent"]).all():
        return "Viability as it came in percent, not held against controls"
    return EXPLAINED[value]


def one_map(
    shown: Reviewed, wells: pd.DataFrame, plate: str, value: str, judged: Mapping[str, Any] | None,
    marks: tuple[float, float] | None, key: str, pick: Callable[[str], None] = review_choose.pick_well,
) -> None:  # fmt: skip
    """One plate's map. judged: value and verdict of its Z', None where it is not judged."""
    told = f"{shown.context}."
    gone = plate_left_out(shown, plate)
    if gone or wells.loc[wells["plate"] == plate, "left_out"].all():
        judged = None
    if gone:
        told = f"{left_out_words(gone, with_reason=True)}; {told}"
    if judged:
        means = f", {SEPARATION[judged['verdict']]}" if judged["verdict"] != "unknown" else ""
        told = f"Z' {number(float(judged['value']))}{means}; {told}"
    failed = bool(judged) and judged["verdict"] == "bad"  # type: ignore[index]
    chart = plate_map(wells, plate, value, told, shown.well, marks, failed, frame.dark())
    frame.chart(chart, key, view=(shown.screen, shown.modality, value, shown.well), on_pick=pick, toolbar=False)


def plate_left_out(shown: Reviewed, plate: str) -> Entry | None:
    """The decision by which a plate is left out of the readout looked at; None where it counts."""
    found = [
        entry
        for entry in concerning(shown.state.excluded, shown.modality)
        if entry.target.kind == "plate" and entry.target.plate == plate
    ]
    return found[-1] if found else None


def well_left_out(shown: Reviewed, well: str) -> Entry | None:
    """The decision by which a well is left out of the readout looked at; None where it counts."""
    mine = shown.wells[review_choose.well_names(shown.wells) == well]
    number_ = int(covered_by(mine, shown.state.excluded, shown.modality).max()) if len(mine) else 0
    return next((entry for entry in shown.state.excluded if entry.entry == number_), None)


def left_out_words(entry: Entry, with_reason: bool = False) -> str:
    """Left out by Ada; or Left out by Ada (dust)."""
    return f"Left out by {entry.reviewer}" + (f" ({entry.reason})" if with_reason else "")


def target(well: str) -> Target:
    """P1_D05 as a target of a decision."""
    plate, _, place = well.rpartition("_")
    row = place.rstrip("0123456789")
    return Target("well", plate=plate, row=row, column=int(place[len(row) :]))


def content(shown: Reviewed, well: str) -> str:
    """What the well holds, in words."""
    mine = shown.wells[review_choose.well_names(shown.wells) == well].iloc[0]
    kind = str(mine["well_type"]).replace("_", " ")
    parts = [str(mine["treatment"]) if mine["treatment"] else kind]
    if mine["conc_nm"] > 0:
        parts.append(f"{number(float(mine['conc_nm']))} nM")
    if mine["addon"]:
        parts.append(f"with {mine['addon']}")
    if mine["well_type"] == "therapy":
        parts.append(f"replicate {int(mine['replicate'])}")
    elif mine["treatment"]:
        parts.append(f"({kind})")
    return ", ".join(parts).replace(", (", " (")


def by_readout(shown: Reviewed, well: str) -> pd.DataFrame:
    """Readout, Viability, %, Raw, Viability as imported, %, Left out: of one well, a row a readout of the screen."""
    place = target(well)
    rows = []
    for modality in shown.readouts:
        wells = review_data.values(shown.screen, modality)
        is_it = (wells["plate"] == place.plate) & (wells["row"] == place.row) & (wells["column"] == place.column)
        for one in wells[is_it].itertuples():
            rows.append(
                (modality_name(modality), one.percent, one.raw_imported, one.percent_imported,
                 "yes" if one.left_out else "")
            )  # fmt: skip
    columns = ["Readout", "Viability, %", "Raw", "As imported, %", "Left out"]
    return pd.DataFrame(rows, columns=columns).astype({name: float for name in columns[1:4]})


def well_line(shown: Reviewed, key: str, plates: Sequence[str] = ()) -> None:
    """The chosen well in one line: what it holds, its values, a way to its image, the button that leaves it out.

    plates: those that are shown above; a well of another one has no line. None: of any plate.
    """
    if not shown.well:
        st.caption("No well is chosen: click one on a map.")
        return
    if plates and target(shown.well).plate not in plates:
        st.caption(f"No well of {messages.plain(plates[0])} is chosen: click one on the map.")
        return
    values = ", ".join(
        f"{readout.lower()} {'left out' if out else f'{number(viability)} %'}"
        for readout, viability, out in by_readout(shown, shown.well)[
            ["Readout", "Viability, %", "Left out"]
        ].itertuples(index=False)
    )
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(
            f"**{messages.plain(shown.well)}** {messages.plain(content(shown, shown.well))}. "
            f"Viability: {messages.plain(values) or 'none'}.{remark(shown)}",
            width="stretch",
        )
        st.button(
            "Open the well", key=f"{key}_open", icon=":material/visibility:", on_click=review_choose.go, args=("Wells",)
        )
        review_decide.offer(shown, target(shown.well), key)


def remark(shown: Reviewed) -> str:
    """What there is to say of the chosen well, in a line of its own: who left it out, or what is wrong with it."""
    gone = well_left_out(shown, shown.well)
    if gone is not None:
        return f"  \n:gray[:material/close: {messages.plain(left_out_words(gone, with_reason=True))}]"
    why = reasons(shown).get(shown.well, "")
    return f"  \n:red[{messages.plain(why)}]" if why else ""
