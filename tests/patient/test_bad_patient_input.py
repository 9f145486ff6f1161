"""What people really give: every bad mutation list ends in one clear refusal, or in a receipt that says what is wrong.

Each case runs from the bytes (or the pasted text) to the receipt. No refusal may quote what the file holds.
"""

import gzip
import io
import json
import re
import tarfile
from dataclasses import dataclass
from itertools import count

import openpyxl
import pandas as pd
import pytest
from small_knowledge import small_knowledge

from dashboard.export import as_csv, as_xlsx
from engine.errors import InputError
from engine.patient.coordinates import known_positions
from engine.patient.locate import Resources
from engine.patient.read import read
from engine.patient.text import read_text
from engine.patient.types import FATES, Receipt, SeveralSamples
from engine.patient.understand import understand

USED, NEW, OUTSIDE, SILENT, AGAIN, FAILED = FATES
MAF = "Hugo_Symbol\tVariant_Classification\tHGVSp_Short\n"
PLACES = (
    "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\t"
    "Variant_Classification\tHGVSp_Short\n"
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
# True places of hotspots: BRAF V600E, KRAS G12D, TP53 R175H.
PLACES_37 = (("7", 140453136, "A", "T"), ("12", 25398284, "C", "T"), ("17", 7578406, "C", "T"))
PLACES_38 = (("7", 140753336, "A", "T"), ("12", 25245350, "C", "T"), ("17", 7675088, "C", "T"))
# And of others that the small run does not know.
HOTSPOTS_37 = tuple(
    known_positions()
    .query("gene not in ('BRAF', 'KRAS', 'TP53', 'EGFR', 'NRAS')")
    .drop_duplicates("gene")[["chromosome", "position_grch37", "reference", "alternate"]]
    .head(10)
    .itertuples(index=False, name=None)
)
HTML = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"


def vcf(*rows: tuple, build: str = "GRCh37", samples: str = "", end: str = "\n") -> bytes:
    """rows: chromosome, position, reference, alternate, then FILTER, genotypes and INFO where they matter."""
    lines = ["##fileformat=VCFv4.2", *([f"##reference={build}"] if build else [])]
    lines.append(COLUMNS + (f"\tFORMAT\t{samples}" if samples else ""))
    for chromosome, position, reference, alternate, *rest in rows:
        passed, genotypes, info = (*rest, "PASS", "", ".")[:3] if not rest else (*rest, *("PASS", "", ".")[len(rest) :])
        line = f"{chromosome}\t{position}\t.\t{reference}\t{alternate}\t.\t{passed}\t{info}"
        lines.append(line + (f"\tGT\t{genotypes}" if samples else ""))
    return (end.join(lines) + end).encode()


def maf(*rows: str, header: str = MAF) -> bytes:
    return (header + "".join(f"{row}\n" for row in rows)).encode()


GOOD = maf("BRAF\tMissense_Mutation\tp.V600E", "TTLL2\tMissense_Mutation\tp.A1V")


def tar(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("patient.maf")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def bomb() -> bytes:
    return gzip.compress(GOOD + (b" " * 1000 + b"\n") * 100_000, 9)


def workbook(*rows: tuple) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@dataclass(frozen=True)
class Case:
    """content: bytes of a file, or pasted text. refused: what the refusal says, or empty. fates: of the rows;
    reason: what the first reason that is no other row's says; keys: the genome where it matters."""

    content: bytes | str
    refused: str = ""
    fates: tuple[str, ...] = ()
    reason: str = ""
    keys: tuple[str, ...] | None = None
    name: str = ""
    sample: str = ""


SAMPLES = vcf((*PLACES_37[0], "PASS", "0/1\t0/0"), (*PLACES_37[1], "PASS", "0/0\t0/1"), samples="T1\tN1")
SHIFTED = maf("BRAF\tp.V600E\tMissense_Mutation", "KRAS\tp.G12D\tMissense_Mutation")

CASES: dict[str, Case] = {
    # Not a list at all.
    "empty": Case(b"", "The file is empty"),
    "blanks only": Case(b" \n\t\n   \n", "The file is empty"),
    "empty text": Case("", "The text holds no mutation"),
    "blank text": Case(" \n\n ", "The text holds no mutation"),
    "binary": Case(bytes(range(256)) * 40, "The file .*binary"),
    "a photo renamed": Case(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), "a JPEG photo", name="scan.vcf"),
    "a picture": Case(b"\x89PNG\r\n\x1a\n" + bytes(500), "a PNG image"),
    "a PDF report": Case(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document", name="report.pdf"),
    "a login page": Case(b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page.*login", name="a.maf"),
    "a truncated gzip": Case(gzip.compress(GOOD * 50)[:-40], "cut off or damaged", name="a.maf.gz"),
    "a damaged gzip": Case(b"\x1f\x8b\x08\x00" + b"nonsense" * 20, "cut off or damaged", name="a.vcf.gz"),
    "a gzip of nothing": Case(gzip.compress(b""), "The file is empty", name="a.vcf.gz"),
    "a zip bomb": Case(bomb(), "unpacks to hundreds of times its size"),
    "a tar archive": Case(tar(GOOD), "a tar archive"),
    "a packed tar archive": Case(gzip.compress(tar(GOOD)), "a tar archive", name="a.tar.gz"),
    "JSON": Case(json.dumps({"gene": "BRAF", "change": "V600E"}).encode(), "JSON"),
    "a list in JSON": Case(json.dumps([{"gene": "BRAF"}]).encode(), "JSON"),
    "a table of drugs": Case(
        b"drug_id,drug_name,target\n1,Erlotinib,EGFR\n2,Dabrafenib,BRAF\n", fates=(FAILED,) * 9, reason="change"
    ),
    "binary data in a text": Case(GOOD + b"KRAS\tMissense_Mutation\tp.G1\x002D\n", "binary data"),
    "one endless line": Case(b"A" * 10_000_000, "does not end|more than .* characters"),
    "a VCF without its header": Case(b"7\t140453136\t.\tA\tT\t.\tPASS\t.\n", "no line #CHROM", name="a.vcf"),
    "a VCF of the header alone": Case(vcf(), "header but no variant"),
    "a MAF of the header alone": Case(maf(), "header but no row"),
    "no protein column": Case(b"Hugo_Symbol\tTumor_Sample_Barcode\nBRAF\tS1\nKRAS\tS1\n", "lacks columns"),
    "too long a text": Case("BRAF V600E\n" * 100_000, "longer than 1 MB"),
    "too many lines": Case("A V6E\n" * 60_000, "more than 50,000 lines"),
    "too many rows": Case(maf() + b"BRAF\tSilent\tp.V6V\n" * 1_001, "more than 1,000 rows"),
    # Several samples.
    "several samples": Case(SAMPLES, "holds 2 samples"),
    "an unknown sample": Case(SAMPLES, "The chosen sample is not in the file", sample="T9"),
    "one sample of several": Case(SAMPLES, fates=(USED, FAILED), keys=("BRAF:600",), sample="T1"),
    "a sample without the allele": Case(SAMPLES, fates=(FAILED, USED), reason="does not carry", sample="N1"),
    "a sample named in HTML": Case(
        vcf((*PLACES_37[0], "PASS", "0/1"), (*PLACES_37[1], "PASS", "0/1"), samples=HTML), fates=(USED, USED)
    ),
    # Encodings, line ends, separators: all of them are understood.
    "Windows line ends": Case(GOOD.replace(b"\n", b"\r\n"), fates=(USED, OUTSIDE)),
    "line ends of old Macs": Case(GOOD.replace(b"\n", b"\r"), fates=(USED, OUTSIDE)),
    "UTF-16": Case(GOOD.decode().encode("utf-16"), fates=(USED, OUTSIDE)),
    "UTF-16 without its mark": Case(GOOD.decode().encode("utf-16-le"), fates=(USED, OUTSIDE)),
    "a byte-order mark": Case(b"\xef\xbb\xbf" + GOOD, fates=(USED, OUTSIDE)),
    "Latin-1": Case(
        "Gene;Protein change;Bemerkung\nBRAF;V600E;für Frau Müller\nKRAS;G12D;ü\n".encode("latin-1"),
        fates=(USED, USED),
    ),
    "blanks for tabs in a VCF": Case(vcf(*PLACES_37).replace(b"\t", b"   "), fates=(USED,) * 3),
    "blanks for tabs": Case(GOOD.replace(b"\t", b"    "), fates=(USED, OUTSIDE)),
    "a NUL in a pasted text": Case("BRAF\x00 V600E", fates=(USED,)),
    "no-break spaces and long dashes": Case("BRAF\u00a0V600E\nEGFR E746\u2013A750del", fates=(USED, USED)),
    "chr before chromosomes": Case(vcf(*((f"chr{place[0]}", *place[1:]) for place in PLACES_37)), fates=(USED,) * 3),
    # Genome builds.
    "mixed builds": Case(
        maf(
            "\t37\t7\t140453136\tA\tT\t\t", "\t38\t12\t25245350\tC\tT\t\t", header=PLACES
        ),
        fates=(FAILED, FAILED),
        reason="more than one genome build",
    ),
    "mixed builds beside changes": Case(
        maf(
            "BRAF\t37\t7\t140453136\tA\tT\tMissense_Mutation\tp.V600E",
            "KRAS\t38\t12\t25245350\tC\tT\tMissense_Mutation\tp.G12D",
            header=PLACES,
        ),
        fates=(USED, USED),
    ),
    "a header that lies": Case(vcf(*PLACES_38, build="GRCh37"), fates=(FAILED,) * 3, reason="says GRCh37.*contradict"),
    "no build, and positions that tell none": Case(
        vcf(("7", 1_000_000, "A", "T"), build=""), fates=(FAILED,), reason="names no genome build"
    ),
    "no build, but positions tell": Case(vcf(*PLACES_38, build=""), fates=(USED,) * 3),
    # Names of genes.
    "a date for SEPT9": Case("9-Sep G12D", fates=(NEW,), reason="a date made by a spreadsheet, read as SEPTIN9"),
    "a date in a workbook": Case(
        workbook(("Gene", "Protein change"), (pd.Timestamp(2024, 9, 9), "G12D"), ("BRAF", "V600E")),
        fates=(NEW, USED),
        reason="a date made by a spreadsheet",
    ),
    "lower case": Case("braf v600e\nkras g12d", fates=(USED, USED)),
    "a former symbol": Case(maf("MLL2\tFrame_Shift_Del\tp.P2354fs"), fates=(USED,), reason="written MLL2, now KMT2D"),
    "an unknown gene": Case("FOOBAR1 V600E", fates=(OUTSIDE,), reason="not in the Cancer Gene Census"),
    "a gene alone": Case("BRAF", fates=(FAILED,), reason="protein change"),
    "a change alone": Case("V600E", fates=(FAILED,), reason="no gene"),
    "an unknown accession": Case("NP_999999.1:p.V600E", fates=(FAILED,), reason="accession is not known"),
    # Changes.
    "an impossible residue": Case("BRAF V6000E", fates=(FAILED,), reason="beyond the end of the protein"),
    "a residue longer than titin": Case("KMT2A K999999E", fates=(FAILED,), reason="No human protein"),
    "another reference residue": Case("BRAF K600E", fates=(FAILED,), reason="has V at residue 600 .* the row has K"),
    "residue 0": Case("BRAF V0E", fates=(FAILED,), reason="no residue 0"),
    "letters that are no amino acids": Case("BRAF B600J", fates=(FAILED,), reason="amino acid"),
    "a coding change": Case("BRAF c.1799T>A", fates=(FAILED,), reason="does not say which residue"),
    "a fusion": Case("BCR-ABL1 fusion\nEML4::ALK", fates=(FAILED, FAILED), reason="fusion"),
    "an amplification": Case("ERBB2 amplification", fates=(FAILED,), reason="copy-number"),
    "wild type": Case("KRAS wild type\nNRAS wt", fates=(FAILED, FAILED), reason="no mutation was found"),
    "silent rows alone": Case(
        maf("TP53\tSilent\tp.P36P", "TP53\tIntron\t"), fates=(SILENT, SILENT), reason="leave the protein", keys=()
    ),
    "a class that contradicts its change": Case(
        maf("BRAF\tSilent\tp.V600E"), fates=(USED,), reason="the change counts"
    ),
    "duplicates": Case("BRAF V600E\nBRAF V600K\nBRAF p.Val600Glu", fates=(USED, AGAIN, AGAIN), keys=("BRAF:600",)),
    "shifted columns": Case(SHIFTED, fates=(FAILED, FAILED)),
    # Rows of VCF files.
    "another reference base": Case(
        vcf(*PLACES_37, *HOTSPOTS_37, ("1", 115256529, "C", "G")),
        fates=(USED,) * 3 + (NEW,) * 10 + (FAILED,),
        reason="reference base is not the one that GRCh37 has",
    ),
    "another reference base in four": Case(
        vcf(*PLACES_37, ("1", 115256529, "C", "G")), fates=(USED,) * 3 + (FAILED,), reason="Its reference base is not"
    ),
    "several alternates": Case(vcf((*PLACES_37[1][:3], "T,A"), PLACES_37[0]), fates=(USED, AGAIN, USED)),
    "symbolic alleles": Case(
        vcf(*PLACES_37[:2], ("9", 21970000, "N", "<DEL>"), ("9", 21970000, "N", "<DUP:TANDEM>")),
        fates=(USED, USED, FAILED, FAILED),
    ),
    "a breakend": Case(vcf(*PLACES_37[:2], ("9", 133729450, "G", "G[22:23632600[")), fates=(USED, USED, FAILED)),
    "an allele that a deletion covers": Case(
        vcf(*PLACES_37[:2], ("7", 140453137, "C", "*")), fates=(USED, USED, FAILED)
    ),
    "no alternate allele": Case(vcf(*PLACES_37[:2], ("7", 140453137, "C", ".")), fates=(USED, USED, FAILED)),
    "filtered rows": Case(vcf((*PLACES_37[0], "LowQual"), *PLACES_37[1:]), fates=(FAILED, USED, USED), reason="FILTER"),
    "a position below 1": Case(vcf(*PLACES_37[:2], ("7", -5, "A", "T")), fates=(USED, USED, FAILED)),
    "a position that is no number": Case(vcf(*PLACES_37[:2], ("7", "abc", "A", "T")), fates=(USED, USED, FAILED)),
    "beyond the chromosome": Case(
        vcf(*PLACES_37[:2], ("21", 999_999_999, "A", "T")), fates=(USED, USED, FAILED), reason="beyond the end of the"
    ),
    "no such chromosome": Case(
        vcf(*PLACES_37[:2], ("99", 5, "A", "T")), fates=(USED, USED, FAILED), reason="chromosome"
    ),
    "coordinates without a gene model": Case(
        vcf(*PLACES_37[:2], ("5", 1_000_000, "A", "T")), fates=(USED, USED, FAILED), reason="gene model"
    ),
    "a row that is cut off": Case(vcf(*PLACES_37[:2]) + b"7\t14045\n", fates=(USED, USED, FAILED)),
    # What others may not run.
    "formulas": Case(
        maf(f"{FORMULA}\tMissense_Mutation\tp.V600E", f"BRAF\tMissense_Mutation\t{FORMULA}"), fates=(OUTSIDE, FAILED)
    ),
    "HTML in a gene": Case(maf(f"{HTML}\tMissense_Mutation\tp.V600E"), fates=(OUTSIDE,)),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch):
    monkeypatch.setattr("engine.patient.lists.ROWS", 1_000)  # 500,000 else, which takes long to reach


def receipt_of(case: Case) -> Receipt:
    text = case.content
    reading = read_text(text) if isinstance(text, str) else read(text, case.name, case.sample)
    return understand(reading, small_knowledge(), found=Resources(None, None))


def test_there_are_enough_cases():
    assert len(CASES) >= 45


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if case.refused])
def test_refusals(title):
    case = CASES[title]
    with pytest.raises(InputError, match=f"(?s){case.refused}") as refusal:
        receipt_of(case)
    said = str(refusal.value)
    # A person reads one or two sentences; a log may keep them, so nothing of the patient stands in them.
    assert len(said) < 400 and said.endswith(".")
    for secret in ("BRAF", "KRAS", "V600E", "T1", "N1", "T9", "Erlotinib", "scan", "report.pdf", "patient.maf"):
        hidden = re.sub(r"(such as|like) (BRAF V600E|p\.V600E)|BRAF V600E or 7:140453136 A>T", "", said)
        assert secret not in hidden, said


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if not case.refused])
def test_receipts(title):
    case = CASES[title]
    receipt = receipt_of(case)
    told = receipt.rows[["gene", "change", "fate", "reason"]].to_string()
    assert tuple(receipt.rows["fate"]) == case.fates, told
    assert receipt.total == len(case.fates)
    assert receipt.rows["reason"].str.contains(case.reason or ".").any(), told
    assert receipt.rows["reason"].str.endswith(".").all(), told
    assert (receipt.rows["row"] >= 1).all() and receipt.rows["row"].is_monotonic_increasing
    assert not receipt.rows["text"].str.contains(r"[\x00-\x1f]").any()
    assert receipt.rows["text"].str.len().max() <= 200
    if case.keys is not None:
        assert receipt.genome.keys == case.keys


def test_several_samples_are_named_to_the_person_only():
    with pytest.raises(SeveralSamples) as refusal:
        receipt_of(CASES["several samples"])
    assert refusal.value.samples == ("T1", "N1")


def test_formulas_do_not_survive_into_exports():
    rows = receipt_of(CASES["formulas"]).rows
    for line in as_csv(rows).decode("utf-8-sig").splitlines():
        assert not re.search(r'(^|,)"?[=+@]', line), line
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(rows))).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert any("calc" in str(cell.value) for cell in cells)  # what was written is still shown


def test_every_row_number_is_that_of_the_file():
    rows = receipt_of(CASES["several alternates"]).rows
    assert rows["row"].tolist() == [4, 4, 5]
    numbers = count(2)
    assert all(row == next(numbers) for row in receipt_of(CASES["UTF-16"]).rows["row"])
