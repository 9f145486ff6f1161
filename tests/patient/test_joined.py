"""A case's drugs by mutations beside its screen."""

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.figures.patient_joined import joined_chart, joined_words
from engine.patient.joined import join_screen, name_key
from engine.patient.types import RANKING_COLUMNS, Ranking


def ranking(drugs: dict[str, float]) -> Ranking:
    """Drugs with their predicted ln(IC50)."""
    table = pd.DataFrame({"drug_id": range(1, len(drugs) + 1), "drug": list(drugs), "ln_ic50_pred": drugs.values()})
    table["lower"], table["upper"] = table["ln_ic50_pred"] - 1, table["ln_ic50_pred"] + 1
    table = table.reindex(columns=list(RANKING_COLUMNS))
    return Ranking("run", "ensemble", "cell_line", "drug_mean", True, None, table, (), True, "Inside.")


def scores(drugs: dict[str, float]) -> pd.DataFrame:
    pooled = pd.DataFrame({"drug": list(drugs), "dss_asym": drugs.values()})
    rows = pooled.assign(addon="", replicate="pooled", dss_lower=np.nan, dss_upper=np.nan, n_wells=10)
    rows["hit"] = rows["dss_asym"].ge(10)
    return pd.concat([rows, rows.assign(replicate="1", dss_asym=0.0)])


def test_drugs_are_joined_by_name_and_judged_by_both_limits():
    by_mutations = {"A1331852": -4.0, "Erlotinib": 2.0, "Vorinostat": 1.0, "Trametinib": -3.0, "Olaparib": 3.0}
    by_screen = {"A-1331852": 40.0, "erlotinib": 1.0, "Vorinostat": 22.0, "Trametinib": 3.0, "BzCl": 50.0}
    means = pd.Series([-3.0, 1.0, 0.0, -2.0, 2.0], index=range(1, 6))
    found = join_screen(ranking(by_mutations), scores(by_screen), means)
    assert dict(zip(found.table["drug"], found.table["verdict"], strict=True)) == {
        "A-1331852": "both", "Vorinostat": "screen_only", "Trametinib": "mutations_only", "erlotinib": "neither",
    }  # fmt: skip
    assert found.only_screen == ("BzCl",)
    assert (found.agree, found.compared) == (2, 4)
    assert found.expected == 2.0  # half are hits, half are expected
    assert found.table["dss_asym"].is_monotonic_decreasing
    assert found.predicted.n == found.baseline.n == 4
    assert found.table["drug_mean"].tolist() == [-3.0, 0.0, -2.0, 1.0]


def test_correlation_stands_beside_that_of_the_drug_means():
    names = [f"Drug {n}" for n in range(30)]
    rng = np.random.default_rng(0)
    potency = rng.normal(size=30)
    found = join_screen(
        ranking(dict(zip(names, -potency, strict=True))),
        scores(dict(zip(names, 15 + 5 * potency, strict=True))),
        pd.Series(rng.normal(size=30), index=range(1, 31)),
    )
    assert found.predicted.rho == 1.0
    assert abs(found.baseline.rho) < 0.5
    assert found.baseline.lower < found.baseline.rho < found.baseline.upper
    assert "by chance" in joined_words(found) and "knows nothing of this case" in joined_words(found)
    assert len(joined_chart(found, -2.0, "Simulated", "Drug 3").table) == 30


def test_a_drug_without_a_fit_is_told_and_not_judged():
    found = join_screen(ranking({"A": -3.0, "B": 1.0}), scores({"A": np.nan, "B": 2.0}), pd.Series(dtype=float))
    assert found.table.set_index("drug")["verdict"].to_dict() == {"B": "neither", "A": "unscored"}
    assert found.compared == 1 and np.isnan(found.predicted.rho)


def test_no_drug_in_both_is_refused_with_the_cure():
    with pytest.raises(InputError, match="None of the 1 screened drugs.*how the layout spells"):
        join_screen(ranking({"A": 0.0}), scores({"Z": 3.0}), pd.Series(dtype=float))


def test_spelling():
    assert name_key(" A-1331852 ") == name_key("a 1331852") == "a1331852"
