"""`repurpose --all`: every molecule of a screened library for one cancer type, hit or not, told or as a file."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.cli.output import Answer, printable, table
from engine.errors import InputError
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.response.library_records import Screen
    from engine.response.repurpose import Matrix

TOP = 20  # molecules on the terminal; files and --json hold all
NAME_WIDTH = 32
FILES = (".csv", ".xlsx")


def rank(given: Namespace, db: Database, screen: "Screen", found: "Matrix") -> Answer:
    """The molecules for `given.cancer_type` in the order of `given.sort`; with `given.out` written there.

    Raises InputError naming the types there are, and for a file that is neither CSV nor XLSX or cannot be written.
    """
    from engine.response.selectivity import relative_to, relative_warning

    summary, out = screen.summary, given.out
    if given.cancer_type not in found.types:
        asked = f"'{given.cancer_type}' is no cancer type" if given.cancer_type else "--all needs a cancer type"
        raise InputError(f"{asked} of this screen with enough lines: --type {' | '.join(found.types)}.")
    if out is not None and out.suffix.lower() not in FILES:
        raise InputError(f"{out.name} is neither {' nor '.join(FILES)}: name the file so.")
    at = found.types.index(given.cancer_type)
    molecules = _molecules(db, screen, found, at, given.sort)
    about = {
        "library": summary.library,
        "library_molecules": len(molecules),
        "run": summary.run_id,
        "networks": ", ".join(summary.networks),
        "screen": summary.screen_id,
        "screened_at_utc": summary.created_at.isoformat(sep=" ", timespec="seconds"),
        "dataset": summary.dataset or "run no longer in the store",
        "simulated": "yes" if summary.simulated else "no",
        "cancer_type": given.cancer_type,
        "lines": int(found.n_lines[at]),
        "sorted_by": given.sort,
        "sensitive_below_ln_ic50_um": given.sensitive_below,
        "selectivity": relative_to(summary.n_reference, summary.n_molecules),
        "selectivity_sd_ln_um": found.selectivity_sd if found.selectivity_sd > 0 else "not defined",
        "warning": relative_warning(summary.n_reference, summary.n_molecules),
    }
    if out is not None:
        _write(molecules, about, out)
    plain = molecules.astype(object).where(molecules.notna(), None)
    document = {**about, "selectivity_sd_ln_um": found.selectivity_sd if found.selectivity_sd > 0 else None}
    if out is not None:
        document["out"] = str(out)
    return Answer({**document, "molecules": plain.to_dict("records")}, _text(molecules, about, out))


def _molecules(db: Database, screen: "Screen", found: "Matrix", at: int, sort: str) -> pd.DataFrame:
    """One row a molecule in order, numbers as on the page Library, and q of the hypergeometric test."""
    from engine.response.library_rank import ordered
    from engine.response.library_records import measured_values
    from engine.units import ic50_um

    lines = screen.lines.loc[screen.lines["cancer_type"] == found.types[at], "cosmic_id"]
    measured = measured_values(db, screen)
    told = measured[measured["cosmic_id"].isin(lines)].groupby("molecule_id")["ln_ic50"].agg(["median", "size"])
    of = screen.molecules
    whole = pd.DataFrame(
        {
            "name": of["name"],
            "molecule_id": of["molecule_id"],
            "ln_ic50": found.median[:, at],
            "ic50_um": ic50_um(found.median[:, at]),
            "selectivity": found.selectivity[:, at],
            "share": found.share[:, at],
            "q": found.q[:, at],
            "similarity": of["similarity"].astype(float),
            "novelty": 1.0 - of["similarity"].astype(float),
            "nearest_drug": of["nearest_drug"],
            "inside": of["inside"],
            "measured_ln_ic50": of["molecule_id"].map(told["median"]).astype(float),
            "measured_lines": of["molecule_id"].map(told["size"]).fillna(0).astype(int),
            "drug_class": of["drug_class"],
            "smiles": of["smiles"],
        }
    )
    return ordered(whole, sort)


def _text(molecules: pd.DataFrame, about: dict[str, object], out: Path | None) -> str:
    rows = [
        {
            "molecule": printable(str(row.name))[:NAME_WIDTH],
            "ln(IC50)": f"{row.ln_ic50:.2f}",
            "selectivity": _number(row.selectivity),
            "sensitive": f"{100 * row.share:.0f} %",
            "q": _number(row.q, ".2g"),
            "similarity": _number(row.similarity),
            "nearest drug": "-" if pd.isna(row.nearest_drug) else printable(str(row.nearest_drug))[:NAME_WIDTH],
            "measured (n)": f"{row.measured_ln_ic50:.2f} ({row.measured_lines})" if row.measured_lines else "-",
        }
        for row in molecules.head(TOP).itertuples(index=False)
    ]
    sd = about["selectivity_sd_ln_um"]
    parts = [
        f"{about['library']} for {about['cancer_type']}: {len(molecules):,} molecules by {about['sorted_by']}, median "
        f"of {about['lines']:,} lines, run {about['run']}{', simulated data' if about['simulated'] == 'yes' else ''}",
        table(rows, "No molecules."),
        f"Selectivity is {about['selectivity']}" + (f", one sd is {sd:.3g} ln uM." if isinstance(sd, float) else "."),
        str(about["warning"]),
    ]
    more = len(molecules) - len(rows)
    if out is not None:
        parts.append(f"Written: {out}, all {len(molecules):,} molecules.")
    elif more:
        parts.append(f"... and {more:,} more: --json has all, --out FILE.csv or FILE.xlsx writes them")
    return "\n".join(part for part in parts if part)


def _write(molecules: pd.DataFrame, about: dict[str, object], out: Path) -> None:
    """A CSV with what a workbook has on its second sheet as columns; text that starts a formula is harmless in both."""
    from engine.spreadsheet import inert_frame, writable_frame

    try:
        if out.suffix.lower() == ".csv":
            constant = {name: value for name, value in about.items() if value != ""}
            inert_frame(molecules.assign(**constant)).to_csv(out, index=False, encoding="utf-8-sig")
            return
        with pd.ExcelWriter(out, engine="openpyxl") as writer:
            told = pd.DataFrame({"What": list(about), "Value": list(about.values())})
            for name, frame in {"Tumorcast": molecules, "About": told}.items():
                inert_frame(writable_frame(frame)).to_excel(writer, index=False, sheet_name=name, freeze_panes=(1, 1))
    except OSError as error:
        raise InputError(f"{out} could not be written ({error.strerror or error}): name another file.") from error


def _number(value: float, form: str = ".2f") -> str:
    return "-" if pd.isna(value) else format(np.float64(value), form)
