"""One spelling for every way in which tables write a cell line, and the tissue panels of the NCI-60."""

import csv
import re
import unicodedata
from functools import cache

from engine.settings import REFERENCE

FACTS = "nci60_lines.csv"
# In the order of the paper's Figure 2 (Kim and Chung 2022), which is that of its table.
PANELS = (
    "Leukemia", "Non-small cell lung", "Colon", "CNS", "Melanoma", "Ovarian", "Renal", "Prostate", "Breast",
)  # fmt: skip

# Lines that are one patient's tumour: M14 and MDA-N are MDA-MB-435, NCI/ADR-RES is OVCAR-8, U251 is SNB-19.
# Source: the register of misidentified cell lines, International Cell Line Authentication Committee.
SAME_TUMOUR = (("MDA-MB-435", "M14", "MDA-N"), ("NCI/ADR-RES", "OVCAR-8"), ("SNB-19", "U251"))

# CellMiner writes BR:MCF7; the names that R makes of it have a dot, file names an underscore.
_PREFIX = re.compile(r"^(?:NCI-?60|NIH|BR|CNS|CO|LC|LE|ME|OV|PR|RE)\s*([:._])\s*(?=\S)", re.IGNORECASE)
_ATCC = re.compile(r"[\s/_(\[-]+ATCC[\])]?$", re.IGNORECASE)
# CCLE writes A549_LUNG.
_TISSUE = re.compile(
    r"_(?:ADRENAL_CORTEX|AUTONOMIC_GANGLIA|BILIARY_TRACT|BONE|BREAST|CENTRAL_NERVOUS_SYSTEM|CERVIX|ENDOMETRIUM"
    r"|FIBROBLAST|HAEMATOPOIETIC_AND_LYMPHOID_TISSUE|KIDNEY|LARGE_INTESTINE|LIVER|LUNG|MATCHED_NORMAL_TISSUE"
    r"|OESOPHAGUS|OVARY|PANCREAS|PLACENTA|PLEURA|PROSTATE|SALIVARY_GLAND|SKIN|SMALL_INTESTINE|SOFT_TISSUE|STOMACH"
    r"|TESTIS|THYROID|UPPER_AERODIGESTIVE_TRACT|URINARY_TRACT)$",
    re.IGNORECASE,
)
# Lines that only their punctuation tells apart from another line: T.T is of the oesophagus, TT of the thyroid; KM-H2
# a Hodgkin lymphoma, KMH-2 of the thyroid.
_PUNCTUATED = {"T-T": "T-T", "KM-H2": "KM-H2", "KM-H-2": "KM-H2"}
_DASHES = str.maketrans({"‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "⁄": "/"})


def line_key(text: str) -> str:
    """The one spelling of a cell line.

    Lines of the NCI-60 get the name of `data/reference/nci60_lines.csv` (`A549/ATCC` -> A549, `LE:HL-60(TB)` -> HL-60,
    `786-0` -> 786-O); of others letters and digits in capitals remain (`SK-N-FI` and `SKNFI_AUTONOMIC_GANGLIA` ->
    SKNFI). Empty text, or only punctuation, gives ''.
    """
    plain = unicodedata.normalize("NFKC", str(text)).translate(_DASHES).strip().strip("\"'").strip()
    known = nci60_name(plain)
    if known:
        return known
    bare = _without_suffix(_PREFIX.sub("", plain, count=1) if _has_colon(plain) else plain)
    punctuated = re.sub(r"[\s._/-]+", "-", bare.upper())
    return _PUNCTUATED.get(punctuated) or _squeezed(bare) or _squeezed(plain)


def nci60_name(text: str) -> str:
    """The NCI-60 line that a text names, '' where it names none of them."""
    bare = _without_suffix(text)
    for form in (text, bare, _PREFIX.sub("", text, count=1), _PREFIX.sub("", bare, count=1)):
        found = _aliases().get(_squeezed(form))
        if found:
            return found
    return ""


def panel_of(line: str) -> str:
    """The tissue panel of an NCI-60 line, one of PANELS; '' for other lines."""
    return nci60_lines().get(line_key(line), "")


@cache
def nci60_lines() -> dict[str, str]:
    """The 60 lines of the NCI-60, name -> panel, in the order of PANELS (59 have a published SF2; MDA-N has none)."""
    return {row["name"]: row["panel"] for row in _rows()}


@cache
def _aliases() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in _rows():
        for spelling in (row["name"], *filter(None, row["aliases"].split("|"))):
            found[_squeezed(spelling)] = row["name"]
    return found


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with (REFERENCE / FACTS).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _has_colon(text: str) -> bool:
    found = _PREFIX.match(text)
    return found is not None and found[1] == ":"


def _without_suffix(text: str) -> str:
    return _ATCC.sub("", _TISSUE.sub("", text)).strip()


def _squeezed(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())
