"""Where drugs stand for mutations whose answer is in the textbook, on the tables and the run of a store.

    TUMORCAST_HOME=FOLDER .venv/bin/python benchmarks/patient_textbook.py [--run ID] [--alone] [--json]

Each case is one mutation pasted alone. Shown for every drug of the group: its rank among all drugs with a z-score, by
the prediction (z), by the five nearest measured lines (nearest) and by the mean of the cancer type (type). The networks
were trained on lines with these mutations, so this is no test of what they know about new tumours; it shows whether
they have learned what is in their own data. --alone: predict the mutation without completing the other genes.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.patient.predictor import Predictor, load_predictor
from engine.patient.ranking import rank
from engine.patient.types import Genome
from engine.settings import store_path
from engine.store.database import Database

BRAF_MEK = (29, 1061, 1373, 1036, 1371, 1014, 1015, 1060, 1062, 1372, 1498, 1526)  # GDSC ids
EGFR = (1, 119, 1010, 1032, 282)
PI3K_ALPHA = (223, 302, 1057, 1058, 1527)


class Case(NamedTuple):
    """sensitive: whether the textbook says that the group works, or that it does not."""

    key: str
    cancer_type: str | None
    group: str
    drug_ids: tuple[int, ...]
    sensitive: bool


CASES = (
    Case("BRAF:600", "SKCM", "BRAF and MEK", BRAF_MEK, True),
    Case("BRAF:600", None, "BRAF and MEK", BRAF_MEK, True),
    Case("KRAS:12", "COAD/READ", "EGFR", EGFR, False),
    Case("KRAS:12", "LUAD", "EGFR", EGFR, False),
    Case("KRAS:12", "PAAD", "EGFR", EGFR, False),
    Case("KRAS:12", None, "EGFR", EGFR, False),
    Case("EGFR:858", "LUAD", "EGFR", EGFR, True),
    Case("EGFR:746", "LUAD", "EGFR", EGFR, True),
    Case("TP53:175", None, "MDM2 (nutlin)", (1047,), False),
    Case("PIK3CA:1047", "BRCA", "PI3K alpha", PI3K_ALPHA, True),
    Case("PTEN:130", None, "AKT", (171, 228, 326, 1053), True),
    Case("ALK:1174", "NB", "ALK", (35, 37, 281), True),
    Case("FLT3:835", "LAML", "FLT3", (254, 1024), True),
    Case("KIT:822", "LAML", "KIT", (5, 51, 292), True),
    Case("NRAS:61", "SKCM", "MEK", (1014, 1015, 1060, 1062, 1372, 1498, 1526), True),
)


def ranks(predictor: Predictor, case: Case, alone: bool = False) -> pd.DataFrame:
    """drug, drug_id, ranks z, nearest and type from 1 (most sensitive) of the case's drugs; n: all that have a z."""
    types = predictor.screened.cancer_types()
    spelled = {label.replace("_", "/"): label for label in types}
    cancer_type = spelled.get(case.cancer_type or "")
    genome = Genome((case.key,), None if alone else frozenset({case.key.partition(":")[0]}))
    table = rank(predictor, genome, cancer_type).table.dropna(subset="z_score")
    places = {"z": "z_score", "nearest": "nearest_z", "type": "type_z"}
    placed = table[["drug", "drug_id"]].assign(**{name: table[column].rank() for name, column in places.items()})
    return placed.assign(n=len(table))[placed["drug_id"].isin(case.drug_ids)].sort_values("z", ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    predictor = load_predictor(Database(store_path()), arguments.run)
    rows = []
    for case in CASES:
        table = ranks(predictor, case, arguments.alone)
        rows.append({**case._asdict(), "drugs": table.to_dict("records")})
        if not arguments.json:
            wanted = "should stand on top" if case.sensitive else "should not stand on top"
            n = int(table["n"].max()) if len(table) else 0
            print(f"{case.key}, {case.cancer_type or 'any type'}: {case.group} inhibitors {wanted} of {n} drugs")
            for row in table.itertuples():
                shown = [
                    f"{name} {place:.0f}"
                    for name, place in zip(("z", "nearest", "type"), row[3:6], strict=True)
                    if np.isfinite(place)
                ]
                print(f"  {row.drug} ({row.drug_id}): {', '.join(shown)}")
    if arguments.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
