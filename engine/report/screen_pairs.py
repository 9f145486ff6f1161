"""The chapter on complementary pairs of a screen's report: a table, and both curves of the first pairs side by side."""

from dataclasses import replace
from functools import partial

import pandas as pd

from engine.figures.curve_panels import Panel, drug_points, panels
from engine.figures.screen_curves import score_words
from engine.figures.screen_drug import drug_chart
from engine.figures.template import Chart
from engine.figures.text import count, number
from engine.report.parts import HALF, Section, Table
from engine.report.screen import PAIRED, Readout, ScreenReport
from engine.report.screen_figures import Figure, context_of, true_of
from engine.report.screen_words import MISSING

MOST_PAIRS = 12
LOWER = 0.72


def pairs_chapter(report: ScreenReport) -> tuple[Section, tuple[Figure, ...]]:
    """Hits that kill in different ways."""
    title = "Complementary pairs"
    if report.pairs.empty:
        return Section("pairs", title, texts=[report.pairs_note]), ()
    rows = [
        (
            f"{row['drug']} + {row['other']}", f"{_score(row['dss'])} and {_score(row['other_dss'])}",
            f"{number(100 * float(row['share']), 2)} %", str(row["status"]), _score(row["dcdss"]),
        )
        for row in report.pairs.head(MOST_PAIRS).to_dict("records")
    ]  # fmt: skip
    table = Table(
        ("Pair", "DSS of each", "Pairs of drugs\nthat look more alike", "Status", "dcDSS"),
        tuple(rows),
        (False, True, True, False, True),
        "",
        f"First {MOST_PAIRS} of {count(len(report.pairs))} pairs." if len(report.pairs) > MOST_PAIRS else "",
    )
    text = (
        "Both drugs of a pair are hits, and their dying spheroids look different. Measured: this screen combined them "
        "(dcDSS: what the combination adds). Suggested: it did not; an idea to test, not a result."
    )
    return Section("pairs", title, texts=[text], tables=[table]), tuple(_figures(report))


def _figures(report: ScreenReport) -> list[Figure]:
    """Both curves of the first pairs, each with images of its doses below: the layout of Figure 16 of Berker 2022."""
    readout = next((one for one in report.scored if one.modality == report.pairs_by), None)
    if readout is None:
        return []
    made = []
    for place, row in enumerate(report.pairs.head(PAIRED).to_dict("records"), 1):
        both = [_panel(report, readout, str(row[side])) for side in ("drug", "other")]
        if None in both:
            continue
        for side, panel in enumerate(both, 1):
            draw = partial(_curve, report, readout, panel, f"Pair {place}")  # type: ignore[arg-type]
            made.append(Figure(f"pair-{place}-{side}", draw, HALF))
    return made


def _panel(report: ScreenReport, readout: Readout, drug: str) -> Panel | None:
    rows = readout.drugs[(readout.drugs["drug"] == drug) & (readout.drugs["addon"] == "")]
    if rows.empty:
        return None
    curves = readout.curves[readout.curves["drug"] == drug]
    points = drug_points(readout.values[readout.values["treatment"] == drug])
    threshold = readout.scoring.settings.activity_threshold if readout.scoring else "relative"
    return panels(rows, curves, points, "pooled", threshold)[0]


def _curve(report: ScreenReport, readout: Readout, panel: Panel, pair: str, dark: bool) -> Chart:
    mine = set(panel.points["well"])
    there = {well: uri for well, uri in report.thumbnails.items() if well in mine}
    chart = drug_chart(panel, (), there or None, "", context_of(report, readout), dark)
    # In half of a page images are narrower than the page of a screen draws them: rows and crosses shrink with them.
    chart.figure.update_layout(height=LOWER * chart.figure.layout.height)
    for trace in chart.figure.data:
        if trace.yaxis == "y2":
            trace.marker.size *= LOWER
    caption = true_of(chart.caption.replace(" Click one for its well.", ""), pd.notna(panel.row["dss_lower"]))
    return replace(chart, question=f"{pair}: {panel.name}, {score_words(panel.row)}", caption=caption)


def _score(value: object) -> str:
    return MISSING if value is None or value != value else number(float(value))  # type: ignore[arg-type]
