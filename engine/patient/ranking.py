"""Drugs ranked for one genome, with what stands beside every number."""

import re

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.patient.approvals import approval_of
from engine.patient.completions import half_width, predict_genome, sequenced_genes
from engine.patient.domain import known_line, place
from engine.patient.markers import strongest_markers
from engine.patient.neighbours import NEAREST, as_near, nearest_lines, nearest_response, ordered_lines
from engine.patient.predictor import Predictor
from engine.patient.screened import FEWEST_OF_TYPE
from engine.patient.types import RANKING_COLUMNS, Genome, Ranking
from engine.response.settings import BASELINE_DESCRIPTIONS, SPLIT_NAMES

LOW_COVERAGE = 0.8  # of a drug's held-out pairs within 90 % intervals, below which it is said
NAMED_DRUGS = 5


def rank(predictor: Predictor, genome: Genome, cancer_type: str | None = None) -> Ranking:
    """Every drug that the run can predict, most sensitive first by z-score among its measured lines.

    cancer_type: TCGA label; draws the completions of genes that were not sequenced, and the mean to compare with.
    Raises InputError for a cancer type that no line of the store has.
    """
    screened = predictor.screened
    cancer_type = _known_type(predictor, cancer_type)
    prediction = predict_genome(predictor, genome, cancer_type)
    half, mean = half_width(predictor, prediction), prediction.mean
    sequenced, where = sequenced_genes(genome), place(predictor, genome)
    rows, similarity = ordered_lines(predictor, genome.keys, sequenced, cancer_type)
    nearest_z, nearest_n = nearest_response(predictor, rows, similarity, cancer_type=cancer_type)
    type_mean, n_type = _of_type(predictor, cancer_type)
    z_low = z_high = np.full(len(mean), np.nan)
    if prediction.completed is not None:
        z_low, z_high = np.percentile(screened.z_scores(prediction.completed), [5, 95], axis=0)
    inside = predictor.drugs["inside"] & (pd.NA if where.inside is None else where.inside)
    approvals = approval_of(predictor.drugs[["name", "inchikey"]])
    carriers = strongest_markers(predictor, genome.keys)
    table = predictor.drugs.assign(
        drug=predictor.drugs["name"],
        approved=approvals["approved"],
        approval=approvals["approval"],
        ln_ic50_pred=mean,
        lower=mean - half,
        upper=mean + half,
        ic50_um_pred=np.exp(mean),
        z_score=screened.z_scores(mean),
        percentile=screened.percentiles(mean),
        n_measured=screened.counts,
        type_mean=type_mean,
        n_type=n_type,
        effect_vs_type=mean - type_mean,
        nearest_z=nearest_z,
        nearest_n=nearest_n,
        type_z=screened.z_scores(type_mean),
        marker=carriers["marker"],
        marker_z=carriers["marker_z"],
        marker_n=carriers["marker_n"],
        skill=predictor.drugs["drug_id"].map(predictor.skill["skill"]).astype(float),
        n_skill=predictor.drugs["drug_id"].map(predictor.skill["n"]).fillna(0).astype("int64"),
        extrapolation=~inside,
        z_low=z_low,
        z_high=z_high,
    )
    honest = predictor.honest
    nearest = nearest_lines(predictor, genome.keys, sequenced=sequenced, cancer_type=cancer_type)
    warnings = tuple(note for note in (_skill_note(predictor), known_line(predictor, nearest)) if note)
    return Ranking(
        run_id=predictor.run.run_id,
        model=predictor.model,
        split=honest.split if honest else "",
        naive=(honest.naive or "") if honest else "",
        simulated=predictor.run.simulated,
        cancer_type=cancer_type,
        table=table[list(RANKING_COLUMNS)].sort_values(["z_score", "drug"], ignore_index=True),
        nearest=nearest,
        inside=bool(where.inside),
        domain=where.sentence,
        completions=prediction.completions,
        notes=_notes(
            predictor,
            prediction.completions,
            cancer_type,
            warnings,
            as_near(predictor, rows, similarity, cancer_type=cancer_type),
        ),
        warnings=warnings,
    )


def _known_type(predictor: Predictor, asked: str | None) -> str | None:
    """A cancer type as the store writes it; TCGA's COAD/READ and skcm are understood too."""
    if asked is None:
        return None
    known = {re.sub(r"[^a-z]", "", label.lower()): label for label in predictor.screened.cancer_types()}
    found = known.get(re.sub(r"[^a-z]", "", asked.lower()))
    if found is None:
        raise InputError(
            f"No cell line of the store has the cancer type '{asked}': choose one of "
            f"{', '.join(known.values()) or 'none'}, or leave it open."
        )
    return found


