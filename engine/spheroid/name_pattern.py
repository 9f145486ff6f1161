"""What image files are called: a pattern that a person writes, e.g. {plate}_{row}{column}_z{plane}, and what it finds.

A pattern names fields in braces, a star is any text, [square brackets] hold what may be absent, slashes part folders.
It is turned into regular expressions here, part by part; nobody's own regular expression is ever run, because a
careless one can take for ever. Names are compared without regard to case, and file endings are left away.
"""

import re
import unicodedata
from dataclasses import dataclass, field, fields
from functools import lru_cache

from engine.errors import InputError

LONGEST = 200  # characters of a pattern
LONGEST_NAME = 255  # what file systems allow
# Free text is what a regular expression tries in every length: with three per name the worst name takes milliseconds.
MOST_FREE, MOST_OPTIONAL = 3, 4
NUMBER = r"\d{1,5}"
# What each field may hold. A screen's name takes as much as it can and a plate's as little, so that in
# INF_R_153_V1_CE_P1_B02 the plate is P1. Rows up to AF are those of plates with 1,536 wells.
FIELDS = {
    "screen": r"[^/]+",
    "plate": r"[^/]+?",
    "row": r"A[A-F]|[A-P]",
    "row_number": r"\d{1,2}",
    "column": r"\d{1,2}",
    "plane": NUMBER,
    "part": NUMBER,
    "site": NUMBER,
    "channel": NUMBER,
    "time": NUMBER,
    "kind": r"proj|midz",
}
FREE = ("screen", "plate", "*")
TEMPLATES = {
    "published": "{screen}_{plate}_{row}{column}_{kind}_*",
    "a folder per plane (ImageXpress)": "TimePoint_{time}/ZStep_{plane}/{plate}_{row}{column}[_s{site}][_w{channel}]*",
    "a file per plane (ImageXpress)": "{plate}_{row}{column}[_s{site}][_w{channel}]_z{plane}",
    "a file per plane (Opera, Operetta)": "r{row_number}c{column}f{site}p{plane}-ch{channel}*",
    "a file per plane (CellVoyager)": "{plate}_{row}{column}_T{time}F{site}L*A*Z{plane}C{channel}",
    "a folder per well (Micro-Manager)": "{row}{column}-Site_{site}/img_channel{channel}_position*_time*_z{plane}",
    "a folder per well (Micro-Manager 1)": "{row}{column}-Site_{site}/img_*_*_{plane}",
    "a stack per well (Micro-Manager)": "{plate}_MMStack_{row}{column}-Site_{site}[_{part}]",
    "a stack per well": "{plate}_{row}{column}[_s{site}][_w{channel}]",
    "a folder per plate, a file per plane": "{plate}/{row}{column}[_s{site}][_w{channel}]_z{plane}",
    "a folder per plate, a stack per well": "{plate}/{row}{column}[_s{site}][_w{channel}]",
    "a file per plane of one plate": "{row}{column}[_s{site}][_w{channel}]_z{plane}",
    "a stack per well of one plate": "{row}{column}[_s{site}][_w{channel}]",
}
_TOKENS = re.compile(r"\{([^{}]*)\}|(\*)|([\[\]])|([^{}*\[\]]+)|(.)", re.DOTALL)
_ENDING = re.compile(r"(\.ome)?\.tiff?$", re.IGNORECASE)
HELP = "Write one such as {plate}_{row}{column}_z{plane}; a star is any text, [brackets] hold what may be absent."

Token = tuple[str, str]  # what it is (field, literal, any, open, close) and its text


@dataclass(frozen=True)
class Parsed:
    """What a name says. Text is '' and a number None where the pattern has no such field. row: A, B, ..., AF.

    part: of a stack that goes on in a second file where the first one is full; the first has no number as a rule.
    """

    screen: str = ""
    plate: str = ""
    row: str = ""
    column: int = 0
    plane: int | None = None
    site: int | None = None
    channel: int | None = None
    time: int | None = None
    kind: str = ""
    part: int | None = None


@dataclass(frozen=True)
class Pattern:
    """A pattern, checked. text: as written. parts: tokens of every folder and, last, of the file's name."""

    text: str
    parts: tuple[tuple[Token, ...], ...] = field(repr=False)

    def has(self, name: str) -> bool:
        """Whether the pattern names this field."""
        return any(token == ("field", name) for part in self.parts for token in part)

    def parse(self, folders: tuple[str, ...], name: str) -> Parsed | None:
        """What a file's name and the folders above it say, or None where they do not fit.

        folders: from the folder that was chosen down to the file's. A field that stands twice must say the same twice.
        """
        above = self.parts[:-1]
        if len(above) > len(folders):
            return None
        known: tuple[tuple[str, str], ...] = ()
        names = (*map(bare, folders[len(folders) - len(above) :]), bare(name))
        for part, text in zip(self.parts, names, strict=True):
            found = _regex(part, known).fullmatch(text) if len(text) <= LONGEST_NAME else None
            if found is None:
                return None
            known = (*known, *((key, value) for key, value in found.groupdict().items() if value is not None))
        return _parsed(dict(known))


