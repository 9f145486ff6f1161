"""Submit, follow, cancel, resume. Nothing here waits for a job: fragments look at its folder again and again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data, messages, nav, state
from engine.errors import EngineError
from engine.figures.radiation_words import model_name as radiation_name
from engine.figures.text import count, duration, model_name, number, plural
from engine.jobs import queue
from engine.jobs.spec import JobStatus
from engine.response.settings import TrainSettings

POLL_SECONDS = 1.5
IDLE_SECONDS = 5.0  # so that a job started elsewhere appears
STATES = {
    "waiting": ("Waiting", "gray", ":material/hourglass_empty:"),
    "running": ("Running", "primary", ":material/play_arrow:"),
    "finished": ("Finished, being stored", "primary", ":material/inventory_2:"),
    "collected": ("Done", "primary", ":material/check:"),
    "failed": ("Failed", "red", ":material/error:"),
    "cancelled": ("Cancelled", "gray", ":material/block:"),
}

NUMBERS = {"validation_rmse": "validation RMSE", "train_loss": "training loss"}  # the message says the others


def submit_training(settings: TrainSettings) -> str:
    """Queue a training; torch is loaded only now, so that pages start fast."""
    from engine.response.train import submit_training as submit

    return submit(data.database(), settings)


def submit_evaluation(run_id: str, split: str, folds: int) -> str:
    """Queue the training of a run's models under another split."""
    from engine.response.train import submit_evaluation as submit

    return submit(data.database(), run_id, split, folds)


def submit_demo() -> str:
    """Queue the demonstration cohort."""
    from engine.demo.build import start_demo

    return start_demo()


def start(place: str, submit: Callable[[], str]) -> None:
    """Submit a job and follow it at `place` from now on; a refusal is shown in words there."""
    try:
        with st.spinner("Preparing the job ..."):
            job_id = submit()
    except EngineError as error:
        st.error(messages.told(error), icon=":material/error:")
        return
    state.keep("followed", {**state.get("followed"), place: job_id})
    st.toast("In the queue. Its progress stands on this page and on Jobs.", icon=":material/play_arrow:")


def follow(place: str, task: str) -> None:
    """Live: the job that was started at `place`, and also after a reload what is active or ended badly last."""

    def draw() -> None:
        mine = state.get("followed").get(place)
        newest = True
        for job in queue.list_jobs():
            if job.id == mine or (job.task == task and (job.active or (newest and job.state != "collected"))):
                one(job, place)
            newest = newest and job.task != task

    live(draw)


def recent(place: str, shown: int) -> None:
    """What is running, then what ended last."""
    jobs = queue.list_jobs()
    active = [job for job in jobs if job.active]
    if active:
        st.subheader("Running jobs", anchor=False)
    for job in active[::-1][:2]:
        one(job, place)
    if len(active) > 2:
        nav.link("jobs.py", f"{len(active) - 2} more waiting")
    ended = [job for job in jobs if not job.active]
    if ended:
        st.subheader("Latest jobs" if active else "Latest jobs: nothing is running", anchor=False)
    for job in ended[: 2 if active else shown]:
        line(job)


def line(job: JobStatus) -> None:
    """One job in one line."""
    label, colour, icon = STATES[job.state]
    ended = f" · {when(job.finished_at)}" if job.finished_at else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        nav.link("jobs.py", messages.plain(job.title), icon, job=job.id)
        st.caption(f"{f':{colour}[{label}]' if job.state == 'failed' else label}{ended}", width="content")


def live(draw: Callable[[], Any]) -> None:
    """Draw, and draw again and again by itself; when work begins or ends the whole page runs once more."""

    def busy() -> bool:
        return any(job.active or job.state == "finished" for job in queue.list_jobs())

    was_busy = busy()

    @messages.in_words()
    def look() -> None:
        draw()
        if busy() != was_busy:
            st.rerun()

    st.fragment(look, run_every=POLL_SECONDS if was_busy else IDLE_SECONDS)()


def one(job: JobStatus, place: str) -> None:
    """One job: what it does, how far it is, what it said, and what a person may do about it."""
    label, colour, icon = STATES[job.state]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{messages.plain(job.title)}**", width="content")
            st.badge(label, color=colour, icon=icon)
        # The same places in every state: what another state drew here is replaced at once, where the browser would go
        # on showing it (a bar, a button that cancels) until the whole page has run.
        middle = st.empty()
        if job.state == "waiting":
            middle.markdown(messages.plain(job.message))
        if job.state == "running":
            left = f", {duration(job.eta_s)} left" if job.eta_s is not None else ""
            middle.progress(
                min(max(job.fraction, 0.0), 1.0),
                text=f"{100 * job.fraction:.0f} %{left}. {messages.plain(job.message)}",
            )
        if job.error:
            middle.error(messages.plain(job.error), icon=":material/error:")
        st.caption(" · ".join(_facts(job, place)))
        _actions(job, place)


