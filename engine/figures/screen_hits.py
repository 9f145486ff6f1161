"""The waterfall of a screen: the score of every drug, with its interval, its class and another readout beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.classes import class_colours
from engine.figures.combination_words import bars_words
from engine.figures.screens import modality_name, modality_words
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import count, in_figure, interval, number, plural
from engine.spheroid.hits import NOT_TOLD
from engine.spheroid.settings import HIT_DSS

HEIGHT = 430
NAMED = 90  # so many bars have room for their names; of more drugs the strongest STRONGEST are drawn
STRONGEST = 75
LEFT_OUT = "left out: "  # how the reason of an excluded drug begins
STRIP, BELOW = 1.6, 2.6  # height of the strip of classes and where it begins, DSS units
LONGEST = 18  # signs of a name below its bar
LEAST_TOP = 16.0  # so that the threshold stands in the picture where nothing hits


@dataclass(frozen=True)
class HitView:
    """What the waterfall shows.

    rows: of `hits.hit_rows`, in the order of the bars. chosen: the drug that is outlined. modality, beside: readouts;
    beside '' for none. expected: drugs known to hit this sample. groups: the class of every drug of the screen, so
    that colours stay when drugs are filtered. context: data, for the caption.
    """

    rows: pd.DataFrame
    chosen: str
    modality: str
    beside: str
    expected: tuple[str, ...]
    groups: tuple[str, ...]
    context: str


def drawn(view: HitView) -> pd.DataFrame:
    """The rows that stand in the picture: all, or the strongest with the chosen and the expected ones."""
    rows = view.rows
    if len(rows) <= NAMED:
        return rows.reset_index(drop=True)
    keep = rows["dss_asym"].rank(method="first", ascending=False) <= STRONGEST
    return rows[keep | rows["drug"].isin((view.chosen, *view.expected))].reset_index(drop=True)


def waterfall(view: HitView, dark: bool = False) -> Chart:
    """DSS_asym of every drug, in the order given. A bar's customdata is its drug. Rows may be empty."""
    colours, rows = palette(dark), drawn(view)
    place = np.arange(len(rows))
    figure = go.Figure()
    figure.add_trace(_bars(rows, place, view, colours))
    figure.add_trace(_intervals(rows, place, colours))
    if rows["beside"].notna().any():
        figure.add_trace(_beside(rows, place, view, colours))
    for trace in (*_without(rows, place, colours), *_expected(rows, place, view, colours)):
        figure.add_trace(trace)
    classes = bool(set(view.rows["group"]) - {NOT_TOLD})
    if classes:
        for trace in _classes(rows, place, view, dark):
            figure.add_trace(trace)
    top = np.nanmax([LEAST_TOP, *rows[["dss_asym", "dss_upper", "beside"]].max().to_list()])
    _axes(figure, rows, float(top), (rows["drug"] == view.chosen).to_numpy(), colours)
    return Chart(
        figure=styled(figure, dark, HEIGHT).update_layout(
            barmode="overlay", bargap=0.2, showlegend=classes, margin={"t": 34 if classes else 12},
            legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"size": 12},
                    "itemclick": False, "itemdoubleclick": False},
        ),
        question="Which drugs kill this tumour's spheroids?",
        caption=_caption(rows, view),
        summary=_summary(view),
        table=hit_table(view.rows, view.beside, view.expected),
    )  # fmt: skip


def _bars(rows: pd.DataFrame, place: np.ndarray, view: HitView, colours: Palette) -> go.Bar:
    chosen = rows["drug"] == view.chosen
    return go.Bar(
        x=place,
        y=rows["dss_asym"].round(2),
        width=0.8,
        marker={
            "color": np.where(rows["hit"], colours.sensitive, colours.resistant),
            "line": {"color": SELECTED, "width": np.where(chosen, 3 if len(rows) <= 45 else 1.5, 0)},
        },
        unselected={"marker": {"opacity": 1}},
        customdata=rows["drug"],
        hovertext=[hover(row, view) for row in rows.to_dict("records")],
        hoverinfo="text",
        showlegend=False,
    )


def _intervals(rows: pd.DataFrame, place: np.ndarray, colours: Palette) -> go.Scatter:
    nothing = np.full(len(rows), np.nan)
    ends = np.column_stack([rows["dss_lower"], rows["dss_upper"], nothing]).ravel().astype(float).round(2)
    return go.Scatter(
        x=np.column_stack([place, place, nothing]).ravel(), y=ends, mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": colours.text, "width": 1}, opacity=0.75,
    )  # fmt: skip


