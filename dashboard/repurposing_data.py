"""What the Repurposing page computes from a screen: kept as long as the store stays as it is, and never changed."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import data
from engine.figures.repurposing_view import MEASURES
from engine.response import repurpose
from engine.response.library_records import Screen, lines_of_cell, load_screen, measured_values, type_means
from engine.response.repurpose import Matrix, Outcome, Thresholds
from engine.response.repurpose_controls import Controls, known_indications

LARGEST = 20_000  # molecules; a matrix of more is no picture, and to cluster its rows takes gigabytes
UNITS = {"share": "sensitive, % of lines", "median": "median ln(IC50), µM", "selectivity": "selectivity, sd"}


@dataclass(frozen=True, eq=False)
class Analysis:
    """A screen under thresholds. m = molecules, t = cancer types."""

    screen: Screen
    thresholds: Thresholds
    found: Matrix
    outcome: Outcome
    controls: Controls
    measured: pd.DataFrame  # molecule_id, cosmic_id, ln_ic50 (uM) of molecules that are measured drugs

    @cached_property
    def molecules(self) -> pd.DataFrame:
        """The screen's m molecules with n_types, cytotoxic and hit."""
        n_types = self.thresholds.sensitive_types(self.found.count, self.found.n_lines).sum(axis=1)
        return self.screen.molecules.assign(
            n_types=n_types,
            cytotoxic=self.thresholds.cytotoxic(n_types, len(self.found.types)),
            hit=self.screen.molecules["molecule_id"].isin(set(self.outcome.hits["molecule_id"])).to_numpy(),
        )

    @cached_property
    def place(self) -> dict[str, int]:
        """Position of every molecule by its id."""
        return {one: at for at, one in enumerate(self.screen.molecules["molecule_id"])}

    @cached_property
    def hits(self) -> dict[str, pd.DataFrame]:
        """Hits by cancer type, as they are asked for; "" holds those of any type."""
        return {}

    def hits_of(self, cancer_type: str) -> pd.DataFrame:
        """The hits with n_measured, the lines they were measured in there; of one type where one is named."""
        if cancer_type not in self.hits:
            found = repurpose.hit_table(self.screen, self.found, self.thresholds, cancer_type or None)[0]
            n_measured = repurpose.measured_lines(found, self.screen, self.measured)
            self.hits[cancer_type] = found.assign(n_measured=n_measured)
        return self.hits[cancer_type]

    def cell(self, position: int) -> str:
        """The name of a cell, as it stands in the address, from its position in the matrix."""
        row, column = divmod(int(position), len(self.found.types))
        return f"{self.screen.molecules['molecule_id'].iloc[row]}|{self.found.types[column]}"

    def find(self, cell: str | None) -> tuple[int, int] | None:
        """Positions of the molecule and the type of a cell; None where the screen has no such cell."""
        molecule_id, _, cancer_type = str(cell or "").rpartition("|")
        if molecule_id not in self.place or cancer_type not in self.found.types:
            return None
        return self.place[molecule_id], self.found.types.index(cancer_type)


def analysis(screen_id: str, thresholds: Thresholds) -> Analysis:
    """The screen under these thresholds; of types smaller than asked where it has no other.

    Raises EngineError where the screen cannot be read.
    """
    db = data.database()
    return _analysis(str(db.path), db.version(), screen_id, thresholds)


def lines(of: Analysis, molecule_id: str, cancer_type: str) -> pd.DataFrame:
    """The lines behind a cell, as `lines_of_cell` gives them."""
    return lines_of_cell(of.screen, molecule_id, cancer_type, data.database(), of.thresholds.sensitive_below)


@st.cache_resource(max_entries=2, ttl="1h", show_spinner="Reading every prediction of the screen ...", show_time=True)
def _screen(path: str, version: int, screen_id: str) -> Screen:
    return load_screen(data._database(path), screen_id)


@st.cache_resource(max_entries=4, ttl="1h", show_spinner="Applying the rule to every molecule ...")
def _analysis(path: str, version: int, screen_id: str, thresholds: Thresholds) -> Analysis:
    screen = _screen(path, version, screen_id)
    sizes = screen.lines["cancer_type"].value_counts()
    if len(sizes):
        thresholds = replace(thresholds, min_lines=min(thresholds.min_lines, int(sizes.max())))
    found = repurpose.matrix(screen, thresholds)
    told = repurpose.outcome(screen, found, thresholds)
    naive, measured = _measured(path, version, screen_id)
    controls = known_indications(screen, found, thresholds, naive, measured)
    return Analysis(screen, thresholds, found, told, controls, measured)


@st.cache_resource(max_entries=2, ttl="1h", show_spinner=False)
def _measured(path: str, version: int, screen_id: str) -> tuple[pd.Series, pd.DataFrame]:
    """What was measured of the screen's types and molecules: no threshold changes it."""
    screen, db = _screen(path, version, screen_id), data._database(path)
    return type_means(db, screen), measured_values(db, screen)


def about(of: Analysis) -> dict[str, str | int | float]:
    """What a file must say of the screen and of the rule, to be understood without this page."""
    summary, rule = of.screen.summary, of.thresholds
    return {
        "library": summary.library,
        "library_molecules": len(of.screen.molecules),
        "screen": summary.screen_id,
        "screened_at_utc": summary.created_at.isoformat(sep=" ", timespec="seconds"),
        "run": summary.run_id,
        "networks": ", ".join(summary.networks),
        "dataset": summary.dataset or "run no longer in the store",
        "simulated": "yes" if summary.simulated else "no",
        "lines": len(of.screen.lines),
        "lines_in_types_shown": int(of.found.n_lines.sum()),
        "types": len(of.found.types),
        "intervals_90_from_split": summary.interval_split or "no intervals",
        "sensitive_below_ln_ic50_um": rule.sensitive_below,
        "type_sensitive_share_of_lines": f"{'more than' if rule.more_than else 'at least'} {rule.type_share:g}",
        "generally_cytotoxic_share_of_types": f"more than {rule.cytotoxic_share:g}",
        "least_lines_of_a_type": rule.min_lines,
    }


def whole_matrix(of: Analysis) -> pd.DataFrame:
    """Every molecule with every measure of every type, as a table for other programs."""
    found, columns = of.found, {}
    for column, one in enumerate(found.types):
        for measure in MEASURES:
            scale = 100.0 if measure == "share" else 1.0
            columns[f"{one} {UNITS[measure]}"] = scale * getattr(found, measure)[:, column]
        columns[f"{one} q"] = found.q[:, column]
    head = of.molecules.rename(columns={"n_types": "sensitive_types", "cytotoxic": "generally_cytotoxic"})
    names = ["name", "molecule_id", "drug_class", "hit", "generally_cytotoxic", "sensitive_types", "cancer_types"]
    more = ["mechanism", "target", "indications", "nearest_drug", "similarity", "inside", "smiles"]
    numbers = pd.DataFrame({name: np.asarray(values, float) for name, values in columns.items()})
    return pd.concat([head[[*names, *more]].reset_index(drop=True), numbers], axis=1)
