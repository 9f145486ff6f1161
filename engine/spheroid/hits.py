"""The drugs of a screen as a review looks at them: scores with their fit, class and the readout that stands beside."""

import pandas as pd

NOT_TOLD = "Class not told"
ORDERS = {"score": "Score", "name": "Name", "class": "Class", "selective": "Selectivity"}
_FIT = ["drug", "addon", "gof", "p_value", "reason", "n_parameters"]


def hit_rows(
    scores: pd.DataFrame, curves: pd.DataFrame, classes: pd.DataFrame, replicate: str, beside: pd.DataFrame
) -> pd.DataFrame:
    """One row a drug and addition of one replicate.

    scores, curves: as `records` gives them. classes: drug, group_abbr, group_name; may be empty. replicate: pooled, 1,
    2 ... beside: scores of another readout; may be empty.
    Returns the columns of `scores` with name (the drug, with its addition), group, subgroup, gof, p_value, reason,
    n_parameters, beside (dss_asym of the other readout) and beside_hit (missing where it was not scored).
    """
    mine = scores[scores["replicate"] == replicate]
    fits = curves.loc[curves["replicate"] == replicate, _FIT]
    other = beside.loc[beside["replicate"] == replicate, ["drug", "addon", "dss_asym", "hit"]]
    other = other.set_axis(["drug", "addon", "beside", "beside_hit"], axis=1)
    rows = mine.merge(fits, on=["drug", "addon"], how="left").merge(other, on=["drug", "addon"], how="left")
    numbers = [name for name in rows.columns if name.startswith(("dss", "ic", "rel_", "sdss", "zdss", "rdss", "imax"))]
    rows[[*numbers, "beside", "gof", "p_value"]] = rows[[*numbers, "beside", "gof", "p_value"]].astype(float)
    rows["beside_hit"] = rows["beside_hit"].astype("boolean").where(rows["beside"].notna())
    rows["hit"] = rows["hit"].astype("boolean").fillna(False).astype(bool)
    rows["reason"] = rows["reason"].astype("object").where(rows["reason"].notna(), "")
    rows["name"] = [f"{one.drug} + {one.addon}" if one.addon else one.drug for one in rows.itertuples()]
    groups = drug_groups(classes)
    told = groups.reindex(rows["drug"])
    rows["group"] = told["group"].fillna(NOT_TOLD).to_numpy()
    rows["subgroup"] = told["subgroup"].fillna("").to_numpy()
    return rows


def drug_groups(classes: pd.DataFrame) -> pd.DataFrame:
    """group and subgroup by drug (the index). classes: drug, group_abbr, group_name; '' where not told.

    'Kinase inhibitor: MEK' is the subgroup MEK of Kinase inhibitor; a name without a colon is its own group.
    """
    told = classes["group_name"].where(classes["group_name"] != "", classes["group_abbr"])
    parts = [str(one).partition(":") for one in told]
    group = [before.strip() or NOT_TOLD for before, _, _ in parts]
    index = pd.Index(classes["drug"], name="drug")
    return pd.DataFrame({"group": group, "subgroup": [after.strip() for _, _, after in parts]}, index, dtype="object")


def ordered(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """`hit_rows` by one of ORDERS; drugs without a score come last, equal ones by name."""
    rows = rows.assign(_name=rows["name"].str.casefold(), _less=-rows["dss_asym"], _selective=-rows["sdss"])
    keys = {
        "score": ["_less", "_name"],
        "name": ["_name"],
        "class": ["group", "_less", "_name"],
        "selective": ["_selective", "_less", "_name"],
    }[by]
    rows = rows.sort_values(keys, na_position="last", kind="stable", ignore_index=True)
    return rows.drop(columns=["_name", "_less", "_selective"])


def of_replicate(scores: pd.DataFrame, replicate: str) -> pd.DataFrame:
    """Rows of `records.scores` of one replicate without additions; of a screen of nothing but combinations, all, each

    called by drug and addition.
    """
    mine = scores[scores["replicate"] == replicate]
    alone = mine[mine["addon"] == ""]
    return alone if len(alone) else mine.assign(drug=mine["drug"] + " + " + mine["addon"])
