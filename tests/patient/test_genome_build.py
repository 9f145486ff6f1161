"""Which build the coordinates are in: declared, asked, shown by the positions."""

import pandas as pd
import pytest

from engine.errors import InputError
from engine.patient.build import contradicting, judge_build
from engine.patient.types import ROW_COLUMNS, Reading

KNOWN = pd.DataFrame(
    [
        ("MUC16", "p.T12415A", "19", 9021080, None),
        ("RPL22", "p.K16fs", "1", 6257785, None),
    ],
    columns=["gene", "protein_change", "chromosome", "start_grch37", "start_grch38"],
).astype({"start_grch37": "Int64", "start_grch38": "Int64"})

# The same four changes in both builds; none of them says anything else than its coordinate.
GRCH37 = (("7", 140453136, "A", "T"), ("12", 25398284, "C", "T"), ("17", 7578406, "C", "T"), ("3", 178952085, "A", "G"))
GRCH38 = (("chr7", 140753336, "A", "T"), ("12", 25245350, "C", "T"), ("17", 7675088, "C", "T"))
ELSEWHERE = (("7", 1000001, "A", "T"), ("8", 2000002, "C", "T"))


def reading(*variants, declared="", evidence=(), **columns) -> Reading:
    rows = pd.DataFrame(variants, columns=["chromosome", "position", "reference", "alternate"])
    rows = rows.assign(row=range(1, len(rows) + 1), **columns)
    rows = rows.reindex(columns=list(ROW_COLUMNS)).astype({"row": "Int64", "position": "Int64"})
    text = [column for column in ROW_COLUMNS if column not in ("row", "position")]
    rows[text] = rows[text].astype(object).fillna("").astype("str")
    return Reading("VCF", rows, "0" * 64, declared, evidence)


@pytest.mark.parametrize(("variants", "build"), [(GRCH37, "GRCh37"), (GRCH38, "GRCh38")])
def test_what_is_declared_and_what_the_bases_show_agree(variants, build):
    found = judge_build(reading(*variants, declared=build, evidence=("contig lengths",)), KNOWN)
    assert (found.build, found.refused, found.checked, found.agree[build]) == (
        build,
        False,
        len(variants),
        len(variants),
    )
    assert found.sentence.startswith(
        f"The file says {build} (contig lengths); {len(variants)} of {len(variants)} checked"
    )


@pytest.mark.parametrize(("variants", "lie"), [(GRCH37, "GRCh38"), (GRCH38, "GRCh37")])
def test_a_header_that_lies_is_refused(variants, lie):
    found = judge_build(reading(*variants, *ELSEWHERE, declared=lie), KNOWN)
    assert found.refused and found.build == ""
    assert (
        f"The file says {lie}, but {len(variants)} of {len(variants)} checked positions contradict it" in found.sentence
    )
    assert "Coordinates are not used" in found.sentence and "Correct the build in the file" in found.sentence
    asked = judge_build(reading(*variants), KNOWN, asked=lie)
    assert (
        asked.refused and asked.sentence.startswith(f"{lie} was chosen, but") and "Choose the other" in asked.sentence
    )


def test_the_person_and_the_file_disagree():
    found = judge_build(reading(*GRCH38, declared="GRCh37", evidence=("##reference",)), KNOWN, asked="GRCh38")
    assert found.refused
    assert "The file says GRCh37 (##reference), but GRCh38 was chosen" in found.sentence
    assert "of 3 positions checked, 0 fit GRCh37 only, 3 fit GRCh38 only" in found.sentence


def test_nothing_declared_needs_two_known_positions():
    found = judge_build(reading(*GRCH37[:2], *ELSEWHERE), KNOWN)
    assert (found.build, found.refused) == ("GRCh37", False)
    assert "names no genome build; taken as GRCh37: 2 of 2 checked positions agree." in found.sentence
    one = judge_build(reading(*GRCH37[:1], *ELSEWHERE), KNOWN)
    assert one.refused and "only 1 of its positions tells one" in one.sentence and "--genome GRCh37" in one.sentence
    none = judge_build(reading(*ELSEWHERE), KNOWN)
    assert none.refused and "none of its positions is known" in none.sentence and "--genome" in none.sentence


def test_with_a_request_one_position_or_none_is_enough():
    assert judge_build(reading(*GRCH38[:1]), KNOWN, asked="GRCh38").build == "GRCh38"
    found = judge_build(reading(*ELSEWHERE), KNOWN, asked="GRCh38")
    assert (found.build, found.refused, found.checked) == ("GRCh38", False, 0)
    assert found.sentence.startswith("GRCh38 was chosen. Not checked: ")
    assert judge_build(reading(*ELSEWHERE, declared="GRCh37"), KNOWN).sentence.startswith(
        "The file says GRCh37. Not ch"
    )


def test_two_builds_in_one_file():
    found = judge_build(reading(*GRCH37, declared="mixed"), KNOWN)
    assert found.refused and "more than one genome build" in found.sentence
    found = judge_build(reading(*GRCH37, *GRCH38), KNOWN)
    assert (
        found.refused
        and "do not agree (of 7 positions checked, 4 fit GRCh37 only, 3 fit GRCh38 only)" in found.sentence
    )


