"""Names of genes: former symbols, names of the clinic, dates of spreadsheets, accessions."""

import gzip

import pandas as pd
import pytest

from engine.patient.genes import UNCLEAR_DATE, gene_name, gene_of_accession, is_accession, is_date
from engine.response.census import census_genes
from engine.settings import REFERENCE


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("BRAF", "BRAF"),
        ("braf", "BRAF"),
        (" BRAF ", "BRAF"),
        ("'BRAF'", "BRAF"),
        ('"BRAF"', "BRAF"),
        ("BRAF,", "BRAF"),
        ("\u202eBRAF\u202c", "BRAF"),
        ("BRAF\u00a0", "BRAF"),
        ("C15orf65", "C15orf65"),
        ("C15ORF65", "C15orf65"),
        ("c15orf65", "C15orf65"),
        ("HLA-A", "HLA-A"),
        ("hla-a", "HLA-A"),
        ("NKX2-1", "NKX2-1"),
        ("SEPTIN9", "SEPTIN9"),
    ],
)
def test_a_census_gene_needs_no_note(written: str, symbol: str) -> None:
    assert gene_name(written) == (symbol, True, "")


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("MLL2", "KMT2D"),
        ("mll2", "KMT2D"),
        ("MLL", "KMT2A"),
        ("C2orf44", "WDCP"),
        ("H3F3A", "H3-3A"),
        ("SEPT9", "SEPTIN9"),
        ("Sept9", "SEPTIN9"),
        ("HER2", "ERBB2"),
        ("HER-2", "ERBB2"),
        ("HER2/neu", "ERBB2"),
        ("p53", "TP53"),
        ("TP-53", "TP53"),
        ("c-KIT", "KIT"),
        ("cMET", "MET"),
        ("K-RAS", "KRAS"),
        ("B-Raf", "BRAF"),
        ("MEK1", "MAP2K1"),
        ("PD-L1", "CD274"),
    ],
)
def test_other_names_of_census_genes(written: str, symbol: str) -> None:
    assert gene_name(written) == (symbol, True, f"written {written}, now {symbol}")


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("9-Sep", "SEPTIN9"),
        ("09-Sep", "SEPTIN9"),
        ("9. Sep", "SEPTIN9"),
        ("9.Sep", "SEPTIN9"),
        ("9 Sep", "SEPTIN9"),
        ("9-Sept", "SEPTIN9"),
        ("Sep-09", "SEPTIN9"),
        ("Sep-9", "SEPTIN9"),
        ("SEP-09", "SEPTIN9"),
        ("Sep 9", "SEPTIN9"),
        ("Sep-2009", "SEPTIN9"),
        ("9-Sep-24", "SEPTIN9"),
        ("09-Sep-2024", "SEPTIN9"),
        ("2009-09-01", "SEPTIN9"),
        ("2024-09-09", "SEPTIN9"),
        ("2024-09-09 00:00:00", "SEPTIN9"),
        ("2024-09-09T00:00:00", "SEPTIN9"),
        ("9/9/2024", "SEPTIN9"),
        ("09.09.24", "SEPTIN9"),
        ("6/9/2024", "SEPTIN6"),
        ("9/6/2024", "SEPTIN6"),
        ("5-Sep", "SEPTIN5"),
        ("2024-09-01", "SEPTIN1"),
        ("1-Mar", "MARCHF1"),
        ("Mar-01", "MARCHF1"),
        ("1-Mrz", "MARCHF1"),
        ("2024-03-08", "MARCHF8"),
        ("1-Dec", "DELEC1"),
        ("2024-12-01 00:00:00", "DELEC1"),
    ],
)
def test_dates_of_spreadsheets_become_genes_again(written: str, symbol: str) -> None:
    assert is_date(written)
    census = symbol in {"SEPTIN5", "SEPTIN6", "SEPTIN9"}
    assert gene_name(written) == (symbol, census, f"a date made by a spreadsheet, read as {symbol}")


