"""The chapters of a screen's report, the same for HTML, PDF and slides; every text is cleaned on the way out."""

from dataclasses import dataclass, replace

import pandas as pd

from engine.figures.text import count, number, plural
from engine.report.card import Fact
from engine.report.parts import Number, Section, Table
from engine.report.screen import CURVED, TOP, Readout, ScreenReport, replicate_scores
from engine.report.screen_combined import combined_chapter
from engine.report.screen_counted import (
    counted,
    failed_plates,
    gone_plates,
    interval_words,
    intervals,
    listed,
    replicate_words,
)
from engine.report.screen_figures import Figure, agreement_figure, curve_figures, hit_figures
from engine.report.screen_pairs import pairs_chapter
from engine.report.screen_quality import quality_chapter
from engine.report.screen_record import (
    changes_chapter,
    exclusions_chapter,
    methods_chapter,
    record_chapter,
    versions_chapter,
)
from engine.report.screen_words import MISSING, dss_words, hits_words, ic50_words, moment
from engine.report.tidy import tidy
from engine.spheroid.hits import NOT_TOLD
from engine.spheroid.settings import HIT_DSS

PHOTOGRAPHS = (
    "Photographs: maximum of the stack, one contrast for each drug and its negative control, with the viability of the "
    "well that is shown."
)


@dataclass(frozen=True)
class Chapter:
    """A chapter before its figures are drawn: interactive ones for HTML, pictures for paper and slides."""

    section: Section
    figures: tuple[Figure, ...] = ()


def chapters(report: ScreenReport) -> list[Chapter]:
    """Every chapter in reading order, without the empty ones."""
    every = [
        Chapter(_summary(report)),
        Chapter(_hits(report)),
        Chapter(Section("bars", "How they stand out"), tuple(hit_figures(report))),
        _curves(report),
        _agreement(report),
        Chapter(*combined_chapter(report)),
        Chapter(*pairs_chapter(report)),
        Chapter(*quality_chapter(report)),
        Chapter(exclusions_chapter(report)),
        Chapter(*changes_chapter(report)),
        Chapter(record_chapter(report)),
        Chapter(methods_chapter(report)),
        Chapter(versions_chapter(report)),
    ]
    return [Chapter(tidy(one.section), one.figures) for one in every if one.figures or not one.section.empty]


def _summary(report: ScreenReport) -> Section:
    row, source = report.row, report.source
    replicates = plural(len(report.replicates), "replicate")
    facts = [
        Fact("Sample", _told(row["sample"])),
        Fact("Diagnosis", _told(row["entity"])),
        Fact("Plates", f"{count(row['n_plates'])} of {count(row['n_wells'])} wells, {replicates}"),
        Fact("Readouts", ", ".join(one.name if one.scored else f"{one.name} (not scored)" for one in report.readouts)),
        Fact("Images", f"{plural(int(row['n_images']), 'well')} photographed" if row["n_images"] else "none"),
        Fact("Imported", f"{moment(source.get('imported_at'))}, from {_told(source.get('origin'))}"),
    ]  # fmt: skip
    return Section("summary", "Result", lead=hits_words(report), cards=_cards(report), facts=facts)


def _told(value: object) -> str:
    return "not told" if value is None or pd.isna(value) or not str(value) else str(value)


def _cards(report: ScreenReport) -> list[Number]:
    cards = [
        Number(
            f"Hits, {one.words}",
            f"{count(int(one.alone['hit'].sum()))} of {count(len(one.alone))}",
            tuple(note for note in (f"DSS of at least {HIT_DSS:g}", one.together, _without(one)) if note),
        )
        for one in report.scored[:2]
    ]
    names = [entry.target.name for entry in report.state.excluded]
    note = listed(names) if names else "every well counts"
    return [*cards, _failed(report), Number("Left out by decision", count(len(names)), (note, "nothing is deleted"))]


def _failed(report: ScreenReport) -> Number:
    """Plates that fail by a readout that judges the screen, with every scored readout below.

    The mean of a stack hardly separates controls: it judges only where nothing else does (as in `findings`).
    """
    failed, ranks = failed_plates(report), report.scored or report.readouts
    gone = [set(gone_plates(report, one)) for one in ranks]
    everywhere = set.intersection(*gone)
    judge = [one for one in ranks if one.modality != "mos"] or ranks
    some = {plate for one in judge for plate in failed.get(one.modality, [])}
    notes = [f"{one.words}: {listed(failed[one.modality]) if one.modality in failed else 'none'}" for one in ranks]
    notes += [f"left out: {listed(sorted(everywhere))}"] if everywhere else []
    counting = int(report.row["n_plates"]) - len(everywhere)
    return Number("Plates that fail by Z'", f"{count(len(some))} of {count(counting)}", tuple(notes))


def _without(readout: Readout) -> str:
    missing = readout.drugs[readout.drugs["dss_asym"].isna()]
    out = int(missing["reason"].str.startswith("left out").sum())
    told = [f"{count(out)} left out"] if out else []
    told += [f"{count(len(missing) - out)} without a fit"] if len(missing) > out else []
    return ", ".join(told) or "all with a fit"


def _hits(report: ScreenReport) -> Section:
    if report.main is None:
        return Section("hits", "Hits")
    texts = [_rested(report)]
    if words := _expected(report):
        texts.append(words)
    return Section("hits", "Hits", texts=texts, tables=[_top(report), _by_readout(report)])


