"""What a screen's numbers rest on after exclusions: wells and replicates of a drug, intervals, plates that count."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from engine.figures.text import count, plural
from engine.report.screen import Readout, ScreenReport
from engine.spheroid import left_out_plates
from engine.spheroid.curve_bootstrap import MIN_DRAWS
from engine.spheroid.review_types import Entry

POOLED = "pooled"
NAMED = 4  # plates in a sentence


class Counted(NamedTuple):
    """Wells of one drug and addition. used: with a viability that counts. known: all that the layout has.

    replicates: those with a well that counts. every: those of the layout.
    """

    used: int
    known: int
    replicates: tuple[int, ...]
    every: tuple[int, ...]

    @property
    def fewer(self) -> bool:
        """Whether some, not all, of its replicates count."""
        return 0 < len(self.replicates) < len(self.every)

    @property
    def words(self) -> str:
        """10 of 20, and below which replicates."""
        wells = count(self.used) if self.used == self.known else f"{count(self.used)} of {count(self.known)}"
        if len(self.every) < 2 or not self.replicates:
            return wells
        names = ", ".join(map(str, self.replicates[:NAMED])) + (", …" if len(self.replicates) > NAMED else "")
        return f"{wells}\nreplicate {names} only" if self.fewer else f"{wells}\nreplicates {names}"


def counted(readout: Readout) -> dict[tuple[str, str], Counted]:
    """(drug, addon) -> the wells that its score of all replicates rests on."""
    wells = readout.values
    own = wells[(wells["well_type"] == "therapy") & (wells["treatment"] != "") & (wells["conc_nm"] > 0)]
    (used, counting), (known, every) = _held(own[own["percent"].notna() & ~own["left_out"].astype(bool)]), _held(own)
    return {
        key: Counted(used.get(key, 0), n, tuple(counting.get(key, ())), tuple(every.get(key, ())))
        for key, n in known.items()
    }


def _held(wells: pd.DataFrame) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], list[int]]]:
    """Of every drug and addition: how many wells, and which replicates."""
    key = ["treatment", "addon"]
    numbers = wells.dropna(subset="replicate").drop_duplicates([*key, "replicate"]).sort_values("replicate")
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for drug, addon, number in numbers[[*key, "replicate"]].itertuples(index=False):
        found[str(drug), str(addon)].append(int(number))
    return {(str(drug), str(addon)): int(n) for (drug, addon), n in wells.groupby(key).size().items()}, found


def replicate_words(report: ScreenReport, readout: Readout) -> str:
    """both replicates together; or how many drugs rest on fewer."""
    several = len(report.replicates)
    if several < 2:
        return "one replicate"
    together = "both replicates together" if several == 2 else f"all {several} replicates together"
    wells = counted(readout)
    drugs = [wells[key] for key in zip(readout.drugs["drug"], readout.drugs["addon"], strict=True) if key in wells]
    fewer = sum(one.fewer for one in drugs)
    if not fewer:
        return together
    on = "one replicate alone" if several == 2 else f"fewer than {several} replicates"
    rest = "rests" if fewer == 1 else "rest"
    return f"{together} where all count: {fewer} of {plural(len(drugs), 'drug')} {rest} on {on} (see Wells)"


class Intervals(NamedTuple):
    """Of scores that have a fit. scores, drawn: how many there are, and with an interval. waiting: left to a scoring
    job. few: with no more wells than the curve has parameters, of which none can be drawn. resamples: that were asked
    for. decided: exclusions count."""

    scores: int
    drawn: int
    waiting: int
    few: int
    resamples: int
    decided: bool

    @property
    def why(self) -> str:
        """Why some have none, a part of a sentence; '' where all have one."""
        if self.drawn < self.scores and self.resamples < MIN_DRAWS:
            with_ = f"with {plural(self.resamples, 'resample')}" if self.resamples else "without resamples"
            return f"this readout was scored {with_}"
        late, told = self.waiting, []
        if late:
            told.append(
                f"{'all' if late == self.scores else count(late)} {'waits' if late == 1 else 'wait'} for a "
                f"scoring job{', as exclusions changed the scores' if self.decided else ''}"
            )
        if self.few:
            told.append(f"{count(self.few)} {'has' if self.few == 1 else 'have'} too few wells for one")
        if other := self.scores - self.drawn - self.waiting - self.few:
            told.append(f"of {count(other)} the resamples gave none")
        return "; ".join(told)


def intervals(readout: Readout, replicate: str = POOLED) -> Intervals:
    """How many scores of a replicate have an interval; replicate: '' for every one."""
    keys = ["drug", "addon", "replicate"]
    mine = readout.scores[readout.scores["replicate"] == replicate] if replicate else readout.scores
    mine = mine.merge(readout.curves[[*keys, "n_parameters"]], on=keys, how="left")
    mine = mine[mine["dss_asym"].notna()]
    missing = mine["dss_lower"].isna() | mine["dss_upper"].isna()
    few = missing & (mine["n_wells"] <= mine["n_parameters"].fillna(0))
    how = readout.scoring
    resamples, decided, open_ = (how.settings.bootstrap, how.excluded != "", how.open) if how else (0, False, ())
    left = [key in open_ for key in mine[keys].itertuples(index=False, name=None)]
    waiting = missing & ~few & pd.Series(left, index=mine.index, dtype=bool)
    return Intervals(
        len(mine), int((~missing).sum()), int(waiting.sum()), int(few.sum()), resamples=resamples, decided=decided
    )


def interval_words(readout: Readout) -> str:
    """with its 95 % bootstrap interval; or that there is none, and why."""
    found = intervals(readout)
    if not found.why:
        return "with its 95 % bootstrap interval"
    if not found.drawn:
        return f"without an interval: {found.why}"
    return f"with its 95 % bootstrap interval ({count(found.drawn)} of {count(found.scores)}; {found.why})"


def gone_plates(report: ScreenReport, readout: Readout) -> dict[str, Entry | None]:
    """Plates of which decisions leave out every well of a readout -> the decision that takes most of them."""
    held = readout.values[readout.values["well_type"] != "empty"]
    entries = {entry.entry: entry for entry in report.state.entries}
    by = held.groupby("plate")["entry"].agg(lambda own: own.mode().iloc[0])
    return {plate: entries.get(int(by[plate])) for plate in left_out_plates.gone_plates(held)}


def gone_words(entry: Entry | None) -> str:
    """left out by Anna: blurred."""
    return f"left out by {entry.reviewer}: {entry.reason}" if entry else "left out"


def judged_plates(report: ScreenReport) -> pd.DataFrame:
    """The verdicts, without those on plates that are left out of a readout."""
    rows = report.quality
    gone = {(plate, one.modality) for one in report.readouts for plate in gone_plates(report, one)}
    out = [key in gone for key in zip(rows["plate"], rows["modality"], strict=True)]
    return rows[~pd.Series(out, index=rows.index, dtype=bool)]


def failed_plates(report: ScreenReport) -> dict[str, list[str]]:
    """Modality -> plates that count and whose controls do not separate by it; no entry where all do."""
    rows = judged_plates(report)
    bad = rows[rows["measure"].str.startswith("z_prime") & (rows["verdict"] == "bad") & (rows["plate"] != "")]
    found = {}
    for one in report.readouts:
        if plates := sorted(set(bad.loc[bad["modality"] == one.modality, "plate"].astype(str))):
            found[one.modality] = plates
    return found


def listed(plates: Sequence[str]) -> str:
    """P1, P2 and 7 more."""
    more = f" and {count(len(plates) - NAMED)} more" if len(plates) > NAMED else ""
    return ", ".join(plates[:NAMED]) + more


def failed_words(report: ScreenReport) -> str:
    """P1, P3 fail by mean of stack and still count; '' where no plate fails by a readout that is scored."""
    failed = failed_plates(report)
    return "; ".join(
        f"{listed(plates)} {'fails' if len(plates) == 1 else 'fail'} by {one.words} and still "
        f"{'counts' if len(plates) == 1 else 'count'}"
        for one in report.scored
        if (plates := failed.get(one.modality))
    )
