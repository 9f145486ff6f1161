"""SF2 predicted for somebody's own sample: beside the trained lines most like it, and what moved it."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import Mark, Row, forest
from engine.figures.radiation_words import measure, model_name
from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import interval, number, plural, signed
from engine.radiation.types import SamplePrediction

ROW_PX, FRAME_PX = 22, 70
ROOM, GAP = 0.5, "\u2002"  # for labels with two numbers, and between the furthest mark and them


def own_beside_nearest(one: SamplePrediction, context: str, dark: bool = False) -> Chart:
    """The prediction with its 90 % interval, then the measured SF2 of the trained lines most like the sample."""
    outside = one.inside is False  # then neither number nor interval may be relied on
    ends = (None, None) if outside or one.look_up else (one.lower, one.upper)
    said = f"{one.sample}: {number(one.sf2)}, out of reach" if outside else ""
    label = "extrapolation" if outside else number(one.sf2)
    marks = [Mark(0, one.sf2, *ends, f"{GAP}{label}", one.sample, failed=outside, said=said)]
    rows = [Row(0, f"<b>{_short(one.sample)}</b>, predicted")]
    for i, (line, similarity, sf2) in enumerate(one.nearest, 1):
        said = f"{line}: measured SF2 {number(sf2)}, similarity {number(similarity)}"
        marks.append(Mark(i, sf2, None, None, f"{GAP}{number(sf2)}  (r {similarity:.2f})", line, "observed", said=said))
        rows.append(Row(i, line))
    figure = forest(marks, rows, "SF2", dark, labels_right=True, room=ROOM)
    drawn = (
        "Red: out of reach, without an interval."
        if outside
        else (
            "Open: predicted" + ("." if ends[0] is None else ", with its 90 % interval, from errors on left-out lines.")
        )
    )
    return Chart(
        figure=figure,
        question="Which trained lines is it most like?",
        caption=f"{model_name(one.model)}, {context}. {drawn} Filled: measured SF2 of the "
        " nearest trained lines; r: correlation of expression, each minus the mean trained profile.",
        summary=f"{one.sample}: predicted SF2 {number(one.sf2)}, 90 % interval {interval(*ends)}. Nearest lines: "
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
    genes = "the ten genes of the radiosensitivity index (RSI)"
    told = f"Orange: {', '.join(dict.fromkeys(marked))}, of {genes}." if marked else f"None of {genes} is among them."
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


def skill_words(metrics: pd.DataFrame, model: str) -> tuple[str, str, bool]:
    """A model's RMSE on left-out lines, what it stands beside, whether it is surely better than the mean of all lines.

    metrics: the table `metric` of the run that predicts. Empty texts where it has no such measure.
    """
    rmse, r, mean = (
        measure(metrics, one, name, "lines") for one, name in ((model, "rmse"), (model, "r"), ("mean", "rmse"))
    )
    if rmse is None:
        return "", "", False
    told = [f"r {number(r.value)}"] if r else []
    told += [f"mean of all lines: {number(mean.value)}"] if mean and model != "mean" else []
    better = mean is not None and rmse.value < mean.value and not (r and r.lower <= 0)
    return number(rmse.value), " · ".join([*told, f"n {plural(rmse.n, 'line')}"]), better


def reach(inside: bool | None) -> str:
    """Whether the sample is like what was trained on, in words."""
    return "not known" if inside is None else "within reach" if inside else "extrapolation"


def _probe(probe: str, symbol: str, rsi: bool) -> str:
    name = f"{symbol} ({probe})" if symbol and symbol != probe else probe
    return f"<b>{name}</b>" if rsi else name


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
