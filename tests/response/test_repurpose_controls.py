"""Known indications found again, by hand and by simulation, beside both naive answers."""

import numpy as np
import pandas as pd
import pytest
from small_screen import predictions, small_screen, type_names

from engine.response.repurpose import Thresholds, matrix
from engine.response.repurpose_controls import known_indications
from engine.response.repurpose_words import (
    ALL,
    CRITERIA,
    GROUPS,
    KNOWN,
    NEW,
    RULE,
    SELECTIVE,
    UNTOLD,
    headline,
    why_not,
)


def controls(screen, naive=None, measured=None):
    return known_indications(screen, matrix(screen, Thresholds()), Thresholds(), naive, measured)


def two_drugs(**changed):
    """M0: sensitive in T00 and T01, approved in T00 and T02. M1: sensitive in T03, approved there. M2: no control."""
    mean = [predictions(5, 5, 0, 0), predictions(0, 0, 0, 5), predictions(5, 5, 5, 5)]
    return small_screen(
        mean, type_names(4), ["oncology", "oncology", "non-oncology"], ["T00|T02", "T03|ACC", "T00"], **changed
    )


def row(found, group=ALL, criterion=RULE):
    return found.table.set_index(["group", "criterion"]).loc[(group, criterion)]


def rank(found, group=ALL):
    return found.ranks.set_index("group").loc[group]


def test_found_again_and_by_chance():
    """M0: 2 of 4 types chosen, 2 wanted: 1 expected; M1: 1 chosen, 1 wanted: 1/4. At least 2 of the 3: by hand."""
    found = row(controls(two_drugs()))
    assert found[["molecules", "controls", "recovered"]].tolist() == [2, 3, 2]
    assert found["expected"] == pytest.approx(1.25)
    # M0 finds 0, 1, 2 with 1/6, 4/6, 1/6; M1 finds 1 with 1/4: P(>= 2) = 1/6 + 4/6 * 1/4
    assert found["p_chance"] == pytest.approx(1 / 6 + 4 / 6 / 4)
    assert pd.isna(found["naive"]) and found["measured_controls"] == 0


def test_the_fixed_ranking_chooses_as_many_types_of_each_molecule():
    """Order T02, T00, T03, T01: M0 takes T02 and T00 (both approved), M1 takes T02 (not approved)."""
    found = controls(two_drugs(), naive=pd.Series({"T00": -1.0, "T01": 2.0, "T02": -2.0, "T03": 1.0, "ACC": -9.0}))
    assert row(found)["naive"] == 2
    # M0: T02 and T00 before T03 and T01: 4 of 4; M1: T03 before T01 only: 1 of 3
    assert rank(found)["fixed"] == pytest.approx(5 / 7)
    unmeasured = controls(two_drugs(), naive=pd.Series({"PRAD": 1.0}))
    assert pd.isna(row(unmeasured)["naive"]) and np.isnan(rank(unmeasured)["fixed"])


def test_expectation_and_p_equal_random_draws():
    random = np.random.default_rng(1)
    mean = [predictions(*random.permutation([5] * n + [0] * (8 - n))) for n in (1, 3, 6, 8, 2)]
    types, wanted = type_names(8), [random.choice(8, n, replace=False) for n in (2, 1, 3, 2, 1)]
    screen = small_screen(mean, types, "oncology", ["|".join(f"T{i:02d}" for i in w) for w in wanted])
    found = row(controls(screen))
    draws = np.zeros(20_000)
    for n, w in zip((1, 3, 6, 8, 2), wanted, strict=True):
        chosen = np.argsort(random.random((len(draws), 8)), axis=1)[:, :n]
        draws += np.isin(chosen, w).sum(axis=1)
    assert found["expected"] == pytest.approx(draws.mean(), abs=0.03)
    assert found["p_chance"] == pytest.approx((draws >= found["recovered"]).mean(), abs=0.015)


def test_measured_values_are_the_ceiling():
    """M0's T00 (4 measured lines: too few to say) and T02 (6 of which 1 sensitive); M1's T03: none of 5."""
    lines = pd.Series(range(100, 140)).to_numpy()
    measured = pd.DataFrame(
        {
            "molecule_id": ["M0"] * 10 + ["M1"] * 5 + ["M2"],
            "cosmic_id": [*lines[:4], *lines[20:26], *lines[30:35], 100],
            "ln_ic50": [-9.0] * 4 + [-3.0] + [0.0] * 5 + [-2.0] * 5 + [-9.0],
        }
    )
    found = controls(two_drugs(), measured=measured)
    kept = row(found)[["measured_controls", "measured_recovered", "model_recovered"]]
    assert kept.tolist() == [2, 1, 1]
    pairs = found.pairs.set_index(["molecule_id", "cancer_type"]).sort_index()
    assert pairs["measured_lines"].tolist() == [4, 6, 5]
    assert pairs["measured_share"].tolist() == pytest.approx([1, 1 / 6, 0])
    assert pairs["why_not"].tolist() == ["", "no line below −2 (median 1), though measured values meet the rule", ""]
    assert row(found, criterion=SELECTIVE)[["measured_controls"]].isna().all()
    said = "2 of these indications were measured: the measured values themselves meet the rule for 1"
    assert any(said in sentence for sentence in found.sentences)


