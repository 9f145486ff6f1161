"""Whether a drug is approved, and for what, in words -> yes or no, whether that is a cancer, which TCGA cancer types.

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


# The words of DrugBank's groups, of the Drug Repurposing Hub's clinical_phase and of ChEMBL's phases.
_NOT_APPROVED = re.compile(
    r"\b((not|non|never)[- ](yet )?|un)approved|\bvet[ _]approved|\bpre[- ]?(clinical|registration)|"
    r"\bphase (0|[123]|i{1,3})[ab]?\b|investigational|experimental|withdrawn|discontinued|no development|illicit|"
    r"nutraceutical|terminated|suspended|unknown|clinical (trial|candidate)"
)
_APPROVED = re.compile(r"\b(approved|launched|marketed|registered|phase (4|iv))\b")
APPROVED_PHASE = 4  # of ChEMBL's Max Phase


class Meaning(NamedTuple):
    """What one indication says. cancer: it names one; types: TCGA labels, sorted, maybe none."""

    cancer: bool
    types: tuple[str, ...]


@lru_cache(maxsize=20_000)
def approved(phase: str) -> bool | None:
    """Whether a drug's phase is that of an approved drug; None where the words are no phase.

    Of several, as in "approved; withdrawn" (approved in one country and not in another) or "Phase 2/Phase 3", the
    furthest counts.
    """
    told = {_is_approved(part.strip()) for part in re.split(r"[|;,/\n]", phase.lower()) if part.strip()}
    return True if True in told else False if False in told else None


def _is_approved(word: str) -> bool | None:
    try:
        return float(word) >= APPROVED_PHASE
    except ValueError:
        return False if _NOT_APPROVED.search(word) else True if _APPROVED.search(word) else None


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
