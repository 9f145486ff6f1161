import re

import numpy as np
import pytest

from engine.errors import InputError
from engine.learn.splits import HELD_OUT, TEST, TRAIN, UNUSED, VALIDATION, Units, cut, split_pairs

FOLDED = [(split, folds) for split in HELD_OUT for folds in (2, 5, 7)]


def screen(seed, lines=70, drugs=33, measured=0.8):
    """A patchy table of 8 cancer types (the smallest of 3 lines); every tenth drug shares the next one's structure."""
    rng = np.random.default_rng(seed)
    sizes = [3, 4, 5, 6, 7, 10, 15, lines - 50]
    types = rng.permutation(np.repeat([f"TYPE{i}" for i in range(8)], sizes))
    line, drug = np.nonzero(rng.random((lines, drugs)) < measured)
    structure = np.where(drug % 10 == 0, drug + 1, drug)
    return Units(line + 1000, types[line], drug, structure)


def test_published_shares_within_every_cancer_type():
    types = np.repeat(["SKCM", "LUAD", "GBM"], [1000, 200, 40])
    part = split_pairs(types, seed=1)
    for label, test, validation in (("SKCM", 50, 48), ("LUAD", 10, 10), ("GBM", 2, 2)):
        of_type = part[types == label]
        assert (of_type == TEST).sum() == test
        assert (of_type == VALIDATION).sum() == validation
        assert (of_type == TRAIN).sum() == len(of_type) - test - validation


def test_a_type_too_small_to_test_trains():
    assert (split_pairs(np.array(["A"] * 5), 0) == TRAIN).all()


def test_the_single_cut_of_pairs_is_the_published_one():
    units = screen(1)
    found = cut("pairs", units, folds=1, seed=3, test_share=0.1)
    assert found.parts.shape == (1, len(units.line)) and found.parts.dtype == np.int8
    np.testing.assert_array_equal(found.parts[0], split_pairs(units.cancer_type, 3, 0.1))


def test_the_single_cut_names_types_it_cannot_test():
    types = np.repeat(["BIG", "SMALL"], [100, 5])
    zeros = np.zeros(105, int)
    found = cut("pairs", Units(zeros, types, np.arange(105), np.arange(105)), folds=1, seed=0)
    assert found.notes == ("SMALL has too few pairs to test one of them: it only trains.",)


@pytest.mark.parametrize(("split", "folds"), FOLDED)
def test_what_is_held_out_never_crosses(split, folds):
    """In every fold nothing that is tested or validates is known to a part that comes before it."""
    for seed in range(6):
        units = screen(seed)
        for part in cut(split, units, folds, seed).parts:
            for axis in HELD_OUT[split]:
                unit = np.arange(len(part)) if axis == "pair" else getattr(units, axis)
                tested, validates, trains = (set(unit[part == code]) for code in (TEST, VALIDATION, TRAIN))
                assert tested and validates and trains
                assert not tested & validates and not tested & trains and not validates & trains


@pytest.mark.parametrize("folds", [2, 5, 7])
def test_both_wastes_only_pairs_with_one_known_side(folds):
    units = screen(0)
    for part in cut("both", units, folds, 1).parts:
        seen_line = np.isin(units.line, units.line[part == TRAIN])
        seen_structure = np.isin(units.structure, units.structure[part == TRAIN])
        assert not (seen_line & seen_structure)[part == UNUSED].any()
        for code in (VALIDATION, TEST):
            assert not (seen_line | seen_structure)[part == code].any()


@pytest.mark.parametrize(("split", "folds"), FOLDED)
def test_every_pair_is_tested_once(split, folds):
    units = screen(2)
    parts = cut(split, units, folds, 5).parts
    times = (parts == TEST).sum(axis=0)
    if split == "both":
        assert times.max() == 1 and 0.6 / folds < times.mean() < 1.6 / folds
    else:
        assert (times == 1).all()
        assert not (parts == UNUSED).any()


@pytest.mark.parametrize("folds", [2, 5, 7])
def test_lines_and_pairs_are_dealt_within_cancer_types(folds):
    units = screen(3)
    for split, unit in (("cell_line", units.line), ("pairs", np.arange(len(units.line)))):
        for label in np.unique(units.cancer_type):
            parts = cut(split, units, folds, 0).parts
            tested = [len(np.unique(unit[(units.cancer_type == label) & (part == TEST)])) for part in parts]
            assert max(tested) - min(tested) <= 1


@pytest.mark.parametrize("split", ["cancer_type", "drug"])
def test_folds_of_whole_types_and_structures_are_balanced_by_pairs(split):
    units = screen(4, lines=60)  # no type is larger than a fold of three
    for seed in range(5):
        tested = (cut(split, units, 3, seed).parts == TEST).mean(axis=1)
        np.testing.assert_allclose(tested, 1 / 3, atol=0.06)


