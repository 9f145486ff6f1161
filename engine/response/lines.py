"""Which known cell line or drug does a row of some file speak of?"""

import re
from collections.abc import Hashable, Iterable

import pandas as pd

# In this order: the row's own ids first, its name last.
_IDS = ("cosmic_id", "depmap_id", "sanger_id", "ccle_name")


def whole_numbers(texts: pd.Series) -> pd.Series:
    """Ids as whole numbers, missing where the text is none: 906794, 906794.0 (Excel), COSS906794 (COSMIC)."""
    distinct = {text: _whole_number(str(text)) for text in texts.dropna().unique()}
    return texts.map(distinct).astype("Int64")


def _whole_number(text: str) -> int | None:
    found = re.fullmatch(r"(?:COSS)?(\d{1,18})(?:\.0*)?", text.strip(), re.IGNORECASE)
    return int(found.group(1)) if found else None


def squeeze_name(name: str) -> str:
    """A cell line's name without case and punctuation: NCI-H1395 and NCIH1395 are one line."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _unique(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Names that belong to one id only: T.T and TT are two lines, so TT by squeezed name would be a guess."""
    found: dict[str, set[int]] = {}
    for name, number in pairs:
        if name:
            found.setdefault(name, set()).add(number)
    return {name: next(iter(numbers)) for name, numbers in found.items() if len(numbers) == 1}


class LineIndex:
    """Finds the COSMIC id of a known line by any of its ids, else by its name.

    cell_line: the store's table of that name.
    """

    def __init__(self, cell_line: pd.DataFrame) -> None:
        lines = [(int(row["cosmic_id"]), row) for row in cell_line.to_dict("records")]

        def column(name: str) -> list[tuple[str, int]]:
            return [(str(row[name]), number) for number, row in lines if name in row and not pd.isna(row[name])]

        self.known = frozenset(number for number, _ in lines)
        self._depmap = _unique(column("depmap_id"))
        self._sanger = _unique(column("sanger_id"))
        self._ccle = _unique((name.upper(), number) for name, number in column("ccle_name"))
        self._name = _unique(column("name"))
        self._squeezed = _unique(
            [(squeeze_name(name), number) for name, number in column("name")]
            + [(squeeze_name(name.split("_", 1)[0]), number) for name, number in column("ccle_name")]
        )

    def find(self, frame: pd.DataFrame) -> pd.Series:
        """The COSMIC id of each row, missing where no column of it names a known line.

        frame: any of the columns cosmic_id, depmap_id, sanger_id, ccle_name, line_name, sample, as text. `sample` is a
        MAF's Tumor_Sample_Barcode, which may be any of these.
        """
        found = pd.Series(pd.NA, index=frame.index, dtype="Int64")
        for column in (*_IDS, "line_name", "sample"):
            if column in frame and found.isna().any():
                texts = frame.loc[found.isna(), column].dropna()
                distinct = {text: self._lookup(column, str(text).strip()) for text in texts.unique()}
                found = found.fillna(texts.map(distinct).astype("Int64").reindex(found.index))
        return found

    def _lookup(self, column: str, text: str) -> int | None:
        if column == "cosmic_id":
            number = _whole_number(text)
            return number if number in self.known else None
        if column == "depmap_id":
            return self._depmap.get(text)
        if column == "sanger_id":
            return self._sanger.get(text)
        if column == "ccle_name":
            return self._ccle.get(text.upper())
        if column == "line_name":
            return self._name.get(text) or self._squeezed.get(squeeze_name(text))
        return (
            self._ccle.get(text.upper())
            or self._depmap.get(text)
            or self._sanger.get(text)
            or self._lookup("line_name", text)
            or self._lookup("cosmic_id", text)
        )


class DrugIndex:
    """Finds the id of a known drug by its id or, where a row has none, by its name if only one id has that name.

    drug: the store's table of that name.
    """

    def __init__(self, drug: pd.DataFrame) -> None:
        self.known = frozenset(int(number) for number in drug["drug_id"])
        self._name = _unique((squeeze_name(str(n)), int(i)) for n, i in zip(drug["name"], drug["drug_id"], strict=True))

    def find(self, frame: pd.DataFrame) -> pd.Series:
        """The id of each row's drug, missing where unknown. frame: drug_id and (or) drug_name, as text."""
        blank = pd.Series(None, frame.index, dtype="str")
        ids, names = whole_numbers(frame.get("drug_id", blank)), frame.get("drug_name", blank)
        names = names[frame.get("drug_id", blank).isna() & names.notna()]
        distinct: dict[Hashable, int | None] = {
            name: self._name.get(squeeze_name(str(name))) for name in names.unique()
        }
        by_name = names.map(distinct).astype("Int64").reindex(frame.index)
        return ids.where(ids.isin(self.known)).fillna(by_name)
