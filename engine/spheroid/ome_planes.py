"""What OME-XML says of planes: which plane of which stack lies in which page of which file.

The XML of a plate has tens of thousands of elements: it is read in pieces, and nothing but numbers and names is kept.
Source: OME-TIFF specification, https://ome-model.readthedocs.io/en/stable/ome-tiff/specification.html
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from xml.etree import ElementTree

_NAMES = re.compile(r"""(?:FileName|MetadataFile)\s*=\s*["']([^"'<>]+)["']""")
FED = 1 << 16  # characters at a time
MOST_PLANES = 1_000_000  # of one stack; more is no description but an attack


class Told(NamedTuple):
    """Planes that follow each other in a file. start: place of the first in the stack's own order of dimensions.

    page: of the first in its file. n: how many; None: all pages of the file. uuid, name: of the file; both '' where
    it is the one that holds the XML.
    """

    start: int
    page: int
    n: int | None
    uuid: str
    name: str


class Image(NamedTuple):
    """A stack. axes: of its planes, the fastest first, such as ZCT. sizes: of these."""

    axes: str
    sizes: tuple[int, ...]
    told: tuple[Told, ...]

    def place(self, index: int) -> dict[str, int]:
        """Z, C and T of a plane, from 0."""
        found = {}
        for axis, size in zip(self.axes, self.sizes, strict=True):
            index, found[axis] = divmod(index, size)
        return found

    @property
    def n_planes(self) -> int:
        n = 1
        for size in self.sizes:
            n *= size
        return n


class Description(NamedTuple):
    """uuid: of the file that holds the XML. elsewhere: the file with the full description, '' where this is it."""

    uuid: str
    elsewhere: str
    images: tuple[Image, ...]


def read_description(xml: str) -> Description | None:
    """What OME-XML says, or None where it cannot be understood (then planes are in the order of pages).

    Raises ValueError for numbers that are none, and for a stack of impossible size.
    """
    uuid, elsewhere, images, told = "", "", [], []
    try:
        for event, element in _events(xml):
            tag = element.tag.rpartition("}")[2]
            if event == "start":
                uuid = uuid or (element.get("UUID", "").strip() if tag == "OME" else "")
            elif tag == "BinaryOnly":
                elsewhere = element.get("MetadataFile", "").strip()
            elif tag == "TiffData":
                told.append(element)
            elif tag == "Pixels":
                images.append(_image(element, told))
                told = []
                element.clear()
            elif tag != "UUID":
                element.clear()
    except ElementTree.ParseError:
        return None
    return Description(uuid, elsewhere, tuple(images))


def files_named(xml: str) -> set[str]:
    """The files that OME-XML names, also where it is damaged."""
    return set(_NAMES.findall(xml))


def root_uuid(xml: str) -> str:
    """The identity of the file that holds this XML, '' where it tells none. Reads no further than the root."""
    try:
        return next((element.get("UUID", "").strip() for _, element in _events(xml)), "")
    except ElementTree.ParseError:
        return ""


def _events(xml: str) -> Iterator[tuple[str, ElementTree.Element]]:
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(["start", "end"])
    for start in range(0, len(xml), FED):
        parser.feed(xml[start : start + FED])
        yield from cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events())
    parser.close()
    yield from cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events())


def _image(pixels: ElementTree.Element, told: list[ElementTree.Element]) -> Image:
    order = pixels.get("DimensionOrder", "XYZCT")[2:]
    axes = order if sorted(order) == ["C", "T", "Z"] else "ZCT"
    image = Image(axes, tuple(max(int(pixels.get(f"Size{axis}", "1")), 1) for axis in axes), ())
    if image.n_planes > MOST_PLANES:
        raise ValueError(f"a stack of {image.n_planes:,} planes")
    return image._replace(told=tuple(one for data in told if (one := _told(data, image)) is not None))


def _told(data: ElementTree.Element, image: Image) -> Told | None:
    """None of planes that the stack cannot have, as of one that was cropped after it was described."""
    index, step = 0, 1
    for axis, size in zip(image.axes, image.sizes, strict=True):
        first = int(data.get(f"First{axis}", "0"))
        if not 0 <= first < size:
            return None
        index, step = index + step * first, step * size
    count = data.get("PlaneCount", data.get("NumPlanes", "1" if "IFD" in data.attrib else None))
    file = next((child for child in data if child.tag.rpartition("}")[2] == "UUID"), None)
    uuid, name = ("", "") if file is None else ((file.text or "").strip(), file.get("FileName", "").strip())
    return Told(index, int(data.get("IFD", "0")), None if count is None else int(count), uuid, name)
