"""Patient page: the ranked drugs, filtered and searched, beside the drugs that stand out."""

import re
from collections.abc import Iterable

import pandas as pd
import streamlit as st

from dashboard import export, forms, frame, messages, nav, patient_data, patient_detail, patient_receipt, state
from dashboard.patient_session import Opened
from engine.figures.patient import ranking_waterfall
from engine.figures.patient_frames import with_z_interval
from engine.figures.text import MINUS, count, interval, model_name, number, plural, split_name
from engine.patient.types import Ranking
from engine.units import ic50_um

WARNING = "Research use only. Not for treatment decisions."
FILTERS = ("patient_approved", "patient_pathway", "patient_skilled", "patient_inside", "patient_find")
HEIGHT = 436
NAMED = 3  # drugs that measured lines with the same mutation are most sensitive to
LIKE = "Like what was trained on"
ONE_SIDE = 0.9  # share of drugs on one side of z = 0, above which the patient's common shift is said
HELP = {
    "z-score": "Predicted ln(IC50) in standard deviations from the mean of the drug's measured lines. Below 0: more "
    "sensitive than most lines are to this drug. The order of the list, because raw IC50 ranks drugs by potency.",
    "IC50, µM": "Predicted; the dose that halves growth, in µM",
    "90 % interval": "Of the predicted IC50, in µM: nine in ten measurements of unseen pairs lay within such intervals",
    "Percentile": "Share of the drug's measured lines that are at or below the prediction, in %",
    "Nearest lines' z": "Measured z-score of the most similar cell lines, weighted by similarity; no network is asked",
    "Lines mutated alike": "The patient's mutated position or gene whose measured carriers differ most surely from "
    "other lines, the carriers' mean measured z-score and their number: no network is asked. Empty: none differs",
    "Effect vs type": "Predicted ln(IC50) minus the mean of the measured lines of the chosen cancer type, ln µM",
    "Skill": "1 − MSE / MSE of the naive baseline for this drug on lines that the networks had not seen; 0 or below: "
    "no better than knowing the average",
    "Pairs": "Held-out pairs that the skill rests on",
    "Approval": "US Food and Drug Administration; empty: not in the list, which is not the same as not approved",
    LIKE: "Yes: neither the drug's structure nor the patient's mutations lie further from the training data than that "
    "lies from itself. No: extrapolation, trust it less. It says nothing of doses or of what a patient can be given",
    "z over completions": "5th to 95th percentile of z over what genes that were not sequenced may hold",
}


COLUMNS = {
    "drug": "Drug",
    "target": "Target",
    "z_score": "z-score",
    "marker_z": "Lines mutated alike",
    "skill": "Skill",
    "nearest_z": "Nearest lines' z",
    "ic50_um_pred": "IC50, µM",
    "ic50_interval": "90 % interval",
    "n_skill": "Pairs",
    "effect_vs_type": "Effect vs type",
    "percentile": "Percentile",
    "approval": "Approval",
    "like": LIKE,
    "completions": "z over completions",
    "pathway": "Pathway",
    "ln_ic50_pred": "ln(IC50), µM",
    "n_measured": "Measured lines",
}


def show(patient: Opened) -> None:
    """The filters, the table beside the picture, and the drug that was picked."""
    ranking = patient.ranking
    assert ranking is not None
    beware(ranking)
    for told in (shift_words(ranking), measured_words(ranking)):
        if told:
            st.markdown(told)
    shown = _filtered(ranking.table)
    if shown.empty:
        messages.empty("**No drug matches these filters.**")
        st.button("Clear all filters", on_click=state.clear, args=(FILTERS,))
        return
    main_cell, side = frame.main_and_side("patient_ranking")
    with main_cell:
        picked = _table(patient.identity, ranking, shown)
    if picked is not None and picked != state.get("patient_row"):
        state.keep("patient_row", picked)
        state.choose("patient_drug", picked)
    chosen = patient_detail.chosen(shown, ranking.table)
    with side:
        if shown["z_score"].notna().any():
            drawn = with_z_interval(shown, patient_data.predictor(patient.run_id))
            item = ranking_waterfall(drawn, context(ranking), chosen, frame.dark())
            frame.chart(item, "patient_waterfall", (patient.identity, tuple(shown["drug_id"])), on_pick=_pick)
        else:
            messages.empty("**No cell line was measured with these drugs.** They have no z-scores to draw.")
    patient_detail.show(patient, shown, chosen)


