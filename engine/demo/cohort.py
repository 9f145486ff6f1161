"""The simulated cohort: lines, drugs, mutations and responses from one seed, and the files they are written to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.demo import facts
from engine.demo.mutations import simulate_mutations
from engine.demo.panel import drug_panel
from engine.demo.responses import Responses, area_under_curve, repeat_responses, simulate_responses
from engine.demo.sizes import size_of

FIRST_COSMIC_ID = 9_000_001  # far from any COSMIC id
DATASET = "SIMULATED"
REPEAT_DATASET = "SIMULATED_REPEAT"  # a second study, to hold the first one's runs against


@dataclass(frozen=True)
class Cohort:
    """lines: cosmic_id, cell_line, tcga_label (and cancer_type), tissue, msi, growth. drugs: engine/demo/panel.py.
    mutations: engine/demo/mutations.py. repeat: some of the pairs of responses, measured again by a second study.
    `line` and `drug` of mutations, responses and repeat are rows of the first two."""

    lines: pd.DataFrame
    drugs: pd.DataFrame
    mutations: pd.DataFrame
    responses: Responses
    repeat: Responses


@dataclass(frozen=True)
class CohortFiles:
    """Where the five tables were written."""

    cell_lines: Path
    drugs: Path
    mutations: Path
    responses: Path
    repeat: Path


def simulate(size: str = "small", seed: int = 0) -> Cohort:
    """The cohort of a size; the same seed gives the same bytes.

    Raises InputError for an unknown size.
    """
    wanted = size_of(size)
    # Every table draws from a stream of its own, so that a change in one leaves the others as they are.
    of_lines, of_mutations, of_responses, of_repeat = (np.random.default_rng([seed, table]) for table in range(4))
    lines = _lines(wanted.lines, of_lines)
    drugs = drug_panel(wanted)
    mutations = simulate_mutations(
        wanted, lines["cancer_type"].to_numpy(dtype=str), (lines["msi"] == "MSI-H").to_numpy(), of_mutations
    )
    responses = simulate_responses(wanted, lines, drugs, mutations, of_responses)
    return Cohort(lines, drugs, mutations, responses, repeat_responses(responses, of_repeat))


def _lines(per_type: dict[str, int], rng: np.random.Generator) -> pd.DataFrame:
    facts_of = facts.cancer_types().set_index("cancer_type")
    rows = []
    for cancer_type, n in per_type.items():
        about = facts_of.loc[cancer_type]
        instable = set(rng.permutation(n)[: round(float(about["msi_high_fraction"]) * n)])
        for i in range(n):
            rows.append(
                {
                    "cell_line": f"SIM-{cancer_type}-{i + 1:02d}",
                    "cancer_type": cancer_type,
                    "tissue": about["tissue"],
                    "tissue_detail": about["tissue_detail"],
                    "msi": "MSI-H" if i in instable else "MSS/MSI-L",
                    "growth": "Suspension" if about["tissue"] == "blood" else "Adherent",
                }
            )
    lines = pd.DataFrame(rows)
    lines.insert(0, "cosmic_id", np.arange(len(lines)) + FIRST_COSMIC_ID)
    return lines


def write_files(cohort: Cohort, folder: Path) -> CohortFiles:
    """Writes the cohort as a laboratory would hand it over: tables in the columns of GDSC and a MAF."""
    folder.mkdir(parents=True, exist_ok=True)
    files = CohortFiles(
        cell_lines=folder / "simulated_cell_lines.csv",
        drugs=folder / "simulated_drugs.csv",
        mutations=folder / "simulated_mutations.maf",
        responses=folder / "simulated_fitted_dose_response.csv",
        repeat=folder / "simulated_repeat_dose_response.csv",
    )
    _cell_line_table(cohort).to_csv(files.cell_lines, index=False, lineterminator="\n")
    cohort.drugs.drop(columns="parent").to_csv(files.drugs, index=False, lineterminator="\n")
    _maf(cohort).to_csv(files.mutations, index=False, sep="\t", lineterminator="\n")
    for path, pairs, dataset in (
        (files.responses, cohort.responses, DATASET),
        (files.repeat, cohort.repeat, REPEAT_DATASET),
    ):
        table = _dose_responses(cohort, pairs, dataset)
        table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
    return files


def _cell_line_table(cohort: Cohort) -> pd.DataFrame:
    names = {"cancer_type": "tcga_label", "tissue": "gdsc_tissue_1", "tissue_detail": "gdsc_tissue_2"}
    return cohort.lines.rename(columns=names)


def _maf(cohort: Cohort) -> pd.DataFrame:
    line = cohort.mutations["line"].to_numpy()
    return pd.DataFrame(
        {
            "Hugo_Symbol": cohort.mutations["gene"].to_numpy(),
            "Variant_Classification": cohort.mutations["classification"].to_numpy(),
            "Protein_Change": cohort.mutations["protein_change"].to_numpy(),
            "Tumor_Sample_Barcode": cohort.lines["cell_line"].to_numpy()[line],
            "COSMIC_ID": cohort.lines["cosmic_id"].to_numpy()[line],
        }
    )


def _dose_responses(cohort: Cohort, pairs: Responses, dataset: str) -> pd.DataFrame:
    lines, drugs = cohort.lines, cohort.drugs
    return pd.DataFrame(
        {
            "DATASET": dataset,
            "COSMIC_ID": lines["cosmic_id"].to_numpy()[pairs.line],
            "CELL_LINE_NAME": lines["cell_line"].to_numpy()[pairs.line],
            "TCGA_DESC": lines["cancer_type"].to_numpy()[pairs.line],
            "DRUG_ID": drugs["drug_id"].to_numpy()[pairs.drug],
            "DRUG_NAME": drugs["drug_name"].to_numpy()[pairs.drug],
            "PUTATIVE_TARGET": drugs["target"].to_numpy()[pairs.drug],
            "PATHWAY_NAME": drugs["pathway"].to_numpy()[pairs.drug],
            "LN_IC50": pairs.ln_ic50,
            "AUC": area_under_curve(pairs.ln_ic50),
        }
    )
