"""Pasted text: what people write, and what the rows then say."""

import hashlib

import pytest

from engine.errors import InputError
from engine.patient.genomic import Locus, LocusError, chromosome_of, read_locus
from engine.patient.text import read_text
from engine.patient.types import ROW_COLUMNS, TEXT_LENGTH, Reading


def rows(text: str) -> list[dict]:
    return read_text(text).rows.to_dict("records")


def changes(text: str) -> list[str]:
    """The rows as "gene change", "gene [class]" or "chromosome:position reference>alternate build"."""
    told = []
    for row in rows(text):
        assert row["problem"] == "", row["problem"]
        word = f"[{row['classification']}]" if row["classification"] else ""
        locus = f"{row['chromosome']}:{row['position']} {row['reference']}>{row['alternate']}"
        locus = locus if row["chromosome"] else ""
        parts = (row["gene"], row["protein_change"], word, locus, row["build"])
        told.append(" ".join(part for part in parts if part))
    return told


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("BRAF V600E", ["BRAF V600E"]),
        ("BRAF p.V600E", ["BRAF p.V600E"]),
        ("BRAF p. V600E", ["BRAF p.V600E"]),
        ("BRAF:V600E", ["BRAF V600E"]),
        ("BRAF:p.V600E", ["BRAF p.V600E"]),
        ("BRAF: V600E", ["BRAF V600E"]),
        ("BRAF, V600E", ["BRAF V600E"]),
        ("BRAF|V600E", ["BRAF V600E"]),
        ("BRAFV600E", ["BRAF V600E"]),
        ("brafv600e", ["braf v600e"]),
        ("BRAF_V600E", ["BRAF V600E"]),
        ("BRAF-V600E", ["BRAF V600E"]),
        ("BRAF/V600E", ["BRAF V600E"]),
        ("BRAF (V600E)", ["BRAF V600E"]),
        ("BRAF [V600E]", ["BRAF V600E"]),
        ("BRAF\tV600E", ["BRAF V600E"]),
        ("BRAF\tV600E\t\t", ["BRAF V600E"]),
        ("  BRAF   V600E  ", ["BRAF V600E"]),
        ("braf v600e", ["braf v600e"]),
        ("V600E BRAF", ["BRAF V600E"]),
        ('"BRAF V600E"', ["BRAF V600E"]),
        ("BRAF V600E,", ["BRAF V600E"]),
        ("BRAF V600E;", ["BRAF V600E"]),
        ("BRAF p.(Val600Glu)", ["BRAF p.Val600Glu"]),
        ("NP_004324.2:p.Val600Glu", ["BRAF p.Val600Glu"]),
        ("NP_004324.2:p.(Val600Glu)", ["BRAF p.Val600Glu"]),
        ("NP_004324.2(BRAF):p.(Val600Glu)", ["BRAF p.Val600Glu"]),
        ("ENSP00000288602.6:p.Val600Glu", ["BRAF p.Val600Glu"]),
        ("NM_004333.6(BRAF):c.1799T>A (p.Val600Glu)", ["BRAF p.Val600Glu"]),
        ("NM_999999.1(KMT2D):c.1A>T (p.Met1Leu)", ["KMT2D p.Met1Leu"]),
        ("BRAF NM_004333.4 c.1799T>A p.V600E", ["BRAF p.V600E"]),
        ("BRAF:NM_004333:exon15:c.1799T>A:p.V600E", ["BRAF p.V600E"]),
        ("BRAF c.1799T>A (p.Val600Glu)", ["BRAF p.Val600Glu"]),
        ("BRAF V600E (p.Val600Glu)", ["BRAF V600E"]),
        ("BRAF V600E (c.1799T>A, p.Val600Glu)", ["BRAF V600E"]),
        ("TP53 R213*", ["TP53 R213*"]),
        ("EGFR E746_A750del", ["EGFR E746_A750del"]),
        ("EGFR E746_A750delELREA", ["EGFR E746_A750delELREA"]),
        ("KMT2A K101Nfs*5", ["KMT2A K101Nfs*5"]),
        ("ERBB2 A775_G776insYVMA", ["ERBB2 A775_G776insYVMA"]),
        ("NPM1 −287fs", ["NPM1 -287fs"]),
        ("CALR p.38_38A>AA", ["CALR p.38_38A>AA"]),
        ("TP53 X125_splice", ["TP53 X125_splice"]),
        ("TP53 splice site", ["TP53 [Splice_Site]"]),
        ("TP53 Splice_Site", ["TP53 [Splice_Site]"]),
        ("TP53 splice site mutation", ["TP53 [Splice_Site]"]),
        ("TP53 splice site c.375+1G>T", ["TP53 [Splice_Site]"]),
        ("TP53 frameshift", ["TP53 [Frame_Shift]"]),
        ("TP53 silent", ["TP53 [Silent]"]),
        ("EGFR L858R missense", ["EGFR L858R [missense]"]),
        ("HER2 S310F", ["HER2 S310F"]),
        ("MLL2 R100*", ["MLL2 R100*"]),
        ("9-Sep R100H", ["9-Sep R100H"]),
        ("2024-09-09 00:00:00 R100H", ["2024-09-09 R100H"]),
        ("HLA-A A100V", ["HLA-A A100V"]),
        ("NKX2-1 A100V", ["NKX2-1 A100V"]),
        ("AKT1S1 R20C", ["AKT1S1 R20C"]),
        ("TTN A100V", ["TTN A100V"]),
        ("p53 R175H", ["p53 R175H"]),
        ("BRAF V600", ["BRAF V600"]),
        ("1. BRAF V600E", ["BRAF V600E"]),
        ("1) BRAF V600E", ["BRAF V600E"]),
        ("(1) BRAF V600E", ["BRAF V600E"]),
        ("a) BRAF V600E", ["BRAF V600E"]),
        ("- BRAF V600E", ["BRAF V600E"]),
        ("– BRAF V600E", ["BRAF V600E"]),
        ("* BRAF V600E", ["BRAF V600E"]),
        ("• BRAF V600E", ["BRAF V600E"]),
        ("Gene: BRAF V600E", ["BRAF V600E"]),
        ("BRAF: MUT = V600E", ["BRAF V600E"]),
        ("BRAF: MUT = V600E MUT = K601E", ["BRAF V600E", "BRAF K601E"]),
        ("BRAF V600E (45%)", ["BRAF V600E"]),
        ("BRAF V600E 45 %", ["BRAF V600E"]),
        ("BRAF V600E VAF 0.45", ["BRAF V600E"]),
        ("BRAF V600E, VAF: 0,45", ["BRAF V600E"]),
        ("BRAF V600E (VAF=45%)", ["BRAF V600E"]),
        ("BRAF V600E AF 0.45 DP 1200", ["BRAF V600E"]),
        ("BRAF V600E; 45%", ["BRAF V600E"]),
        ("BRAF V600E exon 15", ["BRAF V600E"]),
        ("BRAF exon 15 V600E", ["BRAF V600E"]),
        ("KIT p.W557_K558del, exon 11", ["KIT p.W557_K558del"]),
        ("BRAF V600E COSM476", ["BRAF V600E"]),
        ("BRAF V600E mutation", ["BRAF V600E"]),
        ("BRAF V600E (pathogenic)", ["BRAF V600E"]),
        ("PIK3CA H1047R (Tier I, VAF 23.4%)", ["PIK3CA H1047R"]),
        ("JAK2 V617F+", ["JAK2 V617F"]),
        ("KRAS G12D;TP53 R175H", ["KRAS G12D", "TP53 R175H"]),
        ("KRAS G12D; TP53 R175H;", ["KRAS G12D", "TP53 R175H"]),
        ("KRAS G12D, TP53 R175H", ["KRAS G12D", "TP53 R175H"]),
        ("KRAS G12D, G13D", ["KRAS G12D", "KRAS G13D"]),
        ("KRAS G12D; G13D", ["KRAS G12D", "KRAS G13D"]),
        ("KRAS G12D G13D", ["KRAS G12D", "KRAS G13D"]),
        ("KRAS G12D and G13D", ["KRAS G12D", "KRAS G13D"]),
        ("KRAS p.G12D + TP53 p.R175H", ["KRAS p.G12D", "TP53 p.R175H"]),
        ("BRAF V600E/V600K", ["BRAF V600E", "BRAF V600K"]),
        ("TP53 R273H het; APC R1450* (c.4348C>T) 12%", ["TP53 R273H", "APC R1450*"]),
    ],
)
def test_genes_and_changes(line: str, expected: list[str]) -> None:
    assert changes(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("7:140453136 A>T", ["7:140453136 A>T"]),
        ("chr7:140453136 A>T", ["7:140453136 A>T"]),
        ("chr7:140453136A>T", ["7:140453136 A>T"]),
        ("chr7:g.140453136A>T", ["7:140453136 A>T"]),
        ("7:g.140453136a>t", ["7:140453136 A>T"]),
        ("7-140453136-A-T", ["7:140453136 A>T"]),
        ("7:140453136:A:T", ["7:140453136 A>T"]),
        ("7_140453136_A/T", ["7:140453136 A>T"]),
        ("chr7 140453136 A T", ["7:140453136 A>T"]),
        ("chr7\t140453136\tA\tT", ["7:140453136 A>T"]),
        ("7 140453136 . A T", ["7:140453136 A>T"]),
        ("7 140453136 rs113488022 A T", ["7:140453136 A>T"]),
        ("7 140453136 140453136 A T", ["7:140453136 A>T"]),
        ("7,140453136,140453136,A,T", ["7:140453136 A>T"]),
        ("chr7:140,453,136 A>T", ["7:140453136 A>T"]),
        ("Chr07:140453136 A>T", ["7:140453136 A>T"]),
        ("X:100 C>G", ["X:100 C>G"]),
        ("chrM:100 A>G", ["MT:100 A>G"]),
        ("NC_000007.13:g.140453136A>T", ["7:140453136 A>T GRCh37"]),
        ("NC_000007.14:g.140753336A>T", ["7:140753336 A>T GRCh38"]),
        ("hg19 chr7:140453136 A>T", ["7:140453136 A>T GRCh37"]),
        ("chr7:140753336 A>T (GRCh38)", ["7:140753336 A>T GRCh38"]),
        ("17:7578406 C>T,A", ["17:7578406 C>T", "17:7578406 C>A"]),
        ("7:1 A>T, 12:2 C>T", ["7:1 A>T", "12:2 C>T"]),
        ("7:1 A>T; 12:2 C>T", ["7:1 A>T", "12:2 C>T"]),
        ("7:140453136 A>T (45%)", ["7:140453136 A>T"]),
        ("1. 7:140453136 A>T", ["7:140453136 A>T"]),
        ("7:55242465 GGAATTAAGAGAAGC>-", ["7:55242465 GGAATTAAGAGAAGC>-"]),
        ("7 55242465 GGAATTAAGAGAAGC -", ["7:55242465 GGAATTAAGAGAAGC>-"]),
        ("7:g.55242465_55242479delGGAATTAAGAGAAGC", ["7:55242465 GGAATTAAGAGAAGC>-"]),
        ("7:g.55242465_55242466delGGinsA", ["7:55242465 GG>A"]),
        ("7:g.55249009_55249010insCAGCGTGGA", ["7:55249009 ->CAGCGTGGA"]),
        ("7:g.12dupA", ["7:12 ->A"]),
        ("5:170837543 C>CTCTG", ["5:170837543 C>CTCTG"]),
        ("BRAF chr7:140453136 A>T", ["BRAF 7:140453136 A>T"]),
        ("7:140453136 A>T BRAF V600E", ["BRAF V600E 7:140453136 A>T"]),
    ],
)
def test_coordinates(line: str, expected: list[str]) -> None:
    assert changes(line) == expected


