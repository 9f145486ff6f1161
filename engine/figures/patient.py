"""One patient's ranking as a picture: which drugs stand out, and where one prediction lies among measured lines."""

from html import escape
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import MISSING, count, interval, number, plural
from engine.units import ic50_um

FIRST, LAST = 13, 5  # drugs drawn from both ends of a ranking; the table has all
ROW_PX, FRAME_PX = 21, 58
STRIP_PX, BARS_PX = 26, 190
BINS = 24
Z_AXIS = "z-score among the drug's measured lines"
Z_WORDS = "Standard deviations from the mean of the drug's measured lines; below 0 is more sensitive than they are."


def ranking_waterfall(ranking: pd.DataFrame, context: str, picked: int | None = None, dark: bool = False) -> Chart:
    """The drugs at both ends of a ranking: predicted z-score with its interval, and the nearest lines' measured one.

    ranking: at least one with a z-score, in the order to be drawn in; columns of `Ranking.table`, and z_lower, z_upper:
    the ends of the 90 % interval of ln(IC50) as z-scores, NA where there is none. picked: the drug_id to mark.
    """
    colours = palette(dark)
    drugs, ranking = len(ranking), ranking.dropna(subset=["z_score"])
    drawn, places, gap = _ends(ranking)
    figure = go.Figure()
    figure.add_vline(0, line={"color": colours.muted, "width": 1}, layer="below")
    figure.add_trace(_intervals(drawn, places, colours))
    figure.add_trace(_nearest(drawn, places, colours))
    figure.add_trace(_predicted(drawn, places, picked, colours))
    labels = [escape(name) for name in drawn["drug"]]
    if gap is not None:
        places, labels = [*places, gap], [*labels, f"<i>{plural(len(ranking) - len(drawn), 'drug')} between</i>"]
    bottom = max(places) + 0.6
    figure.update_yaxes(tickvals=places, ticktext=labels, range=[bottom, -0.6], ticksuffix="  ", showgrid=False)
    figure.update_xaxes(title_text=Z_AXIS, range=_span(drawn), nticks=8)
    unmeasured = f" ({count(drugs - len(ranking))} without measured lines)" if drugs > len(ranking) else ""
    return Chart(
        figure=styled(figure, dark, FRAME_PX + ROW_PX * (round(bottom) + 1)),
        question="Which drugs stand out for this patient?",
        caption=f"{plural(len(ranking), 'drug')}{unmeasured}, {context}. Open: predicted. Thin line: its 90 % "
        f"interval. Filled: nearest measured lines, weighted by similarity. {Z_WORDS}",
        summary=_waterfall_words(ranking),
        table=waterfall_table(ranking),
    )


def _ends(ranking: pd.DataFrame) -> tuple[pd.DataFrame, list[float], float | None]:
    """The rows to draw, where each stands counted from the top, and where the gap between both ends is."""
    if len(ranking) <= FIRST + LAST + 1:
        return ranking, [float(place) for place in range(len(ranking))], None
    drawn = pd.concat([ranking.head(FIRST), ranking.tail(LAST)])
    return drawn, [*np.arange(FIRST, dtype=float), *(FIRST + 1.0 + np.arange(LAST))], float(FIRST)


def _span(drawn: pd.DataFrame) -> list[float]:
    values = drawn[["z_score", "z_lower", "z_upper", "nearest_z"]].to_numpy(float)
    low, high = min(float(np.nanmin(values)), 0.0), max(float(np.nanmax(values)), 0.0)
    margin = 0.05 * (high - low) or 1.0
    return [low - margin, high + margin]


def _intervals(drawn: pd.DataFrame, places: list[float], colours: Palette) -> go.Scatter:
    nothing = np.full(len(drawn), np.nan)
    ends = drawn[["z_lower", "z_upper"]].to_numpy(float)
    return go.Scatter(
        x=np.column_stack([ends, nothing]).ravel().round(3),
        y=np.column_stack([places, places, nothing]).ravel(),
        mode="lines",
        name="interval",
        line={"color": colours.muted, "width": 1},
        opacity=0.7,
        hoverinfo="skip",
    )


