"""Screen review page: every decision with its reason, what the exclusions change, and the sign-off."""

import pandas as pd
import streamlit as st

from dashboard import (
    export,
    frame,
    messages,
    review_check,
    review_choose,
    review_data,
    review_decide,
    review_sign,
    state,
)
from dashboard.job_panel import when
from dashboard.review_choose import Reviewed
from engine.figures.review import before_and_after, pooled
from engine.figures.screens import modality_words
from engine.figures.text import plural
from engine.spheroid.review_types import ACTIONS, KINDS, READOUTS, STATUSES, Decision, Target


def show(shown: Reviewed) -> None:
    """What the exclusions change, beside the form and the sign-off; the record below."""
    left, right = frame.main_and_side("decisions")
    with left:
        _effect(shown)
        _in_force(shown)
    with right:
        review_sign.show(shown)
        if shown.state.writable:
            _exclude(shown)
            st.button(
                "Comment", icon=":material/comment:", key="review_comment", on_click=review_decide.open_dialog,
                args=("comment",),
            )  # fmt: skip
    _record(shown)


def dialogs(shown: Reviewed) -> None:
    """The dialog that is open, if any; called once a run, whatever the tab."""
    asking = state.get("rev_asking")
    if asking is None:
        return
    name, *about = asking
    known = {
        "decide": review_decide.ask,
        "comment": comment,
        "sign": review_sign.sign,
        "reopen": review_sign.reopen,
    }
    known[name](shown, *about)


def _effect(shown: Reviewed) -> None:
    """Scores with every well beside those of the record."""
    if not shown.state.excluded:
        st.markdown("**Nothing is left out.** Scores rest on every well that was measured.")
        st.caption(
            "Look at Quality first: bad plates and wells are listed there, worst first, each with a button that leaves "
            "it out. Every exclusion refits and rescores at once and stands here with its effect."
        )
        return
    found = review_data.changes(shown.screen, shown.modality)
    if pooled(found).empty:
        st.markdown(f"**No score by {modality_words(shown.modality)} changed** by what is left out.")
        return
    chart = before_and_after(found, shown.context, frame.dark())
    frame.chart(chart, "review_effect", view=(shown.screen, shown.modality, shown.state.last), on_pick=_pick)


def _pick(drug: object) -> None:
    review_choose.pick_drug(str(drug if isinstance(drug, str) else drug[0]))  # type: ignore[index]
    review_choose.go("Curves")


def _in_force(shown: Reviewed) -> None:
    """The exclusions that count, each with its button."""
    for orphan in shown.state.orphans:
        st.caption(f":material/link_off: {messages.plain(orphan)}")
    if not shown.state.excluded:
        return
    st.subheader(f"Left out now: {len(shown.state.excluded)}", anchor=False)
    for entry in shown.state.excluded:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(
                f"**{messages.plain(entry.target.name)}**, {READOUTS[entry.readout]}: {messages.plain(entry.reason)} "
                f":gray[({messages.plain(entry.reviewer)}, {when(str(entry.at))})]",
                width="stretch",
            )
            review_decide.offer(shown, entry.target, f"force_{entry.entry}", entry.readout, label=" ")


def _exclude(shown: Reviewed) -> None:
    """Anything can be named here, too: a whole replicate, a drug, a plate or a well."""
    st.subheader("Leave something out", anchor=False)
    kinds = list(KINDS)
    key = state.bound("rev_target", kinds)
    kind = st.segmented_control("What", kinds, format_func=str.capitalize, key=key, required=True) or kinds[0]
    state.keep("rev_target", kind)
    target = _target(shown, kind)
    if target is not None:
        review_decide.offer(shown, target, "decisions_form")


def _target(shown: Reviewed, kind: str) -> Target | None:
    """What the pickers name. They are those of the page: what is looked at stands in them."""
    if kind == "plate":
        plates = sorted(shown.wells["plate"].unique())
        plate = st.selectbox("Plate", plates, key=state.bound("rev_plate", plates, plates[0]))
        return Target("plate", plate=str(state.keep("rev_plate", plate) or plates[0]))
    if kind == "well":
        names = list(review_choose.well_names(shown.wells[shown.wells["well_type"] != "empty"]))
        well = st.selectbox("Well", names, key=state.bound("rev_well", names), index=None, placeholder="Such as P1_D05")
        return well_target(shown, str(state.keep("rev_well", well) or ""))
    drugs = sorted(set(shown.wells.loc[shown.wells["well_type"] == "therapy", "treatment"]) - {""})
    if kind == "drug" and drugs:
        drug = st.selectbox("Drug", drugs, key=state.bound("rev_drug", drugs, drugs[0]))
        return Target("drug", drug=str(state.keep("rev_drug", drug) or drugs[0]))
    replicates = review_data.replicates(shown.screen)
    if kind == "replicate" and len(replicates) > 1:
        names = [str(one) for one in replicates]
        key = state.bound("rev_replicate", ["pooled", *names])
        chosen = state.get(key)
        if chosen in names:
            return Target("replicate", replicate=int(chosen))
        st.caption("Choose one of the replicates at the top of the page; it is left out for all drugs.")
        return None
    st.caption("The screen has but one replicate: to leave it out would leave nothing.")
    return None


def well_target(shown: Reviewed, name: str) -> Target | None:
    """The well of that name; None where there is none."""
    mine = shown.wells[review_choose.well_names(shown.wells) == name]
    if mine.empty:
        return None
    one = mine.iloc[0]
    return Target("well", plate=str(one["plate"]), row=str(one["row"]), column=int(one["column"]))


@st.dialog("Comment", on_dismiss=review_decide.close_dialog)
def comment(shown: Reviewed) -> None:
    words = st.text_area("Comment", key=state.bound("rev_reason"), max_chars=500, help="No names of patients.").strip()
    state.keep("rev_reason", words)
    name = review_decide.signature()
    ready = bool(words and name)
    pressed = st.button("Record the comment", type="primary", disabled=not ready, key="review_comment_now")
    if pressed and review_decide.decide(shown, [Decision("comment", Target(), words)], name):
        review_decide.close_dialog()
        st.rerun()


def _record(shown: Reviewed) -> None:
    """The log: rows are added, never changed."""
    record = shown.state
    st.subheader("Record", anchor=False)
    if record.broken:
        st.error(messages.plain(record.broken), icon=":material/gpp_bad:")
    review_check.show(shown)
    if not record.entries:
        st.caption("No decision yet.")
        return
    table = listed(shown)
    frame.table(table, key=f"review_record_{record.last}", height="content", missing="")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{plural(record.last, 'entry', 'entries')}, newest first; {STATUSES[record.status]}. Entries are only "
            "ever added, each sealed with the hash of the one before."
        )
        export.buttons(table, f"tumorcast-{shown.screen}-record", key="review_record")


def listed(shown: Reviewed) -> pd.DataFrame:
    """Every entry as it stands in the table, newest first."""
    return pd.DataFrame(
        [
            {
                "Entry": entry.entry,
                "When": when(str(entry.at)),
                "Who": entry.reviewer,
                "Decision": ACTIONS[entry.action].capitalize(),
                "What": entry.target.name or shown.screen,
                "Readouts": READOUTS[entry.readout] if entry.target.name else "",
                "Why": entry.reason,
                "Hash": entry.hash[:12],
            }
            for entry in shown.state.entries[::-1]
        ]
    )
