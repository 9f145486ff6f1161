"""Tables of mutations: whose columns they have, and that every row is there."""

import io

import openpyxl
import pytest

from engine.errors import InputError
from engine.patient.read import read
from engine.patient.types import SeveralSamples

MAF = (
    "Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tReference_Allele\t"
    "Tumor_Seq_Allele1\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tHGVSp_Short\n"
)
BRAF = ("BRAF", "p.V600E", "7", 140453136, "A", "T")


def said(text: str | bytes, sample: str = "") -> list[tuple[object, ...]]:
    content = text.encode() if isinstance(text, str) else text
    rows = read(content, sample=sample).rows
    return list(rows[["gene", "protein_change"]].itertuples(index=False, name=None))


def located(text: str) -> list[tuple[object, ...]]:
    columns = ["gene", "protein_change", "chromosome", "position", "reference", "alternate"]
    return list(read(text.encode()).rows[columns].itertuples(index=False, name=None))


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MAF + "BRAF\tGRCh37\t7\t140453136\t140453136\tMissense_Mutation\tA\tA\tT\tX\tp.V600E\n", "MAF"),
        ("#version 2.4\n" + MAF + "BRAF\t37\tchr7\t140453136\t\tMissense_Mutation\tA\t\tT\tX\tp.V600E\n", "MAF"),
        # the first allele where the second one is the reference
        (MAF + "BRAF\t37\t7\t140453136\t\tMissense_Mutation\tA\tT\tA\tX\tp.V600E\n", "MAF"),
        (
            "Hugo_Symbol,Chromosome,Start_position,Reference_Allele,Tumor_Seq_Allele1,Variant_Classification,"
            "Protein_Change\nBRAF,7,140453136,A,T,Missense_Mutation,p.V600E\n",
            "MAF",
        ),
        (
            "Sample ID\tGene\tProtein Change\tMutation Type\tChromosome\tStart Pos\tRef\tVar\n"
            "S1\tBRAF\tp.V600E\tMissense_Mutation\t7\t140453136\tA\tT\n",
            "cBioPortal list",
        ),
        (
            "HugoSymbol,ProteinChange,Chrom,Pos,Ref,Alt,MolecularConsequence,ModelID\n"
            "BRAF,p.V600E,chr7,140453136,A,T,missense_variant,ACH-1\n",
            "table of genes and protein changes",
        ),
        (
            "gene_symbol;AA change;chr;pos;ref;alt\nBRAF;p.V600E;7;140,453,136;a;t\n",
            "table of genes and protein changes",
        ),
        ("Gene|p.|chr|start|ref|alt\nBRAF|p.V600E|7|140453136.0|A|T\n", "table of genes and protein changes"),
        ("Gene  p.  chr  start  ref  alt\nBRAF  p.V600E  7  140453136  A  T\n", "table of genes and protein changes"),
        ("Gene p. chr start ref alt\nBRAF p.V600E 7 140453136 A T\n", "table of genes and protein changes"),
    ],
)
def test_one_mutation_in_many_tables(text, name):
    assert located(text) == [BRAF]
    assert read(text.encode()).format == name


@pytest.mark.parametrize(
    "text",
    [
        "HUGO_SYMBOL\tALTERATION\tTUMOR_TYPE\nBRAF\tV600E\tMEL\n",
        "Gene,Mutation\nBRAF,V600E\n",
        "Gene,Mutation\nBRAF,BRAF V600E\n",
        "Symbol,Variant\nBRAF,BRAF:V600E\n",
        '"Gene","Protein"\n"BRAF","V600E"\n',
        "Gene\tProtein change\n\nBRAF\tV600E\n\t\n",
        "Report of 3 May\n\nGene;Protein change;Remark\nBRAF;V600E;hot, spot\n",
        "Gene.refGene,AAChange.refGene\nBRAF,\"BRAF:NM_1:exon15:c.1A>T:V600E,BRAF:NM_1:exon15:c.T1799A:p.V600E\"\n",
        "Gene,Protein change,Note\nBRAF,V600E\n",
        "Gene,Protein change,Note\nBRAF,V600E,,,\n",
        "\ufeffGene,Protein change\r\nBRAF,V600E\r\n",
        "Gene,Protein change\rBRAF,V600E\r",
    ],
)  # fmt: skip
def test_genes_and_changes(text):
    assert said(text) == [("BRAF", "V600E")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(encoding):
    rows = read("Gene,Protein change,Größe\nBRAF,V600E,ä\nKRAS,G12D,ö\n".encode(encoding)).rows
    assert rows["gene"].tolist() == ["BRAF", "KRAS"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr,pos,ref,alt\nchr7,140453136,A,T\n", ("7", 140453136, "A", "T")),
        ("Genomic_Change,TUMOR_TYPE\n\"7,140453136,140453136,A,T\",MEL\n", ("7", 140453136, "A", "T")),
        ("Chromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\nX\t5\tAC\t-\n", ("X", 5, "AC", "-")),
        ("Chromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\n23\t5\t-\tAC\n", ("X", 5, "-", "AC")),
    ],
)  # fmt: skip
def test_coordinates_alone(text, expected):
    reading = read(text.encode())
    columns = ["chromosome", "position", "reference", "alternate"]
    assert tuple(reading.rows[columns].iloc[0]) == expected and reading.rows["problem"].iloc[0] == ""


