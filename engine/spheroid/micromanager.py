"""The index that Micro-Manager writes into each of its TIFF files, beside or instead of OME-XML."""

import math
from typing import NamedTuple

import tifffile

from engine.spheroid.ome_planes import MOST_PLANES

MEANT = ("Channels", "Slices", "Frames", "Positions")  # how many were to be acquired, in the order of the index


class IndexedPage(NamedTuple):
    """One page of a file. z: of its plane, from 0. frame: its channel, time and position."""

    page: int
    z: int
    frame: tuple[int, int, int]


class Index(NamedTuple):
    """n_planes: of one stack, as many as were to be acquired. pages: those of one file."""

    n_planes: int
    pages: tuple[IndexedPage, ...]


def index_of(file: tifffile.TiffFile) -> Index | None:
    """What the index of a file says, None where there is none or it is not of the pages that the file has.

    Raises ValueError for a damaged one. Source: https://micro-manager.org/Micro-Manager_File_Formats
    """
    if not file.is_micromanager:
        return None
    told = tifffile.read_micromanager_metadata(file.filehandle, {"Summary", "IndexMap"})
    summary, found = told.get("Summary"), told.get("IndexMap")
    if summary is None or found is None or len(found) == 0:
        return None
    meant = [summary.get(name, 1) if isinstance(summary, dict) else None for name in MEANT]
    lasts = found[:, :4].max(axis=0).tolist()
    sizes = [max(n, last + 1) for n, last in zip(meant, lasts, strict=True) if isinstance(n, int)]
    if len(sizes) < len(MEANT):
        raise ValueError("a summary without numbers of planes")
    if math.prod(sizes) > MOST_PLANES:  # tifffile, too, makes room for as many as are told
        raise ValueError(f"an index of {math.prod(sizes):,} planes")
    at = {page.offset: n for n, page in enumerate(file.pages)}
    pages = tuple(IndexedPage(at.get(offset, -1), z, (c, t, p)) for c, z, t, p, offset in found.tolist())
    if len(pages) != len(at) or {one.page for one in pages} != set(at.values()):
        return None  # it was not closed in order: the pages count
    return Index(sizes[1], pages)
