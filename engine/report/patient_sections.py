"""The chapters of a patient's report, the same for HTML and PDF; every text is cleaned on the way out."""

from dataclasses import replace

from engine.figures.text import (
    MISSING,
    count,
    model_name,
    plural,
    split_name,
)
from engine.figures.type_words import type_name
from engine.patient.types import USED
from engine.report.card import Fact
from engine.report.parts import Number, Section
from engine.report.patient import PatientReport
from engine.report.patient_chart import z_bars
from engine.report.patient_drugs import (
    drug_names,
    score,
    span,
    top_drugs,
)
from engine.report.patient_evidence import evidence_chapters
from engine.report.patient_model import SHORT_LIMITS, model_chapters
from engine.report.patient_receipt import all_rows, fates, most_frequent, reasons, used_rest, used_rows
from engine.report.plain import clean
from engine.report.tidy import LABEL_LENGTH, tidy

NAMED_MUTATIONS = 40


def label_of(report: PatientReport) -> str:
    """The case's label, fit to print."""
    return clean(report.case.label, LABEL_LENGTH) or "Unnamed case"


def chips_of(report: PatientReport) -> list[str]:
    """What kind of case and model it is, in a few words each."""
    kind = [type_name(report.ranking.cancer_type)] if report.ranking.cancer_type else ["no cancer type chosen"]
    return [
        clean(chip, LABEL_LENGTH)
        for chip in (*kind, report.case.receipt.panel.split(" (")[0], model_name(report.ranking.model))
    ]


def chapters(report: PatientReport, most_used: int, most_rows: int) -> list[Section]:
    """Every chapter in reading order. most_used, most_rows: rows of the receipt that are shown, 0 for no such table."""
    every = [
        _read(report),
        _trust(report),
        _top(report),
        _chart(report),
        *evidence_chapters(report),
        _numbers(report),
        _receipt(report, most_used, most_rows),
        *model_chapters(report),
    ]
    return [tidy(section) for section in every if not section.empty]


def _read(report: PatientReport) -> Section:
    receipt, case = report.case.receipt, report.case
    used = most_frequent(receipt)
    named = [
        f"{row['gene']} {row['change']}" if isinstance(row["change"], str) and row["change"] else row["position_key"]
        for row in used.head(NAMED_MUTATIONS).to_dict("records")
    ]
    more = f" and {count(len(used) - len(named))} more" if len(used) > len(named) else ""
    facts = [
        Fact(
            "Used mutations",
            "most frequent in training first: " + ", ".join(named) + more if named else _without_mutations(report),
        ),
        Fact("Sequenced", _sequenced(report)),
        Fact("Cancer type", type_name(case.cancer_type) if case.cancer_type else "not told"),
        Fact("Genome build", receipt.build.sentence or "not needed: nothing is given by coordinates alone"),
        Fact("Format", f"{receipt.format}, read {case.made_at:%Y-%m-%d %H:%M} UTC"),
    ]
    return Section(
        "read",
        "What was used",
        cards=_cards(report),
        facts=facts,
        tables=[fates(receipt)],
        texts=[_plain(note) for note in receipt.notes],
    )


def _without_mutations(report: PatientReport) -> str:
    if report.ranking.completions:
        return "none: the ranking is that of cell lines without these genes' mutations"
    return "none: the ranking is that of an unmutated line"


def _sequenced(report: PatientReport) -> str:
    genes = report.case.receipt.genome.sequenced
    if genes is None:
        return f"{report.case.receipt.panel}: every census gene without a mutation counts as wild type"
    text = f"{report.case.receipt.panel}: {plural(len(genes), 'census gene')}; all others are unknown, not wild type"
    if report.ranking.completions:
        text += f", and predictions are means over {plural(report.ranking.completions, 'plausible completion')}"
    return text


def _cards(report: PatientReport) -> list[Number]:
    receipt, ranking = report.case.receipt, report.ranking
    distinct = receipt.rows.loc[receipt.rows["fate"] == USED, "position_key"].nunique()
    cards = [
        Number(
            "Rows used",
            f"{count(receipt.counts[USED])} of {count(receipt.total)}",
            (plural(distinct, "mutated position") + " known to the model",),
        ),
        Number("Drugs ranked", count(len(ranking.table)), (f"the first {count(_shown(report))} are shown",)),
    ]
    if ranking.nearest:
        near = ranking.nearest[0]
        kind = type_name(near.cancer_type) if near.cancer_type else "cancer type not known"
        cards.append(Number("Nearest cell line", near.name, (f"similarity {score(near.similarity)}, {kind}",)))
    value, note = _skill(report)
    cards.append(Number("Skill for unseen lines", value, (note,)))
    return cards


