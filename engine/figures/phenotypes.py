"""The map of phenotypes: every drug at its highest dose and all controls, near to what looks alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.classes import OTHER, class_colours
from engine.figures.template import SELECTED, SEQUENTIAL, Chart, Palette, palette, styled
from engine.figures.text import count, in_figure, number, plural

HEIGHT, LEGEND_PX = 450, 21  # without the legend; of one of its rows
LEGEND_ROWS = 18  # more are scrolled through
MANY = 400  # drug wells from which points are smaller and without names
NAMED = 36  # subclasses with a look of their own; of more, only those of classes with a colour
LABEL_PX, LINE_PX, PLOT_PX = 6.0, 12.0, (560.0, 380.0)  # of a sign, of a line; the plot itself where it is narrow
HUES = {"class": "Class", "subclass": "Subclass", "dss": "DSS", "replicate": "Replicate", "plate": "Plate"}
MAPS = {"tsne": "t-SNE", "umap": "UMAP"}
CONTROLS = {
    "negative": ("Negative control", "circle-open"),
    "positive": ("Positive control", "x-open"),
    "metabolic_positive": ("Positive, metabolic", "diamond-open"),
    "untreated": ("Untreated", "square-open"),
}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "pentagon")
NOT_TOLD = "Not told"


@dataclass(frozen=True)
class MapView:
    """What the map shows.

    wells: of `phenotype_records.features` with well (P1_D05), name (drug with its addition), short (abbreviation),
    group, subgroup, dss (0 to 50, NaN where there is none), left_out (bool). map: of MAPS. hue: of HUES. drug, well:
    selected; '' for none. replicates: a sentence on whether they look alike. lasso: whether a drag draws one.
    """

    wells: pd.DataFrame
    map: str = "tsne"
    hue: str = "class"
    drug: str = ""
    well: str = ""
    replicates: str = ""
    lasso: bool = False
    drugs: pd.DataFrame = field(init=False, repr=False)
    told: pd.Series = field(init=False, repr=False)  # what is in each well, on hover

    def __post_init__(self) -> None:
        object.__setattr__(self, "drugs", self.wells[self.wells["well_type"] == "therapy"])
        told = pd.Series([_told(well) for well in self.wells.itertuples()], index=self.wells.index, dtype=object)
        object.__setattr__(self, "told", told)

    def xy(self, wells: pd.DataFrame) -> dict[str, pd.Series]:
        """Where wells lie on the map."""
        return {axis: wells[f"{self.map}_{axis}"] for axis in "xy"}


def phenotype_map(view: MapView, context: str, dark: bool = False) -> Chart:
    """Points to hover, to click and to lasso; their customdata is the well. context: screen, run."""
    colours = palette(dark)
    figure = go.Figure(_controls(view, colours))
    figure.add_traces(_scored(view, colours) if view.hue == "dss" else _grouped(view, dark))
    _marks(figure, view, colours)
    figure.update_xaxes(title_text=f"{MAPS[view.map]} 1", showticklabels=False)
    figure.update_yaxes(title_text=f"{MAPS[view.map]} 2", showticklabels=False)
    entries = sum(trace.showlegend is not False for trace in figure.data)
    rows = min(LEGEND_ROWS, math.ceil(entries / (2 if view.hue == "subclass" else 3)))
    styled(figure, dark, HEIGHT + LEGEND_PX * rows)
    figure.update_layout(
        dragmode="lasso" if view.lasso else False, clickmode="event" if view.lasso else "event+select",
        showlegend=True, margin={"b": 8},
        legend={
            "orientation": "h", "y": -0.08, "yanchor": "top", "x": 0, "font": {"size": 12},
            "maxheight": LEGEND_PX * LEGEND_ROWS,
        },
    )  # fmt: skip
    n, out = len(view.drugs), int(view.wells["left_out"].sum())
    crossed = f" Crossed: {plural(out, 'excluded well')}, which counts for nothing here." if out else ""
    if out > 1:
        crossed = crossed.replace("which counts", "which count")
    scored = " DSS of all replicates together." if view.hue == "dss" else ""
    return Chart(
        figure=figure,
        question="Which drugs make spheroids look alike?",
        caption=f"{plural(n, 'drug well')} at the highest dose and {plural(len(view.wells) - n, 'control well')}, "
        f"{context}. {MAPS[view.map]} of the components that hold 95 % of the variance: what lies close looks alike, "
        f"distances between groups mean nothing. Replicates of the chosen drug are joined.{scored}{crossed}",
        summary=_summary(view),
        table=_table(view),
    )


def _controls(view: MapView, colours: Palette) -> list[go.Scatter]:
    traces = []
    for kind, (name, symbol) in CONTROLS.items():
        mine = view.wells[view.wells["well_type"] == kind]
        if len(mine):
            marker = {"symbol": symbol, "size": 8, "color": colours.resistant, "line": {"width": 1.3}}
            traces.append(_points(view, mine, marker, f"{name} ({len(mine)})"))
    return traces


def _grouped(view: MapView, dark: bool) -> list[go.Scatter]:
    """A trace a class, subclass, replicate or plate, in the order of the legend."""
    names, texts = group_names(view), None
    if view.hue == "subclass":
        if names.nunique() > NAMED:
            coloured = [*_colours(_classes_of(view), dark), NOT_TOLD]
            names = names.where(names.str.partition(": ")[0].isin(coloured), OTHER)
        looks = subclass_looks(names, _classes_of(view), dark)
        texts = _labels(view) if len(view.drugs) <= MANY else pd.Series("", index=view.drugs.index)
    elif view.hue == "class":
        colours = _colours(_classes_of(view), dark)
        names = names.where(names.isin([*colours, NOT_TOLD]), OTHER)
        grey = palette(dark).resistant
        looks = {name: (colour, SYMBOLS[0]) for name, colour in colours.items()}
        looks |= {OTHER: (grey, SYMBOLS[0]), NOT_TOLD: (grey, "circle-open-dot")}
    else:
        order = sorted(names.unique(), key=lambda name: (len(name), name))
        colours = class_colours(order, dark)
        looks = {name: (colours[name], SYMBOLS[i % len(SYMBOLS)]) for i, name in enumerate(order)}
    traces = []
    for name, (colour, symbol) in looks.items():
        mine = view.drugs[names == name]
        if len(mine):
            marker = {"symbol": symbol, "size": _size(view), "color": colour}
            traces.append(_points(view, mine, marker, f"{in_figure(name, 40)} ({len(mine)})", texts))
    return traces


def _size(view: MapView) -> int:
    return 10 if len(view.drugs) <= MANY else 7


def group_names(view: MapView) -> pd.Series:
    """What colours each drug well, in words."""
    drugs = view.drugs
    if view.hue == "replicate":
        return "Replicate " + drugs["replicate"].astype(int).astype(str)
    if view.hue == "plate":
        return "Plate " + drugs["plate"].astype(str)
    told = drugs["group"].where(drugs["group"] != "", NOT_TOLD)
    if view.hue == "class":
        return told
    return told.where(drugs["subgroup"] == "", told + ": " + drugs["subgroup"])


def _classes_of(view: MapView) -> list[str]:
    """The class of every drug that has one, once a drug: what colours count in every chart of a screen."""
    drugs = view.drugs.drop_duplicates("treatment")
    return [str(group) for group in drugs["group"] if group]


def _colours(groups: list[str], dark: bool) -> dict[str, str]:
    """Classes with a colour of their own."""
    grey = palette(dark).resistant
    return {name: colour for name, colour in class_colours(groups, dark).items() if colour != grey}


def subclass_looks(names: pd.Series, groups: list[str], dark: bool) -> dict[str, tuple[str, str]]:
    """Subclass -> colour of its class and a symbol of its own within that colour, in order of name.

    groups: the class of every drug.
    """
    colours, grey = _colours(groups, dark), palette(dark).resistant
    seen: dict[str, int] = {}
    looks = {}
    for name in sorted(names.unique()):
        colour = colours.get(name.partition(": ")[0], grey)
        looks[name] = (colour, SYMBOLS[seen.get(colour, 0) % len(SYMBOLS)])
        seen[colour] = seen.get(colour, 0) + 1
    return looks


def _labels(view: MapView) -> pd.Series:
    """Abbreviations beside drug wells, each where it hides no other; a drug is named once, the strongest first."""
    drugs = view.drugs.sort_values("dss", ascending=False, na_position="last", kind="stable")
    xy = np.column_stack(list(view.xy(drugs).values())).astype(float)
    everything = np.column_stack(list(view.xy(view.wells).values())).astype(float)
    place = (xy - np.nanmin(everything, axis=0)) / np.maximum(np.ptp(everything, axis=0), 1e-9) * PLOT_PX
    texts, named, taken = pd.Series("", index=drugs.index), set(), np.empty((0, 3))
    for at, (index, drug, short) in enumerate(zip(drugs.index, drugs["name"], drugs["short"], strict=True)):
        half = LABEL_PX * len(short) / 2
        beside = np.abs(taken[:, 0] - place[at, 0]) < taken[:, 2] + half
        if drug not in named and not (beside & (np.abs(taken[:, 1] - place[at, 1]) < LINE_PX)).any():
            texts[index] = escape(short)
            taken = np.vstack([taken, [*place[at], half]])
            named.add(drug)
    return texts


def _scored(view: MapView, colours: Palette) -> list[go.Scatter]:
    drugs, traces = view.drugs, []
    known, unknown = drugs[drugs["dss"].notna()], drugs[drugs["dss"].isna()]
    if len(known):
        marker = {
            "size": _size(view), "color": known["dss"], "colorscale": SEQUENTIAL, "cmin": 0,
            "cmax": max(20.0, float(known["dss"].max())), "line": {"width": 0.6, "color": colours.muted},
            "colorbar": {"title": {"text": "DSS", "font": {"size": 12}}, "thickness": 12, "len": 0.7},
        }  # fmt: skip
        traces.append(_points(view, known, marker, f"Drug ({len(known)})"))
    if len(unknown):
        marker = {"size": _size(view) - 1, "symbol": "circle-open-dot", "color": colours.muted}
        traces.append(_points(view, unknown, marker, f"Drug without a score ({len(unknown)})"))
    return traces


def _points(
    view: MapView, wells: pd.DataFrame, marker: Mapping, name: str, texts: pd.Series | None = None
) -> go.Scatter:
    labelled = texts is not None
    return go.Scatter(
        **view.xy(wells),
        mode="markers+text" if labelled else "markers",
        text=texts[wells.index] if texts is not None else None,
        textposition="top center",
        textfont={"size": 10},
        name=name,
        marker=dict(marker),
        customdata=wells["well"],
        hovertext=view.told[wells.index],
        hoverinfo="text",
        unselected={"marker": {"opacity": 0.2}, **({"textfont": {"color": "rgba(0,0,0,0)"}} if labelled else {})},
    )


def _told(well) -> str:
    """What is in a well, on hover."""
    name = well.name or CONTROLS.get(well.well_type, (well.well_type,))[0]
    lines = [f"<b>{in_figure(name)}</b> {in_figure(well.well)}"]
    if np.isfinite(well.conc_nm):
        lines.append(f"{number(well.conc_nm)} nM" + (f", DSS {number(well.dss)}" if np.isfinite(well.dss) else ""))
    group = in_figure(": ".join(part for part in (well.group, well.subgroup) if part))
    return "<br>".join([*lines, *([group] if group else []), *(["<i>excluded</i>"] if well.left_out else [])])


def _marks(figure: go.Figure, view: MapView, colours: Palette) -> None:
    """Crosses over excluded wells; the chosen drug's wells ringed, joined and named; the chosen well ringed twice."""
    out = view.wells[view.wells["left_out"]]
    quiet = {"hoverinfo": "skip", "showlegend": False}
    if len(out):
        cross = {"symbol": "x-thin", "size": 12, "line": {"width": 1.5, "color": colours.text}}
        figure.add_scatter(**view.xy(out), mode="markers", marker=cross, name="Excluded", **quiet)
    mine = view.drugs[view.drugs["treatment"] == view.drug]
    ring = {"symbol": "circle-open", "size": 17, "color": SELECTED, "line": {"width": 2}}
    for name, wells in mine.groupby("name"):
        line = {"color": SELECTED, "width": 1.2}
        place = view.xy(wells)
        figure.add_scatter(**place, mode="lines+markers", line=line, marker=ring, name="Chosen drug", **quiet)
        top = int(np.argmax(place["y"]))
        figure.add_annotation(
            x=place["x"].iloc[top], y=place["y"].iloc[top], text=in_figure(name, 30), showarrow=False, yshift=20,
            font={"color": colours.text, "size": 12, "shadow": ", ".join([f"0 0 3px {colours.ground}"] * 4)},
        )  # fmt: skip
    one = view.wells[view.wells["well"] == view.well]
    if len(one):
        outer = {"symbol": "circle-open", "size": 24, "color": SELECTED, "line": {"width": 2}}
        figure.add_scatter(**view.xy(one), mode="markers", marker=outer, name="Chosen well", **quiet)


