"""What the pages of one drug and of one cell line share: the choice, the measures, the charts, the links."""

from dataclasses import dataclass
from html import escape

import pandas as pd
import streamlit as st

from dashboard import data, export, forms, frame, messages, nav, state
from engine.chem.drawing import structure_svg
from engine.figures.entity import r2_histogram
from engine.figures.entity_words import Pooled, explanation, how_near, none_held_out, p_value
from engine.figures.text import (
    LOWER_IS_BETTER,
    MEASURE_NAMES,
    count,
    difference,
    interval,
    model_name,
    number,
    plural,
    setting,
    split_name,
)
from engine.figures.waterfall import most_sensitive, pair_table, waterfall
from engine.learn.metrics import SENSITIVE_BELOW
from engine.response.entity_records import DRUG, LINE, WITHIN_FOLDS, entity_scores
from engine.response.records import RunSummary

KEY = {DRUG: "compound", LINE: "cosmic"}
FILE = {DRUG: "drug.py", LINE: "cell_line.py"}
LABEL = {DRUG: "Drug", LINE: "Cell line"}
OTHER = {DRUG: LINE, LINE: DRUG}
PURPOSE = {
    DRUG: "Which cancer cells does this drug act on, and how well is that predicted?",
    LINE: "Which drugs act on this cell line, and how well is that predicted?",
}
MEASURES = ("r2", "rmse", "pearson", "spearman", "auroc", "skill")
SHOWN = 1000


@dataclass(frozen=True)
class View:
    """What a page shows: one entity under one run (its split) with one model. run is None before the first training."""

    subject: str
    entity: int
    name: str
    run: RunSummary | None
    model: str
    simulated: bool

    @property
    def naive(self) -> str:
        """The strongest naive baseline of the run; '' where it has none."""
        return str((self.run and (self.run.config.get("naive") or self.run.naive)) or "")

    @property
    def dataset(self) -> str:
        """The response table of the run; empty stands for all."""
        return self.run.dataset if self.run else ""

    def context(self, held_out: bool = True) -> str:
        """What a caption says of held-out pairs, or of measured ones."""
        what = split_name(self.run.split) if self.run and held_out else self.dataset or "all datasets"
        return what + (", simulated" if self.simulated else "")

    @property
    def below(self) -> float:
        """The ln(IC50) below which a line counts as sensitive."""
        return float(self.run.config.get("sensitive_below", SENSITIVE_BELOW)) if self.run else SENSITIVE_BELOW


def choose(subject: str) -> View | None:
    """Heading and controls. None where there is nothing to show; the reason then stands on the page."""
    above, runs, store = st.container(), data.runs(), data.store_summary()
    run = forms.choose_run_and_split(runs)[0] if runs else None
    options = data.entity_options(subject, run.run_id if run else "")
    simulated, dataset = (run.simulated, run.dataset) if run else (store.simulated, "")
    heading = (PURPOSE[subject], simulated, [dataset] if dataset else [])
    if options.empty:
        with above:
            frame.heading(LABEL[subject], *heading)
        messages.empty(f"**No {LABEL[subject].lower()} yet.**", page="data.py", label="Start with some data")
        return None
    model = ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.session_state.get(state.KEPT + KEY[subject])
        chosen = _choose_entity(subject, options, asked)
        if run:
            with st.container(width=330):
                model = forms.choose_model(run.models)
        forms.copy_link(("run", "split", "model", KEY[subject]))
    with above:
        frame.heading(LABEL[subject] if chosen is None else chosen[1], *heading)
    if chosen is None:
        messages.empty(
            f"**There is no {LABEL[subject].lower()} with the id `{asked}` in this store.** The address may belong to "
            "another store, or its table was imported again without it. Choose one above."
        )
        return None
    return View(subject, *chosen, run, model, simulated)


def _choose_entity(subject: str, options: pd.DataFrame, asked: str | None) -> tuple[int, str] | None:
    """Id and name; None where the address asks for one that is not there. The default has held-out pairs."""
    names = dict(zip(options["id"].astype(str), options["name"], strict=True))
    ids, key = list(names), KEY[subject]
    first = ids[int(options["held_out"].argmax())]
    value = st.selectbox(
        LABEL[subject],
        ids,
        index=ids.index(first) if asked is None or asked in names else None,
        format_func=names.__getitem__,
        key=state.bound(key, ids),
        placeholder="Choose one",
        width=330,
    )
    if value is None:
        return None
    state.keep(key, value, default=first)
    return int(value), names[value]


def pairs_of(view: View) -> pd.DataFrame:
    """The held-out pairs of the entity; none before the first training."""
    if view.run is None:
        return pd.DataFrame()
    return data.held_out(view.run.run_id, view.model, view.naive, view.subject, view.entity)


def cards(view: View, pairs: pd.DataFrame) -> None:
    """Every measure on the entity's held-out pairs beside the strongest naive baseline's on the same."""
    assert view.run is not None
    scores = _scores(pairs, view.model, view.naive, view.below).set_index(["model", "name"])
    sensitive, folds = int((pairs["observed"] < view.below).sum()), pairs["fold"].nunique()
    known = [name for name in MEASURES if (view.model, name) in scores.index]
    if view.model == view.naive:
        known.remove("skill")  # against itself
    frame.cards([_card(view, name, scores, sensitive, folds) for name in known])


@st.cache_data(max_entries=64, show_spinner=False)
def _scores(pairs: pd.DataFrame, model: str, naive: str, below: float) -> pd.DataFrame:
    return entity_scores(pairs, model, naive, below)