def _shown(report: PatientReport) -> int:
    return min(report.top, len(report.ranking.table))


def _skill(report: PatientReport) -> tuple[str, str]:
    """The model's skill over all drugs with its interval and baseline, or that nobody knows it."""
    found = report.honest.metrics.get(report.ranking.model) if report.honest else None
    if found is None or found.get("skill") is None:
        return MISSING, "the model was not tested on unseen lines"
    ends = span(found.get("skill_lower"), found.get("skill_upper"), "no interval")
    return score(found["skill"]), f"{ends}, n {count(int(found.get('skill_n') or 0))}; 0: no better than the baseline"


def _trust(report: PatientReport) -> Section:
    ranking = report.ranking
    texts = [] if ranking.inside else [f"Extrapolation: {ranking.domain}"]
    if report.honest and report.honest.run_id != report.run.run_id:
        texts.append(f"Tested by run {report.honest.run_id}, {plural(report.honest.folds, 'fold')}.")
    texts += [_plain(note) for note in ranking.warnings]
    return Section(
        "trust", "How far to trust the ranking", lead=_honest_words(report), texts=texts, points=SHORT_LIMITS
    )


def _numbers(report: PatientReport) -> Section:
    """What needs no reading before the drugs are looked at."""
    told = set(report.ranking.warnings)
    texts = [_plain(note) for note in report.ranking.notes if note not in told]
    return Section("numbers", "What the numbers are", texts=texts)


def _honest_words(report: PatientReport) -> str:
    ranking = report.ranking
    if not ranking.split:
        return "This model was not tested on unseen cell lines."
    skill = ranking.table["skill"].dropna().astype(float)
    naive = model_name(ranking.naive).lower() if ranking.naive else "the naive baseline"
    words = f"Tested on {split_name(ranking.split)}: "
    if skill.empty:
        return f"{words}skill per drug is not known."
    better = int((skill > 0).sum())
    return f"{words}the model predicts better than {naive} for {count(better)} of {plural(len(skill), 'drug')}."


def _top(report: PatientReport) -> Section:
    table = top_drugs(report.ranking, report.top)
    texts = [
        "Sorted by z-score: how far below the average measured line of the same drug the prediction lies, in standard "
        "deviations. Percentile: share of those lines at or below. Approval: US FDA."
    ]
    if report.ranking.split:
        texts.append(f"Intervals (90 %) and skill: {split_name(report.ranking.split)}.")
    flagged = int(report.ranking.table["extrapolation"].head(report.top).fillna(False).sum())
    if flagged == len(table.rows):
        texts.append("All of them are extrapolations: drug or patient lie outside of what was trained on.")
    elif flagged:
        texts.append(f"Extrapolation for {count(flagged)} of them: drug or patient lie outside of what was trained on.")
    else:
        texts.append(
            "None of them is flagged as extrapolation, which says little. It was tested whether one training line "
            "shares as large a part of the mutated positions with the patient as 95 % of training lines do with their "
            "nearest, which may be a single position, and whether the drug's structure is as near to a training drug's."
        )
    return Section("drugs", f"Top {plural(len(table.rows), 'drug')}", texts=[" ".join(texts)], tables=[table])


def _chart(report: PatientReport) -> Section:
    drugs = report.ranking.table.head(report.top)
    names = {drug_id: clean(name, LABEL_LENGTH) for drug_id, name in drug_names(report.ranking.table).items()}
    drawing = z_bars(drugs, names)
    return Section("chart", "How they stand out", drawing=drawing)


def _receipt(report: PatientReport, most_used: int, most_rows: int) -> Section:
    receipt = report.case.receipt
    tables = [used_rows(receipt, most_used), reasons(receipt)]
    if most_rows:
        tables.append(all_rows(receipt, most_rows))
    else:
        shown = min(most_used, receipt.counts[USED])
        tables[-1] = replace(
            tables[-1],
            caption=f"{tables[-1].caption} {plural(receipt.total - shown, 'more row')} with text and reason each are "
            "in the downloaded receipt.".strip(),
        )
    others = used_rest(receipt, most_used)
    texts = [f"The other used mutations: {others}."] if others else []
    return Section("receipt", "Appendix: what became of every row", texts=texts, tables=tables)


def _plain(note: str) -> str:
    """A note without the marks of code, which only a page of the dashboard draws."""
    return note.replace("`", "")