def _summary(view: MapView) -> str:
    names = group_names(view) if view.hue != "dss" else view.drugs["group"].where(view.drugs["group"] != "", NOT_TOLD)
    told = ", ".join(f"{name} {count(n)}" for name, n in names.value_counts().head(8).items())
    kinds = view.wells["well_type"].value_counts()
    controls = ", ".join(f"{kinds[kind]} {name.lower()}" for kind, (name, _) in CONTROLS.items() if kind in kinds)
    return (
        f"Map of {plural(view.drugs['name'].nunique(), 'drug')} in {plural(len(view.drugs), 'well')} ({told}) and of "
        f"controls ({controls or 'none'}). {view.replicates}"
    )


def _table(view: MapView) -> pd.DataFrame:
    wells = view.wells
    place = view.xy(wells)
    return pd.DataFrame(
        {
            "Well": wells["well"],
            "Content": wells["name"].where(wells["name"] != "", wells["well_type"].str.replace("_", " ")),
            "Dose, nM": wells["conc_nm"],
            "Replicate": wells["replicate"],
            "Class": wells["group"],
            "Subclass": wells["subgroup"],
            "DSS": wells["dss"],
            f"{MAPS[view.map]} 1": place["x"],
            f"{MAPS[view.map]} 2": place["y"],
            "Excluded": np.where(wells["left_out"], "yes", ""),
        }
    )
