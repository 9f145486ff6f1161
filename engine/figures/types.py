"""Cancer types: every model's measure type by type, and one type under every split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import FAILED, Mark, Row, forest
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import LOWER_IS_BETTER, MEASURE_NAMES, count, interval, model_name, number, plural, split_name
from engine.figures.type_table import type_table
from engine.figures.type_words import full_name, gain_words, type_name, type_verdict, undercovered
from engine.response.settings import ABLATIONS, BASELINES, INTERVAL_LEVEL, PUBLISHED_SPLIT
from engine.response.type_records import TypeGain

ROW_PX, LEAST_ROW_PX, FRAME_PX, TALLEST_PX = 24, 16, 100, 585
FAR = 0.5  # of the span of model and naive baseline: others further off are not drawn, and the caption says so
REFERENCES = {"skill": 0.0, "coverage": INTERVAL_LEVEL, "within_drug_r": 0.0, "auroc": 0.5}
LABEL_ROOM = 0.7  # right of the marks, as a share of their span: two lines with a difference and its interval
ON_PAPER: dict[str, Any] = {"xref": "paper", "showarrow": False}
NOTHING = "rgba(0,0,0,0)"
SPLIT_ROWS = {
    "pairs": "random pairs",
    "cell_line": "unseen lines",
    "cancer_type": "unseen types",
    "drug": "unseen drugs",
    "both": "unseen lines<br>and drugs",
}


@dataclass(frozen=True)
class TypeView:
    """What the chart of all cancer types shows.

    measures: cancer_type, model, name, value, lower, upper, n, as stored; gains: as `type_gains` gives them, for the
    numbers of lines and pairs.
    order: value (best first), skill (most first) or name. chosen: the type whose row is marked.
    """

    measures: pd.DataFrame
    gains: Mapping[str, TypeGain]
    measure: str
    model: str
    naive: str
    order: str = "value"
    chosen: str = ""

    @cached_property
    def types(self) -> list[str]:
        """From top to bottom; types where the measure is not defined come last."""
        names = sorted(self.measures["cancer_type"].unique(), key=type_name)
        if self.order == "name":
            return names
        by = "skill" if self.order == "skill" else self.measure
        of_model = self.measures[(self.measures["model"] == self.model) & (self.measures["name"] == by)]
        known = of_model.dropna(subset=["value"]).set_index("cancer_type")["value"].to_dict()
        if by == "coverage":  # the best is what was promised
            known = {one: abs(value - INTERVAL_LEVEL) for one, value in known.items()}
        sign = 1 if by in (*LOWER_IS_BETTER, "coverage") else -1
        return sorted(names, key=lambda one: (one not in known, sign * known.get(one, 0.0)))

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The defined values of the measure, each with its `place` from the top."""
        places = {one: place for place, one in enumerate(self.types)}
        rows = self.measures[(self.measures["name"] == self.measure) & ~self.measures["model"].isin(ABLATIONS.values())]
        return rows.dropna(subset=["value"]).assign(place=lambda found: found["cancer_type"].map(places))

    def limits(self) -> tuple[float, float]:
        """From the worst to the best of model and naive baseline, and what of the others is not far from them."""
        rows = self.rows
        own = rows[rows["model"] == self.model]
        naive = rows.loc[rows["model"] == self.naive, "value"]
        key = pd.concat([own["value"], own["lower"], own["upper"], naive]).dropna()
        if key.empty:
            return 0.0, 1.0
        far = FAR * ((key.max() - key.min()) or 1.0)
        near = rows["value"][rows["value"].between(key.min() - far, key.max() + far)]
        low, high = float(min(key.min(), near.min())), float(max(key.max(), near.max()))
        return low - 0.03 * (high - low) - 1e-6, high + 0.03 * (high - low) + 1e-6