def _beside(rows: pd.DataFrame, place: np.ndarray, view: HitView, colours: Palette) -> go.Scatter:
    size = 20 if len(rows) <= 30 else 12 if len(rows) <= 60 else 8
    return go.Scatter(
        x=place,
        y=rows["beside"].round(2),
        mode="markers",
        marker={"symbol": "line-ew-open", "size": size, "color": colours.text, "line": {"width": 2}},
        customdata=rows["drug"],
        unselected={"marker": {"opacity": 1}},
        hovertext=[hover(row, view) for row in rows.to_dict("records")],
        hoverinfo="text",
        showlegend=False,
    )


def _without(rows: pd.DataFrame, place: np.ndarray, colours: Palette) -> list[go.Scatter]:
    """Drugs without a score: a cross where somebody left them out, a question mark where there is no fit."""
    out = rows["reason"].str.startswith(LEFT_OUT)
    traces = []
    for which, sign in ((out, "×"), (~out, "?")):
        mine = which & rows["dss_asym"].isna()
        if mine.any():
            traces.append(
                go.Scatter(
                    x=place[mine], y=np.full(int(mine.sum()), 0.9), mode="text", text=[sign] * int(mine.sum()),
                    textfont={"size": 16, "color": colours.text}, customdata=rows.loc[mine, "drug"], hoverinfo="text",
                    hovertext=[f"<b>{in_figure(row.name_)}</b><br>{in_figure(why(row.reason), 120)}"
                               for row in rows[mine].rename(columns={"name": "name_"}).itertuples()],
                    showlegend=False,
                )
            )  # fmt: skip
    return traces


def why(reason: object) -> str:
    """Why a drug has no score: left out by somebody, or no fit."""
    text = str(reason or "")
    return text[:1].upper() + text[1:] if text.startswith(LEFT_OUT) else f"No fit: {text or 'not told why'}"


def _expected(rows: pd.DataFrame, place: np.ndarray, view: HitView, colours: Palette) -> list[go.Scatter]:
    mine = rows["drug"].isin(view.expected)
    if not mine.any():
        return []
    highest = rows[["dss_asym", "dss_upper", "beside"]].max(axis=1).fillna(2.5)
    return [
        go.Scatter(
            x=place[mine], y=highest[mine] + 1.6, mode="markers", hoverinfo="text", showlegend=False,
            marker={"symbol": "star", "size": 9, "color": colours.text},
            hovertext=[f"{in_figure(drug)}: expected to hit" for drug in rows.loc[mine, "drug"]],
            customdata=rows.loc[mine, "drug"], unselected={"marker": {"opacity": 1}},
        )
    ]  # fmt: skip


def _classes(rows: pd.DataFrame, place: np.ndarray, view: HitView, dark: bool) -> list[go.Bar]:
    """A strip below the bars, one trace a class so that the legend names it."""
    known = class_colours((group for group in view.groups if group != NOT_TOLD), dark)
    grey = palette(dark).resistant
    named = [group for group, colour in known.items() if colour != grey]
    traces = []
    for group in [*named, ""]:
        mine = rows["group"] == group if group else ~rows["group"].isin(named)
        if mine.any():
            own = rows[mine]
            traces.append(
                go.Bar(
                    x=place[mine], y=np.full(len(own), -STRIP), base=-BELOW + STRIP, width=1.0,
                    name=in_figure(group or "Other", 30), customdata=own["drug"],
                    marker={"color": known.get(group, grey), "line": {"width": 0}},
                    hovertext=[in_figure(class_words(row)) for row in own.to_dict("records")],
                    hoverinfo="text", unselected={"marker": {"opacity": 1}},
                )
            )  # fmt: skip
    return traces


def class_words(row: dict[str, Any]) -> str:
    """Kinase inhibitor: MEK."""
    return f"{row['group']}: {row['subgroup']}" if row["subgroup"] else str(row["group"])


def hover(row: dict[str, Any], view: HitView) -> str:
    """What a label by the pointer says of a drug."""
    lines = [f"<b>{in_figure(row['name'])}</b> ({in_figure(class_words(row))})"]
    if pd.isna(row["dss_asym"]):
        lines.append(in_figure(why(row["reason"]), 120))
    else:
        lines.append(f"DSS {number(row['dss_asym'])} ({interval(row['dss_lower'], row['dss_upper'])})")
        lines.append(f"IC50 {number(row['ic50_nm'])} nM, goodness of fit {number(row['gof'], 2)}")
    if pd.notna(row["beside"]):
        lines.append(f"{modality_name(view.beside)}: DSS {number(row['beside'])}")
    if pd.notna(row["sdss"]):
        lines.append(f"sDSS {number(row['sdss'])}")
    return "<br>".join(lines)


