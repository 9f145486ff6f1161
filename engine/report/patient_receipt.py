"""What became of every row of a patient's mutation list, as tables of texts."""

import re
from collections.abc import Sequence

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
MOST_NAMED = 24  # positions, genes or rows named per reason
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
    """Rows that were not used, by fate and reason, with what they speak of: positions, genes or rows."""
    left = receipt.rows[receipt.rows["fate"] != USED]
    order = {fate: place for place, fate in enumerate(FATES)}
    general = pd.Series([_general(row) for row in left.to_dict("records")], index=left.index, dtype="object")
    groups = [
        (order[str(fate)], -len(found), str(reason), _which(str(fate), found))
        for (fate, reason), found in left.groupby(["fate", general], sort=False)
    ]
    groups.sort(key=lambda group: group[:2])
    caption = ""
    if len(groups) > MOST_REASONS:
        rest = -sum(group[1] for group in groups[MOST_REASONS:])
        caption = (
            f"{plural(len(groups) - MOST_REASONS, 'more reason')} with {plural(rest, 'row')}: see the downloaded "
            "receipt."
        )
    return Table(
        ("What became of it", "Reason", "Rows", "Which"),
        tuple((FATE_WORDS[FATES[fate]], reason, count(-n), which) for fate, n, reason, which in groups[:MOST_REASONS]),
        (False, False, True, False),
        title="Rows that were not used",
        caption=caption,
    )


def _general(row: dict) -> str:
    """A row's reason without its own gene and position, and without remarks, so that equal reasons are counted."""
    if row["fate"] == DUPLICATE:
        return MEANS[DUPLICATE]
    reason = _text(row["reason"]).split("; ")[0].rstrip(".")
    for own, word in ((row["position_key"], "the position"), (row["gene"], "the gene")):
        if isinstance(own, str) and own:
            reason = re.sub(rf"(?<![\w-]){re.escape(own)}(?![\w-])", word, reason)
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


def _which(fate: str, found: pd.DataFrame) -> str:
    """Positions where they are known and worth a look, else genes, else rows of the file."""
    for column in ("position_key",) if fate == NEW_POSITION else ("gene",):
        names = [name for name in dict.fromkeys(map(_text, found[column])) if name]
        if names and fate != NOT_UNDERSTOOD:
            return _listed(names)
    rows = [count(row) for row in found["row"].dropna().unique()]
    return f"{'row' if len(rows) == 1 else 'rows'} {_listed(rows)}" if rows else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {count(len(names) - MOST_NAMED)} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def used_rows(receipt: Receipt, most: int) -> Table:
    """The rows the prediction rests on, the positions mutated in most training lines first."""
    used = most_frequent(receipt)
    rows = [
        (_place(row["row"]), _text(row["position_key"]), _text(row["change"]), _whole(row["lines"]), _text(row["text"]))
        for row in used.head(most).to_dict("records")
    ]
    return Table(
        ("Row", "Position", "Change", "Training lines", "As written"),
        tuple(rows),
        (True, False, False, True, False),
        title="Rows that were used",
        caption=f"Most training lines first. {_cut(len(used), most, 'used row')}".strip(),
    )


def used_rest(receipt: Receipt, most: int) -> str:
    """The mutations of used rows that `used_rows` does not show, by name."""
    left = most_frequent(receipt).iloc[most:]
    return ", ".join(
        f"{_text(row['gene'])} {_text(row['change']).removeprefix('p.')}" if _text(row["change"]) else _text(key)
        for row, key in zip(left.to_dict("records"), left["position_key"], strict=True)
    )


def most_frequent(receipt: Receipt) -> pd.DataFrame:
    """Used rows by the number of training lines mutated there, then in the file's order."""
    used = receipt.rows[receipt.rows["fate"] == USED]
    return used.sort_values("lines", ascending=False, kind="stable", na_position="last")


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
        title=f"{'All' if len(rows) == len(receipt.rows) else 'The first'} {plural(len(rows), 'row')}",
        caption=_cut(len(receipt.rows), most, "row"),
        folded=True,
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
    return "" if pd.isna(value) else " ".join(str(value).replace("`", "").split())
