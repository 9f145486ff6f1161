"""The ranking of one genome, with numbers worked out on paper (plain_predictor.py)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from plain_predictor import plain_predictor
from scipy.sparse import csr_matrix

from engine.errors import InputError
from engine.patient.compare import compare
from engine.patient.domain import place
from engine.patient.ranking import rank
from engine.patient.types import RANKING_COLUMNS, Genome
from engine.response.ensemble import Intervals

EXOME = Genome(("BRAF:600", "KRAS:12", "TP53:175"))


def test_every_number_of_a_drug():
    ranking = rank(plain_predictor(), EXOME, "SKCM")
    table = ranking.table.set_index("drug_id")
    assert tuple(ranking.table.columns) == RANKING_COLUMNS
    # Drug 10: 2 - 2 + 1 = 1; half the interval is 2 x (0.5 + 1) = 3.
    first = table.loc[10]
    assert (first["drug"], first["ln_ic50_pred"], first["lower"], first["upper"]) == ("Dabrafenib", 1.0, -2.0, 4.0)
    assert first["ic50_um_pred"] == pytest.approx(2.71828, abs=1e-5)
    assert (first["z_score"], first["n_measured"]) == (-0.5, 6)
    assert first["percentile"] == pytest.approx(100 * 2 / 6)
    # SKCM: 0, 0, 2 and 2.
    assert (first["type_mean"], first["n_type"], first["effect_vs_type"], first["type_z"]) == (1.0, 4, 0.0, -0.5)
    assert (first["skill"], first["n_skill"], first["extrapolation"]) == (0.1, 40, False)
    assert bool(first["approved"]) is True and "approved for cancer" in first["approval"]
    assert np.isnan([first["z_low"], first["z_high"]]).all() and ranking.completions == 0


def test_a_drug_measured_in_few_lines_and_one_never_measured():
    table = rank(plain_predictor(), EXOME, "SKCM").table.set_index("drug_id")
    # Drug 20: 1 + 0.5 - 1 + 0.25 = 0.75.
    assert (table.loc[20, "ln_ic50_pred"], table.loc[20, "z_score"]) == (0.75, -0.25)
    assert table.loc[20, "percentile"] == pytest.approx(100 / 3)
    assert (table.loc[20, "n_type"], table.loc[20, "n_skill"]) == (2, 0)
    assert np.isnan(table.loc[20, ["type_mean", "effect_vs_type", "type_z", "skill"]].astype(float)).all()
    never = table.loc[30, ["z_score", "percentile", "type_mean", "nearest_z"]].astype(float)
    assert np.isnan(never).all() and table.loc[30, "ln_ic50_pred"] == 6.0 and table.loc[30, "extrapolation"]


def test_most_sensitive_first_and_unmeasured_last():
    assert rank(plain_predictor(), EXOME).table["drug_id"].tolist() == [10, 20, 30]


def test_without_a_cancer_type_nothing_is_compared_with_one():
    table = rank(plain_predictor(), EXOME).table
    assert table[["type_mean", "effect_vs_type", "type_z"]].isna().all(axis=None) and (table["n_type"] == 0).all()


def test_what_the_nearest_lines_say():
    """Lines 2, 4, 6, 1, 5 share most; drug 10 was measured in four of them and in line 3: 0, 4, 0, 4 and 2."""
    ranking = rank(plain_predictor(), EXOME, "SKCM")
    table = ranking.table.set_index("drug_id")
    assert [line.name for line in ranking.nearest] == ["two", "four", "six", "one", "five"]
    # z-scores -1, +1, -1, +1 of lines 2/3, 1/2, 1/3 and 1/3 alike; line 3 shares KRAS:12 (1/4): 0.
    assert table.loc[10, "nearest_z"] == pytest.approx((-2 / 3 + 1 / 2) / (2 / 3 + 1 / 2 + 2 / 3 + 1 / 4))
    assert table.loc[20, "nearest_z"] == pytest.approx((-2 / 3 + 1 / 2) / (2 / 3 + 1 / 2 + 1 / 4))
    assert table.loc[[10, 20], "nearest_n"].tolist() == [5, 3]
    assert table.loc[30, "nearest_n"] == 0


def test_what_the_numbers_are_is_said():
    ranking = rank(plain_predictor(), EXOME)
    assert (ranking.run_id, ranking.split, ranking.naive) == ("published", "cell_line", "type_drug_mean")
    notes = " ".join(ranking.notes)
    assert "Skill over all pairs of unseen cell lines is -0.05 (95 % interval -0.10 to -0.01)" in notes
    assert "On unseen cell lines the baseline type drug mean predicts better than this model" in notes
    assert "completions" not in notes


def test_a_run_without_honest_evaluation_says_so():
    predictor = plain_predictor(honest=None, intervals=Intervals(None, "", "There are no intervals."))
    ranking = rank(predictor, EXOME)
    assert (ranking.split, ranking.naive) == ("", "")
    assert ranking.table[["lower", "upper"]].isna().all(axis=None)
    assert any("was not evaluated on unseen cell lines" in note for note in ranking.notes)
    assert "There are no intervals." in ranking.notes


def test_simulated_data_is_named():
    predictor = plain_predictor()
    ranking = rank(replace(predictor, run=replace(predictor.run, simulated=True)), EXOME)
    assert ranking.simulated and any("simulated" in note for note in ranking.notes)


def test_few_known_mutations_are_an_extrapolation():
    ranking = rank(plain_predictor(), Genome(("BRAF:600", "TP53:999")))
    assert not ranking.inside and ranking.table["extrapolation"].all()
    assert ranking.domain.startswith("Only 1 mutated position known to the run was found")
    assert rank(plain_predictor(), Genome(())).domain.startswith("No mutated position known to the run was found")
    assert rank(plain_predictor(), EXOME).inside and rank(plain_predictor(), EXOME).domain == ""


def test_a_genome_unlike_all_lines_is_an_extrapolation():
    strange = tuple(sorted({"ABL1:1", "EGFR:858", "KRAS:12", *(f"NRAS:{i}" for i in range(40))}))
    ranking = rank(plain_predictor(), Genome(strange))
    assert not ranking.inside
    assert "The most similar training line shares" in ranking.domain and "Dabrafenib" not in ranking.domain


def test_a_run_too_old_to_tell():
    predictor = plain_predictor(reference=None)
    ranking = rank(predictor, EXOME)
    assert not ranking.inside and "too old" in ranking.domain
    assert ranking.table.set_index("drug_id")["extrapolation"].isna()[[10, 20]].all()


def test_cancer_type_that_is_not_there():
    with pytest.raises(
        InputError, match="No cell line of the store has the cancer type 'XYZ': choose one of LUAD, SKCM"
    ):
        rank(plain_predictor(), EXOME, "XYZ")


def test_patients_side_by_side():
    predictor = plain_predictor()
    both = compare({"A": rank(predictor, EXOME), "B": rank(predictor, Genome(("BRAF:600",)))})
    assert list(both.columns) == ["drug_id", "drug", "A", "B", "spread"]
    # Drug 20: -0.25 beside 1 + 0.5 - 1; drug 10: -0.5 beside -1.
    assert both["drug_id"].tolist() == [20, 10, 30]
    assert both.loc[0, ["A", "B", "spread"]].tolist() == [-0.25, 0.5, 0.75]
    assert both.loc[1, ["A", "B", "spread"]].tolist() == [-0.5, -1.0, 0.5]
    assert pd.isna(both.loc[2, "spread"])


def test_what_cannot_be_compared():
    ranking = rank(plain_predictor(), EXOME)
    with pytest.raises(InputError, match="5 patients are too many to compare: choose up to 4"):
        compare({str(i): ranking for i in range(5)})
    with pytest.raises(InputError, match="nothing to compare"):
        compare({})
    with pytest.raises(InputError, match="different runs"):
        compare({"A": ranking, "B": replace(ranking, run_id="other")})
    with pytest.raises(InputError, match="cannot be called drug_id, drug or spread"):
        compare({"drug": ranking})


def test_a_cancer_type_is_known_however_it_is_written():
    assert rank(plain_predictor(), EXOME, "skcm").cancer_type == "SKCM"


def test_no_marker_is_named_where_too_few_lines_carry_the_mutations():
    table = rank(plain_predictor(), EXOME).table
    assert (table["marker"] == "").all() and table["marker_z"].isna().all() and (table["marker_n"] == 0).all()


FIVE = ("ABL1:1", "BRAF:600", "EGFR:858", "KRAS:12", "TP53:175")


def _with_line_six(**changed):
    """Line 6 (six) carries FIVE."""
    predictor = plain_predictor()
    bits = predictor.screened.bits.toarray()
    bits[5, :5] = 1
    screened = replace(predictor.screened, bits=csr_matrix(bits), **changed)
    return replace(predictor, screened=screened)


def test_a_patient_who_is_a_line_that_was_trained_on_is_told_so():
    notes = " ".join(rank(_with_line_six(), Genome(FIVE)).notes)
    assert "probably the cell line six" in notes and "share 5 mutated positions, 100 %" in notes
    assert "The networks were trained on that line's responses" in notes
    assert "What was measured on it counts" not in notes  # line 6 was measured with no drug
    measured = _with_line_six().screened.ln_ic50.copy()
    measured[5] = 1.0
    notes = " ".join(rank(_with_line_six(ln_ic50=measured), Genome(FIVE)).notes)
    assert "What was measured on it counts in the nearest lines" in notes
    predictor = _with_line_six()
    reference = replace(predictor.reference, cosmic_ids=np.arange(1, 6))
    notes = " ".join(rank(replace(predictor, reference=reference), Genome(FIVE)).notes)
    assert "trained on that line" not in notes and "Nothing measured on that line was used here." in notes


def test_a_few_shared_mutations_make_nobody_a_cell_line():
    """Line 2 equals this list, as hundreds of lines do BRAF V600E alone."""
    ranking = rank(plain_predictor(), Genome(("BRAF:600", "TP53:175")))
    assert ranking.nearest[0].similarity == 1.0
    assert "probably the cell line" not in " ".join(ranking.notes)


def test_drugs_whose_intervals_hold_too_little_are_named():
    predictor = plain_predictor()
    covered = pd.Series([0.5, 0.79], index=pd.Index([20, 10], name="drug_id"))
    notes = " ".join(rank(replace(predictor, intervals=replace(predictor.intervals, covered=covered)), EXOME).notes)
    assert (
        "for 2 of 2 drugs they held fewer than 80 %" in notes and "fewest for Erlotinib 50 %, Dabrafenib 79 %" in notes
    )
    assert "not for every drug" not in " ".join(rank(predictor, EXOME).notes)


def test_predictions_that_were_moved_to_their_screen_are_told():
    notes = " ".join(rank(plain_predictor(shift=np.array([0.5, -0.7, 0.0])), EXOME).notes)
    assert "2 drugs are compounds that were screened under several ids" in notes and "by up to 0.7 ln µM" in notes


def test_a_gene_with_a_mutation_was_sequenced_whatever_the_panel_says():
    predictor = plain_predictor()
    narrow = place(predictor, Genome(EXOME.keys, frozenset({"TP53"})))
    assert narrow == place(predictor, Genome(EXOME.keys, frozenset({"BRAF", "KRAS", "TP53"})))