def _facts(job: JobStatus, place: str) -> list[str]:
    facts = [f"`{job.id}`"] if place == "jobs" else []
    facts.append(f"on {job.device}" if job.device else "no device yet")
    if job.started_at:
        facts.append(f"started {when(job.started_at)}")
        facts.append(f"took {duration(seconds(job))}" if job.finished_at else f"running for {duration(seconds(job))}")
    if job.state == "running":
        facts += [f"{NUMBERS[name]} {number(value)}" for name, value in job.numbers.items() if name in NUMBERS]
    return facts


def _actions(job: JobStatus, place: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        button = st.empty()
        if job.active:
            button.button("Cancel", key=f"{place}_cancel_{job.id}", on_click=_do, args=(queue.cancel, job.id))
        if job.resumable and job.state in ("failed", "cancelled"):
            button.button("Resume", key=f"{place}_resume_{job.id}", on_click=_do, args=(queue.resume, job.id))
        if job.state == "collected" and job.task == "train_response":
            nav.link("responses.py", "See its predictions", run=job.id)
        if job.state == "collected" and job.task == "train_radiation":
            nav.link("radiosensitivity.py", "See its predictions", run=job.id)
        if place != "jobs":
            nav.link("jobs.py", "Log and details", job=job.id)


def _do(action: Callable[[str], Any], job_id: str) -> None:
    try:
        action(job_id)
    except EngineError as error:
        # The job ended between the look and the click.
        st.toast(str(error), icon=":material/info:")


def seconds(job: JobStatus) -> float | None:
    """How long the job has worked."""
    if not job.started_at:
        return None
    end = datetime.fromisoformat(job.finished_at) if job.finished_at else datetime.now(UTC)
    return (end - datetime.fromisoformat(job.started_at)).total_seconds()


def when(moment: str) -> str:
    """A UTC moment on this person's clock."""
    stamp = pd.Timestamp(moment)
    stamp = stamp if stamp.tzinfo else stamp.tz_localize("UTC")
    return stamp.tz_convert(st.context.timezone or "UTC").strftime("%Y-%m-%d %H:%M")


def overview(jobs: list[JobStatus]) -> pd.DataFrame:
    """The queue as a table."""
    return pd.DataFrame(
        {
            "Job": [job.title for job in jobs],
            "State": [STATES[job.state][0] for job in jobs],
            "Progress": [round(100 * job.fraction) for job in jobs],
            "Time left": [duration(job.eta_s) if job.eta_s is not None else "" for job in jobs],
            "Submitted": [when(job.created_at) if job.created_at else "" for job in jobs],
            "Worked": [duration(seconds(job)) if job.started_at else "" for job in jobs],
            "Device": [job.device for job in jobs],
            "Message": [job.error or job.message for job in jobs],
        }
    )


def result(found: dict[str, Any]) -> None:
    """What a finished job reported: an import's receipt or a training's outcome in words, anything else as it is."""
    if "read" in found:
        _receipt(found)
    elif "r2" in found:
        _trained(found)
    elif "protocol" in found and "models" in found:
        _radiation(found)
    else:
        st.json(found, expanded=False)


def _receipt(found: dict[str, Any]) -> None:
    st.markdown(f"Read {plural(found['read'], 'row')}, kept {count(found['kept'])}.")
    reasons = {**found.get("dropped", {}), **found.get("flagged", {})}
    _small_table("Reason", "Rows", reasons)
    for reason, rows in found.get("examples", {}).items():
        st.caption(messages.plain(f"{reason}, for example: {'; '.join(map(str, rows[:3]))}"))
    for note in found.get("notes", []):
        st.caption(messages.plain(note))


def _trained(found: dict[str, Any]) -> None:
    best_first = sorted(found["r2"].items(), key=lambda item: -(item[1] or 0.0))
    _small_table("Model", "R² on held-out pairs", {model_name(m): number(r2) for m, r2 in best_first})
    steps = found.get("curation", {}).get("steps", [])
    left_out = {f"{step['subject']}: {step['rule']}": step["dropped"] for step in steps if step["dropped"]}
    _small_table("Left out before training", "Rows", left_out)
    if steps and not left_out:
        st.caption("Nothing was left out before training.")


def _radiation(found: dict[str, Any]) -> None:
    """A training of radiosensitivity: Pearson r and RMSE over lines, and what the run says of its data."""
    known = found["models"]
    told = {
        radiation_name(model): f"{number(of.get('r'))}, RMSE {number(of.get('rmse'))}" for model, of in known.items()
    }
    _small_table("Model", "Pearson r over lines", told)
    for note in found.get("notes", []):
        st.caption(messages.plain(note))


def _small_table(name: str, value: str, rows: dict[str, Any]) -> None:
    if rows:
        frame = pd.DataFrame({name: list(rows), value: list(rows.values())})
        st.dataframe(frame, hide_index=True, width="content")
