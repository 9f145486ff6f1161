"""From everything the store knows to the lines, drugs and pairs a network is trained on.

Rules and defaults: Chang et al. 2018, doi:10.1038/s41598-018-27214-6, Methods.
"""

from dataclasses import asdict, dataclass

import pandas as pd

from engine.errors import InputError
from engine.response.census import census_genes
from engine.response.settings import CurationSettings


@dataclass(frozen=True)
class CurationStep:
    """What one rule left out."""

    subject: str  # lines | drugs | mutations | responses
    rule: str
    dropped: int
    left: int


@dataclass(frozen=True)
class CurationReceipt:
    """Every rule with its count, in the order they were applied."""

    steps: tuple[CurationStep, ...]
    settings: CurationSettings

    def dropped(self, subject: str) -> dict[str, int]:
        """{rule: rows left out} of lines, drugs, mutations or responses."""
        return {step.rule: step.dropped for step in self.steps if step.subject == subject}

    def as_dict(self) -> dict[str, object]:
        """For result.json and the page."""
        return {"steps": [asdict(step) for step in self.steps], "settings": asdict(self.settings)}


@dataclass(frozen=True)
class CuratedData:
    """What is trained on; every line and drug has at least one pair, every pair a line and a drug.

    lines: cosmic_id, name, cancer_type. drugs: drug_id, name, smiles. mutations: cosmic_id, gene, position_key,
    one row per line and position. pairs: cosmic_id, drug_id, ln_ic50 (ln of IC50 in uM), one row per line and drug.
    """

    lines: pd.DataFrame
    drugs: pd.DataFrame
    mutations: pd.DataFrame
    pairs: pd.DataFrame
    receipt: CurationReceipt


class _Steps:
    """Applies rules one after the other and remembers what each left out."""

    def __init__(self) -> None:
        self.taken: list[CurationStep] = []

    def keep(self, subject: str, frame: pd.DataFrame, rule: str, wanted: pd.Series) -> pd.DataFrame:
        left = frame[wanted.to_numpy(dtype=bool)]
        self.note(subject, rule, len(frame) - len(left), len(left))
        return left

    def note(self, subject: str, rule: str, dropped: int, left: int) -> None:
        self.taken.append(CurationStep(subject, rule, dropped, left))


def _drugs(steps: _Steps, drug: pd.DataFrame, settings: CurationSettings) -> pd.DataFrame:
    drugs = steps.keep("drugs", drug, "no structure", drug["smiles"].fillna("").str.strip() != "")
    if "weight_g_mol" in drugs:
        fits = ~(drugs["weight_g_mol"].astype(float) > settings.max_weight_g_mol)
        drugs = steps.keep("drugs", drugs, f"heavier than {settings.max_weight_g_mol:,.0f} g/mol", fits)
    if settings.require_pubchem_cid:
        drugs = steps.keep("drugs", drugs, "no PubChem CID", drugs["pubchem_cid"].notna())
    return drugs


def _pairs(steps: _Steps, response: pd.DataFrame, drugs: pd.DataFrame, settings: CurationSettings) -> pd.DataFrame:
    if settings.dataset is not None:
        wanted = response["dataset"] == settings.dataset
        response = steps.keep("responses", response, f"not of dataset {settings.dataset}", wanted)
    pairs = steps.keep("responses", response, "drug not used", response["drug_id"].isin(drugs["drug_id"]))
    mean = pairs.groupby(["cosmic_id", "drug_id"], as_index=False, sort=True)["ln_ic50"].mean()
    steps.note("responses", "averaged with another dataset", len(pairs) - len(mean), len(mean))
    return mean


def curate(
    cell_line: pd.DataFrame,
    drug: pd.DataFrame,
    mutation: pd.DataFrame,
    response: pd.DataFrame,
    settings: CurationSettings | None = None,
) -> CuratedData:
    """Applies the rules to the store's tables (their columns: engine/store/schema.py).

    Raises InputError where nothing is left, with the count of each rule.
    """
    settings, steps = settings or CurationSettings(), _Steps()
    mutations = mutation
    if settings.census_only:
        mutations = steps.keep("mutations", mutation, "gene outside the census", mutation["gene"].isin(census_genes()))
    drugs = _drugs(steps, drug, settings)
    pairs = _pairs(steps, response, drugs, settings)
    lines = steps.keep("lines", cell_line, "no cancer type", cell_line["cancer_type"].notna())
    lines = steps.keep("lines", lines, "no mutation", lines["cosmic_id"].isin(mutations["cosmic_id"]))
    lines = steps.keep("lines", lines, "no response", lines["cosmic_id"].isin(pairs["cosmic_id"]))
    of_type = lines.groupby("cancer_type")["cosmic_id"].transform("size")
    rule = f"cancer type with fewer than {settings.min_lines_per_type} lines"
    lines = steps.keep("lines", lines, rule, of_type >= settings.min_lines_per_type)
    pairs = steps.keep("responses", pairs, "line not used", pairs["cosmic_id"].isin(lines["cosmic_id"]))
    drugs = steps.keep("drugs", drugs, "no response", drugs["drug_id"].isin(pairs["drug_id"]))
    mutations = steps.keep("mutations", mutations, "line not used", mutations["cosmic_id"].isin(lines["cosmic_id"]))
    distinct = mutations.drop_duplicates(["cosmic_id", "position_key"])
    steps.note("mutations", "same position of the line", len(mutations) - len(distinct), len(distinct))
    if pairs.empty:
        told = "; ".join(f"{step.subject}, {step.rule}: {step.dropped:,}" for step in steps.taken if step.dropped)
        raise InputError(
            "No pair of a cell line and a drug is left to train on: import the missing tables or loosen the rules "
            f"(left out: {told or 'nothing, the tables are empty'})."
        )
    return CuratedData(
        lines=lines[["cosmic_id", "name", "cancer_type"]].sort_values("cosmic_id", ignore_index=True),
        drugs=drugs[["drug_id", "name", "smiles"]].sort_values("drug_id", ignore_index=True),
        mutations=distinct[["cosmic_id", "gene", "position_key"]].sort_values(
            ["cosmic_id", "position_key"], ignore_index=True
        ),
        pairs=pairs.reset_index(drop=True),
        receipt=CurationReceipt(tuple(steps.taken), settings),
    )
