"""Stacks that lie in several files: joined in the order of z, or refused with the name of what is missing."""

import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import tifffile
from small_splits import OME, Place, micro_manager, ome, part, split, stub

from engine.errors import InputError
from engine.settings import REPOSITORY
from engine.spheroid import split_stacks, stacks
from engine.spheroid.image_store import write
from engine.spheroid.images import find_images
from engine.spheroid.stacks import project
from engine.spheroid.tiff import stack_of
from engine.spheroid.types import WellImage


@pytest.fixture
def planes() -> np.ndarray:
    """7 planes of 50 x 70, full 16-bit range."""
    return np.random.default_rng(0).integers(0, 65536, (7, 50, 70), dtype=np.uint16)


def equal(found, planes: np.ndarray) -> None:
    np.testing.assert_array_equal(found.mip, planes.max(axis=0))
    np.testing.assert_array_equal(found.mid, planes[len(planes) // 2])
    assert found.mean == planes.mean() and found.n_planes == len(planes)


def read(*paths: Path, threads: int = 1):
    return project(WellImage("P1", "B", 2, paths), threads)


def refused(path: Path, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        read(path)
    assert str(error.value).startswith("Well P1_B02: ") and str(error.value).count(". ") == 0  # one sentence


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"byteorder": ">"}])
def test_any_part_stands_for_the_whole_stack(tmp_path, planes, how, monkeypatch):
    monkeypatch.setattr(stacks, "PIECE", 1000)
    paths = split(tmp_path / "Größe 7", planes, (3, 6), **how)
    np.testing.assert_array_equal(tifffile.imread(paths[0]), planes)  # as others read them
    assert stack_of(paths[:1]).is_plain == ("compression" not in how)
    for path in paths:
        for threads in (1, 3):
            equal(read(path, threads=threads), planes)
    for order in permutations(paths):  # the pattern of names has listed all of them
        equal(read(*order), planes)


def test_planes_come_in_the_order_of_z_not_of_pages_and_files(tmp_path, planes):
    """Planes take turns between the files, the last first: z 6, 4, 2, 0 in one and 5, 3, 1 in the other."""
    zs = {"a.ome.tif": [6, 4, 2, 0], "b.ome.tif": [5, 3, 1]}
    places = [Place(name, f"urn:{name}", page, z) for name, held in zs.items() for page, z in enumerate(held)]
    for name, held in zs.items():
        part(tmp_path / name, planes[held], ome(f"urn:{name}", places), compression="zlib" if name < "b" else None)
    for name in zs:
        equal(read(tmp_path / name), planes)
    assert [plane.path.name[0] for plane in stack_of((tmp_path / "a.ome.tif",)).planes] == list("abababa")


@pytest.mark.parametrize("order", ["XYZCT", "XYCTZ", "XYTZC"])
@pytest.mark.parametrize("counted", ["ab", "a", "b", ""])
def test_one_entry_for_many_planes(tmp_path, planes, order, counted):
    """PlaneCount, or none of it: then all pages of a file; planes follow each other in the order of dimensions."""
    counts = {"a": 'IFD="0" PlaneCount="4"', "b": 'IFD="0" PlaneCount="3"'}
    told = "".join(
        f'<TiffData FirstZ="{z}" {counts[name] if name in counted else ""}>'
        f'<UUID FileName="{name}.ome.tif">urn:{name}</UUID></TiffData>'
        for name, z in (("a", 0), ("b", 4))
    )
    for name, own in (("a", planes[:4]), ("b", planes[4:])):
        xml = ome(f"urn:{name}", (), order=order).replace("</Pixels>", f"{told}</Pixels>")
        part(tmp_path / f"{name}.ome.tif", own, xml)
    equal(read(tmp_path / "a.ome.tif"), planes)
    equal(read(tmp_path / "b.ome.tif"), planes)


def test_a_description_in_a_file_of_its_own(tmp_path, planes):
    paths = split(tmp_path, planes, (4,))
    with tifffile.TiffFile(paths[0]) as file:
        full = file.ome_metadata
    for n, (path, own) in enumerate(zip(paths, (planes[:4], planes[4:]), strict=True)):
        part(path, own, stub(f"urn:{n}", "x.companion.ome"))
    refused(
        paths[0], r"leaves it to x.companion.ome to say which planes it holds, and that file is not beside it: put x"
    )
    (tmp_path / "x.companion.ome").write_text(full.replace('UUID="urn:0">', 'UUID="urn:m">', 1), encoding="utf-8")
    for path in paths:
        equal(read(path), planes)
    (tmp_path / "x.companion.ome").write_text("<OME/>", encoding="utf-8")
    refused(paths[0], "x.companion.ome describes no planes, though other files refer to it")


