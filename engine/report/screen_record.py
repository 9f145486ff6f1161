"""The chapters on people and machines of a screen's report: what was left out and by whom, how scored, from what."""

from dataclasses import replace

import pandas as pd

from engine.figures.review import VISIBLE, changes_table, pooled
from engine.figures.screens import modality_name
from engine.figures.text import count, number, plural
from engine.jobs.spec import versions
from engine.report.card import Fact
from engine.report.parts import Section, Table, text_table
from engine.report.screen import Readout, ScreenReport
from engine.report.screen_counted import intervals
from engine.report.screen_figures import Figure, change_figures, moved, stepped
from engine.report.screen_words import MISSING, moment, scoring_words, signed
from engine.spheroid.review_types import ACTIONS, KINDS, READOUTS, STATUSES, Entry
from engine.spheroid.settings import HIT_DSS

MOST_CHANGES = 25
MOST_ENTRIES = 60
INTERVAL = (
    "Interval: from the 2.5th to the 97.5th percentile of curves fitted to resampled wells. It tells how wells of "
    "this screen scatter, not what another biopsy of the tumour would give."
)
DEFINITIONS = (
    "DSS (asymmetric drug sensitivity score, 0 to 50): area under the fitted curve of inhibition over the tested doses "
    f"that exceeds the activity threshold; a hit has {HIT_DSS:g} or more (Berker et al. 2022).",
    "Viability in percent: 0 is the median of the plate's positive controls, 100 that of its negative ones. "
    "Readouts imported as percent are kept as they came; inhibition as 100 minus it.",
    "Z': separation of both controls of a plate, above 0.5 excellent, at 0 and below unusable (Zhang et al. 1999).",
    "An effect on spheroids in a well says nothing yet about an effect, a dose or a side effect in a person.",
)


def exclusions_chapter(report: ScreenReport) -> Section:
    """What is left out now, by whom and why."""
    left = report.state.excluded
    if not left:
        text = "Nothing is left out: scores rest on every well that was measured."
        return Section("exclusions", "Exclusions", texts=[text, *report.state.orphans])
    rows = tuple(
        (entry.target.name, KINDS[entry.target.kind].partition(" ")[2], READOUTS[entry.readout], entry.reason,
         entry.reviewer, moment(entry.at))
        for entry in left[:MOST_ENTRIES]
    )  # fmt: skip
    columns = ("Left out", "What", "Readouts", "Why", "By", "When")
    caption = (
        f"First {MOST_ENTRIES} of {count(len(left))}; the XLSX report has all." if len(left) > MOST_ENTRIES else ""
    )
    table = Table(columns, rows, (False,) * 6, "", caption)
    return Section("exclusions", "Exclusions", texts=report.state.orphans, tables=[table])


def changes_chapter(report: ScreenReport) -> tuple[Section, tuple[Figure, ...]]:
    """What the exclusions do to the scores."""
    title = "What the exclusions change"
    if not report.state.excluded:
        return Section("changes", title), ()
    every = [moved(one.changes) for one in report.scored if len(one.changes)]
    texts = [_changed(one) for one in report.scored]
    rows = pd.concat(every, ignore_index=True) if every else pd.DataFrame()
    if rows.empty:
        return Section("changes", title, texts=texts), ()
    told = changes_table(pooled(rows)).drop(columns=["Replicate"])
    table = text_table(told, f"Scores that moved by {VISIBLE:g} or more, or made or unmade a hit", most=MOST_CHANGES)
    return Section("changes", title, texts=texts, tables=[table]), tuple(change_figures(report))


def _changed(readout: Readout) -> str:
    """By images: 20 of 24 drugs changed, 14 by 0.1 or more; now a hit: ...; the largest steps."""
    mine = moved(readout.changes)
    every = len(pooled(readout.changes)) if len(readout.changes) else 0
    drugs = plural(len(readout.drugs), "drug")
    if not every:
        return f"By {readout.words}: no score of {drugs} changed."
    both = stepped(readout.changes)
    step = (both["after"].astype(float) - both["before"].astype(float)).abs()
    told = [f"{count(int((step >= VISIBLE).sum()))} of {drugs} changed by {VISIBLE:g} or more in DSS"]
    if len(mine) < every:
        told[0] += f", {count(every - len(mine))} by less"
    for became, words in ((True, "now a hit"), (False, "no hit any more")):
        names = mine.loc[(mine["hit_after"] == became) & (mine["hit_before"] != became), "drug"].tolist()
        if names:
            told.append(f"{words}: {', '.join(names[:6])}" + (f" and {len(names) - 6} more" if len(names) > 6 else ""))
    for side, words in (("after", "no score any more"), ("before", "a score only now")):
        if alone := int(mine[side].isna().sum()):
            told.append(f"{count(alone)} with {words}")
    if len(both):
        steps = [f"{row.drug} {number(row.before)} → {number(row.after)}" for row in both.head(3).itertuples()]
        told.append(f"largest steps: {', '.join(steps)}")
    return f"By {readout.words}: {'; '.join(told)}."