def _axes(figure: go.Figure, rows: pd.DataFrame, top: float, chosen: np.ndarray, colours: Palette) -> None:
    n = len(rows)
    for at in np.flatnonzero(chosen):  # a bar of no height has no outline
        figure.add_shape(
            type="rect", x0=at - 0.5, x1=at + 0.5, y0=-BELOW, y1=0, line={"color": SELECTED, "width": 2}, layer="above"
        )  # fmt: skip
    figure.add_hline(HIT_DSS, line={"color": SELECTED, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=1, xref="x domain", y=HIT_DSS, text=f"hit: DSS {HIT_DSS:g}", showarrow=False, xanchor="right",
        yanchor="bottom", font={"color": colours.text}, bgcolor=colours.ground, opacity=0.85,
    )  # fmt: skip
    added = set(rows["addon"]) - {""}
    names = rows["drug"] + np.where(rows["addon"] == "", "", " +") if len(added) == 1 else rows["name"]
    short = [in_figure(name, LONGEST) for name in names]
    figure.update_xaxes(
        tickvals=list(range(n)),
        ticktext=[f"<b>{name}</b>" if one else name for name, one in zip(short, chosen, strict=True)],
        tickangle=-55 if n <= 45 else -90,
        tickfont={"size": 12 if n <= 60 else 10},
        range=[-0.7, max(n, 8) - 0.3],
        showgrid=False,
    )
    figure.update_yaxes(
        title_text="DSS (asymmetric), 0 to 50",
        range=[-BELOW - 0.4, min(54.0, top + 3)],
        tickvals=list(range(0, 51, 10)),
    )


def _caption(rows: pd.DataFrame, view: HitView) -> str:
    told = [f"{count(len(rows))} of {bars_words(view.rows)} drawn, {view.context}."]
    if len(rows) < len(view.rows):
        told = [f"The strongest {count(len(rows))} of {bars_words(view.rows)}, {view.context}; the table has all."]
    told += [f"+: with {one}." for one in added] if len(added := set(rows["addon"]) - {""}) == 1 else []
    told.append("Thin line: 95 % interval. Teal: hit. Orange outline: selected.")
    if rows["beside"].notna().any():
        told.append(f"Tick: {modality_words(view.beside)}.")
    if rows["drug"].isin(view.expected).any():
        told.append("Star: expected to hit.")
    missing = rows["dss_asym"].isna()
    out = rows["reason"].str.startswith(LEFT_OUT)
    if (missing & out).any():
        told.append("×: left out.")
    if (missing & ~out).any():
        told.append("?: no fit.")
    return " ".join(told)


def _summary(view: HitView) -> str:
    rows = view.rows
    scored = rows.dropna(subset=["dss_asym"])
    if scored.empty:
        return f"None of {plural(len(rows), 'drug')} has a score."
    hits, best = int(rows["hit"].sum()), scored.nlargest(3, "dss_asym")
    first = ", ".join(f"{name} {number(dss)}" for name, dss in zip(best["name"], best["dss_asym"], strict=True))
    without = f" {plural(len(rows) - len(scored), 'drug')} without a score." if len(scored) < len(rows) else ""
    return (
        f"{count(hits)} of {plural(len(rows), 'drug')} with a DSS of {HIT_DSS:g} or more. Strongest: {first}.{without}"
    )


def hit_table(rows: pd.DataFrame, beside: str, expected: Sequence[str] = ()) -> pd.DataFrame:
    """All scores as they stand on screen, in the order given. rows: of `hits.hit_rows`."""
    columns = {
        "Drug": rows["name"],
        **(
            {}
            if (rows["group"] == NOT_TOLD).all()
            else {"Class": [class_words(row) for row in rows[["group", "subgroup"]].to_dict("records")]}
        ),
        "DSS": rows["dss_asym"],
        "95 % interval": [interval(*ends) for ends in zip(rows["dss_lower"], rows["dss_upper"], strict=True)],
        "Hit": np.where(rows["hit"], "hit", ""),
        "Expected": np.where(rows["drug"].isin(expected), "expected", ""),
        **({f"DSS, {modality_words(beside)}": rows["beside"]} if beside else {}),
        "IC50, nM": rows["ic50_nm"],
        "Relative IC50, nM": rows["rel_ic50_nm"],
        "Highest effect, %": rows["imax"],
        "Goodness of fit": rows["gof"],
        "p": rows["p_value"],
        "DSS1": rows["dss1"],
        "DSS2": rows["dss2"],
        "DSS3": rows["dss3"],
        "Wells": rows["n_wells"].astype("Int64"),
        "Without a score": [why(row.reason) if pd.isna(row.dss_asym) else "" for row in rows.itertuples()],
    }
    for name, title in (("sdss", "sDSS"), ("zdss", "zDSS"), ("rdss", "rDSS"), ("dcdss", "dcDSS")):
        if rows[name].notna().any():
            columns[title] = rows[name].astype(float)
    return pd.DataFrame(columns).reset_index(drop=True)