def type_chart(view: TypeView, context: str, dark: bool = False) -> Chart:
    """One row per cancer type: the model with its 95 % interval, the single networks, and the baselines as dashes.

    A row can be clicked anywhere: every point carries its type as customdata.
    """
    colours, types, rows = palette(dark), view.types, view.rows
    low, high = view.limits()
    shown = rows[rows["value"].between(low, high)]
    figure = go.Figure([_whole_rows(view, rows, low, high), *_marks(view, shown, colours, dark)])
    if low <= REFERENCES.get(view.measure, low - 1) <= high:
        figure.add_vline(REFERENCES[view.measure], line={"color": colours.muted, "width": 1})
    figure.update_xaxes(title_text=f"{MEASURE_NAMES[view.measure]} on held-out pairs", range=[low, high], nticks=8)
    figure.update_yaxes(
        tickvals=list(range(len(types))),
        ticktext=[f"<b>{type_name(one)}</b>" if one == view.chosen else type_name(one) for one in types],
        range=[len(types) - 0.5, -0.5],
        ticksuffix="  ",
    )
    known = set(rows.loc[rows["model"] == view.model, "cancer_type"])
    figure.update_layout(annotations=[_key(view, shown, colours), *_sizes(view, known)])
    height = FRAME_PX + max(LEAST_ROW_PX * len(types), min(ROW_PX * len(types), TALLEST_PX - FRAME_PX))
    styled(figure, dark, height).update_layout(
        margin={"r": 84, "t": 48},  # above the key is room for the buttons that a pointer brings up
        clickmode="event+select",
        dragmode=False,
        barmode="overlay",
    )
    clusters = next((gain.clusters for gain in view.gains.values()), "cell lines")
    pairs, beyond = sum(gain.pairs for gain in view.gains.values()), len(rows) - len(shown)
    left_out = f" {plural(beyond, 'value')} far off not drawn: the table has them." if beyond else ""
    return Chart(
        figure=figure,
        question="Where do prediction intervals keep their promise?"
        if view.measure == "coverage"
        else "Which cancer types does the model predict better than the naive baseline?",
        caption=f"{plural(len(types), 'cancer type')}, {plural(pairs, 'held-out pair')}, {context}. Intervals: "
        f"bootstrap over {clusters}. Click a row to open its type.{left_out}",
        summary=_summary(view, rows),
        table=type_table(view.measures, view.gains, view.model, types),
    )


def _key(view: TypeView, rows: pd.DataFrame, colours: Palette) -> dict[str, Any]:
    """What the marks are, as an annotation: plotly's legend becomes a column where names of baselines are long."""
    own, naive = rows["model"] == view.model, rows["model"] == view.naive
    baseline = rows["model"].isin(BASELINES)
    kinds = (
        (own, "\N{LARGE CIRCLE}", f"{model_name(view.model)} (95 %)", colours.sensitive),
        (~baseline & ~own, "\N{WHITE CIRCLE}", "single networks", colours.sensitive),
        (naive & ~own, "\N{BOX DRAWINGS HEAVY VERTICAL}", f"{model_name(view.naive)} (naive)", colours.resistant),
        (baseline & ~naive & ~own, "\N{BOX DRAWINGS LIGHT VERTICAL}", "other baselines", colours.resistant),
    )
    text = "&nbsp;&nbsp; ".join(
        f"<span style='color:{colour}'>{mark}</span> {name}" for known, mark, name, colour in kinds if known.any()
    )
    return {"text": text, "x": 1, "y": 1, "xanchor": "right", "yanchor": "bottom"} | ON_PAPER | {"yref": "paper"}


def _whole_rows(view: TypeView, rows: pd.DataFrame, low: float, high: float) -> go.Bar:
    """A bar over each whole row, seen only in the chosen one: what a click meets and a pointer reads."""
    value = rows.set_index(["cancer_type", "model"])["value"].to_dict()
    said = []
    for one in view.types:
        numbers = [f"{model_name(model)} {number(value.get((one, model)))}" for model in (view.model, view.naive)]
        gain = f"<br>difference in R² {gain_words(view.gains[one])}" if one in view.gains else ""
        said.append(f"{full_name(one)} ({one})<br>{', '.join(numbers)}{gain}")
    return go.Bar(
        x=[high - low] * len(said),
        y=list(range(len(said))),
        base=low,
        width=1,
        orientation="h",
        customdata=view.types,
        text=said,
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        marker={"color": [SELECTED if one == view.chosen else NOTHING for one in view.types], "opacity": 0.16},
        selected={"marker": {"opacity": 0.16}},
        unselected={"marker": {"opacity": 0.16}},
    )


def _marks(view: TypeView, rows: pd.DataFrame, colours: Palette, dark: bool) -> list[go.Scatter]:
    """Other baselines, the naive one, single networks, and on top the model."""
    model, naive = rows["model"] == view.model, (rows["model"] == view.naive) & (view.naive != view.model)
    baseline = rows["model"].isin(BASELINES)
    failed = set(undercovered(view.measures, view.model)["cancer_type"]) if view.measure == "coverage" else set()
    own = rows[model]
    outline = [FAILED[dark] if one in failed else colours.sensitive for one in own["cancer_type"]]
    return [
        _trace(rows[baseline & ~model & ~naive], "line-ns", 8, 1.2, colours.resistant),
        _trace(rows[naive], "line-ns", 15, 3, colours.resistant),
        _trace(rows[~baseline & ~model], "circle", 6, 1.2, colours.sensitive),
        _trace(own, "circle", 11, 2.5, outline, colours),
    ]


