"""Screen review page: every score computed again from the record, beside the page, and what came of it."""

import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard import data, frame, messages, state
from dashboard.job_panel import when
from dashboard.report_maker import Maker, Progress
from dashboard.review_choose import Reviewed
from engine.figures.screens import modality_name

POLL_SECONDS = 1.0
ABOUT = (
    "Computes every score and curve again from layout, readouts, settings and decisions, and compares to the last digit"
)


class Asked(NamedTuple):
    """A check that somebody asked for. version: of the store, at: ns, when it was asked for."""

    screen: str
    version: int
    at: int


@st.cache_resource(show_spinner=False)
def checker() -> Maker:
    """What has scores computed again, in a process of their own: neither pages nor reports wait for it."""
    return Maker(what="check")


def show(shown: Reviewed) -> None:
    """The button, that the check is under way, and its outcome."""
    if not shown.scored:
        st.caption("Nothing is scored yet, so there are no scores to compute again.")
        return
    asked = state.get("rev_checked").get(shown.screen)
    found = checker().look(asked) if asked else None
    st.button(
        "Check this record", icon=":material/fact_check:", key="review_check", help=ABOUT,
        disabled=bool(found and found.busy), on_click=_start, args=(shown.screen,),
    )  # fmt: skip
    if found is None:
        return
    if found.busy:
        st.fragment(partial(_follow, asked), run_every=POLL_SECONDS)()
    elif found.error:
        st.error(messages.plain(found.error), icon=":material/error:")
    else:
        _told(asked, json.loads(found.content))


def _start(screen: str) -> None:
    def make(_: Progress) -> tuple[bytes, str]:
        from engine.spheroid.record_check import check_apart

        return json.dumps(check_apart(screen)).encode(), ""

    asked = Asked(screen, data.database().version(), time.time_ns())
    state.keep("rev_checked", {**state.get("rev_checked"), screen: asked})
    checker().start(asked, make)


def _follow(asked: Asked) -> None:
    """How long it works; the page runs once more when it has ended."""
    found = checker().look(asked)
    if found is None or not found.busy:
        st.rerun()
    seconds = (time.time_ns() - asked.at) // 10**9
    st.markdown(
        f":material/hourglass_top: Computing every score again, {seconds} s so far; go on with the page meanwhile."
    )


def _told(asked: Asked, found: dict[str, Any]) -> None:
    """found: `record_check.Checked.document`."""
    said = [found["told"], found["chain"], found["seal"]]
    if found["same"]:
        st.success("**Every score follows from the record.** " + _words(said), icon=":material/verified:")
    else:
        more = [told for told in found["wrong"] if told not in said]
        lead = "**What the store holds does not follow from the record.** "
        st.error(lead + _words([*said, *more, *found["causes"]]), icon=":material/gpp_bad:")
        st.markdown(f"**{_words([found['advice']])}**")
    if found["differences"]:
        table = pd.DataFrame(found["differences"])
        table = table.assign(modality=[modality_name(one) for one in table["modality"]])
        table.columns = ["Readout", "Drug", "Addition", "Replicate", "Number", "In the store", "Follows"]
        table = table if table["Addition"].any() else table.drop(columns="Addition")
        frame.table(table, key=f"review_check_{asked.at}", height="content", missing="")
    if found["open"]:
        st.caption(f"{found['open']:,} intervals are left to a later scoring and were not compared.")
    for note in found["notes"]:
        st.caption(messages.plain(note))
    at = when(datetime.fromtimestamp(asked.at / 1e9, UTC).isoformat())
    since = " The store was written to since: check again." if data.database().version() != asked.version else ""
    st.caption(f"Checked {at}; nothing was written.{since}")


def _words(sentences: list[str]) -> str:
    return messages.plain(" ".join(one for one in sentences if one))
