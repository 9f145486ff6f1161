"""Lists made to break their reader: every one ends in a sentence or a receipt, at once and in little memory."""

import io
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import openpyxl
import pytest

from engine.errors import InputError
from engine.patient.read import read
from engine.patient.text import LINE_LETTERS, read_text
from engine.patient.vcf import MOST_ALLELES, WITHOUT_GENOTYPES

SECONDS = 10  # far more than any needs; what used to hang took hours
VEP = "Effects by VEP. Format: Allele|Consequence|SYMBOL|HGVSp|Protein_position|Amino_acids"
VCF = (
    f'##fileformat=VCFv4.2\n##INFO=<ID=CSQ,Number=.,Type=String,Description="{VEP}">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
)
FAR = 900_000_000


@contextmanager
def at_once() -> Iterator[None]:
    def late(*_) -> None:
        raise AssertionError(f"took longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def workbook(change: Callable[[str], str]) -> bytes:
    """An XLSX with one mutation, the XML of its sheet changed."""
    book, plain, packed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in (("Gene", "Protein change"), ("BRAF", "V600E")):
        book.active.append(row)
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name).decode()
            target.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "case 12 , left lung" + " ,   " * 40 + "remarks\nBRAF , V600E" + " ,   " * 40 + "x",
        "BRAF,V600E" + ",  " * 40 + "x\n",
    ],
    ids=["blank cells below a title", "blank cells"],
)  # fmt: skip
def test_blank_cells_do_not_take_for_ever(text):
    with at_once():
        rows = read(text.encode(), "list.csv").rows
    assert "V600E" in set(rows["protein_change"])


def test_many_mutations_of_a_line_are_read_one_by_one():
    with at_once():
        changes = read_text("KRAS " + ", ".join(f"A{number}T" for number in range(1, 8001))).rows
        places = read_text(" ".join(["7:140453136 A>T"] * 3000)).rows
    assert len(changes) == 8000 and len(places) == 3000
    assert places["position"].eq(140453136).all() and places["problem"].eq("").all()


def test_places_of_a_line_keep_what_stands_behind_the_last():
    rows = read_text("7:140453136 A>T 12:25398284 C>T KRAS G12D").rows
    assert rows["gene"].tolist() == ["", "KRAS"] and rows["position"].tolist() == [140453136, 25398284]


def test_an_endless_line_is_one_row_that_is_not_understood():
    with at_once():
        rows = read_text("a b; " * (LINE_LETTERS // 5 + 1) + "\nBRAF V600E").rows
    assert rows["problem"].ne("").tolist() == [True, False]


def test_too_many_mutations_are_refused():
    with at_once(), pytest.raises(InputError, match="more than 50,000 mutations"):
        read_text("\n".join(["A1T; " * 15_000] * 5))


@pytest.mark.parametrize(
    "content",
    [
        f"Sample\tGenomic_Change\nS1\t7,{'9' * 40},140453136,A,T\nS1\t12,25398284,25398284,C,T\n",
        f"Genomic coordinates,Ref,Alt\nchr7:{'9' * 40},A,T\nchr12:25398284,C,T\n",
        f"chr7:g.{'9' * 30}A>T\nchr12:g.25398284C>T\n",
        f"7:{'9' * 9} A>T\n" + "12:25398284 C>T\n",
    ],
    ids=["OncoKB", "column of places", "HGVS", "largest"],
)
def test_a_position_that_no_number_holds_spoils_its_row_alone(content):
    rows = read(content.encode()).rows
    assert rows["position"].tolist()[-1] == 25398284
    assert rows["row"].nunique() == 2


def test_a_residue_of_5000_digits_spoils_no_file():
    row = f"7\t140453136\t.\tA\tT\t.\tPASS\tCSQ=T|missense_variant|BRAF||{'6' * 5000}|V/E"
    rows = read(f"{VCF}\n{row}\n".encode()).rows
    assert rows["gene"].tolist() == ["BRAF"]


def test_thousands_of_alleles_of_a_record_are_not_compared_with_each_other():
    many = MOST_ALLELES + 1
    effects = ",".join(["T|missense_variant|BRAF||600|V/E"] * 3000)
    row = f"7\t140453136\t.\tA\t{','.join(['T'] * many)}\t.\tPASS\tCSQ={effects}"
    with at_once():
        rows = read(f"{VCF}\n{row}\n".encode()).rows
    assert rows["problem"].tolist() == [
        f"The row names {many} alternate alleles, more than any caller finds at one place."
    ]


def test_a_header_without_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("engine.patient.vcf.HEADER_LETTERS", 1000)
    with pytest.raises(InputError, match="header is larger"):
        read(("##fileformat=VCFv4.2\n" + "##note=" + "x" * 2000 + "\n#CHROM\tPOS\n").encode())


def test_a_sheet_with_a_cell_far_down_or_many_far_right_is_refused():
    cell = '<row r="{0}"><c r="{1}{0}" t="inlineStr"><is><t>KRAS</t></is></c></row>'
    down = workbook(lambda xml: xml.replace("</sheetData>", cell.format(FAR, "A") + "</sheetData>"))
    with at_once(), pytest.raises(InputError, match="too many rows or columns"):
        read(down)


def test_cells_of_a_sheet_are_counted(monkeypatch):
    monkeypatch.setattr("engine.patient.workbook.SHEET_CELLS", 100_000)
    cells = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(3, 20))
    with pytest.raises(InputError, match="too many rows or columns"):
        read(workbook(lambda xml: xml.replace("</sheetData>", cells + "</sheetData>")))


def test_a_workbook_that_unpacks_to_hundreds_of_times_its_size_is_refused():
    cell = '<row r="3"><c r="A3" t="inlineStr"><is><t>{}</t></is></c></row>'
    bomb = workbook(lambda xml: xml.replace("</sheetData>", cell.format("A" * 70_000_000) + "</sheetData>"))
    with pytest.raises(InputError, match="unpacks to 70 MB"):
        read(bomb)


def test_half_a_surrogate_pair_spoils_its_row_alone():
    assert read_text("BRAF V600E \udce9\nKRAS G12D").rows["gene"].tolist()[-1] == "KRAS"


def test_without_genotypes_nobody_knows_whose_alleles_they_are():
    """Strelka writes no GT: the normal sample would get the tumour's mutations."""
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNORMAL\tTUMOR\n"
    row = "7\t140453136\t.\tA\tT\t.\tPASS\tSOMATIC\t{}\n"
    assert WITHOUT_GENOTYPES in read((head + row.format("DP:AU\t1:2\t1:2")).encode(), sample="TUMOR").notes
    assert WITHOUT_GENOTYPES not in read((head + row.format("GT\t0/0\t0/1")).encode(), sample="TUMOR").notes


def test_a_fraction_behind_a_pasted_mutation_is_no_mutation():
    assert read_text("BRAF,V600E,0.34").rows["protein_change"].tolist() == ["V600E"]