@pytest.mark.parametrize(
    ("split", "axis", "share"), [("pairs", None, 0.05), ("cell_line", "line", 0.1), ("drug", None, 0.1)]
)
def test_validation_has_its_share_of_the_training_pairs(split, axis, share):
    units = screen(5, lines=200, drugs=100)
    unit = np.arange(len(units.line)) if axis is None else getattr(units, axis)
    for part in cut(split, units, 5, 0).parts:
        training = len(np.unique(unit[(part == TRAIN) | (part == VALIDATION)]))
        assert len(np.unique(unit[part == VALIDATION])) / training == pytest.approx(share, abs=0.015)


def test_a_larger_validation_share_can_be_asked_for():
    units = screen(6, lines=200)
    (part, _) = cut("cell_line", units, 2, 0, validation_share=0.3).parts
    assert len(np.unique(units.line[part == VALIDATION])) == 30  # of 100 training lines


@pytest.mark.parametrize(("split", "folds"), FOLDED)
def test_the_seed_decides(split, folds):
    units = screen(7)
    again = cut(split, units, folds, 11)
    assert cut(split, units, folds, 11).parts.tobytes() == again.parts.tobytes()
    assert (cut(split, units, folds, 12).parts != again.parts).any()


def test_notes_name_types_with_fewer_lines_than_folds():
    found = cut("cell_line", screen(8), 5, 0)
    assert found.notes == (
        "TYPE0 has 3 lines, fewer than the 5 folds: it is not tested in every fold.",
        "TYPE1 has 4 lines, fewer than the 5 folds: it is not tested in every fold.",
    )
    assert cut("drug", screen(8), 5, 0).notes == ()
    units = screen(8)
    both = cut("both", units, 3, 0)
    tested = (both.parts == TEST).sum()
    assert both.notes[-1].endswith(f"{tested} of {len(units.line):,} pairs are tested.")


def four_types(lines=16, drugs=6):
    line, drug = (index.ravel() for index in np.indices((lines, drugs)))
    return Units(line, np.array(["A", "B", "C", "D"])[line % 4], drug, drug)


@pytest.mark.parametrize(
    ("split", "folds", "message"),
    [
        ("cancer_type", 7, "4 cancer types cannot be cut into 7 folds: choose 4 or fewer."),
        ("cell_line", 17, "16 lines cannot be cut into 17 folds: choose 16 or fewer."),
        ("drug", 7, "6 drug structures cannot be cut into 7 folds: choose 6 or fewer."),
        ("both", 7, "6 drug structures cannot be cut into 7 folds: choose 6 or fewer."),
        ("pairs", 97, "96 pairs cannot be cut into 97 folds: choose 96 or fewer."),
        ("lines", 5, "Unknown split 'lines'. Choose from pairs, cell_line, cancer_type, drug, both."),
        ("cell_line", 1, "The split 'cell_line' cannot be cut into 1 folds: choose 2 folds or more."),
        ("pairs", 0, "The split 'pairs' cannot be cut into 0 folds: choose 1 fold (the published cut) or more."),
    ],
)
def test_cuts_that_cannot_be_made(split, folds, message):
    with pytest.raises(InputError, match=re.escape(message)):
        cut(split, four_types(), folds, 0)


def test_too_few_units_to_validate():
    units = four_types()
    two = np.isin(units.cancer_type, ["A", "B"])
    with pytest.raises(InputError, match="There are 2 cancer types with responses, too few to test, validate and"):
        cut("cancer_type", Units(*(column[two] for column in units)), 2, 0)
    three = units.cancer_type != "D"
    with pytest.raises(InputError, match="leaves no training pair in fold 1 of 2: choose more folds or import more"):
        cut("cancer_type", Units(*(column[three] for column in units)), 2, 0)


def test_a_fold_without_a_test_pair():
    """Six lines, each measured with a drug of its own: most groups of lines and drugs never meet."""
    own = np.arange(6)
    with pytest.raises(InputError, match=r"The split 'both' leaves no \w+ pair in fold \d of 6: choose "):
        cut("both", Units(own, np.array(["A"] * 6), own, own), 6, 0)


def test_too_few_pairs_for_the_published_cut():
    few = np.zeros(5, int)
    with pytest.raises(InputError, match="leaves no validation pair in the published cut: import more responses"):
        cut("pairs", Units(few, np.array(["A"] * 5), few, few), 1, 0)


def test_no_pairs():
    none = np.zeros(0, int)
    with pytest.raises(InputError, match="There are 0 lines with responses"):
        cut("cell_line", Units(none, none.astype(str), none, none), 5, 0)
