"""Simulated ln(IC50): drug means, line effects, planted gene effects, cancer type and pathway effects, noise.

Shares of the variance over the measured pairs are set so that the naive predictors do as well as on real GDSC
tables: the drug mean alone reaches an R2 of about 0.70, drug and line together about 0.78, and nobody more than 0.90.
Shapes: n = lines, d = drugs, p = measured pairs.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.demo import facts
from engine.demo.sizes import Size

DRUG_SHARE, LINE_SHARE, INTERACTION_SHARE, NOISE_SHARE = 0.70, 0.08, 0.12, 0.10
REPEAT_SPREAD = 0.2  # s.d. of ln IC50 between two screens of one chemical
ANALOGUE_SPREAD = 0.8  # s.d. of ln IC50 between an analogue and its parent
BLOOD_SENSITIVITY = -0.8  # lines from blood are more sensitive to most drugs
# A second study of a part of the lines with a part of the drugs: as noisy, and an assay that reads a little higher.
REPEATED_LINES, REPEATED_DRUGS, REPEAT_OFFSET = 0.6, 0.6, 0.3  # shares; ln units
TOP_DOSE_UM, DOSES, FOLD = 10.0, 9, 2.0  # the assay behind AUC: nine twofold dilutions


@dataclass(frozen=True)
class Responses:
    """Measured pairs. line, drug: (p,) rows of lines and panel. ln_ic50: (p,) as measured, ln of uM; signal: (p,)
    the same without noise, which is what the best possible predictor would say."""

    line: np.ndarray
    drug: np.ndarray
    ln_ic50: np.ndarray
    signal: np.ndarray

    def best_r2(self) -> float:
        """The R2 of a predictor that knows everything but the noise: 1 - noise / total sum of squares."""
        noise = ((self.ln_ic50 - self.signal) ** 2).sum()
        return float(1 - noise / ((self.ln_ic50 - self.ln_ic50.mean()) ** 2).sum())


def simulate_responses(
    size: Size, lines: pd.DataFrame, panel: pd.DataFrame, mutations: pd.DataFrame, rng: np.random.Generator
) -> Responses:
    """Responses of lines (cancer_type, tissue) with their mutations to the drugs of the panel."""
    line, drug = _measured(size, rng)
    mean = _drug_means(panel, rng)
    total = mean[drug].var() / DRUG_SHARE
    sensitivity = rng.standard_normal(len(lines)) + BLOOD_SENSITIVITY * (lines["tissue"] == "blood").to_numpy()
    sensitivity = _scaled(sensitivity, LINE_SHARE * total)
    planted = planted_effects(lines, panel, mutations)
    context = _context(lines, panel, rng)
    # The planted effects stay as large as they are published; the context fills the rest of the interactions.
    left = max(INTERACTION_SHARE * total - _centred(planted).var(), 0.1 * INTERACTION_SHARE * total)
    signal = (mean + sensitivity[:, None] + planted + _scaled(_centred(context), left))[line, drug]
    spread = np.sqrt(signal.var() * NOISE_SHARE / (1 - NOISE_SHARE))
    return Responses(line, drug, signal + spread * rng.standard_normal(len(signal)), signal)


def repeat_responses(first: Responses, rng: np.random.Generator) -> Responses:
    """The pairs of some lines with some drugs measured again: the same signal plus REPEAT_OFFSET, noise of its own."""
    lines, drugs = np.unique(first.line), np.unique(first.drug)
    lines = rng.permutation(lines)[: round(REPEATED_LINES * len(lines))]
    drugs = rng.permutation(drugs)[: round(REPEATED_DRUGS * len(drugs))]
    again = np.isin(first.line, lines) & np.isin(first.drug, drugs)
    signal = first.signal[again] + REPEAT_OFFSET
    spread = np.sqrt(np.mean((first.ln_ic50 - first.signal) ** 2))
    measured = signal + spread * rng.standard_normal(len(signal))
    return Responses(first.line[again], first.drug[again], measured, signal)


def planted_effects(lines: pd.DataFrame, panel: pd.DataFrame, mutations: pd.DataFrame) -> np.ndarray:
    """(n, d) what the gene-drug effects of demo_effects.csv add to ln(IC50); analogues respond as their parents.

    Effects on one drug add up, except those of one gene, of which the strongest counts.
    """
    names = facts.drugs()["drug_name"]
    columns = {name: np.flatnonzero(panel["parent"].to_numpy() == row) for row, name in enumerate(names)}
    per_gene: dict[tuple[str, str], np.ndarray] = {}
    for effect in facts.effects():
        before = per_gene.setdefault((effect.drug, effect.gene), np.zeros(len(lines)))
        now = np.where(carriers(effect, lines, mutations), effect.ln_ic50, 0.0)
        # Resistance that comes on top of the sensitising change of the same gene undoes it.
        opposed = before * now < 0
        stronger = np.where(np.abs(now) > np.abs(before), now, before)
        per_gene[effect.drug, effect.gene] = np.where(opposed, before + now, stronger)
    planted = np.zeros((len(lines), len(panel)))
    for (drug, _), effect_of_gene in per_gene.items():
        planted[:, columns[drug]] += effect_of_gene[:, None]
    return planted


def carriers(effect: facts.Effect, lines: pd.DataFrame, mutations: pd.DataFrame) -> np.ndarray:
    """(n,) bool: the lines that an effect holds for."""
    if not effect.gene:
        return np.asarray(lines["cancer_type"].isin(effect.cancer_types))
    of_gene = mutations[mutations["gene"] == effect.gene]
    if effect.positions == "loss":
        of_gene = of_gene[of_gene["classification"].str.contains("Nonsense|Frame_Shift|Splice")]
    elif not isinstance(effect.positions, str):
        of_gene = of_gene[of_gene["residue"].isin(list(effect.positions))]
    return np.isin(np.arange(len(lines)), of_gene["line"])


def area_under_curve(ln_ic50: np.ndarray) -> np.ndarray:
    """Mean viability over the doses of the assay, as a fraction, of one-site curves with these ln(IC50) in uM."""
    doses = TOP_DOSE_UM / FOLD ** np.arange(DOSES)
    return np.mean([1 / (1 + dose / np.exp(ln_ic50)) for dose in doses], axis=0)


def _measured(size: Size, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Exactly size.pairs pairs; some drugs and some lines miss more than others, as in a real screen."""
    drugs, lines = 0.5 * rng.random(size.n_drugs), 0.3 * rng.random(size.n_lines)
    missing = rng.random((size.n_lines, size.n_drugs)) + drugs + lines[:, None]
    flat = np.argsort(missing, axis=None, kind="stable")[: size.pairs]
    line, drug = np.divmod(np.sort(flat), size.n_drugs)
    return line, drug


