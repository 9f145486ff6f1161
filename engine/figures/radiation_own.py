"""SF2 predicted for somebody's own sample: beside the trained lines most like it, and what moved it."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import Mark, Row, forest
from engine.figures.radiation_words import model_name
from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import interval, number, signed
from engine.radiation.types import SamplePrediction

ROW_PX, FRAME_PX = 22, 70


def own_beside_nearest(one: SamplePrediction, context: str, dark: bool = False) -> Chart:
    """The prediction with its 90 % interval, then the measured SF2 of the trained lines most like the sample."""
    marks = [Mark(0, one.sf2, one.lower, one.upper, number(one.sf2), one.sample)]
    rows = [Row(0, f"<b>{_short(one.sample)}</b>, predicted")]
    for i, (line, similarity, sf2) in enumerate(one.nearest, 1):
        said = f"{line}: measured SF2 {number(sf2)}, similarity {number(similarity)}"
        marks.append(Mark(i, sf2, None, None, f"{number(sf2)}  (r {similarity:.2f})", line, "observed", said=said))
        rows.append(Row(i, line))
    figure = forest(marks, rows, "SF2", dark, labels_right=True)
    ends = interval(one.lower, one.upper)
    return Chart(
        figure=figure,
        question="Which trained lines is it most like?",
        caption=f"{model_name(one.model)}, {context}. Open: predicted, with its 90 % interval. Filled: measured SF2 of "
        "the nearest trained lines; r: correlation of expression, each minus the mean trained profile.",
        summary=f"{one.sample}: predicted SF2 {number(one.sf2)}, 90 % interval {ends}. Nearest lines: "
        + ", ".join(f"{line} (r {r:.2f}, SF2 {number(sf2)})" for line, r, sf2 in one.nearest)
        + ".",
        table=pd.DataFrame(
            {
                "Trained line": [line for line, _, _ in one.nearest],
                "Correlation": [float(r) for _, r, _ in one.nearest],
                "Measured SF2": [float(sf2) for _, _, sf2 in one.nearest],
            }
        ),
    )


def movers_chart(one: SamplePrediction, context: str, dark: bool = False) -> Chart:
    """By how much each probe moved the network's prediction away from that of the mean profile; RSI genes in orange."""
    colours, moved = palette(dark), one.movers
    names = [_probe(probe, symbol, rsi) for probe, symbol, _, rsi in moved]
    figure = go.Figure(
        go.Bar(
            x=[effect for _, _, effect, _ in moved],
            y=list(range(len(moved))),
            orientation="h",
            marker_color=[
                SELECTED if rsi else colours.sensitive if effect < 0 else colours.resistant
                for _, _, effect, rsi in moved
            ],
            hovertext=[f"{name}: {signed(effect)}" for name, (_, _, effect, _) in zip(names, moved, strict=True)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Moved SF2 by", zeroline=True, zerolinecolor=colours.muted, tickformat=".2~g")
    figure.update_yaxes(
        tickvals=list(range(len(moved))), ticktext=names, range=[len(moved) - 0.4, -0.6], ticksuffix="  ",
        showgrid=False, tickfont={"size": 12},
    )  # fmt: skip
    figure.update_layout(bargap=0.35)
    marked = [symbol for _, symbol, _, rsi in moved if rsi]
    told = f"Orange: {', '.join(dict.fromkeys(marked))}, of the ten RSI genes." if marked else (
        "None of the ten RSI genes is among its probes."
    )  # fmt: skip
    return Chart(
        figure=styled(figure, dark, FRAME_PX + ROW_PX * max(len(moved), 3)),
        question="Which genes moved the network's prediction?",
        caption=f"{context[:1].upper()}{context[1:]}. Integrated gradients from the mean training profile: teal lowers "
        f"SF2 (more sensitive), grey raises it. {told}",
        summary=f"Probes that moved the prediction for {one.sample} most: "
        + ", ".join(f"{name} {signed(effect)}" for name, (_, _, effect, _) in zip(names[:5], moved[:5], strict=True))
        + f". {told}",
        table=pd.DataFrame(
            {
                "Probe": [probe for probe, _, _, _ in moved],
                "Gene": [symbol for _, symbol, _, _ in moved],
                "Moved SF2 by": [float(effect) for _, _, effect, _ in moved],
                "RSI gene": ["yes" if rsi else "" for _, _, _, rsi in moved],
            }
        ),
    )


def own_table(found: Sequence[SamplePrediction]) -> pd.DataFrame:
    """One row per sample and model: what is shown and downloaded."""
    return pd.DataFrame(
        {
            "Sample": [one.sample for one in found],
            "Model": [model_name(one.model) for one in found],
            "SF2": [one.sf2 for one in found],
            "90 % interval": [interval(one.lower, one.upper) for one in found],
            "Applicability": [reach(one.inside) for one in found],
            "Nearest line": [one.nearest[0][0] if one.nearest else "" for one in found],
            "Correlation": [one.nearest[0][1] if one.nearest else float("nan") for one in found],
            "Its measured SF2": [one.nearest[0][2] if one.nearest else float("nan") for one in found],
        }
    )


def reach(inside: bool | None) -> str:
    """Whether the sample is like what was trained on, in words."""
    return "not known" if inside is None else "within reach" if inside else "extrapolation"


def _probe(probe: str, symbol: str, rsi: bool) -> str:
    name = f"{symbol} ({probe})" if symbol and symbol != probe else probe
    return f"<b>{name}</b>" if rsi else name


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
