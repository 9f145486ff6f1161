"""What a drug is approved for, in words -> whether that is a cancer, and which TCGA cancer types.

The table of words is data/reference/indication_types.csv.
"""

import csv
import re
from functools import lru_cache
from typing import NamedTuple

from engine.settings import REFERENCE

TABLE = REFERENCE / "indication_types.csv"
LABELS = REFERENCE / "tcga_studies.csv"
SAME_LABEL = {"COREAD": "COAD_READ", "COAD/READ": "COAD_READ"}  # as other tables of cell lines call it

_SPELLINGS = (("aemia", "emia"), ("oesophag", "esophag"), ("tumour", "tumor"), ("haem", "hem"))
_PLURAL = re.compile(r"\b(cancer|carcinoma|tumor|lymphoma|leukemia|sarcoma|glioma|melanoma|neoplasm|syndrome)s\b")


class Meaning(NamedTuple):
    """What one indication says. cancer: it names one; types: TCGA labels, sorted, maybe none."""

    cancer: bool
    types: tuple[str, ...]


def parts(indications: str) -> list[str]:
    """The indications of a drug one by one; they are separated by bars, semicolons or ends of line."""
    return [part.strip() for part in re.split(r"[|;\n]", indications) if part.strip()]


@lru_cache(maxsize=20_000)
def meaning(indication: str) -> Meaning:
    """The meaning of one indication: phrases of the table in it, whatever their case, the longest first.

    A phrase that was found is taken out of the text, so "non-small cell lung cancer" is not small cell lung cancer,
    and "cancer pain" is no cancer.
    """
    text, cancer, types = f" {_plain(indication)} ", False, set()
    for phrase, labels, is_cancer in _phrases():
        if phrase in text:
            text = text.replace(phrase, " | ")
            cancer = cancer or is_cancer
            types |= set(labels)
    return Meaning(cancer, tuple(sorted(types)))


def labels(text: str) -> tuple[list[str], list[str]]:
    """TCGA labels that a table gives itself, such as "SKCM|LUAD": the known ones, sorted, and the other words."""
    words = [word.strip().upper() for word in re.split(r"[|;,]", text) if word.strip()]
    words = [SAME_LABEL.get(word, word) for word in words]
    known = _labels()
    return sorted({word for word in words if word in known}), [word for word in words if word not in known]


def _plain(text: str) -> str:
    words = text.lower().replace("'", "").replace("’", "")
    words = re.sub(r"[^\w]+|_", " ", words)
    for old, new in _SPELLINGS:
        words = words.replace(old, new)
    return _PLURAL.sub(r"\1", words).strip()


@lru_cache(maxsize=1)
def _phrases() -> list[tuple[str, tuple[str, ...], bool]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        (f" {_plain(row['indication'])} ", tuple(filter(None, row["cancer_types"].split("|"))), row["cancer"] == "yes")
        for row in rows
    ]
    return sorted(found, key=lambda one: (-len(one[0]), one[0]))


@lru_cache(maxsize=1)
def _labels() -> frozenset[str]:
    with LABELS.open(encoding="utf-8", newline="") as file:
        return frozenset(row["cancer_type"] for row in csv.DictReader(file))
