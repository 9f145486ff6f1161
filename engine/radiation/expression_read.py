"""Gene expression from any matrix a person may have: orientation, names and scale are found, told in the receipt."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.files.tables import open_table, squeeze
from engine.radiation import axes, gct, geo
from engine.radiation.arrays import build_samples
from engine.radiation.grid import CURE, Grid
from engine.radiation.grid_read import first_lines, read_table
from engine.radiation.scale import to_log2
from engine.radiation.types import Expression

MIN_PROBES = 10
MUTATIONS = {"variantclassification", "tumorsamplebarcode", "proteinchange", "hgvsp", "hgvspshort", "hgvsc", "aachange",
             "mutation", "variantinfo"}  # fmt: skip
RESPONSES = {"lnic50", "ic50", "ic50um", "drugname", "drugid", "zscoreic50"}
SURVIVAL = re.compile(
    r"^(true|predicted|measured)?sf2(lower|upper)?$|^surv\d+gy$|^(lq)?(alpha|beta)(lower|upper)?$|^(dosegy|survivingfraction)$"
)
_DATE = re.compile(r"^\d{4}-\d\d-\d\d( 00:00:00)?$|^\d{1,2}-(Mar|Sep|Dec|Oct)$", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """A file as expression. format: in words. summary: what the receipt of its import says beside the counts."""

    expression: Expression
    format: str
    summary: dict[str, object]


def read_expression(path: Path, name: str, receipt: Receipt) -> Expression:
    """The expression in a file: GEO series matrix, GCT, or a matrix as text, workbook or Parquet.

    name: what messages call the file. receipt: filled, its rows are samples.
    Raises InputError naming what is wrong and the cure: no expression table, cut off, scales mixed up, nothing left.
    """
    return read(path, name, receipt).expression


def look(path: Path, name: str = "") -> str:
    """Looks at a file's beginning; returns its format. Raises InputError where it is no expression table."""
    grid = _open(path, name or path.name, lambda fraction: None, only_head=True)
    refuse_other_tables(grid, name or path.name, whole=False)
    return grid.format


def read(path: Path, name: str, receipt: Receipt, on_bytes: Callable[[float], None] = lambda fraction: None) -> Reading:
    """As `read_expression`, with what an import tells. on_bytes: told the fraction of the file that has been read."""
    name = name or path.name
    grid = _open(path, name, on_bytes)
    refuse_other_tables(grid, name)
    side = _side(grid)
    receipt.notes += [*grid.notes, f"Rows are {'probes' if side.rows_are_probes else 'samples'}, {side.why}."]
    if grid.odd:
        shown = "; ".join(grid.odd_cells)
        receipt.notes.append(f"{grid.odd:,} cells are no numbers and count as missing ({shown}).")
    file_format, platform, odd = grid.format, grid.platform, grid.odd
    rows, genes, samples, lines, panels = _names(grid, side.rows_are_probes)
    values = np.ascontiguousarray(grid.values.T) if side.rows_are_probes else grid.values
    del grid
    endless = np.isinf(values)
    if endless.any():
        receipt.notes.append(f"{int(endless.sum()):,} infinite values count as missing.")
        values[endless] = np.nan
    del endless
    if not np.isfinite(values).any():
        raise InputError(f"{name} holds no value at all: every cell of its {len(samples):,} samples is missing.")
    probes, symbols, values = _probes(rows, genes, values, receipt)
    if len(probes) < MIN_PROBES:
        raise InputError(
            f"{name} is not an expression table: it has {len(probes):,} probes or genes for {len(samples):,} samples, "
            f"and {MIN_PROBES} are the least. {CURE}"
        )
    frame, values = build_samples(samples, lines, panels, values, receipt)
    if frame.empty:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in receipt.dropped.items())
        raise InputError(f"{name} holds no sample that can be used, of {receipt.read:,}: {reasons}. Check it.")
    probes, symbols, values = _with_values(probes, symbols, values, receipt)  # of the samples that are left
    values, scale, told = to_log2(values, frame["sample"].tolist(), name)
    receipt.notes += told
    summary: dict[str, object] = {
        "orientation": "probes in rows" if side.rows_are_probes else "samples in rows",
        "scale": scale,
        "platform": platform,
        "probes": len(probes),
        "samples": len(frame),
        "lines": int(frame["line"].nunique()),
        "cells_that_are_no_numbers": odd,
        "cells_missing": int(np.isnan(values).sum()),
    }
    return Reading(Expression(frame, probes, symbols, values, scale, platform), file_format, summary)


def _open(path: Path, name: str, on_bytes: Callable[[float], None], only_head: bool = False) -> Grid:
    table = open_table(path, name, _is_header)
    if not table.sheet and table.packing != "parquet":
        lines = first_lines(path, name, 5)
        if geo.is_series_matrix(lines):
            return geo.read_series_matrix(path, name, on_bytes, only_head)
        if gct.is_gct(lines):
            return gct.read_gct(path, name, on_bytes, only_head)
        if lines and lines[0].startswith("##fileformat=VCF"):
            raise InputError(f"{name} is a VCF with variants, not an expression table. {CURE}")
    return read_table(table, on_bytes, only_head)


