"""What a model is worth: cards beside the strongest naive baseline, both protocols, and what to beware of."""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import streamlit as st

from dashboard import frame
from engine.figures.text import LOWER_IS_BETTER, count, difference, interval, model_name, number, plural, setting
from engine.response.pair_records import PairSummary
from engine.response.records import RunSummary
from engine.response.settings import BASELINE_DESCRIPTIONS, BASELINES, ENSEMBLE, NETWORKS, PUBLISHED_SPLIT, SPLITS
from engine.response.shown_scores import ShownScores

MEASURES = {
    "r2": "R²",
    "rmse": "RMSE, ln µM",
    "pearson": "Pearson r",
    "auroc": "AUROC, ln(IC50) < {}",
    "within_drug_r": "Pearson r within a drug",
    "skill": "Skill",
}
NOT_RECORDED = "not recorded"
PROTOCOLS = {
    "pairs": "random pairs",
    "cell_line": "unseen lines",
    "cancer_type": "unseen cancer types",
    "drug": "unseen drugs",
    "both": "unseen lines and drugs",
}


def cards(model: str, found: ShownScores, summary: PairSummary, sensitive_below: float) -> None:
    """A row of cards, each with n, the 95 % interval and the strongest naive baseline's value on the same pairs."""
    frame.cards([_card(name, model, found, summary, sensitive_below) for name in MEASURES])


def _card(name: str, model: str, found: ShownScores, summary: PairSummary, sensitive_below: float) -> frame.Card:
    label = MEASURES[name].format(setting(sensitive_below))
    rows = {row.model: row for row in found.table[found.table["name"] == name].itertuples()}
    if model not in rows:
        return frame.Card(label, NOT_RECORDED, "This run keeps no such measure.")
    own = rows[model]
    n = f"n {count(own.n)}"
    if name == "auroc":
        n = f"{count(summary.sensitive)} sensitive of {count(own.n)}"
    note = f"{interval(own.lower, own.upper)} · {n}"
    beside = []
    if name == "skill" and found.naive:
        beside.append((f"over {model_name(found.skill_of or found.naive).lower()}", "", "", False))
    elif found.naive in rows and found.naive != model:
        other = rows[found.naive]
        known = pd.notna(own.value) and pd.notna(other.value)
        shown = difference(own.value, other.value) if known else ""
        # What rounds to no difference is none.
        better = any(c in shown for c in "123456789") and (own.value < other.value) == (name in LOWER_IS_BETTER)
        beside.append((model_name(found.naive), number(other.value), shown, better))
    return frame.Card(label, number(own.value), note, tuple(beside))


def notes(model: str, found: ShownScores, summary: PairSummary) -> None:
    """What to beware of: intervals that do not cover, extrapolations, predictions that are no numbers."""
    said = [_coverage(model, found), _outside(summary)]
    if found.clusters:
        said.append(f"95 % intervals of these pairs: bootstrap over {found.clusters}.")
    st.caption(" ".join(said))
    if summary.not_finite:
        st.warning(
            f"{plural(summary.not_finite, 'pair')} {'has' if summary.not_finite == 1 else 'have'} a prediction or "
            "measurement that is not a finite number (NaN or infinite) and "
            f"{'is' if summary.not_finite == 1 else 'are'} left out of everything on this page.",
            icon=":material/warning:",
        )


def _coverage(model: str, found: ShownScores) -> str:
    rows = found.table[(found.table["name"] == "coverage") & (found.table["model"] == model)].dropna(subset=["value"])
    if rows.empty:
        return "This run keeps no prediction intervals."
    row = next(iter(rows.itertuples()))
    ends = "" if pd.isna(row.lower) else f" ({100 * row.lower:.1f} to {100 * row.upper:.1f})"
    return f"90 % prediction intervals cover {100 * row.value:.1f} %{ends} of {plural(row.n, 'pair')}."


def _outside(summary: PairSummary) -> str:
    if not summary.judged:
        return "This run does not say how far its pairs lie from what it was trained on."
    of = f"{count(summary.outside)} of {plural(summary.pairs, 'pair')} are extrapolations"
    if not summary.outside:
        return f"{of}."
    why = [plural(summary.outside_lines, "line")] if summary.outside_lines else []
    why += [plural(summary.outside_drugs, "drug")] if summary.outside_drugs else []
    return f"{of}: {' and '.join(why)} unlike anything trained on."


