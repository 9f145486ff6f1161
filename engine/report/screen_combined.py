"""The chapter on combinations of a screen's report: what an addition changes, drug by drug, where any was measured."""

from dataclasses import replace
from functools import partial

from engine.errors import InputError
from engine.figures.combination_words import addition_words, unmatched_words, verdict_words
from engine.figures.combinations import MANY, combination_forest
from engine.figures.template import Chart
from engine.figures.text import count
from engine.report.parts import Section
from engine.report.screen import ScreenReport
from engine.report.screen_figures import Figure, context_of
from engine.spheroid.combinations import Combinations, combinations, verdicts

LEFT_ASIDE = (
    f"Drawn are {MANY} of {{n}}: those that are surely above or below, then the surest of the rest; the workbook "
    "has all."
)


def combined(report: ScreenReport) -> dict[str, Combinations]:
    """Readout by name -> what additions change, of a combination screen."""
    found: dict[str, Combinations] = {}
    for one in report.readouts:
        try:
            found[one.name] = combinations(one.values, one.modality)
        except InputError:  # nothing was combined, or not by this readout
            continue
    return found


def combined_chapter(report: ScreenReport) -> tuple[Section, tuple[Figure, ...]]:
    """By the readout that ranks first among those that tell; empty for a screen without additions."""
    title, every = "What does the addition change?", combined(report)
    told = next((one for one in report.readouts if one.name in every), None)
    if told is None:
        return Section("combinations", title), ()
    found = every[told.name]
    words = [*found.notes, *unmatched_words(found)]
    if found.rows.empty:
        return Section("combinations", title, texts=words), ()
    about = " ".join(["Measured together in this screen, not suggested.", *addition_words(found), verdict_words(found)])
    draw = partial(_forest, found, context_of(report, told))
    return Section("combinations", title, texts=[about, *words]), (Figure("combinations", draw),)


def _forest(found: Combinations, context: str, dark: bool) -> Chart:
    """As on the page, but of a length that fits on paper."""
    rows, told = found.rows, verdicts(found.rows)
    first = [*rows.index[told != "unsure"], *rows.index[told == "unsure"]][:MANY]
    chart = combination_forest(found._replace(rows=rows.loc[sorted(first)].reset_index(drop=True)), context, dark=dark)
    aside = f" {LEFT_ASIDE.format(n=count(len(rows)))}" if len(rows) > MANY else ""
    return replace(chart, question="Drug by drug, beside what Bliss expects", caption=chart.caption + aside)
