"""The commands about radiosensitivity: its imports, training, prediction, and the table of a run."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from engine.cli.output import Answer, bar, printable, table
from engine.errors import InputError
from engine.figures.radiation_words import model_name
from engine.files.receipt import Receipt
from engine.radiation import records
from engine.radiation.settings import (
    CORRECT_ABSOLUTE,
    CORRECT_RELATIVE,
    INTERVAL_LEVEL,
    MODELS,
    PROTOCOLS,
    RadiationSettings,
)
from engine.radiation.types import SamplePrediction
from engine.store.database import Database

KINDS = ("expression", "survival")
OPTIONS = (  # of `train` that only this engine knows
    "protocol", "rounds", "models", "expression", "survival", "replicates", "noise", "permutations", "no_validation",
)  # fmt: skip
SCOPES = ("samples", "lines", "without_leukaemia", "validated", "permuted", "panel")
HEADS = {"coverage": f"coverage of {INTERVAL_LEVEL:.0%} intervals"}
CORRECT = (
    f"correct: off by less than {CORRECT_ABSOLUTE:g} or by less than {CORRECT_RELATIVE:.0%} of the measured SF2; in "
    "brackets: 95 % intervals by drawing cell lines; of permuted labels over shufflings"
)
SHOWN = ("r", "rmse", "mae", "correct", "coverage")  # as text; --json has every measure


def submit_import(given: Namespace) -> str:
    """Submits `import expression FILE` or `import survival FILE`; returns the job's id."""
    options: dict[str, Any] = {"origin": given.origin, "licence": given.licence, "replace": given.replace}
    if given.kind == "expression":
        from engine.radiation.expression_import import submit_expression_import

        return submit_expression_import(given.file, given.name or "", **options)
    from engine.radiation.survival_import import submit_survival_import

    return submit_survival_import(given.file, given.name or "", assay=given.assay, **options)


def settings_from(given: Namespace) -> RadiationSettings:
    """The settings that `train radiation` was given. Raises InputError for those that do not go together."""
    plain = RadiationSettings()
    chosen = tuple(name.strip() for name in given.models.split(",") if name.strip())
    models = MODELS if chosen == ("all",) else chosen
    return RadiationSettings(
        protocol=given.protocol,
        rounds=given.rounds,
        folds=given.folds or plain.folds,
        models=models,
        epochs=plain.epochs if given.epochs is None else given.epochs,
        seed=given.seed,
        replicates=given.replicates,
        noise=given.noise,
        permutations=given.permutations,
        validation=not given.no_validation,
        expression=given.expression,
        survival=given.survival,
    )


def train(given: Namespace, db: Database) -> Answer:
    """`train radiation`: submit; with --wait show the measures of the run."""
    from engine.cli.commands import finish, submitted
    from engine.radiation.train import submit_training

    job_id = submit_training(db, settings_from(given))
    if not given.wait:
        return submitted(job_id)
    finish(job_id, db)
    told = evaluated(db, job_id)
    return Answer({"job": job_id, "state": "collected", **told.document}, told.text)


def is_run(db: Database, run_id: str) -> bool:
    """Whether this run predicts SF2."""
    return records.is_run(db, run_id)


