"""Library page: start the job that screens a library, follow it, and say what its predictions are worth."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import data, forms, frame, job_panel, messages, nav, repurposing_choose, state
from dashboard.job_panel import when
from engine.errors import EngineError
from engine.figures.text import count, duration, interval, model_name, number, plural, split_name
from engine.jobs import queue
from engine.jobs.spec import read_spec
from engine.response.library_records import ScreenSummary
from engine.response.records import RunSummary, family
from engine.response.settings import ENSEMBLE, NETWORKS

PLACE = "library_screen"
TASK = "screen_library"
UNSEEN = "drug"  # the split that holds out drugs


def show(library: str, molecules: int, screens: Sequence[ScreenSummary], runs: Sequence[RunSummary]) -> None:
    """The form, the job that runs, and the screens there are."""
    usable = [run for run in runs if run.networks]
    if not usable:
        messages.no_run(data.store_summary().pairs > 0)
        return
    by_id = {run.run_id: run for run in usable}
    first = data.default_run().run_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = state.bound("lib_run", list(by_id), first)
        st.session_state.setdefault(key, first)
        run_id = st.selectbox(
            "Run", list(by_id), format_func=lambda one: forms.run_label(by_id[one]), key=key, width=560
        )
        state.keep("lib_run", run_id, default=first)
        label = f"Screen {messages.plain(library)}{' again' if screens else ''}"
        if st.button(label, type="primary" if not screens else "secondary", icon=":material/play_arrow:"):
            job_panel.start(PLACE, lambda: _submit(library, run_id))
    run = by_id[run_id]
    st.caption(_how_many(run, molecules, screens))
    worth(run, runs)
    _follow(library)
    repurposing_choose.replaced(library)
    if screens:
        st.subheader(plural(len(screens), "screen"), anchor=False)
        frame.table(_overview(screens), key=f"library_screens_{screens[0].screen_id}_{len(screens)}")


def _follow(library: str) -> None:
    """Live: the screens of this library that run or wait, the one started here, and the last where it ended badly."""

    def draw() -> None:
        mine, newest = state.get("followed").get(PLACE), True
        for job in queue.list_jobs():
            if job.task != TASK or _library_of(job.id) != library:
                continue
            if job.id == mine or job.active or (newest and job.state != "collected"):
                job_panel.one(job, PLACE)
            newest = False

    job_panel.live(draw)


def _library_of(job_id: str) -> str:
    try:
        return str(read_spec(queue.job_folder(job_id)).params.get("library", ""))
    except EngineError:  # deleted just now
        return ""


def _submit(library: str, run_id: str) -> str:
    from engine.response.screening import submit_screening

    return submit_screening(data.database(), library, run_id=run_id)


def _how_many(run: RunSummary, molecules: int, screens: Sequence[ScreenSummary]) -> str:
    """How much work it is; how long that takes is known from an earlier screen."""
    lines = data.screened_lines(run.simulated)
    networks, folds = len(run.networks), len(run.config.get("ran_folds", [0]))
    total = molecules * lines * networks * folds
    words = [plural(molecules, "molecule"), plural(lines, "cell line"), plural(networks, "network")]
    words += [plural(folds, "fold")] if folds > 1 else []
    known = next((one for one in screens if one.run_id == run.run_id and one.seconds > 0), None)
    took = f", about {duration(known.seconds * molecules / max(known.n_molecules, 1))} as last time" if known else ""
    return (
        f"{' × '.join(words)}: {count(total)} predictions{took}. It runs in the background and may be cancelled and "
        "resumed; this page may be closed."
    )


def worth(run: RunSummary | None, runs: Sequence[RunSummary]) -> None:
    """What the run is worth for molecules that it has not seen, in one sentence, or how to find out."""
    if run is None:
        st.markdown(
            ":material/warning: **How far to trust this.** The run of this screen is no longer in the store: nobody "
            "can say how good it is for molecules it has not seen."
        )
        return
    text = worth_words(run, runs)
    st.markdown(f":material/warning: **How far to trust this.** {text}")
    if _honest(run, runs) is None:
        st.session_state.setdefault("evaluate_split", UNSEEN)
        state.keep("evaluate_split", UNSEEN)
        nav.link("models.py", "Evaluate the run on unseen drugs", ":material/rule:", run=run.run_id, tab="Train")


def worth_words(run: RunSummary, runs: Sequence[RunSummary]) -> str:
    """The skill of the run on drugs that it had not seen, with interval, baseline and n; or that nobody knows it."""
    honest = _honest(run, runs)
    why = "Most molecules of a library are unseen drugs"
    if honest is None:
        return f"{why}, and this run was never evaluated on unseen drugs: **nobody knows how good these numbers are**."
    found = honest.metrics[ENSEMBLE]
    naive = model_name(str(honest.naive or "the naive baseline")).lower()
    low, high = found.get("skill_lower"), found.get("skill_upper")
    if low is not None and low > 0:
        verdict = f"better than the naive baseline ({naive})"
    elif high is not None and high < 0:
        verdict = f"**worse than the naive baseline** ({naive}): take the ranking as a guess"
    else:
        verdict = f"**no better than the naive baseline** ({naive}), as far as can be told: take the ranking as a guess"
    networks = [name for name in honest.models if name in NETWORKS]
    other = "" if networks == run.networks else f", evaluated with {', '.join(map(model_name, networks))}"
    return (
        f"{why}. On drugs it had not seen, this run's skill is {number(found.get('skill'))} (95 % interval "
        f"{interval(low, high)}, {plural(int(found.get('skill_n') or found.get('n') or 0), 'pair')}{other}), {verdict}."
    )


def _honest(run: RunSummary, runs: Sequence[RunSummary]) -> RunSummary | None:
    found = family(runs, run).get(UNSEEN)
    known = found is not None and found.metrics.get(ENSEMBLE, {}).get("skill") is not None
    return found if known else None


def _overview(screens: Sequence[ScreenSummary]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Screened": [when(str(one.created_at)) for one in screens],
            "Molecules": [one.n_molecules for one in screens],
            "Cell lines": [one.n_lines for one in screens],
            "Work": [duration(one.seconds) for one in screens],
            "Peak memory, MiB": [one.peak_memory_mib for one in screens],
            "Intervals from": [split_name(one.interval_split) if one.interval_split else "none" for one in screens],
            "Networks": [", ".join(map(model_name, one.networks)) for one in screens],
            "Run": [one.run_id for one in screens],
        }
    )
