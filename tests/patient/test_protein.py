"""Protein changes as people and programs write them. Expected values are typed; full names are checked against
mavehgvs, which reads a part of them."""

import pandas as pd
import pytest
from mavehgvs.variant import Variant

from engine.patient.protein import LONGEST, Change, ChangeError, parse_change
from engine.response.variants import maf_class, position_key, residue

# written | normalised | residue | before | class
CHANGES = """
V600E                      | p.V600E             | 600 | V | Missense_Mutation
p.V600E                    | p.V600E             | 600 | V | Missense_Mutation
P.V600E                    | p.V600E             | 600 | V | Missense_Mutation
pV600E                     | p.V600E             | 600 | V | Missense_Mutation
p. V600E                   | p.V600E             | 600 | V | Missense_Mutation
v600e                      | p.V600E             | 600 | V | Missense_Mutation
V600e                      | p.V600E             | 600 | V | Missense_Mutation
(V600E)                    | p.V600E             | 600 | V | Missense_Mutation
V600E.                     | p.V600E             | 600 | V | Missense_Mutation
p.V600E,                   | p.V600E             | 600 | V | Missense_Mutation
"V600E"                    | p.V600E             | 600 | V | Missense_Mutation
V600E (COSM476)            | p.V600E             | 600 | V | Missense_Mutation
c.1799T>A (p.Val600Glu)    | p.V600E             | 600 | V | Missense_Mutation
p.Val600Glu                | p.V600E             | 600 | V | Missense_Mutation
p.(Val600Glu)              | p.V600E             | 600 | V | Missense_Mutation
p.[Val600Glu]              | p.V600E             | 600 | V | Missense_Mutation
Val600Glu                  | p.V600E             | 600 | V | Missense_Mutation
VAL600GLU                  | p.V600E             | 600 | V | Missense_Mutation
val600glu                  | p.V600E             | 600 | V | Missense_Mutation
NP_004324.2:p.Val600Glu    | p.V600E             | 600 | V | Missense_Mutation
ENSP00000288602.6:p.V600E  | p.V600E             | 600 | V | Missense_Mutation
BRAF:NM_004333:c.1799T>A:p.V600E | p.V600E       | 600 | V | Missense_Mutation
U45C                       | p.U45C              | 45  | U | Missense_Mutation
p.Sec45Cys                 | p.U45C              | 45  | U | Missense_Mutation
M1V                        | p.M1V               | 1   | M | Missense_Mutation
VK600EI                    | p.VK600EI           | 600 | V | Missense_Mutation
V600                       | p.V600?             | 600 | V | Unknown
R213*                      | p.R213*             | 213 | R | Nonsense_Mutation
R213X                      | p.R213*             | 213 | R | Nonsense_Mutation
R213Ter                    | p.R213*             | 213 | R | Nonsense_Mutation
p.Arg213Ter                | p.R213*             | 213 | R | Nonsense_Mutation
p.Arg213*                  | p.R213*             | 213 | R | Nonsense_Mutation
R213∗                      | p.R213*             | 213 | R | Nonsense_Mutation
R213fs                     | p.R213fs            | 213 | R | Frame_Shift
K101fs                     | p.K101fs            | 101 | K | Frame_Shift
K101Nfs*5                  | p.K101Nfs*5         | 101 | K | Frame_Shift
K101fs*5                   | p.K101fs*5          | 101 | K | Frame_Shift
K101NfsX5                  | p.K101Nfs*5         | 101 | K | Frame_Shift
k101nfs*5                  | p.K101Nfs*5         | 101 | K | Frame_Shift
K101NFS*5                  | p.K101Nfs*5         | 101 | K | Frame_Shift
p.Lys101AsnfsTer5          | p.K101Nfs*5         | 101 | K | Frame_Shift
p.(Lys101AsnfsTer5)        | p.K101Nfs*5         | 101 | K | Frame_Shift
p.Lys101Asnfs*5            | p.K101Nfs*5         | 101 | K | Frame_Shift
p.Lys101fs                 | p.K101fs            | 101 | K | Frame_Shift
-287fs                     | p.-287fs            | 287 |   | Frame_Shift
−287fs                     | p.-287fs            | 287 |   | Frame_Shift
p.YF1063fs                 | p.YF1063fs          | 1063 | Y | Frame_Shift
p.*W262fs                  | p.*W262fs           | 262 | * | Frame_Shift
E746_A750del               | p.E746_A750del      | 746 | E | In_Frame_Del
E746_A750delELREA          | p.E746_A750del      | 746 | E | In_Frame_Del
e746_a750delelrea          | p.E746_A750del      | 746 | E | In_Frame_Del
E746_A750DEL               | p.E746_A750del      | 746 | E | In_Frame_Del
p.Glu746_Ala750del         | p.E746_A750del      | 746 | E | In_Frame_Del
V559del                    | p.V559del           | 559 | V | In_Frame_Del
p.SER931del                | p.SER931del         | 931 | S | In_Frame_Del
SER931DEL                  | p.S931del           | 931 | S | In_Frame_Del
p.RSGGSGSSS931del          | p.RSGGSGSSS931del   | 931 | R | In_Frame_Del
D770_N771insSVD            | p.D770_N771insSVD   | 770 | D | In_Frame_Ins
p.Asp770_Asn771insSerValAsp | p.D770_N771insSVD  | 770 | D | In_Frame_Ins
495_496insAQ               | p.495_496insAQ      | 495 |   | In_Frame_Ins
495_496insAlaGln           | p.495_496insAQ      | 495 |   | In_Frame_Ins
A767_V769dup               | p.A767_V769dup      | 767 | A | In_Frame_Ins
A767_V769dupASV            | p.A767_V769dup      | 767 | A | In_Frame_Ins
p.Ala767_Val769dup         | p.A767_V769dup      | 767 | A | In_Frame_Ins
E746_T751delinsA           | p.E746_T751delinsA  | 746 | E | In_Frame_Indel
E746_T751delELREATinsA     | p.E746_T751delinsA  | 746 | E | In_Frame_Indel
L747_P753>S                | p.L747_P753delinsS  | 747 | L | In_Frame_Indel
L747_P753delinsALA         | p.L747_P753delinsALA | 747 | L | In_Frame_Indel
p.Leu747_Pro753delinsAla   | p.L747_P753delinsA  | 747 | L | In_Frame_Indel
p.VK600_601delinsEN        | p.VK600_601delinsEN | 600 | V | In_Frame_Indel
p.38_38A>AA                | p.38_38A>AA         | 38  | A | In_Frame_Ins
p.476_478AQA>A             | p.476_478AQA>A      | 476 | A | In_Frame_Del
p.42_43KA>NS               | p.42_43KA>NS        | 42  | K | Missense_Mutation
p.578_579ME>I*             | p.578_579ME>I*      | 578 | M | Nonsense_Mutation
p.1440_1441*>*M            | p.1440_1441*>*M     | 1440 | * | In_Frame_Ins
M1?                        | p.M1?               | 1   | M | Translation_Start_Site
p.Met1?                    | p.M1?               | 1   | M | Translation_Start_Site
p.Met1ext-5                | p.M1ext-5           | 1   | M | Translation_Start_Site
*394Gext*9                 | p.*394Gext*9        | 394 | * | Nonstop_Mutation
X394GextX9                 | p.*394Gext*9        | 394 | * | Nonstop_Mutation
p.Ter394GlyextTer9         | p.*394Gext*9        | 394 | * | Nonstop_Mutation
*137E                      | p.*137E             | 137 | * | Nonstop_Mutation
V600=                      | p.V600=             | 600 | V | Silent
V600%3D                    | p.V600=             | 600 | V | Silent
V600V                      | p.V600V             | 600 | V | Silent
p.Val600=                  | p.V600=             | 600 | V | Silent
p.*137*                    | p.*137*             | 137 | * | Silent
p.=                        | p.=                 |     |   | Silent
p.(=)                      | p.=                 |     |   | Silent
p.?                        | p.?                 |     |   | Unknown
p.0?                       | p.0?                |     |   | Unknown
X963_splice                | p.X963_splice       |     |   | Splice_Site
p.X125_splice              | p.X125_splice       |     |   | Splice_Site
x125_SPLICE                | p.X125_splice       |     |   | Splice_Site
Splice_Site                |                     |     |   | Splice_Site
splice site mutation       |                     |     |   | Splice_Site
splice site 209+1_209+2delGT |                   |     |   | Splice_Site
splice site 2416-1G>A      |                     |     |   | Splice_Site
frameshift                 |                     |     |   | Frame_Shift
synonymous                 |                     |     |   | Silent
intronic                   |                     |     |   | Intron
"""


