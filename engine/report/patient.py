"""What a patient's report is written from: the case, its ranking and what stands beside it, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from engine.patient.completions import sequenced_genes
from engine.patient.movers import movers
from engine.patient.neighbours import evidence
from engine.patient.types import Case, Ranking
from engine.report.card import Card, model_card
from engine.response.comparison_records import sources_of
from engine.response.records import RunSummary, run_summary
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.patient.predictor import Predictor

RESEARCH_ONLY = "Research use only. Not for treatment decisions."
TITLE = "Tumorcast patient report"  # of both files' metadata: no name of a patient stands there
HTML_NAME = "tumorcast-patient-report.html"
PDF_NAME = "tumorcast-patient-report.pdf"
TOP = 20  # drugs shown
EXPLAINED = 10  # of them with the mutations that moved them
EVIDENCED = 5  # of them with measured lines


@dataclass(frozen=True)
class PatientReport:
    """What both files are written from.

    movers: drug_id, position_key, effect (ln µM, with the mutation minus without). evidence: drug_id -> the nearest
    lines measured with that drug. run: the one that predicts; honest: the one that says what it is worth, None without.
    sources: the imports that the run rests on. made_at: when the report was written, UTC.
    """

    case: Case
    ranking: Ranking
    movers: pd.DataFrame
    evidence: Mapping[int, pd.DataFrame]
    run: RunSummary
    made_at: datetime
    honest: RunSummary | None
    card: Card
    sources: pd.DataFrame
    top: int = TOP


def gather(
    db: Database,
    predictor: "Predictor",
    case: Case,
    ranking: Ranking,
    top: int = TOP,
    made_at: datetime | None = None,
) -> PatientReport:
    """Everything the report of one case needs. made_at: UTC, now where not given.

    Raises StoreError where the run of the ranking is no longer in the store.
    """
    run = run_summary(db, ranking.run_id)
    genome = case.receipt.genome
    drugs = [int(drug_id) for drug_id in ranking.table["drug_id"].head(top)]
    sources = sources_of(db, run.dataset)
    return PatientReport(
        case=case,
        ranking=ranking,
        movers=movers(predictor, genome, drugs[:EXPLAINED], ranking.cancer_type),
        evidence={
            drug_id: evidence(
                predictor,
                genome.keys,
                drug_id,
                sequenced=sequenced_genes(genome),
                cancer_type=ranking.cancer_type,
            )
            for drug_id in drugs[:EVIDENCED]
        },
        run=run,
        made_at=made_at or datetime.now(UTC),
        honest=predictor.honest,
        card=model_card(db, run.run_id),
        sources=sources[sources["simulated"] == run.simulated],
        top=top,
    )
