"""GCT, the text format of the Broad Institute: 1.2 with a name and a description per row, 1.3 with more of both sides.

Format: https://clue.io/connectopedia/gct_format.
"""

from itertools import islice
from pathlib import Path

from engine.errors import InputError
from engine.files.raw_file import text_lines
from engine.files.tables import squeeze
from engine.radiation.axes import LINE, TISSUE
from engine.radiation.grid import WANTED, Filling, Grid, Tell
from engine.radiation.grid_read import separated

VERSIONS = ("#1.2", "#1.3")


def is_gct(lines: list[str]) -> bool:
    """Whether a text that begins with these lines is GCT."""
    return bool(lines) and lines[0].strip() in VERSIONS


def read_gct(path: Path, name: str, on_bytes: Tell, only_head: bool = False) -> Grid:
    """The matrix of a GCT file; `above` holds line and tissue of the samples where 1.3 tells them.

    Raises InputError: numbers of rows or columns that are not those it announces, a row of another width.
    """
    lines = text_lines(path, name, WANTED)
    version, sizes = (line.strip() for line, _ in islice(lines, 2))
    rows, columns, beside, above = _sizes(sizes, version, name)
    cells = separated(lines, "\t", False, 2, on_bytes, name)
    _, first = next(cells, (0, []))
    header = [str(cell).strip() for cell in first]
    while header and not header[-1]:
        header.pop()
    if len(header) != 1 + beside + columns:
        raise InputError(
            f"{name} announces {columns:,} samples but row 3 names {len(header) - 1 - beside:,}: it is damaged or cut "
            "off, save it again."
        )
    told: dict[str, list[str]] = {}
    filling = Filling(name, header, list(range(1 + beside)), list(range(1 + beside, len(header))), False)
    count = 0
    for row, one in cells:
        found = [*one, *[""] * (len(header) - len(one))][: len(header)]
        if len(one) < 1 + beside or any(str(cell).strip() for cell in one[len(header) :]):
            raise InputError(f"{name} has {len(one):,} values in row {row:,} where its header has {len(header):,}.")
        if len(told) < above:
            told[str(one[0]).strip()] = [str(cell).strip() for cell in found[1 + beside :]]
            continue
        if len(one) < len(header):
            raise InputError(f"{name} is cut off in row {row:,}, which is shorter than its header: copy it again.")
        filling.add(found, row)
        count += 1
        if only_head and count >= 100:
            rows = count
            break
    if count != rows:
        raise InputError(
            f"{name} announces {rows:,} rows but holds {count:,}: it is cut off, download or save it again."
        )
    kept = {}
    for key, kinds in (("line", LINE), ("tissue", TISSUE)):
        column = next((told[word] for word in told if squeeze(word) in kinds), None)
        if column:
            kept[key] = column
    return filling.grid(f"GCT {version[1:]}", kept)


def _sizes(line: str, version: str, name: str) -> tuple[int, int, int, int]:
    """Rows, samples, columns beside them but the first, rows above the values."""
    try:
        numbers = [int(word) for word in line.split()]
        if version == "#1.2":
            rows, columns = numbers[:2]
            return rows, columns, 1, 0
        rows, columns, beside, above = numbers[:4]
    except ValueError as error:
        raise InputError(f"{name} is GCT but row 2 does not tell its size ({line[:40]!r}): save it again.") from error
    return rows, columns, beside, above
