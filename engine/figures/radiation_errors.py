"""Where SF2 is predicted wrongly: the error of every array in the order of panels, and measures per panel."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import FAILED, Mark, Row, forest
from engine.figures.radiation_words import MEASURE_NAMES, model_name, shown_interval, shown_value
from engine.figures.template import Chart, Palette, palette, styled
from engine.figures.text import number, plural
from engine.radiation.names import PANELS
from engine.radiation.settings import CORRECT_ABSOLUTE
from engine.radiation.shown import VERDICTS

ROW_PX, FRAME_PX = 15, 70
NAMED = 90  # lines; more of them are told by their panel alone, or the chart has no end
SQUEEZED_PX = 6
WITHOUT = "Without leukaemia"


def errors_in_panel_order(samples: pd.DataFrame, model: str, context: str, dark: bool = False) -> Chart:
    """The absolute error of every array in a row per cell line, lines in the order of panels (the paper's Figure 2).

    samples: rows of `shown.samples` of one model. Dotted line: the absolute error below which every array is correct.
    """
    colours = palette(dark)
    lines = list(dict.fromkeys(samples["line"]))
    place = {line: i for i, line in enumerate(lines)}
    panel_of = samples.drop_duplicates("line").set_index("line")["panel"]
    figure = go.Figure()
    for verdict in reversed(VERDICTS):  # what is wrong is drawn last
        rows = samples[samples["verdict"] == verdict]
        if len(rows):
            figure.add_trace(_dots(rows, place, verdict, colours, dark))
    top = 1.05 * max(float(samples["absolute_error"].max()), 2 * CORRECT_ABSOLUTE)
    figure.add_vline(CORRECT_ABSOLUTE, line={"color": colours.muted, "width": 1, "dash": "dot"})
    bounds = [(panel, [place[line] for line in lines if panel_of[line] == panel]) for panel in panel_of.unique()]
    for i, (panel, mine) in enumerate(bounds):
        if i % 2 == 0:
            figure.add_hrect(
                min(mine) - 0.5, max(mine) + 0.5, fillcolor=colours.grid, opacity=0.35, line_width=0, layer="below"
            )
        figure.add_annotation(
            x=top, y=min(mine), text=panel or "No panel", showarrow=False, xanchor="right", yanchor="middle",
            font={"size": 12, "color": colours.muted},
        )  # fmt: skip
    named = len(lines) <= NAMED
    figure.update_xaxes(title_text="Absolute error of SF2", range=[-0.01 * top, top], side="top")
    figure.update_yaxes(
        range=[len(lines) - 0.4, -0.6],
        tickvals=list(range(len(lines))) if named else [],
        ticktext=lines if named else [],
        tickfont={"size": 11},
        showgrid=False,
        ticksuffix="  ",
    )
    height = FRAME_PX + (ROW_PX if named else SQUEEZED_PX) * max(len(lines), 8)
    there = set(samples["verdict"])
    told = ", ".join(f"{int((samples['verdict'] == verdict).sum()):,} {verdict}" for verdict in VERDICTS)
    worst = samples.sort_values("absolute_error", ascending=False).head(3)
    names = ", ".join(f"{row.sample} ({number(row.absolute_error)})" for row in worst.itertuples())
    return Chart(
        figure=styled(figure, dark, height),
        question="Which arrays are predicted wrongly?",
        caption=f"{plural(len(samples), 'held-out array')} of {plural(len(lines), 'cell line')}, {context}, "
        f"{model_name(model).lower()}. Dotted: absolute error of {CORRECT_ABSOLUTE:g}, below which all are correct; a "
        f"relative error below 10 % is correct too.{_legend(there)}",
        summary=f"Absolute error of {plural(len(samples), 'array')}: {told}. Largest: {names}.",
        table=errors_table(samples),
    )


def _legend(there: set[str]) -> str:
    told = {
        "correct": "Filled: correct.",
        "rescued": "Open, teal: rescued, correct when predicted again.",
        "incorrect": "Open, grey: not correct, and not predicted again.",
        "prediction-hard": "Open, red: prediction-hard.",
    }
    return "".join(f" {words}" for verdict, words in told.items() if verdict in there)


def errors_table(samples: pd.DataFrame) -> pd.DataFrame:
    """Every array with its errors and verdict, in the order given."""
    return pd.DataFrame(
        {
            "Array": samples["sample"],
            "Cell line": samples["line"],
            "Panel": samples["panel"],
            "Measured SF2": samples["observed"],
            "Predicted SF2": samples["mean"],
            "Predicted again": samples["after"],
            "Absolute error": samples["absolute_error"],
            "Relative error, %": 100 * samples["relative_error"],
            "Class": samples["error_class"],
            "Verdict": samples["verdict"],
        }
    )


def _dots(rows: pd.DataFrame, place: dict[str, int], verdict: str, colours: Palette, dark: bool) -> go.Scatter:
    outline = FAILED[dark] if verdict == "prediction-hard" else colours.sensitive
    outline = colours.resistant if verdict == "incorrect" else outline
    said = [
        f"{row.sample} ({row.line}, {row.panel or 'no panel'})<br>measured {number(row.observed)}, predicted "
        f"{number(row.mean)}"
        + ("" if np.isnan(row.after) else f", again {number(row.after)}")
        + f"<br>absolute error {number(row.absolute_error)}, relative {100 * row.relative_error:.1f} %: {verdict}"
        for row in rows.itertuples()
    ]
    return go.Scatter(
        x=rows["absolute_error"].round(5).tolist(),
        y=[place[line] for line in rows["line"]],
        mode="markers",
        name=verdict,
        text=said,
        hovertemplate="%{text}<extra></extra>",
        marker={
            "size": 7,
            "color": colours.sensitive if verdict == "correct" else colours.ground,
            "line": {"color": outline, "width": 1.6},
        },
    )


def panel_forest(
    metrics: pd.DataFrame, model: str, baseline: str, name: str, context: str, dark: bool = False
) -> Chart:
    """One measure per tissue panel with its 95 % interval, then all arrays and those without leukaemia.

    metrics: the table `metric` of a run. baseline: drawn as a dash beside the model, '' for none.
    """
    rows = _panel_rows(metrics, model, name)
    others = _panel_rows(metrics, baseline, name).set_index("label")["value"] if baseline else pd.Series(dtype=float)
    marks = []
    for i, row in enumerate(rows.itertuples()):
        known = pd.notna(row.lower)
        lower, upper = (float(row.lower), float(row.upper)) if known else (None, None)
        said = f"{row.label}, n {row.n}"
        marks.append(Mark(i, float(row.value), lower, upper, shown_value(name, row.value), said))
        if row.label in others.index and pd.notna(others[row.label]):
            beside = float(others[row.label])
            marks.append(Mark(i, beside, None, None, "", f"{row.label}, {model_name(baseline).lower()}", "baseline"))
    figure = forest(
        marks,
        [Row(i, f"{row.label} ({row.n})") for i, row in enumerate(rows.itertuples())],
        f"{MEASURE_NAMES[name]} (95 % interval)",
        dark,
        labels_right=True,
    )
    dash = f" Dashes: {model_name(baseline).lower()}." if baseline else ""
    return Chart(
        figure=figure,
        question="Does it depend on the tissue?",
        caption=f"{model_name(model)}, {context}. In brackets: held-out arrays.{dash} Intervals by bootstrap over "
        "lines, none below five lines.",
        summary=f"{MEASURE_NAMES[name]} of {model_name(model).lower()}: "
        + ", ".join(f"{row.label} {shown_value(name, row.value)}" for row in rows.itertuples())
        + ".",
        table=pd.DataFrame(
            {
                "Panel": rows["label"],
                MEASURE_NAMES[name]: rows["value"],
                "95 % interval": [
                    shown_interval(name, a, b) for a, b in zip(rows["lower"], rows["upper"], strict=True)
                ],
                **({f"{model_name(baseline)}": rows["label"].map(others)} if baseline else {}),
                "Arrays": rows["n"],
            }
        ),
    )


def _panel_rows(metrics: pd.DataFrame, model: str, name: str) -> pd.DataFrame:
    """label, value, lower, upper, n: all arrays, without leukaemia, then the panels in the paper's order."""
    mine = metrics[(metrics["model"] == model) & (metrics["name"] == name)].dropna(subset=["value"])
    whole = mine[mine["scope"] == "samples"].assign(label="All arrays", place=-2)
    without = mine[mine["scope"] == "without_leukaemia"].assign(label=WITHOUT, place=-1)
    panels = mine[mine["scope"] == "panel"]
    order = {panel: place for place, panel in enumerate(PANELS)}
    panels = panels.assign(label=panels["key"], place=panels["key"].map(order).fillna(len(order)))
    found = pd.concat([whole, without, panels.sort_values(["place", "label"])], ignore_index=True)
    return found[["label", "value", "lower", "upper", "n"]]