def _rested(report: ScreenReport) -> str:
    main = report.main
    assert main is not None  # only asked where drugs are ranked
    return (
        f"Drugs are ranked by {main.by}, {replicate_words(report, main)}. DSS: asymmetric drug sensitivity score, 0 to "
        f"50, {interval_words(main)}. IC50: where the fitted curve reaches 50 % inhibition; > or < where that lies "
        "outside of the tested doses. Highest effect: where the curve levels off, in percent of full kill. Wells: "
        "those that count."
    )


def _expected(report: ScreenReport) -> str:
    known = report.expected
    if not known.drugs or report.main is None:
        return ""
    found = known.found(list(report.main.hits["drug"]))
    rows = report.main.drugs
    out = set(rows.loc[rows["dss_asym"].isna() & rows["reason"].str.startswith("left out"), "drug"])
    gone = [drug for drug in known.drugs if drug in out and drug not in found]
    missed = [drug for drug in known.drugs if drug not in found and drug not in out]
    told = f"Expected of {known.sample} ({known.source}): {count(len(found))} of {count(len(known.drugs))} are hits"
    told += f"; not {', '.join(missed)}" if missed else ""
    return f"{told}; left out: {', '.join(gone)}." if gone else f"{told}."


def _top(report: ScreenReport) -> Table:
    """The drugs shown: score, IC50, replicates, other readouts."""
    main, shown = report.main, report.shown
    if main is None or shown.empty:
        return Table()
    several = report.replicates if 1 < len(report.replicates) <= 4 else []
    singles = [replicate_scores(main, one) for one in several]
    others = [(one, replicate_scores(one, "pooled")) for one in report.scored if one is not main]
    selective = shown["sdss"].notna().any()
    drawn, wells = intervals(main).drawn > 0, counted(main)
    rows = []
    for row in shown.to_dict("records"):
        key = (row["drug"], row["addon"])
        group = (
            ""
            if row["group"] == NOT_TOLD
            else f"\n{row['group']}" + (f": {row['subgroup']}" if row["subgroup"] else "")
        )
        star = " (expected)" if row["drug"] in report.expected.drugs else ""
        rests = wells[key].words if key in wells else count(row["n_wells"])
        cells = [f"{row['name']}{star}{group}", dss_words(row, drawn), ic50_words(row), _score(row["imax"]), rests]
        cells += [_score(scores.get(key)) for scores in singles]
        cells += [_score(scores.get(key)) for _, scores in others]
        cells += [_score(row["sdss"])] if selective else []
        rows.append(tuple(cells))
    columns = [
        "Drug\nclass", "DSS\n95 % interval" if drawn else "DSS\nno interval", "IC50\nnM", "Highest effect\n%",
        "Wells\nreplicates",
        *(f"DSS\nreplicate {one}" for one in several),
        *(f"DSS\n{one.words}" for one, _ in others), *(["sDSS"] if selective else []),
    ]  # fmt: skip
    hits = len(main.hits)
    title = f"Top hits by {main.by}" if hits else f"No hit: the highest scores by {main.by}"
    caption = f"First {TOP} of {count(hits)} hits; the XLSX report has every drug." if hits > TOP else ""
    return Table(tuple(columns), tuple(rows), (False, *([True] * (len(columns) - 1))), title, caption)


def _score(value: object) -> str:
    return MISSING if value is None or pd.isna(value) else number(float(value))  # type: ignore[arg-type]


def _by_readout(report: ScreenReport) -> Table:
    """What each readout says, beside the one that ranks."""
    if len(report.readouts) < 2:
        return Table()
    main = report.main
    both = set(zip(main.hits["drug"], main.hits["addon"], strict=True)) if main else set()
    rows = []
    for one in report.readouts:
        if not one.scored:
            rows.append((one.name, "not scored", MISSING, MISSING, MISSING))
            continue
        mine = set(zip(one.hits["drug"], one.hits["addon"], strict=True))
        missing = int(one.drugs["dss_asym"].isna().sum())
        rows.append((one.name, count(len(one.drugs)), count(len(mine)), count(len(mine & both)), count(missing)))
    shared = f"Hits by {main.by}, too" if main else ""
    columns = ("Readout", "Drugs", "Hits", shared, "Without a score")
    return Table(columns, tuple(rows), (False, True, True, True, True), "What each readout says")


def _curves(report: ScreenReport) -> Chapter:
    if report.main is None:
        return Chapter(Section("curves", "Curves"))
    figures = tuple(curve_figures(report))
    texts = []
    if len(report.shown) > CURVED:
        texts.append(f"The first {CURVED} of {plural(len(report.main.hits), 'hit')}; the XLSX report has every curve.")
    without = report.main.drugs[report.main.drugs["dss_asym"].isna()]
    failed = without[~without["reason"].str.startswith("left out")]
    if len(failed):
        named = "; ".join(
            f"{row['name']}: {row['reason'] or 'not told why'}" for row in failed.head(8).to_dict("records")
        )
        more = f" And {plural(len(failed) - 8, 'more drug')}." if len(failed) > 8 else ""
        texts.append(f"No fit: {named}.{more}")
    if report.images_note:
        texts.append(report.images_note)
    strips = list(report.strips)
    if strips:
        strips[-1] = replace(strips[-1], caption=PHOTOGRAPHS)
    return Chapter(Section("curves", "Curves and images", texts=texts, strips=strips), figures)


def _agreement(report: ScreenReport) -> Chapter:
    """Images beside metabolism: what is a hit in one only."""
    found = agreement_figure(report)
    if found is None:
        return Chapter(Section("agreement", "Do readouts agree?"))
    figure, words = found
    return Chapter(Section("agreement", "Do readouts agree?", texts=[words]), (figure,))
