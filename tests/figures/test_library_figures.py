"""The picture of a ranked library: potency against selectivity, coloured by novelty."""

import numpy as np
import pandas as pd
import pytest

from engine.figures.library import MOST_POINTS, PLAIN_POINTS, Asked, rank_chart, rank_table

OF_TYPE = Asked("SKCM", "Melanoma (SKCM)", True, 8, -2.0, "predicted by a run, simulated data")
OF_LINE = Asked("905000", "SIM-1", False, 1, -2.0, "predicted by a run")


def table(**changed: object) -> pd.DataFrame:
    """Three molecules in the order of their potency."""
    whole = {
        "molecule_id": ["A", "B", "C"],
        "name": ["Alpha", "<b>Beta</b>", "Gamma"],
        "drug_class": ["oncology", "non-oncology", "unknown"],
        "indications": ["melanoma|pain", "", ""],
        "mechanism": ["", "", ""],
        "target": ["BRAF|RAF1", "", ""],
        "weight_g_mol": [300.0, 400.0, np.nan],
        "smiles": ["CCO", "CCC", "CCN"],
        "ln_ic50": [-3.0, 0.0, 2.0],
        "ic50_um": [0.0498, 1.0, 7.39],
        "selectivity": [-2.5, 0.1, 1.0],
        "novelty": [0.0, 0.6, np.nan],
        "nearest_drug": ["Dabrafenib", "Erlotinib", None],
        "inside": [True, False, None],
        "share": [0.75, 0.0, 0.0],
        "measured": [np.nan] * 3,
        "n_measured": [0] * 3,
        "lower": [np.nan] * 3,
        "upper": [np.nan] * 3,
    }
    return pd.DataFrame(whole | changed)


def test_every_molecule_is_an_open_dot_that_names_itself():
    chart = rank_chart(table(), OF_TYPE, chosen="A")
    dots, ring = chart.figure.data
    assert dots.marker.symbol == "circle-open"
    assert list(dots.customdata) == ["A", "B", "C"]
    assert list(dots.x) == [-3.0, 0.0, 2.0] and list(dots.y) == [-2.5, 0.1, 1.0]
    assert dots.marker.cmin == 0 and dots.marker.cmax == 1
    assert dots.text[0] == (
        "<b>Alpha</b><br>ln(IC50) −3.00 (0.0498 µM)<br>selectivity −2.50 sd<br>75.0 % of 8 lines sensitive<br>"
        "novelty 0, nearest Dabrafenib"
    )
    assert ring.x[0] == -3.0 and ring.marker.color == "#e07b1a" and ring.text[0] == "Alpha"
    assert chart.question.endswith("?")


def test_names_from_a_file_make_no_marks():
    chart = rank_chart(table(), OF_TYPE, chosen="B")
    assert chart.figure.data[0].text[1].startswith("<b>&lt;b>Beta&lt;/b></b>")
    assert chart.figure.data[1].text[0] == "&lt;b>Beta&lt;/b>"


def test_words_name_the_first_and_the_number_below_the_threshold():
    chart = rank_chart(table(), OF_TYPE)
    assert len(chart.figure.data) == 1
    assert chart.summary == (
        "3 molecules ranked for Melanoma (SKCM). Lowest predicted ln(IC50): Alpha −3.00, <b>Beta</b> 0, Gamma 2.00. "
        "1 below −2. Most selective: Alpha −2.50 sd, <b>Beta</b> 0.100 sd, Gamma 1.00 sd."
    )
    assert "half of the lines are sensitive" in chart.caption and "predicted by a run, simulated data" in chart.caption


def test_the_table_has_what_belongs_to_a_type_or_to_a_line():
    of_type = rank_table(table(), OF_TYPE)
    assert list(of_type.columns)[:7] == [
        "Molecule", "ln(IC50), µM", "Selectivity, sd", "Sensitive lines, %", "Reach", "Novelty",
        "Nearest trained drug",
    ]  # fmt: skip
    measured = rank_table(table(measured=[-2.5, np.nan, np.nan], n_measured=[7, 0, 0]), OF_TYPE)
    assert list(measured["Lines measured"]) == [7, 0, 0] and measured["Measured ln(IC50)"][0] == -2.5
    assert "Lines measured" not in of_type  # nothing of these was measured
    assert list(of_type["Sensitive lines, %"]) == [75.0, 0.0, 0.0]
    assert list(of_type["Reach"]) == ["within reach", "extrapolation", "not known"]
    assert of_type["Indications"][0] == "melanoma, pain" and of_type["Target"][0] == "BRAF, RAF1"
    of_line = rank_table(table(lower=[-4.0, -1.0, 1.0], upper=[-2.0, 1.0, 3.0]), OF_LINE)
    assert "Sensitive lines, %" not in of_line and list(of_line["Interval from"]) == [-4.0, -1.0, 1.0]
    assert "Interval from" not in rank_table(table(), OF_LINE)


def test_a_picked_dot_at_the_edge_has_room_for_its_name_and_the_sd_is_told():
    figure = rank_chart(table(), OF_TYPE, chosen="C").figure
    for axis, values in ((figure.layout.xaxis, [-3.0, 2.0]), (figure.layout.yaxis, [-2.5, 1.0])):
        room = 0.1 * (values[1] - values[0])
        assert axis.range == pytest.approx((values[0] - room, values[1] + room))
    told = Asked("SKCM", "SKCM", True, 8, -2.0, "by a run", sd=0.25, relative="relative to the 9 drugs")
    assert "One sd is 0.250 in ln(IC50), relative to the 9 drugs." in rank_chart(table(), told).caption


def test_without_novelty_or_selectivity_it_still_draws():
    nothing = [np.nan] * 3
    chart = rank_chart(table(novelty=nothing, selectivity=nothing), OF_LINE, dark=True)
    assert chart.figure.data[0].marker.colorscale is None
    assert "not defined" in chart.figure.layout.yaxis.title.text
    assert "Most selective" not in chart.summary


@pytest.mark.parametrize("n", [PLAIN_POINTS + 1, MOST_POINTS + 1])
def test_many_molecules_are_drawn_by_the_graphics_card(n: int):
    many = pd.concat([table()] * (n // 3 + 1), ignore_index=True).head(n)
    chart = rank_chart(many, OF_TYPE)
    assert chart.figure.data[0].type == "scattergl"
    assert len(chart.figure.data[0].x) == min(n, MOST_POINTS)
    assert ("Drawn are the first 20,000." in chart.caption) == (n > MOST_POINTS)
