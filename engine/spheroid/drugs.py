"""Annotation of drugs: class and subclass, from a table such as the published Drugs.csv."""

from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.files.tables import chunks, open_table, squeeze
from engine.spheroid.plate import clean

NAMES = {
    "drug": ("treatment", "drug", "drugname", "name", "compound", "substance"),
    "abbreviation": ("abbreviation", "abbr", "drugabbr", "shortname", "short"),
    "group_abbr": ("groupabbr", "groupabbreviation", "class", "drugclass"),
    "group_name": ("groupname", "group", "subclass", "mechanism", "target", "targetgene"),
}


def is_annotation(header: tuple[str, ...]) -> bool:
    """Whether a header is that of a table of drugs."""
    found = _columns(header)
    return "drug" in found and bool({"group_abbr", "group_name"} & set(found))


def read_drugs(path: Path, name: str) -> pd.DataFrame:
    """drug, abbreviation, group_abbr, group_name as text, '' where not told; one row a drug, the first one counts.

    Raises InputError for a table without columns of drugs and groups.
    """
    table = open_table(path, name, lambda header: is_annotation(tuple(header)))
    found = _columns(table.header)
    if not is_annotation(table.header):
        raise InputError(
            f"{name} does not annotate drugs: its columns are {', '.join(table.header[:8])}. It needs Treatment, and "
            "GroupAbbr or GroupName."
        )
    made = pd.concat(
        [
            pd.DataFrame({key: chunk[place] for key, place in found.items()})
            for chunk in chunks(table, [*found.values()])
        ]
    )
    made = made.reindex(columns=list(NAMES)).astype("object").where(lambda frame: frame.notna(), "").map(clean)
    return made[made["drug"] != ""].drop_duplicates("drug").reset_index(drop=True)


def _columns(header: tuple[str, ...]) -> dict[str, int]:
    squeezed = [squeeze(name) for name in header]
    hits = {
        key: next((squeezed.index(name) for name in names if name in squeezed), None) for key, names in NAMES.items()
    }
    return {key: place for key, place in hits.items() if place is not None}
