import pandas as pd
import pytest

from engine.figures.verdict import verdict

BASELINES = [("mean_effects", 0.756, 0.717, 0.787), ("drug_mean", 0.687, 0.636, 0.727)]


def scores(value: float | None, lower: float | None = None, upper: float | None = None, n: int = 630, baselines=True):
    rows = [("ensemble", value, lower, upper), *(BASELINES if baselines else [])]
    frame = pd.DataFrame(rows, columns=["model", "value", "lower", "upper"]).assign(name="r2", n=n)
    return frame.astype({"value": float, "lower": float, "upper": float})


def added(rows: list[tuple[str, float, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", "value", "lower", "upper"]).assign(name="r2", n=630)


@pytest.mark.parametrize(
    ("value", "lower", "upper", "said"),
    [
        (0.731, 0.690, 0.763, "The ensemble explains less than mean effects on these 630 pairs (R² 0.731 against"),
        (0.812, 0.801, 0.822, "ensemble explains more than mean effects on these 630 pairs (R² 0.812 against 0.756)."),
        (0.770, 0.740, 0.800, "R² 0.770 against 0.756), but its 95 % interval includes the baseline: not proven."),
        (0.600, 0.500, 0.700, "R² 0.600 against 0.756): it adds nothing to the averages here."),
        (0.7561, 0.740, 0.800, "explains as much as mean effects"),
        (0.760, None, None, "The ensemble explains more than mean effects"),
        (-0.12, -0.3, 0.1, "from these 630 pairs than their own mean would be (R² −0.120; mean effects reaches"),
    ],
)  # fmt: skip
def test_an_ensemble_is_judged_by_the_best_baseline(value, lower, upper, said):
    assert said in verdict(scores(value, lower, upper), "ensemble")


def test_what_cannot_be_compared_is_said():
    assert verdict(scores(None, n=2), "ensemble").startswith("R² is not defined on these 2 pairs")
    assert "this one pair" in verdict(scores(None, n=1), "ensemble")
    assert "there is no baseline" in verdict(scores(0.8, baselines=False), "ensemble")
    assert "own mean would be (R² −0.100)." in verdict(scores(-0.1, baselines=False), "ensemble")


def test_a_baseline_is_called_one():
    assert "Drug mean is a baseline" in verdict(scores(0.8), "drug_mean")


def test_the_strongest_of_four_naive_baselines_counts_and_no_other():
    more = [("type_drug_mean", 0.79, 0.78, 0.80), ("line_mean", 0.01, 0.0, 0.02), ("random_forest", 0.83, 0.82, 0.84)]
    frame = pd.concat([scores(0.81, 0.80, 0.82), added(more)])
    assert verdict(frame, "ensemble") == (
        "The ensemble explains more than cancer type × drug mean on these 630 pairs (R² 0.810 against 0.790). "
        "Random forest, a classical model, reaches 0.830."
    )
    assert verdict(frame, "random_forest").startswith("Random forest explains more than cancer type × drug mean")


@pytest.mark.parametrize(
    ("split", "begins"),
    [
        ("pairs", "The ensemble explains"),
        ("cell_line", "For cell lines it has never seen, the ensemble explains more than mean effects on these"),
        ("both", "For cell lines and drugs it has never seen, the ensemble explains"),
    ],
)
def test_an_honest_split_begins_the_sentence(split, begins):
    assert verdict(scores(0.81, 0.80, 0.82), "ensemble", split).startswith(begins)


def test_the_paired_interval_of_skill_decides_where_it_fits():
    skill = added([("ensemble", 0.05, -0.02, 0.11)]).assign(name="skill")
    frame = pd.concat([scores(0.77, 0.76, 0.78), skill])
    assert verdict(frame, "ensemble").endswith("(R² 0.770 against 0.756).")
    assert "interval includes the baseline" in verdict(frame, "ensemble", skill_of="mean_effects")
    assert verdict(frame, "ensemble", skill_of="drug_mean").endswith("(R² 0.770 against 0.756).")


def test_a_model_that_was_not_run_has_no_verdict():
    assert verdict(scores(0.8), "svm") == "Support vector machine has no measures on these pairs."