def test_a_miss_says_what_was_missing():
    """1 of 10 lines is not more than 10 %; a share that must be reached only is."""
    screen = small_screen([predictions(1, 0)], type_names(2), "oncology", ["T00"])
    assert controls(screen).pairs["why_not"].tolist() == ["1 of 10 lines below −2 (median 1)"]
    assert why_not(1, 10, -0.456, False, Thresholds(more_than=False, type_share=0.2)) == (
        "1 of 10 lines below −2 (median −0.46), nor do measured values meet the rule"
    )


def test_drugs_the_run_was_trained_on_stand_apart():
    screen = two_drugs()
    screen.molecules["similarity"] = [1.0, 0.4, 1.0]
    found = controls(screen)
    assert row(found, KNOWN)[["molecules", "controls", "recovered"]].tolist() == [1, 2, 1]
    assert row(found, NEW)[["molecules", "controls", "recovered"]].tolist() == [1, 1, 1]
    assert found.pairs.set_index("name")["group"].to_dict() == {"molecule 0": KNOWN, "molecule 1": NEW}
    assert any(s.startswith("The run was trained on 1 of these drugs") for s in found.sentences)
    assert any(s.startswith("Of the 1 indication of 1 drug it was not trained on") for s in found.sentences)


def test_of_a_run_without_its_drugs_nothing_is_said_to_be_untrained():
    screen = two_drugs()
    screen.molecules["similarity"] = [np.nan, np.nan, np.nan]
    found = controls(screen)
    assert row(found)["molecules"] == 2
    assert row(found, KNOWN)["molecules"] == row(found, NEW)["molecules"] == 0
    assert set(found.pairs["group"]) == {UNTOLD}
    assert not any("trained on" in sentence for sentence in found.sentences)


def test_rank_is_the_chance_that_an_approved_type_is_more_selective():
    found = controls(two_drugs())
    selectivity = matrix(two_drugs(), Thresholds()).selectivity
    own = {0: [0, 2], 1: [3]}
    compared = [(m, a, b) for m, targets in own.items() for a in targets for b in set(range(4)) - set(targets)]
    wins = [
        (selectivity[m, a] < selectivity[m, b]) + (selectivity[m, a] == selectivity[m, b]) / 2 for m, a, b in compared
    ]
    assert rank(found)["predicted"] == pytest.approx(np.mean(wins)) and rank(found)["comparisons"] == 7
    assert rank(found)["measured_comparisons"] == 0 and np.isnan(rank(found)["measured"])
    assert found.pairs["rank"].between(1, 4).all()


def test_measured_ranks_leave_out_what_all_drugs_show():
    """Of M1 five lines are measured in T01 and T03: T03 is lower, but by less than all drugs are."""
    measured = pd.DataFrame(
        {"molecule_id": "M1", "cosmic_id": [*range(110, 115), *range(130, 135)], "ln_ic50": [1.0] * 5 + [-1.0] * 5}
    )
    alike = controls(two_drugs(), pd.Series({"T01": 0.0, "T03": 0.0}), measured)
    assert rank(alike)[["measured_comparisons", "measured", "predicted_where_measured"]].tolist() == [1, 1.0, 1.0]
    lower = controls(two_drugs(), pd.Series({"T01": 0.0, "T03": -3.0}), measured)
    assert rank(lower)["measured"] == 0.0
    assert (
        "Where the drug was measured (1 comparison) measured values give 0.00 and predictions 1.00." in lower.sentences
    )


def test_sentences_say_every_n():
    told = controls(two_drugs(), naive=pd.Series({"T00": 1.0})).sentences
    assert told[0] == (
        "Known indications: of 3 approved indications of 2 oncology drugs, the rule finds 2 again (67 %); chance would "
        "find 1.2 with as many types of each drug (p = 0.33), the types most sensitive to all measured drugs 1."
    )


def test_a_library_without_oncology_drugs_has_no_controls():
    found = controls(small_screen([predictions(5, 0)], type_names(2), "non-oncology", "T00"))
    assert len(found.table) == len(GROUPS) * len(CRITERIA) and (found.table["controls"] == 0).all()
    assert len(found.pairs) == 0 and found.sentences[0].startswith("No oncology drug of this library")


@pytest.mark.parametrize(
    ("recovered", "p_chance", "naive", "end"),
    [
        (19, 0.4, 19, "17.7, the types most sensitive to all drugs 19: the hits carry no more than that."),
        (19, 0.4, pd.NA, "17.7: the hits carry no more than chance."),
        (30, 0.001, 33, "more than chance (p = 0.001), but no more than that one ranking of types for all drugs."),
        (30, 0.001, 19, "more than chance (p = 0.001) and than that one ranking of types for all drugs."),
        (30, 0.001, pd.NA, "17.7: more than chance (p = 0.001)."),
    ],
)
def test_the_headline_says_what_the_hits_are_worth(recovered, p_chance, naive, end):
    row = {"group": "all", "criterion": "rule", "controls": 170, "expected": 17.68, "p_chance": p_chance}
    told = headline(pd.DataFrame([row | {"recovered": recovered, "naive": naive}]))
    assert told.startswith(f"{recovered} of 170 approved indications are found again; chance would find 17.7")
    assert told.endswith(end)
    assert "No approved indication" in headline(pd.DataFrame([row | {"controls": 0, "recovered": 0, "naive": naive}]))
