"""Every row of a mutation list gets one fate, one reason, and the genome holds what is left."""

import time

import pandas as pd
import pytest
from small_knowledge import reading, small_knowledge

from engine.errors import InputError
from engine.patient.locate import Resources
from engine.patient.panel import EXOME, Panel
from engine.patient.read import read
from engine.patient.types import FATES, NOT_UNDERSTOOD, RECEIPT_COLUMNS, USED, Receipt
from engine.patient.understand import understand
from engine.response.census import census_genes

NOTHING = Resources(None, None)


def receipt_of(*rows: tuple[str, ...], **values: list[object]) -> Receipt:
    return understand(reading(*rows, **values), small_knowledge(), found=NOTHING)


def only(*row: str) -> pd.Series:
    receipt = receipt_of(row)
    assert len(receipt.rows) == 1
    return receipt.rows.iloc[0]


def test_every_fate_and_its_reason():
    receipt = receipt_of(
        ("BRAF", "p.V600E", "Missense_Mutation"),
        ("KMT2A", "p.K101N", "Missense_Mutation"),
        ("TTLL2", "p.A10V", "Missense_Mutation"),
        ("TP53", "", "Intron"),
        ("BRAF", "p.V600K", "Missense_Mutation"),
        ("TP53", "", ""),
    )
    assert list(receipt.rows.columns) == list(RECEIPT_COLUMNS)
    assert receipt.rows["fate"].tolist() == [
        "used", "new_position", "outside_census", "silent", "duplicate", "not_understood",
    ]  # fmt: skip
    assert receipt.rows["reason"].tolist() == [
        "61 training lines are mutated at BRAF:600 (bit 0 of the model).",
        "KMT2A:101: in the census, but no training line is mutated there, so the networks cannot see it.",
        "TTLL2 is not in the Cancer Gene Census, whose genes are all that the networks look at.",
        "Intron variants leave the protein as it is.",
        "Same position as row 1.",
        "The row tells neither a protein change nor what kind of mutation this is.",
    ]
    assert receipt.rows["position_key"].tolist() == ["BRAF:600", "KMT2A:101", "", "", "BRAF:600", ""]
    assert receipt.rows["bit"].tolist() == [0, pd.NA, pd.NA, pd.NA, pd.NA, pd.NA]
    assert receipt.rows["lines"].tolist() == [61, pd.NA, pd.NA, pd.NA, pd.NA, pd.NA]
    assert receipt.counts == dict.fromkeys(FATES, 1)
    assert receipt.total == 6
    assert receipt.genome.keys == ("BRAF:600", "KMT2A:101")
    assert receipt.notes == ()


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (("BRAF", "V600E", ""), "BRAF:600"),
        (("BRAF", "p.Val600Glu", "missense_variant"), "BRAF:600"),
        (("braf", "p.V600E", ""), "BRAF:600"),
        (("TP53", "", "splice_donor_variant"), "TP53:Splice_Site"),
        (("TP53", "p.T125_splice", "Splice_Site"), "TP53:Splice_Site"),
        (("MET", "p.X1010_splice", "Splice_Site"), "MET:Splice_Site"),
        (("EGFR", "p.E746_A750del", "In_Frame_Del"), "EGFR:746"),
        (("MLL2", "p.P2354Lfs*30", "Frame_Shift_Del"), "KMT2D:2354"),
        (("TP53", "p.R213*", "stop_gained"), "TP53:213"),
    ],
)  # fmt: skip
def test_positions_that_the_run_knows(row, key):
    found = only(*row)
    assert (found["fate"], found["position_key"]) == ("used", key)


def test_one_training_line_is_one():
    assert only("KMT2D", "p.P2354fs", "")["reason"].startswith("1 training line is mutated at KMT2D:2354 ")


def test_former_symbols_are_told():
    assert only("MLL2", "p.P2354fs", "Frame_Shift_Del")["reason"].endswith("; written MLL2, now KMT2D.")