def test_wells_that_refer_to_the_first_well(tmp_path, planes, monkeypatch):
    """As Micro-Manager writes plates: one file describes all positions, the others refer to it; it is read once."""
    names = [f"x_MMStack_{well}-Site_0{n}.ome.tif" for well in ("B02", "B03") for n in ("", "_1")]
    cut = {0: planes[:4], 1: planes[4:], 2: planes[::-1][:5], 3: planes[::-1][5:]}
    xml = ""
    for first in (0, 2):
        places = [Place(names[n], f"urn:{n}", k, k + len(cut[first]) * (n > first)) for n in (first, first + 1)
                  for k in range(len(cut[n]))]  # fmt: skip
        image = ome("urn:0", places).split("<Image", 1)[1].rsplit("</OME>")[0]
        xml = xml.replace("</OME>", "") + (f"<Image{image}</OME>" if xml else ome("urn:0", places))
    for n, name in enumerate(names):
        part(tmp_path / name, cut[n], xml if n == 0 else stub(f"urn:{n}", names[0]))
    parsed = []
    plain = split_stacks.read_description
    monkeypatch.setattr(split_stacks, "read_description", lambda text: parsed.append(len(text)) or plain(text))
    found = find_images(tmp_path)
    assert [len(well.planes) for well in found.wells] == [2, 2] and len(found.notes) == 1
    for well, expected in zip(found.wells, (planes, planes[::-1]), strict=True):
        equal(project(well, 1), expected)
    for well, expected in zip(found.wells, (planes, planes[::-1]), strict=True):
        equal(project(well, 1), expected)
    assert parsed.count(len(xml)) == 3  # twice for its own well, once for all others


def test_a_part_that_is_missing_or_renamed(tmp_path, planes):
    first, second = split(tmp_path, planes, (4,))
    second.rename(tmp_path / "other.ome.tif")
    refused(
        first,
        r"x_MMStack.ome.tif holds a part of its stack; planes 5 to 7 of 7 lie in x_MMStack_1.ome.tif, which is not "
        r"beside it: put x_MMStack_1.ome.tif into the folder .* or give it this name again if it was renamed.$",
    )
    (tmp_path / "other.ome.tif").rename(second)
    first.unlink()
    refused(
        second, r"x_MMStack_1.ome.tif holds a part.*planes 1 to 4 of 7 lie in x_MMStack.ome.tif, which is not beside"
    )


def test_the_file_that_was_named_by_hand_is_known_by_its_identity(tmp_path, planes):
    first, _ = split(tmp_path, planes, (4,))
    equal(read(first.rename(tmp_path / "P1_B02.ome.tif")), planes)
    plain = part(tmp_path / "P1_B03.ome.tif", planes[:4], ome("", [Place("a.ome.tif", "urn:0", z, z) for z in range(4)]
                 + [Place("b.ome.tif", "urn:1", z - 4, z) for z in range(4, 7)]))  # fmt: skip
    refused(plain, r"P1_B03.ome.tif has another name in its own description, which tells of a.ome.tif, b.ome.tif: give")


def test_a_part_that_is_there_twice(tmp_path, planes):
    first, second = split(tmp_path, planes, (4,))
    copy = tmp_path / "x_MMStack_1 (copy).ome.tif"
    copy.write_bytes(second.read_bytes())
    with pytest.raises(
        InputError, match=r"\(copy\).ome.tif is no part of the stack of x_MMStack.ome.tif, which lies in"
    ):
        read(first, second, copy)
    second.write_bytes(first.read_bytes())
    refused(first, r"has a part of its stack in x_MMStack_1.ome.tif, but the file of this name is another one \(a copy")


