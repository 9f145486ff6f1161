"""The chapters of a patient's report that say what was measured and what moved the predictions."""

from engine.figures.text import count
from engine.patient.types import MOST_POSITIONS, USED
from engine.report.parts import Section
from engine.report.patient import EVIDENCED, EXPLAINED, PatientReport
from engine.report.patient_drugs import (
    drug_names,
    evidence_tables,
    marker_table,
    mover_table,
    nearest_table,
    own_table,
    score,
)


def evidence_chapters(report: PatientReport) -> list[Section]:
    """What was measured first, then what the model rests on."""
    return [
        _markers(report),
        _own(report),
        _evidence(report),
        _movers(report),
        _nearest(report),
    ]


def _markers(report: PatientReport) -> Section:
    table = marker_table(report.ranking, drug_names(report.ranking.table), report.evidence)
    text = (
        "Measured cell lines that carry one of the patient's mutations (a position, or a gene at whatever position), "
        "without any model: the drugs to which they are most sensitive, with the rank that the model gives them. Only "
        "mutations that stand out by Welch's test at a false discovery rate of 5 % over all drugs and mutations "
        "of this patient. A mutation can stand for the tissue in which it is common."
    )
    return Section(
        "markers", "Measured lines with the same mutation", texts=[text] if table.rows else (), tables=[table]
    )


def _own(report: PatientReport) -> Section:
    if report.same is None or report.own is None or report.own.empty:
        return Section("own", "")
    table = own_table(report.own, report.ranking, drug_names(report.ranking.table))
    text = (
        f"The list is probably the cell line {report.same.name} or of the same tumour (similarity "
        f"{score(report.same.similarity)}). This was measured on that line: the drugs to which it is most sensitive "
        "among all measured lines."
    )
    return Section("own", f"Measured on {report.same.name} itself", texts=[text], tables=[table])


def _evidence(report: PatientReport) -> Section:
    first = [int(drug_id) for drug_id in report.ranking.table["drug_id"].head(EVIDENCED)]
    found = {drug_id: report.evidence[drug_id] for drug_id in first if drug_id in report.evidence}
    tables = evidence_tables(found, drug_names(report.ranking.table))
    lead = "The nearest cell lines that were measured with the drug, by shared mutated positions."
    return Section(
        "evidence", "Nearest lines measured with the top drugs", texts=[lead] if tables else (), tables=tables
    )


def _movers(report: PatientReport) -> Section:
    first = [int(drug_id) for drug_id in report.ranking.table["drug_id"].head(EXPLAINED)]
    table = mover_table(report.movers, first, drug_names(report.ranking.table))
    text = (
        "Change of the predicted ln(IC50), with the mutation minus without it: below zero is more sensitive. What the "
        "network does, not what biology does."
    )
    used = report.case.receipt.rows
    known = used.loc[used["fate"] == USED, "position_key"].nunique()
    if known > MOST_POSITIONS:
        text += f" Of {count(known)} known mutations only the {MOST_POSITIONS} that most cell lines carry were tried."
    return Section("movers", "The mutations that moved them", texts=[text] if table.rows else (), tables=[table])


def _nearest(report: PatientReport) -> Section:
    table = nearest_table(report.ranking.nearest)
    text = "By the share of mutated positions (Jaccard), among all lines with mutations, measured or not."
    return Section("nearest", "Nearest cell lines", texts=[text] if table.rows else (), tables=[table])
