"""Stacks in several files: OME-TIFF as Bio-Formats writes them, and Micro-Manager's own form with its index."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile

INDEX, INDEX_HERE, SUMMARY = 54773648, 3453623, 2355492  # Micro-Manager's marks of its index and its summary
OME = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


class Place(NamedTuple):
    """One plane of a stack: the file and its identity, the page in it, and which plane and channel it is."""

    name: str
    uuid: str
    page: int
    z: int
    c: int = 0


def ome(own: str, places: Sequence[Place], size_z: int = 7, order: str = "XYZCT", images: int = 1) -> str:
    """OME-XML of one stack, or of several alike whose first is the told one."""
    told = "".join(
        f'<TiffData FirstZ="{one.z}" FirstC="{one.c}" IFD="{one.page}" PlaneCount="1">'
        f'<UUID FileName="{one.name}">{one.uuid}</UUID></TiffData>'
        for one in places
    )
    pixels = f'DimensionOrder="{order}" Type="uint16" SizeX="70" SizeY="50" SizeZ="{size_z}"'
    channels = max((one.c for one in places), default=0) + 1
    image = f'<Image ID="Image:0"><Pixels ID="Pixels:0" {pixels} SizeC="{channels}" SizeT="1">{told}</Pixels></Image>'
    return f'<?xml version="1.0"?><OME xmlns="{OME}" UUID="{own}">{image * images}</OME>'


def stub(own: str, master: str) -> str:
    """OME-XML that leaves everything to another file."""
    return (
        f'<?xml version="1.0"?><OME xmlns="{OME}" UUID="{own}"><BinaryOnly MetadataFile="{master}" UUID="urn:m"/></OME>'
    )


def part(path: Path, planes: np.ndarray, xml: str = "", **how) -> Path:
    """A file with these planes, described on its first page."""
    path.parent.mkdir(exist_ok=True)
    with tifffile.TiffWriter(path, ome=False, **{key: how.pop(key) for key in ("byteorder",) if key in how}) as writer:
        for z, plane in enumerate(planes):
            told = xml.encode() if xml and z == 0 else None
            writer.write(plane, contiguous=False, metadata=None, description=told, **how)
    return path


def split(folder: Path, planes: np.ndarray, at: Sequence[int], stem: str = "x_MMStack", **how) -> list[Path]:
    """A stack cut into parts before the planes `at`, each with the description of all."""
    ends = [0, *at, len(planes)]
    names = [f"{stem}{f'_{n}' if n else ''}.ome.tif" for n in range(len(at) + 1)]
    places = [
        Place(name, f"urn:{n}", z - ends[n], z) for n, name in enumerate(names) for z in range(ends[n], ends[n + 1])
    ]
    return [
        part(folder / name, planes[ends[n] : ends[n + 1]], ome(f"urn:{n}", places, len(planes)), **how)
        for n, name in enumerate(names)
    ]


def micro_manager(
    path: Path, planes: np.ndarray, zs: Sequence[int], slices: int, position: int = 0, xml: str = "",
    summary: Mapping[str, object] | None = None,
) -> Path:  # fmt: skip
    """A file as Micro-Manager lays it out: its marks and summary, pages, the index behind them, OME-XML at the end."""
    told_of_page, described = b'{"Slice": 0}\0', xml.encode() + b"\0"
    meant = {"Slices": slices, "Channels": 1, "Frames": 1, "MicroManagerVersion": "1.4", **(summary or {})}
    summed = json.dumps(meant).encode()
    head = 40 + len(summed)
    head += head % 2
    height, width = planes.shape[1:]
    size = height * width * 2
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1),
               *([(270, 2, len(described), 0)] if xml else []),
               (273, 4, 1, 0), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, size),
               (282, 5, 1, 0), (283, 5, 1, 0), (296, 3, 1, 1), (51123, 2, len(told_of_page), 0)]  # fmt: skip
    step = 2 + 12 * len(entries) + 4 + size
    offsets = [head + n * step for n in range(len(planes))]
    index = head + len(planes) * step
    behind = index + 8 + 20 * len(planes)
    content = struct.pack("<2sHI", b"II", 42, head)
    content += struct.pack("<8I", INDEX, index, 0, 0, 0, 0, SUMMARY, len(summed)) + summed
    content = content.ljust(head, b"\0")
    for n, (plane, offset) in enumerate(zip(planes, offsets, strict=True)):
        data = offset + 2 + 12 * len(entries) + 4
        at = {270: behind + 8 + len(told_of_page), 273: data, 282: behind, 283: behind, 51123: behind + 8}
        content += struct.pack("<H", len(entries))
        for tag, kind, count, value in entries:
            content += struct.pack("<HHII", tag, kind, count, at.get(tag, value))
        content += struct.pack("<I", offsets[n + 1] if n + 1 < len(planes) else 0) + plane.astype("<u2").tobytes()
    content += struct.pack("<II", INDEX_HERE, len(planes))
    for z, offset in zip(zs, offsets, strict=True):
        content += struct.pack("<5I", 0, z, 0, position, offset)
    path.write_bytes(content + struct.pack("<II", 1, 1) + told_of_page + described)
    return path