def test_descriptions_that_contradict_themselves(tmp_path, planes):
    def described(*places: Place, size_z: int = 7) -> Path:
        part(tmp_path / "b.ome.tif", planes[4:])
        return part(tmp_path / "a.ome.tif", planes[:4], ome("urn:a", places, size_z))

    good = [Place("a.ome.tif", "urn:a", z, z) for z in range(4)]
    good += [Place("b.ome.tif", "urn:b", z - 4, z) for z in range(4, 7)]
    equal(read(described(*good)), planes)
    refused(
        described(*good, Place("b.ome.tif", "urn:b", 0, 2)), "plane 3 of its stack twice, as page 3 of a.ome.tif and"
    )
    refused(
        described(*good[:-1], good[-1]._replace(page=1)), "gives planes 6 and 7 of its stack the same page of b.ome"
    )
    refused(described(*good[:5], good[6]), "of a stack of 7 planes, but says of 6 only where they are .not of plane 6.")
    refused(described(*good, size_z=9), r"of a stack of 9 planes, but says of 7 only .*not of planes 8 to 9")
    refused(
        described(*good[:-1], good[-1]._replace(page=3)), "b.ome.tif holds 3 planes, but is told to hold at least 4"
    )
    refused(described(*good, size_z=10**9), "damaged or cut off TIFF .a stack of 1,000,000,000 planes")
    path = part(tmp_path / "a.ome.tif", planes[:4], ome("urn:a", good, images=2))
    refused(path, "a.ome.tif holds 2 stacks, such as those of several positions: export one well's stack")


def test_a_part_with_two_channels(tmp_path, planes):
    places = [Place("a.ome.tif", "urn:a", 2 * z + c, z, c) for z in range(2) for c in range(2)]
    places += [Place("b.ome.tif", "urn:b", 0, 2, c) for c in range(2)]
    part(tmp_path / "a.ome.tif", planes[:4], ome("urn:a", places, 3))
    refused(tmp_path / "a.ome.tif", "a.ome.tif has planes of 2 channels, not one stack: export the one with the nuclei")


def test_parts_of_different_sizes_kinds_and_byte_orders(tmp_path, planes):
    first, second = split(tmp_path, planes, (4,))
    with tifffile.TiffFile(second) as file:
        xml = file.ome_metadata
    part(second, planes[4:], xml, byteorder=">")
    equal(read(first), planes)
    part(second, planes[4:, :40], xml)
    refused(first, "x_MMStack_1.ome.tif has 40 x 70 pixels but x_MMStack.ome.tif of the same well 50 x 70")
    part(second, (planes[4:] >> 8).astype(np.uint8), xml)
    refused(first, "x_MMStack_1.ome.tif is 8-bit where 16-bit unsigned counts are expected")
    part(second, planes[4:], xml)
    content = second.read_bytes()
    for share in (0.2, 0.5, 0.9):
        second.write_bytes(content[: int(len(content) * share)])
        refused(first, "x_MMStack_1.ome.tif is (a damaged or )?cut off")
    second.write_bytes(b"")
    refused(first, "x_MMStack_1.ome.tif is empty")


@pytest.mark.parametrize("name", ["../b.ome.tif", "{folder}/b.ome.tif", "C:\\data\\b.ome.tif", "..\\b.ome.tif"])
def test_nothing_outside_of_the_folder_is_read(tmp_path, planes, name):
    """The part lies where its name says, one folder up: it is not opened there, but beside the first it is."""
    outside, inside = tmp_path, tmp_path / "well"
    name = name.format(folder=outside)
    places = [Place("a.ome.tif", "urn:a", z, z) for z in range(4)]
    places += [Place(name, "urn:b", z - 4, z) for z in range(4, 7)]
    part(inside / "a.ome.tif", planes[:4], ome("urn:a", places))
    part(outside / "b.ome.tif", planes[4:])
    told = r"planes 5 to 7 of 7 lie outside of its folder \(.*b.ome.tif\), where nothing is read: put b.ome.tif itself"
    refused(inside / "a.ome.tif", told)
    (inside / "b.ome.tif").symlink_to(outside / "b.ome.tif")
    refused(inside / "a.ome.tif", told)
    (inside / "b.ome.tif").unlink()
    (outside / "b.ome.tif").rename(inside / "b.ome.tif")
    equal(read(inside / "a.ome.tif"), planes)


def test_parts_in_folders_below_and_behind_links(tmp_path, planes):
    places = [Place("a.ome.tif", "urn:a", z, z) for z in range(4)]
    places += [Place("more/Größe.ome.tif", "urn:b", z - 4, z) for z in range(4, 7)]
    part(tmp_path / "raw/a.ome.tif", planes[:4], ome("urn:a", places))
    (tmp_path / "raw/more").mkdir()
    part(tmp_path / "raw/more/Gro\u0308ße.ome.tif", planes[4:])  # as disks of a Mac keep umlauts
    equal(read(tmp_path / "raw/a.ome.tif"), planes)
    (tmp_path / "linked").mkdir()
    for name in ("a.ome.tif", "more"):
        (tmp_path / "linked" / name).symlink_to(tmp_path / "raw" / name)
    equal(read(tmp_path / "linked/a.ome.tif"), planes)


