"""The chapters of a report, each from the reads the pages use too."""

import pandas as pd

from engine.figures.comparison import ablation, ablation_sentences, coverage, split_worth
from engine.figures.response import model_forest
from engine.figures.significance import critical_difference, difference_forest, evidence_words
from engine.figures.text import (
    MEASURE_NAMES,
    MISSING,
    count,
    data_name,
    interval,
    model_name,
    number,
    plural,
    split_name,
)
from engine.figures.type_words import types_verdict
from engine.figures.types import TypeView, type_chart
from engine.figures.verdict import verdict
from engine.report.material import Material
from engine.report.parts import Number, Plot, Section, Table, plot, text_table
from engine.response.settings import ABLATIONS, BASELINES

CARDS = ("r2", "rmse", "skill", "within_drug_r")
BEST_AND_WORST = 10
HALF = 6  # measures in the first of two tables, so that both fit on a page


def chapters(given: Material) -> list[Section]:
    """Every chapter that has something to say."""
    every = [
        _result(given),
        _leaderboard(given),
        _splits(given),
        _types(given),
        _entities(given),
        _evidence(given),
        _ablations(given),
        _coverage(given),
        _card(given),
        _sources(given),
    ]
    return [section for section in every if not section.empty]


def _result(given: Material) -> Section:
    plots = [plot("forest", lambda dark: model_forest(given.scores, "r2", given.context, given.model, dark))]
    if given.scatter:
        plots.insert(
            0, plot("pairs", given.scatter, lambda caption: f"{_no_clicks(caption)} {given.pairs_note}".strip())
        )
    return Section(
        anchor="result",
        title="Result",
        lead=verdict(given.scores, given.model, given.run.split, given.run.naive),
        cards=[card for name in CARDS if (card := _number(given, name))],
        plots=plots,
    )


def _no_clicks(caption: str) -> str:
    """A caption without what only the dashboard can do."""
    for text in (" Draw around points to select.", "; filter to select some", " Click a row to open its type."):
        caption = caption.replace(text, "")
    return caption


def _number(given: Material, name: str) -> Number | None:
    found = given.scores[given.scores["name"] == name].set_index("model")
    if given.model not in found.index:
        return None
    own = found.loc[given.model]
    notes = [f"{interval(own['lower'], own['upper'])} · n {count(own['n'])}"]
    naive = given.run.naive
    if name == "skill" and naive:
        notes.append(f"against {model_name(naive).lower()}: 0 adds nothing, 1 is perfect")
    elif naive and naive in found.index and naive != given.model:
        notes.append(f"{model_name(naive)} {number(found.loc[naive, 'value'])}")
    return Number(MEASURE_NAMES[name], number(own["value"]), tuple(notes))


def _leaderboard(given: Material) -> Section:
    known = [name for name in MEASURE_NAMES if (given.scores["name"] == name).any()]
    by = given.scores.set_index(["model", "name"])
    tables = []
    for names in (known[:HALF], known[HALF:]):
        rows = []
        for model in given.run.models:
            kind = "\nbaseline" if model in BASELINES else "" if model in ABLATIONS.values() else "\nnetwork"
            keys = [(model, name) for name in names]
            cells = [_with_interval(by.loc[key], "\n") if key in by.index else MISSING for key in keys]
            rows.append((model_name(model) + kind, *cells))
        columns = ("Model", *(MEASURE_NAMES[name] for name in names))
        tables.append(Table(columns, tuple(rows), (False, *(True for _ in names))))
    pairs = plural(int(given.scores["n"].max()), "held-out pair") if len(given.scores) else "no held-out pair"
    text = f"{pairs}, {given.context}. Below each value its 95 % interval, by bootstrap over what was left out."
    return Section("leaderboard", "Every model", texts=[text], tables=[table for table in tables if table.numeric[1:]])


def _with_interval(score: pd.Series, between: str = "") -> str:
    """'0.812 (0.801 to 0.822)', or the interval after `between`."""
    value = number(score["value"])
    if pd.isna(score["lower"]) or pd.isna(score["upper"]):
        return value
    ends = interval(score["lower"], score["upper"])
    return f"{value}{between}{ends}" if between else f"{value} ({ends})"


def _splits(given: Material) -> Section:
    if not len(given.worth):
        return Section("splits", "Splits")
    rows = []
    for split, run in given.family.items():
        here = given.worth[(given.worth["split"] == split) & (given.worth["model"] == given.model)].set_index("name")
        rows.append(
            {
                "Split": split_name(split),
                "Run": run.run_id,
                "R²": _with_interval(here.loc["r2"]) if "r2" in here.index else MISSING,
                "Skill": _with_interval(here.loc["skill"]) if "skill" in here.index else MISSING,
                "Strongest naive baseline": model_name(run.naive) if run.naive else MISSING,
                "Folds": run.folds,
                "Tested pairs": run.n_test,
            }
        )
    return Section(
        anchor="splits",
        title="Under other splits",
        plots=[plot("worth", lambda dark: split_worth(given.worth, given.model, "r2", _data(given), dark))],
        tables=[text_table(pd.DataFrame(rows), title=f"{model_name(given.model)} on the same data")],
    )


def _data(given: Material) -> str:
    return data_name(given.run.dataset, given.run.simulated)


def _types(given: Material) -> Section:
    table = text_table(beside_naive(given.types, given.model, given.run.naive, "Cancer type"))
    if not table.rows or not given.gains:
        return Section("types", "Cancer types", tables=[table])
    measures = given.types.rename(columns={"key": "cancer_type"})
    view = TypeView(measures, given.gains, "r2", given.model, given.run.naive or "")
    return Section(
        anchor="types",
        title="Cancer types",
        texts=[types_verdict(given.gains).replace("**", "")],
        plots=[plot("types", lambda dark: type_chart(view, given.context, dark), _no_clicks, wide=True)],
        tables=[table],
    )