@pytest.mark.parametrize(
    ("line", "gene", "problem"),
    [
        ("TP53", "TP53", "A gene without its change"),
        ("TP53 mutated", "TP53", "Neither the kind nor the position"),
        ("TP53 truncating mutation", "TP53", "Neither the kind nor the position"),
        ("TP53 missense", "TP53", "but not its position"),
        ("V600E", "", "The change has no gene"),
        ("BRAF V600", "BRAF", ""),
        ("BRAF 600", "BRAF", "plain number"),
        ("BRAF B600Z", "BRAF", "no amino acid"),
        ("EGFR A750_E746del", "EGFR", "runs backwards"),
        ("BRAF c.1799T>A", "BRAF", "coding-DNA"),
        ("NM_004333.6:c.1799T>A", "BRAF", "coding-DNA"),
        ("NP_999999.1:p.Val600Glu", "", "The accession is not known here: name the gene, or run"),
        ("EGFR amplification", "EGFR", "copy-number"),
        ("EGFR exon 19 deletion", "EGFR", "An exon alone names no residue"),
        ("EGFR exon20 insertion", "EGFR", "An exon alone names no residue"),
        ("MET exon 14 skipping", "MET", "An exon alone names no residue"),
        ("CDKN2A homozygous deletion", "CDKN2A", "copy-number"),
        ("EML4-ALK fusion", "EML4-ALK", "fusion"),
        ("EML4-ALK", "EML4-ALK", "fusion"),
        ("BRAF wild type", "BRAF", "no mutation was found"),
        ("BRAF V600E not detected", "BRAF", "no mutation was found"),
        ("BRAF V600E: negative", "BRAF", "no mutation was found"),
        ("no BRAF V600E", "no", "words that cannot be understood"),
        ("BRAF V600E probably", "BRAF", "words that cannot be understood"),
        ("FLT3-ITD", "FLT3-ITD", "tandem duplication"),
        ("FLT3 ITD", "FLT3", "tandem duplication"),
        ("MSI-H", "MSI-H", "no mutated positions"),
        ("TMB 12 mut/Mb", "TMB", "no mutated positions"),
        ("BRAF V600E/K", "BRAF", "Several changes"),
        ("TERT promoter C228T", "TERT", "promoter"),
        ("chr7:140453136", "", "needs both alleles"),
        ("7:140453136 A", "", "needs both alleles"),
        ("7:140453136 <DEL>", "", "needs both alleles"),
        ("7:g.55242465_55242479del", "", "needs the bases too"),
        ("7:g.55242465_55242479delGG", "", "another number of bases"),
        ("7:1-5 A>T", "", "another number of bases"),
        ("7:0 A>T", "", "no position 0"),
        ("7:5 A>A", "", "the same"),
        ("NC_000007.12:g.140453136A>T", "", "no chromosome of GRCh37 or GRCh38"),
        ("7:140453136 A>T absent", "", "words that cannot be understood"),
        ("Gene\tProtein change", "", "heading"),
        ("Hugo_Symbol, HGVSp_Short", "", "heading"),
        ("<script>alert(1)</script>", "", "begins with no gene"),
        ("=cmd|' /C calc'!A0", "", "begins with no gene"),
        ("!!!", "", "begins with no gene"),
        ("45%", "", "begins with no gene"),
        ("Patient has a mutation in BRAF", "Patient", "cannot be understood"),
    ],
)
def test_what_is_not_understood_says_why(tumorcast_home, line: str, gene: str, problem: str) -> None:
    (row,) = rows(line)
    assert row["gene"] == gene
    assert problem in row["problem"] if problem else row["problem"] == ""