def record_chapter(report: ScreenReport) -> Section:
    """Every decision in order; the newest where there are many."""
    entries = report.state.entries
    if not entries:
        return Section(
            "record", "Record", texts=["Nobody has decided anything on this screen yet: it is not reviewed."]
        )
    texts = []
    if report.state.broken:
        texts.append(f"The record is damaged: {report.state.broken}")
    entry = report.state.signed
    if signed(report) and entry and entry.state_hash != report.state_hash:
        texts.append(
            f"What was signed had the seal {entry.state_hash[:16]}; now it would be {report.state_hash[:16]}. Data, "
            "model or scoring changed since: reopen the screen, look again and sign anew."
        )
    rows = tuple(_entry(one) for one in entries[-MOST_ENTRIES:])
    left = len(entries) - len(rows)
    caption = "Entries are added, never changed; each holds the hash of the one before. Times are UTC."
    if left:
        caption = f"The last {MOST_ENTRIES} of {count(len(entries))}; the XLSX report has all. {caption}"
    columns = ("No.", "When", "Who", "Decision", "What", "Readouts", "Reason or comment", "Hash")
    table = Table(columns, rows, (True, *([False] * 7)), "", caption)
    return Section(
        "record", "Record", lead=STATUSES[report.state.status].capitalize() + ".", texts=texts, tables=[table]
    )


def _entry(entry: Entry) -> tuple[str, ...]:
    what = entry.target.name or "whole screen"
    return (
        count(entry.entry), moment(entry.at).removesuffix(" UTC"), entry.reviewer, ACTIONS[entry.action], what,
        READOUTS[entry.readout] if entry.target.kind else MISSING, entry.reason or MISSING, entry.hash[:8],
    )  # fmt: skip


def methods_chapter(report: ScreenReport) -> Section:
    """How the scores were made, and what the numbers are."""
    facts = [Fact(f"Scored by {one.words}", words) for one in report.scored if (words := scoring_words(one))]
    drawn = any(intervals(one, "").drawn for one in report.scored)
    points = (DEFINITIONS[0], *([INTERVAL] if drawn else []), *DEFINITIONS[1:])
    return Section("methods", "What the numbers are", facts=facts, points=points)


def versions_chapter(report: ScreenReport) -> Section:
    """Data, models and programs that the numbers come from, so that they can be made again."""
    source = report.source
    jobs = sorted({str(job) for one in report.scored for job in one.scores["job_id"]})
    models = tuple(
        (
            modality_name(row["modality"]), str(row["run_id"]), moment(row["created_at"]) or MISSING,
            ", ".join(str(one) for one in (row["backbone"], row["preset"]) if one and pd.notna(one)) or MISSING,
            str(row["weights"]), str(row["data_hash"] or MISSING)[:16],
        )
        for row in report.runs.to_dict("records")
    )  # fmt: skip
    facts = [
        Fact("Screen's data", f"{source.get('file_name', MISSING)}, SHA-256 {source.get('sha256', MISSING)}"),
        Fact("Licence", str(source.get("licence") or "not told")),
        Fact("Seal now", f"{report.state_hash}: SHA-256 of data, models, scoring and decisions"),
        Fact("Seal signed", report.state.signed.state_hash if report.state.signed else "none: not signed off"),
        Fact("Scored by job", ", ".join(jobs) or "none"),
        Fact("Programs", ", ".join(f"{name} {what}" for name, what in versions().items())),
        Fact("Make it again", "python -m engine rescore FILE.zip, with the review bundle of this screen"),
    ]  # fmt: skip
    columns = ("Readout", "Run", "Trained", "Network", "Began with", "Data")
    text = f"{plural(len(models), 'network')} looked at the images." if models else "No network takes part."
    table = replace(Table(columns, models, (False,) * 6), caption=text)
    return Section("versions", "Versions and hashes", facts=facts, tables=[table])