def _is_header(cells: Sequence[str]) -> bool:
    """Two names at least, and not a name with numbers behind it, which is a row of the matrix."""
    return sum(bool(cell.strip()) for cell in cells) > 1 and not all(_is_number(cell) for cell in cells[1:])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def refuse_other_tables(grid: Grid, name: str, whole: bool = True) -> None:
    """Raises InputError for tables of other kinds, saying where they belong."""
    words, numbers = {squeeze(label) for label in grid.labels}, [squeeze(column) for column in grid.columns]
    every = words | set(numbers)
    told = (
        (every & MUTATIONS, "a list of mutations", "mutations"),
        (every & RESPONSES, "a table of drug responses", "responses"),
        ({c for c in numbers if SURVIVAL.match(c)} if len(numbers) < 60 else set(), "a table of survival", "survival"),
    )
    for found, what, kind in told:
        if found:
            raise InputError(
                f"{name} is {what}, not an expression table (it has the column {min(found)}): import it with `import "
                f"{kind}`. {CURE}"
            )
    names = next(iter(grid.labels.values()))
    if whole and len(names) > 20 and all(len(set(n)) < 0.5 * len(n) for n in grid.labels.values()):
        raise InputError(
            f"{name} is a list, not a matrix: the same names come again and again in its rows. Give one row per probe "
            "and one column per sample."
        )


def _side(grid: Grid) -> axes.Side:
    if grid.above or grid.format.startswith(("GCT", geo.FORMAT)):
        return axes.Side(True, "as its format says")
    return axes.orientation(grid.columns, grid.labels)


def _names(grid: Grid, rows_are_probes: bool) -> tuple[list[str], list[str], list[str], list[str], list[str]]:
    """Names of probes, their symbols, samples, lines and panels as the file writes them."""
    empty = [""] * len(grid.columns)
    if rows_are_probes:
        label = _probe_label(grid)
        probes = list(grid.labels[label])
        symbol = axes.pick(grid.labels, axes.SYMBOL) or _described(grid.labels, label)
        symbols = list(map(axes.first_symbol, grid.labels[symbol])) if symbol else _symbols(probes)
        if not axes.pick(grid.labels, axes.PROBE) and symbol == label:
            probes = [found or one for one, found in zip(probes, symbols, strict=True)]
        return probes, symbols, grid.columns, grid.above.get("line", grid.columns), grid.above.get("tissue", empty)
    line = axes.pick(grid.labels, axes.LINE)
    other = axes.pick(grid.labels, axes.UNNAMED, axes.LINE_ID) or next(iter(grid.labels))
    samples = list(grid.labels[axes.pick(grid.labels, axes.SAMPLE) or line or other])
    tissue = axes.pick(grid.labels, axes.TISSUE)
    panels = list(grid.labels[tissue]) if tissue else [""] * len(samples)
    return grid.columns, _symbols(grid.columns), samples, list(grid.labels[line]) if line else samples, panels


def _probe_label(grid: Grid) -> str:
    """The column that names the probes: called so, else one of unique names, else the gene symbols."""
    plain = axes.pick(grid.labels, axes.UNNAMED)
    names = grid.labels[plain] if plain is not None else []
    unique = len(set(names)) == len(names) and not all(name.isdigit() for name in names)
    if grid.format.startswith("GCT"):
        return next(iter(grid.labels))
    return (
        axes.pick(grid.labels, axes.PROBE)
        or (plain if unique and names else None)
        or axes.pick(grid.labels, axes.SYMBOL, axes.UNNAMED)
        or next(iter(grid.labels))
    )


def _described(labels: Mapping[str, Sequence[str]], probes: str) -> str | None:
    """The column Description of GCT where it holds symbols, as CCLE's does."""
    found = next((name for name in labels if squeeze(name) == "description" and name != probes), None)
    if found is None:
        return None
    texts = [text for text in labels[found] if text]
    return found if texts and sum(" " not in text for text in texts) > 0.8 * len(texts) else None


def _symbols(probes: Sequence[str]) -> list[str]:
    return ["" if axes.is_probe_like(one) or one.isdigit() else axes.first_symbol(one) for one in probes]


def _with_values(
    names: np.ndarray, symbols: np.ndarray, values: np.ndarray, receipt: Receipt
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    used = ~np.isnan(values).all(axis=0) & (names != "")
    if used.all():
        return names, symbols, values
    receipt.notes.append(f"{int((~used).sum()):,} probes without a name or without a value were left out.")
    return names[used], symbols[used], np.ascontiguousarray(values[:, used])


def _probes(
    probes: list[str], symbols: list[str], values: np.ndarray, receipt: Receipt
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probes that have a name and a value, each once: repeated ones are averaged."""
    names = np.array([one.strip() for one in probes], dtype=object)
    told = np.array(symbols, dtype=object)
    dates = [one for one in names if _DATE.match(one)]
    if dates:
        receipt.notes.append(f"{len(dates):,} names are dates, which Excel makes of genes such as SEPT9 ({dates[0]}).")
    names, told, values = _with_values(names, told, values, receipt)
    first: dict[str, int] = {}
    place = np.array([first.setdefault(one, len(first)) for one in names], dtype=int)
    if len(first) < len(names):
        receipt.notes.append(f"{len(names) - len(first):,} rows of probes that come more than once were averaged.")
        once = np.unique(place, return_index=True)[1]
        total = np.zeros((len(first), len(values)))
        count = np.zeros((len(first), len(values)))
        np.add.at(total, place, np.nan_to_num(values.T))
        np.add.at(count, place, ~np.isnan(values.T))
        with np.errstate(invalid="ignore"):
            values = np.ascontiguousarray((total / count).T.astype(np.float32))
        names, told = names[once], told[once]
    return names.astype(str), told.astype(str), values