@pytest.mark.parametrize("stem", ["x_MMStack", "2024.05.01_MMStack_1-Pos_000_001"])
def test_micro_managers_index_where_there_is_no_ome(tmp_path, planes, stem):
    """The stage went down: planes 6 to 3 in the first file, 2 to 0 in the second; another position lies beside them."""
    first = micro_manager(tmp_path / f"{stem}.tif", planes[[6, 5, 4, 3]], [6, 5, 4, 3], 7)
    second = micro_manager(tmp_path / f"{stem}_1.tif", planes[[2, 1, 0]], [2, 1, 0], 7)
    np.testing.assert_array_equal(tifffile.imread(first), planes)  # as others read them
    micro_manager(tmp_path / "x_MMStack_elsewhere.tif", planes[::-1], range(7), 7, position=3)
    equal(read(first), planes)
    equal(read(second), planes)
    equal(read(first, second), planes)
    equal(read(tmp_path / "x_MMStack_elsewhere.tif"), planes[::-1])
    second.rename(tmp_path / "away.tif")
    refused(
        first, rf"{stem}.tif holds a part of its stack; planes 1 to 3 of 7 lie in {stem}_1.tif, which is not beside"
    )
    (tmp_path / "away.tif").rename(second)
    (tmp_path / f"{stem}_2.tif").write_bytes(second.read_bytes())
    refused(first, rf"{stem}.tif and {stem}_2.tif are parts of one stack and both hold plane 3: remove the one that is")
    (tmp_path / f"{stem}_2.tif").unlink()
    micro_manager(second, planes[[2, 1, 0], :40], [2, 1, 0], 7)
    refused(first, f"{stem}.tif has 50 x 70 pixels but {stem}_1.tif of the same well 40 x 70")


def test_micro_managers_parts_outside_of_the_folder_are_not_read(tmp_path, planes):
    for name in ("well", "other"):
        (tmp_path / name).mkdir()
    first = micro_manager(tmp_path / "well/x.tif", planes[:4], range(4), 7)
    second = micro_manager(tmp_path / "other/x_1.tif", planes[4:], range(4, 7), 7)
    link = tmp_path / "well/x_1.tif"
    link.symlink_to(second)
    refused(
        first, r"planes 5 to 7 of 7 lie outside of its folder \(x_1.tif\), where nothing is read: put x_1.tif itself"
    )
    link.unlink()
    second.rename(link)
    equal(read(first), planes)


def test_micro_managers_first_file_is_named_where_it_is_missing(tmp_path, planes):
    path = micro_manager(tmp_path / "x_MMStack_B02-Site_0_1.tif", planes[4:], [4, 5, 6], 7)
    refused(path, "planes 1 to 4 of 7 lie in x_MMStack_B02-Site_0.tif, which is not beside it")


def test_micro_managers_index_where_the_first_file_of_the_plate_is_not_there(tmp_path, planes):
    path = micro_manager(
        tmp_path / "x_MMStack_B03-Site_0.ome.tif", planes, range(7), 7, xml=stub("urn:b", "x_B02.ome.tif")
    )
    equal(read(path), planes)
    path = micro_manager(path, planes[:4], range(4), 7, xml=stub("urn:b", "x_B02.ome.tif"))
    refused(path, "planes 5 to 7 of 7 lie in x_MMStack_B03-Site_0_1.ome.tif, which is not beside it")


def test_a_whole_stack_of_a_plate_opens_no_other_well(tmp_path, planes, monkeypatch):
    places = [Place(f"{well}.ome.tif", f"urn:{well}", z, z) for well in ("a", "b") for z in range(7)]
    xml = ome("urn:a", places[:7])
    other = ome("urn:b", places[7:]).split("<Image", 1)[1]
    path = part(tmp_path / "a.ome.tif", planes, xml.replace("</OME>", f"<Image{other}"))
    equal(read(path), planes)  # b.ome.tif is not even there


