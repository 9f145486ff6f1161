"""Models page: is a difference more than chance, and does the network use what it is given?"""

from collections.abc import Mapping

import streamlit as st

from dashboard import data, forms, frame, messages
from engine.errors import EngineError
from engine.figures.comparison import ablation, ablation_sentences
from engine.figures.significance import critical_difference, difference_forest, evidence_words
from engine.figures.text import model_name, plural, split_name
from engine.response.evidence import ranked
from engine.response.records import RunSummary
from engine.response.settings import ABLATIONS, ENSEMBLE

RANKED = 7  # folds that a rank test takes
ADVICE = "python -m engine evaluate --run {} --split {} --folds 7"


def show(run: RunSummary, family: Mapping[str, RunSummary]) -> None:
    """Paired differences beside the permuted inputs, then the ranks over folds."""
    context = split_name(run.split) + (", simulated" if run.simulated else "")
    main_cell, side = frame.main_and_side("evidence")
    with main_cell:
        _differences(run, context)
    with side:
        _ablations(run, context)
    _ranks(run, context)


def _differences(run: RunSummary, context: str) -> None:
    if run.naive is None:
        st.info("This run has no naive baseline whose R² is defined: there is nothing to compare with.")
        return
    found = data.differences(run.run_id, run.naive)
    frame.chart(
        difference_forest(found, context, frame.dark()), "differences", lead=evidence_words(found, run.models[0])
    )


def _ablations(run: RunSummary, context: str) -> None:
    trained = [model for model in ABLATIONS.values() if model in run.metrics]
    if not trained or ENSEMBLE not in run.metrics:
        st.subheader("Does it use the genome, and the drug's structure?", anchor=False)
        messages.empty(
            "**Not tested in this run.** Train the networks once more with genomes or structures swapped between lines "
            "or drugs: what is still predicted then does not come from them. Under *Train*, choose *Permuted inputs*."
        )
        return
    scores = data.model_scores(run.run_id)
    sentences = ablation_sentences(scores, data.differences(run.run_id, ENSEMBLE).table, run.split)
    chart = ablation(scores, run.naive, context, frame.dark())
    frame.chart(chart, "ablation", lead="\n\n".join(sentences))


def _ranks(run: RunSummary, context: str) -> None:
    others = [model for model in run.models if model not in ABLATIONS.values()]
    folds = data.fold_scores(run.run_id)["fold"].nunique()
    if folds < RANKED:
        st.subheader("Which models can be told apart?", anchor=False)
        st.markdown(
            f"**{plural(folds, 'fold') if folds > 1 else 'One cut'} cannot rank models.** Friedman's test and the "
            f"critical difference take {RANKED} folds or more, each with its own test pairs. Evaluate this run in "
            f"{RANKED} folds under *Train*, or in a terminal:"
        )
        st.code(ADVICE.format(run.run_id, run.split), language="bash", wrap_lines=True)
        return
    chosen = forms.choose_many(
        "Rank", others, "ranked", model_name, placeholder="The ensemble, the networks, and the baselines that matter"
    )
    try:
        found = data.rank_models(run.run_id, tuple(chosen) or ranked(run))
    except EngineError as error:
        st.info(str(error))
        return
    frame.chart(critical_difference(found, context, frame.dark()), "critical_difference")
