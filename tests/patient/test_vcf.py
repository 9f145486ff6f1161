"""VCF: which allele, which transcript, which sample, which build; and every record in the rows."""

import pytest

from engine.errors import InputError
from engine.patient.effects import change_of_residues, protein_in
from engine.patient.read import read
from engine.patient.types import SeveralSamples

VEP = "Allele|Consequence|SYMBOL|HGVSp|Amino_acids|Protein_position|CANONICAL|MANE_SELECT"
CSQ = f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: {VEP}">'
ANN = (
    "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | "
    "Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | "
    "HGVS.p | cDNA.pos / cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | ERRORS'\">"
)
BCSQ = (
    '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Haplotype-aware consequence annotation from BCFtools/csq. '
    'Format: Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change">'
)
COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
BRAF = "7\t140453136\t.\tA\tT\t.\tPASS\t."


def vcf(*records: str, meta: tuple[str, ...] = (), samples: tuple[str, ...] = ()) -> bytes:
    columns = (*COLUMNS, "FORMAT", *samples) if samples else COLUMNS
    return "\n".join(["##fileformat=VCFv4.2", *meta, "\t".join(columns), *records, ""]).encode()


def annotated(reference: str, alternate: str, value: str, meta: str = CSQ, key: str = "CSQ") -> list[tuple[str, ...]]:
    record = f"7\t100\t.\t{reference}\t{alternate}\t.\tPASS\tDP=9;{key}={value};SOMATIC"
    rows = read(vcf(record, meta=(meta,))).rows
    return list(rows[["gene", "protein_change", "classification"]].itertuples(index=False, name=None))


def test_a_record_without_annotation():
    reading = read(vcf(BRAF.replace("7", "chr7", 1), "chrM\t10\trs1\tac\ta\t5\t.\tDP=3"))
    assert reading.format == "VCF without annotation" and reading.samples == ()
    assert reading.rows.iloc[0].to_dict() == {
        "row": 3, "text": "chr7 140453136 . A T", "gene": "", "protein_change": "", "classification": "",
        "chromosome": "7", "position": 140453136, "reference": "A", "alternate": "T", "build": "", "problem": "",
    }  # fmt: skip
    assert reading.rows.iloc[1][["chromosome", "reference", "alternate"]].tolist() == ["MT", "AC", "A"]
    assert any("no annotation" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("reference", "alternate", "value", "expected"),
    [
        ("A", "T", "T|missense_variant|BRAF|ENSP00000288602.6:p.Val600Glu||||", [("BRAF", "p.Val600Glu")]),
        ("A", "T", "T|missense_variant|BRAF||V/E|600||", [("BRAF", "p.V600E")]),
        ("A", "T", "T|missense_variant|BRAF||V/E|600/766||", [("BRAF", "p.V600E")]),
        ("A", "T", "T|synonymous_variant|BRAF|ENSP1.2:p.Leu12%3D|L|12||", [("BRAF", "p.Leu12=")]),
        ("A", "T", "T|synonymous_variant|BRAF||L|12||", [("BRAF", "p.L12=")]),
        ("A", "T", "T|intergenic_variant|||||| ", [("", "")]),
        # An indel of one alternate: VEP takes the common first base off.
        ("AGGAATTAAGAGAAGC", "A", "-|inframe_deletion|EGFR||KELREA/K|745-750||", [("EGFR", "p.E746_A750del")]),
        ("GGAATTA", "G", "-|inframe_deletion|EGFR||EL/-|746-747||", [("EGFR", "p.E746_L747del")]),
        ("G", "GA", "A|frameshift_variant|KMT2A||K/NX|101||", [("KMT2A", "p.K101fs")]),
        # Every alternate allele by its own entry; an allele of another length takes the first base off all.
        (
            "CA", "C,CT", "-|frameshift_variant|A||K/X|5||,T|missense_variant|B||K/N|5||",
            [("A", "p.K5fs"), ("B", "p.K5N")],
        ),
        ("C", "A,T", "T|missense_variant|B||K/N|5||,A|missense_variant|A||K/R|5||", [("A", "p.K5R"), ("B", "p.K5N")]),
        # No common first base: nothing is taken off.
        ("CA", "C,TA", "C|frameshift_variant|A||K/X|5||,TA|missense_variant|B||K/N|5||",
         [("A", "p.K5fs"), ("B", "p.K5N")]),
        # A record split by a tool keeps the entries of all alleles; its own are taken.
        ("C", "T", "A|missense_variant|A||K/R|5||,T|missense_variant|B||K/N|5||", [("B", "p.K5N")]),
        # One gene: MANE Select before canonical before the gravest.
        ("A", "T", "T|missense_variant|BRAF||V/E|640|YES|,T|missense_variant|BRAF||V/E|600||NM_004333.6",
         [("BRAF", "p.V600E")]),
        ("A", "T", "T|stop_gained|BRAF||V/*|640||,T|missense_variant|BRAF||V/E|600|YES|", [("BRAF", "p.V600E")]),
        ("A", "T", "T|intron_variant|BRAF|||||,T|missense_variant|BRAF||V/E|600||", [("BRAF", "p.V600E")]),
        # Two genes: a census gene whose protein changes, then any protein that changes.
        ("A", "T", "T|stop_gained|XYZ||V/*|640||NM_1,T|missense_variant|BRAF||V/E|600||", [("BRAF", "p.V600E")]),
        ("A", "T", "T|upstream_gene_variant|BRAF||||YES|NM_1,T|missense_variant|XYZ||V/E|6||", [("XYZ", "p.V6E")]),
    ],
)  # fmt: skip
def test_vep(reference, alternate, value, expected):
    assert [row[:2] for row in annotated(reference, alternate, value)] == expected


