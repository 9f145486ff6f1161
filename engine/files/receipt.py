"""The receipt of an import: what became of every row."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

EXAMPLES = 5  # per reason
Show = Sequence[str] | Mapping[str, str]


@dataclass
class Receipt:
    """Counts while a file is read; rows read = rows kept + rows dropped.

    merged: kept rows that were averaged into another one. flagged: rows that are kept although something is amiss.
    """

    read: int = 0
    merged: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    flagged: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Rows that are used."""
        return self.read - sum(self.dropped.values())

    def drop(self, frame: pd.DataFrame, wrong: pd.Series, reason: str, show: Show = ()) -> pd.DataFrame:
        """`frame` without the rows that are `wrong`, counted under `reason`.

        frame: has a column `row`, the row number in the file. show: columns named in the examples; a mapping
        gives words for their names, '' for none.
        """
        if not wrong.any():
            return frame
        self._count(self.dropped, frame[wrong], reason, show)
        return frame[~wrong]

    def flag(self, frame: pd.DataFrame, odd: pd.Series, reason: str, show: Show = ()) -> None:
        """Counts the rows that are `odd` and stay."""
        if odd.any():
            self._count(self.flagged, frame[odd], reason, show)

    def _count(self, counts: dict[str, int], rows: pd.DataFrame, reason: str, show: Show) -> None:
        counts[reason] = counts.get(reason, 0) + len(rows)
        examples = self.examples.setdefault(reason, [])
        words = show if isinstance(show, Mapping) else {name: name for name in show}
        for row in rows.head(EXAMPLES - len(examples)).to_dict("records"):
            told = ", ".join(f"{word} {row[name]}".strip() for name, word in words.items() if _is_told(row, name))
            examples.append(f"row {row['row']}" + (f": {told}" if told else ""))

    def as_dict(self, settings: dict[str, Any]) -> dict[str, Any]:
        """What the store, the Jobs page and the command line show."""
        return {
            "read": self.read,
            "kept": self.kept,
            "merged": self.merged,
            "dropped": dict(self.dropped),
            "flagged": dict(self.flagged),
            "examples": {reason: list(rows) for reason, rows in self.examples.items()},
            "settings": settings,
            "notes": list(self.notes),
        }


def _is_told(row: Mapping[Hashable, Any], name: str) -> bool:
    return name in row and not pd.isna(row[name])
