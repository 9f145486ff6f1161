"""What the repurposing matrix shows of a screen, and the same in words and as a table."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from engine.figures.text import chance, count, number, plural, setting
from engine.figures.type_words import full_name, type_name
from engine.response.repurpose_matrix import Matrix, Thresholds
from engine.units import ic50_um

MEASURES = {"share": "Share of sensitive lines", "median": "Median ln(IC50)", "selectivity": "Selectivity"}


@dataclass(frozen=True)
class MatrixView:
    """What the matrix shows of a screen with m molecules and t cancer types.

    found: share (0 to 1), median (ln uM) and selectivity (sd), each (m, t). molecules: m rows with name, drug_class,
    cancer_types (approved ones, joined by |), n_types and cytotoxic. rows, columns: positions in the order shown.
    chosen: position of the molecule and of the type looked at. cancer_type: the one asked about, None for all.
    """

    found: Matrix
    molecules: pd.DataFrame
    rows: np.ndarray
    columns: np.ndarray
    measure: str
    thresholds: Thresholds
    chosen: tuple[int, int] | None = None
    cancer_type: str | None = None

    @cached_property
    def values(self) -> np.ndarray:
        """(rows, columns) of the measure as it is shown; shares in percent."""
        return self.whole[np.ix_(self.rows, self.columns)]

    @property
    def whole(self) -> np.ndarray:
        """(m, t) of the measure as it is shown; the colours are the same on every page of rows."""
        values = np.asarray(getattr(self.found, self.measure), dtype=float)
        return 100 * values if self.measure == "share" else values

    @property
    def types(self) -> list[str]:
        """From left to right."""
        return [self.found.types[one] for one in self.columns]

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The molecules from top to bottom."""
        return self.molecules.iloc[self.rows].reset_index(drop=True)

    def limits(self) -> tuple[float, float]:
        """Ends of the colour scale: around the threshold or 0 where there are two sides."""
        if self.measure == "share":
            return 0.0, 100.0
        middle = self.thresholds.sensitive_below if self.measure == "median" else 0.0
        known = self.whole[np.isfinite(self.whole)]
        # A handful of extreme cells would make all others pale.
        reach = max(float(np.quantile(np.abs(known - middle), 0.99)) if known.size else 0.0, 1.0)
        return middle - reach, middle + reach


def approved_for(cancer_types: object) -> set[str]:
    """The types a drug is approved for, from their names joined by |."""
    return set(str(cancer_types).split("|")) - {""}


def cell_words(view: MatrixView, row: int, column: int, name: str, approved: set[str]) -> str:
    """Everything known of one cell, line by line."""
    found, one = view.found, view.found.types[column]
    n = int(found.n_lines[column])
    text = (
        f"<b>{name}</b> in {one}<br>{full_name(one)}, {plural(n, 'line')}"
        f"<br>sensitive: {count(found.count[row, column])} of {count(n)} "
        f"({number(100 * found.share[row, column])} %)<br>median ln(IC50) {number(found.median[row, column])} "
        f"({number(float(ic50_um(found.median[row, column])))} µM)"
        f"<br>selectivity {number(found.selectivity[row, column])} sd, {chance(found.q[row, column], 'q')}"
    )
    return text + ("<br><b>approved for it</b>" if one in approved else "")


def matrix_caption(view: MatrixView, context: str) -> str:
    """What is shown, how to read its colours and marks, and what a click does."""
    words = f"{plural(len(view.rows), 'drug')} × {plural(len(view.columns), 'cancer type')}, {context}. "
    if view.measure == "median":
        words += f"The scale turns at ln(IC50) {setting(view.thresholds.sensitive_below)}: orange is sensitive. "
    if view.measure == "selectivity":
        words += "Drug and type means removed; below 0, orange: more sensitive than both say. "
    if view.cancer_type is not None:
        words += f"First column: {type_name(view.cancer_type)}, which is asked about. "
    return words + "Outlined: approved for that type. ×: generally cytotoxic. Click a cell to see its lines."


def matrix_summary(view: MatrixView) -> str:
    """The strongest cells and the number of poisons, for who cannot see the picture."""
    if not view.values.size or not np.isfinite(view.values).any():
        return "No cell to show."
    low_first = view.measure != "share"
    flat = np.where(np.isfinite(view.values), view.values, np.inf if low_first else -np.inf).ravel()
    top = np.argsort(flat if low_first else -flat, kind="stable")[:3]
    unit = {"share": " %", "median": "", "selectivity": " sd"}[view.measure]
    t = len(view.columns)
    named = [f"{view.shown['name'].iloc[i // t]} in {view.types[i % t]} {number(flat[i])}{unit}" for i in top]
    flagged = int(view.shown["cytotoxic"].sum())
    return (
        f"{MEASURES[view.measure]} of {plural(len(view.rows), 'drug')} in {plural(t, 'cancer type')}. "
        f"{'Lowest' if low_first else 'Highest'}: {', '.join(named)}. {count(flagged)} generally cytotoxic."
    )


def matrix_table(view: MatrixView) -> pd.DataFrame:
    """The matrix as a table, in the order shown."""
    shown = view.shown
    head = pd.DataFrame(
        {
            "Drug": shown["name"].astype(str),
            "Class": shown["drug_class"],
            "Sensitive types": shown["n_types"].astype(int),
            "Generally cytotoxic": np.where(shown["cytotoxic"].astype(bool), "yes", "no"),
        }
    )
    unit = {"share": ", %", "median": ", ln µM", "selectivity": ", sd"}[view.measure]
    return pd.concat([head, pd.DataFrame(view.values, columns=[one + unit for one in view.types])], axis=1)