def test_vep_words_of_the_chosen_transcript():
    value = "T|splice_donor_variant&intron_variant|TP53|||||"
    assert annotated("A", "T", value) == [("TP53", "", "splice_donor_variant&intron_variant")]


@pytest.mark.parametrize(
    ("alternate", "value", "expected"),
    [
        (
            "T",
            "T|missense_variant|MODERATE|BRAF|ENSG1|transcript|NM_4.4|protein_coding|15/18|c.1799T>A|p.Val600Glu|1/2|||",
            [("BRAF", "p.Val600Glu", "missense_variant")],
        ),
        (
            "T,G",
            "G|stop_gained|HIGH|TP53|E|t|N|p||c.1|p.Arg213*||||,T|synonymous_variant|LOW|TP53|E|t|N|p||c.1|p.Arg213Arg||||",
            [("TP53", "p.Arg213Arg", "synonymous_variant"), ("TP53", "p.Arg213*", "stop_gained")],
        ),
    ],
)
def test_snpeff(alternate, value, expected):
    assert annotated("A", alternate, value, ANN, "ANN") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("missense|BRAF|ENST1|protein_coding|-|600V>600E|100A>T", ("BRAF", "p.V600E", "missense")),
        ("synonymous|BRAF|ENST1|protein_coding|-|600V|100A>T", ("BRAF", "p.V600=", "synonymous")),
        ("splice_acceptor|TP53|ENST1|protein_coding|-", ("TP53", "", "splice_acceptor_variant")),
        ("@90", ("", "", "")),
    ],
)
def test_bcftools(value, expected):
    assert annotated("A", "T", value, BCSQ, "BCSQ") == [expected]