def test_every_line_has_its_number_and_its_text() -> None:
    reading = read_text("# from the report\n\nBRAF V600E\r\nKRAS G12D; TP53 R175H\rnonsense here\n")
    assert isinstance(reading, Reading)
    assert tuple(reading.rows.columns) == ROW_COLUMNS
    assert reading.rows["row"].tolist() == [3, 4, 4, 5]
    assert reading.rows["text"].tolist()[:2] == ["BRAF V600E", "KRAS G12D; TP53 R175H"]
    assert reading.rows["problem"].ne("").tolist() == [False, False, False, True]
    assert reading.format == "pasted text"
    assert reading.notes == ("1 comment lines (#) were left out.",)
    assert str(reading.rows["position"].dtype) == str(reading.rows["row"].dtype) == "Int64"


def test_one_bad_part_of_a_line_does_not_take_the_others_with_it() -> None:
    found = rows("KRAS G12D; TP53 amplification; EGFR L858R")
    assert [row["problem"] == "" for row in found] == [True, False, True]


def test_a_mutation_listed_twice_stays_in_two_rows() -> None:
    assert changes("BRAF V600E\nBRAF V600E") == ["BRAF V600E", "BRAF V600E"]


def test_text_is_cleaned_and_cut() -> None:
    (row,) = rows("\u202eBRAF\u202c V600E\x00 <b>")
    assert row["text"].isprintable() and "<b>" in row["text"]
    (row,) = rows("BRAF " + "x" * 1_000)
    assert len(row["text"]) == TEXT_LENGTH


