"""Screen review page: pairs of hits that kill in different ways, with both curves and images side by side."""

from collections.abc import Mapping
from html import escape

import pandas as pd
import streamlit as st

from dashboard import frame, messages, review_choose, review_data, review_drugs, review_map_data, state
from dashboard.review_choose import Reviewed
from dashboard.review_map_data import Phenotype
from engine.figures.complementary_words import no_pairs_words
from engine.figures.curve_panels import POOLED, Panel
from engine.figures.phenotypes import CONTROLS
from engine.figures.screen_drug import drug_chart
from engine.figures.screens import modality_words
from engine.figures.text import cut, number
from engine.spheroid.hits import hit_rows
from engine.spheroid.phenotype_relations import pooled_dss

PIXELS, CONTROL_PX = 112, 84
ALIKE = 0.65  # AUC of replicates against random pairs from which drugs are worth comparing; chosen here
SHOWN_CONTROLS = {"negative": 3, "positive": 3, "metabolic_positive": 1}  # as the paper's Figure 16
KNOWN = {
    "measured": ("Measured together", "This screen combined the two: dcDSS is what the addition gained."),
    "suggested": ("Suggested, not measured", "An idea to test, not a result: this screen has not combined them."),
}


def show(shown: Reviewed, found: Phenotype) -> None:
    """The pairs that were measured, those that are only suggested, and the chosen one close up."""
    st.subheader("Which hits kill in different ways?", anchor=False)
    pairs = found.told.pairs
    if pairs.empty:
        st.markdown(no_pairs_words(found.told, pooled_dss(found.scores), found.looked.modality))
        return
    st.caption(
        "Hits that lie further apart than most pairs of drugs. That can also mean that one leaves more alive than the "
        "other at its highest dose: the curves tell."
    )
    if not found.told.replicates.auc >= ALIKE:
        st.warning(
            "By this network replicates hardly look alike, or are not there to compare: what sets two drugs apart here "
            "may be chance.", icon=":material/warning:",
        )  # fmt: skip
    names = (pairs["drug"] + "|" + pairs["other"]).tolist()
    asked = state.get("rev_pair")
    pair = state.keep("rev_pair", asked if asked in names else names[0], default=names[0])
    for status, (title, words) in KNOWN.items():
        mine = pairs[pairs["status"] == status]
        if len(mine):
            _table(shown, found, mine, status, f"**{title}.** {words}", pair)
    _pair(shown, found, pairs[[name == pair for name in names]].iloc[0])


def _table(shown: Reviewed, found: Phenotype, mine: pd.DataFrame, status: str, words: str, pair: str) -> None:
    st.markdown(words)
    columns = {
        "Drug": mine["drug"],
        "With": mine["other"],
        "Pairs more alike, %": 100 * mine["share"],
        "DSS of the drug": mine["dss"],
        "DSS of the other": mine["other_dss"],
    }
    if status == "measured":
        columns["dcDSS"] = mine["dcdss"]
    table = pd.DataFrame({**columns, "Why": mine["reason"]}).reset_index(drop=True)
    names = (mine["drug"] + "|" + mine["other"]).tolist()
    frame.table(
        table,
        key=f"phenotype_pairs_{status}_{hash((shown.screen, found.looked.run_id))}",
        height=min(250, 38 + 35 * len(table)),
        on_pick=lambda at: state.choose("rev_pair", names[at]) if at is not None else None,
        ticked=names.index(pair) if pair in names else None,
    )


def _pair(shown: Reviewed, found: Phenotype, pair: pd.Series) -> None:
    """Both curves with the images of their dilution series, and the controls: the paper's Figure 16."""
    drugs = [str(pair["drug"]), str(pair["other"])]
    st.subheader(messages.plain(f"{cut(drugs[0])} beside {cut(drugs[1])}"), anchor=False)
    st.markdown(messages.plain(pair["reason"]))
    values = review_data.values(shown.screen, found.looked.modality)
    drawn = {panel.drug: panel for panel in _panels(shown, found, drugs)}
    own = values[(values["well_type"] == "therapy") & values["treatment"].isin(drugs) & (values["addon"] == "")]
    controls = pd.concat([_controls(values, kind, n) for kind, n in SHOWN_CONTROLS.items()])
    pictures = review_map_data.pictures(shown, pd.concat([own, controls]), PIXELS)
    made = ", simulated data" if shown.simulated else ""
    context = f"{shown.screen}, {modality_words(found.looked.modality)}, all replicates together{made}"
    with st.grid(2, min_column_width=420, gap="medium"):
        for side, drug in enumerate(drugs):
            with st.container():
                if drug in drawn:
                    panel = drawn[drug]
                    mine = {well: pictures[well] for well in panel.points["well"] if well in pictures}
                    frame.chart(
                        drug_chart(panel, (), mine if pictures else None, shown.well, context, frame.dark()),
                        f"phenotype_pair_{side}", (shown.screen, drug, found.looked.run_id), on_pick=_pick,
                    )  # fmt: skip
    if pictures:
        st.html(_strip(controls, pictures))
        st.caption("Controls with the contrast of the images above: untouched spheroids and full kill.")


def _panels(shown: Reviewed, found: Phenotype, drugs: list[str]) -> list[Panel]:
    scores = found.scores[found.scores["drug"].isin(drugs) & (found.scores["addon"] == "")]
    curves = review_data.curves(shown.screen, found.looked.modality)
    rows = hit_rows(scores, curves, review_data.drug_classes(shown.screen), POOLED, scores.head(0))
    return review_drugs.panels_of(shown, rows, found.looked.modality, POOLED)


def _pick(at: list) -> None:
    review_choose.pick_well(str(at[1]))


def _controls(values: pd.DataFrame, kind: str, n: int) -> pd.DataFrame:
    """Some controls of a kind that count."""
    return values[(values["well_type"] == kind) & ~values["left_out"]].head(n)


def _strip(controls: pd.DataFrame, pictures: Mapping[str, str]) -> str:
    cells = []
    for well, kind, drug, dose in zip(
        review_choose.well_names(controls), controls["well_type"], controls["treatment"], controls["conc_nm"],
        strict=True,
    ):  # fmt: skip
        if well in pictures:
            words = drug or CONTROLS[kind][0]
            words += f" {number(dose)} nM" if pd.notna(dose) and dose > 0 else ""
            cells.append(
                f'<figure style="margin: 0; width: {CONTROL_PX}px;"><img src="{pictures[well]}" width="{CONTROL_PX}" '
                f'alt="{escape(CONTROLS[kind][0])} {well}" style="border-radius: 4px;"><figcaption style="font-size: '
                f'0.8rem; line-height: 1.25; overflow-wrap: anywhere;">{escape(words)}<br>{well}</figcaption></figure>'
            )
    return f'<div style="display: flex; flex-wrap: wrap; gap: 0.6rem;">{"".join(cells)}</div>'
