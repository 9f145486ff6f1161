"""A patient's case, ranking and evidence made by hand, on the small store's runs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from small_store import HONEST_RUN, RUN

from engine.patient.types import (
    DUPLICATE,
    FATES,
    NEW_POSITION,
    NOT_UNDERSTOOD,
    OUTSIDE_CENSUS,
    RANKING_COLUMNS,
    RECEIPT_COLUMNS,
    SILENT,
    USED,
    BuildVerdict,
    Case,
    Genome,
    NearLine,
    Ranking,
    Receipt,
)
from engine.report.card import model_card
from engine.report.patient import PatientReport
from engine.response.comparison_records import sources_of
from engine.response.records import run_summary
from engine.store.database import Database

MADE_AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SHA = "ab" * 32
ROWS = (
    (2, "BRAF p.V600E", "BRAF", "p.V600E", "BRAF:600", USED, 4, 18, "Used."),
    (3, "TP53 p.R175H", "TP53", "p.R175H", "TP53:175", USED, 9, 31, "Used; written P53, now TP53."),
    (4, "KRAS p.A59T", "KRAS", "p.A59T", "KRAS:59", NEW_POSITION, None, None, "No training line is mutated here."),
    (5, "TTN p.A1T", "TTN", "p.A1T", "", OUTSIDE_CENSUS, None, None, "TTN is not in the Cancer Gene Census."),
    (6, "TTN p.A2T", "TTN", "p.A2T", "", OUTSIDE_CENSUS, None, None, "TTN is not in the Cancer Gene Census."),
    (
        11,
        "MUC16 A1T",
        "MUC16",
        "p.A1T",
        "",
        OUTSIDE_CENSUS,
        None,
        None,
        "MUC16 is not in the Cancer Gene Census; noted.",
    ),
    (7, "BRAF p.V600E", "BRAF", "p.V600E", "BRAF:600", DUPLICATE, None, None, "Same position as row 2."),
    (8, "BRAF p.V600K", "BRAF", "p.V600K", "BRAF:600", DUPLICATE, None, None, "Same position as row 3."),
    (9, "EGFR p.L1=", "EGFR", "p.L1=", "", SILENT, None, None, "Silent."),
    (10, "???", "", "", "", NOT_UNDERSTOOD, None, None, "The row has no gene."),
)


def receipt(rows=ROWS, **changed) -> Receipt:
    """A receipt of these rows."""
    table = pd.DataFrame(rows, columns=list(RECEIPT_COLUMNS))
    table = table.astype({"row": "Int64", "bit": "Int64", "lines": "Int64"})
    made = Receipt(
        format="pasted text",
        sha256=SHA,
        rows=table,
        counts={fate: int((table["fate"] == fate).sum()) for fate in FATES},
        build=BuildVerdict("GRCh37", False, "GRCh37: 4 of 4 known positions agree."),
        genome=Genome(tuple(sorted({key for key in table["position_key"] if key})), None),
        panel="whole exome",
        notes=("One row was written in lower case.",),
    )
    return replace(made, **changed)


def ranking(n: int = 30, cancer_type: str | None = "SKCM", **changed) -> Ranking:
    """n drugs, the first of them the most sensitive; drug 3 lacks what can be missing, drug 4 is an extrapolation."""
    place = np.arange(n)
    mean = -4.0 + 0.2 * place
    typed = cancer_type is not None
    table = pd.DataFrame(
        {
            "drug_id": place + 1,
            "drug": [f"Drug {i + 1}" for i in place],
            "target": ["MEK1, MEK2"] * n,
            "pathway": ["ERK MAPK signaling"] * n,
            "approved": pd.array([True, False, pd.NA] * n, dtype="boolean")[:n],
            "approval": (["approved for cancer", "", ""] * n)[:n],
            "ln_ic50_pred": mean,
            "lower": mean - 2.0,
            "upper": mean + 2.0,
            "ic50_um_pred": np.exp(mean),
            "z_score": -2.5 + 0.15 * place,
            "percentile": np.minimum(100.0, 0.5 + 3.0 * place),
            "n_measured": 700 - place,
            "type_mean": mean + 0.5 if typed else np.nan,
            "n_type": 40,
            "effect_vs_type": -0.5 if typed else np.nan,
            "nearest_z": -1.0 + 0.05 * place,
            "nearest_n": 5,
            "type_z": -0.8 if typed else np.nan,
            "marker": np.where(place == 4, "BRAF:600", ""),
            "marker_z": np.where(place == 4, -1.9, np.nan),
            "marker_n": np.where(place == 4, 54, 0),
            "skill": 0.2 - 0.02 * place,
            "n_skill": 600,
            "extrapolation": place == 3,
            "z_low": np.nan,
            "z_high": np.nan,
        }
    )[list(RANKING_COLUMNS)]
    absent = ["target", "lower", "upper", "percentile", "type_mean", "effect_vs_type", "nearest_z", "type_z", "skill"]
    table.loc[table["drug_id"] == 3, absent] = None
    made = Ranking(
        run_id=RUN,
        model="ensemble",
        split="cell_line",
        naive="type_drug_mean",
        simulated=False,
        cancer_type=cancer_type,
        table=table,
        nearest=(
            NearLine(905_000, "SK-MEL-5", "SKCM", 0.92, ("BRAF:600", "TP53:175"), ("BRAF", "TP53"), 201),
            NearLine(905_001, "A375", None, 0.31, (), (), 0),
        ),
        inside=True,
        domain="",
        notes=("Skill over all pairs of unseen cell lines is 0.08.",),
    )
    return replace(made, **changed)


def measured() -> pd.DataFrame:
    """Two lines measured with a drug."""
    return pd.DataFrame(
        {
            "cosmic_id": [905_000, 905_002],
            "name": ["SK-MEL-5", "COLO-829"],
            "cancer_type": ["SKCM", None],
            "similarity": [0.92, 0.4],
            "shared_positions": ["BRAF:600, TP53:175", "BRAF:600"],
            "shared_genes": ["BRAF, TP53", "BRAF"],
            "ln_ic50": [-3.0, 1.0],
            "ic50_um": [0.0498, 2.72],
            "z_score": [-2.1, 0.4],
        }
    )


def report(db: Database, **changed) -> PatientReport:
    """A report on the small store's run; `changed` fields of PatientReport replace those made here."""
    run = run_summary(db, RUN)
    made = PatientReport(
        case=Case("Patient 7, first biopsy", receipt(), "SKCM", MADE_AT),
        ranking=ranking(),
        movers=pd.DataFrame(
            {
                "drug_id": [1, 1, 2],
                "position_key": ["BRAF:600", "TP53:175", "BRAF:600"],
                "effect": [-1.52, 0.31, -0.87],
            }
        ),
        evidence={drug_id: measured() for drug_id in range(1, 6)},
        run=run,
        made_at=MADE_AT,
        honest=run_summary(db, HONEST_RUN),
        card=model_card(db, RUN),
        sources=sources_of(db, run.dataset),
        same=ranking().nearest[0],
        own=pd.DataFrame({"drug_id": [7, 2], "ln_ic50": [-3.0, 0.5], "z_score": [-2.4, -1.1]}),
    )
    return replace(made, **changed)