def _pick(drug_id: object) -> None:
    state.choose("patient_drug", int(drug_id))  # type: ignore[call-overload]


def context(ranking: Ranking) -> str:
    """What a caption says of the numbers."""
    split = (
        f"skill and intervals from {split_name(ranking.split)}" if ranking.split else "never evaluated on unseen lines"
    )
    return f"{model_name(ranking.model).lower()}, {split}" + (", simulated" if ranking.simulated else "")


def beware(ranking: Ranking) -> None:
    """What must stand beside the numbers: how good the model is for unseen lines, and how far this patient lies."""
    far = [] if ranking.inside else [f":orange-badge[Extrapolation] {messages.plain(ranking.domain)}"]
    if not ranking.split:
        nav.link(
            "models.py", "Evaluate the run on unseen cell lines", ":material/rule:", run=ranking.run_id, tab="Train"
        )
    st.markdown(" ".join(["**How far to trust this.**", skill_words(ranking), *map(_note, ranking.warnings), *far]))


def skill_words(ranking: Ranking) -> str:
    """For how many drugs the model is worth more than its naive baseline; empty where nobody tested it."""
    tested = ranking.table["skill"].dropna()
    if tested.empty:
        return ""
    good = int((tested > 0).sum())
    few = f"Only {count(good)}" if good and good <= len(tested) / 2 else count(good) if good else "None"
    has = "has" if good <= 1 else "have"
    return f"**{few} of {plural(len(tested), 'drug')} {has} skill above 0 on {split_name(ranking.split)}.**"


def shift_words(ranking: Ranking) -> str:
    """That nearly all drugs lie on one side of their measured lines: one shift of the patient's; empty: they do not."""
    z = ranking.table["z_score"].dropna()
    sides = {"sensitive": int((z < 0).sum()), "resistant": int((z > 0).sum())}
    side = max(sides, key=sides.__getitem__)
    if not len(z) or sides[side] <= ONE_SIDE * len(z):
        return ""
    sign = "below" if side == "sensitive" else "above"
    return (
        f"**One common shift.** The model finds this tumour more {side} than the average line to nearly everything (z "
        f"{sign} 0 for {count(sides[side])} of {plural(len(z), 'drug')}): the order of the drugs says more than the "
        "values."
    )


def measured_words(ranking: Ranking) -> str:
    """The drugs to which measured lines mutated where the patient is are most sensitive; empty: there are none.

    The model may rank them low: what it has not learned must not be hidden by its order.
    """
    places = ranking.table.assign(place=range(1, len(ranking.table) + 1))
    found = places[places["marker_z"] < 0].sort_values("marker_z").head(NAMED)
    told = [
        f"**{messages.plain(row.drug)}** ({messages.plain(row.marker)}, mean measured z {number(row.marker_z)}, "
        f"{plural(row.marker_n, 'line')}; the model ranks it {ordinal(row.place)} of {count(len(places))})"
        for row in found.itertuples()
    ]
    if not told:
        return ""
    return (
        "**Measured, no model asked:** cell lines that share a mutated position or gene with this patient are most "
        f"sensitive to {', '.join(told)}."
    )


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd, 4th, ..., 11th."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{count(place)}{ending}"


def _note(text: str) -> str:
    """A note for Markdown, with true minus signs before its numbers."""
    return messages.plain(re.sub(r"(?<!\w)-(?=\d)", MINUS, text))


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key=state.bound("patient_find"), placeholder="Drug or target", width=200)
        state.keep("patient_find", text)
        pathways = sorted(table["pathway"].dropna().unique())
        with st.container(width=270):
            wanted = forms.choose_many("Target pathway", pathways, "patient_pathway")
        with st.container(horizontal=True, vertical_alignment="center", height=38, width="content", border=False):
            approved = _toggle("Approved only", "patient_approved")
            skilled = _toggle("Skill above 0", "patient_skilled")
            inside = _toggle(LIKE, "patient_inside")
    keep = pd.Series(True, index=table.index)
    if wanted:
        keep &= table["pathway"].isin(wanted)
    if approved:
        keep &= table["approved"].fillna(False).astype(bool)
    if skilled:
        keep &= table["skill"] > 0
    if inside:
        keep &= ~table["extrapolation"].fillna(True).astype(bool)
    found = table[keep]
    searched = patient_receipt.matching(found[["drug", "target"]], text or "")
    return found.loc[searched.index]


