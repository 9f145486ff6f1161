"""The molecules of a library ranked for a cancer type or a line: potency, selectivity and novelty in one picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import count, number, plural, setting

HEIGHT = 430
PLAIN_POINTS = 3_000  # points beyond which they are drawn with WebGL
MOST_POINTS = 20_000  # more are no picture
NAMED = 4
PADDING = 0.1  # of an axis at both ends: the name above a picked dot needs room
HEADINGS = {
    "name": "Molecule",
    "ln_ic50": "ln(IC50), µM",
    "selectivity": "Selectivity, sd",
    "share": "Sensitive lines, %",
    "reach": "Reach",
    "measured": "Measured ln(IC50)",
    "n_measured": "Lines measured",
    "novelty": "Novelty",
    "nearest_drug": "Nearest trained drug",
    "lower": "Interval from",
    "upper": "Interval to",
    "ic50_um": "IC50, µM",
    "drug_class": "Class",
    "indications": "Indications",
    "mechanism": "Mechanism",
    "target": "Target",
    "weight_g_mol": "Weight, g/mol",
}
REACH = {True: "within reach", False: "extrapolation"}


@dataclass(frozen=True)
class Asked:
    """What the molecules are ranked for.

    key: the label of a cancer type, or the COSMIC id of a line as text; name: on screen; is_type: which of both;
    n_lines: of the type, 1 of a line; below: ln(IC50) under which a line is sensitive; context: what a caption says
    of the numbers; sd: of selectivity, ln uM, and what it is relative to; caveat: what intervals come from.
    """

    key: str
    name: str
    is_type: bool
    n_lines: int
    below: float
    context: str
    sd: float = float("nan")
    relative: str = ""
    caveat: str = ""


def rank_chart(table: pd.DataFrame, asked: Asked, chosen: str | None = None, dark: bool = False) -> Chart:
    """Potency against selectivity, one open dot a molecule, coloured by novelty.

    table: not empty, in the order of the ranking, as `library_rank.by_type` and `by_line` give it; chosen: the
    molecule_id looked at. The customdata of a dot is its molecule_id.
    """
    colours = palette(dark)
    drawn = table.head(MOST_POINTS)
    far = bool((drawn["selectivity"].notna()).any())
    figure = go.Figure([_points(drawn, asked, colours, dark)])
    picked = table[table["molecule_id"] == chosen]
    if len(picked):
        figure.add_trace(_ring(picked))
    figure.add_vline(x=asked.below, line={"color": colours.muted, "width": 1, "dash": "dash"})
    figure.add_hline(y=0, line={"color": colours.muted, "width": 1})
    what = f"median of {plural(asked.n_lines, 'line')}" if asked.is_type else "predicted"
    figure.update_xaxes(
        title_text=f"ln(IC50), µM, {what}: potent at the left", range=_range(drawn["ln_ic50"], asked.below)
    )
    figure.update_yaxes(title_text="Selectivity, sd: selective below 0" if far else "Selectivity, sd: not defined")
    if far:
        figure.update_yaxes(range=_range(drawn["selectivity"], 0.0))
    styled(figure, dark, HEIGHT).update_layout(clickmode="event+select", dragmode=False, margin={"t": 8})
    return Chart(
        figure=figure,
        question="Which are potent and selective?",
        caption=_caption(table, asked),
        summary=_summary(table, asked),
        table=rank_table(table, asked),
    )


def rank_table(table: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """The ranking as a table with the names that columns have on screen, in the order given."""
    shown = table.assign(
        share=100 * table["share"].astype(float),
        reach=[REACH.get(one, "not known") for one in table["inside"].astype(object)],
        nearest_drug=table["nearest_drug"].fillna(""),
        indications=table["indications"].str.replace("|", ", "),
        target=table["target"].str.replace("|", ", "),
    )
    gone = {"lower", "upper"} if table["lower"].isna().all() else set()
    gone |= set() if asked.is_type else {"share", "n_measured"}
    gone |= set() if table["n_measured"].any() else {"measured", "n_measured"}
    columns = [name for name in HEADINGS if name not in gone]
    return shown[columns].rename(columns=HEADINGS).reset_index(drop=True)


def _points(drawn: pd.DataFrame, asked: Asked, colours: Palette, dark: bool) -> go.Scatter | go.Scattergl:
    kind = go.Scatter if len(drawn) <= PLAIN_POINTS else go.Scattergl
    novelty = drawn["novelty"].astype(float)
    known = novelty.notna().any()
    marker = {
        "symbol": "circle-open",
        "size": 8 if len(drawn) <= 1000 else 6,
        "color": novelty.fillna(0.5) if known else colours.sensitive,
        "line": {"width": 1.8},
    }
    if known:
        marker |= {"colorscale": _scale(dark), "cmin": 0.0, "cmax": 1.0, "showscale": True, "colorbar": _bar()}
    return kind(
        x=drawn["ln_ic50"].round(3),
        y=drawn["selectivity"].round(3),
        mode="markers",
        marker=marker,
        text=[_hover(row, asked) for row in drawn.itertuples()]
        if len(drawn) <= PLAIN_POINTS
        else drawn["name"].map(_short),
        customdata=drawn["molecule_id"],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        name="molecules",
    )


def _scale(dark: bool) -> list[str]:
    """Viridis without the end that cannot be seen on this ground; the newest stand out most."""
    places = np.linspace(0.25, 1.0, 7) if dark else np.linspace(0.85, 0.0, 7)
    return sample_colorscale("Viridis", list(places))


def _bar() -> dict[str, object]:
    return {
        "title": {"text": "novelty", "font": {"size": 12}},
        "thickness": 12,
        "len": 220,
        "lenmode": "pixels",
        "y": 1,
        "yanchor": "top",
        "outlinewidth": 0,
        "tickfont": {"size": 12},
        "tickvals": [0, 0.5, 1],
    }


def _ring(picked: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=picked["ln_ic50"],
        y=picked["selectivity"],
        mode="markers+text",
        marker={"symbol": "circle-open", "size": 17, "color": SELECTED, "line": {"width": 3}},
        text=[_short(name) for name in picked["name"]],
        textposition="top center",
        cliponaxis=False,
        hoverinfo="skip",
        name="picked",
    )


def _range(values: pd.Series, below: float) -> list[float]:
    low, high = min(float(values.min()), below), max(float(values.max()), below)
    margin = PADDING * (high - low) or 1.0
    return [low - margin, high + margin]


def _short(name: object) -> str:
    text = str(name)
    return (text if len(text) <= 28 else text[:27] + "…").replace("<", "&lt;")


def _hover(row: Any, asked: Asked) -> str:
    words = [
        f"<b>{_short(row.name)}</b>",
        f"ln(IC50) {number(row.ln_ic50)} ({number(row.ic50_um)} µM)",
        f"selectivity {number(row.selectivity)} sd",
    ]
    if asked.is_type:
        words.append(f"{number(100 * row.share)} % of {plural(asked.n_lines, 'line')} sensitive")
    if pd.notna(row.novelty):
        words.append(f"novelty {number(row.novelty, 2)}, nearest {_short(row.nearest_drug)}")
    return "<br>".join(words)


def _caption(table: pd.DataFrame, asked: Asked) -> str:
    words = f"{plural(len(table), 'molecule')}, {asked.context}. "
    if len(table) > MOST_POINTS:
        words += f"Drawn are the first {count(MOST_POINTS)}. "
    if asked.sd > 0:
        words += f"One sd is {number(asked.sd)} in ln(IC50), {asked.relative}. "
    what = "half of the lines are" if asked.is_type else "the line is"
    words += f"Left of the dashed line (ln(IC50) {setting(asked.below)}) {what} sensitive. "
    return words + "Colour: 1 − Tanimoto similarity to the nearest drug trained on. Click a dot to see its molecule."


def _summary(table: pd.DataFrame, asked: Asked) -> str:
    potent = table.nsmallest(NAMED, "ln_ic50")
    told = ", ".join(f"{row.name} {number(row.ln_ic50)}" for row in potent.itertuples(index=False))
    words = f"{plural(len(table), 'molecule')} ranked for {asked.name}. Lowest predicted ln(IC50): {told}. "
    words += f"{count(int((table['ln_ic50'] < asked.below).sum()))} below {setting(asked.below)}."
    selective = table[table["selectivity"].notna()].nsmallest(NAMED, "selectivity")
    told = ", ".join(f"{row.name} {number(row.selectivity)} sd" for row in selective.itertuples(index=False))
    return f"{words} Most selective: {told}." if told else words
