"""One self-contained HTML file about one run: opens in a browser without a server and without a network."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from engine.errors import InputError
from engine.figures.response import POINT_LIMIT, density_of_pairs, padded, predicted_vs_observed
from engine.figures.template import Chart
from engine.figures.text import model_name, plural, split_name
from engine.jobs.spec import versions
from engine.learn.metrics import SENSITIVE_BELOW
from engine.report.card import RESEARCH_USE, model_card, ran_folds
from engine.report.parts import Section
from engine.report.sections import Material, chapters
from engine.response.comparison_records import across_splits, scope_scores, sources_of
from engine.response.evidence import differences, rank_models, ranked
from engine.response.pair_records import pair_density, pair_points, pair_summary
from engine.response.records import PairFilter, RunSummary, family, run_summary, runs
from engine.response.settings import ENSEMBLE
from engine.response.shown_scores import model_scores
from engine.response.type_records import type_gains
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.learn.comparison import Comparison

PER_GROUP = ("r2", "skill")
PER_TYPE = ("r2", "rmse", "skill", "within_drug_r", "auroc", "coverage")


def write_report(db: Database, run_id: str, out: Path) -> Path:
    """Write the report of a run to `out`, whole or not at all; returns the file.

    Raises StoreError for a run that is not in the store, InputError where the file cannot be written.
    """
    text = report_html(db, run_id)
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"The report cannot be written to {out} ({error.strerror}): choose another place.") from error
    return out


def report_html(db: Database, run_id: str) -> str:
    """The whole report as one HTML document. Raises StoreError for a run that is not in the store."""
    run = run_summary(db, run_id)
    sections = chapters(_gather(db, run))
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("template.html")
    created = datetime.now(UTC)
    return page.render(
        title="What is this model worth?",
        subtitle=f"Run {run.run_id} of {run.created_at:%Y-%m-%d %H:%M} UTC, {split_name(run.split)}. "
        f"Written {created:%Y-%m-%d %H:%M} UTC by Tumorcast {versions()['tumorcast']}.",
        run_id=run.run_id,
        version=versions()["tumorcast"],
        simulated=run.simulated,
        dataset="" if run.simulated and run.dataset.lower() == "simulated" else run.dataset,
        chips=[split_name(run.split), ran_folds(run), f"seed {run.seed}"],
        research_use=RESEARCH_USE,
        sections=sections,
        figures=_figures(sections),
        plotly_js=get_plotlyjs().replace("</script", "<\\/script"),
    )


def _gather(db: Database, run: RunSummary) -> Material:
    model = run.models[0] if run.models else ""
    kin = family(runs(db), run)
    sources = sources_of(db, run.dataset)
    context = split_name(run.split) + (f", {ran_folds(run)}" if run.folds > 1 else "")
    context += ", simulated" if run.simulated else ""
    scatter, note = _scatter(db, run, model, f"{model_name(model)}, {context}")
    return Material(
        run=run,
        model=model,
        context=context,
        scores=model_scores(db, run.run_id),
        worth=across_splits(kin),
        family=kin,
        types=scope_scores(db, run.run_id, "cancer_type", PER_TYPE),
        drugs=scope_scores(db, run.run_id, "drug", PER_GROUP),
        lines=scope_scores(db, run.run_id, "cell_line", PER_GROUP),
        scatter=scatter,
        pairs_note=note,
        sources=sources[sources["simulated"] == run.simulated],
        against_naive=differences(db, run.run_id, run.naive) if run.naive else None,
        against_ensemble=differences(db, run.run_id, ENSEMBLE) if ENSEMBLE in run.metrics else None,
        ranks=_ranks(db, run),
        gains=type_gains(db, run.run_id, run.split, model, run.naive) if run.naive else {},
        card=model_card(db, run.run_id),
    )


def _scatter(db: Database, run: RunSummary, model: str, context: str) -> tuple[Callable[[bool], Chart] | None, str]:
    """How predicted against observed is drawn, and what its caption adds."""
    below = float(run.config.get("sensitive_below") or SENSITIVE_BELOW)
    every = PairFilter()
    summary = pair_summary(db, run.run_id, model, every, below)
    if not summary.pairs:
        return None, ""
    note = f"{plural(summary.not_finite, 'pair')} left out: not finite." if summary.not_finite else ""
    if summary.pairs > POINT_LIMIT:
        density = pair_density(db, run.run_id, model, every, padded(summary.low, summary.high))
        return lambda dark: density_of_pairs(density, context, dark), note
    points = pair_points(db, run.run_id, model, run.naive or model, every)
    return lambda dark: predicted_vs_observed(points, context, dark), note


def _ranks(db: Database, run: RunSummary) -> "Comparison | str":
    """Ranks over folds of the models that matter, or why there are none."""
    try:
        return rank_models(db, run.run_id, ranked(run))
    except InputError as error:
        return f"Models are not ranked here. {error}"


def _figures(sections: list[Section]) -> str:
    """Both versions of every plot as JSON in which no name can end the script element it stands in."""
    figures = {item.anchor: {"light": item.light, "dark": item.dark} for section in sections for item in section.plots}
    text = json.dumps(figures, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