def test_a_damaged_description_of_several_files_is_refused(tmp_path, planes):
    first, _ = split(tmp_path, planes, (4,))
    with tifffile.TiffFile(first) as file:
        xml = file.ome_metadata
    part(first, planes[:4], xml.replace("</Pixels>", "</Pix>"))
    refused(
        first, r"x_MMStack.ome.tif is of a stack in several files, but its description \(OME-XML\) is damaged: copy"
    )


def test_tags_that_cannot_be(tmp_path, planes):
    """tifffile meets them with errors of every kind; here an unknown colour, and places of pixels that are text."""
    path = part(tmp_path / "a.tif", planes)
    content = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        colour, places = (file.pages.first.tags[name].offset for name in ("PhotometricInterpretation", "StripOffsets"))
    path.write_bytes(content[: colour + 8] + b"\x77" + content[colour + 9 :])
    refused(path, "a.tif holds 2 images of different kinds")
    path.write_bytes(content[: places + 2] + b"\x02" + content[places + 3 :])
    refused(path, "a.tif is a damaged or cut off TIFF")


@pytest.mark.parametrize("summary", [{"Slices": 10**9}, {"Slices": "7"}, {"Frames": 10**7}])
def test_an_index_that_cannot_be(tmp_path, planes, summary):
    path = micro_manager(tmp_path / "a.tif", planes, range(7), 7, summary=summary)
    refused(path, "a.tif is a damaged or cut off TIFF .(an index of .* planes|a summary without numbers of planes)")
    refused(
        micro_manager(path, planes[:2], (0, 10**9), 7), "is a damaged or cut off TIFF .an index of 1,000,000,001 pl"
    )


@pytest.mark.parametrize(
    "others",
    [
        [],
        [Place("another well.ome.tif", "urn:b", z, z, 1) for z in range(7)],  # the other channel lies in another file
    ],
)
def test_a_whole_stack_that_was_renamed_is_read(tmp_path, planes, others):
    xml = ome("urn:a", [Place("old.ome.tif", "urn:a", z, z) for z in range(7)] + others)
    equal(read(part(tmp_path / "P1_B02.tif", planes, xml)), planes)


def test_damaged_and_empty_descriptions_leave_the_pages_as_they_are(tmp_path, planes):
    for xml in ("<OME", f'<OME xmlns="{OME}"></OME>'):
        equal(read(part(tmp_path / "a.ome.tif", planes, xml)), planes)
    refused(part(tmp_path / "a.ome.tif", planes, f'<OME xmlns="{OME}"><Image><Pixels/></Image></OME>'), "is a damaged")


def test_a_plate_of_split_stacks_becomes_images(tmp_path, planes):
    for well in ("B02", "B03"):
        split(tmp_path / "in", planes, (4,), stem=f"x_MMStack_{well}-Site_0")
    (tmp_path / "in/x_MMStack_B03-Site_0_1.ome.tif").unlink()
    done = write(tmp_path, find_images(tmp_path / "in").wells)
    assert done.wells[["row", "column", "n_planes"]].to_numpy().tolist() == [["B", 2, 7]]
    assert done.wells["mean_of_stack"].iloc[0] == planes.mean()
    assert "Wells left out: 1. Well x_B03: x_MMStack_B03-Site_0.ome.tif holds a part" in done.notes[0]


def test_memory_stays_small_however_a_stack_is_split(tmp_path):
    """30 planes of 2048 x 2048 in three files, described with 300 other wells of as many planes."""
    plane = np.random.default_rng(0).integers(0, 4096, (2048, 2048), dtype=np.uint16)
    names = [f"x_{n}.ome.tif" for n in range(3)]
    places = [Place(names[z // 10], f"urn:{z // 10}", z % 10, z) for z in range(30)]
    others = [Place(f"w{n}.ome.tif", f"urn:w{n}", z, z) for n in range(300) for z in range(30)]
    images = [ome("", others[n : n + 30], 30).split("<Image", 1)[1].rsplit("</OME>")[0] for n in range(0, 9000, 30)]
    for n, name in enumerate(names):
        xml = ome(f"urn:{n}", places, 30).replace("</OME>", "".join(f"<Image{one}" for one in images) + "</OME>")
        part(tmp_path / name, np.broadcast_to(plane, (10, *plane.shape)), xml)
    code = (
        "import sys; from pathlib import Path; from engine.spheroid.types import WellImage\n"
        "from engine.spheroid.image_store import small_images\n"
        "assert small_images(WellImage('P1', 'B', 2, (Path(sys.argv[1]),))).n_planes == 30\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / names[1])]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < 200
