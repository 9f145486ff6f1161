"""Text of unknown origin made fit to print: what a name or a row of a file may do to a page ends here."""

import unicodedata

LONGEST = 2000  # characters of one text
MOST_MARKS = 2  # accents on one letter; more is no script but a way to paint over other lines
_SPACES = ("Zs", "Zl", "Zp")
# Control, format (among them the marks that turn the direction of a text), surrogate, private, unassigned.
_DROPPED = ("Cc", "Cf", "Cs", "Co", "Cn")


def clean(text: object, most: int = LONGEST) -> str:
    """One line without control or direction characters, blanks made one, at most `most` characters long."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", str(text)[: 4 * most]):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in _SPACES or letter in "\t\n\r\v\f":
            kept.append(" ")
        elif kind not in _DROPPED and marks <= MOST_MARKS:
            kept.append(letter)
    line = " ".join("".join(kept).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def clean_cell(text: str, most: int) -> str:
    """A table's cell: its lines, each cleaned."""
    return "\n".join(clean(line, most) for line in text.split("\n"))