def test_mutations_written_out_in_one_column():
    reading = read(b"Variant,Remark\nBRAF V600E,a\n,nothing here\nKRAS G12D,b\n")
    assert reading.rows["row"].tolist() == [2, 3, 4]
    assert reading.rows["gene"].tolist() == ["BRAF", "", "KRAS"]
    assert reading.rows["problem"].iloc[1].startswith("The row names neither a gene")


def test_several_changes_of_one_cell_share_its_row():
    rows = read(b"Gene,Protein change\nTP53,R175H; R213*\nKRAS,G12D\n").rows
    assert rows[["row", "gene", "protein_change"]].to_numpy().tolist() == [
        [2, "TP53", "R175H"],
        [2, "TP53", "R213*"],
        [3, "KRAS", "G12D"],
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("BRAF,,7,,A,T", "The row names neither a gene with a protein change nor a position"),
        (",V600E,,,,", "The change has no gene"),
        ("BRAF,,7,140e6,A,T", "The row names neither a gene with a protein change nor a position"),
        ("BRAF,V600E,7,1,A,T,shifted", "The row has 7 values where the header names 6 columns"),
        ("NA,NA,NA,NA,NA,NA", "The row names neither a gene with a protein change nor a position"),
    ],
)
def test_rows_with_a_problem_stay(row, problem):
    rows = read(f"Gene,Protein change,chr,pos,ref,alt\n{row}\nKRAS,G12D,,,,\n".encode()).rows
    assert rows["row"].tolist() == [2, 3] and rows["problem"].iloc[0].startswith(problem)
    assert rows["problem"].iloc[1] == ""


def test_a_quotation_mark_without_its_twin_swallows_no_row():
    text = 'Gene,Protein change\nBRAF,V600E\nTP53,"R175H\n' + "".join(f"KRAS,G{i}D\n" for i in range(50))
    assert len(read(text.encode()).rows) == 52
    tabs = 'Gene\tProtein change\tNote\nTP53\tR175H\tthe "best\nKRAS\tG12D\t\n'
    assert said(tabs) == [("TP53", "R175H"), ("KRAS", "G12D")]


def test_a_quoted_cell_may_hold_ends_of_line():
    rows = read(b'Gene,Protein change,Note\nBRAF,V600E,"two\nlines"\nKRAS,G12D,\n').rows
    assert rows[["row", "gene"]].to_numpy().tolist() == [[2, "BRAF"], [4, "KRAS"]]


@pytest.mark.parametrize(
    ("builds", "declared"),
    [
        (("37", "37"), "GRCh37"),
        (("hg19", "GRCh37"), "GRCh37"),
        (("hg38", "GRCh38.p13"), "GRCh38"),
        (("37", "38"), "mixed"),
        (("", ""), ""),
    ],
)
def test_the_build_column(builds, declared):
    rows = "".join(f"BRAF\t{build}\t7\t140453136\t\tSilent\tA\tA\tT\tX\t\n" for build in builds)
    reading = read((MAF + rows).encode())
    assert reading.declared_build == declared
    assert reading.build_evidence == (("NCBI_Build",) if declared else ())


def test_coordinates_of_other_builds_are_left_out():
    rows = "BRAF\thg18\t7\t1\t\tMissense_Mutation\tA\tA\tT\tX\tp.V600E\n\tmm10\t7\t1\t\t\tA\tA\tT\tX\t\n"
    reading = read((MAF + rows).encode())
    assert reading.rows["chromosome"].tolist() == ["", ""] and reading.declared_build == ""
    assert reading.rows["problem"].iloc[0] == ""
    assert "other than GRCh37 and GRCh38" in reading.rows["problem"].iloc[1]


TWO = "Sample ID,Gene,Protein Change\nP1,BRAF,V600E\nP2,KRAS,G12D\n,TP53,R175H\n"


def test_several_samples_ask():
    with pytest.raises(SeveralSamples, match="2 samples") as asked:
        read(TWO.encode())
    assert asked.value.samples == ("P1", "P2")


def test_rows_of_other_samples_are_counted_and_not_shown():
    reading = read(TWO.encode(), sample="P2")
    assert reading.sample == "P2" and reading.samples == ("P1", "P2")
    assert reading.rows["gene"].tolist() == ["", "KRAS", ""]
    assert reading.rows["text"].iloc[0] == "(a row of another sample)"
    assert reading.rows["problem"].iloc[0].startswith("Belongs to another sample")