def _trace(
    rows: pd.DataFrame,
    symbol: str,
    size: int,
    width: float,
    colour: str | list[str],
    ground: Palette | None = None,
) -> go.Scatter:
    """Marks of one kind; those with a ground are filled with it and carry their interval."""
    interval_lines = {
        "type": "data",
        "symmetric": False,
        "array": (rows["upper"] - rows["value"]).fillna(0),
        "arrayminus": (rows["value"] - rows["lower"]).fillna(0),
        "color": ground.sensitive if ground else None,
        "thickness": 1.5,
        "width": 0,
    }
    return go.Scatter(
        x=rows["value"],
        y=rows["place"],
        mode="markers",
        customdata=rows["cancer_type"],
        text=[
            f"{type_name(row.cancer_type)}: {model_name(row.model)} {number(row.value)} "
            f"({interval(row.lower, row.upper)})"
            for row in rows.itertuples()
        ],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": symbol,
            "size": size,
            "color": ground.ground if ground else NOTHING,
            "line": {"color": colour, "width": width},
        },
        error_x=interval_lines if ground else None,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _sizes(view: TypeView, known: set[str]) -> list[dict[str, Any]]:
    """Annotations: numbers of pairs and lines right of every row, and where the measure is not defined."""
    right = {"x": 1, "xanchor": "left", "xshift": 6} | ON_PAPER
    found = [{"text": "pairs · lines", "y": 1, "yref": "paper", "yanchor": "bottom"} | right]
    for place, one in enumerate(view.types):
        if one in view.gains:
            gain = view.gains[one]
            found.append({"text": f"{count(gain.pairs)} · {count(gain.lines)}", "y": place} | right)
        if one not in known:
            found.append({"text": "not defined", "y": place} | right | {"xanchor": "right", "xshift": -6})
    return found


def _summary(view: TypeView, rows: pd.DataFrame) -> str:
    own = rows[rows["model"] == view.model].sort_values("value")
    if own.empty:
        return f"{MEASURE_NAMES[view.measure]} of {model_name(view.model)} is not defined for any cancer type."
    ends = [f"{type_name(row.cancer_type)} {number(row.value)}" for row in (own.iloc[0], own.iloc[-1])]
    better = sum(gain.verdict == "better" for gain in view.gains.values())
    return (
        f"{MEASURE_NAMES[view.measure]} of {model_name(view.model)} in {plural(len(own), 'cancer type')}, from "
        f"{ends[0]} to {ends[1]}. Better than {model_name(view.naive)} by R² in {better} of {len(view.gains)}."
    )


def protocol_chart(gains: Sequence[TypeGain], simulated: bool, dark: bool = False) -> Chart:
    """One cancer type under every split: the model as an open circle, the naive baseline of that split as a dash.

    gains: of the same type, in the order of the rows, not empty.
    """
    marks: list[Mark] = []
    rows: list[Row] = []
    named = [(gain.model, gain.baseline) for gain in gains]
    for place, gain in enumerate(gains):
        protocol = "Published" if gain.split == PUBLISHED_SPLIT else "Honest"
        rows.append(Row(place, f"{protocol}:<br>{SPLIT_ROWS.get(gain.split, gain.split)}"))
        base, own = gain.baseline_r2, gain.r2
        if base.value is not None:
            marks.append(Mark(place, base.value, None, None, "", model_name(gain.baseline), "baseline"))
        if own.value is not None:
            label = gain_words(gain).replace(" (95 % ", "<br>  (")
            marks.append(Mark(place, own.value, own.lower, own.upper, label, model_name(gain.model)))
    models, naive = ("; ".join(dict.fromkeys(map(model_name, names))) for names in zip(*named, strict=True))
    axis, height = "R² on held-out pairs (95 % interval)", 64 + 44 * len(gains)
    figure = forest(marks, rows, axis, dark, height=height, room=LABEL_ROOM, labels_right=True)
    low, high = figure.layout.xaxis.range
    if high > 1:  # labels need room where no R² can be
        steps = 5 if high - low > 0.5 else 10
        figure.update_xaxes(tickvals=[step / steps for step in range(-4 * steps, steps + 1)])
    return Chart(
        figure=figure,
        question="Does it hold for what was never seen?",
        caption=f"{type_name(gains[0].cancer_type)}, held-out pairs{', simulated' if simulated else ''}. Circle: "
        f"{models}. Dash: naive baseline of that split ({naive}). Number: their difference (95 % interval).",
        summary=" ".join(f"{split_name(gain.split)}: {type_verdict(gain)}" for gain in gains),
        table=pd.DataFrame(
            {
                "Split": [split_name(gain.split) for gain in gains],
                "Pairs": [gain.pairs for gain in gains],
                "Cell lines": [gain.lines for gain in gains],
                "Model": [model_name(gain.model) for gain in gains],
                "R²": pd.array([gain.r2.value for gain in gains], float),
                "Naive baseline": [model_name(gain.baseline) for gain in gains],
                "R² of the baseline": pd.array([gain.baseline_r2.value for gain in gains], float),
                "Difference": pd.array([gain.gain.value for gain in gains], float),
                "95 % interval": [interval(gain.gain.lower, gain.gain.upper) for gain in gains],
            }
        ),
    )
