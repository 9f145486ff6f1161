"""What became of every row of a patient's mutation list, as tables of texts."""

import pandas as pd

from engine.figures.text import MISSING, count, plural
from engine.patient.types import (
    DUPLICATE,
    FATE_WORDS,
    FATES,
    NEW_POSITION,
    NOT_UNDERSTOOD,
    OUTSIDE_CENSUS,
    SILENT,
    USED,
    Receipt,
)
from engine.report.parts import Table

MOST_REASONS = 60
MOST_PLACES = 6  # rows named per reason
MEANS = {
    USED: "The model knows the position: a training line is mutated there.",
    NEW_POSITION: "A gene the model looks at, but no training line is mutated at this position: no effect on the "
    "prediction.",
    OUTSIDE_CENSUS: "The model looks at genes of the Cancer Gene Census only.",
    SILENT: "The protein stays as it is.",
    DUPLICATE: "The same position stands in an earlier row and counts once.",
    NOT_UNDERSTOOD: "Could not be read; the reasons are listed below.",
}


def fates(receipt: Receipt) -> Table:
    """Rows per fate with what it means, and their sum."""
    rows = [(FATE_WORDS[fate], count(receipt.counts[fate]), MEANS[fate]) for fate in FATES]
    return Table(
        ("What became of it", "Rows", "What it means"),
        (*rows, ("All rows", count(receipt.total), "")),
        (False, True, False),
    )


def reasons(receipt: Receipt) -> Table:
    """Rows that were not used, by fate and reason, with the first places of each."""
    left = receipt.rows[receipt.rows["fate"] != USED]
    order = {fate: place for place, fate in enumerate(FATES)}
    groups = []
    reason_of = left["reason"].fillna("").mask(left["fate"] == DUPLICATE, MEANS[DUPLICATE])
    for (fate, reason), found in left.groupby(["fate", reason_of], sort=False):
        places = [count(row) for row in found["row"].dropna().unique()[: MOST_PLACES + 1]]
        named = ", ".join(places[:MOST_PLACES]) + (", …" if len(places) > MOST_PLACES else "")
        groups.append((order[str(fate)], -len(found), FATE_WORDS[str(fate)], str(reason), len(found), named))
    groups.sort(key=lambda group: group[:2])
    caption = ""
    if len(groups) > MOST_REASONS:
        rest = sum(group[4] for group in groups[MOST_REASONS:])
        caption = (
            f"{plural(len(groups) - MOST_REASONS, 'more reason')} with {plural(rest, 'row')}: see the downloaded "
            "receipt."
        )
    return Table(
        ("What became of it", "Reason", "Rows", "Where in the file"),
        tuple((fate, reason, count(n), named) for _, _, fate, reason, n, named in groups[:MOST_REASONS]),
        (False, False, True, False),
        title="Rows that were not used",
        caption=caption,
    )


def used_rows(receipt: Receipt, most: int) -> Table:
    """The rows the prediction rests on."""
    used = receipt.rows[receipt.rows["fate"] == USED]
    rows = [
        (_place(row["row"]), _text(row["position_key"]), _text(row["change"]), _whole(row["lines"]), _text(row["text"]))
        for row in used.head(most).to_dict("records")
    ]
    return Table(
        ("Row", "Position", "Change", "Training lines", "As written"),
        tuple(rows),
        (True, False, False, True, False),
        title="Rows that were used",
        caption=_cut(len(used), most, "used row"),
    )


def all_rows(receipt: Receipt, most: int) -> Table:
    """Every row with its fate."""
    rows = [
        (_place(row["row"]), FATE_WORDS[row["fate"]], _text(row["gene"]), _text(row["change"]), _text(row["text"]),
         _text(row["reason"]))
        for row in receipt.rows.head(most).to_dict("records")
    ]  # fmt: skip
    return Table(
        ("Row", "What became of it", "Gene", "Change", "As written", "Reason"),
        tuple(rows),
        (True, False, False, False, False, False),
        caption=_cut(len(receipt.rows), most, "row"),
    )


def _cut(n: int, most: int, what: str) -> str:
    if n <= most:
        return ""
    return f"{plural(n - most, 'more ' + what)} {'is' if n - most == 1 else 'are'} in the downloaded receipt."


def _place(value) -> str:
    return "" if pd.isna(value) else count(value)


def _whole(value) -> str:
    return MISSING if pd.isna(value) else count(value)


def _text(value) -> str:
    return "" if pd.isna(value) else str(value).replace("\n", " ")
