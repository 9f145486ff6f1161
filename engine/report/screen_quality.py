"""The chapter on plates of a screen's report: can living and killed controls be told apart, and what else is wrong."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.figures.screens import VERDICTS, measure_name, modality_name
from engine.figures.text import count, number, plural
from engine.report.parts import Section, Table
from engine.report.screen import ScreenReport
from engine.report.screen_counted import failed_plates, gone_plates, judged_plates
from engine.report.screen_figures import Figure, quality_figures
from engine.report.screen_words import MISSING, moment
from engine.spheroid.review_types import Entry

MOST_ROWS = 40  # plates times readouts in the table
MOST_REASONS = 12
SHOWN = ("z_prime", "robust_z_prime", "ssmd", "replicate_pearson", "nrfe")


def quality_chapter(report: ScreenReport) -> tuple[Section, tuple[Figure, ...]]:
    """Z' of every plate, plate maps, all verdicts as a table, what is bad in words."""
    failed = failed_plates(report)
    if report.quality.empty:
        lead = "No plate could be judged."
    else:
        told = [
            f"by {one.words}: {', '.join(failed[one.modality])}" if one.modality in failed else f"by {one.words}: none"
            for one in report.readouts
        ]
        lead = f"Plates whose controls do not separate (Z' at 0 or below), {'; '.join(told)}."
    tables = [_plates(report), _left_out(report), _bad(report)]
    section = Section("quality", "Can the plates be trusted?", lead=lead, tables=tables)
    return section, tuple(quality_figures(report))


def _plates(report: ScreenReport) -> Table:
    """One row a plate and readout, the whole screen last."""
    rows = report.quality
    if rows.empty:
        return Table()
    measures = [name for name in SHOWN if (rows["measure"] == name).any()]
    made = []
    for readout in [one for one in report.readouts if (rows["modality"] == one.modality).any()]:
        mine, gone = rows[rows["modality"] == readout.modality], gone_plates(report, readout)
        for plate in sorted({*mine["plate"], *gone}, key=lambda name: (name == "", len(name), name)):
            if plate in gone:
                entry = gone[plate]
                name = f"{plate}\nby {entry.reviewer}" if entry else plate
                made.append((readout.name, name, "Left out", *(MISSING for _ in measures), MISSING))
                continue
            own = mine[mine["plate"] == plate]
            by = {row["measure"]: row for row in own.to_dict("records")}
            separation = by.get("z_prime")
            verdict = VERDICTS.get(separation["verdict"], "") if separation else MISSING
            counts = own["verdict"].value_counts()
            others = f"{count(counts.get('bad', 0))} bad, {count(counts.get('doubtful', 0))} doubtful"
            cells = [_value(by.get(measure)) for measure in measures]
            made.append((readout.name, plate or "Whole screen", verdict, *cells, others))
    caption = f"First {MOST_ROWS} of {count(len(made))} rows; the XLSX report has all." if len(made) > MOST_ROWS else ""
    columns = ("Readout", "Plate", "Verdict\nby Z'", *(measure_name(one) for one in measures), "All measures")
    numeric = (False, False, False, *([True] * len(measures)), False)
    return Table(columns, tuple(made[:MOST_ROWS]), numeric, "Every plate", caption)


def _value(row: Mapping[Any, Any] | None) -> str:
    return MISSING if row is None or pd.isna(row["value"]) else number(float(row["value"]))


def _left_out(report: ScreenReport) -> Table:
    """Plates that count no more: by whose decision, of which readouts, when and why. They are no failures."""
    found: dict[tuple[str, Entry | None], list[str]] = defaultdict(list)
    for one in report.readouts:
        for plate, entry in gone_plates(report, one).items():
            found[plate, entry].append(one.words)
    rows = tuple(
        (
            plate, ", ".join(readouts) if len(readouts) < len(report.readouts) else "all readouts",
            entry.reviewer if entry else MISSING, moment(entry.at) if entry else MISSING,
            entry.reason if entry else MISSING,
        )
        for (plate, entry), readouts in list(found.items())[:MOST_REASONS]
    )  # fmt: skip
    caption = f"First {MOST_REASONS} of {count(len(found))}." if len(found) > MOST_REASONS else ""
    return Table(("Plate", "Readouts", "By", "When", "Why"), rows, (False,) * 5, "Plates left out by decision", caption)


def _bad(report: ScreenReport) -> Table:
    """What is bad, with the reason; what is only doubtful stands in the XLSX report."""
    judged = judged_plates(report)
    rows = judged[judged["verdict"] == "bad"]
    order = {one.modality: place for place, one in enumerate(report.readouts)}
    rows = rows.sort_values("modality", key=lambda names: names.map(order), kind="stable")
    made = [
        (
            row["plate"] or "Whole screen", modality_name(row["modality"]), measure_name(row["measure"]),
            _value(row), row["reason"],
        )
        for row in rows.head(MOST_REASONS).to_dict("records")
    ]  # fmt: skip
    told = [f"First {MOST_REASONS} of {count(len(rows))}."] if len(rows) > MOST_REASONS else []
    doubtful = int((judged["verdict"] == "doubtful").sum())
    if doubtful:
        told.append(
            f"{plural(doubtful, 'more measure')} {'is' if doubtful == 1 else 'are'} doubtful; see the XLSX report."
        )
    columns = ("Plate", "Readout", "Measure", "Value", "Why")
    return Table(columns, tuple(made), (False, False, False, True, False), "What is bad, and why", " ".join(told))
