"""What a model is worth: under every split, against permuted inputs, and whether its intervals keep their promise."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engine.figures.forest import Mark, Row, forest
from engine.figures.template import Chart
from engine.figures.text import MEASURE_NAMES, MISSING, count, interval, model_name, number, plural, signed, split_name
from engine.response.settings import ABLATIONS, BASELINES, ENSEMBLE, INTERVAL_LEVEL, LEARNED, NAIVE, SPLITS

KEPT = (0.88, 0.92)  # coverage within which a 90 % interval keeps its promise
SPLIT_ROWS = {
    "pairs": "Published: random pairs",
    "cell_line": "Unseen cell lines",
    "cancer_type": "Unseen cancer types",
    "drug": "Unseen drugs",
    "both": "Unseen lines and drugs",
}
SPLIT_ROW_PX = 22
QUESTIONS = {
    "r2": "What is it worth under each split?",
    "skill": "How much better than the strongest naive baseline?",
}
LOWEST = -1.0  # R² and skill below this stand at the edge: far worse is not more interesting


def split_worth(worth: pd.DataFrame, model: str, measure: str, context: str, dark: bool = False) -> Chart:
    """One block per split: `model`, the strongest naive baseline and the best learned baseline there.

    worth: columns `split`, `model`, `name`, `value`, `lower`, `upper`, `n` (`comparison_records.across_splits`).
    """
    rows = worth[(worth["name"] == measure) & worth["value"].notna()]
    splits = [split for split in SPLITS if (rows["split"] == split).any()]
    marks, table, said = [], [], []
    lines: list[Row] = []
    for split in splits:
        here = rows[rows["split"] == split]
        shown = pd.concat([here[here["model"] == model], _best(here, LEARNED), _best(here, NAIVE)])
        shown = shown.drop_duplicates("model")
        first = lines[-1].place + 1.3 if lines else 0.0
        lines.append(Row(first, f"<b>{SPLIT_ROWS[split]}</b>"))
        for i, row in enumerate(shown.itertuples(), start=1):
            lines.append(Row(first + i, model_name(row.model)))
            marks.append(_worth_mark(row, first + i))
            table.append(_table_row(row, **{"Split": split_name(split), "Model": model_name(str(row.model))}))
        values = [f"{row['Model']} {number(row['Value'])}" for row in table[-len(shown) :]]
        said.append(f"{split_name(split)}: {', '.join(values)}")
    figure = forest(
        marks,
        lines,
        f"{MEASURE_NAMES[measure]} on held-out pairs (95 % interval)",
        dark,
        reference=0 if any(mark.value < 0.1 for mark in marks) else None,
        height=60 + SPLIT_ROW_PX * max(len(lines), 4),
    )
    return Chart(
        figure=figure,
        question=QUESTIONS.get(measure, QUESTIONS["r2"]),
        caption=f"{context}. Circle: the network. Dashes: the best baseline with features and the strongest one "
        "without, each of that split.",
        summary=f"{MEASURE_NAMES[measure]} per split. " + "; ".join(said) + ".",
        table=pd.DataFrame(table, columns=["Split", "Model", "Value", "95 % interval", "Pairs"]).rename(
            columns={"Value": MEASURE_NAMES[measure]}
        ),
    )


def _best(rows: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    return rows[rows["model"].isin(models)].sort_values("value", ascending=False, kind="stable").head(1)


def _worth_mark(row: Any, place: float) -> Mark:
    name = model_name(row.model)
    return Mark(
        row=place,
        value=float(row.value),
        lower=_maybe(row.lower),
        upper=_maybe(row.upper),
        label=number(row.value),
        name=name,
        kind="baseline" if row.model in BASELINES else "predicted",
    ).at_least(LOWEST)


def coverage(rows: pd.DataFrame, question: str, context: str, dark: bool = False) -> Chart:
    """Share of held-out pairs inside their 90 % interval, one row each; outlined in red where it leaves 88 to 92 %.

    rows: `label`, `value`, `lower`, `upper` as fractions, `n`; undefined values are left out of the picture and
    stand in the table.
    """
    known = rows.dropna(subset=["value"]).reset_index(drop=True)
    marks = [
        Mark(
            row=place,
            value=100 * row.value,
            lower=_maybe(100 * row.lower),
            upper=_maybe(100 * row.upper),
            label=f"{100 * row.value:.1f} %" + (f" {left}" if left else ""),
            name=str(row.label),
            failed=bool(left),
        )
        for place, row in enumerate(known.itertuples())
        for left in [leaves(row.value)]
    ]
    failed = [row.label for row in known.itertuples() if leaves(row.value)]
    level = f"{100 * INTERVAL_LEVEL:.0f} %"
    return Chart(
        figure=forest(
            marks,
            [Row(place, f"{row.label} ({count(row.n)})") for place, row in enumerate(known.itertuples())],
            f"Pairs inside their {level} interval, % (95 % interval)",
            dark,
            reference=100 * INTERVAL_LEVEL,
            band=(100 * KEPT[0], 100 * KEPT[1]),
            room=0.4,
            labels_right=True,
        ),
        question=question,
        caption=f"{context}. Line: {level}. Shaded: {100 * KEPT[0]:.0f} to {100 * KEPT[1]:.0f} %. "
        "Red: outside it. In brackets: held-out pairs.",
        summary=f"Coverage of {level} intervals, {plural(len(known), 'row')}. "
        + (f"Outside 88 to 92 %: {', '.join(map(str, failed))}." if failed else "All within 88 to 92 %."),
        table=pd.DataFrame(
            {
                "Held-out pairs of": rows["label"],
                "Inside, %": 100 * rows["value"],
                "95 % interval, %": [interval(100 * row.lower, 100 * row.upper) for row in rows.itertuples()],
                "Verdict": [MISSING if pd.isna(value) else leaves(value) or "kept" for value in rows["value"]],
                "Pairs": rows["n"],
            }
        ),
    )


def leaves(value: float) -> str:
    """'too low' or 'too high' where a coverage leaves 88 to 92 %, '' where it does not or is not defined."""
    if pd.isna(value) or KEPT[0] <= value <= KEPT[1]:
        return ""
    return "too low" if value < KEPT[0] else "too high"


def ablation(scores: pd.DataFrame, naive: str | None, context: str, dark: bool = False) -> Chart:
    """R² of the ensemble beside the same ensemble trained on permuted inputs, and the strongest naive baseline.

    scores: columns `model`, `name`, `value`, `lower`, `upper`, `n`.
    """
    wanted = [ENSEMBLE, *ABLATIONS.values(), *([naive] if naive else [])]
    found = scores[(scores["name"] == "r2") & scores["value"].notna()].set_index("model")
    shown = [model for model in wanted if model in found.index]
    marks = [
        Mark(
            row=place,
            value=float(row.value),
            lower=_maybe(row.lower),
            upper=_maybe(row.upper),
            label=number(row.value),
            name=model_name(model),
            kind="baseline" if model in BASELINES else "predicted",
        )
        for place, model in enumerate(shown)
        for row in [found.loc[model]]
    ]
    return Chart(
        figure=forest(
            marks,
            [Row(place, model_name(model)) for place, model in enumerate(shown)],
            "R² on held-out pairs (95 % interval)",
            dark,
        ),
        question="Does it use the genome, and the drug's structure?",
        caption=f"{plural(int(found['n'].max()) if len(found) else 0, 'held-out pair')}, {context}. Permuted: trained "
        "again with every line's genome, or every drug's structure, swapped for another one's.",
        summary="R². " + ", ".join(f"{model_name(model)} {number(found.loc[model, 'value'])}" for model in shown) + ".",
        table=pd.DataFrame([_table_row(found.loc[model], Model=model_name(model)) for model in shown]).rename(
            columns={"Value": "R²"}
        ),
    )


MATTERS = 0.02  # of R²: a smaller loss makes no practical difference
MEANING = {
    "genomes": (
        "genome",
        "the genome serves as a name tag: it tells the network which line it is, and nothing more",
        "what it predicts here does not come from the genomes",
        ("cell_line", "cancer_type", "both"),
    ),
    "drugs": (
        "structure",
        "the structure serves as a name tag: it tells the network which drug it is, and nothing more",
        "what it predicts here does not come from the structures",
        ("drug", "both"),
    ),
}


def ablation_sentences(scores: pd.DataFrame, differences: pd.DataFrame, split: str) -> list[str]:
    """What the permuted inputs say, one plain sentence each.

    differences: `model`, `difference`, `lower`, `upper`: R² minus that of the ensemble, paired
    (`response.evidence.differences`). Real inputs help where the whole interval lies below zero; the wrong ones do as
    well where it does not and nothing below -MATTERS lies inside; else nothing can be said.
    """
    r2 = scores[(scores["name"] == "r2") & scores["value"].notna()].set_index("model")["value"]
    paired = differences.set_index("model")
    sentences = []
    for which, model in ABLATIONS.items():
        if model not in r2.index or ENSEMBLE not in r2.index or model not in paired.index:
            continue
        what, name_tag, nothing, unseen = MEANING[which]
        row = paired.loc[model]
        ends = f"{signed(row['lower'])} to {signed(row['upper'])}" if pd.notna(row["lower"]) else "no interval"
        numbers = (
            f"(R² {number(r2[ENSEMBLE])} with the real ones, {number(r2[model])} with permuted ones; paired difference "
            f"{signed(row['difference'])}, {ends})"
        )
        if row["upper"] < 0:
            sentences.append(f"**The real {what}s help** {numbers}: the network uses what they say.")
        elif row["lower"] >= -MATTERS:
            meaning = nothing if split in unseen else name_tag
            sentences.append(f"**The ensemble does as well with the wrong {what}s** {numbers}: {meaning}.")
        else:
            sentences.append(f"**Whether the real {what}s help cannot be told here** {numbers}.")
    return sentences


def _table_row(row: Any, **first: str) -> dict[str, Any]:
    return {**first, "Value": row.value, "95 % interval": interval(row.lower, row.upper), "Pairs": row.n}


def _maybe(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
