"""The job that scores a screen by one modality: percent viabilities -> tables `curve`, `score` and `quality`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from engine.jobs.context import JobContext
from engine.jobs.queue import submit
from engine.spheroid.exclusions import adjusted, concerning, fingerprint, with_reasons
from engine.spheroid.judged import quality_rows
from engine.spheroid.landing import TASK as TASK
from engine.spheroid.landing import data_hash
from engine.spheroid.review_records import as_document, from_document, read_state, refuse_signed_off
from engine.spheroid.score_records import counts_death, readouts_of, reference_scores, scored_modality, wells_of
from engine.spheroid.scoring import POOLED, score_table
from engine.spheroid.scoring_records import scoring_row
from engine.spheroid.settings import MODALITIES, ScoreSettings
from engine.store.database import Database
from engine.store.reads import Reads


def submit_scoring(
    db: Database, screen: str, modality: str, settings: ScoreSettings, references: Sequence[str] = ()
) -> str:
    """Put the layout and the readouts of a screen into a new job folder and start it; returns the job's id.

    modality: of MODALITIES, or 'image' for the best that there is. references: scored screens of reference samples.
    What the review of the screen leaves out now, the job leaves out.
    Raises InputError where the screen, its readouts, its controls or the references are missing, or the screen is
    signed off.
    """
    modality = scored_modality(db, screen, modality)
    beside = reference_scores(db, tuple(references), modality) if references else None
    return submit_scoring_beside(db, screen, modality, settings, references, beside)


def submit_scoring_beside(
    db: Reads,
    screen: str,
    modality: str,
    settings: ScoreSettings,
    references: Sequence[str],
    beside: pd.DataFrame | None,
    title: str = "Score",
    more: Mapping[str, Any] | None = None,
) -> str:
    """As `submit_scoring`, with the references' scores as they are told. modality: of MODALITIES.

    beside: drug, dss_asym of the screens `references`; None for none. more: further parameters, to know the job by.
    """
    refuse_signed_off(db, screen, "scored again")
    excluded = concerning(read_state(db, screen).excluded, modality)
    inputs = {"well": wells_of(db, screen), "readout": readouts_of(db, screen, modality)}
    death = counts_death(db, screen, modality)
    params = {
        "screen": screen, "modality": modality, "settings": asdict(settings), "references": list(references),
        "death_readout": death, "excluded": [as_document(entry) for entry in excluded],
        "data": data_hash(inputs["well"], inputs["readout"], death), **(more or {}),
    }  # fmt: skip
    if beside is not None:
        inputs["reference"] = beside
    return submit(TASK, f"{title} {screen} ({MODALITIES[modality]})", params, settings.seed, inputs)


def run_scoring(job: JobContext) -> None:
    """Task `score_screen`."""
    settings = ScoreSettings(**job.params["settings"])
    layout, readouts = pd.read_parquet(job.input("well")), pd.read_parquet(job.input("readout"))
    modality, death = job.params["modality"], bool(job.params["death_readout"])
    excluded = [from_document(told) for told in job.params.get("excluded", [])]
    wells = adjusted(layout, readouts, excluded, modality, death_readout=death)
    beside = "reference" in job.spec.inputs
    references = pd.read_parquet(job.input("reference")) if beside else None
    job.progress(0.05, "Fitting curves")
    scored = score_table(
        wells, settings, references, lambda part: job.progress(0.1 + 0.85 * part, "Drawing intervals of the scores")
    )
    scored = with_reasons(scored, wells, excluded)
    place = {"screen": job.params["screen"], "modality": modality, "job_id": job.spec.id}
    job.write_table("curve", scored.curve.assign(**place))
    job.write_table("score", scored.score.assign(**place))
    made = scoring_row(settings, references, job.params["references"], fingerprint(excluded, modality))
    job.write_table("scoring", pd.DataFrame([{**made, **place}]))
    job.progress(0.96, "Judging the plates")
    # Judged again with every scoring: what an exclusion or a better network changed shows in the plates too.
    quality = quality_rows(layout, wells, modality, death_readout=death).drop(columns="modality")
    job.write_table("quality", quality.assign(**place))
    pooled = scored.score["replicate"] == POOLED
    job.write_result(
        {
            "screen": job.params["screen"],
            "modality": modality,
            "drugs": int(pooled.sum()),
            "hits": int(scored.score.loc[pooled, "hit"].sum()),
            "without_fit": int(scored.curve.loc[pooled, "reason"].notna().sum()),
        }
    )
    job.progress(1.0, f"{int(pooled.sum())} drugs scored")
