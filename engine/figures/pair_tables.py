"""Held-out pairs and their errors as tables, with the names that columns have on screen."""

import numpy as np
import pandas as pd

from engine.figures.text import model_name, number

PAIR_COLUMNS = {
    "drug": "Drug",
    "line": "Cell line",
    "cancer_type": "Cancer type",
    "pathway": "Target pathway",
    "observed": "Observed ln(IC50), µM",
    "predicted": "Predicted ln(IC50), µM",
    "residual": "Residual, ln µM",
    "lower": "Lower 90 %",
    "upper": "Upper 90 %",
    "extrapolation": "Extrapolation",
}
GROUP_NAMES = {"drug": "Drug", "line": "Cell line", "cancer_type": "Cancer type"}


def worst_first(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs by the size of their residual (predicted - observed)."""
    size = (pairs["predicted"] - pairs["observed"]).abs()
    return pairs.loc[size.sort_values(ascending=False, kind="stable").index]


def pair_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with the names that columns have on screen, largest residual first.

    pairs: as `pair_records.pair_points` gives them; intervals and flags may be absent.
    """
    table = worst_first(pairs)
    table = table.assign(residual=table["predicted"] - table["observed"])
    if "line_flagged" in table:
        table = table.assign(extrapolation=extrapolation(table))
    if "lower" in table and table["lower"].isna().all():
        table = table.drop(columns=["lower", "upper"])
    return table[[name for name in PAIR_COLUMNS if name in table]].rename(columns=PAIR_COLUMNS)


def extrapolation(pairs: pd.DataFrame) -> list[str]:
    """Why each pair is flagged, with the number; empty where it is not.

    pairs: columns line_flagged, line_similarity, line_nearest, known_positions, positions, drug_flagged,
    drug_similarity, drug_nearest.
    """
    found = [""] * len(pairs)
    flagged = (pairs["line_flagged"] | pairs["drug_flagged"]).to_numpy(bool)
    for place, row in zip(np.flatnonzero(flagged), pairs[flagged].itertuples(), strict=True):
        why = []
        if row.line_flagged:
            known = (
                f"{int(row.known_positions)} of {int(row.positions)} positions known"
                if pd.notna(row.positions) and pd.notna(row.known_positions)
                else ""
            )
            why.append(_reason("line", row.line_similarity, "Jaccard", row.line_nearest, known))
        if row.drug_flagged:
            why.append(_reason("drug", row.drug_similarity, "Tanimoto", row.drug_nearest, ""))
        found[place] = "; ".join(why)
    return found


def _reason(subject: str, similarity: float | None, measure: str, nearest: str | None, known: str) -> str:
    like = (
        f"{measure} {number(similarity)} to {nearest}"
        if similarity is not None and pd.notna(similarity)
        else f"no similar training {subject}"
    )
    return f"{subject}: {like}" + (f", {known}" if known else "")


def group_table(errors: pd.DataFrame, by: str, naive: str | None) -> pd.DataFrame:
    """Errors per drug, line or cancer type (`by`), as `pair_records.group_errors` gives them, beside a baseline's."""
    table = {
        GROUP_NAMES[by]: errors["name"],
        "Pairs": errors["pairs"],
        "RMSE, ln µM": errors["rmse"],
        "Mean residual, ln µM": errors["bias"],
    }
    if naive and errors["naive_rmse"].notna().any():
        table[f"RMSE of {model_name(naive).lower()}, ln µM"] = errors["naive_rmse"]
        table["Difference, ln µM"] = errors["rmse"] - errors["naive_rmse"]
    return pd.DataFrame(table)
