"""A fold of a cohort: nothing that is fitted sees a line, a drug, a structure or a value that is tested."""

import numpy as np
import pandas as pd
import pytest
from small_cohort import tables

from engine.errors import InputError, TrainingError
from engine.learn.splits import TEST, TRAIN, VALIDATION
from engine.response.cohort import build_cohort
from engine.response.curation import curate
from engine.response.folds import make_cut, make_fold
from engine.response.reference import load_reference, save_reference
from engine.response.settings import SPLITS, CurationSettings, TrainSettings

FOLDS = {"pairs": 4, "cell_line": 4, "cancer_type": 3, "drug": 3, "both": 2}
TYPES = ("SKCM", "LUAD", "BRCA", "GBM", "OV", "STAD")


def cohort(change=lambda given: None, types=TYPES):
    given = tables(types=types)
    change(given)
    names = ("cell_line", "drug", "mutation", "response")
    rules = CurationSettings(min_lines_per_type=2)
    return build_cohort(curate(*(given[f"{name}.parquet"] for name in names), rules))


def folds_of(split, small):
    settings = TrainSettings(split=split, folds=FOLDS[split], seed=3, validation_share=0.4)
    structure = small.structure()
    plan = make_cut(small, structure, settings)
    return [make_fold(small, structure, plan, number) for number in settings.fold_numbers]


@pytest.mark.parametrize("split", SPLITS)
def test_what_is_held_out_is_held_out_whole(split):
    small = cohort()
    held_out = {
        "pairs": [small.line * 1000 + small.drug],
        "cell_line": [small.line],
        "cancer_type": [small.cancer_type],
        "drug": [small.structure()[small.drug]],
        "both": [small.line, small.structure()[small.drug]],
    }
    for fold in folds_of(split, small):
        for unit in held_out[split]:
            sets = [set(unit[fold.part == code].tolist()) for code in (TRAIN, VALIDATION, TEST)]
            assert not sets[0] & sets[2] and not sets[1] & sets[2] and not sets[0] & sets[1]


@pytest.mark.parametrize("split", SPLITS)
def test_vocabulary_is_that_of_the_training_lines(split):
    small = cohort()
    for fold in folds_of(split, small):
        lines = small.lines["cosmic_id"].to_numpy()[np.unique(small.line[fold.train])]
        mutations = tables()["mutation.parquet"]
        expected = set(mutations.loc[mutations["cosmic_id"].isin(lines), "position_key"])
        assert set(fold.cohort.vocabulary.keys) == expected
        assert fold.cohort.genomes.shape == (len(small.lines), len(expected))
        for row in range(3):  # the bits still say which positions each line has
            own = {fold.cohort.vocabulary.keys[i] for i in fold.cohort.genomes[row].indices}
            of_line = mutations.loc[mutations["cosmic_id"] == small.lines["cosmic_id"][row], "position_key"]
            assert own == set(of_line) & expected
            assert fold.n_positions[row] == of_line.nunique()


def test_two_ids_of_one_compound_are_one_structure():
    def salt(given):
        given["drug.parquet"].loc[5, "smiles"] = "CCO.Cl"  # ethanol again, as a salt

    number = cohort(salt).structure()
    assert number[5] == number[0] and len(set(number.tolist())) == 5


def test_permuted_inputs_are_the_same_rows_in_another_order():
    (fold, *_) = folds_of("cell_line", cohort())
    genomes = fold.permuted("genomes", 1).cohort.genomes.toarray()
    assert (genomes != fold.cohort.genomes.toarray()).any()
    assert sorted(map(tuple, genomes)) == sorted(map(tuple, fold.cohort.genomes.toarray()))
    bits = fold.permuted("drugs", 1).cohort.drug_bits
    assert (bits != fold.cohort.drug_bits).any()
    assert sorted(map(tuple, bits)) == sorted(map(tuple, fold.cohort.drug_bits))
    assert (fold.permuted("drugs", 1).cohort.drug_bits == bits).all()


def test_more_folds_than_there_is_to_hold_out():
    small = cohort()
    settings = TrainSettings(split="cancer_type", folds=7)
    with pytest.raises(InputError, match="6 cancer types cannot be cut into 7 folds"):
        make_cut(small, small.structure(), settings)


def test_a_part_of_too_few_pairs():
    third = lambda given: given.update({"response.parquet": given["response.parquet"].iloc[::3]})  # noqa: E731
    small = cohort(third, types=("SKCM", "LUAD"))
    settings = TrainSettings(test_share=0.04, validation_share=0.2)
    structure = small.structure()
    plan = make_cut(small, structure, settings)
    with pytest.raises(TrainingError, match="48 measured pairs are too few .* 2 test"):
        make_fold(small, structure, plan, 0)


def test_data_hash_does_not_depend_on_the_split():
    small = cohort()
    assert len({small.data_hash(), cohort().data_hash()}) == 1
    (fold, *_) = folds_of("cell_line", small)
    assert isinstance(fold.cohort.lines, pd.DataFrame) and fold.cohort.data_hash() != small.data_hash()


def test_a_reference_that_was_cut_short_is_written_again(tmp_path, monkeypatch):
    fold = folds_of("cell_line", cohort())[0]

    def killed(file, **arrays):
        file.write_bytes(b"half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", killed)
        with pytest.raises(KeyboardInterrupt):
            save_reference(tmp_path, fold)
    assert load_reference(tmp_path) is None
    save_reference(tmp_path, fold)
    trained_on = fold.cohort.lines["cosmic_id"].to_numpy()[np.unique(fold.cohort.line[fold.train])]
    assert load_reference(tmp_path).cosmic_ids.tolist() == trained_on.tolist()
