"""A run against another study: how well two measurements of a pair agree, and how well the model agrees with each.

A = the dataset the run was trained on, B = the other one. Needs neither torch nor rdkit.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.learn.bootstrap import MIN_CLUSTERS
from engine.response.cluster_sums import DrawnSums, Estimate, pearson, r2
from engine.response.common_pairs import RANKS, SERIES, CommonPairs, Matched, match_drugs
from engine.response.records import RunSummary, datasets, run_summary
from engine.store.database import Database

SHIFT_WORTH_A_NOTE = 0.5  # ln units: a factor of 1.6 in IC50
OTHER_UNITS = {"nM": math.log(1e3), "M": -math.log(1e6)}  # what ln(IC50) is off by when it was not of uM
UNIT_TOLERANCE = 0.7  # ln units around such an offset: studies differ by this much anyway
LOG10_SPREAD = 1 / math.log(10)  # the spread of log10 values beside that of ln values
SPREAD_TOLERANCE = 0.1


ORDER = (*SERIES, *RANKS)


@dataclass(frozen=True)
class Agreement:
    """One series (a dataset or a model) against the measurements of a dataset, on the common pairs.

    rmse and shift (mean of series - measured) in ln units of IC50 in uM.
    spearman: its interval resamples the ranks that the pairs have among all common pairs.
    """

    series: str
    against: str
    r2: Estimate
    rmse: Estimate
    pearson: Estimate
    spearman: Estimate
    shift: Estimate


@dataclass(frozen=True)
class CrossStudy:
    """What `cross_study` found, with 95 % intervals by bootstrap over cell lines.

    agreements: B, the model and the naive baseline against A, then A, the model and the naive baseline against B.
    gain: R² of the model minus that of the naive baseline, by dataset; empty where the run has no naive baseline.
    """

    run_id: str
    split: str
    dataset: str  # A
    other: str  # B
    model: str
    naive: str | None
    simulated: bool
    held_out: int  # pairs the run held out, whoever else measured them
    pairs: int  # of them measured in both
    lines: int
    drugs: int
    matched: Matched
    agreements: tuple[Agreement, ...]
    gain: dict[str, Estimate]
    notes: tuple[str, ...]

    def agreement(self, series: str, against: str) -> Agreement:
        """The agreement of one series with one dataset."""
        return next(row for row in self.agreements if (row.series, row.against) == (series, against))

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """Everything, for a terminal."""
        size = f"{_several(self.lines, 'line')} and {_several(self.drugs, 'drug')}"
        head = (
            f"{self.pairs:,} of {self.held_out:,} held-out pairs of run {self.run_id} (split {self.split}) were "
            f"measured in {self.dataset} and in {self.other}: {size}.\n{self.matched.words()}"
        )
        rows = [["", "against", "R²", "RMSE, ln µM", "Pearson r", "Spearman ρ", "mean difference"]]
        for found in self.agreements:
            measures = found.r2, found.rmse, found.pearson, found.spearman, found.shift
            rows.append([found.series, found.against, *map(_told, measures)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        gains = [
            f"R² of {self.model} minus that of {self.naive}, against {name}: {_told(of)}"
            for name, of in self.gain.items()
        ]
        return "\n".join([head, *table, *gains, *self.notes, "In brackets: 95 % intervals by bootstrap over lines."])


def other_datasets(db: Database, run: RunSummary) -> list[str]:
    """Datasets in the store that the run was not trained on."""
    return [name for name in datasets(db)["dataset"] if name != run.dataset]


def cross_study(db: Database, run_id: str, dataset: str, model: str | None = None) -> CrossStudy:
    """Measurement against measurement, then a model and its naive baseline against each, on the very same pairs:
    those that the run held out and both datasets measured. model: the ensemble, or the first that the run has.

    Raises StoreError for an unknown run; InputError for a model the run does not have, a dataset that is not in the
    store or is the run's own, and where the two have nothing in common.
    """
    run = run_summary(db, run_id)
    model = model or _first_model(run)
    naive = run.naive if run.naive != model else None
    common, matched = _common(db, run, dataset, model)
    sums = common.sums()
    if sums.empty:
        raise InputError(_nothing_common(db, common))
    draws = _Draws(sums)
    names = {"a": run.dataset, "b": dataset, "model": model} | ({"naive": naive} if naive else {})
    order = [("b", "a"), ("model", "a"), ("naive", "a"), ("a", "b"), ("model", "b"), ("naive", "b")]
    return CrossStudy(
        run_id=run_id,
        split=run.split,
        dataset=run.dataset,
        other=dataset,
        model=model,
        naive=naive,
        simulated=run.simulated,
        held_out=run.n_test,
        pairs=draws.pairs,
        lines=draws.lines,
        drugs=common.drug_count(),
        matched=matched,
        agreements=tuple(draws.agreement(x, y, names) for x, y in order if x in names),
        gain={names[measured]: draws.gain(measured) for measured in "ab"} if naive else {},
        notes=tuple(draws.notes(run.dataset, dataset)),
    )


def measured_twice(db: Database, run_id: str, dataset: str, model: str | None = None) -> pd.DataFrame:
    """Every common pair with both measurements: line, cancer_type, drug, pathway, a, b (ln IC50 in uM).

    Raises as `cross_study`.
    """
    run = run_summary(db, run_id)
    return _common(db, run, dataset, model or _first_model(run))[0].pairs()


def _first_model(run: RunSummary) -> str:
    if not run.models:
        raise InputError(f"Run {run.run_id} holds no measures of any model, so there is nothing to compare.")
    return run.models[0]


def _common(db: Database, run: RunSummary, dataset: str, model: str) -> tuple[CommonPairs, Matched]:
    if model not in run.models:
        raise InputError(f"Run {run.run_id} has no predictions of '{model}'. Models: {', '.join(run.models)}.")
    known = list(datasets(db)["dataset"])
    others = other_datasets(db, run)
    if dataset not in known:
        raise InputError(
            f"There is no dataset '{dataset}' in the store. Datasets: {', '.join(known) or 'none'}. Bring one in with "
            f"python -m engine import responses FILE --dataset {dataset}"
        )
    if dataset not in others:
        raise InputError(
            f"Run {run.run_id} was trained on {dataset} itself: name another study. In the store: "
            f"{', '.join(others) or 'no other responses'}."
        )
    drugs, matched = match_drugs(db, run.run_id, model, dataset)
    return CommonPairs(db, run.run_id, dataset, model, run.naive or model, drugs), matched


def _nothing_common(db: Database, common: CommonPairs) -> str:
    lines = int(
        db.query(
            """SELECT count(*) AS n FROM (SELECT DISTINCT cosmic_id FROM prediction WHERE run_id = ?)
               JOIN (SELECT DISTINCT cosmic_id FROM response WHERE dataset = ?) USING (cosmic_id)""",
            [common.run_id, common.dataset],
        )["n"].iloc[0]
    )
    what = f"the held-out pairs of run {common.run_id} and {common.dataset}"
    if common.drugs.empty:
        return f"No drug is common to {what}, neither by id nor by structure. Do its drugs have structures?"
    if not lines:
        return f"No cell line is common to {what}. Lines are matched by COSMIC id."
    shared = f"{_several(lines, 'cell line')} and {_several(len(common.drugs), 'drug')}"
    return f"No pair is common to {what}: they share {shared}, but no line was tested with the same drug in both."


def _several(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"


def _told(found: Estimate) -> str:
    if found.value is None:
        return "not defined"
    if found.lower is None or found.upper is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({found.lower:.3f} to {found.upper:.3f})"


class _Draws:
    """The measures that follow from the sums of `CommonPairs.sums`."""

    def __init__(self, sums: pd.DataFrame) -> None:
        self._of = DrawnSums(sums)
        self.pairs, self.lines = self._of.pairs, self._of.clusters

    def agreement(self, series: str, measured: str, names: dict[str, str]) -> Agreement:
        error = self._squared_error(series, measured)
        return Agreement(
            series=names[series],
            against=names[measured],
            r2=self._of.estimate(self._r2(series, measured)),
            rmse=self._of.estimate(np.sqrt(error / self._of["n"])),
            pearson=self._of.estimate(self._pearson(series, measured)),
            spearman=self._of.estimate(self._pearson(f"rank_{series}", f"rank_{measured}")),
            shift=self._of.estimate(self._shift(series, measured)),
        )

    def gain(self, measured: str) -> Estimate:
        return self._of.estimate(self._r2("model", measured) - self._r2("naive", measured))

    def notes(self, a: str, b: str) -> list[str]:
        """What a person should know before comparing the two studies."""
        found = []
        shift = self._of.estimate(self._shift("b", "a"))
        if shift.value is not None and shift.lower is not None and shift.upper is not None:
            clear = shift.lower > 0 or shift.upper < 0
            difference = f"{shift.value:+.2f}".replace("-", "\N{MINUS SIGN}")
            units = [name for name, offset in OTHER_UNITS.items() if abs(shift.value - offset) < UNIT_TOLERANCE]
            if clear and units:
                found.append(
                    f"{b} lies {difference} ln units from {a}, about what {units[0]} instead of µM makes: "
                    "import it again with its unit."
                )
            elif clear and abs(shift.value) >= SHIFT_WORTH_A_NOTE:
                factor, word = math.exp(abs(shift.value)), "higher" if shift.value > 0 else "lower"
                found.append(
                    f"IC50 is {factor:.2g} times {word} in {b} than in {a} on average ({difference} ln units). "
                    "R² and RMSE against the other study carry that shift; correlations do not."
                )
        spread = math.sqrt(self._spread("b") / self._spread("a")) if self._spread("a") > 0 else math.nan
        if abs(spread / LOG10_SPREAD - 1) < SPREAD_TOLERANCE:
            found.append(f"{b} spreads {spread:.2f} times as wide as {a}, as log10 does instead of ln: check its unit.")
        if self.lines < MIN_CLUSTERS:
            found.append(f"Only {self.lines} cell lines are common, too few for intervals.")
        return found

    def _squared_error(self, x: str, y: str) -> np.ndarray:
        return np.maximum(self._product(x, x) - 2 * self._product(x, y) + self._product(y, y), 0)

    def _r2(self, series: str, measured: str) -> np.ndarray:
        total, squares = self._of[measured], self._product(measured, measured)
        return r2(self._squared_error(series, measured), self._of["n"], total, squares)

    def _pearson(self, x: str, y: str) -> np.ndarray:
        products = self._product(x, x), self._product(y, y), self._product(x, y)
        return pearson(self._of["n"], self._of[x], self._of[y], *products)

    def _shift(self, x: str, y: str) -> np.ndarray:
        return (self._of[x] - self._of[y]) / self._of["n"]

    def _spread(self, x: str) -> float:
        return float(self._product(x, x)[0] - self._of[x][0] ** 2 / self._of["n"][0])

    def _product(self, x: str, y: str) -> np.ndarray:
        first, second = sorted((x, y), key=ORDER.index)
        return self._of[f"{first}*{second}"]