@pytest.mark.parametrize("written", ["17-Sep", "9/3/2024", "2-Dec", "1-Jan-24", "2024-05-05", "12/12/2024", "0-Sep"])
def test_a_date_that_may_be_any_gene_is_no_gene(written: str) -> None:
    if written == "1-Jan-24":  # no month of these families, so not taken for a date at all
        assert not is_date(written)
        return
    assert gene_name(written) == (written, False, UNCLEAR_DATE)


@pytest.mark.parametrize(
    ("written", "symbol", "note"),
    [
        ("MARCH1", "MARCHF1", "written MARCH1, now MARCHF1"),
        ("DEC1", "DELEC1", "written DEC1, now DELEC1"),
        ("SEPT2", "SEPTIN2", "written SEPT2, now SEPTIN2"),
        ("ttn", "TTN", ""),
        ("TTN", "TTN", ""),
        ("C1ORF112", "C1orf112", ""),
        ("cXorf21", "CXorf21", ""),
        ("AL669831.1", "AL669831.1", ""),
        ("45544", "45544", ""),
        ("", "", ""),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0", ""),
        ("=HYPERLINK(1)", "=HYPERLINK(1)", ""),
        ("<b>x</b>", "<b>x</b>", ""),
        ("MARCH99", "MARCH99", ""),
    ],
)
def test_genes_outside_the_census(written: str, symbol: str, note: str) -> None:
    assert gene_name(written) == (symbol, False, note)


def test_every_census_gene_is_found_in_either_case() -> None:
    for gene in census_genes():
        assert gene_name(gene) == gene_name(gene.lower()) == gene_name(gene.upper()) == (gene, True, "")


@pytest.mark.parametrize(
    ("accession", "gene"),
    [
        ("NP_004324.2", "BRAF"),
        ("NP_004324", "BRAF"),
        ("np_004324.3", "BRAF"),
        ("NM_004333.6", "BRAF"),
        ("NM_000546", "TP53"),
        ("NP_000537.3", "TP53"),
        ("NM_033360.4", "KRAS"),
        ("NP_203524.1", "KRAS"),
        ("NM_005228.5", "EGFR"),
        ("NP_006209.2", "PIK3CA"),
        ("NP_000305.3", "PTEN"),
        ("ENSP00000288602.6", "BRAF"),
        ("ENST00000311936", "KRAS"),
        ("ENST00000269305.4", "TP53"),
    ],
)
def test_accessions_of_cancer_genes(tumorcast_home, accession: str, gene: str) -> None:
    assert is_accession(accession)
    assert gene_of_accession(accession) == gene


@pytest.mark.parametrize("accession", ["NP_999999.1", "BRAF", "", "NC_000007.13", "ENSG00000157764", "NP_004324.2:p."])
def test_an_unknown_accession_has_no_gene(tumorcast_home, accession: str) -> None:
    assert gene_of_accession(accession) is None


def test_the_mane_summary_is_read_where_it_was_fetched(tumorcast_home) -> None:
    assert gene_of_accession("NP_003473.3") is None
    path = tumorcast_home / "downloads" / "mane" / "MANE.GRCh38.v1.4.summary.txt.gz"
    path.parent.mkdir(parents=True)
    columns = ["#NCBI_GeneID", "symbol", "RefSeq_nuc", "RefSeq_prot", "Ensembl_nuc", "Ensembl_prot"]
    row = ["8085", "KMT2D", "NM_003482.4", "NP_003473.3", "ENST00000301067.12", "ENSP00000301067.7"]
    path.write_bytes(gzip.compress(("\t".join(columns) + "\n" + "\t".join(row) + "\n").encode()))
    found = [gene_of_accession(a) for a in ("NP_003473.1", "NM_003482", "ENST00000301067", "ENSP00000301067.7")]
    assert found == ["KMT2D"] * 4
    assert gene_of_accession("NP_004324.2") == "BRAF"


def test_the_table_of_accessions_is_sound() -> None:
    table = pd.read_csv(REFERENCE / "protein_accessions.csv", dtype=str)
    assert table["accession"].is_unique
    assert table["accession"].map(is_accession).all()
    assert not table["accession"].str.contains(".", regex=False).any()
    assert set(table["gene"]) <= census_genes()
    assert set(table["source"]) == {"RefSeq", "Ensembl"}
