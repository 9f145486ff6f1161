"""Responses page: the pairs, drugs, lines and types a model is most wrong about; a picked row leads to its page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, nav
from engine.figures.pair_tables import group_table, pair_table, worst_first
from engine.figures.text import count, plural
from engine.response.pair_records import errors_of
from engine.response.records import PairFilter, RunSummary

SHOWN = 200
IDS = {"drug": "drug_id", "line": "cosmic_id", "cancer_type": "cancer_type"}
GROUPS = {"pair": "Pairs", "drug": "Drugs", "line": "Cell lines", "cancer_type": "Cancer types"}


class _Listed(NamedTuple):
    """A table, the entities in its rows, how to read all of it where it is only a part, and how many rows that is."""

    table: pd.DataFrame
    entities: pd.DataFrame
    whole: Callable[[], pd.DataFrame] | None
    n: int


@dataclass(frozen=True)
class PairView:
    """What the page looks at: one model of a run beside a naive baseline ('' without one), on the wanted pairs.

    pairs: how many there are; points: all of them, or none where they are too many to be drawn one by one.
    """

    run: RunSummary
    model: str
    naive: str
    wanted: PairFilter
    pairs: int
    points: pd.DataFrame | None

    @property
    def key(self) -> tuple[str, str, PairFilter]:
        return self.run.run_id, self.model, self.wanted


def show(view: PairView, picked: pd.DataFrame) -> None:
    """The table of what was drawn around, else of everything, with downloads and links."""
    what = plural(len(picked), "selected pair") if len(picked) else "Where is the model most wrong?"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(what, anchor=False, width="content")
        by = forms.choose_one("Errors of", list(GROUPS), "by", GROUPS.__getitem__)
        table, entities, whole, n = _pairs(view, picked) if by == "pair" else _groups(view, picked, by)
        with st.container(horizontal=True, width="content"):
            forms.copy_link((*forms.PAIR_KEYS, "by"))
            export.buttons(table, f"tumorcast-{GROUPS[by].lower().replace(' ', '-')}", key="pairs", whole=whole)
    links = st.container(horizontal=True, vertical_alignment="center")
    rows = frame.table(table.head(SHOWN), key=f"{by}_table_{hash((view.key, len(picked)))}", height=260, select=True)
    with links:
        _links(view, entities.iloc[rows[0]] if rows else None)
    order = "largest residual (predicted − observed)" if by == "pair" else "largest error"
    st.caption(
        f"{count(min(n, SHOWN))} of {count(n)} {GROUPS[by].lower()}, {order} first"
        + ("; the download holds all." if n > SHOWN else ".")
    )


def _pairs(view: PairView, picked: pd.DataFrame) -> _Listed:
    if len(picked) or view.points is not None:
        pairs = worst_first(picked if len(picked) else view.points)
        return _Listed(pair_table(pairs), pairs, None, len(pairs))
    arguments = view.run.run_id, view.model, view.naive, view.wanted
    pairs = data.pair_points(*arguments, SHOWN)
    return _Listed(pair_table(pairs), pairs, lambda: pair_table(data.pair_points(*arguments)), view.pairs)


def _groups(view: PairView, picked: pd.DataFrame, by: str) -> _Listed:
    if len(picked):
        errors = errors_of(picked, by)
    else:
        errors = data.group_errors(view.run.run_id, view.model, view.naive, view.wanted, by)
    entities = errors.rename(columns={"id": IDS[by], "name": by})[[IDS[by], by]]
    return _Listed(
        group_table(errors, by, view.naive), entities.loc[:, ~entities.columns.duplicated()], None, len(errors)
    )


def _links(view: PairView, row: pd.Series | None) -> None:
    """Where a picked row leads, in the same run, split and model."""
    if row is None:
        st.caption("Pick a row to open its drug, cell line or cancer type.")
        return
    query = {"run": view.run.run_id, "split": view.run.split, "model": view.model}
    if "drug_id" in row:
        nav.link("drug.py", f"Open {row['drug']}", ":material/medication:", compound=str(row["drug_id"]), **query)
    if "cosmic_id" in row:
        nav.link("cell_line.py", f"Open {row['line']}", ":material/biotech:", cosmic=str(row["cosmic_id"]), **query)
    if pd.notna(row.get("cancer_type")):
        kind = str(row["cancer_type"])
        nav.link("cancer_types.py", f"Open {kind}", ":material/category:", cancer_type=kind, **query)