def test_an_unknown_sample():
    with pytest.raises(InputError, match="The chosen sample is not in the file"):
        read(TWO.encode(), sample="P3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Gene,Patient\nfoo,bar\n", "missing HGVSp_Short or Mutation or Variant_Classification; found Gene, Patient"),
        ("Chrom,Pos,Patient\nx,y,z\n", "missing Reference_Allele, Tumor_Seq_Allele2; found Chrom, Pos, Patient"),
        ("Hugo_Symbol\tHGVSp_Short\n", "has a header but no row"),
    ],
)
def test_missing_columns_are_named(text, message):
    with pytest.raises(InputError, match=message):
        read(text.encode())


def test_a_workbook_below_a_title_and_on_its_second_sheet():
    content = workbook(
        [["About this file"]],
        [["Report"], [], ["Gene", "Protein change"], ["BRAF", "V600E"], [], ["=cmd|'/c calc'!A1", "G12D"]],
    )
    reading = read(content, "list.xlsx")
    assert reading.rows[["row", "gene", "protein_change"]].to_numpy().tolist() == [
        [4, "BRAF", "V600E"],
        [6, "=cmd|'/c calc'!A1", "G12D"],
    ]
    assert reading.notes == ("Of the workbook's 2 sheets only the first one with mutations was read.",)


def test_a_date_in_a_workbook_is_text_as_it_looks():
    from datetime import datetime

    content = workbook([["Gene", "Protein change", "chr", "pos"], [datetime(2024, 9, 9), "R10H", 7, 140453136.0]])
    assert said(content) == [("2024-09-09 00:00:00", "R10H")]


def test_a_workbook_without_header_is_read_as_text():
    assert said(workbook([["BRAF", "V600E"], ["KRAS", "G12D"]])) == [("BRAF", "V600E"), ("KRAS", "G12D")]


def test_formulas_and_html_stay_text():
    rows = read(b"Gene,Protein change\n=cmd|' /C calc'!A0,V600E\n<script>alert(1)</script>,G12D\n").rows
    assert rows["gene"].tolist() == ["=cmd|' /C calc'!A0", "<script>alert(1)</script>"]


@pytest.mark.parametrize(
    "text",
    ["BRAF,V600E,0.34\nKRAS,G12D,12%\n", "BRAF;V600E;\nKRAS;G12D;\n", "BRAF\tV600E\t0.3\t12\nKRAS\tG12D\n",
     '"BRAF","V600E"\n"KRAS", "G12D"\n'],
)  # fmt: skip
def test_a_table_without_header(text):
    assert said(text) == [("BRAF", "V600E"), ("KRAS", "G12D")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Patient,Age,Sex\nJane,3,f\nJohn,4,m\n", "none of its columns is known by its name"),
        ("Chrom,Pos,X\nAA,b,c\n", "found Chrom, Pos, X"),
        ("Gene\nBRAF\n", "missing HGVSp_Short or Mutation or Variant_Classification; found Gene"),
    ],
)
def test_a_table_of_something_else(text, message):
    with pytest.raises(InputError, match=message):
        read(text.encode())


def test_words_of_a_sentence_are_no_header():
    reading = read(b"the patient has a BRAF mutation of gene\nBRAF V600E was found here\nKRAS G12D\n")
    assert reading.format == "pasted text" and reading.rows["gene"].iloc[-1] == "KRAS"


def test_positions_written_in_one_cell():
    assert located("Locus,Ref,Alt\nchr7:140453136,A,T\n") == [("", "", "7", 140453136, "A", "T")]
    assert located("HGVSg\n7:g.140453136A>T\n") == [("", "", "7", 140453136, "A", "T")]


def test_a_symbol_stands_before_the_number_of_a_gene():
    """VEP's own table has Gene (ENSG) before SYMBOL."""
    text = (
        "#Uploaded_variation\tGene\tConsequence\tSYMBOL\tHGVSp\n1\tENSG00000157764\tmissense_variant\tBRAF\tp.V600E\n"
    )
    assert read(text.encode()).rows["gene"].tolist() == ["BRAF"]


def test_an_ensembl_number_is_no_gene_outside_the_census():
    rows = read(b"Gene,Consequence\nENSG00000157764,missense_variant\n").rows
    assert rows["gene"].tolist() == [""] and rows["problem"].iloc[0].startswith("The gene is named by an Ensembl")


@pytest.mark.parametrize(("word", "used"), [("PASS", True), (".", True), ("", True), ("panel_of_normals", False)])
def test_rows_that_the_caller_filtered_out_are_not_used(word, used):
    header = "Hugo_Symbol\tVariant_Classification\tHGVSp_Short\tFILTER\tTumor_Sample_Barcode\n"
    found = read(f"{header}BRAF\tMissense_Mutation\tp.V600E\t{word}\tone\n".encode()).rows.iloc[0]
    assert found["problem"] == ("" if used else "Filtered by the caller (FILTER is not PASS).")
    assert (found["gene"], found["text"]) == ("BRAF", "BRAF Missense_Mutation p.V600E")
