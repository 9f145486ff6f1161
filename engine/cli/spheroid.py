"""The commands about spheroid screens: import, train, score, quality, explain."""

from argparse import Namespace
from typing import Any

import pandas as pd

from engine.cli.output import Answer, printable, table
from engine.errors import InputError
from engine.store.database import Database

KIND, ENGINE = "screen", "spheroid"
OPTIONS = ("screen", "phase", "preset", "backbone", "weights", "start")  # of `train` that only this engine knows
SYNERGY_BY = ("image_3", "image_2", "image_1", "metabolic", "mos")  # without a modality: the first of these there is
LISTED = ("drug", "addon", "replicate", "dss_asym", "dss1", "dss2", "dss3", "abs_ic50", "gof")


def bring(given: Namespace, db: Database) -> Answer:
    """`import screen FOLDER`: the one screen there, the one that --name says, or else every one, a job each."""
    from engine.cli.commands import imported, submitted
    from engine.jobs import queue
    from engine.spheroid.screen_import import submit_screen_import, submit_screen_imports

    about = {name: getattr(given, name) for name in ("sample", "entity", "origin", "licence", "replace", "pattern")}
    about |= {"death_readout": given.death_readout, "percent": given.percent, "inhibition": given.inhibition}
    about["screened_on"] = given.date
    if given.name:
        jobs = [submit_screen_import(given.file, given.name, **about)]
    else:
        jobs = submit_screen_imports(given.file, **about)
    names = [queue.status(job).title.removeprefix("Import screen ") for job in jobs]
    answers = [
        submitted(job) if given.no_wait else imported(job, name, db) for job, name in zip(jobs, names, strict=True)
    ]
    if len(answers) == 1:
        return answers[0]
    documents = [answer.document | {"screen": name} for answer, name in zip(answers, names, strict=True)]
    return Answer(documents, "\n".join(answer.text for answer in answers))


def train(given: Namespace, db: Database) -> Answer:
    """`train spheroid`: submit; with --wait say what the run is and how its controls read."""
    from engine.cli.commands import finish, submitted
    from engine.jobs import queue
    from engine.spheroid.settings import SpheroidSettings
    from engine.spheroid.train import submit_training

    if not given.screen:
        raise InputError("Say which screen to train for: python -m engine train spheroid --screen NAME.")
    settings = SpheroidSettings(
        given.screen, given.phase, given.preset, given.backbone, given.weights, given.start, given.epochs,
        seed=given.seed,
    )  # fmt: skip
    job_id = submit_training(db, settings)
    if not given.wait:
        return submitted(job_id)
    finish(job_id, db)
    told = queue.read_result(job_id)
    lines = [f"{job_id} ({given.screen}, phase {given.phase}, {settings.preset}, {settings.backbone_name})"]
    lines += [
        f"{key.replace('_', ' ')}: {value}" for key, value in told.items() if isinstance(value, str | int | float)
    ]
    lines += [f"note: {printable(note)}" for note in told.get("notes", [])]
    return Answer({"job": job_id, "state": "collected", "run": job_id, **told}, "\n".join(lines))


def run_score(given: Namespace) -> Answer:
    """Score a screen by one modality, and list its drugs."""
    from engine.cli.commands import finish, open_store, submitted
    from engine.spheroid.landing import LEFT
    from engine.spheroid.score_job import submit_scoring
    from engine.spheroid.score_records import scored_modality
    from engine.spheroid.screen_list import scores
    from engine.spheroid.settings import HIT_DSS, MODALITIES, ScoreSettings

    db = open_store()
    settings = ScoreSettings(given.parameters, given.threshold, given.bootstrap, given.seed)
    modality = scored_modality(db, given.screen, given.modality)
    job_id = submit_scoring(db, given.screen, modality, settings, tuple(given.reference))
    if given.no_wait:
        return submitted(job_id)
    told = finish(job_id, db).message
    found = scores(db, given.screen, modality)
    documents = [_score(row) | {"modality": modality, "screen": given.screen} for row in found.to_dict("records")]
    shown = found[found["replicate"] == "pooled"].sort_values("dss_asym", ascending=False, na_position="last")
    alone = shown[shown["addon"] == ""]
    hits = int((alone["dss_asym"] >= HIT_DSS).sum())
    head = (
        f"{given.screen}, {MODALITIES[modality]}: {hits} of {len(alone)} drugs are hits (DSS_asym of at least "
        f"{HIT_DSS:g})"
    )
    if len(alone) < len(shown):
        head += (
            f"; {len(shown) - len(alone)} combinations are listed with them: `synergy` tells what an addition changes"
        )
    if told.startswith(LEFT):
        head = f"warning: {told}\n{head}"
    rows = [{name: value for name, value in _score(row).items() if name in LISTED} for row in shown.to_dict("records")]
    if not shown["addon"].any():
        rows = [{name: value for name, value in row.items() if name != "addon"} for row in rows]
    return Answer(documents, f"{head}\n{table(rows, 'No drugs.')}\nPooled replicates; abs_ic50 in nM.")