def bare(name: str) -> str:
    """A file's name without .tif, .tiff, .ome.tif in any case; umlauts in one piece, however the disk keeps them."""
    return unicodedata.normalize("NFC", _ENDING.sub("", name))


def is_tiff(name: str) -> bool:
    """Whether a name ends as a TIFF's and is no hidden file."""
    return bool(_ENDING.search(name)) and not name.startswith(".")


def read_pattern(text: str) -> Pattern:
    """Check a pattern that a person wrote.

    Raises InputError for an unknown field, a missing row or column, brackets that do not pair, and for more free text
    than a computer can try.
    """
    text = bare(text.strip().replace("\\", "/")).strip("/")
    if not text or len(text) > LONGEST:
        told = "is empty" if not text else f"has {len(text):,} characters, more than {LONGEST}"
        raise InputError(f"The pattern of image names {told}. {HELP}")
    pattern = Pattern(text, tuple(_tokens(part, text) for part in text.split("/")))
    if not ((pattern.has("row") or pattern.has("row_number")) and pattern.has("column")):
        raise InputError(f"The pattern {text} does not say where row and column of the well stand. {HELP}")
    if pattern.has("kind") and pattern.has("plane"):
        raise InputError(
            f"The pattern {text} has {{kind}}, of ready projections, and {{plane}}, of stacks: give one of the two."
        )
    if pattern.has("part") and (pattern.has("plane") or pattern.has("kind")):
        raise InputError(
            f"The pattern {text} has {{part}}, of stacks in several files, beside {{plane}} or {{kind}}: give one."
        )
    return pattern


def _tokens(part: str, text: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    inside, optional, free = False, 0, 0
    for found in _TOKENS.finditer(part):
        name, star, bracket, literal, odd = found.groups()
        if odd is not None:
            raise InputError(f"The pattern {text} has a {odd} without its partner. {HELP}")
        if name is not None and name not in FIELDS:
            raise InputError(f"The pattern {text} names {{{name}}}; there are {', '.join(FIELDS)}. {HELP}")
        if bracket:
            if inside == (bracket == "["):
                raise InputError(f"The pattern {text} has square brackets that do not pair. {HELP}")
            inside, optional = bracket == "[", optional + (bracket == "[")
            tokens.append(("open" if inside else "close", bracket))
            continue
        if name in FREE or star:
            free += 1
            if tokens and tokens[-1] in (("field", "screen"), ("field", "plate"), ("any", "*")):
                raise InputError(
                    f"The pattern {text} has two free texts without anything between them: nothing says where the "
                    "first ends."
                )
        tokens.append(("any", "*") if star else ("literal", literal) if literal is not None else ("field", str(name)))
    if inside:
        raise InputError(f"The pattern {text} has square brackets that do not pair. {HELP}")
    if free > MOST_FREE or optional > MOST_OPTIONAL:
        raise InputError(
            f"The pattern {text} has {free} free texts ({{screen}}, {{plate}}, *) and {optional} optional parts in one "
            f"name: at most {MOST_FREE} and {MOST_OPTIONAL} can be told apart."
        )
    return tuple(tokens)


@lru_cache(maxsize=4096)
def _regex(part: tuple[Token, ...], known: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """One folder's or file's name. What folders above have said stands in it as plain text."""
    said, seen, pieces = dict(known), set(), []
    for what, text in part:
        if what == "field" and text in said:
            pieces.append(re.escape(said[text]))
        elif what == "field":
            pieces.append(f"(?P={text})" if text in seen else f"(?P<{text}>{FIELDS[text]})")
            seen.add(text)
        else:
            pieces.append({"any": ".*?", "open": "(?:", "close": ")?"}.get(what) or re.escape(text))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _parsed(said: dict[str, str]) -> Parsed | None:
    numbers = {key: int(said[key]) for key in ("column", "plane", "part", "site", "channel", "time") if key in said}
    row = said.get("row", "").upper() or _letters(int(said.get("row_number", 0)))
    if not row or not 1 <= numbers.get("column", 0) <= 48:
        return None
    words = {key: said.get(key, "") for key in ("screen", "plate")}
    return Parsed(row=row, kind=said.get("kind", "").lower(), **words, **numbers)  # type: ignore[arg-type]


def _letters(number: int) -> str:
    """1 -> A, 26 -> Z, 27 -> AA; '' outside a plate of 32 rows."""
    if not 1 <= number <= 32:
        return ""
    return chr(64 + number) if number <= 26 else "A" + chr(64 + number - 26)


def words(parsed: Parsed) -> str:
    """What was understood, in words: 'plate P1, row B, column 2, plane 3'."""
    values = ((item.name, getattr(parsed, item.name)) for item in fields(parsed))
    return ", ".join(f"{name} {value}" for name, value in values if value not in ("", None))
