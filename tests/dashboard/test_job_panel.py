"""One job in its panel: nothing of one state outlives it."""

import pytest
from page_checks import PATIENCE_SECONDS
from streamlit.testing.v1 import AppTest


def panel() -> None:
    import streamlit as st

    from dashboard import job_panel
    from engine.jobs.spec import JobStatus

    state = st.session_state["job_state"]
    error = "The disk is full." if state == "failed" else None
    status = JobStatus(
        "1", "self_test", "Test", state, 0.5, "Reading", {}, None, None, None, "cpu", error, True, "2026-11-21T10:00:00"
    )
    job_panel.one(status, "jobs")


@pytest.mark.parametrize(
    ("state", "buttons"),
    [("waiting", ["Cancel"]), ("running", ["Cancel"]), ("finished", []), ("collected", []), ("failed", ["Resume"]),
     ("cancelled", ["Resume"])],
)  # fmt: skip
def test_every_state_draws_in_the_same_places(state: str, buttons: list[str]) -> None:
    app = AppTest.from_function(panel, default_timeout=PATIENCE_SECONDS)
    app.session_state["job_state"] = state
    app.run()
    assert not app.exception and [one.label for one in app.button] == buttons
    (box,) = app.main.children.values()
    # Title, what is told of the state, facts, actions: the last one replaces the button of the state before.
    assert max(box.children) == 3 and box.children[2].type == "caption"
    assert set(box.children[3].children) == {0}
