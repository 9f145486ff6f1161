"""Lines and columns that fit: where a text is broken, and how wide each column of a table is."""

from collections.abc import Callable, Sequence

Measure = Callable[[str], float]
BREAK_AFTER = "-/,;:_|"  # a long word may be broken after these


def wrapped(text: str, width: float, measure: Measure, most: int = 0) -> list[str]:
    """`text` in lines no wider than `width`: broken at blanks, a longer word within itself; at least one line.

    measure: text -> width in the same unit. most: lines at most, the last one then ends in an ellipsis; 0 for all.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if measure(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, width, measure)
        lines += whole
    lines.append(line)
    if most and len(lines) > most:
        last = lines[most - 1]
        while last and measure(last + "…") > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines


def _pieces(word: str, width: float, measure: Measure) -> list[str]:
    """A word too wide for a line, in parts that fit."""
    pieces = []
    while measure(word) > width and len(word) > 1:
        end = 1
        while end < len(word) and measure(word[: end + 1]) <= width:
            end += 1
        soft = max(word.rfind(mark, 0, end) for mark in BREAK_AFTER) + 1
        cut = soft if soft > end / 2 else end
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def column_widths(natural: Sequence[float], least: Sequence[float], width: float) -> list[float]:
    """Widths of columns that share `width`: natural ones where they fit, else between least and natural.

    natural: of the longest line of each column. least: of its longest word.
    """
    if sum(natural) <= width:
        return list(natural)
    spare = width - sum(least)
    if spare <= 0:
        return [width * part / sum(least) for part in least]
    wish = [max(a - b, 0.0) for a, b in zip(natural, least, strict=True)]
    return [b + spare * part / sum(wish) for b, part in zip(least, wish, strict=True)]
