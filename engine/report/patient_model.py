"""The chapters of a patient's report that tell of the model: what it is, what it cannot see, what it rests on."""

from engine.figures.text import MISSING, data_name, plural, split_name
from engine.jobs.spec import versions
from engine.report.card import Fact
from engine.report.parts import Section, Table
from engine.report.patient import PatientReport

CARD_FACTS = ("Predicts", "Networks", "Run", "Data", "Held out", "Pairs", "Mutated positions", "Settings")
CITATIONS = (
    "Networks and their published protocol: Chang Y. et al. Cancer Drug Response profile scan (CDRscan). Scientific "
    "Reports 8:8857 (2018). doi:10.1038/s41598-018-27214-6",
    "Cancer Gene Census: Sondka Z. et al. Nature Reviews Cancer 18:696-705 (2018). doi:10.1038/s41568-018-0060-1",
)
MODEL_LIMITS = (
    "The model sees mutated positions of census genes and the structure of the drug. It does not see fusions, copy "
    "number, expression, methylation, allele fractions or zygosity, nor which mutations drive the tumour.",
    "A position is a codon: whatever the change there, it counts as the same mutation (KRAS G12C as KRAS G12D), for "
    "the model as for similar lines and lines with the same mutation. So does a gene's splice site, whichever it is.",
    "Germline and somatic variants are not distinguished: what stands in the list counts as mutated.",
    "A position that no training line carries has no effect on any prediction, however well known it is.",
    "Cell lines are not patients: no immune system, no stroma, no pharmacokinetics, no toxicity. A low predicted IC50 "
    "does not mean that the concentration can be reached in a person.",
    "z-scores compare with the measured cell lines of the same drug; z-scores of different drugs rest on different "
    "lines.",
)

SHORT_LIMITS = (
    "The model sees which codons of census genes are mutated and the structure of the drug: no fusions, copy number, "
    "expression or allele fractions, and no difference between KRAS G12C and G12D.",
    "Cell lines are not patients: no immune system, no pharmacokinetics, no toxicity. The last pages say more.",
)


def model_chapters(report: PatientReport) -> list[Section]:
    """Model card in short, hashes and versions, limits, sources."""
    return [_card(report), _hashes(report), _limits(report), _cite(report)]


def _card(report: PatientReport) -> Section:
    known = {fact.label: fact.text for fact in report.card.facts}
    facts = [Fact(label, known[label]) for label in CARD_FACTS if label in known]
    lines = [step.get("left") for step in _steps(report) if step.get("subject") == "lines"]
    if lines and lines[-1] is not None:
        facts.insert(len(facts) - 1, Fact("Training data", f"{plural(int(lines[-1]), 'cell line')} after curation"))
    if report.honest:
        made = f"{report.honest.created_at:%Y-%m-%d %H:%M} UTC"
        facts.append(Fact("Tested by", f"run {report.honest.run_id}, {split_name(report.honest.split)}, {made}"))
    return Section("card", "Appendix: the model in short", facts=facts)


def _steps(report: PatientReport) -> list[dict]:
    return (report.run.config.get("curation") or {}).get("steps") or []


def _hashes(report: PatientReport) -> Section:
    facts = [
        Fact("Input, SHA-256", report.case.receipt.sha256 or MISSING),
        Fact("Curated training tables", report.run.data_hash),
        Fact("Run", report.run.run_id),
        Fact("Written", f"{report.made_at:%Y-%m-%d %H:%M} UTC by Tumorcast {versions()['tumorcast']}"),
        Fact("Trained with", next((f.text for f in report.card.facts if f.label == "Versions"), MISSING)),
        Fact("Predicted with", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]
    return Section("hashes", "Hashes and versions", facts=facts)


def _limits(report: PatientReport) -> Section:
    return Section(
        "limits", "Limits", points=[*dict.fromkeys([*MODEL_LIMITS, *report.card.limits, *report.card.notes])]
    )


def _cite(report: PatientReport) -> Section:
    found = report.sources
    names = {"kind": "Table", "file_name": "File", "origin": "Origin", "licence": "Licence", "sha256": "SHA-256"}
    known = found[list(names)].astype(object).where(found[list(names)].notna(), "")
    shown = [name for name in names if name not in ("origin", "licence") or known[name].ne("").any()]
    rows = tuple(tuple(map(str, row)) for row in known[shown].itertuples(index=False, name=None))
    columns = tuple(names[name] for name in shown)
    table = Table(columns, rows, (False,) * len(columns), title="Imported tables")
    data = data_name(report.run.dataset, report.run.simulated)
    texts = [f"Please cite the data ({data}) as their origin asks, and:", *CITATIONS]
    return Section("cite", "Sources and how to cite them", texts=texts, tables=[table])
