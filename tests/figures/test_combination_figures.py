"""Combinations as they are drawn: verdicts, intervals, one row or 150, and one scale for alone and together."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_combination import ADDON, ALONE, DRUGS, SETTINGS, wells

from engine.figures.combination_words import (
    COLUMNS,
    MODELS,
    VERDICTS,
    addition_words,
    combination_table,
    points,
    unmatched_words,
    verdict_words,
)
from engine.figures.combinations import MANY, Arm, arm_charts, combination_forest, dose_table
from engine.figures.curve_panels import drug_points, panels
from engine.spheroid import combinations as engine
from engine.spheroid.combinations import Combinations, combinations
from engine.spheroid.hits import hit_rows
from engine.spheroid.scoring import score_table

NO_CLASSES = pd.DataFrame(columns=["drug", "abbreviation", "group_abbr", "group_name"])
EVIL = "<b>[x](y)</b> " + 70 * "long"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return wells()


@pytest.fixture(scope="module")
def found(frame) -> Combinations:
    return combinations(frame, "metabolic")


def many(n: int, **changed) -> Combinations:
    """n typed rows, every third above, every third below."""
    bliss = np.array([20.0, 0.0, -20.0])[np.arange(n) % 3]
    rows = pd.DataFrame({name: np.zeros(n) for name in engine.COLUMNS}).assign(
        drug=[f"Drug {k}" for k in range(n)], addon=ADDON, n_doses=5, bliss=bliss, bliss_lower=bliss - 5,
        bliss_upper=bliss + 5, hsa=bliss, loewe=np.nan,
    )  # fmt: skip
    told = pd.DataFrame([(ADDON, np.nan, 20.0, 20.0, 20.0, 1)], columns=list(engine.ADDITIONS))
    nothing = pd.DataFrame(columns=list(engine.UNMATCHED))
    return Combinations(rows.assign(**changed), pd.DataFrame(columns=list(engine.DOSES)), told, nothing, ())


def drawn(figure) -> dict[str, object]:
    """Verdict -> trace."""
    return {trace.name: trace for trace in figure.data if trace.name in VERDICTS.values()}


def test_three_verdicts_with_their_legend_and_their_drug(found):
    figure = combination_forest(found, "typed", "Usual").figure
    traces = drawn(figure)
    legend = re.sub("<[^>]*>|&nbsp;", "", figure.layout.title.text)
    assert legend == "● Surely above both (1) ○ Not sure (1) ◆ Surely below both (1)"
    assert {name: list(trace.customdata) for name, trace in traces.items()} == {
        "Surely above both": ["Boosted"], "Not sure": ["Usual"], "Surely below both": ["Blocked"],
    }  # fmt: skip
    assert figure.layout.yaxis.ticktext == tuple(found.rows["drug"])
    place = found.rows["drug"].tolist().index("Usual")
    (ring,) = [trace for trace in figure.data if trace.type == "scatter" and trace.marker.size == 19]
    assert list(ring.y) == [place] and ring.x[0] == found.rows["bliss"][place]


def test_the_whole_row_answers_to_a_click_and_tells_doses_and_dcdss(found):
    figure = combination_forest(found, "typed").figure
    (bar,) = [trace for trace in figure.data if trace.type == "bar"]
    assert list(bar.customdata) == list(found.rows["drug"]) and bar.width == 1
    assert (bar.base, bar.base + bar.x[0]) == pytest.approx(tuple(figure.layout.xaxis.range))
    first = found.rows.iloc[0]
    assert "5 doses, dcDSS" in bar.hovertext[0] and f"HSA {points(first['hsa'])}" in bar.hovertext[0]
    assert "Loewe not defined" in bar.hovertext[0]
    assert {trace.hoverinfo for trace in drawn(figure).values()} == {"skip"}  # one thing to hit in every row


@pytest.mark.parametrize("n", [1, MANY, MANY + 1, 150])
@pytest.mark.parametrize("dark", [False, True])
def test_one_row_and_150_have_room_for_every_name(n, dark):
    figure = combination_forest(many(n), "typed", dark=dark).figure
    assert len(figure.layout.yaxis.ticktext) == len(figure.layout.yaxis2.ticktext) == n
    frame_px = figure.layout.margin.t + figure.layout.margin.b
    assert (figure.layout.height - frame_px) / n > 20 and figure.layout.height < 3500
    assert figure.layout.xaxis.side == ("top" if n > MANY else "bottom")
    assert sum(len(trace.x) for trace in drawn(figure).values()) == n
    assert figure.layout.yaxis2.ticktext[0] == "+20.0 (+15.0 to +25.0)"


def test_rows_without_replicates_have_no_interval_and_are_not_sure():
    item = combination_forest(many(3, bliss_lower=np.nan, bliss_upper=np.nan), "typed")
    assert list(drawn(item.figure)) == ["Not sure"] and "Not sure (3)" in item.figure.layout.title.text
    assert "3 rows without replicates, so without an interval." in item.caption
    assert item.figure.layout.yaxis2.ticktext[0] == "+20.0 (no interval)"
    assert "by chance" not in item.summary


def test_one_wide_interval_does_not_squeeze_the_others():
    rows = many(3, bliss_upper=[25.0, 900.0, -15.0], bliss_lower=[15.0, -900.0, -25.0])
    figure = combination_forest(rows, "typed").figure
    low, high = figure.layout.xaxis.range
    assert -60 < low < -25 and 25 < high < 60
    assert figure.layout.yaxis2.ticktext[1] == "+0.00 (−900.0 to +900.0)"


def test_several_additions_are_named_in_their_rows():
    both = many(4, addon=["One", "Two"] * 2)
    assert combination_forest(both, "typed").figure.layout.yaxis.ticktext[:2] == ("Drug 0 + One", "Drug 1 + Two")


def test_names_of_a_file_are_no_markup():
    figure = combination_forest(many(1, drug=EVIL), "typed").figure
    assert "<b>[" not in figure.layout.yaxis.ticktext[0] and len(figure.layout.yaxis.ticktext[0]) < 60
    assert "<b><b>" not in next(trace for trace in figure.data if trace.type == "bar").hovertext[0]


def test_words_count_what_chance_would_do(found):
    assert verdict_words(found) == (
        "1 of 3 combinations surely above both Bliss and HSA (Boosted), 1 surely below both (Blocked). Without any "
        "interaction fewer than one would lie above Bliss by chance."
    )
    assert "about 3.8 would lie above Bliss by chance" in verdict_words(many(150))
    told = verdict_words(many(30))
    assert "10 of 30 combinations" in told and "Drug 21 and 2 more)" in told and "middle of all is +0.00 points" in told
    (words,) = addition_words(found)
    assert words.startswith("Added (33.0 nM) alone inhibits 20") and "mean of 2 plates" in words
    assert addition_words(many(1)) == ["Added (dose not told) alone inhibits 20.0 % (1 plate)."]


def test_drugs_without_both_arms_are_named():
    odd = {"Solo": (0.5, None), "Duo": (None, 0.5), **DRUGS}
    told = unmatched_words(combinations(wells(odd), "metabolic"))
    assert told == ["Not compared, measured only with Added: Duo.", "Not compared, measured only without Added: Solo."]


def test_the_table_has_every_column_and_a_verdict(found):
    table = combination_table(found.rows)
    assert list(table.columns) == list(COLUMNS.values()) and set(COLUMNS) == {*engine.COLUMNS, "verdict"}
    assert table["Beside Bliss and HSA"].tolist() == ["Surely above both", "Not sure", "Surely below both"]
    assert set(MODELS) == {"Bliss", "HSA", "ZIP", "Loewe"} and all(words.endswith(".") for words in MODELS.values())


def charts(frame: pd.DataFrame, found: Combinations, drug: str):
    scored = score_table(frame, SETTINGS)
    rows = hit_rows(scored.score, scored.curve, NO_CLASSES, "pooled", scored.score.head(0))
    points_ = drug_points(frame.assign(left_out=False, percent_imported=frame["percent"]))
    made = {panel.row["addon"]: panel for panel in panels(rows[rows["drug"] == drug], scored.curve, points_)}
    row = found.rows[found.rows["drug"] == drug].iloc[0]
    return made, arm_charts(made[""], [Arm(made[ADDON], row, found.doses[found.doses["drug"] == drug])], "typed")


def test_alone_and_together_stand_on_one_scale(frame, found):
    """Wells with the addition: a fifth by it, and of the rest what the drug kills there."""
    made, (alone, together) = charts(frame, found, "Boosted")
    for axis in ("xaxis", "yaxis"):
        assert alone.figure.layout[axis].range == together.figure.layout[axis].range
    share = float(found.rows["addition_percent"].iloc[0])
    raw = made[ADDON].points["inhibition"].to_numpy()
    wells_of = next(trace for trace in together.figure.data if trace.customdata is not None and trace.mode == "markers")
    assert wells_of.y == pytest.approx(share + (1 - share / 100) * raw, abs=0.01)
    assert list(wells_of.customdata[0]) == ["Boosted", made[ADDON].points["well"][0]]
    assert share == pytest.approx(100 * ALONE, abs=1)
    alone_line = next(trace for trace in alone.figure.data if trace.hovertemplate and "alone" in trace.hovertemplate)
    assert list(alone_line.y) == [share, share]


def test_what_bliss_expects_is_drawn_and_told(frame, found):
    _, (_, together) = charts(frame, found, "Boosted")
    doses = found.doses[found.doses["drug"] == "Boosted"]
    expected = next(trace for trace in together.figure.data if trace.name == "Bliss expects")
    assert list(expected.customdata) == doses["bliss"].tolist() and expected.line.dash == "dash"
    table = together.table
    assert table["Over Bliss, points"].mean() == pytest.approx(found.rows.set_index("drug").loc["Boosted", "bliss"])
    assert "percent points over Bliss" in together.summary and "5 doses" in together.summary
    assert dose_table(doses).equals(table)


def test_a_drug_without_a_fit_shows_its_points(frame, found):
    made, _ = charts(frame, found, "Usual")
    bare = {addon: replace(panel, main=None, reason="too few doses") for addon, panel in made.items()}
    row = found.rows[found.rows["drug"] == "Usual"].iloc[0]
    alone, together = arm_charts(bare[""], [Arm(bare[ADDON], row, found.doses)], "typed")
    assert "No fit: too few doses." in alone.caption and "No fit: too few doses." in together.caption