def test_the_build_is_told_by_the_accessions() -> None:
    assert read_text("NC_000007.13:g.140453136A>T").declared_build == "GRCh37"
    both = read_text("NC_000007.13:g.140453136A>T\nNC_000007.14:g.140753336A>T")
    assert both.declared_build == "mixed"
    assert read_text("7:140453136 A>T").declared_build == ""
    assert read_text("7:140453136 A>T").build_evidence == ()


def test_the_hash_is_that_of_the_text() -> None:
    assert read_text("BRAF V600E µ").sha256 == hashlib.sha256("BRAF V600E µ".encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no mutation"),
        (" \n\t\n", "holds no mutation"),
        ("# a comment", "holds no mutation"),
        ("x" * 1_000_001, "longer than 1 MB"),
        ("a\n" * 50_001, "more than 50,000 lines"),
    ],
)
def test_text_without_mutations_or_above_the_limits_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_text(text)


@pytest.mark.parametrize(
    ("accession", "expected"),
    [
        ("NC_000001.10", ("1", "GRCh37")),
        ("NC_000001.11", ("1", "GRCh38")),
        ("NC_000005.9", ("5", "GRCh37")),
        ("NC_000007.13", ("7", "GRCh37")),
        ("NC_000007.14", ("7", "GRCh38")),
        ("NC_000012.12", ("12", "GRCh38")),
        ("NC_000014.8", ("14", "GRCh37")),
        ("NC_000017.10", ("17", "GRCh37")),
        ("NC_000017.11", ("17", "GRCh38")),
        ("NC_000021.9", ("21", "GRCh38")),
        ("NC_000023.10", ("X", "GRCh37")),
        ("NC_000024.10", ("Y", "GRCh38")),
        ("NC_012920.1", ("MT", "")),
        ("NC_000007.12", None),
        ("NC_000025.1", None),
        ("NM_004333.6", None),
    ],
)
def test_sequences_of_chromosomes(accession: str, expected: tuple[str, str] | None) -> None:
    assert chromosome_of(accession) == expected


def test_a_locus_leaves_what_stands_behind_it() -> None:
    assert read_locus("7:140453136 A>T VAF 0.4") == ((Locus("7", 140453136, "A", "T", ""),), "VAF 0.4")
    assert read_locus("BRAF V600E") is None
    with pytest.raises(LocusError, match="needs both alleles"):
        read_locus("7:140453136")


@pytest.mark.parametrize("word", ["A" * 3_000, "V6" * 3_000, "(" * 3_000, "1" * 300_000])
def test_endless_words_are_refused_at_once(word: str) -> None:
    (row,) = rows(f"BRAF {word}")
    assert "more than 2,000 letters" in row["problem"]


def test_a_dash_behind_a_coordinate_says_nothing() -> None:
    assert [row["position"] for row in rows("7:140453136 A>T -")] == [140453136]
