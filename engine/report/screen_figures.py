"""The figures of a screen's report: those of the review page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from engine.figures.controls import strips
from engine.figures.curve_panels import drug_points, panels
from engine.figures.plates import plate_map, span
from engine.figures.review import VISIBLE, before_and_after, pooled
from engine.figures.screen_compare import mismatch_words, score_scatter
from engine.figures.screen_curves import grid
from engine.figures.screen_hits import HitView, waterfall
from engine.figures.screens import separation
from engine.figures.template import Chart
from engine.figures.text import plural
from engine.report.parts import HALF, WIDE
from engine.report.screen import CURVED, Readout, ScreenReport
from engine.report.screen_counted import gone_plates, gone_words, intervals, judged_plates, listed
from engine.spheroid.quality import rank_wells
from engine.spheroid.score_compare import Compared, compared

A_FIGURE = 6  # drugs whose curves are drawn side by side
MAPPED = 4  # plates that are mapped; of more, the worst
MOST_COLUMNS = 24  # of a plate that is mapped in half of the width


@dataclass(frozen=True)
class Figure:
    """A figure before it is drawn. anchor: unique in the report. draw: dark -> the chart. width: px on paper."""

    anchor: str
    draw: Callable[[bool], Chart]
    width: int = WIDE


def hit_figures(report: ScreenReport) -> list[Figure]:
    """A waterfall of every readout that is scored, the one that ranks first."""
    return [Figure(f"hits-{one.modality}", partial(_waterfall, report, one)) for one in report.scored]


def _waterfall(report: ScreenReport, readout: Readout, dark: bool) -> Chart:
    rows = readout.drugs
    scored = [one.modality for one in report.scored if one is not readout]
    image = readout.modality.startswith("image")
    beside = next((one for one in scored if one.startswith("image") != image), next(iter(scored), ""))
    view = HitView(
        rows=rows,
        chosen="",
        modality=readout.modality,
        beside=beside,
        expected=tuple(report.expected.drugs),
        groups=tuple(rows["group"]),
        context=context_of(report, readout),
    )
    drawn = waterfall(view, dark)
    caption = drawn.caption.replace(" Orange outline: selected.", "")
    caption = true_of(caption, intervals(readout).drawn > 0)
    question = f"{drawn.question[:-1]}, by {readout.words}?" if scored else drawn.question
    return replace(drawn, question=question, caption=caption)


def true_of(caption: str, drawn: bool) -> str:
    """A caption that explains intervals only where one is drawn."""
    if drawn:
        return caption
    told = caption.replace("Thin line: 95 % interval.", "No interval is drawn.")
    return told.replace("; in brackets its 95 % interval, by bootstrap of residuals", "")


def curve_figures(report: ScreenReport) -> list[Figure]:
    """The curves of the drugs that are shown, A_FIGURE at a time."""
    main = report.main
    if main is None or report.shown.empty:
        return []
    rows = report.shown.head(CURVED)
    return [
        Figure(f"curves-{start // A_FIGURE + 1}", partial(_curves, report, main, rows.iloc[start : start + A_FIGURE]))
        for start in range(0, len(rows), A_FIGURE)
    ]


def _curves(report: ScreenReport, main: Readout, rows: pd.DataFrame, dark: bool) -> Chart:
    threshold = main.scoring.settings.activity_threshold if main.scoring else "relative"
    made = panels(rows, main.curves, drug_points(main.values), "pooled", threshold)
    chart = grid(made, "", True, context_of(report, main), dark)
    first, last = made[0].name, made[-1].name
    which = first if len(made) == 1 else f"{first} to {last}"
    caption = true_of(chart.caption, bool(rows["dss_lower"].notna().any()))
    return replace(chart, question=f"{chart.question[:-1]}: {which}", caption=caption)


def agreement_figure(report: ScreenReport) -> tuple[Figure, str] | None:
    """Images against metabolism, drug by drug, with the drugs that are a hit in one only; None with one readout."""
    image = next((one for one in report.scored if one.modality.startswith("image")), None)
    first = image or report.main
    others = [one for one in report.scored if one is not first]
    second = next((one for one in others if one.modality == "metabolic"), next(iter(others), None))
    if first is None or second is None:
        return None
    found = compared(_alone(first), _alone(second))
    if found.rows.empty:
        return None
    names = (first.words, second.words)
    return Figure("agreement", partial(_agreement, report, found, names), 640), mismatch_words(found, names)


def _alone(readout: Readout) -> pd.DataFrame:
    rows = readout.drugs[readout.drugs["addon"] == ""]
    return rows[["drug", "dss_asym"]].reset_index(drop=True)


def _agreement(report: ScreenReport, found: Compared, names: tuple[str, str], dark: bool) -> Chart:
    question = f"Do {names[0]} and {names[1]} agree?"
    return score_scatter(found, names, question, report.context, "", dark)


def quality_figures(report: ScreenReport) -> list[Figure]:
    """Z' of every plate by every readout; controls and maps of the plates by the readout that ranks."""
    rows = judged_plates(report)
    rows = rows[(rows["measure"] == "z_prime") & (rows["plate"] != "")]
    made = [Figure("separation", partial(_separation, report, rows))] if len(rows) else []
    first = report.main or report.readouts[0]
    wells = _judged(first)
    own = rows[rows["modality"] == first.modality]
    if wells["well_type"].isin(("negative", "positive")).any():
        made.append(Figure("controls", partial(_controls, report, first, wells, own)))
    plates = list(dict.fromkeys(wells["plate"]))
    if len(plates) > MAPPED:
        gone = gone_plates(report, first)
        worst = own.sort_values("value", na_position="first")["plate"].tolist()
        plates = [*worst, *(plate for plate in plates if plate not in {*worst, *gone}), *gone]
    width = HALF if wells["column"].max() <= MOST_COLUMNS else WIDE
    return made + [
        Figure(f"plate-{place}", partial(_plate, report, first, wells, plate, own, len(plates)), width)
        for place, plate in enumerate(plates[:MAPPED], 1)
    ]


