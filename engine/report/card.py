"""A run in words: what was trained on what, how it was held out, how to do it again, and what it cannot say."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.figures.text import MISSING, count, data_name, duration, model_name, plural, setting, split_name
from engine.response.comparison_records import extrapolations, fold_sizes
from engine.response.records import RunSummary, run_summary
from engine.response.settings import ABLATIONS, BASELINES, NETWORKS, PUBLISHED_SPLIT
from engine.store.database import Database

RESEARCH_USE = (
    "Research use only. Predictions for cell lines are not a medical device, a diagnosis or a treatment recommendation."
)
NOT_KEPT = "not kept by this run"
HELD_OUT = {
    PUBLISHED_SPLIT: "Random pairs within every cancer type: each line and nearly every drug of a tested pair was seen "
    "in training, in other pairs.",
    "cell_line": "Whole cell lines: no pair of a tested line was seen in training.",
    "cancer_type": "Whole cancer types: no line of a tested type was seen in training.",
    "drug": "Whole compounds: no drug with the structure of a tested one was seen in training.",
    "both": "Lines and drugs: neither the line nor the structure of a tested pair was seen in training.",
}


@dataclass(frozen=True)
class Fact:
    """One line of the card."""

    label: str
    text: str


@dataclass(frozen=True)
class Card:
    """facts: in the order they are read. left_out: what curation dropped, columns Subject, Rule, Left out, Kept.

    folds: the cuts with their sizes; empty for a run of an older store. command: reproduces the run, '' where it was
    not kept.
    """

    facts: tuple[Fact, ...]
    left_out: pd.DataFrame
    folds: pd.DataFrame
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    command: str


def model_card(db: Database, run_id: str) -> Card:
    """The card of one run. Raises StoreError for a run that is not in the store."""
    run = run_summary(db, run_id)
    folds = fold_sizes(db, run.run_id)
    return Card(
        facts=tuple(_facts(run, folds)),
        left_out=left_out(run.config),
        folds=_fold_table(folds),
        notes=tuple(str(note) for note in run.config.get("notes") or ()),
        limits=tuple(_limits(run, extrapolations(db, run.run_id))),
        command=str(run.config.get("command") or ""),
    )


def left_out(config: dict[str, Any]) -> pd.DataFrame:
    """What each rule of the curation left out; rules that dropped nothing are not listed."""
    steps = (config.get("curation") or {}).get("steps") or []
    rows = [
        (step["subject"].capitalize(), step["rule"], step["dropped"], step.get("left"))
        for step in steps
        if step["dropped"]
    ]
    return pd.DataFrame(rows, columns=["Subject", "Rule", "Left out", "Kept"]).astype({"Kept": "Int64"})


def ran_folds(run: RunSummary) -> str:
    """'one cut', '7 folds' or 'folds 1, 2 of 7'."""
    if run.folds == 1:
        return "one cut"
    ran = run.config.get("ran_folds") or []
    if len(ran) in (0, run.folds):
        return plural(run.folds, "fold")
    return f"{'fold' if len(ran) == 1 else 'folds'} {', '.join(map(str, ran))} of {run.folds}"


def _facts(run: RunSummary, folds: pd.DataFrame) -> list[Fact]:
    config = run.config
    networks = [model_name(name) for name in NETWORKS if name in run.metrics]
    baselines = [model_name(name) for name in BASELINES if name in run.metrics]
    permuted = [model_name(name) for name in ABLATIONS.values() if name in run.metrics]
    data = data_name(run.dataset, run.simulated)
    mean = "On average " if run.folds > 1 else ""
    facts = [
        Fact("Predicts", "ln(IC50), IC50 in µM, of a drug in a cell line, from mutated positions and drug structure"),
        Fact("Networks", ", ".join(networks) or "none: baselines only"),
        Fact("Baselines", ", ".join(baselines) or "none"),
        *([Fact("Ablations", ", ".join(permuted))] if permuted else []),
        Fact("Run", f"{run.run_id}, {run.created_at:%Y-%m-%d %H:%M} UTC"),
        *([Fact("Evaluates", f"run {config['evaluates']}")] if config.get("evaluates") else []),
        Fact("Data", f"{data}; hash of the curated tables {run.data_hash}"),
        Fact(
            "Held out", f"{split_name(run.split).capitalize()}, {ran_folds(run)}. {HELD_OUT.get(run.split, '')}".strip()
        ),
        Fact(
            "Pairs",
            f"{mean}{count(run.n_train)} training and {count(run.n_validation)} validation, "
            f"{count(run.n_test)} tested{' in all' if run.folds > 1 else ''}",
        ),
        *_vocabulary(folds),
        Fact("Skill refers to", model_name(naive) if (naive := config.get("naive") or run.naive) else MISSING),
        Fact("Settings", _settings(run)),
        Fact("Machine", f"{run.device}, {duration(60 * run.minutes)}, peak {count(round(run.peak_memory_mib))} MiB"),
        Fact("Versions", _versions(config.get("versions"))),
    ]
    return facts


def _vocabulary(folds: pd.DataFrame) -> list[Fact]:
    if folds.empty:
        return []
    low, high = int(folds["positions"].min()), int(folds["positions"].max())
    span = count(low) if low == high else f"{count(low)} to {count(high)}"
    return [Fact("Mutated positions", f"{span}, from training lines only")]


def _settings(run: RunSummary) -> str:
    config = run.config
    parts = [f"seed {run.seed}"]
    if config.get("epochs"):
        parts.append(f"at most {plural(int(config['epochs']), 'epoch')}")
    if config.get("learning_rate"):
        parts.append(f"peak learning rate {setting(float(config['learning_rate']))}")
    if config.get("patience"):
        parts.append(f"stops after {plural(int(config['patience']), 'epoch')} without a better validation RMSE")
    if config.get("sensitive_below") is not None:
        parts.append(f"sensitive: ln(IC50) below {setting(float(config['sensitive_below']))}")
    return ", ".join(parts)


def _versions(versions: Any) -> str:
    if not isinstance(versions, dict) or not versions:
        return NOT_KEPT
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in versions.items()
    )


def _fold_table(folds: pd.DataFrame) -> pd.DataFrame:
    names = {
        "fold": "Fold",
        "n_train": "Training pairs",
        "n_validation": "Validation pairs",
        "n_test": "Tested pairs",
        "lines_test": "Tested lines",
        "drugs_test": "Tested drugs",
        "positions": "Known positions",
    }
    table = folds[list(names)].rename(columns=names)
    return table.assign(Fold=[str(fold) if fold else "single cut" for fold in folds["fold"]])


def _limits(run: RunSummary, flagged: pd.DataFrame) -> list[str]:
    limits = [RESEARCH_USE, "Cell lines are not patients: nothing here was tested on a person's tumour."]
    if run.simulated:
        limits.insert(
            0, "Simulated data: shaped like a real study, but no number here says anything about real tumours."
        )
    if run.split == PUBLISHED_SPLIT:
        limits.append(
            "Random pairs flatter every model: averages of the line and of the drug alone reach a high R². Judge by "
            "skill, and by the same model under an honest split."
        )
    coverage = run.metrics[run.models[0]].get("coverage") if run.models else None
    if coverage is None:
        limits.append("Predictions of this run carry no interval of their own.")
    else:
        limits.append(
            f"Intervals promise 90 % over all pairs of this split ({100 * coverage:.1f} % here), not within each "
            "cancer type, drug or line."
        )
    for row in flagged.itertuples():
        what = "line" if row.subject == "cell_line" else "drug"
        if row.flagged:
            limits.append(
                f"Predictions for {count(row.flagged)} of {plural(row.total, f'tested {what}')} are extrapolation: "
                "they resemble too little of what was trained on."
            )
    ran = run.config.get("ran_folds")
    if ran and len(ran) < run.folds:
        limits.append(f"Only {ran_folds(run)} were run: another part of the data may score differently.")
    return limits
