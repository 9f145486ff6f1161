"""Gene expression and surviving fractions joined by cell line: what is trained on and evaluated.

n samples (arrays), p probes.
"""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.radiation.names import SAME_TUMOUR, panel_of
from engine.radiation.protocol import repeated
from engine.radiation.settings import RadiationSettings
from engine.radiation.types import Cohort, Expression

MISSING_SHARE = 0.2  # of the samples: probes with more missing values are left out
SOME = 5  # names that a note gives
ONE_EACH = "Every line has one sample"


def expression_from(sets: pd.DataFrame, rows: pd.DataFrame) -> Expression:
    """The store's tables `expression_set` (one row) and `expression` as arrays; NULL and NaN are missing."""
    about = sets.iloc[0]
    probes = np.array(list(about["probes"]), dtype=object)
    values = np.empty((len(rows), len(probes)), np.float32)
    for place, given in enumerate(rows["values"]):
        values[place] = np.ma.filled(given, np.nan)
    samples = rows[["sample", "line", "line_name", "panel", "replicate"]].reset_index(drop=True)
    samples["panel"] = samples["panel"].fillna("")
    platform = "" if pd.isna(about["platform"]) else str(about["platform"])
    symbols = np.array(list(about["symbols"]), dtype=object)
    return Expression(samples, probes, symbols, values, str(about["scale"]), platform)


def build_cohort(expression: Expression, survival: pd.DataFrame) -> tuple[Cohort, dict[str, Any]]:
    """Samples whose line has a measured SF2, and what became of the others.

    survival: the table `survival` of one data set, a row per line. Probes that are missing in more than 20 % of the
    samples, trained or tested, are left out (which ones are missing tells nothing of SF2, and networks need one width);
    values that are still missing stay NaN and are filled from training samples alone, see `filled`. The receipt holds
    samples, lines, probes, scale, counts of what was left out (`samples without SF2`, `lines without expression`,
    `probes left out`, `values missing`), `panels` and `notes`.
    Raises InputError where no line is in both, or no probe is left.
    """
    samples, by_line = expression.samples, survival.drop_duplicates("line").set_index("line")
    used = np.flatnonzero(samples["line"].isin(by_line.index).to_numpy())
    if not len(used):
        raise InputError(
            f"No cell line is in both the expression ({_some(samples['line'])}) and the surviving fractions "
            f"({_some(survival['line'])}). Choose another pair of data sets."
        )
    mine = samples.iloc[used]
    values = np.asarray(expression.values[used], np.float32)
    missing = ~np.isfinite(values)
    share = missing.mean(axis=0)
    keep = share <= MISSING_SHARE
    if not keep.any():
        raise InputError(
            f"All {values.shape[1]:,} probes are missing in more than {MISSING_SHARE:.0%} of the samples: import a "
            "more complete table of expression."
        )
    values = np.where(missing[:, keep], np.float32(np.nan), values[:, keep])
    line = mine["line"].to_numpy(str)
    panel, told = _panels(mine, by_line)
    cohort = Cohort(
        values=values,
        sf2=by_line.loc[line, "sf2"].to_numpy(float),
        sample=mine["sample"].to_numpy(str),
        line=line,
        panel=panel,
        replicate=mine["replicate"].to_numpy(int),
        probes=np.asarray(expression.probes, object)[keep],
        symbols=np.asarray(expression.symbols, object)[keep],
        scale=expression.scale,
    )
    left = samples.loc[~samples["line"].isin(by_line.index), "line"]
    alone = sorted(set(by_line.index) - set(line))
    receipt = {
        "samples": len(line),
        "lines": len(np.unique(line)),
        "probes": int(keep.sum()),
        "scale": cohort.scale,
        "platform": expression.platform,
        "panels": {str(name): int(count) for name, count in pd.Series(panel).value_counts().items() if name},
        "panels_from": told,
        "samples without SF2": len(left),
        "lines without expression": len(alone),
        "probes left out": int((~keep).sum()),
        "values missing": int(missing[:, keep].sum()),
        "notes": _notes(cohort, left, alone, int((~keep).sum()), int(missing[:, keep].sum())),
    }
    return cohort, receipt


