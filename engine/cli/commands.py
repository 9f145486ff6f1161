"""The commands. Each takes the parsed options, calls the engine and answers; heavy modules load only when needed."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.cli import radiation, spheroid
from engine.cli.output import Answer, bar, duration, follow, printable, table
from engine.collect import app_is_up, collect_finished, settle
from engine.errors import InputError, JobError
from engine.jobs import queue
from engine.jobs.spec import JobStatus
from engine.settings import store_path
from engine.store.database import Database

RESPONSE_ONLY = (
    "networks", "split", "only_folds", "baselines", "ablations", "sensitive_below", "dataset", "all_genes", "min_lines",
    "max_weight", "need_cid",
)  # fmt: skip
EVALUATION = ("split", "folds", "only_folds", "networks", "ablations", "epochs", "against", "no_wait")
MEASURES = ("r2", "rmse", "mae", "pearson", "spearman", "auroc", "skill", "within_drug_r", "coverage", "n")


def run_demo(given: Namespace) -> Answer:
    """Build the demonstration cohort: the imports in order, training, evaluation under further splits."""
    from engine.demo.build import submit_demo

    db, jobs, trained = open_store(), [], False
    for job_id in submit_demo(given.size, given.epochs, not given.no_train, folds=given.folds):
        jobs.append(queue.status(job_id) if trained and given.background else finish(job_id, db))
        trained = trained or jobs[-1].task == "train_response"
    where = {"collected": "in the store", "waiting": "waits for its turn"}
    lines = [f"{job.title}: {where.get(job.state, job.state)}" for job in jobs]
    return Answer({"jobs": [job.id for job in jobs], "simulated": True}, "\n".join([*lines, "Simulated data."]))


def run_import(given: Namespace) -> Answer:
    """Submit an import, wait for it, show its receipt."""
    if given.kind != "survival":
        refuse_others(given, ("assay",))
    db = open_store()
    if given.kind == "library":
        from engine.cli.library import submit

        job_id = submit(given, db)
    elif given.kind in radiation.KINDS:
        job_id = radiation.submit_import(given)
    elif given.kind == spheroid.KIND:
        return spheroid.bring(given, db)
    else:
        from engine.response.sources import ImportOptions, submit_import

        options = ImportOptions(dataset=given.dataset, unit=given.unit, census_only=not given.all_genes)
        job_id = submit_import(given.file, given.kind, given.name, given.origin, given.licence, options)
    if given.no_wait:
        return submitted(job_id)
    return imported(job_id, given.file.name, db)


def imported(job_id: str, called: str, db: Database) -> Answer:
    """Waits for an import and shows its receipt."""
    finish(job_id, db)
    receipt = queue.read_result(job_id)
    such = {reason: f" ({'; '.join(rows[:3])})" for reason, rows in receipt.get("examples", {}).items() if rows}
    dropped = [
        printable(f"  dropped {count:,}: {reason}{such.get(reason, '')}")
        for reason, count in receipt.get("dropped", {}).items()
    ]
    notes = [f"  note: {note}" for note in receipt.get("notes", [])]
    head = f"{called}: {receipt.get('read', 0):,} rows read, {receipt.get('kept', 0):,} kept"
    return Answer({"job": job_id, "state": "collected", "receipt": receipt}, "\n".join([head, *dropped, *notes]))


def run_train(given: Namespace) -> Answer:
    """Submit a training; with --wait show the metrics of its run."""
    from engine.response.settings import ABLATIONS, BASELINES, CurationSettings, TrainSettings, names, network_names
    from engine.response.train import submit_training

    db = open_store()
    own = {"response": RESPONSE_ONLY, "radiation": radiation.OPTIONS, spheroid.ENGINE: spheroid.OPTIONS}
    others = [name for engine, names in own.items() if engine != given.engine for name in names]
    refuse_others(given, [*others, "folds"] if given.engine == spheroid.ENGINE else others)
    if given.engine == "radiation":
        return radiation.train(given, db)
    if given.engine == spheroid.ENGINE:
        return spheroid.train(given, db)
    options: dict[str, Any] = {} if given.epochs is None else {"epochs": given.epochs}
    rules = CurationSettings(
        census_only=not given.all_genes,
        min_lines_per_type=given.min_lines,
        max_weight_g_mol=given.max_weight,
        require_pubchem_cid=given.need_cid,
    )
    settings = TrainSettings(
        networks=network_names(given.networks),
        baselines=names(given.baselines, BASELINES),
        ablations=names(given.ablations, tuple(ABLATIONS)),
        split=given.split,
        folds=given.folds,
        only_folds=_numbers(given.only_folds),
        sensitive_below=given.sensitive_below,
        seed=given.seed,
        dataset=given.dataset,
        curation=rules,
        **options,
    )
    job_id = submit_training(db, settings)
    if not given.wait:
        return submitted(job_id)
    return _trained(job_id, db)


def run_evaluate(given: Namespace) -> Answer:
    """Submit the evaluation of a run under another split, or compare it with another study's measurements.

    Of a radiosensitivity run, which was evaluated as it was trained, show the table.
    """
    from engine.response.settings import ABLATIONS, names, network_names
    from engine.response.train import submit_evaluation

    db = open_store()
    if radiation.is_run(db, given.run_id):
        refuse_others(given, EVALUATION)
        return radiation.evaluated(db, given.run_id)
    if (given.split is None) == (given.against is None):
        raise InputError("Say what to evaluate: --split SPLIT, or --against DATASET.")
    if given.against is not None:
        from engine.response.cross_study import cross_study

        found = cross_study(db, given.run_id, given.against)
        return Answer(found.as_dict(), found.as_text())
    job_id = submit_evaluation(
        db,
        given.run_id,
        given.split,
        given.folds,
        _numbers(given.only_folds),
        None if given.networks is None else network_names(given.networks),
        names(given.ablations, tuple(ABLATIONS)),
        given.epochs,
    )
    return submitted(job_id) if given.no_wait else _trained(job_id, db)


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"'{text}' is no list of folds: write their numbers with commas, such as 1,2.")
    return tuple(int(part) for part in parts)


def _trained(job_id: str, db: Database) -> Answer:
    finish(job_id, db)
    runs = [run for run in _runs(db) if run["id"] == job_id]
    metrics = runs[0]["metrics"] if runs else {}
    return Answer({"job": job_id, "state": "collected", "run": job_id, "metrics": metrics}, _run_text(runs))


def run_predict(given: Namespace) -> Answer:
    """Predict pairs of a file into another, or the SF2 of the samples of a file."""
    from engine.response.predict import predict_file

    refuse_others(given, ("pairs",) if given.engine == "radiation" else ("file", "panel"))
    if given.engine == "radiation":
        open_store()
        return radiation.predict(given)
    if given.pairs is None or given.out is None:
        raise InputError("predict response needs two files: --pairs PAIRS, and --out FILE to write to.")
    db = open_store()
    with bar("Predicting") as show:
        summary = predict_file(db, given.run_id, given.pairs, given.out, show)
    text = f"{summary.pairs:,} pairs of {summary.lines:,} lines and {summary.drugs:,} drugs: {summary.file}"
    if summary.unseen_positions:
        text += f"\n{summary.unseen_positions:,} mutated positions of these lines are unknown to the run"
    return Answer(asdict(summary), text)


def run_runs(given: Namespace) -> Answer:
    """List runs, oldest first."""
    db = open_store()
    runs = _runs(db)
    documents, texts = radiation.listed(db)
    if not documents:
        return Answer(runs, _run_text(runs))
    return Answer([*runs, *documents], "\n\n".join([*([_run_text(runs)] if runs else []), *texts]))


def run_jobs(given: Namespace) -> Answer:
    """List jobs or look after one."""
    if given.action == "list":
        open_store()
        jobs = queue.list_jobs()
        return Answer([asdict(job) for job in jobs], table([_job_row(job) for job in jobs], "No jobs yet."))
    if given.action == "test":
        db = open_store()
        job_id = queue.submit("self_test", "Self test of the queue", {"steps": 5})
        finish(job_id, db)
        return Answer({"job": job_id, "state": "collected"}, "The queue works: a job was run and collected.")
    if given.id is None:
        raise JobError(f"Say which job: python -m engine jobs {given.action} ID. `python -m engine jobs` lists them.")
    if given.action == "log":
        log = queue.read_log(given.id)
        return Answer({"id": given.id, "log": log}, log)
    act = {"show": queue.status, "cancel": queue.cancel, "resume": queue.resume}[given.action]
    job = act(given.id)
    document = {**asdict(job), "result": queue.read_result(given.id), "folder": str(queue.job_folder(given.id))}
    return Answer(document, "\n".join(f"{key}: {value}" for key, value in document.items() if value not in (None, "")))


def run_networks(given: Namespace) -> Answer:
    """List networks with their sizes."""
    from engine.response.networks import network_table

    networks = network_table()
    return Answer(networks, table(networks, "No networks."))


def run_export(given: Namespace) -> Answer:
    """Write every table as Parquet."""
    files = [str(file) for file in open_store().export(given.folder)]
    return Answer({"files": files}, "\n".join(files))


def open_store() -> Database:
    """The store with everything that has finished in it; while the app is up, that is the app's work."""
    db = Database(store_path())
    if not app_is_up():
        try:
            collect_finished(db)
        except JobError as error:
            # One job that does not fit must not block every command.
            print(f"warning: {error}", file=sys.stderr)
    return db


