"""One drug's dose-response as lines and points to draw: from the stored parameters and the wells of the record.

m = POINTS doses along a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.spheroid.curve import evaluate
from engine.spheroid.dss import dss_asym, falls
from engine.spheroid.types import Curves

POINTS = 120
POOLED = "pooled"
PARAMETERS = ("bottom", "top", "xmid", "slope", "asymmetry", "x_min", "x_max", "loss", "gof")


@dataclass(frozen=True)
class Line:
    """One fitted curve. x: (m,) log10 nM. y: (m,) inhibition in percent. counted: (m,) y as the score counts it (a
    curve that falls counts as flat at its end). threshold: percent, the least effect that counts."""

    x: np.ndarray
    y: np.ndarray
    counted: np.ndarray
    threshold: float


@dataclass(frozen=True)
class Panel:
    """One drug. row: of `hits.hit_rows`. points: well, log_nm, inhibition (percent), replicate, left_out; an excluded
    well stands where it was measured. main: the fit that is looked at, None where there is none. others: fits of single
    replicates. reason: why there is no fit."""

    name: str
    drug: str
    row: pd.Series
    points: pd.DataFrame
    main: Line | None
    others: tuple[tuple[str, Line], ...]
    reason: str


def curves_of(rows: pd.DataFrame) -> Curves:
    """Rows of the table `curve` as k curves."""
    return Curves(
        **{name: rows[name].to_numpy(float, na_value=np.nan) for name in PARAMETERS},
        n_parameters=rows["n_parameters"].fillna(0).to_numpy(int),
        reason=tuple("" if pd.isna(one) else str(one) for one in rows["reason"]),
    )


def lines(rows: pd.DataFrame, threshold: str = "relative") -> list[Line | None]:
    """The line of every row of the table `curve`, None where there is no fit. threshold: as `dss_asym` takes it."""
    curves = curves_of(rows)
    x = curves.x_min[:, None] + np.linspace(0, 1, POINTS) * (curves.x_max - curves.x_min)[:, None]
    y = 100 * evaluate(curves, x)
    counted = np.where(falls(curves)[:, None], y[:, -1:], y)
    least = dss_asym(curves, threshold).threshold
    fits = np.isfinite(y).all(axis=1)
    return [Line(x[i], y[i], counted[i], float(least[i])) if fits[i] else None for i in range(len(rows))]


def drug_points(values: pd.DataFrame) -> pd.DataFrame:
    """Drug wells as points. values: the layout with percent, percent_imported and left_out of one readout.

    Returns drug, addon, well, plate, row, column, log_nm, conc_nm, inhibition, replicate, left_out. Wells without a
    readout and doses of 0 have no place on the axis and are not there.
    """
    mine = values[(values["well_type"] == "therapy") & (values["conc_nm"] > 0)]
    out = mine["left_out"].astype(bool)
    percent = mine["percent_imported"].where(out, mine["percent"]).astype(float)
    points = pd.DataFrame(
        {
            "drug": mine["treatment"],
            "addon": mine["addon"].fillna(""),
            "well": mine["plate"] + "_" + mine["row"] + mine["column"].map("{:02d}".format),
            "plate": mine["plate"],
            "row": mine["row"],
            "column": mine["column"],
            "conc_nm": mine["conc_nm"].astype(float),
            "log_nm": np.log10(mine["conc_nm"].astype(float)),
            "inhibition": 100 - percent,
            "replicate": mine["replicate"].astype(int),
            "left_out": out,
        }
    )
    return points[points["inhibition"].notna()].reset_index(drop=True)


def panels(
    rows: pd.DataFrame, curves: pd.DataFrame, points: pd.DataFrame, main: str = POOLED, threshold: str = "relative"
) -> list[Panel]:
    """One panel for every row of `hits.hit_rows`, in its order. curves: of the readout, all replicates. points: as
    `drug_points` gives them. main: the replicate whose fit is drawn thick."""
    key = ["drug", "addon"]
    wanted = curves.merge(rows[key], on=key)
    found = dict(zip(zip(wanted["drug"], wanted["addon"], wanted["replicate"], strict=True),
                     lines(wanted, threshold), strict=True))  # fmt: skip
    of = {pair: group for pair, group in points.merge(rows[key], on=key).groupby(key)}
    single = {pair: sorted(group["replicate"][group["replicate"] != POOLED]) for pair, group in wanted.groupby(key)}
    made = []
    for _, row in rows.iterrows():
        pair = (row["drug"], row["addon"])
        others = [] if len(single.get(pair, [])) < 2 else [one for one in single[pair] if one != main]
        made.append(
            Panel(
                row["name"], row["drug"], row, of.get(pair, points.head(0)).reset_index(drop=True),
                found.get((*pair, main)), _known(others, found, pair), str(row["reason"]),
            )
        )  # fmt: skip
    return made


def _known(
    replicates: Sequence[str], found: dict[tuple[str, str, str], Line | None], pair: tuple[str, str]
) -> tuple[tuple[str, Line], ...]:
    drawn = ((one, found.get((*pair, one))) for one in replicates)
    return tuple((one, line) for one, line in drawn if line is not None)
