"""`patient`: one patient's mutation list -> receipt, ranked drugs, nearest cell lines.

What the file holds and how it is called goes to standard output and into the report that was asked for, nowhere else.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.cli.output import Answer, bar, printable, table
from engine.errors import InputError
from engine.patient.discreet import discreet
from engine.patient.types import FATE_WORDS, FATES, NOT_UNDERSTOOD, USED, Case, Ranking, Reading, Receipt

if TYPE_CHECKING:
    from engine.patient.panel import Panel

FORMATS = ("auto", "vcf", "maf", "table", "text")
PANELS = ("auto", "exome", "listed")  # anything else is a file
RESEARCH_USE = "Research use only. Not for treatment decisions."
TOP_DRUGS, TOP_REASONS = 15, 20  # lines printed
TEXT_WIDTH = 60  # characters of a cell
STANDARD_INPUT = Path("-")


def run_patient(given: Namespace) -> Answer:
    """Read a mutation list, rank the drugs, and write the report where one was asked for."""
    from engine.cli.commands import open_store
    from engine.patient.knowledge import load_knowledge
    from engine.patient.predictor import load_predictor
    from engine.patient.ranking import rank
    from engine.patient.understand import understand

    write = _writer(given.out)
    content = _content(given.file)
    with bar("Patient") as show, discreet("ranking this patient"):
        panel = _panel(given.panel)
        reading = _read(content, given.file.name, given.sample, given.format)
        db = open_store()
        show(0.2, "what the run knows")
        knowledge = load_knowledge(db, given.run_id)
        show(0.3, "every row of the list")
        receipt = understand(reading, knowledge, given.genome or "", panel)
        show(0.5, "loading the networks")
        predictor = load_predictor(db, knowledge.run_id)
        show(0.8, "ranking drugs")
        ranking = rank(predictor, receipt.genome, given.cancer_type)
        if write is not None:
            from engine.report.patient import gather

            show(0.9, "writing the report")
            case = Case("", receipt, given.cancer_type, datetime.now(UTC))
            _put(given.out, write(gather(db, predictor, case, ranking)))
        show(1.0)
        document = _document(receipt, ranking) | ({"report": str(given.out)} if given.out else {})
        return Answer(document, _text(receipt, ranking, given.out))


def _content(file: Path) -> bytes:
    """The file's bytes, or those of standard input; no more than a mutation list may have."""
    from engine.patient.unpack import FILE_BYTES

    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(FILE_BYTES + 1)
    try:
        with file.open("rb") as stream:
            return stream.read(FILE_BYTES + 1)
    except OSError as error:
        # Not the error's own text: it names the file, and a file may be called after the patient.
        raise InputError(f"The file cannot be read ({error.strerror}): check its name and place.") from None


def _read(content: bytes, name: str, sample: str, asked: str) -> Reading:
    """asked: one of FORMATS; `text` takes the file as a list without columns, the others are checked."""
    from engine.patient.read import read
    from engine.patient.text import read_text
    from engine.patient.unpack import unpack, whole_text

    if asked == "text":
        if sample:
            raise InputError("Text names no samples: leave --sample away.")
        reading = read_text(whole_text(unpack(content)))
        return replace(reading, sha256=sha256(content).hexdigest())
    reading = read(content, name, sample)
    found = _kind(reading.format)
    if asked not in ("auto", found):
        raise InputError(
            f"The file was read as {reading.format}, not as {asked}: leave --format away, or give --format {found}."
        )
    return reading


def _kind(form: str) -> str:
    first = form.partition(" ")[0].lower()
    if first in ("vcf", "maf"):
        return first
    return "text" if "text" in form.lower() else "table"


def _panel(asked: str) -> "Panel | str":
    from engine.patient.panel import read_panel

    if asked in PANELS:
        return asked
    try:
        return read_panel(Path(asked).read_bytes(), asked)
    except OSError as error:
        raise InputError(
            f"The panel file cannot be read ({error.strerror}): give its place, or one of {', '.join(PANELS)}."
        ) from None


def _writer(out: Path | None) -> Callable[[Any], bytes] | None:
    """What makes the report's bytes, by the ending of its file. Raises InputError where it could not be written."""
    if out is None:
        return None
    if out.suffix.lower() not in (".html", ".pdf"):
        raise InputError("A report is written as HTML or PDF: let the name after --out end in .html or .pdf.")
    if not out.parent.is_dir():
        raise InputError("The report cannot be written: there is no such folder.")

    def write(report: Any) -> bytes:
        if out.suffix.lower() == ".pdf":
            from engine.report.patient_pdf import patient_pdf

            return patient_pdf(report)
        from engine.report.patient_html import patient_html

        return patient_html(report).encode()

    return write


def _put(out: Path, content: bytes) -> None:
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"The report cannot be written ({error.strerror}): choose another place.") from None