def _toggle(label: str, name: str) -> bool:
    return bool(state.keep(name, st.toggle(label, key=state.bound(name), help=HELP.get(label))))


def _table(identity: tuple, ranking: Ranking, shown: pd.DataFrame) -> int | None:
    """The table; returns the drug_id of the picked row."""
    whole = len(shown) == len(ranking.table)
    title = plural(len(shown), "drug") if whole else f"{count(len(shown))} of {plural(len(ranking.table), 'drug')}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.badge(WARNING, color="orange", icon=":material/science:")
        export.buttons(download_table(shown), "tumorcast-ranking", key="patient_ranking")
    table = screen_table(shown)
    of = (identity, ranking.run_id, ranking.cancer_type, tuple(shown["drug_id"]))
    columns = {name: st.column_config.Column(help=HELP[name]) for name in table.columns if name in HELP}
    columns["Target"] = st.column_config.Column(width=110)  # px; the detail tells it in full
    alike = {name: alike_words(shown) for name in table.columns if name == COLUMNS["marker_z"]}
    key = f"patient_table_{hash(of)}"
    rows = frame.table(table, key, height=HEIGHT, select=True, shown=alike, missing="", **columns)
    st.caption(
        "Most sensitive first by z-score. Pick a row or an open dot for the evidence behind it; a click "
        "on a heading sorts."
    )
    st.caption(" ".join(_note(note) for note in ranking.notes if note not in ranking.warnings))
    return int(shown["drug_id"].iloc[rows[0]]) if rows else None


def screen_table(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of the ranking that a person reads, the most important first, without those that hold no value."""
    shown = table.assign(
        ic50_interval=_intervals(ic50_um(table["lower"]), ic50_um(table["upper"])),
        completions=_intervals(table["z_low"], table["z_high"]),
        like=_like(table["extrapolation"]),
    )
    told = [name for name in COLUMNS if not (shown[name].isna() | (shown[name].astype(object) == "")).all()]
    if "skill" not in told:
        told.remove("n_skill")
    return shown[told].rename(columns=COLUMNS)


def alike_words(table: pd.DataFrame) -> list[str]:
    """'BRAF:600 −2.42 (n 54)' for every drug; empty where no marker stands out."""
    return [
        "" if pd.isna(row.marker_z) else f"{row.marker} {number(row.marker_z)} (n {count(row.marker_n)})"
        for row in table.itertuples()
    ]


def _like(extrapolation: pd.Series) -> list[str]:
    """Empty where every drug is like the training data, so that the column is left out."""
    far = extrapolation.astype(object)
    if not any(one is True for one in far):
        return [""] * len(far)
    return ["" if pd.isna(one) else "no" if one else "yes" for one in far]


def _intervals(lower: Iterable[float], upper: Iterable[float]) -> list[str]:
    return ["" if pd.isna(low) else interval(low, high) for low, high in zip(lower, upper, strict=True)]


def download_table(table: pd.DataFrame) -> pd.DataFrame:
    """Every column of the ranking, as numbers, under headings with units; the first line says what it is not for."""
    names = {
        "drug_id": "Drug id",
        "drug": "Drug",
        "target": "Target",
        "pathway": "Pathway",
        "approval": "Approval (FDA)",
        "ln_ic50_pred": "Predicted ln(IC50), ln µM",
        "lower": "Lower end of 90 % interval, ln µM",
        "upper": "Upper end of 90 % interval, ln µM",
        "ic50_um_pred": "Predicted IC50, µM",
        "z_score": "z-score",
        "percentile": "Percentile among measured lines",
        "n_measured": "Measured lines",
        "type_mean": "Mean of the cancer type, ln µM",
        "n_type": "Measured lines of the type",
        "effect_vs_type": "Effect vs type, ln µM",
        "nearest_z": "Nearest lines' z, weighted by similarity",
        "nearest_n": "Nearest lines",
        "marker": "Marker",
        "marker_z": "Carriers' mean z",
        "marker_n": "Measured carriers",
        "skill": "Skill",
        "n_skill": "Held-out pairs",
        "extrapolation": "Extrapolation",
        "z_low": "z over completions, 5th percentile",
        "z_high": "z over completions, 95th percentile",
    }
    return table[list(names)].rename(columns=names).assign(Note=WARNING)