def _score(row: dict[Any, Any]) -> dict[str, Any]:
    """One drug and replicate as a script takes it: replicates are `pooled` or a number, missing values are None."""
    numbers = {name: None if pd.isna(value) else float(value) for name, value in row.items() if name not in LISTED[:3]}
    replicate = row["replicate"] if row["replicate"] == "pooled" else int(row["replicate"])
    return {"drug": row["drug"], "addon": row["addon"], "replicate": replicate, **numbers}


def run_quality(given: Namespace) -> Answer:
    """Every measure of quality of a screen, worst first, with its verdict and the reason."""
    from engine.cli.commands import open_store
    from engine.spheroid.judged import judged
    from engine.spheroid.screen_list import screen_row

    db = open_store()
    screen_row(db, given.screen)
    found = judged(db, given.screen)
    documents = [{**row, "value": None if pd.isna(row["value"]) else row["value"]} for row in found.to_dict("records")]
    counts = found["verdict"].value_counts()
    told = ", ".join(f"{counts[name]} {name}" for name in ("good", "doubtful", "bad", "unknown") if name in counts)
    rows = [
        {"plate": row["plate"] or "all", **{name: row[name] for name in ("modality", "measure", "value", "verdict")}}
        | {"reason": printable(row["reason"])}
        for row in documents
    ]
    head = f"{given.screen}: {told or 'nothing to judge'}"
    return Answer(documents, f"{head}\n{table(rows, 'No readouts.')}")


def run_synergy(given: Namespace) -> Answer:
    """What an addition changes of every drug of a combination screen."""
    from engine.cli.commands import open_store
    from engine.spheroid.combinations import COLUMNS, above_by_chance, reviewed_combinations, verdicts
    from engine.spheroid.combined_drug import LEVEL
    from engine.spheroid.score_records import scored_modality
    from engine.spheroid.screen_list import screen_row
    from engine.spheroid.settings import MODALITIES

    db = open_store()
    there = screen_row(db, given.screen)["readouts"]
    best = next((one for one in SYNERGY_BY if one in there), "image")
    modality = scored_modality(db, given.screen, given.modality or best)
    combined = reviewed_combinations(db, given.screen, modality)
    found = combined.rows
    if found.empty and combined.notes:
        raise InputError(" ".join(combined.notes))
    documents = [
        {name: None if pd.isna(row[name]) else row[name] for name in COLUMNS}
        | {"modality": modality, "screen": given.screen}
        for row in found.to_dict("records")
    ]
    above = int((verdicts(found) == "above").sum())
    head = (
        f"{given.screen}, {MODALITIES[modality]}: {above} of {len(found)} combinations lie above Bliss by more than "
        f"replicates scatter ({100 * LEVEL:.0f} % interval) and above HSA"
    )
    shown = ("drug", "addon", "dcdss", "bliss", "bliss_lower", "bliss_upper", "hsa", "zip", "loewe", "highest_at_nm")
    rows = [{name: row[name] for name in shown} for row in documents]
    alone = {str(row["addon"]): row["addition_percent"] for row in documents}
    told = "; ".join(f"{addon} alone inhibits {percent:.0f} %" for addon, percent in alone.items())
    foot = (
        f"{told}. Means over doses, percent points of inhibition above what each model expects. Without any "
        f"interaction about {above_by_chance(found):.0f} of {len(found)} lie above Bliss by chance."
    )
    apart = [f"{row.drug} with {row.addon}: {row.why}." for row in combined.unmatched.itertuples()]
    notes = "\n".join(printable(one) for one in (foot, *combined.notes, *apart))
    return Answer(documents, f"{head}\n{table(rows, 'No combinations.')}\n{notes}")


def run_explain(given: Namespace) -> Answer:
    """Draw what a network looked at in one well."""
    from engine.cli.commands import open_store
    from engine.spheroid.explain import METHODS, explain_well
    from engine.spheroid.plate import parse_well

    db = open_store()
    plate, separator, name = given.well.strip().rpartition("_")
    if not separator or not plate:
        raise InputError(f"{given.well!r} names no well: write plate and well, such as P1_D05.")
    row, column = parse_well(name)
    if not given.out.parent.is_dir():
        raise InputError(f"There is no folder {given.out.parent} to write {given.out.name} into.")
    found = explain_well(db, given.screen, (plate, row, column), given.out, given.method, given.towards, given.run_id)
    document = {
        "file": str(found.path), "screen": given.screen, "well": given.well, "run": found.run_id,
        "raw_viability": found.raw, "method": given.method, "towards": found.towards,
    }  # fmt: skip
    words = f"{METHODS[given.method]} of what speaks for {'living' if found.towards == 'alive' else 'dead'} cells"
    return Answer(document, f"{found.path}: {given.screen} {given.well}, raw viability {found.raw:.2f}; {words}")
