"""Every cancer type as one row of a table."""

from collections.abc import Mapping, Sequence

import pandas as pd

from engine.figures.text import MEASURE_NAMES, interval, model_name
from engine.figures.type_words import full_name, type_name
from engine.response.type_records import TypeGain

VERDICTS = {"better": "yes", "worse": "no, worse", "even": "not clearly", "open": "cannot be told"}
BESIDE = ("rmse", "skill", "within_drug_r", "auroc", "coverage")


def type_table(measures: pd.DataFrame, gains: Mapping[str, TypeGain], model: str, types: Sequence[str]) -> pd.DataFrame:
    """One row per cancer type, in the given order: what the model gains over the naive baseline, the model's other
    measures, and R² of every other model. Undefined values are NaN.

    measures: cancer_type, model, name, value, lower, upper, n; gains: as `type_records.type_gains` gives them.
    """
    stored = measures.set_index(["cancer_type", "model", "name"])
    table: dict[str, object] = {
        "Cancer type": [type_name(one) for one in types],
        "Full name": [full_name(one) for one in types],
    }

    def add(of: str, name: str, with_interval: bool) -> None:
        label = MEASURE_NAMES[name] if of == model and name != "r2" else f"{model_name(of)} {MEASURE_NAMES[name]}"
        rows = stored.reindex([(one, of, name) for one in types])
        table[label] = rows["value"].to_numpy(float)
        if with_interval:
            table[f"{label}: 95 % interval"] = [
                interval(*ends) for ends in zip(rows["lower"], rows["upper"], strict=True)
            ]

    found = [gains.get(one) for one in types]
    naive = next((gain.baseline for gain in gains.values()), None)
    if naive:
        table |= {
            "Beats the naive baseline": [VERDICTS[gain.verdict] if gain else "" for gain in found],
            "Difference in R²": pd.array([gain.gain.value if gain else None for gain in found], float),
            "Difference: 95 % interval": [interval(gain.gain.lower, gain.gain.upper) if gain else "" for gain in found],
        }
    add(model, "r2", with_interval=True)
    if naive:
        add(naive, "r2", with_interval=True)
    table |= {
        "Held-out pairs": pd.array([gain.pairs if gain else None for gain in found], "Int64"),
        "Cell lines": pd.array([gain.lines if gain else None for gain in found], "Int64"),
    }
    for name in BESIDE:
        if name in set(measures["name"]):
            add(model, name, with_interval=name == "coverage")
    for other in sorted(set(measures["model"]) - {model, naive}, key=model_name):
        add(other, "r2", with_interval=False)
    return pd.DataFrame(table)