ROWS = [[cell.strip() for cell in line.split("|")] for line in CHANGES.strip().splitlines()]


@pytest.mark.parametrize(("written", "text", "number", "before", "term"), ROWS, ids=[row[0] for row in ROWS])
def test_changes_get_one_short_form(written: str, text: str, number: str, before: str, term: str) -> None:
    assert parse_change(written) == Change(text, int(number) if number else None, before, term)


@pytest.mark.parametrize("written", [row[0] for row in ROWS if row[1]])
def test_the_short_form_is_stable_and_has_the_residue_of_the_training_table(written: str) -> None:
    change = parse_change(written)
    assert parse_change(change.text) == change
    assert residue(change.text) == change.residue
    place = change.residue or change.classification
    if change.residue or change.classification == "Splice_Site":
        assert position_key("BRAF", change.text, change.classification) == f"BRAF:{place}"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "No protein change is given"),
        ("  \t ", "No protein change is given"),
        ("-", "No protein change is given"),
        (".", "No protein change is given"),
        ("B600Z", "stands for no amino acid"),
        ("J12V", "stands for no amino acid"),
        ("V600O", "stands for no amino acid"),
        ("E746_A750delinsB", "stands for no amino acid"),
        ("p.Val600Xaa", "no single amino acid"),
        ("V0E", "there is no residue 0"),
        ("p.Val0Glu", "there is no residue 0"),
        ("V35992E", "the longest, titin, has 35,991"),
        ("E746_A99999del", "the longest, titin, has 35,991"),
        ("A750_E746del", "runs backwards"),
        ("p.Ala750_Glu746del", "runs backwards"),
        ("600", "plain number"),
        ("140453136", "plain number"),
        ("c.1799T>A", "coding-DNA name"),
        ("c.T1799A", "coding-DNA name"),
        ("NM_004333.4:c.1799T>A", "coding-DNA name"),
        ("1799T>A", "coding-DNA name"),
        ("c.375+1G>T", "coding-DNA name"),
        ("g.140453136A>T", "chromosome, position and both alleles"),
        ("n.100A>G", "without protein"),
        ("rs113488022", "identifier of a database"),
        ("COSM476", "identifier of a database"),
        ("amplification", "copy-number change"),
        ("EGFR amplification", "copy-number change"),
        ("AMP", "copy-number change"),
        ("loss", "copy-number change"),
        ("deletion", "copy-number change"),
        ("homozygous deletion", "copy-number change"),
        ("HOMDEL", "copy-number change"),
        ("EML4-ALK fusion", "fusion or rearrangement"),
        ("EML4-ALK", "fusion or rearrangement"),
        ("EML4::ALK", "fusion or rearrangement"),
        ("rearrangement", "fusion or rearrangement"),
        ("EGFRvIII", "fusion or rearrangement"),
        ("overexpression", "no mutated positions"),
        ("promoter methylation", "no mutated positions"),
        ("wild type", "no mutation was found"),
        ("wild-type", "no mutation was found"),
        ("WT", "no mutation was found"),
        ("not detected", "no mutation was found"),
        ("ITD", "tandem duplication needs its position"),
        ("exon 20 insertion", "exon alone names no residue"),
        ("exon 14 skipping", "exon alone names no residue"),
        ("exon 19 del", "exon alone names no residue"),
        ("missense", "but not its position"),
        ("nonsense", "but not its position"),
        ("truncating", "Neither the kind nor the position"),
        ("mutated", "Neither the kind nor the position"),
        ("V600E/K", "Several changes"),
        ("V600E;K601E", "Several changes"),
        ("p.[Val600Glu;Lys601Glu]", "Several changes"),
        ("V600E and K601E", "Several changes"),
        ("VK600E", "cannot be understood"),
        ("V600>", "cannot be understood"),
        ("hello", "cannot be understood"),
        ("=cmd|' /C calc'!A0", "cannot be understood"),
        ("<b>V600E</b>", "cannot be understood"),
        ("V" + "6" * 5_000 + "E", "cannot be understood"),
        ("V٦٠٠E", "cannot be understood"),
    ],
)
def test_what_is_no_change_says_why(written: str, reason: str) -> None:
    with pytest.raises(ChangeError, match=reason) as caught:
        parse_change(written)
    assert str(caught.value).endswith(".")