def evaluated(db: Database, run_id: str) -> Answer:
    """`evaluate --run ID` of a radiosensitivity run: every model in every scope, with its interval and n."""
    run, metrics = records.run(db, run_id), records.metrics(db, run_id)
    document = _about(run) | {"notes": run["config"].get("notes", []), "metrics": _nested(metrics)}
    blocks = [_head(run)]
    for scope in SCOPES:
        mine = metrics[metrics["scope"] == scope]
        for key in dict.fromkeys(mine["key"]):
            rows = _rows(mine[mine["key"] == key])
            blocks.append(f"{scope.replace('_', ' ')}{f' {key}' if key else ''}\n{table(rows, 'no measures')}")
    notes = [CORRECT, *(f"note: {note}" for note in document["notes"])]
    return Answer(document, "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])]))


def listed(db: Database) -> tuple[list[dict[str, Any]], list[str]]:
    """The runs for `runs`, oldest first: as documents, and as text with the measures over lines."""
    documents, texts = [], []
    for run in records.runs(db).iloc[::-1].to_dict("records"):
        metrics = records.metrics(db, run["run_id"])
        lines = metrics[metrics["scope"] == "lines"]
        over_lines = {row.pop("model"): row for row in _rows(lines, plain=True)}
        documents.append(_about(run) | {"metrics": over_lines})
        texts.append(f"{_head(run)}\n{table(_rows(lines), 'no measures')}")
    return documents, texts


def predict(given: Namespace) -> Answer:
    """`predict radiation FILE --run ID`: SF2 of every sample of a file by every model of a run."""
    from dataclasses import asdict

    from engine.radiation.predict import predict_file

    if given.file is None:
        raise InputError("Say which file of expression: python -m engine predict radiation FILE --run ID.")
    receipt = Receipt()
    with bar("Predicting") as show:
        found = predict_file(
            given.file, given.run_id, panel=given.panel, receipt=receipt, on_progress=lambda share: show(share)
        )
    document = {
        "run": given.run_id,
        "receipt": receipt.as_dict({}),
        "predictions": [asdict(one) | _named(one) for one in found],
    }
    rows = [
        {
            "sample": printable(one.sample),
            "line": printable(one.line) or None,
            "model": one.model,
            "SF2": one.sf2,
            "90 % interval": "none" if one.lower is None else f"{one.lower:.3f} to {one.upper:.3f}",
            "nearest line": "-" if not one.nearest else f"{one.nearest[0][0]} ({one.nearest[0][1]:.2f})",
            "its SF2": one.nearest[0][2] if one.nearest else None,
            "panel": printable(one.panel) or None,
            "inside": one.inside,
        }
        for one in found
    ]
    shown = [row | {"model": model_name(str(row["model"]))} for row in rows]
    notes = dict.fromkeys(note for one in found for note in one.notes)
    said = (*_with_examples(receipt), *receipt.notes, *notes)
    text = [table(shown, "No samples."), *(f"note: {printable(note)}" for note in said)]
    if given.out is not None:
        _write(given.out, rows)
        document["file"] = str(given.out)
        text.append(f"Written: {given.out}")
    return Answer(document, "\n".join(text))


def _with_examples(receipt: Receipt) -> list[str]:
    """Samples that were left out or are odd, and which."""
    found = []
    for counts, word in ((receipt.dropped, "left out"), (receipt.flagged, "kept although")):
        for reason, n in counts.items():
            which = "; ".join(receipt.examples.get(reason, [])[:3])
            told = f"{n:,} {'sample' if n == 1 else 'samples'} {word}: {reason}"
            found.append(f"{told} ({which})" if which else told)
    return found


def _named(one: SamplePrediction) -> dict[str, Any]:
    """What stands in tuples, with names."""
    return {
        "nearest": [dict(zip(("line", "correlation", "sf2"), near, strict=True)) for near in one.nearest],
        "movers": [dict(zip(("probe", "symbol", "moves_sf2", "rsi_gene"), moved, strict=True)) for moved in one.movers],
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(rows)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def _about(run: dict[str, Any]) -> dict[str, Any]:
    names = ("protocol", "expression", "survival", "samples", "lines", "seed", "device", "minutes", "simulated")
    return {
        "id": run["run_id"],
        "task": records.TASK,
        "created_at": str(run["created_at"]),
        "split": run["protocol"],
        **{name: run[name] for name in names},
        "settings": run["config"],
    }


def _head(run: dict[str, Any]) -> str:
    simulated = ", simulated data" if run["simulated"] else ""
    config = run["config"]
    noisy = config.get("replicates", 1) > 1 or config.get("noise", 0) > 0
    artificial = f", artificial replicates x {config['replicates']}, noise {config['noise']:g}" if noisy else ""
    return (
        f"{run['run_id']} (SF2 from {run['expression']} and {run['survival']}, {PROTOCOLS[run['protocol']]}, "
        f"{config.get('rounds')} x {config.get('folds')} folds, seed {run['seed']}, {run['samples']:,} samples of "
        f"{run['lines']:,} lines{artificial}{simulated})"
    )


def _rows(metrics: pd.DataFrame, plain: bool = False) -> list[dict[str, Any]]:
    """A row a model; `plain` gives numbers, else values with their interval as text. Measures that nobody has are
    left out."""
    names = [name for name in SHOWN if name in set(metrics["name"])]
    rows = []
    for model, part in metrics.groupby("model", sort=False):
        by_name = part.set_index("name")
        row: dict[str, Any] = {"model": model if plain else model_name(str(model))}
        for name in names:
            here = by_name.loc[name] if name in by_name.index else None
            row[name if plain else HEADS.get(name, name)] = _plain(here) if plain else _with_interval(here)
        rows.append(row | {"n": int(part["n"].max())})
    return rows


def _plain(row: pd.Series | None) -> float | None:
    return None if row is None or pd.isna(row["value"]) else float(row["value"])


def _with_interval(row: pd.Series | None) -> str:
    if row is None or pd.isna(row["value"]):
        return "-"
    ends = "" if pd.isna(row["lower"]) else f" ({row['lower']:.2f} to {row['upper']:.2f})"
    return f"{row['value']:.3f}{ends}"


def _nested(metrics: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {**{name: row[name] for name in ("model", "scope", "key", "name")}, "n": int(row["n"])}
        | {name: None if pd.isna(row[name]) else float(row[name]) for name in ("value", "lower", "upper")}
        for row in metrics.to_dict("records")
    ]
