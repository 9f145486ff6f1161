import pandas as pd
import pytest

from engine.response.variants import classify, maf_class, position_key, residue


@pytest.mark.parametrize(
    ("gene", "change", "word", "key"),
    [
        ("BRAF", "p.V600E", "Missense_Mutation", "BRAF:600"),
        ("EGFR", "p.E746_A750del", "In_Frame_Del", "EGFR:746"),
        ("KMT2A", "p.K101Nfs*5", "Frame_Shift_Del", "KMT2A:101"),
        ("TP53", "p.R213*", "Nonsense_Mutation", "TP53:213"),
        ("TP53", "", "Splice Site", "TP53:Splice_Site"),
        ("TP53", None, "splice_donor_variant", "TP53:Splice_Site"),
        ("BRAF", "p.(Val600Glu)", "", "BRAF:600"),
        ("BRAF", "ENSP00000288602.6:p.Val600Glu", "missense_variant", "BRAF:600"),
        ("BRAF", "V600E", "missense", "BRAF:600"),
        ("MUC4", "p.YF1063fs", "Frameshift", "MUC4:1063"),
        ("CALR", "p.38_38A>AA", "Insertion", "CALR:38"),
        ("MET", "p.*1391Y", "Nonstop", "MET:1391"),
        # Oncotator writes an insertion between residues with a dash for the residue it replaces: none.
        ("NPM1", "p.-287fs", "Frameshift", "NPM1:287"),
        ("BRAF", "p.M1?", "start_lost", "BRAF:1"),
        ("BRAF", "p.VK600_601delinsEN", "", "BRAF:600"),
        ("EGFR", "p.A767_V769dup", "", "EGFR:767"),
        # No protein is made, the shift has no place, and the number after fs counts residues to the new stop.
        ("PTEN", "p.0?", "start_lost", "PTEN:Translation_Start_Site"),
        ("MYC", "p.fs*12", "frameshift", "MYC:Frame_Shift"),
        # Not every source tells the direction of a frame shift.
        ("MYC", "p.?", "frame_shift_del", "MYC:Frame_Shift"),
        # The residue beside a splice site is not the mutated one.
        ("TP53", "p.X125_splice", "", "TP53:Splice_Site"),
        ("TP53", "X125_splice", "Splice_Site", "TP53:Splice_Site"),
    ],
)
def test_position_key(gene: str, change: str | None, word: str, key: str) -> None:
    assert position_key(gene, change, word) == key


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("Missense", "Missense_Mutation"),
        ("Splice Site", "Splice_Site"),
        ("Frameshift", "Frame_Shift"),
        ("In frame del", "In_Frame_Del"),
        ("Deletion", "In_Frame_Del"),
        ("missense_variant", "Missense_Mutation"),
        ("stop_gained", "Nonsense_Mutation"),
        ("splice_region_variant&missense_variant", "Missense_Mutation"),
        ("synonymous_variant", "Silent"),
        ("splice_region_variant,synonymous_variant", "Splice_Region"),
        ("FRAME_SHIFT_DEL", "Frame_Shift_Del"),
        ("FIVE_PRIME_FLANK", "5'Flank"),
        ("Substitution - Missense", "Missense_Mutation"),
        ("Substitution - coding silent", "Silent"),
        ("Deletion - In frame", "In_Frame_Del"),
        ("Insertion - Frameshift", "Frame_Shift_Ins"),
        ("ess_splice", "Splice_Site"),
        ("stop_lost", "Nonstop_Mutation"),
        ("3'UTR", "3'UTR"),
        ("nobody's word", "Unknown"),
    ],
)
def test_class_words_become_maf_terms(word: str, term: str) -> None:
    assert maf_class(word) == term


@pytest.mark.parametrize(
    ("change", "term"),
    [
        ("p.V600E", "Missense_Mutation"),
        ("p.R213*", "Nonsense_Mutation"),
        ("p.Arg213Ter", "Nonsense_Mutation"),
        ("p.K101Nfs*5", "Frame_Shift"),
        ("p.?fs", "Frame_Shift"),
        ("p.E746_A750del", "In_Frame_Del"),
        ("p.E746_A750delinsIP", "In_Frame_Indel"),
        ("p.A767_V769dup", "In_Frame_Ins"),
        ("p.*394Wext*?", "Nonstop_Mutation"),
        ("p.L858L", "Silent"),
        ("p.L858=", "Silent"),
        ("ENSP00000275493.2:p.Leu858%3D", "Silent"),
        ("p.=", "Silent"),
        ("p.(=)", "Silent"),
        ("p.R213X", "Nonsense_Mutation"),
        ("p.M1?", "Translation_Start_Site"),
        ("p.M1ext-5", "Translation_Start_Site"),
        ("p.0?", "Unknown"),
        ("p.?", "Unknown"),
    ],
)
def test_the_protein_change_decides_where_no_word_does(change: str, term: str) -> None:
    assert maf_class("Unknown", change) == term


def test_residue_of_nothing_is_none() -> None:
    assert residue("") is None
    assert residue("p.?") is None


def test_classify_keeps_rows_in_place() -> None:
    frame = pd.DataFrame(
        {
            "gene": ["TP53", "BRAF", "TP53"],
            "classification": ["Splice Site", "Missense", None],
            "protein_change": [None, "p.V600E", "p.R175H"],
            "row": [2, 3, 4],
        },
        index=[7, 5, 9],
    )
    found = classify(frame)
    assert found["position_key"].tolist() == ["TP53:Splice_Site", "BRAF:600", "TP53:175"]
    assert found["classification"].tolist() == ["Splice_Site", "Missense_Mutation", "Missense_Mutation"]
    assert found.index.tolist() == [7, 5, 9]
