"""Does the place on a plate matter: medians by row and by column."""

import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import Chart, palette, styled
from engine.figures.text import number, plural
from engine.spheroid.quality_limits import SPATIAL
from engine.spheroid.spatial import ALIVE_PERCENT, row_number

MEDIAN = "Median residual, percent points"


def places(found: pd.DataFrame, plate: str, edge: str, context: str, dark: bool = False) -> Chart:
    """Median residual of the living wells of every row and every column of a plate, with their middle halves.

    found: wells of `spatial.residuals`. edge: what is said of outer wells. context: data, for the caption.
    """
    colours = palette(dark)
    mine = found[(found["plate"] == plate) & (found["expected"] >= ALIVE_PERCENT) & found["residual"].notna()]
    figure, parts = go.Figure(), []
    for kind, axis in (("row", ""), ("column", "2")):
        lines = _lines(mine, kind)
        parts.append(lines)
        figure.add_trace(
            go.Scatter(
                x=lines["name"],
                y=lines["median"],
                xaxis=f"x{axis}",
                yaxis=f"y{axis}",
                mode="markers",
                error_y={
                    "type": "data", "symmetric": False, "array": lines["high"] - lines["median"],
                    "arrayminus": lines["median"] - lines["low"], "color": colours.muted, "thickness": 1, "width": 0,
                },
                marker={"size": 8, "color": colours.sensitive},
                customdata=lines["n"],
                hovertemplate=f"{kind.capitalize()} %{{x}}: %{{y:+.1f}} percent points, %{{customdata}} wells"
                "<extra></extra>",
            )
        )  # fmt: skip
    every = pd.concat(parts, ignore_index=True)
    reach = max(12.0, 1.15 * float(every[["low", "high"]].abs().max(axis=None))) if len(every) else 12.0
    for axis in ("", "2"):
        figure.add_hrect(
            -SPATIAL.good, SPATIAL.good, xref=f"x{axis}", yref=f"y{axis}", fillcolor=colours.sensitive,
            opacity=0.1, line_width=0, layer="below",
        )  # fmt: skip
    plain = {"type": "category", "showgrid": False}
    figure.update_layout(
        xaxis={"domain": [0, 0.4], "title": {"text": "Row"}, **plain},
        xaxis2={"domain": [0.44, 1], "title": {"text": "Column"}, "anchor": "y2", **plain},
        yaxis={"title": {"text": MEDIAN}, "range": [-reach, reach]},
        yaxis2={"anchor": "x2", "range": [-reach, reach], "showticklabels": False},
    )
    table = pd.DataFrame({"Place": every["kind"] + " " + every["name"], MEDIAN: every["median"], "Wells": every["n"]})
    most = ""
    if len(every):
        worst = table.loc[every["median"].abs().idxmax()]
        most = f" Farthest off is {worst['Place']} with {number(float(worst[MEDIAN]))} percent points."
    return Chart(
        figure=styled(figure, dark, 300),
        question=f"Does the place on {plate} matter?",
        caption=f"{plural(len(mine), 'living well')} of {plate}, {context}. Dots: medians; lines: the middle half; "
        f"band: within {SPATIAL.good:.0f} percent points. {edge}",
        summary=f"Medians by row and column of {plate}.{most} {edge}",
        table=table,
    )


def _lines(wells: pd.DataFrame, kind: str) -> pd.DataFrame:
    """kind, name, median, low, high (quartiles), n of every row or column in its order."""
    groups = wells.groupby(kind)["residual"]
    quartiles = [groups.quantile(q) for q in (0.25, 0.5, 0.75)]
    order = sorted(groups.groups, key=row_number if kind == "row" else int)
    made = pd.DataFrame(dict(zip(("low", "median", "high"), quartiles, strict=True))).assign(n=groups.size())
    made = made.reindex(order).reset_index(drop=True)
    return made.assign(kind=kind, name=pd.Series([str(one) for one in order], dtype=str))
