"""What a patient's report is written from: the case, its ranking and what stands beside it, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from engine.patient.completions import sequenced_genes
from engine.patient.domain import same_tumour
from engine.patient.movers import movers
from engine.patient.neighbours import evidence, most_sensitive
from engine.patient.types import Case, NearLine, Ranking
from engine.report.card import Card, model_card
from engine.response.comparison_records import sources_of
from engine.response.records import RunSummary, run_summary
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.patient.predictor import Predictor

RESEARCH_ONLY = "Research use only. Not for treatment decisions."
SIMULATED = "The model was trained on simulated data: no number here says anything about real tumours."
TITLE = "Tumorcast patient report"  # of both files' metadata: no name of a patient stands there
HTML_NAME = "tumorcast-patient-report.html"
PDF_NAME = "tumorcast-patient-report.pdf"
TOP = 20  # drugs shown
EXPLAINED = 10  # of them with the mutations that moved them
EVIDENCED = 3  # of them with measured lines
MOST_MARKED = 10  # drugs to which lines with the same mutation are most sensitive
OWN_DRUGS = 10  # of a line that the patient probably is


@dataclass(frozen=True)
class PatientReport:
    """What both files are written from.

    movers: drug_id, position_key, effect (ln µM, with the mutation minus without). evidence: drug_id -> the nearest
    lines measured with that drug, of the first drugs and of those of `marked`. same: the cell line that the patient
    probably is, and own: the drugs that it was most sensitive to (`most_sensitive`). run: the one that predicts;
    honest: the one that says what it is worth, None without. sources: the imports that the run rests on. made_at: when
    the report was written, UTC.
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
    same: NearLine | None = None
    own: pd.DataFrame | None = None


def marked(ranking: Ranking) -> pd.DataFrame:
    """The drugs of the ranking to which lines with one of the patient's mutations are most sensitive, with `place`."""
    order = ranking.table.assign(place=range(1, len(ranking.table) + 1))
    return order[order["marker_z"] < 0].sort_values("marker_z").head(MOST_MARKED)


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
    measured = dict.fromkeys([*drugs[:EVIDENCED], *map(int, marked(ranking)["drug_id"])])
    same = same_tumour(predictor, ranking.nearest)
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
            for drug_id in measured
        },
        run=run,
        made_at=made_at or datetime.now(UTC),
        honest=predictor.honest,
        card=model_card(db, run.run_id),
        sources=sources[sources["simulated"] == run.simulated],
        top=top,
        same=same,
        own=None if same is None else most_sensitive(predictor, same.cosmic_id, OWN_DRUGS),
    )
