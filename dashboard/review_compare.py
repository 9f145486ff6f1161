"""Screen review page: one readout against another, one screen against another, and all screens at once."""

import streamlit as st

from dashboard import (
    forms,
    frame,
    messages,
    review_choose,
    review_combinations,
    review_data,
    review_heatmap,
    review_map_data,
    state,
)
from dashboard.review_choose import Reviewed
from engine.figures.screen_compare import agreement_words, mismatch_words, score_scatter, score_table
from engine.figures.screens import modality_name, modality_words
from engine.figures.text import count, plural
from engine.spheroid.hits import of_replicate
from engine.spheroid.score_compare import Compared, compared
from engine.spheroid.settings import HIT_DSS, MODALITY_ALIASES

KINDS = {"image": "images", "mos": "mean of stack", "metabolic": "metabolic"}


def show(shown: Reviewed) -> None:
    """What additions change, both scatters side by side, each with what differs, and the heatmap below."""
    review_combinations.show(shown)
    with st.grid(2, min_column_width=440, gap="medium"):
        with st.container():
            _readouts(shown)
        with st.container():
            _screens(shown)
    review_heatmap.show(shown)


def _readouts(shown: Reviewed) -> None:
    others = [one for one in shown.scored if one != shown.modality]
    if shown.modality not in shown.scored or not others:
        st.subheader("Do two readouts agree?", anchor=False)
        scored = ", ".join(modality_words(one) for one in shown.scored) or "none"
        messages.empty(
            f"**It takes two scored readouts; this screen has: {scored}.** Score another one to see where the two "
            "disagree.",
            page="screens.py", label="Score on the Screens page",
        )  # fmt: skip
        return
    # Images beside metabolism is the comparison of the paper; two phases of one kind come last.
    best = ("metabolic", *MODALITY_ALIASES["image"], "mos")
    others.sort(key=lambda one: (_kind(one) == _kind(shown.modality), best.index(one)))
    beside = forms.choose("Beside", others, "rev_beside", modality_name, width=220)
    found = compared(
        of_replicate(shown.scores, shown.replicate),
        of_replicate(review_data.scores(shown.screen, beside), shown.replicate),
    )
    names = (_word(shown.modality, beside), _word(beside, shown.modality))
    imaging = {_kind(shown.modality), _kind(beside)} == {"image", "metabolic"}
    question = "Do images and metabolism agree?" if imaging else f"Do {names[0]} and {names[1]} agree?"
    _scatter(shown, found, names, question, "compare_readouts", (shown.screen, shown.modality, beside, shown.replicate))


def _kind(modality: str) -> str:
    return "image" if modality.startswith("image") else modality


def _word(modality: str, other: str) -> str:
    """Short where that tells the two apart: images; of two phases the phase too."""
    return modality_words(modality) if _kind(modality) == _kind(other) else KINDS[_kind(modality)]


def _scatter(
    shown: Reviewed, found: Compared, names: tuple[str, str], question: str, key: str, view: tuple[str, ...]
) -> None:
    if not found.n:
        st.subheader(question, anchor=False)
        messages.empty(f"**No drug was scored by both.** {_alone(found, names)}")
        return
    replicate = "" if shown.replicate == "pooled" else f", replicate {shown.replicate}"
    made = ", simulated data" if shown.simulated else ""
    mismatches = messages.plain(mismatch_words(found, names))
    frame.chart(
        score_scatter(found, names, question, f"{shown.screen}{replicate}{made}", shown.drug, frame.dark()), key, view,
        lead=f"{messages.plain(agreement_words(found))} {mismatches}{_inactive(found)}",
        on_pick=lambda drug: _pick(shown, str(drug)),
    )  # fmt: skip


def _pick(shown: Reviewed, name: str) -> None:
    """The drug of a point; of a combination the drug without what was added."""
    drugs = set(shown.scores["drug"])
    review_choose.pick_drug(name if name in drugs else name.rpartition(" + ")[0])


def _inactive(found: Compared) -> str:
    if (found.rows["verdict"] == "neither").all():
        return f" All {count(found.n)} drugs are inactive in both: none reaches a DSS of {HIT_DSS:g}."
    return ""


def _alone(found: Compared, names: tuple[str, str]) -> str:
    return (
        f"{plural(len(found.alone_first), 'drug')} by {messages.plain(names[0])} only, "
        f"{plural(len(found.alone_second), 'drug')} by {messages.plain(names[1])} only."
    )


def _screens(shown: Reviewed) -> None:
    question = "What differs from another screen?"
    scores = review_map_data.all_scores()
    scores = scores[scores["modality"] == shown.modality]
    mine = set(scores.loc[scores["screen"] == shown.screen, "drug"])
    others = scores[scores["screen"] != shown.screen]
    if not mine or others.empty:
        st.subheader(question, anchor=False)
        name = modality_words(shown.modality) if shown.modality else "any readout"
        what = "No other screen" if mine else "This screen"
        has = "is" if mine else "is not"
        messages.empty(
            f"**{what} {has} scored by {name}.** Two screens are compared by the same readout: choose another readout "
            "above, or score it.",
            page="screens.py", label="Score on the Screens page",
        )  # fmt: skip
        return
    common = others[others["drug"].isin(mine)].groupby("screen")["drug"].nunique()
    names = sorted(others["screen"].unique(), key=lambda one: (-int(common.get(one, 0)), one))
    other = forms.choose(
        "Other screen", names, "rev_other", lambda one: f"{one} ({plural(int(common.get(one, 0)), 'common drug')})",
        width=340,
    )  # fmt: skip
    here, there = (scores[scores["screen"] == one] for one in (shown.screen, other))
    found = compared(here, there)
    pair = (shown.screen, str(other))
    _scatter_of_screens(shown, found, pair, question)


def _scatter_of_screens(shown: Reviewed, found: Compared, names: tuple[str, str], question: str) -> None:
    if not found.n:
        st.subheader(question, anchor=False)
        messages.empty(f"**The two screens have no drug in common that both scored.** {_alone(found, names)}")
        return
    made = ", simulated data" if shown.simulated else ""
    context = f"{modality_words(shown.modality)}, all replicates together{made}"
    frame.chart(
        score_scatter(found, names, question, context, shown.drug, frame.dark()),
        "compare_screens", (shown.modality, *names),
        lead=f"{messages.plain(agreement_words(found))} {messages.plain(mismatch_words(found, names))}"
        f"{_inactive(found)}",
        on_pick=lambda drug: review_choose.pick_drug(str(drug)),
    )  # fmt: skip
    with st.expander(f"All {plural(found.n, 'common drug')}, the largest difference first"):
        table = score_table(found, names)
        frame.table(
            table, key=f"compare_differences_{hash((shown.modality, *names))}", height=300,
            on_pick=lambda at: state.choose("rev_drug", str(table["Drug"].iloc[at])) if at is not None else None,
        )  # fmt: skip