def test_one_wrong_base_among_many_is_an_error_of_its_row():
    wrong = ("13", 28592642, "G", "A")  # C there
    right = [
        ("14", 105246551, "C", "T"), ("2", 209113112, "C", "T"), ("15", 90631934, "C", "T"), ("4", 55599321, "A", "T"),
        ("20", 57484421, "G", "A"),
    ]  # fmt: skip
    found = judge_build(reading(*GRCH37, *right, wrong, declared="GRCh37"), KNOWN)
    assert (found.build, found.checked) == ("GRCh37", 10)
    assert "9 of 10 checked positions agree, 1 contradicts it (taken for an error of its row" in found.sentence


def test_one_wrong_base_among_few_refuses_its_row_alone():
    wrong, other = ("13", 28592642, "G", "A"), ("2", 209113112, "A", "T")  # C there in both
    found = judge_build(reading(*GRCH37[:2], wrong, declared="GRCh37"), KNOWN)
    assert (found.build, found.refused) == ("GRCh37", False) and "whose coordinate is not used" in found.sentence
    assert contradicting(reading(*GRCH37[:2], wrong).rows, KNOWN, "GRCh37").to_numpy().tolist() == [["13", 28592642]]
    assert judge_build(reading(*GRCH37[:2], wrong), KNOWN).build == "GRCh37"
    assert judge_build(reading(*GRCH37[:3], wrong, other, declared="GRCh37"), KNOWN).refused
    assert judge_build(reading(wrong, declared="GRCh37"), KNOWN).refused


def test_positions_beyond_the_end_of_a_chromosome():
    # Chromosome 17 has 81,195,210 bases in GRCh37 and 83,257,441 in GRCh38; 8 the other way: 146,364,022, 145,138,636.
    found = judge_build(reading(("17", 82000000, "A", "T"), declared="GRCh37"), KNOWN)
    assert found.refused and "1 of 1 checked position contradicts it" in found.sentence
    assert judge_build(reading(("8", 146000000, "A", "T"), declared="GRCh37"), KNOWN).build == "GRCh37"
    assert judge_build(reading(("8", 146000000, "A", "T"), declared="GRCh38"), KNOWN).refused
    found = judge_build(reading(("8", 146000000, "A", "T"), ("19", 59000000, "C", "T")), KNOWN)
    assert (found.build, found.agree) == ("GRCh37", {"GRCh37": 2, "GRCh38": 0})


def test_annotated_rows_are_held_against_the_table():
    annotated = dict(gene=["MUC16", "BRAF", ""], protein_change=["p.T12415A", "p.V600E", ""])
    places = (("19", 9021080, "T", "C"), ("7", 140453136, "A", "T"), ELSEWHERE[0])
    found = judge_build(reading(*places, declared="GRCh37", **annotated), KNOWN)
    assert (found.build, found.agree) == ("GRCh37", {"GRCh37": 2, "GRCh38": 0})
    lifted = (("19", 8910404, "T", "C"), ("7", 140753336, "A", "T"), ELSEWHERE[0])
    assert judge_build(reading(*lifted, declared="GRCh37", **annotated), KNOWN).refused
    assert judge_build(reading(*lifted, declared="GRCh38", **annotated), KNOWN).agree == {"GRCh37": 0, "GRCh38": 1}


def test_positions_that_are_the_same_in_both_builds_tell_nothing():
    found = judge_build(reading(("9", 5073770, "G", "T"), declared="GRCh38"), KNOWN)
    assert (found.build, found.checked) == ("GRCh38", 0)
    assert judge_build(reading(("9", 5073770, "C", "T"), declared="GRCh38"), KNOWN).refused


def test_no_coordinates_no_question():
    named = dict(gene="BRAF", protein_change="p.V600E")
    found = judge_build(reading(*GRCH38, declared="mixed", **named), KNOWN)
    assert (found.build, found.refused) == ("", False) and "does not matter" in found.sentence
    splice = dict(gene="TP53", classification="Splice_Site")
    assert not judge_build(reading(*GRCH38, declared="mixed", **splice), KNOWN).refused
    assert not judge_build(reading(*GRCH38, declared="mixed", problem="symbolic allele"), KNOWN).refused
    assert judge_build(reading(*GRCH38, declared="mixed", gene="TP53", classification="Missense"), KNOWN).refused


def test_padded_alleles_and_unknown_contigs():
    deletion = ("1", 6257784, "CT", "C")  # VCF's way of writing T>- at 6257785
    assert judge_build(reading(deletion, ("GL000220.1", 5, "A", "C"), declared="GRCh37"), KNOWN).build == "GRCh37"
    with pytest.raises(InputError, match="must be GRCh37 or GRCh38"):
        judge_build(reading(deletion), KNOWN, asked="hg18")


def test_simulated_mutations_are_no_evidence():
    simulated = KNOWN.assign(simulated=True)
    annotated = dict(gene=["MUC16", ""], protein_change=["p.T12415A", ""])
    found = judge_build(reading(("19", 1, "T", "C"), ELSEWHERE[0], declared="GRCh37", **annotated), simulated)
    assert found.checked == 0
