"""Curves as they are drawn: the area is what the score counts, excluded wells stay, failed fits show their points."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.curve_panels import drug_points, lines, panels
from engine.figures.screen_curves import HIGH, LOW, dose_ticks, grid, limits, score_words, title
from engine.figures.screen_drug import drug_chart, drug_scores
from engine.figures.template import SELECTED
from engine.spheroid.hits import hit_rows
from engine.spheroid.scoring import score_table
from engine.spheroid.settings import ScoreSettings

DOSES = (1.0, 10.0, 100.0, 1000.0, 10000.0)
NO_CLASSES = pd.DataFrame(columns=["drug", "abbreviation", "group_abbr", "group_name"])


def wells(replicates: int = 2) -> pd.DataFrame:
    """A strong drug, one that makes cells grow, and one of a single dose."""
    rows = []
    for drug, low, high in (("Strong", 100, 5), ("Grows", 90, 140), ("Single", 80, 80)):
        for replicate in range(1, replicates + 1):
            for place, dose in enumerate(DOSES if drug != "Single" else DOSES[:1]):
                percent = low + (high - low) * place / 4 + 2 * replicate
                rows.append((f"P{replicate}", "BCD"[("Strong", "Grows", "Single").index(drug)], place + 2, drug, dose,
                             replicate, percent))  # fmt: skip
    names = ["plate", "row", "column", "treatment", "conc_nm", "replicate", "percent"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(well_type="therapy", addon="", left_out=False, percent_imported=frame["percent"])


def made(frame: pd.DataFrame, main: str = "pooled"):
    scored = score_table(frame, ScoreSettings(bootstrap=20))
    rows = hit_rows(scored.score, scored.curve, NO_CLASSES, main, scored.score.head(0))
    return scored, panels(rows, scored.curve, drug_points(frame), main)


def test_the_shaded_area_is_the_score():
    _, found = made(wells())
    for panel in found:
        if panel.main is None:
            continue
        above = np.maximum(panel.main.counted - panel.main.threshold, 0)
        width = panel.main.x[-1] - panel.main.x[0]
        area = 50 * np.trapezoid(above, panel.main.x) / ((100 - panel.main.threshold) * width)
        assert area == pytest.approx(panel.row["dss_asym"], abs=0.05)
    grows = next(panel for panel in found if panel.drug == "Grows")
    assert (grows.main.counted == grows.main.y[-1]).all()  # it falls: flat at its end, as the score counts it


def test_panels_carry_points_replicates_and_reasons():
    _, found = made(wells())
    strong, single = (next(p for p in found if p.drug == name) for name in ("Strong", "Single"))
    assert len(strong.points) == 10 and [name for name, _ in strong.others] == ["1", "2"]
    assert strong.points["inhibition"].iloc[0] == -2 and strong.points["well"].iloc[0] == "P1_B02"
    assert single.main is None and single.reason.startswith("one dose only") and len(single.points) == 2
    _, alone = made(wells(1))
    assert all(panel.others == () for panel in alone)
    _, second = made(wells(), "2")
    assert [name for name, _ in next(p for p in second if p.drug == "Strong").others] == ["1"]


def test_points_of_other_replicates_are_faint_beside_the_fit_of_one():
    _, found = made(wells(), "2")
    strong = next(panel for panel in found if panel.drug == "Strong")
    chart = drug_chart(strong, (), None, "", "S")
    marks = next(trace for trace in chart.figure.data if trace.mode == "markers")
    own = (strong.points["replicate"] == 2).to_numpy()
    colours = np.asarray(marks.marker.color)
    assert set(colours[own]) == {"#0f8b8d"} and set(colours[~own]) == {"rgba(15,139,141,0.35)"}
    assert "Faint: not in the fit, which is of replicate 2." in chart.caption
    assert "Faint" not in drug_chart(made(wells())[1][0], (), None, "", "S").caption


def test_an_excluded_well_stands_where_it_was_measured():
    frame = wells()
    frame.loc[0, ["percent", "left_out"]] = [np.nan, True]
    frame.loc[1, "percent"] = np.nan  # never read: nothing to show
    frame.loc[2, "conc_nm"] = 0.0
    frame["percent_imported"] = frame["percent_imported"].where(frame.index != 1)
    points = drug_points(frame)
    assert len(points) == len(frame) - 2
    first = points.iloc[0]
    assert first["left_out"] and first["inhibition"] == -2


def test_a_cross_on_the_edge_is_whole_and_told():
    frame = wells()
    assert "edge" not in grid(made(frame)[1], "Strong", True, "mine").caption
    frame.loc[0, ["percent", "percent_imported", "left_out"]] = [np.nan, 400.0, True]
    chart = grid(made(frame)[1], "Strong", True, "mine")
    crosses = [trace for trace in chart.figure.data if trace.marker.symbol == "x-thin"]
    assert crosses and all(trace.cliponaxis is False for trace in crosses)
    assert "Crossed: left out. On the edge: beyond it." in chart.caption


def test_small_multiples_share_their_axis_or_not():
    _, found = made(wells())
    for shared in (True, False):
        figure = grid(found, "Strong", shared, "mine").figure
        ranges = {tuple(figure.layout[f"yaxis{n}"].range) for n in ("", "2", "3")}
        assert (len(ranges) == 1) == shared
    assert figure.layout.xaxis3.linecolor == SELECTED and figure.layout.xaxis.linecolor is None
    notes = [note.text for note in figure.layout.annotations]
    assert "No fit: one dose only (1 nM); a<br>curve needs at least two" in notes
    assert any(note.startswith("<b>Strong</b><br>DSS ") for note in notes)


def test_words_and_tables():
    _, found = made(wells())
    chart = grid(found, "", True, "mine", dark=True)
    assert (
        "Single: No fit: one dose only" in chart.summary and "Dot: replicate 1. Diamond: replicate 2." in chart.caption
    )
    assert len(chart.table) == 22 and chart.table["Fitted, %"].isna().sum() == 2
    assert score_words(pd.Series({"dss_asym": np.nan, "reason": "left out: x (A)"})) == "left out"
    long = found[0].row.copy()
    panel = type(found[0])("A very long name of a molecule that goes on", *list(vars(found[0]).values())[1:])
    long["group"] = "x"
    assert len(title(panel).split("</b>")[0]) <= 31 + 3


def test_doses_and_limits():
    assert dose_ticks((-1.2, 4.3))["ticktext"] == ["0.1", "1", "10", "100", "1,000", "10,000"]
    assert dose_ticks((2.0, 6.0), short=True)["ticktext"] == ["100", "1k", "10k", "100k", "1M"]
    empty = limits([])
    assert empty.x[0] < 0 < empty.x[1] and empty.y[0] < LOW and empty.y[1] > HIGH


def test_one_drug_with_images_and_another_readout():
    scored, found = made(wells())
    strong = next(panel for panel in found if panel.drug == "Strong")
    (line,) = lines(scored.curve[(scored.curve["drug"] == "Grows") & (scored.curve["replicate"] == "pooled")])
    pictures = {well: "data:image/jpeg;base64,AA" for well in strong.points["well"] if well != "P1_B03"}
    chart = drug_chart(strong, [("metabolic", line)], pictures, "P2_B04", "mine")
    images = chart.figure.layout.images
    assert len(images) == 9 and sorted({image.x for image in images}) == pytest.approx([0, 1, 2, 3, 4])
    frames = next(trace for trace in chart.figure.data if trace.yaxis == "y2")
    assert list(frames.customdata[0]) == ["Strong", "P1_B02", "image"] and list(frames.text).count("no image") == 1
    assert list(frames.marker.color).count(SELECTED) == 1
    assert "Dashed: metabolic." in chart.caption and "Images: 9 wells" in chart.caption
    plain = drug_chart(strong, [], None, "", "mine").figure
    assert not plain.layout.images and plain.layout.height < chart.figure.layout.height


def test_a_drug_of_one_dose_can_be_drawn_with_images():
    _, found = made(wells())
    single = next(panel for panel in found if panel.drug == "Single")
    chart = drug_chart(single, [], {}, "", "mine")
    assert chart.summary.startswith("Single: No fit: one dose only") and "Images: 0 wells" in chart.caption


def test_scores_of_one_drug_by_readout_and_replicate():
    scored, _ = made(wells())
    rows = scored.score.merge(scored.curve[["drug", "addon", "replicate", "gof", "p_value", "reason"]])
    table = drug_scores(rows[rows["drug"] == "Single"].assign(modality="image_2"))
    assert table["Readout"].tolist() == ["Images, phase II"] * 3 and table["Replicate"].tolist() == [
        "together",
        "1",
        "2",
    ]
    assert table["No fit"].str.startswith("one dose only").all()