def _document(receipt: Receipt, ranking: Ranking) -> dict[str, Any]:
    return {
        "receipt": {
            "format": receipt.format,
            "sha256": receipt.sha256,
            "build": receipt.build.build,
            "build_check": asdict(receipt.build),
            "panel": receipt.panel,
            "counts": {"rows": receipt.total, **receipt.counts},
            "rows": _records(receipt.rows),
            "notes": list(receipt.notes),
        },
        "ranking": _records(ranking.table),
        "nearest_lines": [asdict(line) for line in ranking.nearest],
        "cancer_type": ranking.cancer_type,
        "run": ranking.run_id,
        "model": ranking.model,
        "split": ranking.split,
        "naive": ranking.naive,
        "simulated": ranking.simulated,
        "inside": ranking.inside,
        "domain": ranking.domain,
        "completions": ranking.completions,
        "notes": list(ranking.notes),
        "research_use_only": RESEARCH_USE,
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object per row; missing values are None."""
    plain = frame.astype(object)
    records: list[dict[str, Any]] = plain.where(frame.notna(), None).to_dict("records")
    return records


def _text(receipt: Receipt, ranking: Ranking, out: Path | None) -> str:
    simulated = ", simulated data" if ranking.simulated else ""
    skill = f"skill under split {ranking.split} against {ranking.naive}" if ranking.split else "skill unknown"
    parts = [
        _counts(receipt),
        *([_unused(receipt)] if receipt.total > receipt.counts[USED] else []),
        f"{RESEARCH_USE}\nRun {ranking.run_id}{simulated}, {ranking.model}, {skill}",
        _drugs(ranking),
        _nearest(ranking),
        "\n".join([*([ranking.domain] if ranking.domain else []), *ranking.notes]),
        *([f"Report: {out}"] if out else []),
    ]
    return "\n\n".join(part for part in parts if part)


def _counts(receipt: Receipt) -> str:
    from engine.figures.text import plural

    lines = [f"{plural(receipt.total, 'row')}, {receipt.format}; sequenced: {receipt.panel}", receipt.build.sentence]
    lines += [f"  {receipt.counts[fate]:>7,}  {FATE_WORDS[fate]}" for fate in FATES]
    return "\n".join([line for line in lines if line] + list(receipt.notes))


def _unused(receipt: Receipt) -> str:
    """The reasons why rows were not used, those first that a person can mend."""
    from engine.report.patient_receipt import reasons

    found = sorted(reasons(receipt).rows, key=lambda row: row[0] != FATE_WORDS[NOT_UNDERSTOOD])
    shown = [
        {"rows": rows, "not used because": reason, "which": _short(which)}
        for _, reason, rows, which in found[:TOP_REASONS]
    ]
    left = len(found) - TOP_REASONS
    return table(shown, "") + (f"\n... and more reasons ({left:,}): --json has every row" if left > 0 else "")


def _short(text: str) -> str:
    plain = printable(text)
    return plain if len(plain) <= TEXT_WIDTH else plain[: TEXT_WIDTH - 3] + "..."


def _drugs(ranking: Ranking) -> str:
    rows = [
        {
            "drug": row.drug,
            "target": "-" if pd.isna(row.target) else _short(row.target),
            "z-score": _plain(row.z_score, ".2f"),
            "percentile": _plain(row.percentile, ".0f"),
            "IC50 (uM)": f"{row.ic50_um_pred:.3g}",
            "ln(IC50) (90 %)": f"{row.ln_ic50_pred:.2f} ({_interval(row)})",
            "lines mutated there": _carriers(row),
            "skill": _plain(row.skill, ".2f"),
            "approval": row.approval or "unknown",
        }
        for row in ranking.table.head(TOP_DRUGS).itertuples()
    ]
    more = len(ranking.table) - len(rows)
    return table(rows, "No drug can be ranked.") + (
        f"\n... and {more:,} more drugs: --json has all" if more > 0 else ""
    )


def _plain(value: float, form: str) -> str:
    return "-" if pd.isna(value) else f"{value:{form}}"


def _interval(row: Any) -> str:
    return "no interval" if pd.isna(row.lower) else f"{row.lower:.2f} to {row.upper:.2f}"


def _carriers(row: Any) -> str:
    """The measured z-score of lines with the mutation that matters most surely for a drug."""
    return f"{row.marker} {row.marker_z:.2f} (n {row.marker_n:,})" if row.marker else "-"


def _nearest(ranking: Ranking) -> str:
    rows = [
        {
            "nearest line": f"{line.name} ({line.cosmic_id})",
            "cancer type": line.cancer_type or "-",
            "similarity": f"{line.similarity:.2f}",
            "shared positions": _some(line.shared_positions),
            "drugs": line.drugs,
        }
        for line in ranking.nearest
    ]
    return table(rows, "No cell line shares a mutated position.")


def _some(names: tuple[str, ...], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