def skill_words(run: RunSummary, model: str) -> str:
    """How much of the naive baseline's error is gone, over all held-out pairs; empty where the run does not say."""
    own = run.metrics[model]
    if not run.naive or own.get("skill") is None:
        return ""
    ends = interval(own.get("skill_lower"), own.get("skill_upper"))
    return f"Skill over {model_name(run.naive).lower()}: {number(own['skill'])} ({ends})."


def protocols(family: Mapping[str, RunSummary], run: RunSummary, model: str, filtered: bool = False) -> None:
    """The published and the honest protocol side by side, over all held-out pairs: R² with interval and n, the
    strongest naive baseline's R², and skill. Splits that nobody evaluated lead to where they can be.

    family: split -> run, as `forms.choose_run_and_split` gives it; run: the one that is shown. filtered: whether what
    else is on the page is about some of the pairs only.
    """
    made_of = _members(family, model)
    cells = [_protocol(split, family[split], run, model, made_of.get(split, "")) for split in SPLITS if split in family]
    missing = [PROTOCOLS[split] for split in SPLITS if split not in family]
    if missing:
        # A link of the page itself: Streamlit's own cannot stand inside a grid of text.
        where = f'<a href="models?run={escape(run.run_id)}&amp;tab=Train" target="_self">Evaluate</a>'
        cells.append(f"<dl><dt>Not evaluated</dt><dd>{', '.join(missing)} · {where}</dd></dl>")
    if filtered:
        st.caption("Without the filters, over all held-out pairs:")
    st.html(f'<div class="tc-protocols">{"".join(cells)}</div>')


def tell_members(family: Mapping[str, RunSummary], model: str) -> None:
    """A caption where the ensemble is not made of the same networks under every split."""
    told = [f"{PROTOCOLS[split]}: {names}" for split, names in _members(family, model).items()]
    if told:
        st.caption(f"The ensemble is not made of the same networks everywhere ({'; '.join(told)}).")


def tell_baselines(models: Sequence[str]) -> None:
    """What each baseline among the models knows, one click away."""
    with st.expander("What does each baseline know?"):
        knows = (f"- **{model_name(name)}** {BASELINE_DESCRIPTIONS[name]}." for name in models if name in BASELINES)
        st.markdown("\n".join(knows))


def _members(family: Mapping[str, RunSummary], model: str) -> dict[str, str]:
    """Split -> what its ensemble is made of; empty for another model, and where it is the same under every split."""
    names = {split: [model_name(name) for name in NETWORKS if name in run.metrics] for split, run in family.items()}
    known = {split: found for split, found in names.items() if found}
    if model != ENSEMBLE or len({tuple(found) for found in known.values()}) < 2:
        return {}
    return {
        split: f"{found[0]} alone" if len(found) == 1 else f"{len(found)} networks" for split, found in known.items()
    }


def _protocol(split: str, found: RunSummary, run: RunSummary, model: str, made_of: str) -> str:
    kind = "Published" if split == PUBLISHED_SPLIT else "Honest"
    title = f"<dt>{kind}: {escape(PROTOCOLS[split])}{f' ({escape(made_of)})' if made_of else ''}</dt>"
    shown = ' class="tc-shown"' if found.run_id == run.run_id else ""
    own = found.metrics.get(model)
    if own is None:
        return f"<dl{shown}>{title}<dd>{escape(model_name(model))}: not evaluated</dd></dl>"
    lines = [
        f"<b>R² {number(own.get('r2'))}</b> {interval(own.get('r2_lower'), own.get('r2_upper'))} · "
        f"n {count(own.get('n') or 0)}{_part(found)}"
    ]
    if found.naive and found.naive != model:
        lines.append(f"{escape(model_name(found.naive))} {number(found.metrics[found.naive].get('r2'))}")
    if "skill" in own:
        lines.append(f"Skill {number(own['skill'])} ({interval(own.get('skill_lower'), own.get('skill_upper'))})")
    return f"<dl{shown}>{title}{''.join(f'<dd>{line}</dd>' for line in lines)}</dl>"


def _part(run: RunSummary) -> str:
    """Which folds were tested, where not all were: such a number is about a part of the lines or drugs."""
    ran = run.config.get("ran_folds") or []
    if run.folds == 1 or len(ran) == run.folds:
        return ""
    return f" · {'fold' if len(ran) == 1 else 'folds'} {', '.join(map(str, ran))} of {run.folds} only"