def _of_type(predictor: Predictor, cancer_type: str | None) -> tuple[np.ndarray, np.ndarray]:
    """(d,) mean ln IC50 of the measured lines of a type, NaN where they are too few, and how many there are."""
    screened = predictor.screened
    lines = np.array([], int) if cancer_type is None else screened.of_type(cancer_type)
    values = screened.ln_ic50[lines]
    n = np.isfinite(values).sum(axis=0)
    return np.divide(np.nansum(values, axis=0), n, out=np.full(len(n), np.nan), where=n >= FEWEST_OF_TYPE), n


def _notes(
    predictor: Predictor, completions: int, cancer_type: str | None, warnings: tuple[str, ...], tied: int
) -> tuple[str, ...]:
    """What must stand beside the numbers: the warnings, then what the numbers are."""
    notes = [
        *warnings,
        "z-score and percentile compare the prediction with what was measured on the cell lines of that drug. "
        "Predictions vary less than measurements, so both stay near the middle where the networks know little about a "
        "drug.",
        predictor.intervals.note,
        _coverage_note(predictor),
        _shift_note(predictor),
        _tie_note(tied),
    ]
    if completions:
        drawn = f"{cancer_type} cell lines" if cancer_type else "cell lines of all cancer types"
        notes.append(
            "Genes that were not sequenced are unknown, not wild type: every prediction is the mean over "
            f"{completions} completions with what {drawn} carry in them, and the interval is wider by how far those "
            "lie apart."
        )
    if predictor.run.simulated:
        notes.append("The networks were trained on simulated data: the ranking says nothing about real drugs.")
    return tuple(note for note in notes if note)


def _coverage_note(predictor: Predictor) -> str:
    """That 90 % of all pairs are not 90 % of every drug's."""
    covered = predictor.intervals.covered
    low = covered[covered < LOW_COVERAGE].sort_values()
    if low.empty:
        return ""
    name = predictor.drugs.set_index("drug_id")["name"]
    worst = ", ".join(f"{name[drug_id]} {100 * share:.0f} %" for drug_id, share in low.head(NAMED_DRUGS).items())
    return (
        f"The intervals hold 90 % over all drugs together, not for every drug: for {len(low)} of {len(covered)} drugs "
        f"they held fewer than {100 * LOW_COVERAGE:.0f} % of what was measured on held-out pairs, fewest for {worst}."
    )


def _shift_note(predictor: Predictor) -> str:
    """That the ids of one compound are told apart by their measured means, which nothing else here knows of."""
    moved = int((predictor.shift != 0).sum())
    if not moved:
        return ""
    return (
        f"{moved} drugs are compounds that were screened under several ids: the network's prediction, which is the "
        f"same for all ids, is moved to the mean of each screen, by up to {np.abs(predictor.shift).max():.1f} ln µM. "
        "Skill and intervals are those of the prediction before it."
    )


def _tie_note(tied: int) -> str:
    if not tied:
        return ""
    return (
        f"{NEAREST} nearest lines are shown; {tied:,} more {'is' if tied == 1 else 'are'} as near as the last of them. "
        "The nearest lines' z-score counts all that tie, weighted by similarity."
    )


def _skill_note(predictor: Predictor) -> str:
    honest = predictor.honest
    if honest is None:
        return (
            "The run was not evaluated on unseen cell lines, so nobody knows what its predictions for a new tumour are "
            "worth: evaluate the run on them (on the command line python -m engine evaluate --run "
            f"{predictor.run.run_id} --split cell_line)."
        )
    found = honest.metrics[predictor.model]
    skill, low, high = (found.get(name) for name in ("skill", "skill_lower", "skill_upper"))
    if skill is None or honest.naive is None:
        return ""
    interval = f" (95 % interval {low:.2f} to {high:.2f})" if low is not None and high is not None else ""
    unseen, naive = SPLIT_NAMES[honest.split], honest.naive.replace("_", " ")
    note = (
        f"Skill over all pairs of {unseen} is {skill:.2f}{interval} against the baseline {naive}, which "
        f"{BASELINE_DESCRIPTIONS[honest.naive]}; 0 is no better than that baseline, 1 is perfect."
    )
    if skill < 0:
        note += (
            f" On {unseen} the baseline {naive} predicts better than this model; the ranking is at most a hypothesis. "
            "Look first at what was measured in the cancer type and in the nearest lines."
        )
    return note