def test_a_message_never_repeats_what_was_written() -> None:
    with pytest.raises(ChangeError) as caught:
        parse_change("V600 of Mrs Example")
    assert "V600 of" not in str(caught.value) and "Example" not in str(caught.value)


def test_the_longest_protein_fits() -> None:
    assert parse_change(f"A{LONGEST}V").residue == 35_991


def test_invisible_characters_do_not_matter() -> None:
    assert parse_change("\u202ep.\u200bV600E\u202c\ufeff").text == "p.V600E"
    assert parse_change("Ｖ６００Ｅ").text == "p.V600E"  # full-width, as Japanese input methods write
    assert parse_change("V\u00a0600E").text == "p.V600E"


@pytest.mark.parametrize(
    "name",
    [
        "p.Val600Glu", "p.Arg213Ter", "p.Ter394Gly", "p.Glu746_Ala750del", "p.Lys101fs", "p.Ala767_Val769dup",
        "p.Asp770_Asn771insSerValAsp", "p.Glu746_Thr751delinsAla", "p.Lys45delinsArgTer", "p.Val600=", "p.Met1Val",
    ],
)  # fmt: skip
def test_full_names_mean_what_mavehgvs_reads(name: str) -> None:
    theirs, ours = Variant(name), parse_change(name)
    first = theirs.positions[0] if isinstance(theirs.positions, tuple) else theirs.positions
    assert ours.residue == first.position
    kinds = {"del": "del", "dup": "dup", "ins": "ins", "delins": "delins", "fs": "fs", "equal": "=", "sub": ""}
    assert kinds[theirs.variant_type] in ours.text


@pytest.mark.real_data
def test_every_change_of_the_cell_lines_is_read(real_data) -> None:
    """All 39,223 distinct protein changes of the CCLE table, with the residue and key that the training table gets."""
    maf = real_data / "response" / "CCLE_census_mutations.maf.gz"
    written = pd.read_csv(maf, sep="\t", usecols=["Protein_Change"], keep_default_na=False)["Protein_Change"]
    distinct = [change for change in written.unique() if change]
    assert len(distinct) == 39_223
    changes = [parse_change(change) for change in distinct]
    assert [change.text for change in changes] == distinct
    assert [change.residue for change in changes] == [residue(change) for change in distinct]
    keys = [position_key("X", change.text, change.classification) for change in changes]
    assert keys == [position_key("X", change, "") for change in distinct]
    assert "Unknown" not in {change.classification for change in changes}


@pytest.mark.real_data
def test_every_change_of_the_six_exomes_is_read(real_data) -> None:
    for path in sorted((real_data / "patients").glob("*.maf.gz")):
        maf = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        for change, word in zip(maf["Protein_Change"], maf["Variant_Classification"], strict=True):
            if change:
                parsed = parse_change(change)
                key = position_key("X", change, word)
                assert position_key("X", parsed.text, maf_class(word)) == key
