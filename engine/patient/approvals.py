"""Which drugs doctors may prescribe: approvals by the US Food and Drug Administration, as of 2025.

Source: Drugs@FDA (https://www.accessdata.fda.gov/scripts/cder/daf); the facts are data/reference/drug_approvals.csv.
A drug that the list does not have is unknown, not unapproved.
"""

import re
from functools import cache
from typing import NamedTuple

import pandas as pd

from engine.settings import REFERENCE

BLOCK_LENGTH = 14  # of an InChIKey: its first block is the skeleton, the same for salts of one name and stereoisomers
FORMS = re.compile(
    r"\s+(di)?(mesylate|hydrochloride|hcl|tosylate|sulfate|phosphate|maleate|malate|citrate|tartrate|succinate"
    r"|fumarate|acetate|sodium|hydrate|monohydrate)$"
)


class Approval(NamedTuple):
    """approved: by the FDA, and still so. words: for a person, e.g. "approved for cancer (FDA 2013)"."""

    approved: bool
    words: str


def approval_of(drugs: pd.DataFrame) -> pd.DataFrame:
    """What the FDA says of each drug.

    drugs: columns name and inchikey (text, either may be NA), in any order and with any index.
    Returns the same rows and index: approved (nullable boolean, NA for a drug that the list does not have), approval
    (text, empty there). A known name decides; else the first block of the InChIKey, which cannot tell stereoisomers
    such as doxorubicin and epirubicin apart.
    """
    found = [_find(name, key) for name, key in zip(drugs["name"], drugs["inchikey"], strict=True)]
    return pd.DataFrame(
        {
            "approved": pd.array([drug.approved if drug else None for drug in found], dtype="boolean"),
            "approval": pd.Series([drug.words if drug else "" for drug in found], index=drugs.index, dtype="str"),
        },
        index=drugs.index,
    )


def _find(name: object, inchikey: object) -> Approval | None:
    names, blocks = _known()
    if isinstance(name, str):
        for candidate in _spellings(name):
            if candidate in names:
                return names[candidate]
    if isinstance(inchikey, str):
        return blocks.get(inchikey.strip().upper()[:BLOCK_LENGTH])
    return None


def _spellings(name: str) -> list[str]:
    """A name as it is, without what stands in brackets ("Bleomycin (50 uM)"), that alone, and without its salt."""
    outside = re.sub(r"\(.*?\)", " ", name).strip()
    inside = re.findall(r"\((.*?)\)", name)
    forms = [FORMS.sub("", text.strip().lower()) for text in (name, outside)]
    return [plain for plain in map(_plain, [name, outside, *forms, *inside]) if plain]


def _plain(name: str) -> str:
    """Letters and digits alone, so that PLX-4720, PLX 4720 and PLX4720 are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _known() -> tuple[dict[str, Approval], dict[str, Approval]]:
    """Plain name -> approval, and first InChIKey block -> approval."""
    table = pd.read_csv(REFERENCE / "drug_approvals.csv", dtype=str, keep_default_na=False)
    names: dict[str, Approval] = {}
    blocks: dict[str, Approval] = {}
    for row in table.itertuples():
        approval = Approval(row.status in ("approved_cancer", "approved_other"), _words(row))
        for name in [row.name, *filter(None, row.synonyms.split("|"))]:
            names[_plain(name)] = approval
        if row.inchikey_block:
            blocks[row.inchikey_block] = approval
    return names, blocks


def _words(row) -> str:
    detail = f": {row.note}" if row.note else ""
    if row.status == "approved_cancer":
        return f"approved for cancer (FDA {row.year}{detail})"
    if row.status == "approved_other":
        return f"approved, not for cancer (FDA {row.year}{detail})"
    if row.status == "withdrawn":
        return f"not approved any more (FDA {row.year}{detail}; withdrawn {row.withdrawn})"
    return f"not approved ({row.note})" if row.note else "not approved"