def finish(job_id: str, db: Database) -> JobStatus:
    """Wait until a job is in the store. Raises JobError with its reason when it failed or was cancelled."""
    job = follow(job_id)
    if job.state not in ("finished", "collected"):
        raise JobError(f"{job.title} {job.state}: {job.error} (python -m engine jobs log {job_id})")
    settle(job_id, db)
    return queue.status(job_id)


def refuse_others(given: Namespace, names: Sequence[str]) -> None:
    """Raises InputError where one of these options was given: what is asked for does not know it."""
    for name in names:
        if getattr(given, name) != given.default_of(name):
            what = f"{given.command} {getattr(given, 'engine', getattr(given, 'kind', 'of a radiosensitivity run'))}"
            called = "FILE" if name == "file" else f"--{name.replace('_', '-')}"
            raise InputError(f"{called} is no option of {what}: leave it out. `{given.command} --help` lists them.")


def submitted(job_id: str) -> Answer:
    return Answer({"job": job_id, "state": queue.status(job_id).state}, f"Submitted {job_id}")


def _runs(db: Database) -> list[dict[str, Any]]:
    from engine.response.records import runs

    return [
        {
            "id": run.run_id,
            "created_at": str(run.created_at),
            "split": run.split,
            "folds": len(run.config.get("ran_folds", [0])),
            "of_folds": run.folds,
            "naive": run.naive,
            "seed": run.seed,
            "simulated": run.simulated,
            "metrics": {model: run.metrics[model] for model in run.models},
        }
        for run in runs(db)
    ]


def _run_text(runs: list[dict[str, Any]]) -> str:
    blocks = []
    for run in runs:
        simulated = ", simulated data" if run["simulated"] else ""
        rows = [{"model": key, **{name: one.get(name) for name in MEASURES}} for key, one in run["metrics"].items()]
        blocks.append(f"{run['id']} (split {run['split']}, seed {run['seed']}{simulated})\n{table(rows, 'no metrics')}")
    return "\n\n".join(blocks) or "No runs yet."


def _job_row(job: JobStatus) -> dict[str, str]:
    left = duration(job.eta_s) if job.eta_s is not None else ""
    done, what = f"{job.fraction:.0%}", job.error or job.message
    return {"id": job.id, "state": job.state, "done": done, "left": left, "what": what}