@pytest.mark.parametrize(
    ("residues", "place", "consequence", "expected"),
    [
        ("ELREA/-", "746-750", "inframe_deletion", "p.E746_A750del"),
        ("KELREA/K", "745-750", "inframe_deletion", "p.E746_A750del"),
        ("E/EK", "746", "inframe_insertion", "p.E746_747insK"),
        ("VK/VR", "600-601", "missense_variant", "p.K601R"),
        ("AVC/AXXC", "5-7", "protein_altering_variant", "p.V6delinsXX"),
        ("EK/EX", "100-101", "frameshift_variant", "p.K101fs"),
        ("EL/D", "746-747", "inframe_deletion", "p.E746_L747delinsD"),
        ("-/G", "12-13", "inframe_insertion", "p.12_13insG"),
        ("-/X", "12-13", "frameshift_variant", "p.12fs"),
        ("R/*", "213", "stop_gained", "p.R213*"),
        ("V/V", "600", "synonymous_variant", "p.V600="),
        ("V/E", "?-600", "missense_variant", "p.V600E"),
        ("V/E", "", "missense_variant", ""),
        ("", "600", "coding_sequence_variant", ""),
        ("V/X", "33", "splice_donor_variant&coding_sequence_variant", ""),
    ],
)
def test_change_of_residues(residues, place, consequence, expected):
    assert change_of_residues(residues, place, consequence) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ENSP00000288602.6:p.Val600Glu", "p.Val600Glu"),
        ("ENST1.1:c.12A>G(p.%3D)", "p.="),
        ("p.(Val600Glu)", "p.(Val600Glu)"),
        ("", ""),
    ],
)
def test_protein_in(written, expected):
    assert protein_in(written) == expected


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ("7\t5\t.\tA\t<DEL>\t.\tPASS\t.", "A structural variant in symbols"),
        ("7\t5\t.\tA\t<NON_REF>\t.\tPASS\t.", "stands for no sequence"),
        ("7\t5\t.\tA\t*\t.\tPASS\t.", "stands for no sequence"),
        ("7\t5\t.\tA\t.\t.\tPASS\t.", "names no alternate allele"),
        ("7\t5\t.\tA\tA[8:77[\t.\tPASS\t.", "A breakend"),
        ("7\t5\t.\tA\tA.\t.\tPASS\t.", "A breakend"),
        ("7\t5\t.\tA\tQ\t.\tPASS\t.", "The alternate allele (ALT) is not written as bases"),
        ("7\t5\t.\t-\tA\t.\tPASS\t.", "The reference allele (REF) is not written as bases"),
        ("7\t99999999999999999999\t.\tA\tT\t.\tPASS\t.", "The position (POS) is not a whole number"),
        ("7\tfive\t.\tA\tT\t.\tPASS\t.", "The position (POS) is not a whole number"),
        ("7\t5\t.\tA\tT", "The row has 5 columns where the header names 8"),
        ("hello", "The row has 1 columns where the header names 8"),
        ("7\t5\t.\tA\tT\t.\tLowQual\t.", "Filtered by the caller (FILTER is not PASS)"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(record, problem):
    rows = read(vcf(record, BRAF)).rows
    assert problem in rows["problem"].iloc[0]
    assert rows[["row", "problem"]].iloc[1].tolist() == [4, ""]


def test_several_alleles_of_one_record_keep_its_row_number():
    rows = read(vcf("7\t5\t.\tA\tT,<DEL>,AC\t.\tPASS\t.")).rows
    assert rows["row"].tolist() == [3, 3, 3] and rows["alternate"].tolist() == ["T", "<DEL>", "AC"]
    assert (rows["problem"] == "").tolist() == [True, False, True]


CALLS = (
    "7\t1\t.\tA\tT,C\t.\tPASS\t.\tGT:AD\t0/0:9,0\t0/2:3,4",
    "7\t2\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0|1:9,0\t./.:0,0",
    "7\t3\t.\tA\tT\t.\tPASS\t.\tDP\t9\t5",
)


def test_several_samples_ask_with_the_tumour_first():
    with pytest.raises(SeveralSamples, match="2 samples: choose") as asked:
        read(vcf(*CALLS, samples=("NORMAL", "TUMOR")))
    assert asked.value.samples == ("TUMOR", "NORMAL")
    with pytest.raises(SeveralSamples) as asked:
        read(vcf(*CALLS, samples=("A", "B", "C"), meta=("##tumor_sample=B",)))
    assert asked.value.samples == ("B", "A", "C")


@pytest.mark.parametrize(
    ("sample", "carried"),
    [("TUMOR", [False, True, False, True]), ("NORMAL", [False, False, True, True])],
)
def test_only_alleles_of_the_chosen_sample_are_used(sample, carried):
    reading = read(vcf(*CALLS, samples=("NORMAL", "TUMOR")), sample=sample)
    assert reading.sample == sample and (reading.rows["problem"] == "").tolist() == carried
    assert reading.rows["problem"].iloc[0] == "The chosen sample does not carry this allele."


def test_a_sample_without_genotype_is_told_apart_from_one_without_the_allele():
    rows = read(vcf(*CALLS, samples=("NORMAL", "TUMOR")), sample="TUMOR").rows
    assert rows["problem"].iloc[2].startswith("The sample has no genotype here")


def test_a_sample_that_is_not_there():
    with pytest.raises(InputError, match="The chosen sample is not in the file"):
        read(vcf(*CALLS, samples=("NORMAL", "TUMOR")), sample="OTHER")


@pytest.mark.parametrize(
    ("meta", "build", "evidence"),
    [
        (("##reference=file:///x/human_g1k_v37.fasta",), "GRCh37", ("##reference",)),
        (("##reference=hs37d5.fa",), "GRCh37", ("##reference",)),
        (("##reference=/x/Homo_sapiens_assembly19.fasta",), "GRCh37", ("##reference",)),
        (("##reference=Homo_sapiens_assembly38.fasta",), "GRCh38", ("##reference",)),
        (("##reference=GRCh38.d1.vd1.fa",), "GRCh38", ("##reference",)),
        (("##contig=<ID=7,length=159138663,assembly=hg19>",), "GRCh37", ("contig assembly", "contig lengths")),
        (("##contig=<ID=chr7,length=159345973>",), "GRCh38", ("contig lengths",)),
        (("##contig=<ID=MT,length=16569>",), "", ()),
        (('##VEP="v110" time="x" assembly="GRCh37.p13"',), "GRCh37", ("the assembly VEP worked with",)),
        (('##SnpEffCmd="SnpEff  GRCh38.99 in.vcf "',), "GRCh38", ("the genome SnpEff worked with",)),
        (
            ("##reference=hg38.fa", "##contig=<ID=7,length=159138663>"),
            "mixed",
            ("##reference (GRCh38)", "contig lengths (GRCh37)"),
        ),
        (
            ("##contig=<ID=7,length=159138663>", "##contig=<ID=8,length=145138636>"),
            "mixed",
            ("contig lengths (mixed)",),
        ),
        (("##reference=mm10.fa", "##contig=<ID=7"), "", ()),
    ],
)
def test_build_of_the_header(meta, build, evidence):
    reading = read(vcf(BRAF, meta=meta))
    assert (reading.declared_build, reading.build_evidence) == (build, evidence)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (vcf(), "a header but no variant"),
        (b"##fileformat=VCFv4.2\n" + BRAF.encode(), "no line #CHROM"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tREF\tALT\n" + BRAF.encode(), "Row 2 of the VCF must name the columns"),
        (vcf(BRAF, samples=("A", "A")), "names one sample twice"),
    ],
)
def test_a_broken_header(content, message):
    with pytest.raises(InputError, match=message):
        read(content)


def test_blanks_instead_of_tabs():
    reading = read(vcf(BRAF).replace(b"\t", b"  "))
    assert reading.rows["position"].tolist() == [140453136] and reading.rows["problem"].tolist() == [""]


def test_a_cell_of_html_and_control_characters_is_text():
    rows = read(vcf("<b>7</b>\x07\t5\t.\tA\tT\t.\tPASS\t.")).rows
    assert rows["text"].tolist() == ["<b>7</b>  5 . A T"]
