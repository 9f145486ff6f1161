"""The phenotype map, scores against scores and the heatmap of all screens: what is drawn where."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.phenotypes import MapView, phenotype_map
from engine.figures.screen_compare import score_scatter
from engine.figures.screen_heatmap import HeatView, screen_heatmap
from engine.figures.template import SELECTED
from engine.spheroid.score_compare import ScoreMatrix, compared

WELLS = pd.DataFrame(
    [
        ("P1_B02", "therapy", "Alpha", "Al", "Kinase inhibitor", "MEK", 30.0, False, 1, 0.0, 0.0),
        ("P2_B02", "therapy", "Alpha", "Al", "Kinase inhibitor", "MEK", 30.0, True, 2, 1.0, 0.0),
        ("P1_C02", "therapy", "Beta", "Be", "Kinase inhibitor", "RAF", np.nan, False, 1, 5.0, 5.0),
        ("P1_D02", "therapy", "Gamma", "Ga", "", "", 2.0, False, 1, 6.0, 5.0),
        ("P1_H02", "negative", "", "", "", "", np.nan, False, 1, 9.0, 9.0),
        ("P1_H03", "positive", "", "", "", "", np.nan, False, 1, -9.0, 9.0),
    ],
    columns=[
        "well", "well_type", "name", "short", "group", "subgroup", "dss", "left_out", "replicate", "tsne_x", "tsne_y",
    ],
)  # fmt: skip
WELLS = WELLS.assign(treatment=WELLS["name"], conc_nm=np.where(WELLS["name"] != "", 1000.0, np.nan))


def named(figure) -> dict[str, object]:
    return {trace.name: trace for trace in figure.data}


@pytest.mark.parametrize(
    ("hue", "names"),
    [
        ("class", {"Kinase inhibitor (3)", "Not told (1)"}),
        ("subclass", {"Kinase inhibitor: MEK (2)", "Kinase inhibitor: RAF (1)", "Not told (1)"}),
        ("dss", {"Drug (3)", "Drug without a score (1)"}),
        ("replicate", {"Replicate 1 (3)", "Replicate 2 (1)"}),
    ],
)
def test_what_colours_the_map(hue, names):
    chart = phenotype_map(MapView(WELLS, "tsne", hue, "Alpha", "P1_C02"), "S", dark=False)
    traces = named(chart.figure)
    assert names | {"Negative control (1)", "Positive control (1)"} <= set(traces)
    assert list(traces["Excluded"].x) == [1.0]
    joined = traces["Chosen drug"]
    assert list(joined.x) == [0.0, 1.0] and joined.line.color == SELECTED
    label = next(one for one in chart.figure.layout.annotations if one.text == "Alpha")
    assert label.y == max(joined.y) and label.yshift > 0 and label.font.shadow, "readable over other dots"
    assert list(traces["Chosen well"].x) == [5.0]
    wells = {well for trace in chart.figure.data if trace.customdata is not None for well in trace.customdata}
    assert wells == set(WELLS["well"])
    assert "Crossed: 1 excluded well, which counts for nothing here." in chart.caption
    assert len(chart.table) == 6 and chart.table["Excluded"].tolist()[1] == "yes"


def test_subclasses_of_one_class_share_its_colour_and_differ_in_form():
    traces = named(phenotype_map(MapView(WELLS, "tsne", "subclass"), "S").figure)
    first, second = traces["Kinase inhibitor: MEK (2)"].marker, traces["Kinase inhibitor: RAF (1)"].marker
    assert first.color == second.color and first.symbol != second.symbol


def crowd(classes: int, drugs: int, spread: float = 100.0) -> pd.DataFrame:
    """Drugs of so many classes, two wells each, anywhere on the map."""
    rng = np.random.default_rng(0)
    rows = [
        (f"P{1 + at}_B{number:04d}", "therapy", f"Drug {number:04d}", f"D{number:04d}", f"Class {number % classes:02d}",
         "", float(number % 40), False, 1 + at, *rng.uniform(0, spread, 2))
        for number in range(drugs) for at in range(2)
    ]  # fmt: skip
    wells = pd.DataFrame(rows, columns=WELLS.columns[:11])
    return wells.assign(treatment=wells["name"], conc_nm=1000.0, plate=wells["well"].str.partition("_")[0])


def test_classes_without_a_colour_of_their_own_are_one_entry():
    view = MapView(crowd(35, 700), "tsne", "class")
    traces = named(phenotype_map(view, "S").figure)
    assert set(traces) == {f"Class {n:02d} (40)" for n in range(8)} | {f"Other classes ({27 * 40})"}
    assert len({trace.marker.color for trace in traces.values()}) == 9
    assert "Class 34" in "".join(traces[f"Other classes ({27 * 40})"].hovertext)


def test_drugs_that_lack_a_well_keep_the_colours_of_their_classes():
    """Hits count drugs; counted by wells, Kinase would come first here."""
    wells = crowd(2, 4).assign(group=lambda t: t["name"].map({"Drug 0000": "Kinase"}).fillna("Zinc"))
    more = pd.concat([wells, *[wells[wells["group"] == "Kinase"]] * 5], ignore_index=True)
    colour = [named(phenotype_map(MapView(one, "tsne", "class"), "S").figure) for one in (wells, more)]
    assert colour[0]["Kinase (2)"].marker.color == colour[1]["Kinase (12)"].marker.color


def test_subclasses_in_grey_differ_in_form():
    chart = phenotype_map(MapView(crowd(30, 60).assign(subgroup="sub"), "tsne", "subclass"), "S")
    greys = [trace.marker for trace in chart.figure.data if trace.marker.color == chart.figure.data[-1].marker.color]
    assert len(chart.figure.data) == 30 and len(greys) == 22 and len({marker.symbol for marker in greys}) == 6


def test_too_many_subclasses_share_a_look_and_a_legend_that_scrolls():
    wells = crowd(60, 600).assign(subgroup=lambda t: "sub " + t["name"].str[-1])
    chart = phenotype_map(MapView(wells, "tsne", "subclass"), "S")
    assert set(named(chart.figure)) >= {"Class 00: sub 0 (20)", "Other classes (1040)"} and len(chart.figure.data) < 50
    assert chart.figure.layout.height < 900 and chart.figure.layout.legend.maxheight < 400
    assert {trace.marker.size for trace in chart.figure.data} == {7}
    assert not any(any(trace.text) for trace in chart.figure.data)


def test_names_of_drugs_do_not_lie_on_each_other():
    spread = named(phenotype_map(MapView(crowd(1, 8), "tsne", "subclass"), "S").figure)["Class 00 (16)"]
    assert sorted(filter(None, spread.text)) == [f"D{n:04d}" for n in range(8)]  # once a drug
    wells = crowd(1, 200).assign(tsne_x=lambda t: t["tsne_x"] / 4 + 60 * (t["tsne_x"] > 50))
    crowded = named(phenotype_map(MapView(wells, "tsne", "subclass"), "S").figure)["Class 00 (400)"]
    shown = wells.assign(text=crowded.text).query("text != ''")
    assert 20 < len(shown) < 200 and shown["dss"].max() == 39.0
    px = shown[["tsne_x", "tsne_y"]].to_numpy() / np.ptp(wells[["tsne_x", "tsne_y"]].to_numpy(), axis=0) * (560, 380)
    near = (np.abs(px[:, None] - px) < (30, 12)).all(axis=2)
    assert near.sum() == len(shown)  # each but with itself


def test_plates_can_colour_the_map():
    traces = named(phenotype_map(MapView(crowd(3, 9), "tsne", "plate"), "S").figure)
    assert set(traces) == {"Plate P1 (9)", "Plate P2 (9)"}


@pytest.mark.parametrize("dark", [False, True])
def test_mismatches_are_named_and_hits_stand_apart(dark):
    sides = [pd.DataFrame({"drug": list("ABCD"), "dss_asym": scores}) for scores in ([30, 25, 1, 2], [28, 3, 2, 20])]
    chart = score_scatter(compared(*sides), ("images", "metabolic"), "Do they agree?", "S", "A", dark)
    traces = named(chart.figure)
    assert list(traces["Hit in both (1)"].customdata) == ["A"] and list(traces["Hit in images only (1)"].x) == [25]
    assert {one.text for one in chart.figure.layout.annotations} == {"B", "D"}
    assert "Hit in images only: B; in metabolic only: D." in chart.summary
    assert chart.table["Hit in"].tolist() == ["images only", "metabolic only", "both", "neither"]


def heat(clustered: bool = True) -> HeatView:
    values = np.full((3, 2, 3), np.nan)
    values[0, 0] = [30, 29, 1]
    values[1, 0] = [1, 2, 20]
    values[2] = [[31, 28, 2], [12, 11, np.nan]]
    matrix = ScoreMatrix(values, ("A", "B", "C"), ("image_2", "metabolic"), ("S1", "S2", "S3"))
    return HeatView(matrix, {"A": "Kinase inhibitor"}, clustered, "S1", "C")


@pytest.mark.parametrize("dark", [False, True])
def test_every_cell_of_the_heatmap_can_be_clicked(dark):
    view = heat()
    chart = screen_heatmap(view, "typed", dark)
    traces = named(chart.figure)
    cells = traces["cells"]
    assert len(cells.x) == 18 and len(set(zip(cells.x, cells.y, strict=True))) == 18
    assert abs(view.drugs.index("A") - view.drugs.index("C")) == 1  # alike, so neighbours
    at = list(cells.customdata).index("S1|C")
    assert cells.hovertext[at] == "<b>C</b> in S1<br>images, phase II: DSS 31.0"
    drawn = traces["DSS"].z[int(cells.y[at]), int(cells.x[at])]
    assert drawn == 31.0
    missing = [text for text in cells.hovertext if text.endswith("not scored")]
    assert len(missing) == np.isnan(view.matrix.values).sum() == np.isfinite(traces["not scored"].z).sum()
    assert {"Kinase inhibitor", "Class not told", "chosen"} <= set(traces)
    assert len(chart.table) == 3 and chart.table.shape[1] == 2 + 6
    titles = [one.text for one in chart.figure.layout.annotations]
    assert "<b>Images<br>phase II</b>" in titles and chart.figure.layout.margin.t >= 2 * 13 * 1.3, "two lines have room"


def test_without_clusters_drugs_and_screens_come_by_name():
    view = heat(clustered=False)
    chart = screen_heatmap(view, "typed")
    assert view.drugs == ["A", "B", "C"] and view.screens == ["S1", "S2", "S3"]
    assert "Drugs and screens by name." in chart.caption and "tree" not in named(chart.figure)


def test_a_thousand_drugs_keep_the_heatmap_light():
    values = np.random.default_rng(0).uniform(0, 50, (1000, 4, 5)).astype(float)
    matrix = ScoreMatrix(values, tuple(f"Drug {i}" for i in range(1000)), ("image_2", "image_3", "mos", "metabolic"),
                         tuple("ABCDE"))  # fmt: skip
    chart = screen_heatmap(HeatView(matrix, {}, True, "A", "Drug 7"), "typed")
    assert named(chart.figure)["cells"].hovertext is None and len(chart.figure.to_json()) < 2_000_000
    assert chart.figure.layout.yaxis.showticklabels is False and chart.figure.layout.height < 1600
