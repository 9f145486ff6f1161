"""A screen's report in words: is it signed off, what a drug's score and IC50 are, how it was scored."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.figures.screens import modality_words
from engine.figures.text import count, interval, number, plural
from engine.report.plain import clean
from engine.report.screen import Readout, ScreenReport
from engine.report.screen_counted import failed_words, intervals
from engine.spheroid.settings import HIT_DSS

MISSING = "–"
LABEL = 120
THRESHOLDS = {
    "relative": "effects from 10 % of the larger of 100 and the drug's own highest effect on",
    "ten": "effects from 10 % on",
    "none": "every effect",
}


def label_of(report: ScreenReport) -> str:
    """The screen's name, fit to print."""
    return clean(report.screen, LABEL) or "Unnamed screen"


def moment(at: Any) -> str:
    """2026-11-26 08:04 UTC; '' where it is not known."""
    return "" if at is None or pd.isna(at) else f"{pd.Timestamp(at):%Y-%m-%d %H:%M} UTC"


def signed(report: ScreenReport) -> bool:
    return report.state.status == "signed_off" and report.state.signed is not None


def status_words(report: ScreenReport) -> str:
    """Signed off by whom and when, or that it is not."""
    if signed(report) and (entry := report.state.signed):
        return f"Signed off by {clean(entry.reviewer, 60)}, {moment(entry.at)}"
    return "NOT SIGNED OFF"


def status_note(report: ScreenReport) -> str:
    """What the status rests on: the hash of a sign-off, or what is still open."""
    if signed(report) and (entry := report.state.signed):
        said = f" “{clean(entry.reason, 300)}”" if entry.reason else ""
        if entry.state_hash != report.state_hash:
            return f"Seal {entry.state_hash[:16]}.{said} The screen is not what was signed: see Record."
        failed = failed_words(report)
        # A sign-off with failed plates that still count is only taken from somebody who said yes to each.
        accepted = f" Accepted with the sign-off: {failed}." if failed else ""
        return f"Seal {entry.state_hash[:16]}.{said}{accepted}"
    kept = len(report.state.entries)
    told = f"{plural(kept, 'decision')} recorded" if kept else "nobody has reviewed it"
    late = ""
    if report.stale:
        late = f" Scores by {', '.join(modality_words(one) for one in report.stale)} do not follow the record yet."
    failed = failed_words(report)
    open_ = f" Open: {failed}." if failed else ""
    return f"Preliminary: {told}. Numbers may change before the sign-off.{open_}{late}"


def chips_of(report: ScreenReport) -> list[str]:
    """What kind of screen it is, in a few words each."""
    told = [report.row["sample"], report.row["entity"]]
    chips = [str(one) for one in told if one is not None and pd.notna(one) and str(one)]
    if report.simulated:  # a chip of its own says so
        chips = [chip for chip in chips if chip.casefold() not in ("simulated", "simulated tumour")]
    if pd.notna(report.row["screened_on"]):
        chips.append(f"screened {pd.Timestamp(report.row['screened_on']):%Y-%m-%d}")
    chips.append(f"{count(report.row['n_plates'])} × {count(report.row['n_wells'])} wells")
    return [clean(chip, LABEL) for chip in chips]


def hits_words(report: ScreenReport) -> str:
    """How many drugs are hits by the readout that ranks, and the first of them; or that none is."""
    main = report.main
    if main is None:
        return "This screen is not scored: score it to see which drugs are hits."
    alone, by = main.alone, main.by
    drugs, hits = plural(len(alone), "drug"), alone[alone["hit"]]
    if len(hits):
        names = ", ".join(hits["name"].head(5))
        more = f" and {count(len(hits) - 5)} more" if len(hits) > 5 else ""
        verb = "is a hit" if len(hits) == 1 else "are hits"
        also = f"; {main.together}" if main.together else ""
        return f"{count(len(hits))} of {drugs} {verb} by {by} (DSS of at least {HIT_DSS:g}): {names}{more}{also}."
    fitted = alone[alone["dss_asym"].notna()]
    if fitted.empty:
        return f"No drug has a score by {by}: no curve could be fitted to any of {drugs}."
    best = fitted.iloc[0]
    return (
        f"No hit: none of {drugs} reaches a DSS of {HIT_DSS:g} by {by}. The highest is {best['name']} with "
        f"{number(float(best['dss_asym']))}."
    )


def dss_words(row: Mapping[Any, Any], with_interval: bool = True) -> str:
    """A score with its interval below, or that there is none; with_interval: False where no score has one."""
    if pd.isna(row["dss_asym"]):
        return "no fit"
    score = number(float(row["dss_asym"]))
    return f"{score}\n{interval(_float(row['dss_lower']), _float(row['dss_upper']))}" if with_interval else score


def ic50_words(row: Mapping[Any, Any]) -> str:
    """nM; beyond the tested doses where the curve does not cross 50 % within them."""
    value, doses = _float(row["ic50_nm"]), row["doses_nm"]
    if value is None:
        return MISSING
    tested = [] if doses is None or np.isscalar(doses) else [float(dose) for dose in doses]
    if tested and value >= max(tested) * 0.999:
        return f"> {number(max(tested))}"
    if tested and value <= min(tested) * 1.001:
        return f"< {number(min(tested))}"
    return number(value)


def scoring_words(readout: Readout) -> str:
    """How a readout was scored; '' where nobody knows."""
    scoring = readout.scoring
    if scoring is None:
        return ""
    settings, drawn = scoring.settings, intervals(readout, "")
    curve = f"{settings.parameters} parameters" if settings.parameters else "the best of 2 to 5 parameters"
    resamples = f"intervals by {count(settings.bootstrap)} resamples, seed {settings.seed}"
    if drawn.why:
        there = f"{count(drawn.drawn)} of {plural(drawn.scores, 'score')}" if drawn.drawn else "none is drawn"
        resamples = f"{resamples}, of {there}" if drawn.drawn else f"{resamples}: {there}"
        resamples += f" ({drawn.why})"
    told = [
        f"curves of {curve}",
        f"counted are {THRESHOLDS[settings.activity_threshold]}",
        resamples if settings.bootstrap else "no intervals",
        f"selective scores against {', '.join(scoring.screens)}" if scoring.screens else "no reference screens",
    ]
    return "; ".join(told) + (f". {scoring.note}" if scoring.note else "")


def _float(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