def _separation(report: ScreenReport, rows: pd.DataFrame, dark: bool) -> Chart:
    """One row a readout, where the Screens page has one a screen."""
    names = [one.name for one in report.readouts if (rows["modality"] == one.modality).any()]
    named = {one.modality: one.name for one in report.readouts}
    chart = separation(rows.assign(screen=rows["modality"].map(named)), names, report.context, dark)
    plates, readouts = plural(int(rows["plate"].nunique()), "plate"), plural(len(names), "readout")
    caption = f"{plates} by {readouts}, {report.context}.{chart.caption.partition('.')[2]}"
    gone = sorted({plate for one in report.readouts for plate in gone_plates(report, one)})
    return replace(chart, caption=f"{caption} Left out by decision: {listed(gone)}." if gone else caption)


def _judged(readout: Readout) -> pd.DataFrame:
    """The wells with what is odd about each, '' where nothing is. What is left out stands where it was measured."""
    values, out = readout.values, readout.values["left_out"].astype(bool)
    reasons = rank_wells(values[~out], readout.modality)[["plate", "row", "column", "reason"]]
    drawn = values.assign(percent=values["percent"].where(~out, values["percent_imported"]))
    wells = drawn.merge(reasons, on=["plate", "row", "column"], how="left")
    return wells.assign(reason=wells["reason"].where(wells["reason"].notna(), ""))


def _controls(report: ScreenReport, readout: Readout, wells: pd.DataFrame, rows: pd.DataFrame, dark: bool) -> Chart:
    return strips(wells, rows[["plate", "value", "verdict"]], context_of(report, readout), "", dark)


def _plate(
    report: ScreenReport, readout: Readout, wells: pd.DataFrame, plate: str, rows: pd.DataFrame, plates: int, dark: bool
) -> Chart:
    mine = rows[rows["plate"] == plate]
    verdict = str(mine["verdict"].iloc[0]) if len(mine) else ""
    told = f"Viability by the plate's controls, {context_of(report, readout)}."
    if verdict:
        told += f" {mine['reason'].iloc[0]}"
    gone = gone_plates(report, readout)
    if plate in gone:
        told += f" The plate is {gone_words(gone[plate])}."
    if plates > MAPPED:
        told += f" The {MAPPED} worst of {plural(plates, 'plate')} are mapped."
    chart = plate_map(wells, plate, "percent", told, "", span(wells, "percent"), verdict == "bad", dark)
    return replace(chart, question=f"Which wells of {plate} live?")


def change_figures(report: ScreenReport) -> list[Figure]:
    """What exclusions changed, of every readout that they changed."""
    return [
        Figure(f"changes-{one.modality}", partial(_changes, report, one))
        for one in report.scored
        if len(stepped(one.changes))
    ]


def moved(changes: pd.DataFrame) -> pd.DataFrame:
    """`review.pooled` of the changes that a person sees: a step of VISIBLE, a score gained or lost, a hit more or less.

    changes: columns of `review_types.Decided`.
    """
    if changes.empty:
        return changes
    mine = pooled(changes)
    step = (mine["after"].astype(float) - mine["before"].astype(float)).abs()
    return mine[~(step < VISIBLE) | (mine["hit_before"] != mine["hit_after"])]


def stepped(changes: pd.DataFrame) -> pd.DataFrame:
    """`moved` of the drugs that have a score before and after."""
    mine = moved(changes)
    return mine[mine["before"].notna() & mine["after"].notna()] if len(mine) else mine


def _changes(report: ScreenReport, readout: Readout, dark: bool) -> Chart:
    mine, seen, every = stepped(readout.changes), len(moved(readout.changes)), len(pooled(readout.changes))
    chart = before_and_after(mine, context_of(report, readout), dark)
    caption = chart.caption
    if len(mine) < seen:
        caption += f" Not drawn: {plural(seen - len(mine), 'drug')} with a score on one side alone."
    if seen < every:
        caption += f" Not drawn: {plural(every - seen, 'drug')} that changed by less than {VISIBLE:g}."
    return replace(chart, question=f"{chart.question[:-1]}, by {readout.words}?", caption=caption)


def context_of(report: ScreenReport, readout: Readout) -> str:
    made = ", simulated data" if report.simulated else ""
    return f"{report.screen}, {readout.words}{made}"