def beside_naive(scores: pd.DataFrame, model: str, naive: str | None, what: str) -> pd.DataFrame:
    """R² of the model and of the naive baseline, and the model's skill, per type, drug or line; best R² first."""
    own = scores[scores["model"] == model]
    r2 = own[own["name"] == "r2"].set_index("key")
    table = pd.DataFrame(
        {
            what: r2["label"],
            "R²": r2["value"],
            "95 % interval": [interval(a, b) for a, b in zip(r2["lower"], r2["upper"], strict=True)],
        }
    )
    if naive and naive != model:
        other = scores[(scores["model"] == naive) & (scores["name"] == "r2")].set_index("key")["value"]
        table[f"R² of {model_name(naive).lower()}"] = other.reindex(table.index)
    skill = own[own["name"] == "skill"].set_index("key")["value"]
    if len(skill):
        table["Skill"] = skill.reindex(table.index)
    table["Pairs"] = r2["n"]
    if r2["lower"].isna().all():
        table = table.drop(columns="95 % interval")
    return table.sort_values("R²", ascending=False, kind="stable").reset_index(drop=True)


def _entities(given: Material) -> Section:
    tables = []
    for scores, what, many in ((given.drugs, "Drug", "drugs"), (given.lines, "Cell line", "cell lines")):
        table = beside_naive(scores, given.model, given.run.naive, what)
        known = table[table["R²"].notna()]
        undefined = len(table) - len(known)
        caption = f"{count(undefined)} of {plural(len(table), many[:-1], many)}: R² {MISSING}." if undefined else ""
        if len(known) > 2 * BEST_AND_WORST:
            tables.append(text_table(known.head(BEST_AND_WORST), title=f"Best predicted {many}", caption=caption))
            tables.append(text_table(known.tail(BEST_AND_WORST)[::-1], title=f"Worst predicted {many}"))
        elif len(known):
            tables.append(text_table(known, title=f"{many.capitalize()}, best predicted first", caption=caption))
    return Section(
        anchor="entities",
        title="Drugs and cell lines",
        texts=["R² within one drug or line falls below zero where its measurements differ little."] if tables else (),
        tables=tables,
    )


def _evidence(given: Material) -> Section:
    plots, texts = [], []
    if given.against_naive:
        found = given.against_naive
        plots.append(plot("differences", lambda dark: difference_forest(found, given.context, dark)))
        texts.append(evidence_words(found, given.model))
    if isinstance(given.ranks, str):
        texts.append(given.ranks)
    else:
        ranks = given.ranks
        plots.append(plot("ranks", lambda dark: critical_difference(ranks, given.context, dark), wide=True))
    return Section("evidence", "More than chance?", texts=[text for text in texts if text], plots=plots)


def _ablations(given: Material) -> Section:
    found = given.against_ensemble
    sentences = ablation_sentences(given.scores, found.table, given.run.split) if found else []
    if not sentences:
        return Section("ablations", "Permuted inputs")
    draw = lambda dark: ablation(given.scores, given.run.naive, given.context, dark)  # noqa: E731
    texts = [sentence.replace("**", "") for sentence in sentences]
    return Section("ablations", "Permuted inputs", texts=texts, plots=[plot("ablation", draw)])


def _coverage(given: Material) -> Section:
    plots: list[Plot] = []
    by_split = given.worth[(given.worth["name"] == "coverage") & (given.worth["model"] == given.model)]
    by_split = by_split[by_split["value"].notna()]
    who = model_name(given.model)
    if len(by_split):
        rows = by_split.assign(label=by_split["split"].map(split_name))
        question = "Do intervals keep their promise under each split?"
        plots.append(plot("coverage", lambda dark: coverage(rows, question, f"{who}, {_data(given)}", dark)))
    by_type = given.types[(given.types["name"] == "coverage") & (given.types["model"] == given.model)]
    if by_type["value"].notna().any():
        question = "And within each cancer type?"
        plots.append(plot("coverage_types", lambda dark: coverage(by_type, question, f"{who}, {given.context}", dark)))
    texts = [] if plots else ["This run has no prediction intervals: it was trained before they existed."]
    return Section("coverage", "Prediction intervals", texts=texts, plots=plots)


def _card(given: Material) -> Section:
    card = given.card
    return Section(
        anchor="card",
        title="How it was made",
        facts=card.facts,
        tables=[
            text_table(card.folds, title="Folds") if len(card.folds) > 1 else Table(),
            text_table(card.left_out, title="Left out before training"),
            text_table(pd.DataFrame({"Note": card.notes}), title="Notes"),
        ],
        points=card.limits,
        command=card.command,
    )


def _sources(given: Material) -> Section:
    found = given.sources
    table = pd.DataFrame(
        {
            "File": found["file_name"],
            "Table": found["kind"],
            "Rows kept": found["rows_kept"],
            "Imported (UTC)": [f"{moment:%Y-%m-%d %H:%M}" for moment in found["imported_at"]],
            "Origin": found["origin"].fillna("").replace("", "not noted"),
            "Licence": found["licence"].fillna("").replace("", "not noted"),
            "SHA-256": found["sha256"],
        }
    )
    later = found["imported_at"] > given.run.created_at
    texts = ["The tables in the store when this report was written."]
    if later.any():
        texts.append(
            f"{plural(int(later.sum()), 'table')} came after the run: only the hash of the curated tables above says "
            "what the run saw."
        )
    return Section("sources", "Sources", texts=texts if len(table) else (), tables=[text_table(table)])
