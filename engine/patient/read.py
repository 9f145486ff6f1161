"""A patient's file, whatever it is, -> a Reading. Everything happens in memory."""

import hashlib
import re
from dataclasses import replace

from engine.errors import InputError
from engine.patient import text as pasted
from engine.patient.genes import gene_name
from engine.patient.lists import Table, read_table, refusal, sheet_table, text_table
from engine.patient.types import Reading
from engine.patient.unpack import CURE, TEXT_CHARACTERS, Unpacked, as_text, unpack, whole_text
from engine.patient.vcf import is_vcf, read_vcf
from engine.patient.workbook import sheets

# A gene and its change in a table without a header, numbers such as allele frequencies behind them: the comma between
# them does not separate two mutations. What repeats gives nothing back (*+): blanks between commas would take for ever.
_CELLS = re.compile(
    r'^"?([^\s,;"]+)"?[ ]*[,;\t][ ]*"?([^\s,;"]+)"?(?:[ ]*[,;\t][ ]*+"?[\d.]*+%?"?)*+[ ]*$', re.MULTILINE
)


def read(content: bytes, name: str = "", sample: str = "") -> Reading:
    """A mutation list of any known kind as rows, nothing interpreted.

    content: the file's bytes; gzip, bgzip and ZIP with one file are unpacked. name: only its ending is looked at,
    where the bytes do not tell what they are. sample: whose mutations, where the file holds several samples.
    Raises SeveralSamples where one must be chosen, InputError in one sentence for anything that cannot be read.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    source = unpack(content)
    reading = _workbook(source, sha256, sample) if source.workbook else _text(source, sha256, name, sample)
    return replace(reading, notes=(*source.notes, *reading.notes))


def _text(source: Unpacked, sha256: str, name: str, sample: str) -> Reading:
    text = as_text(source)
    first = next(line for _, line in text.head if line.strip()).lstrip()
    if first.startswith(("{", "[{")):
        raise InputError(f"The file is JSON, not a mutation list. {CURE}")
    if is_vcf(text.head):
        return read_vcf(text, sha256, sample)
    table = text_table(text)
    if table is not None and table.columns.complete:
        return read_table(table, sha256, sample, pasted.read_text)
    if name.lower().endswith((".vcf", ".vcf.gz", ".vcf.bgz")):
        raise InputError("The file is called a VCF but has no line #CHROM: export it again with its header.")
    return _list(whole_text(source), table, sha256, sample)


def _workbook(source: Unpacked, sha256: str, sample: str) -> Reading:
    every = sheets(source.workbook)
    tables = [sheet_table(sheet) for sheet in every]
    complete = [table for table in tables if table is not None and table.columns.complete]
    if complete:
        reading = read_table(complete[0], sha256, sample, pasted.read_text)
        if len(every) == 1:
            return reading
        told = f"Of the workbook's {len(every)} sheets only the first one with mutations was read."
        return replace(reading, notes=(told, *reading.notes))
    for sheet, table in zip(every, tables, strict=True):
        lines: list[str] = []
        length = 0
        for number, cells in sheet.rows():
            lines += [""] * (number - 1 - len(lines))
            lines.append("\t".join(" ".join(cell.split()) for cell in cells).rstrip())
            length += len(lines[-1])
            if length > TEXT_CHARACTERS:
                raise InputError(f"The workbook holds no table of mutations that is known. {CURE}")
        if lines:
            return _list("\n".join(lines), table, sha256, sample)
    raise InputError(f"The workbook is empty: no sheet of it has a row. {CURE}")


def _list(text: str, table: Table | None, sha256: str, sample: str) -> Reading:
    """Mutations one a line. Where none is understood and the first rows look like a header, that is what is wrong."""
    if table is not None and len(table.columns.places) > 1:
        raise refusal(table)  # the names of samples and the like must not be taken for changes
    try:
        reading = pasted.read_text(_CELLS.sub(r"\1 \2", text))
    except InputError:
        if table is not None:
            raise refusal(table) from None
        raise
    understood = (reading.rows["problem"] == "").any()
    if table is not None and not understood:
        raise refusal(table)
    if not understood and _alike(text) and not any(gene_name(gene).census for gene in reading.rows["gene"].unique()):
        raise InputError(
            "The file looks like a table, but none of its columns is known by its name: name them gene and protein "
            "change, or chromosome, position, reference and alternate."
        )
    if sample:
        raise InputError("The file names no samples: read it without choosing one.")
    return replace(reading, sha256=sha256)


def _alike(text: str) -> bool:
    """Whether the lines of a text have as many separators each, two columns or more."""
    lines = [line for line in text.split("\n")[:1000] if line.strip()]
    counts = ({line.count(mark) for line in lines} for mark in "\t,;|")
    return len(lines) > 1 and any(len(found) == 1 and found != {0} for found in counts)
