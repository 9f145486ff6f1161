"""From predictions of held-out pairs to the rows of the tables `prediction` and `metric`."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from engine.errors import TrainingError
from engine.learn.conformal import calibrate
from engine.learn.metrics import Score, coverage, pair_scores, within_group_r
from engine.response.settings import INTERVAL_LEVEL, NAIVE, TrainSettings

if TYPE_CHECKING:
    from engine.response.fold_models import Values
    from engine.response.folds import Fold

METRIC_COLUMNS = ["run_id", "model", "scope", "key", "name", "value", "lower", "upper", "n"]
WITH_INTERVALS = ("all", "cancer_type")


def prediction_rows(
    run_id: str, fold: "Fold", models: Mapping[str, "Values"]
) -> tuple[pd.DataFrame, dict[str, dict[str, float | int | None]], list[str]]:
    """The fold's test pairs as rows of `prediction`, its calibrations by model, and notes in plain words.

    Intervals are split conformal: calibrated on the validation pairs, which no model was fitted to.
    """
    cohort, test, validation = fold.cohort, fold.test, fold.validation
    n = len(validation)
    pairs = pd.DataFrame(
        {
            "run_id": run_id,
            "cosmic_id": cohort.lines["cosmic_id"].to_numpy()[cohort.line[test]],
            "drug_id": cohort.drugs["drug_id"].to_numpy()[cohort.drug[test]],
            "fold": fold.number,
            "observed": cohort.ln_ic50[test],
        }
    )
    frames, kept, notes = [], {}, []
    for name, (mean, spread) in models.items():
        lower = upper = np.full(len(test), np.nan)
        try:
            known = None if spread is None else spread[:n]
            calibration = calibrate(cohort.ln_ic50[validation], mean[:n], known, INTERVAL_LEVEL)
            lower, upper = calibration.interval(mean[n:], None if spread is None else spread[n:])
            kept[name] = calibration.as_dict()
        except TrainingError as error:  # too few validation pairs: predictions stand without an interval
            notes = [f"no prediction intervals: {error}"]
        frames.append(pairs.assign(model=name, mean=mean[n:], lower=lower, upper=upper))
    return pd.concat(frames, ignore_index=True), kept, notes


def strongest_naive(predictions: pd.DataFrame) -> str:
    """The naive baseline with the smallest error over all held-out pairs.

    Chosen by test pairs in favour of the baseline, so `skill` can only be too low.
    """
    naive = predictions[predictions["model"].isin(NAIVE)]
    error = (naive["mean"] - naive["observed"]) ** 2
    return str(error.groupby(naive["model"].to_numpy()).mean().idxmin())


class _Group(NamedTuple):
    scope: str
    key: str
    pairs: pd.DataFrame


def metric_rows(
    run_id: str,
    predictions: pd.DataFrame,
    lines: pd.DataFrame,
    settings: TrainSettings,
    naive: str,
    structure: Mapping[int, int],
    on_progress: Callable[[float, str], None] = lambda share, model: None,
) -> pd.DataFrame:
    """Every measure of every model: over all held-out pairs, per cancer type, cell line, drug and fold.

    predictions: columns model, cosmic_id, drug_id, fold, mean, lower, upper, observed; lines: cosmic_id, cancer_type.
    naive: the baseline that `skill` is measured against. structure: drug_id -> number of its structure.
    95 % intervals over all pairs by bootstrap of the units that were left out, per cancer type of its cell lines.
    """
    labelled = predictions.merge(lines[["cosmic_id", "cancer_type"]], on="cosmic_id")
    labelled["structure"] = labelled["drug_id"].map(structure)
    reference = labelled[labelled["model"] == naive].set_index(["cosmic_id", "drug_id"])["mean"].rename("reference")
    labelled = labelled.join(reference, on=["cosmic_id", "drug_id"])
    models = list(labelled["model"].unique())
    rows: list[tuple[object, ...]] = []
    for i, model in enumerate(models):
        on_progress(i / len(models), model)
        for group in _groups(labelled[labelled["model"] == model]):
            for s in _scores(group, settings):
                rows.append((run_id, model, group.scope, group.key, s.name, s.value, s.lower, s.upper, s.n))
    frame = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    return frame.astype({name: float for name in ("value", "lower", "upper")})


def _groups(pairs: pd.DataFrame) -> Iterator[_Group]:
    yield _Group("all", "", pairs)
    scopes = {"cancer_type": "cancer_type", "cell_line": "cosmic_id", "drug": "drug_id", "fold": "fold"}
    for scope, column in scopes.items():
        for key, part in pairs.groupby(column):
            yield _Group(scope, str(key), part)


def _scores(group: _Group, settings: TrainSettings) -> list[Score]:
    pairs = group.pairs
    observed, predicted = pairs["observed"].to_numpy(), pairs["mean"].to_numpy()
    first, second = _clusters(group, settings.split)
    found = pair_scores(
        observed,
        predicted,
        first,
        sensitive_below=settings.sensitive_below,
        reference=pairs["reference"].to_numpy(),
        clusters_2=second,
    )
    if group.scope in ("all", "cancer_type", "fold"):
        drug, fold = pairs["drug_id"].to_numpy(), pairs["fold"].to_numpy()
        found.append(within_group_r(observed, predicted, drug, clusters=first, clusters_2=second, fold=fold))
        if pairs["lower"].notna().all():
            lower, upper = pairs["lower"].to_numpy(), pairs["upper"].to_numpy()
            found += coverage(observed, lower, upper, clusters=first, clusters_2=second)
    return found


def _clusters(group: _Group, split: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What is drawn with replacement: the units that the split leaves out, since pairs of one are not independent."""
    if group.scope not in WITH_INTERVALS:
        return None, None
    lines, structures = group.pairs["cosmic_id"].to_numpy(), group.pairs["structure"].to_numpy()
    if group.scope == "cancer_type" or split in ("pairs", "cell_line"):
        return (structures, None) if split == "drug" else (lines, None)
    if split == "cancer_type":
        return group.pairs["cancer_type"].to_numpy(), None
    return (structures, None) if split == "drug" else (lines, structures)


def check_finite(name: str, values: np.ndarray) -> np.ndarray:
    """The values. Raises TrainingError: a prediction that is not a number must never reach the store."""
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise TrainingError(f"{name} gave {bad} predictions that are not numbers. Train with a smaller learning rate.")
    return values