def _card(view: View, name: str, scores: pd.DataFrame, sensitive: int, folds: int) -> frame.Card:
    own = scores.loc[(view.model, name)]
    label, n = MEASURE_NAMES[name], f"n {count(own['n'])}"
    beside = []
    if name in WITHIN_FOLDS and folds > 1:
        label += " within folds"
    if name == "auroc":
        label, n = f"{label}, ln(IC50) < {setting(view.below)}", f"{count(sensitive)} sensitive of {count(own['n'])}"
    elif name == "pearson":
        n += f" · {p_value(own['value'], int(own['n']), folds)}"
    elif name == "skill":
        n += f" · against {model_name(view.naive).lower()}"
    if name != "skill" and (view.naive, name) in scores.index and view.naive != view.model:
        other = scores.loc[(view.naive, name)]
        known = pd.notna(own["value"]) and pd.notna(other["value"])
        better = (
            known and (own["value"] < other["value"]) == (name in LOWER_IS_BETTER) and own["value"] != other["value"]
        )
        shown = difference(own["value"], other["value"]) if known else ""
        beside = [(model_name(view.naive), number(other["value"]), shown, better)]
    return frame.Card(label, number(own["value"]), f"{interval(own['lower'], own['upper'])} · {n}", tuple(beside))


def shown_pairs(view: View, held_out: pd.DataFrame) -> pd.DataFrame:
    """The held-out pairs; where there are none what was measured, after words that say so."""
    if len(held_out):
        return held_out
    measured = data.measured(view.subject, view.entity, view.dataset)
    if view.run is None:
        messages.no_run(not measured.empty)
    else:
        st.info(none_held_out(view.name, view.run.split, len(measured), view.subject), icon=":material/info:")
    return measured


def waterfall_chart(view: View, pairs: pd.DataFrame) -> None:
    """Observed and, of held-out pairs, predicted values, from the most sensitive on."""
    if pairs.empty:
        return
    item = waterfall(pairs, view.subject, view.model, view.context("predicted" in pairs), view.below, frame.dark())
    measured = data.measured(view.subject, view.entity, view.dataset)
    words = f"Lowest of {plural(len(measured), 'measured IC50', 'measured IC50s')}"
    lead = f"{words}: {most_sensitive(measured)}." if len(measured) else ""
    frame.chart(item, f"{view.subject}_waterfall", (view.entity, view.model), lead)


def applicability(view: View) -> None:
    """How near the entity is to what the models were trained on, with a flag where that is far."""
    if view.run is None:
        return
    found = data.applicability(view.run.run_id, view.subject, view.entity)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if found is not None:
            far = ("Extrapolation", "orange", ":material/warning:")
            label, colour, icon = ("Within reach", "green", ":material/check:") if found.inside else far
            st.badge(label, color=colour, icon=icon, help="Applicability: near enough to what was trained on?")
        st.markdown(how_near(found, view.subject), width="stretch")


def why(view: View) -> None:
    """Why R² is low, where it is."""
    assert view.run is not None
    spreads = data.spreads(view.run.run_id, view.model, view.subject)
    found = view.run.metrics.get(view.model, {})
    known = found.get("r2") is not None and found.get("rmse") is not None
    text = explanation(spreads, view.entity, view.subject, Pooled(found["r2"], found["rmse"]) if known else None)
    if text:
        st.markdown(f":material/lightbulb: {text}")


def histogram(view: View) -> None:
    """R² of all drugs (lines) with this one marked."""
    assert view.run is not None
    spreads = data.spreads(view.run.run_id, view.model, view.subject)
    naive = data.spreads(view.run.run_id, view.naive, view.subject)
    item = r2_histogram(spreads, naive, view.entity, view.subject, view.model, view.context(), frame.dark())
    frame.chart(item, f"{view.subject}_histogram", (view.entity, view.model))


def table(view: View, pairs: pd.DataFrame) -> None:
    """The pairs behind the waterfall; a picked row leads to the page of its line or drug."""
    if pairs.empty:
        return
    other, shown = OTHER[view.subject], pair_table(pairs, view.subject)
    what = LABEL[other].lower()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(f"{count(len(shown))} {what}{'s' if len(shown) != 1 else ''}", anchor=False, width="content")
        place = st.container(horizontal=True, width="content", vertical_alignment="center")
    key = f"{view.subject}_pairs_{view.entity}_{view.model}_{view.run.run_id if view.run else ''}"
    picked = frame.table(shown.head(SHOWN), key, height=300, select=True)
    with place:
        for row in picked:
            name = str(pairs["name"].iloc[row])
            nav.link(
                FILE[other], f"Open {name}", ":material/arrow_forward:", **{KEY[other]: str(pairs["id"].iloc[row])}
            )
        if not picked:
            st.caption(f"Pick a row to open its {what}.")
        export.buttons(shown, f"tumorcast-{view.subject.replace('_', '-')}-{view.entity}", key=f"{view.subject}_pairs")


@st.cache_data(max_entries=64, show_spinner=False)
def structure(smiles: str, dark: bool, name: str) -> str:
    """The drawing of a structure as SVG. Raises MoleculeError where the SMILES cannot be read."""
    return structure_svg(smiles, dark, where=name)


def facts(rows: dict[str, str | None]) -> None:
    """What is known of the entity, in two columns; values are HTML from `linked` or `plain`."""
    lines = [f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows.items() if value]
    st.html(f'<dl class="tc-facts">{"".join(lines)}</dl>')


def plain(value: object, unit: str = "") -> str | None:
    """Text that stands as it is; None where nothing is known."""
    return f"{escape(str(value))}{unit}" if value is not None else None


def linked(text: object, address: str) -> str | None:
    """A link out of the dashboard, opened beside it."""
    if text is None:
        return None
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(str(text))}</a>'