@pytest.mark.parametrize(
    ("word", "start"),
    [
        ("Silent", "Silent changes"),
        ("synonymous_variant", "Silent changes"),
        ("Intron", "Intron variants"),
        ("splice_region_variant&synonymous_variant", "Variants beside a splice site"),
        ("5'UTR", "Variants before the coding sequence"),
        ("3_prime_UTR_variant", "Variants behind the coding sequence"),
        ("upstream_gene_variant", "Variants before the gene"),
        ("3'Flank", "Variants behind the gene"),
        ("intergenic_region", "Variants between genes"),
        ("RNA", "Variants of transcripts"),
        ("Targeted_Region", "Variants of regulatory regions"),
    ],
)
def test_silent_and_non_coding_classes(word, start):
    found = only("TP53", "", word)
    assert found["fate"] == "silent"
    assert found["reason"].startswith(start)


def test_silent_comes_before_census():
    assert only("TTLL2", "p.A10A", "Silent")["fate"] == "silent"
    assert only("", "", "IGR")["fate"] == "silent"


def test_a_silent_change_without_class_word_is_silent():
    assert only("TP53", "p.P36P", "")["fate"] == "silent"
    assert only("TTLL2", "p.A10=", "")["fate"] == "silent"


def test_where_class_and_change_contradict_each_other_the_change_decides():
    found = only("BRAF", "p.V600E", "Silent")
    assert found["fate"] == "used"
    assert "its class says silent, its change p.V600E does not; the change counts" in found["reason"]
    found = only("BRAF", "p.V600V", "Missense_Mutation")
    assert found["fate"] == "silent"
    assert "its class says missense mutation" in found["reason"]


def test_a_splice_site_whose_codon_stays_is_no_silent_mutation():
    assert only("TP53", "p.T125T", "Splice_Site")["fate"] == "new_position"


@pytest.mark.parametrize("word", ["splice_region_variant", "Splice_Region", "intron_variant", "Splice_Site", ""])
def test_a_change_named_as_splice_site_is_one_whatever_its_class(word):
    found = only("MET", "p.X1010_splice", word)
    assert (found["fate"], found["position_key"]) == ("used", "MET:Splice_Site")
    assert only("MET", "", "splice_region_variant")["fate"] == "silent"
    assert only("MET", "p.V600=", "splice_region_variant")["fate"] == "silent"


