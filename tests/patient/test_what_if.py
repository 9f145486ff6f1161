"""One mutation more or less, and which mutations moved a prediction (plain_predictor.py)."""

import pytest
from plain_predictor import plain_predictor

from engine.errors import InputError
from engine.patient.movers import movers
from engine.patient.types import MOST_POSITIONS, Genome
from engine.patient.what_if import what_if

EXOME = Genome(("BRAF:600", "TP53:175"))


def test_a_mutation_more():
    table = what_if(plain_predictor(), EXOME, add=["KRAS:12"])
    assert table["drug_id"].tolist()[2] == 30 and table["change"].tolist()[2] == 0
    ten = table.set_index("drug_id").loc[10]
    assert ten[["drug", "ln_ic50_before", "ln_ic50_after", "change"]].tolist() == ["Dabrafenib", 0.0, 1.0, 1.0]
    assert ten[["z_before", "z_after"]].tolist() == [-1.0, -0.5]


def test_a_mutation_less():
    table = what_if(plain_predictor(), EXOME, remove=["BRAF:600"])
    assert table["drug_id"].tolist() == [10, 20, 30]
    assert table["change"].tolist() == [2.0, -0.5, 0.0]


def test_one_for_another():
    table = what_if(plain_predictor(), EXOME, add=["KRAS:12"], remove=["BRAF:600"]).set_index("drug_id")
    assert table.loc[10, "change"] == 3.0 and table.loc[20, "change"] == -1.5


def test_a_gene_that_was_not_sequenced_is_completed_alike_on_both_sides():
    """Only BRAF was looked at; KRAS and TP53 come from the six lines. Adding TP53 R175H looks at TP53 in both."""
    table = what_if(plain_predictor(), Genome(("BRAF:600",), frozenset({"BRAF"})), add=["TP53:175"]).set_index(
        "drug_id"
    )
    assert table.loc[30, "change"] == pytest.approx(1.0) and table.loc[20, "change"] == pytest.approx(0.25)
    assert table.loc[30, "ln_ic50_before"] == 5.0  # no completion carries TP53:175
    assert table.loc[10, "ln_ic50_before"] == pytest.approx(0 + 3 / 6)  # three of six carry KRAS:12


@pytest.mark.parametrize(
    ("add", "remove", "message"),
    [
        ((), (), "at least one mutation to add or to remove"),
        (("BRAF:600",), (), "one of the patient's already"),
        (("TP53:248",), (), "no line was mutated at when the run was trained"),
        (("BRAF V600E",), (), "the networks do not see it"),
        ((), ("KRAS:12",), "not one of the patient's"),
    ],
)
def test_what_cannot_be_asked(add, remove, message):
    with pytest.raises(InputError, match=message) as error:
        what_if(plain_predictor(), EXOME, add, remove)
    assert not any(key in str(error.value) for key in (*add, *remove))  # a patient's mutations stay out of messages


def test_movers_are_sorted_within_each_drug():
    genome = Genome(("BRAF:600", "KRAS:12", "NRAS:61", "TP53:175"))
    table = movers(plain_predictor(), genome, [20, 10])
    assert table["drug_id"].tolist() == [20, 20, 20, 10, 10, 10]
    assert table["position_key"].tolist() == ["KRAS:12", "BRAF:600", "TP53:175", "BRAF:600", "KRAS:12", "TP53:175"]
    assert table["effect"].tolist() == pytest.approx([-1.0, 0.5, 0.25, -2.0, 1.0, 0.0])


def test_movers_of_few_genes_compare_the_same_completions():
    table = movers(plain_predictor(), Genome(("BRAF:600",), frozenset({"BRAF"})), [10])
    assert table["effect"].tolist() == pytest.approx([-2.0])


def test_no_known_mutation_moves_nothing():
    assert movers(plain_predictor(), Genome(("NRAS:61",)), [10]).empty
    assert list(movers(plain_predictor(), EXOME, []).columns) == ["drug_id", "position_key", "effect"]


def test_of_many_positions_the_most_frequent_are_left_out():
    predictor = plain_predictor()
    many = tuple(f"GENE{i:03}:1" for i in range(MOST_POSITIONS + 5))
    vocabulary = type(predictor.vocabulary)((*many, *predictor.vocabulary.keys))
    table = movers(plain_predictor(vocabulary=vocabulary), Genome(tuple(sorted((*many, "BRAF:600")))), [10])
    assert len(table) == MOST_POSITIONS and table["position_key"].iloc[0] == "BRAF:600"