def _nearest(drawn: pd.DataFrame, places: list[float], colours: Palette) -> go.Scatter:
    lines = [plural(int(n), "nearest measured line") for n in drawn["nearest_n"].fillna(0)]
    return go.Scatter(
        x=drawn["nearest_z"].astype(float).round(3),
        y=places,
        mode="markers",
        name="nearest",
        text=[
            f"{escape(name)}: {said}, mean z {number(z)}"
            for name, said, z in zip(drawn["drug"], lines, drawn["nearest_z"].astype(float), strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        marker={"size": 6, "color": colours.text},
    )


def _predicted(drawn: pd.DataFrame, places: list[float], picked: int | None, colours: Palette) -> go.Scatter:
    outline = np.where(drawn["z_score"].astype(float) < 0, colours.sensitive, colours.resistant)
    return go.Scatter(
        x=drawn["z_score"].astype(float).round(3),
        y=places,
        mode="markers",
        name="predicted",
        customdata=drawn["drug_id"].astype(int),
        text=[_hover(row) for row in drawn.to_dict("records")],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "size": 10,
            "color": colours.ground,
            "line": {"color": np.where(drawn["drug_id"] == picked, SELECTED, outline), "width": 2},
        },
    )


def _hover(row: dict) -> str:
    target = f" ({escape(row['target'])})" if isinstance(row["target"], str) else ""
    return (
        f"<b>{escape(row['drug'])}</b>{target}<br>predicted z {number(row['z_score'])}"
        f"<br>predicted IC50 {number(row['ic50_um_pred'])} µM"
        f"<br>90 % interval of z {interval(_value(row['z_lower']), _value(row['z_upper']))}"
    )


def _value(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _waterfall_words(ranking: pd.DataFrame) -> str:
    first, last = ranking.head(3), ranking.tail(3)[::-1]

    def named(rows: pd.DataFrame) -> str:
        return ", ".join(f"{row.drug} {number(row.z_score)}" for row in rows.itertuples())

    return (
        f"Predicted z-scores of {plural(len(ranking), 'drug')}. Most sensitive: {named(first)}. "
        f"Most resistant: {named(last)}."
    )


def waterfall_table(ranking: pd.DataFrame) -> pd.DataFrame:
    """What the waterfall draws, for all drugs."""
    names = {
        "drug": "Drug",
        "z_score": "Predicted z",
        "z_lower": "Lower z",
        "z_upper": "Upper z",
        "nearest_z": "Nearest lines' z",
        "nearest_n": "Nearest lines",
        "ic50_um_pred": "Predicted IC50, µM",
    }
    return ranking[list(names)].rename(columns=names).astype({name: float for name in list(names.values())[1:5]})


def measured_distribution(drug: pd.Series, measured: pd.DataFrame, near: pd.DataFrame, dark: bool = False) -> Chart:
    """Where the prediction for one drug lies among the cell lines that were measured with it.

    drug: one row of `Ranking.table`. measured: every measured line, columns name and ln_ic50 (ln uM); not empty.
    near: its nearest lines, the same columns and similarity.
    """
    colours = palette(dark)
    values = measured["ln_ic50"].to_numpy(float)
    figure = go.Figure()
    edges = np.linspace(values.min(), values.max() if np.ptp(values) else values.min() + 1, BINS + 1)
    heights, _ = np.histogram(values, edges)
    below = edges[1:] <= float(drug["ln_ic50_pred"])
    figure.add_trace(
        go.Bar(
            x=((edges[:-1] + edges[1:]) / 2).round(3),
            y=heights,
            width=np.diff(edges) * 0.94,
            name="measured",
            marker={"color": np.where(below, colours.sensitive, colours.resistant), "opacity": 0.55},
            customdata=[f"{number(low)} to {number(high)}" for low, high in pairwise(edges)],
            hovertemplate="ln(IC50) %{customdata}: %{y} lines<extra></extra>",
        )
    )
    rows = _strip(figure, drug, near, colours)
    figure.update_xaxes(title_text="ln(IC50), µM", domain=[0, 1], anchor="y")
    height = BARS_PX + FRAME_PX + STRIP_PX * len(rows)
    share = 1 - STRIP_PX * len(rows) / (height - FRAME_PX)
    figure.update_layout(
        bargap=0,
        yaxis={"title": {"text": "Measured lines"}, "domain": [0, share - 0.04], "rangemode": "tozero"},
        yaxis2={
            "domain": [share, 1],
            "tickvals": list(range(len(rows))),
            "ticktext": rows,
            "range": [len(rows) - 0.5, -0.5],
            "ticksuffix": "  ",
            "showgrid": False,
        },
    )
    return Chart(
        figure=styled(figure, dark, height),
        question="Where does the prediction lie among measured lines?",
        caption=f"{plural(len(measured), 'measured line')}; teal: at or below the prediction. Filled: measured. "
        f"Open: predicted, with its 90 % interval."
        + ("" if pd.isna(drug["type_mean"]) else " Dash: mean of the chosen cancer type."),
        summary=_distribution_words(drug, measured, near),
        table=measured.sort_values("ln_ic50", kind="stable")[["name", "ln_ic50"]].rename(
            columns={"name": "Cell line", "ln_ic50": "Measured ln(IC50), µM"}
        ),
    )


def _strip(figure: go.Figure, drug: pd.Series, near: pd.DataFrame, colours: Palette) -> list[str]:
    """Rows above the bars: the prediction, the nearest lines and the mean of the type; returns their names."""
    rows = ["Prediction"]
    low, high = _value(drug["lower"]), _value(drug["upper"])
    value = float(drug["ln_ic50_pred"])
    if low is not None and high is not None:
        figure.add_trace(
            go.Scatter(
                x=[low, high],
                y=[0, 0],
                yaxis="y2",
                mode="lines",
                name="interval",
                line={"color": colours.muted, "width": 1},
                hoverinfo="skip",
            )
        )
    said = f"predicted {_both(value)}, 90 % interval {interval(low, high)}"
    figure.add_trace(_marks([value], 0, [said], "prediction", "circle", colours.sensitive, colours.ground, 11))
    if len(near):
        rows.append("Nearest lines")
        texts = [
            f"{escape(str(line.name))}: measured {_both(line.ln_ic50)}, similarity {number(line.similarity)}"
            for line in near.itertuples(index=False)
        ]
        where = len(rows) - 1
        figure.add_trace(
            _marks(list(near["ln_ic50"]), where, texts, "nearest", "circle", colours.text, colours.text, 7)
        )
    mean = _value(drug["type_mean"])
    if mean is not None:
        rows.append("Type mean")
        said = f"mean of {plural(int(drug['n_type']), 'measured line')} of the type {_both(mean)}"
        where = len(rows) - 1
        figure.add_trace(_marks([mean], where, [said], "type", "line-ns", colours.resistant, colours.resistant, 14))
    return rows


def _marks(
    x: list[float], row: int, texts: list[str], name: str, symbol: str, outline: str, fill: str, size: int
) -> go.Scatter:
    return go.Scatter(
        x=np.round(np.asarray(x, float), 3),
        y=[row] * len(x),
        yaxis="y2",
        mode="markers",
        name=name,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": symbol, "size": size, "color": fill, "line": {"color": outline, "width": 2}},
    )


def _both(ln_ic50: float) -> str:
    """ln(IC50) with its IC50, because some people think in one and some in the other."""
    return f"{number(float(ln_ic50))} ({number(float(ic50_um(float(ln_ic50))))} µM)"


def _distribution_words(drug: pd.Series, measured: pd.DataFrame, near: pd.DataFrame) -> str:
    share = drug["percentile"]
    text = (
        f"{drug['drug']}: predicted ln(IC50) {number(float(drug['ln_ic50_pred']))}, 90 % interval "
        f"{interval(_value(drug['lower']), _value(drug['upper']))}. "
        f"{MISSING.capitalize() if pd.isna(share) else number(float(share)) + ' %'} of "
        f"{count(len(measured))} measured lines lie at or below it."
    )
    if len(near):
        text += f" The nearest measured lines have a mean of {number(float(near['ln_ic50'].mean()))}."
    return text