def cohort_of(tables: dict[str, pd.DataFrame], settings: RadiationSettings) -> tuple[Cohort, dict[str, Any]]:
    """The cohort of a job's tables, with artificial replicates where the settings ask for them, and its receipt.

    tables: `expression_set`, `expression`, `survival` and `left_out` (samples without SF2), with `.parquet` behind.
    """
    expression = expression_from(tables["expression_set.parquet"], tables["expression.parquet"])
    cohort, receipt = build_cohort(expression, tables["survival.parquet"])
    left = tables["left_out.parquet"]
    receipt["samples without SF2"] = len(left)
    if len(left):
        receipt["notes"].insert(0, _without_sf2(left["line"]))
    receipt["artificial replicates"] = settings.replicates > 1 or settings.noise > 0
    if receipt["artificial replicates"]:
        receipt["measured samples"] = receipt["samples"]
        cohort = repeated(cohort, settings.replicates, settings.noise, settings.seed)
        receipt["samples"] = len(cohort.sample)
        receipt["notes"] = [note for note in receipt["notes"] if not note.startswith(ONE_EACH)]
        unit = "log2 units" if cohort.scale == "log2" else "z"
        times = _many(settings.replicates, "time", "times")
        receipt["notes"].append(
            f"Artificial replicates: every measured sample stands here {times}, with Gaussian "
            f"noise of {settings.noise:g} {unit} on every probe. They are no arrays of their own."
        )
    return cohort, receipt


def filled(cohort: Cohort, train: np.ndarray) -> Cohort:
    """The cohort without missing values: each is the mean of its probe over the samples `train` that have it.

    Only training samples are asked, so that nothing of a tested one takes part in a fit. A probe that no training
    sample has becomes 0 for everybody, and so tells nothing. A cohort that is complete is returned as it is.
    """
    missing = np.isnan(cohort.values)
    if not missing.any():
        return cohort
    there = ~missing[train]
    total = np.where(there, cohort.values[train], 0).sum(axis=0, dtype=np.float64)
    count = there.sum(axis=0)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0).astype(np.float32)
    values = np.where(missing, mean, cohort.values)
    values[:, count == 0] = 0
    return replace(cohort, values=values)


def data_hash(cohort: Cohort) -> str:
    """Tells whether two runs had the same samples, expression and SF2, whatever their protocol."""
    found = hashlib.sha256(np.ascontiguousarray(cohort.values).tobytes())
    found.update(np.ascontiguousarray(cohort.sf2).tobytes())
    for names in (cohort.sample, cohort.line, cohort.probes):
        found.update("\n".join(map(str, names)).encode())
    return found.hexdigest()[:16]


def _panels(mine: pd.DataFrame, by_line: pd.DataFrame) -> tuple[np.ndarray, str]:
    """(n,) tissue panels and where they come from: whoever tells most of them, as two vocabularies do not mix."""
    line = mine["line"].to_numpy(str)
    of_survival = by_line["panel"] if "panel" in by_line else pd.Series("", index=by_line.index)
    told = {
        "the NCI-60's list": np.array([panel_of(name) for name in line], dtype=str),
        "the surviving fractions": of_survival.fillna("").loc[line].to_numpy(str),
        "the expression": mine["panel"].fillna("").to_numpy(str),
    }
    best = max(told, key=lambda where: int((told[where] != "").sum()))
    return told[best], best


def _notes(cohort: Cohort, left: pd.Series, alone: list[str], probes: int, missing: int) -> list[str]:
    there = set(cohort.line.tolist())
    n, lines = len(cohort.line), len(there)
    notes = []
    if len(left):
        notes.append(_without_sf2(left))
    if alone:
        which = _many(len(alone), "line with SF2 has", "lines with SF2 have")
        notes.append(f"{which} no expression: {_some(pd.Series(alone))}.")
    if n == lines:
        notes.append(
            f"{ONE_EACH}, so none has a replicate that could train while it is tested: both protocols ask the same "
            "question."
        )
    twins = [" and ".join(found) for group in SAME_TUMOUR if len(found := [one for one in group if one in there]) > 1]
    if twins:
        notes.append(
            f"Lines of one patient's tumour under several names count as several lines here: {', '.join(twins)}. Where "
            "one of them is tested, the other may train, in folds by line too."
        )
    if probes:
        which = _many(probes, "probe is", "probes are")
        notes.append(f"{which} missing in more than {MISSING_SHARE:.0%} of the samples and left out.")
    if missing:
        which = _many(missing, "missing value", "missing values")
        notes.append(
            f"{which} ({missing / cohort.values.size:.2%}) {'is' if missing == 1 else 'are'} filled, in every fit, by "
            "the probe's mean over the training samples of that fit."
        )
    if cohort.scale == "z":
        notes.append(
            "The expression came as z-scores, not as log2: whoever made them looked at all samples, those tested too."
        )
    return notes


def _without_sf2(lines: pd.Series) -> str:
    return (
        f"{_many(len(lines), 'sample has', 'samples have')} no measured SF2 and "
        f"{'takes' if len(lines) == 1 else 'take'} no part: {_some(lines.sort_values())}."
    )


def _many(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


def _some(names: pd.Series) -> str:
    shown = list(dict.fromkeys(names.astype(str)))
    return ", ".join(shown[:SOME]) + (f" and {len(shown) - SOME:,} more" if len(shown) > SOME else "")
