"""The published facts that the simulation starts from, as committed in data/reference (origins in its README)."""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from engine.response.variants import residue
from engine.settings import REFERENCE


@dataclass(frozen=True)
class Driver:
    """A change that recurs in tumours. frequency: cancer type -> share of its lines that carry it."""

    gene: str
    protein_change: str
    classification: str
    residue: int
    frequency: dict[str, float]


@dataclass(frozen=True)
class Effect:
    """What a carrier's ln(IC50) differs by. Carriers: by positions of a gene, or all lines of some cancer types.

    positions: residues, 0 being the splice sites; or `any` mutation of the gene; or its `loss` (stop, frame shift or
    splice site).
    """

    drug: str
    gene: str
    positions: frozenset[int] | str
    cancer_types: tuple[str, ...]
    ln_ic50: float


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv", keep_default_na=False)


def _frequencies(text: str) -> dict[str, float]:
    """SKCM:0.52|THCA:0.4 -> {"SKCM": 0.52, "THCA": 0.4}."""
    pairs = (part.split(":") for part in text.split("|") if part)
    return {cancer_type: float(share) for cancer_type, share in pairs}


@cache
def cancer_types() -> pd.DataFrame:
    """The 25 types: cancer_type, name, tissue, tissue_detail, lines, mutated_genes, mutated_positions,
    msi_high_fraction."""
    return _table("cancer_types")


@cache
def drugs() -> pd.DataFrame:
    """60 drugs: drug_name, target, pathway, pubchem_cid, smiles, inchikey, typical_ln_ic50_um."""
    return _table("demo_drugs")


@cache
def gene_lengths() -> dict[str, int]:
    """Gene -> residues of its protein."""
    table = _table("demo_genes")
    return dict(zip(table["gene"], table["protein_length"].astype(int), strict=True))


@cache
def losses() -> dict[str, dict[str, float]]:
    """Gene -> {cancer type: share of its lines with a truncating change anywhere in the gene}."""
    table = _table("demo_genes")
    found = {gene: _frequencies(text) for gene, text in zip(table["gene"], table["loss_frequency"], strict=True)}
    return {gene: frequency for gene, frequency in found.items() if frequency}


@cache
def hotspots() -> tuple[Driver, ...]:
    """Recurrent changes with how often each is seen per cancer type."""
    return tuple(
        Driver(row.gene, row.protein_change, row.classification, residue(row.protein_change) or 0,
               _frequencies(row.frequency))
        for row in _table("demo_hotspots").itertuples()
    )  # fmt: skip


@cache
def effects() -> tuple[Effect, ...]:
    """The gene-drug effects that the simulation plants."""
    return tuple(
        Effect(
            drug=row.drug_name,
            gene=row.gene,
            positions=row.positions if row.positions in ("any", "loss", "") else _residues(row.positions),
            cancer_types=tuple(t for t in row.cancer_types.split("|") if t),
            ln_ic50=float(row.effect_ln_ic50),
        )
        for row in _table("demo_effects").itertuples()
    )


def _residues(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split("|"))
