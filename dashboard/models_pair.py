"""Models page: two runs on the pairs that both have tested."""

from collections.abc import Mapping

import streamlit as st

from dashboard import data, forms, frame, messages
from engine.errors import InputError
from engine.figures.text import count, interval, model_name, number, plural, split_name
from engine.learn.metrics import Score
from engine.response.records import RunSummary
from engine.response.run_comparison import RunComparison


def show(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """Choose another run and a model; what both say about the same pairs, or why that cannot be compared."""
    others = {other.run_id: other for other in data.runs() if other.run_id != run.run_id}
    if not others:
        messages.empty(
            "**There is only this run.** Train another one to compare the two on pairs that both have tested."
        )
        return
    # Runs under the same split first: the others are refused, with the reason.
    ordered = sorted(others, key=lambda run_id: others[run_id].split != run.split)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = forms.choose(
            "Compare with", ordered, "other_run", lambda name: forms.run_label(others[name]), width=430
        )
        model = forms.choose("Model", run.models, "model", model_name, width=260)
    try:
        found = data.compare_runs(run.run_id, other, model)
    except InputError as error:
        st.info(f"**These two cannot be compared.** {error}", icon=":material/info:")
        return
    st.markdown(f"**{in_words(found)}**")
    frame.cards(
        [
            frame.Card("R², this run", number(found.r2_a.value), _note(found.r2_a)),
            frame.Card("R², other run", number(found.r2_b.value), _note(found.r2_b)),
            frame.Card("RMSE, this run, ln µM", number(found.rmse_a.value), _note(found.rmse_a)),
            frame.Card("RMSE, other run, ln µM", number(found.rmse_b.value), _note(found.rmse_b)),
            frame.Card("Difference of MSE, (ln µM)²", number(found.difference.value), _note(found.difference)),
        ]
    )
    st.caption(_caption(found))


def in_words(found: RunComparison) -> str:
    """Which run is better on the common pairs."""
    who, these = model_name(found.model), f"the {count(found.pairs)} pairs that both runs tested"
    said = {
        "a": f"{who} of this run is closer to {these}: the whole interval of the difference lies below zero.",
        "b": f"{who} of the other run is closer to {these}: the whole interval of the difference lies above zero.",
        "even": f"On {these} the two runs of {who} cannot be told apart: the difference may be zero.",
        "open": f"On {these} there is no interval: too few {found.clusters} to say whether the difference is chance.",
    }
    return said[found.verdict]


def _note(score: Score) -> str:
    return f"{interval(score.lower, score.upper)} · n {count(score.n)}"


def _caption(found: RunComparison) -> str:
    parts = [
        f"{split_name(found.split).capitalize()}. {count(found.pairs)} common pairs of {count(found.tested_a)} tested "
        f"by this run and {count(found.tested_b)} by the other. Intervals: 95 %, bootstrap over {found.clusters}, the "
        "same draws for both. Difference: this run minus the other; below zero this run is better."
    ]
    if found.changed:
        parts.append(f"{plural(found.changed, 'common pair')} left out: measured differently in the two runs.")
    if not found.same_data:
        parts.append("The runs were trained on different tables.")
    return " ".join(parts)
