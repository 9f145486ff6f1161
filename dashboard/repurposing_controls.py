"""Repurposing page: how far approved indications are found again, beside what is found without any model."""

import pandas as pd
import streamlit as st

from dashboard import export, frame, messages
from dashboard.repurposing_data import Analysis, about
from engine.figures.text import chance, count, number
from engine.response.repurpose_controls import FEWEST_MEASURED
from engine.response.repurpose_words import (
    ALL,
    CRITERIA,
    ENRICHED,
    FALSE_DISCOVERIES,
    NEW,
    RULE,
    SELECTIVE,
    SELECTIVE_BELOW,
    ceiling,
)

NAMES = {
    RULE: "Rule: a sensitive type",
    SELECTIVE: f"Selectivity below {number(SELECTIVE_BELOW, 1)} sd",
    ENRICHED: f"Enrichment, q < {FALSE_DISCOVERIES:g}",
}
WHICH = {ALL: "All drugs", NEW: "Not trained on"}


def show(of: Analysis) -> None:
    """One table of what is found, one sentence of what could be, and every case with why it was missed."""
    told = of.controls
    if told.pairs.empty:
        return
    place = st.expander("Are approved indications found again?", key="repurposing_controls_box", on_change="rerun")
    if not place.open:
        return
    with place:
        found = found_table(told.table)
        frame.table(found, "repurposing_controls_found", **{"Of": st.column_config.Column(width=140)})
        words = ceiling(told.table, of.thresholds)
        if words:
            st.markdown(messages.plain(words))
        table = case_table(of)
        needed = f"{'more than' if of.thresholds.more_than else 'at least'} {100 * of.thresholds.type_share:.3g} %"
        words = f"The rule needs {needed} of the type's lines; measured values are judged from {FEWEST_MEASURED} on"
        wide = {"Why not": st.column_config.Column(width=420, help=words)}
        frame.table(table, "repurposing_controls", height=260, missing="not measured", **wide)
        export.buttons(table, "tumorcast-approved-indications", key="repurposing_controls_file", about=about(of))


def found_table(table: pd.DataFrame) -> pd.DataFrame:
    """Criterion, which drugs, and how many indications are found, by chance and by the naive ranking, with p.

    table: as `Controls` has it; drugs that the run was not trained on stand apart where there are any.
    """
    rows = table.astype(object).set_index(["group", "criterion"])
    kept = [group for group in WHICH if rows.loc[(group, RULE), "controls"]]
    return pd.DataFrame(
        [
            {
                "Found by": NAMES[criterion],
                "Of": f"{WHICH[group]} ({count(row['controls'])})",
                "Found": int(row["recovered"]),
                "By chance": float(row["expected"]),
                "p": chance(float(row["p_chance"])),
                "Naive ranking": "not measured" if pd.isna(row["naive"]) else count(row["naive"]),
            }
            for criterion in CRITERIA
            for group in kept
            for row in [rows.loc[(group, criterion)]]
        ]
    )


def case_table(of: Analysis) -> pd.DataFrame:
    """Every approved indication, whether the rule finds it, and why not."""
    pairs = of.controls.pairs
    names = dict(zip(of.screen.molecules["molecule_id"], of.screen.molecules["name"], strict=True))
    return pd.DataFrame(
        {
            "Drug": pairs["molecule_id"].map(names),
            "Approved type": pairs["cancer_type"],
            "Recovered": pairs["sensitive"].map({True: "yes", False: "no"}),
            "Why not": pairs["why_not"],
            "Sensitive, % of lines": 100 * pairs["share"].astype(float),
            "Selectivity, sd": pairs["selectivity"].astype(float),
            "Rank among types": pairs["rank"],
            "Measured lines": pairs["measured_lines"],
            "Measured sensitive, %": 100 * pairs["measured_share"].astype(float),
            "Seen in training": pairs["group"],
        }
    )
