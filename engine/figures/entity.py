"""One drug or one cell line: where its R² stands among all others, and what stands out in its responses."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import count, model_name, number, plural, setting
from engine.response.settings import BASELINES

HEIGHT = 360
BINS = (0.02, 0.05, 0.1)  # of R2; the first of which there are at most 25
FLOOR = -1.0  # lower R2 stand together in the first bar: one of -20 would squeeze all others into the last one
ENOUGH = 10  # pairs; R2 of fewer is mostly chance, so such a drug or line is not named best or worst
_COLUMN = {"observed": "Observed", "predicted": "Predicted", "naive": "Baseline"}
FEW_LINES = 3  # a median of fewer says little about a cancer type
SHOWN = 12  # rows of a chart; the table has all


def r2_histogram(
    spreads: pd.DataFrame, naive: pd.DataFrame, entity: int, subject: str, model: str, context: str, dark: bool = False
) -> Chart:
    """How R² of single drugs (lines) is distributed, with this one marked and the best and the worst named.

    spreads: as `entity_records.spreads` gives them for `model`; naive: the same for the naive baseline, may be empty.
    """
    word = "drug" if subject == "drug" else "cell line"
    known = spreads.dropna(subset=["r2"]).sort_values("r2", kind="stable")
    colours = palette(dark)
    figure = go.Figure()
    lowest = max(FLOOR, float(known["r2"].min())) if len(known) else 0.0
    width = next((width for width in BINS if (1 - lowest) / width <= 25), BINS[-1])
    edges = np.arange(np.floor(lowest / width + 1e-9), round(1 / width) + 1) * width
    counts, _ = np.histogram(known["r2"].clip(lower=edges[0], upper=1.0), bins=edges)
    figure.add_trace(
        go.Bar(
            x=(edges[:-1] + width / 2).round(3),
            y=counts,
            width=width * 0.94,
            marker={"color": colours.resistant if model in BASELINES else colours.sensitive, "opacity": 0.6},
            customdata=[_range(low, high, edges[0]) for low, high in pairwise(edges)],
            hovertemplate=f"R² %{{customdata}}: %{{y}} {word}s<extra></extra>",
        )
    )
    named = known[known["n"] >= ENOUGH] if (known["n"] >= ENOUGH).any() else known
    own = known[known["id"] == entity]
    if len(named):
        ends = {"worst: ": named.iloc[0], "best: ": named.iloc[-1]}
        for (which, row), height in zip(ends.items(), (1.26, 1.16), strict=True):
            if row["id"] != entity:
                _pointer(figure, row, edges[0], height, which, colours.muted)
        for row in own.to_dict("records"):
            which = next((which for which, end in ends.items() if end["id"] == entity), "")
            _pointer(figure, row, edges[0], 1.06, which, SELECTED, 2.5)
    figure.update_xaxes(title_text=f"R² of one {word} on its held-out pairs", range=[edges[0] - 0.02, 1.02])
    figure.update_yaxes(title_text=f"{word.capitalize()}s", rangemode="tozero", dtick=1 if counts.max() <= 5 else None)
    styled(figure, dark, HEIGHT).update_layout(margin={"t": 70}, bargap=0)
    below = int((known["r2"] < FLOOR).sum())
    return Chart(
        figure=figure,
        question=f"Is it an easy or a hard {word}?",
        caption=_histogram_caption(spreads, known, naive, word, model, context, below),
        summary=_histogram_summary(known, named, own, word),
        table=_spread_table(spreads, word),
    )


def _range(low: float, high: float, first: float) -> str:
    upper = setting(round(high, 2))
    return f"below {upper}" if low == first == FLOOR else f"{setting(round(low, 2))} to {upper}"


def _pointer(figure: go.Figure, row: Any, low: float, height: float, which: str, colour: str, width: float = 1) -> None:
    """A line down from above the bars at the R² of a row, and its name and value beside it, on the roomier side."""
    x = max(float(row["r2"]), low)
    figure.add_shape(
        type="line", x0=x, x1=x, y0=0, y1=height, yref="y domain", line={"color": colour, "width": width}, layer="above"
    )
    left = x > (low + 1) / 2
    figure.add_annotation(
        x=x,
        y=height,
        yref="y domain",
        text=f"{which}{row['name']} {number(row['r2'])}",
        showarrow=False,
        xanchor="right" if left else "left",
        yanchor="middle",
        xshift=-5 if left else 5,
    )


def _histogram_caption(
    spreads: pd.DataFrame, known: pd.DataFrame, naive: pd.DataFrame, word: str, model: str, context: str, below: int
) -> str:
    text = f"{plural(len(known), word)}, {model_name(model).lower()}, {context}. Median {number(known['r2'].median())}"
    if len(naive):
        text += f"; strongest naive baseline {number(naive['r2'].median())}"
    text += f". Best and worst of those with at least {ENOUGH} pairs."
    if below:
        text += f" First bar: {plural(below, word)} below {number(FLOOR, 1)}."
    if missing := len(spreads) - len(known):
        text += f" Not defined for {plural(missing, word)} with fewer than 3 pairs or one measured value."
    return text


def _histogram_summary(known: pd.DataFrame, named: pd.DataFrame, own: pd.DataFrame, word: str) -> str:
    if known.empty:
        return f"R² is not defined for any {word}: none has three held-out pairs whose measurements differ."
    text = f"R² of {plural(len(known), word)}: median {number(known['r2'].median())}. "
    for row, which in ((named.iloc[-1], "Best"), (named.iloc[0], "Worst")):
        text += f"{which}: {row['name']} {number(row['r2'])} (n {count(row['n'])}). "
    for row in own.to_dict("records"):
        rank = int((known["r2"] > row["r2"]).sum()) + 1
        text += f"{row['name']} is number {count(rank)} of {count(len(known))} with {number(row['r2'])}."
    return text.strip()


def _spread_table(spreads: pd.DataFrame, word: str) -> pd.DataFrame:
    names = {
        "name": word.capitalize(),
        "r2": "R²",
        "n": "Pairs",
        "rmse": "RMSE, ln µM",
        "bias": "Mean residual, ln µM",
        "sd": "SD of observed, ln µM",
        "low": "Lowest observed",
        "high": "Highest observed",
    }
    return spreads.sort_values("r2", ascending=False, kind="stable")[list(names)].rename(columns=names)


def type_medians(pairs: pd.DataFrame, model: str, naive: str, context: str, dark: bool = False) -> Chart:
    """Median observed and predicted ln(IC50) of a drug per cancer type, the most sensitive types first.

    pairs: not empty; as `entity_records.held_out` or, without predictions, `measured` give them for a drug.
    naive: the baseline whose median stands as a dash.
    """
    groups = pairs.assign(grp=pairs["grp"].fillna("type unknown")).groupby("grp")
    wanted = ("observed", "predicted") if naive == model else ("observed", "predicted", "naive")
    known = [name for name in wanted if name in pairs and pairs[name].notna().any()]
    rows = groups[known].median().assign(n=groups.size()).sort_values("observed", kind="stable")
    rows = rows.reset_index(names="label")
    drawn = rows[rows["n"] >= FEW_LINES] if (rows["n"] >= FEW_LINES).any() else rows
    first = drawn.iloc[0]
    marks = ["Filled: observed."]
    if "predicted" in known:
        marks.append(f"{_mark(model)}.")
    if "naive" in known:
        marks.append(f"Grey dash: {model_name(naive).lower()}.")
    few = len(rows) - len(drawn)
    hidden = f" ({plural(few, 'more type')} with fewer than {FEW_LINES}: see the table)" if few else ""
    kind = "held-out" if "predicted" in known else "measured"
    names = {name: f"{_COLUMN[name]} median ln(IC50), µM" for name in known}
    return Chart(
        figure=_dots(drawn.head(SHOWN), "Median ln(IC50), µM", model, dark),
        question="Which cancer types are most sensitive?",
        caption=f"{_of(len(drawn), 'cancer type')}, lowest observed median first; in brackets the {kind} lines"
        f"{hidden}. {_sentence(context)} {' '.join(marks)}",
        summary=f"Most sensitive of {plural(len(rows), 'cancer type')}: {first['label']} (n {count(first['n'])}), "
        + ", ".join(f"{_COLUMN[name].lower()} median {number(first[name])}" for name in known)
        + ".",
        table=rows.rename(columns={"label": "Cancer type", "n": f"{kind.capitalize()} lines", **names}),
    )


def relative_sensitivity(pairs: pd.DataFrame, model: str, naive: str, context: str, dark: bool = False) -> Chart | None:
    """Drugs that a line is predicted to be more sensitive to than other lines are.

    pairs: as `entity_records.held_out` gives them for a line, with the columns of `z_scores`.
    None where no drug has the three lines that a z-score takes.
    """
    known = pairs.dropna(subset=["z_predicted", "z_observed"])
    if known.empty:
        return None
    rows = known.sort_values(["z_predicted", "name"], kind="stable").reset_index(drop=True)
    shown = pd.DataFrame({"label": rows["name"], "observed": rows["z_observed"], "predicted": rows["z_predicted"]})
    agree, agree_naive = _r(rows["z_observed"], rows["z_predicted"]), _r(rows["z_observed"], rows["z_naive"])
    first = rows.iloc[0]
    names = {
        "name": "Drug",
        "grp": "Target pathway",
        "z_predicted": "Predicted z",
        "z_observed": "Observed z",
        "z_naive": "Baseline z",
        "predicted": "Predicted ln(IC50), µM",
        "observed": "Observed ln(IC50), µM",
    }
    return Chart(
        figure=_dots(shown.head(SHOWN), "z-score against other held-out lines", model, dark),
        question="What is it more sensitive to than other lines?",
        caption=f"{_of(len(rows), 'held-out drug')}, lowest predicted z-score first: standard deviations from the "
        f"drug's mean over the lines of the same fold; below 0 is more sensitive. {_sentence(context)} "
        f"Filled: observed. {_mark(model)}. Pearson r of the two over {plural(len(rows), 'drug')}: {number(agree)}; "
        f"{model_name(naive).lower()} {number(agree_naive)}.",
        summary=f"Of {plural(len(rows), 'drug')} the line is predicted most sensitive, against other lines, to "
        f"{first['name']}: z {number(first['z_predicted'])}, observed {number(first['z_observed'])}. "
        f"Pearson r between predicted and observed z-scores {number(agree)}.",
        table=rows[list(names)].astype({"z_naive": float}).rename(columns=names),
    )


def _r(a: pd.Series, b: pd.Series) -> float | None:
    """Pearson r; None below 3 pairs or for a constant."""
    both = pd.DataFrame({"a": a.astype(float), "b": b.astype(float)}).dropna()
    return float(both["a"].corr(both["b"])) if len(both) >= 3 and (both.std() > 1e-9).all() else None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _of(n: int, what: str) -> str:
    return f"{count(SHOWN)} of {plural(n, what)}" if n > SHOWN else plural(n, what)


def _mark(model: str) -> str:
    return f"{'Dash' if model in BASELINES else 'Open'}: {model_name(model).lower()}"


def _dots(rows: pd.DataFrame, axis: str, model: str, dark: bool) -> go.Figure:
    """One row per label: observed filled, predicted open, and where there is one the naive baseline as a dash."""
    colours = palette(dark)
    places = list(range(len(rows)))
    figure = go.Figure()
    if "predicted" in rows:
        figure.add_trace(
            go.Scatter(
                x=np.column_stack([rows["observed"], rows["predicted"], np.full(len(rows), np.nan)]).ravel(),
                y=np.column_stack([places, places, places]).ravel(),
                mode="lines",
                line={"color": colours.grid, "width": 2},
                hoverinfo="skip",
            )
        )
    if "naive" in rows:
        figure.add_trace(_marks(rows, "naive", places, "line-ns", colours.resistant, colours.ground, 12))
    figure.add_trace(_marks(rows, "observed", places, "circle", colours.text, colours.text, 8))
    if "predicted" in rows:
        symbol, colour = ("line-ns", colours.resistant) if model in BASELINES else ("circle", colours.sensitive)
        figure.add_trace(_marks(rows, "predicted", places, symbol, colour, colours.ground, 9))
    labels = (
        [f"{label} ({count(n)})" for label, n in zip(rows["label"], rows["n"], strict=True)]
        if "n" in rows
        else list(rows["label"])
    )
    figure.update_yaxes(
        tickvals=places, ticktext=labels, range=[len(rows) - 0.4, -0.6], ticksuffix="  ", showgrid=False
    )
    figure.update_xaxes(title_text=axis)
    return styled(figure, dark, HEIGHT)


def _marks(
    rows: pd.DataFrame, column: str, places: list[int], symbol: str, colour: str, fill: str, size: int
) -> go.Scatter:
    return go.Scatter(
        x=rows[column].astype(float).round(3),
        y=places,
        mode="markers",
        name=column,
        text=[f"{label}: {column} {number(value)}" for label, value in zip(rows["label"], rows[column], strict=True)],
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": symbol, "size": size, "color": fill, "line": {"color": colour, "width": 2}},
    )