def _drug_means(panel: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """(d,) typical ln(IC50) of the parent; an analogue is a little off it, a repeated screen less."""
    typical = facts.drugs()["typical_ln_ic50_um"].to_numpy()[panel["parent"]]
    is_repeat = panel["drug_name"].duplicated().to_numpy()
    is_analogue = panel["note"].str.contains("analogue").to_numpy()
    spread = np.select([is_analogue, is_repeat], [ANALOGUE_SPREAD, REPEAT_SPREAD], 0.0)
    return np.asarray(typical + spread * rng.standard_normal(len(panel)))


def _context(lines: pd.DataFrame, panel: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """(n, d) effects of cancer type and line on drugs and pathways, of any scale."""
    _, of_type = np.unique(lines["cancer_type"], return_inverse=True)
    pathways, of_pathway = np.unique(panel["pathway"], return_inverse=True)
    parent = panel["parent"].to_numpy()
    type_pathway = rng.standard_normal((of_type.max() + 1, len(pathways)))[of_type][:, of_pathway]
    type_drug = rng.standard_normal((of_type.max() + 1, parent.max() + 1))[of_type][:, parent]
    line_pathway = rng.standard_normal((len(lines), len(pathways)))[:, of_pathway]
    return np.asarray(0.6 * type_pathway + 0.6 * type_drug + 0.5 * line_pathway)


def _centred(values: np.ndarray) -> np.ndarray:
    """(n, d) without row and column means: the part that neither drug nor line alone explains."""
    return np.asarray(values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean())


def _scaled(values: np.ndarray, variance: float) -> np.ndarray:
    """Centred and scaled to `variance`."""
    return np.asarray((values - values.mean()) * np.sqrt(variance / values.var()))
