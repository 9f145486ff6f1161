"""Screen review page: pictures of wells beside the pointer on a chart, and side by side to click."""

import json
from collections.abc import Mapping
from html import escape

import pandas as pd
import streamlit as st

from dashboard import messages, review_choose
from engine.figures.phenotypes import CONTROLS
from engine.figures.text import number

AT_ONCE = 36
SIDE_PX = 76
# Plotly's own labels hold no pictures. One box for all charts follows the pointer; a chart is found by the class of the
# container that its key gives it, and asked again and again because Streamlit may draw it anew.
SCRIPT = """
<script>
window.tumorcastPictures = window.tumorcastPictures || {};
window.tumorcastPictures[%(key)s] = %(pictures)s;
if (!window.tumorcastPointer) {
    window.tumorcastPointer = true;
    const box = document.createElement("img");
    box.alt = "";
    box.className = "tc-hover-picture";
    box.style.cssText = "position:fixed;display:none;pointer-events:none;z-index:100000;width:128px;height:128px;" +
        "border-radius:6px;border:2px solid #e07b1a;background:#000;";
    document.body.append(box);
    const hide = () => { box.style.display = "none"; };
    const look = (pictures) => (event) => {
        const picture = pictures()[event.points[0] && event.points[0].customdata], at = event.event;
        if (!picture || !at) return hide();
        box.src = picture;
        box.style.left = Math.min(at.clientX + 18, window.innerWidth - 140) + "px";
        box.style.top = (at.clientY > 170 ? at.clientY - 156 : at.clientY + 40) + "px";
        box.style.display = "block";
    };
    window.setInterval(() => {
        for (const key of Object.keys(window.tumorcastPictures)) {
            for (const chart of document.querySelectorAll(`[class*="st-key-${key}"] .js-plotly-plot`)) {
                if (!chart.on || !chart._ev || chart._ev.tumorcast) continue;
                chart._ev.tumorcast = true;
                chart.on("plotly_hover", look(() => window.tumorcastPictures[key]));
                chart.on("plotly_unhover", hide);
            }
        }
        if (!document.querySelector(".js-plotly-plot:hover")) hide();
    }, 300);
}
</script>
"""


def on_hover(key: str, pictures: Mapping[str, str]) -> None:
    """Show the picture of the well under the pointer. key: of a chart whose points have the well as customdata."""
    safe = {name: json.dumps(dict(value) if isinstance(value, Mapping) else value).replace("</", "<\\/")
            for name, value in (("key", key), ("pictures", pictures))}  # fmt: skip
    st.html(SCRIPT % safe, unsafe_allow_javascript=True)


def gallery(wells: pd.DataFrame, pictures: Mapping[str, str], key: str, chosen: str = "") -> None:
    """Pictures with drug, dose and DSS; a click opens the well. wells: rows of `MapView.wells`, in their order."""
    with st.grid(9, min_column_width=104, gap="small"):
        for well in wells.head(AT_ONCE).itertuples():
            with st.container(gap=None):
                st.html(_picture(well, pictures.get(well.well, ""), well.well == chosen))
                st.button(
                    messages.plain(well.well), key=f"{key}_{well.well}", type="tertiary", on_click=open_well,
                    args=(well.well,), help="Open it under Wells",
                )  # fmt: skip
    if len(wells) > AT_ONCE:
        st.caption(f"The first {AT_ONCE} of {len(wells):,} wells: draw around fewer to see the others.")


def open_well(well: str) -> None:
    """The well in the Wells tab; for on_click."""
    review_choose.pick_well(well)
    review_choose.go("Wells")


def what(well) -> str:
    """Drug or control, in words. well: a row of `MapView.wells`."""
    return str(well.name or CONTROLS.get(well.well_type, (str(well.well_type).replace("_", " "),))[0])


def _picture(well, picture: str, chosen: bool) -> str:
    name = what(well)
    dose = f"{number(well.conc_nm)} nM" if pd.notna(well.conc_nm) else ""
    score = f"DSS {number(well.dss)}" if pd.notna(well.dss) else ""
    facts = "<br>".join(escape(one) for one in (dose, score, "excluded" if well.left_out else "") if one)
    edge = "outline: 3px solid #e07b1a;" if chosen else ""
    image = (
        f'<img src="{picture}" alt="{escape(name)}, {escape(dose)}" width="{SIDE_PX}" height="{SIDE_PX}" '
        f'style="border-radius: 4px; {edge}">'
        if picture
        else f'<div style="width: {SIDE_PX}px; height: {SIDE_PX}px; border: 1px dashed currentColor; '
        "border-radius: 4px; display: flex; align-items: center; justify-content: center; "
        'font-size: 0.75rem;">no image</div>'
    )
    return (
        f'{image}<div style="font-size: 0.8rem; line-height: 1.25; min-height: 3.75em; margin-bottom: -0.6rem; '
        'overflow-wrap: anywhere;">'
        f"<b>{escape(name)}</b><br>{facts}</div>"
    )