@pytest.mark.parametrize(
    ("gene", "change", "meant"),
    [
        ("BRAF", "V6000E", "V600E"), ("BRAF", "E600V", "V600E"), ("TP53", "H175R", "R175H"), ("BRAF", "V601E", "V600E"),
        ("BRAF", "V60E", "V600E"), ("KRAS", "G112D", "G12D"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_named(gene, change, meant):
    found = only(gene, change, "")
    assert found["fate"] in ("not_understood", "new_position") and f"(did you mean {meant}?)" in found["reason"]


def test_what_is_no_slip_names_nothing():
    for change in ("W600R", "D126fs", "A1234T"):
        assert "did you mean" not in only("BRAF", change, "")["reason"]


@pytest.mark.parametrize("word", ["Missense_Mutation", "In_Frame_Del", "inframe_insertion"])
def test_classes_that_name_no_position_without_a_residue(word):
    found = only("TP53", "", word)
    assert found["fate"] == "not_understood"
    assert found["reason"] == "The row tells no protein change, so that the residue is unknown: add it (p.V600E)."


def test_a_residue_that_is_not_there():
    found = only("BRAF", "p.K600E", "")
    assert found["fate"] == "not_understood"
    assert found["reason"] == (
        "The training table has V at residue 600 of BRAF, the row has K (did you mean K601E?): "
        "another transcript or a slip of the pen."
    )
    assert found["gene"] == "BRAF" and found["position_key"] == "" and found["change"] == "p.K600E"


def test_isoforms_of_the_training_table_are_all_accepted():
    assert only("TP53", "p.Y126C", "")["fate"] == "used"
    assert only("TP53", "p.D126N", "")["fate"] == "used"
    assert "has D or Y at residue 126" in only("TP53", "p.K126N", "")["reason"]


def test_simulated_mutations_say_nothing_about_proteins():
    knowledge = small_knowledge()
    simulated = knowledge.known.assign(simulated=True)
    simulated = simulated.replace({"protein_change": {"p.P2354fs": "p.W2354fs"}})
    knowledge = type(knowledge)("run", knowledge.vocabulary, knowledge.training_lines, knowledge.census, simulated)
    found = understand(reading(("KMT2D", "p.P2354L"), ("BRAF", "p.K600E")), knowledge, found=NOTHING).rows
    # Published hotspots hold whatever the store has.
    assert found["fate"].tolist() == ["used", "not_understood"]


@pytest.mark.parametrize(
    ("gene", "change", "fate"),
    [
        ("BRAF", "p.H766R", "new_position"),
        ("BRAF", "p.*767R", "new_position"),
        ("BRAF", "p.V900E", "not_understood"),
        ("KMT2A", "p.K3000N", "new_position"),
        ("KMT2A", "p.K99999N", "not_understood"),
    ],
)
def test_residues_beyond_the_end_of_the_protein(gene, change, fate):
    found = only(gene, change, "")
    assert found["fate"] == fate
    assert ("lies beyond the end of the protein of BRAF, which has 766" in found["reason"]) == (change == "p.V900E")


def test_a_problem_of_reading_stands_before_all_else():
    receipt = receipt_of(("BRAF", "p.V600E"), ("BRAF", "p.V600E"), problem=["It names a fusion.", ""])
    assert receipt.rows["fate"].tolist() == ["not_understood", "used"]
    assert receipt.rows["reason"][0] == "It names a fusion."
    assert receipt.rows["bit"].tolist() == [pd.NA, 0]


def test_two_alleles_of_one_row_at_one_position():
    receipt = receipt_of(("KRAS", "p.G12D"), ("KRAS", "p.G12V"), row=[7, 7])
    assert receipt.rows["fate"].tolist() == ["used", "duplicate"]
    assert receipt.rows["reason"][1] == "Same position as before in this row."
    assert receipt.total == 2


def test_nothing_known_is_told():
    receipt = receipt_of(("KMT2A", "p.K101N"), ("TTLL2", "p.A1V"))
    assert receipt.notes == ("No position is known to the run: the ranking would be that of an empty genome.",)


def test_a_reason_that_repeats_is_told():
    receipt = receipt_of(("BRAF", "V600E"), ("TP53", "", "Missense"), ("KIT", "", "Missense"))
    assert receipt.notes == (
        "2 rows were not understood, 2 of them for this reason: "
        "The row tells no protein change, so that the residue is unknown: add it (p.V600E).",
    )


def test_an_empty_list():
    receipt = receipt_of()
    assert receipt.total == 0 and receipt.genome.keys == () and len(receipt.rows) == 0


def test_few_positions_are_taken_for_a_report():
    receipt = receipt_of(("BRAF", "V600E"), ("KMT2A", "K101N"))
    assert receipt.genome.sequenced == {"BRAF", "KMT2A"}
    assert receipt.panel.startswith("only the genes named (fewer than 10 mutations")


def test_many_rows_that_no_network_sees_speak_for_an_exome():
    silent = [("KMT2A", f"K{number}K") for number in range(101, 110)]
    receipt = receipt_of(("BRAF", "V600E"), *silent)
    assert receipt.genome.sequenced is None
    assert receipt.panel.startswith("whole exome (taken for one, as the list has 10 mutations")
    outside = [("TTLL2", f"K{number}E") for number in range(101, 110)]
    assert receipt_of(("BRAF", "V600E"), *outside).genome.sequenced is None


def test_a_report_with_a_promoter_or_a_gene_outside_the_census_is_no_exome():
    """Panels report TERT's promoter, and sequence genes that the census does not have."""
    receipt = receipt_of(("BRAF", "V600E"), ("TERT", "Promoter", "5'Flank"), ("TTLL2", "K101E"))
    assert receipt.genome.sequenced == {"BRAF"}


@pytest.mark.parametrize("change", ["c.375+1G>A", "e4+1", "splice site 375+1G>A", "splice"])
def test_a_splice_site_needs_no_residue(change):
    row = receipt_of(("TP53", change, "Splice_Site")).rows.iloc[0]
    assert (row["position_key"], row["fate"]) == ("TP53:Splice_Site", USED)
    assert receipt_of(("TP53", "c.375+1G>A", "missense")).rows["fate"].tolist() == [NOT_UNDERSTOOD]


def test_many_positions_speak_for_an_exome():
    rows = [("KMT2A", f"K{number}N") for number in range(101, 111)]
    assert receipt_of(*rows).genome.sequenced is None
    assert receipt_of(*rows[1:], rows[1]).genome.sequenced == {"KMT2A"}


def test_a_declared_panel():
    panel = Panel(frozenset({"KRAS", "TP53"}), "panel of 3 genes (2 in the census)")
    receipt = understand(reading(("BRAF", "V600E")), small_knowledge(), panel=panel, found=NOTHING)
    assert receipt.panel == "panel of 3 genes (2 in the census)"
    assert receipt.genome.sequenced == {"KRAS", "TP53", "BRAF"}
    assert receipt.notes == ("1 mutated gene is not in the panel: BRAF; it counts as sequenced.",)
    odd = Panel(frozenset({"BRAF"}), "panel of 2 genes (1 in the census)", ("BRFA",))
    assert understand(reading(("BRAF", "V600E")), small_knowledge(), panel=odd, found=NOTHING).notes == (
        "1 name of the panel is no gene of the Cancer Gene Census as written and changes nothing: BRFA.",
    )
    listed = understand(reading(("BRAF", "V600E"), ("A", "B1C")), small_knowledge(), panel="listed", found=NOTHING)
    assert (listed.panel, listed.genome.sequenced) == ("only the genes named", {"BRAF"})
    for exome in ("exome", EXOME):
        whole = understand(reading(("BRAF", "V600E")), small_knowledge(), panel=exome, found=NOTHING)
        assert (whole.panel, whole.genome.sequenced) == ("whole exome", None)


def test_an_unknown_panel_is_refused():
    with pytest.raises(InputError, match="There is no panel 'genome': choose auto, exome, listed"):
        understand(reading(("BRAF", "V600E")), small_knowledge(), panel="genome", found=NOTHING)


def test_100_000_rows_take_seconds():
    genes = [*sorted(census_genes()), *(f"GENE{number}" for number in range(20_000))]
    count = 100_000
    rows = [
        (genes[i * 7919 % len(genes)], f"p.A{i % 900 + 1}V", "Missense_Mutation" if i % 3 else "Silent")
        for i in range(count)
    ]
    long_list = reading(*rows)
    knowledge = small_knowledge()
    assert knowledge.residues.letters  # made once per run
    started = time.process_time()
    receipt = understand(long_list, knowledge, found=NOTHING)
    assert time.process_time() - started < 6  # 2 s on an idle core
    assert receipt.total == count


def test_what_lies_between_genes_needs_no_gene_model():
    head = (
        "##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n"
        '##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|HGVSp">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    row = "1\t1000000\t.\tA\tT\t.\tPASS\tCSQ=T|intergenic_variant||\n"
    receipt = understand(read((head + row).encode()), small_knowledge(), found=NOTHING)
    assert receipt.rows["fate"].tolist() == ["silent"]
