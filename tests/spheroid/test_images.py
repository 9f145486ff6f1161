"""Which file is which well: published and microscopes' names, somebody's own pattern, and folders not right."""

import builtins
import os
import time
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.spheroid.images import compared, count_notes, find_images, guess_pattern, preview, renamed, tiff_files
from engine.spheroid.name_pattern import Parsed, read_pattern, words
from engine.spheroid.types import WellImage

PUBLISHED = "{screen}_{plate}_{row}{column}_{kind}_*"
PLANES = "{plate}_{row}{column}_z{plane}"


@pytest.fixture
def folder(tmp_path: Path):
    """Makes empty files of these names: a listing looks at nothing else."""

    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def wells(found) -> list[str]:
    return [f"{well.plate}_{well.row}{well.column:02}" for well in found.wells]


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        (
            "INF_R_153_V1_CE_P1_B02_proj_224x224.tif",
            PUBLISHED,
            Parsed("INF_R_153_V1_CE", "P1", "B", 2, kind="proj"),
        ),
        ("exp_B02_s1_w1_z03.tif", "*_{row}{column}_s{site}_w{channel}_z{plane}", Parsed("", "", "B", 2, 3, 1, 1)),
        ("Größe 7_P2_af48_z001.OME.TIFF", "*_{plate}_{row}{column}_z{plane}", Parsed("", "P2", "AF", 48, 1)),
        (
            "r02c11f01p05-ch1sk1.tiff",
            "r{row_number}c{column}f{site}p{plane}-ch{channel}*",
            Parsed("", "", "B", 11, 5, 1, 1),
        ),
        ("r28c11f01p05-ch1.tiff", "r{row_number}c{column}*", Parsed("", "", "AB", 11)),
        ("P1_B02.tif", "{plate}_{row}{column}[_s{site}]", Parsed("", "P1", "B", 2)),
        ("P1_B02_s4.tif", "{plate}_{row}{column}[_s{site}].tif", Parsed("", "P1", "B", 2, site=4)),
        ("a+b(c)_B02.tif", "a+b(c)_{row}{column}", Parsed("", "", "B", 2)),
        ("P1_Q02_z3.tif", PLANES, None),
        ("P1_B00_z3.tif", PLANES, None),
        ("P1_B49_z3.tif", PLANES, None),
        ("r33c01.tif", "r{row_number}c{column}", None),
        ("P1_P2_B02.tif", "{plate}_{plate}_{row}{column}", None),
        ("P1_P1_B02.tif", "{plate}_{plate}_{row}{column}", Parsed("", "P1", "B", 2)),
    ],
)
def test_names_are_read(name, pattern, expected):
    assert read_pattern(pattern).parse((), name) == expected


def test_folders_are_part_of_a_pattern_and_must_agree_with_the_name():
    pattern = read_pattern("Images/{screen}/{screen}_{plate}_{row}{column}_{kind}_*")
    name = "BT_40_V1_P3_C04_midz_224x224.tif"
    assert pattern.parse(("data", "Images", "BT_40_V1"), name) == Parsed("BT_40_V1", "P3", "C", 4, kind="midz")
    assert pattern.parse(("Images", "BT_40"), name) == Parsed("BT_40", "V1_P3", "C", 4, kind="midz")
    assert pattern.parse(("Images", "OTHER"), name) is None
    assert pattern.parse(("BT_40_V1",), name) is None


def test_names_from_a_mac_keep_their_umlauts():
    decomposed = "Gro\u0308sse_B02.tif"
    assert read_pattern("Gr\u00f6sse_{row}{column}").parse((), decomposed) == Parsed(row="B", column=2)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("", "is empty"),
        ("x" * 201, "has 201 characters, more than 200"),
        ("{plate}_z{plane}", "does not say where row and column of the well stand"),
        ("{row}{column}_{depth}", "names {depth}; there are screen, plate, row"),
        ("{row}{column", "has a { without its partner"),
        ("{row}{column}[_s{site}", "brackets that do not pair"),
        ("{row}{column}_s]", "brackets that do not pair"),
        ("{plate}*_{row}{column}", "two free texts without anything between"),
        ("*a*a*a*a{row}{column}", "has 4 free texts"),
        ("{row}{column}[a][b][c][d][e]", "5 optional parts"),
        ("{row}{column}_{kind}_z{plane}", "of ready projections, and {plane}, of stacks"),
    ],
)
def test_patterns_that_cannot_be_meant_are_refused(pattern, told):
    with pytest.raises(InputError) as refused:
        read_pattern(pattern)
    assert told in str(refused.value)


def test_the_worst_name_of_the_worst_pattern_takes_no_time():
    pattern = read_pattern("*a*a*a[b][b][b][b]{row}{column}")
    started = time.process_time()
    assert pattern.parse((), "a" * 250 + "!.tif") is None
    assert pattern.parse((), "a" * 100_000 + ".tif") is None
    assert time.process_time() - started < 5  # without the limit on free texts: hours


def test_published_folder(folder):
    names = [
        f"S_1_CE/S_1_CE_P{p}_{w}_{k}_224x224.tif" for p in (1, 2) for w in ("B02", "C10") for k in ("proj", "midz")
    ]
    found = find_images(folder(*names, "S_1_CE/notes.txt", "S_1_CE/._S_1_CE_P1_B02_proj_224x224.tif"))
    assert wells(found) == ["P1_B02", "P1_C10", "P2_B02", "P2_C10"]
    assert found.notes == () and found.pattern == PUBLISHED
    assert found.wells[1].mip.name == "S_1_CE_P1_C10_proj_224x224.tif"
    assert found.wells[1].mid.name == "S_1_CE_P1_C10_midz_224x224.tif" and found.wells[1].planes == ()


def test_one_of_several_screens(folder):
    names = [f"{s}/{s}_P1_B02_{k}_224x224.tif" for s in ("A_DS1", "B_DS1") for k in ("proj", "midz")]
    with pytest.raises(InputError, match="are of 2 screens \\(A_DS1, B_DS1\\)"):
        find_images(folder(*names))
    assert find_images(folder(*names), screen="b_ds1").wells[0].mip.parent.name == "B_DS1"
    with pytest.raises(InputError, match="No TIFF image of screen C_DS1 below"):
        find_images(folder(*names), screen="C_DS1")


def test_wells_that_lack_a_projection_are_named(folder):
    found = find_images(folder("S_P1_B02_proj_224x224.tif", "S_P1_B03_proj_1.tif", "S_P1_B03_midz_1.tif"))
    assert wells(found) == ["P1_B03"]
    assert found.notes == ("Wells without their middle plane (midz), left out: 1 (P1_B02).",)


def test_a_folder_per_plane_as_imagexpress_writes_it(folder):
    steps = [f"TimePoint_1/ZStep_{z}/exp 1_{w}_w1.TIF" for z in (1, 2, 10) for w in ("B02", "B03")]
    found = find_images(folder(*steps, "TimePoint_1/exp 1_B02_w1.TIF", "TimePoint_1/ZStep_1/exp 1_B02_w1_thumb.TIF"))
    assert wells(found) == ["exp 1_B02", "exp 1_B03"]
    assert [path.parent.name for path in found.wells[0].planes] == ["ZStep_1", "ZStep_2", "ZStep_10"]
    assert found.notes[0].endswith("left out: 1 (TimePoint_1/exp 1_B02_w1.TIF).")
    assert "P1_B02" in wells(renamed(found, {"exp 1": "P1"}))
    with pytest.raises(InputError, match="no images of plate exp; there are those of exp 1"):
        renamed(found, {"exp": "P1"})


@pytest.mark.parametrize(
    ("names", "pattern", "found"),
    [
        (
            ["x 1_MMStack_B02-Site_0.ome.tif", "x 1_MMStack_C03-Site_0.ome.tif"],
            "{plate}_MMStack_{row}{column}-Site_{site}[_{part}]",
            ["x 1_B02", "x 1_C03"],
        ),
        (
            [f"B02-Site_0/img_channel000_position004_time000000000_z{z:03}.tif" for z in range(3)],
            "{row}{column}-Site_{site}/img_channel{channel}_position*_time*_z{plane}",
            ["P1_B02"],
        ),
        (
            [f"B02-Site_0/img_000000000_DAPI_{z:03}.tif" for z in range(3)],
            "{row}{column}-Site_{site}/img_*_*_{plane}",
            ["P1_B02"],
        ),
        (
            [f"Lauf 7_B02_T0001F001L01A01Z{z:02}C01.tif" for z in (1, 2)],
            "{plate}_{row}{column}_T{time}F{site}L*A*Z{plane}C{channel}",
            ["Lauf 7_B02"],
        ),
        (["P2/B02.tif", "P3/B02.tif"], "{plate}/{row}{column}[_s{site}][_w{channel}]", ["P2_B02", "P3_B02"]),
        (["P2/B02_z1.tif"], "{plate}/{row}{column}[_s{site}][_w{channel}]_z{plane}", ["P2_B02"]),
        (["B2.tif", "B03.tif"], "{row}{column}[_s{site}][_w{channel}]", ["P1_B02", "P1_B03"]),
        (["B2_z1.tif", "B02_z2.tif"], "{row}{column}[_s{site}][_w{channel}]_z{plane}", ["P1_B02"]),
    ],
)
def test_names_that_other_microscopes_write(folder, names, pattern, found):
    images = find_images(folder(*names))
    assert images.pattern == pattern and wells(images) == found


def test_two_channels_of_a_well_are_never_one_stack(folder):
    with pytest.raises(InputError, match=r"img_0_DAPI_000.tif and .*img_0_GFP_000.tif are both plane 0 of well P1_B02"):
        find_images(folder("B02-Site_0/img_0_DAPI_000.tif", "B02-Site_0/img_0_GFP_000.tif"))


def test_parts_of_a_stack_come_in_their_order(folder):
    """Micro-Manager goes on in x_1, x_2, ..., where a file is full; the first has no number."""
    names = [f"x_MMStack_{well}-Site_0{part}.ome.tif" for well in ("B02", "B03") for part in ("_10", "", "_2", "_1")]
    found = find_images(folder(*names[:4], names[5]))
    assert [path.name.split("Site_0")[1] for path in found.wells[0].planes] == [
        ".ome.tif", "_1.ome.tif", "_2.ome.tif", "_10.ome.tif",
    ]  # fmt: skip
    assert wells(found) == ["x_B02", "x_B03"] and len(found.wells[1].planes) == 1
    assert found.notes == ("Stacks that lie in several files, read joined: 1 (x_B02).",)
    with pytest.raises(InputError, match=r"Site_0_1.ome.tif and .*Site_0_1.ome.tif are both part 1 of well x_B02"):
        find_images(folder(f"a/{names[3]}"))
    with pytest.raises(InputError, match=r"has {part}, of stacks in several files, beside {plane} or {kind}: give one"):
        read_pattern("{row}{column}_z{plane}_{part}")


def test_parts_by_other_names_are_told(folder):
    found = find_images(folder("P1_B02.ome.tif", "P1_C02.ome.tif", "rest of B02.ome.tif"))
    assert found.notes[0].endswith("1 (rest of B02.ome.tif). Those that a stack names as its parts are read with it.")


def test_plates_that_would_become_one_are_refused(folder):
    found = find_images(folder("x_B02_z1.tif", "y_B02_z1.tif"))
    with pytest.raises(InputError, match="Two plates would both have the well P1_B02"):
        renamed(found, {"x": "P1", "y": "P1"})


def test_planes_that_are_missing_and_counts_that_differ_are_told(folder):
    names = [f"1_{w}_z{z:02}.tif" for w in ("B02", "B03", "B04") for z in range(1, 6)]
    found = find_images(folder(*[name for name in names if name not in ("1_B03_z03.tif", "1_B04_z05.tif")]))
    assert wells(found) == ["P1_B02", "P1_B03", "P1_B04"]
    assert found.notes[0] == "Stacks with holes, projected without the missing planes: 1 (P1_B03 lacks 3)."
    assert "most have 4. Others: 1 (P1_B02 has 5)" in found.notes[1]
    assert count_notes({("P1", "B", 2): 30, ("P1", "B", 3): 30}) == ()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a/P1_B02_z1.tif", "b/P1_B02_z1.tif"), "a/P1_B02_z1.tif and b/P1_B02_z1.tif are both plane 1 of well P1_B02"),
        (("P1_B02.tif", "P01_B02.tiff"), "are both well P1_B02: remove one"),
        (("x/S_P1_B02_proj_a.tif", "y/S_P1_B02_proj_a.tif"), "are both proj of well P1_B02"),
        (("P1_B02_w1_z1.tif", "P1_B02_w2_z1.tif"), "are of 2 channels (1, 2) by the pattern"),
        (("P1_B02_s1_w1_z1.tif", "P1_B02_s2_w1_z1.tif"), "are of 2 sites (1, 2)"),
        (
            ("a.tif", "b.tif", "P1_B02_z1.tif"),
            "No known pattern fits the names of the images, such as P1_B02_z1.tif, a",
        ),
        (("readme.txt",), "holds no TIFF image"),
    ],
)
def test_folders_that_are_not_clear_are_refused(folder, names, told):
    with pytest.raises(InputError) as refused:
        find_images(folder(*names))
    assert told in str(refused.value)


def test_a_folder_that_is_none_or_fits_nothing(folder, tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"fits the pattern .*; they are such as P1_B02_z1.tif"):
        find_images(folder("P1_B02_z1.tif"), "{row}{column}_{plane}")


def test_preview_names_what_does_not_fit(folder):
    names = [f"Platte Ä_{w}_z{z}.tif" for w in ("B02", "B03") for z in range(1, 16)]
    shown = preview(folder(*names, "A first.tif"))
    assert len(shown.rows) == 20 and shown.unmatched == ("A first.tif",)
    assert shown.rows[1].name == "Platte Ä_B02_z1.tif"
    assert words(shown.rows[1].parsed) == "plate Platte Ä, row B, column 2, plane 1"
    assert shown.pattern == guess_pattern(folder())


def test_layout_and_images_are_compared():
    images = [WellImage("P1", "B", 2), WellImage("P1", "B", 4)]
    notes = compared(images, [("P1", "B", 2), ("P1", "B", 3)])
    assert notes == (
        "Wells of the layout without an image: 1 (P1_B03).",
        "Wells with an image that the layout lacks: 1 (P1_B04).",
    )
    assert compared(images[:1], [("P1", "B", 2)]) == ()


def test_a_plate_of_100_gb_is_listed_without_a_look_into_any_file(tmp_path, monkeypatch):
    for step in range(1, 31):
        (tmp_path / f"ZStep_{step}").mkdir()
        for well in range(100):
            path = tmp_path / f"ZStep_{step}/P1_{'BCDEF'[well // 20]}{well % 20 + 1:02}.tif"
            with path.open("wb") as file:
                file.truncate(34_000_000)  # sparse: 102 GB in all, none of it on the disk
    looked = []
    monkeypatch.setattr(builtins, "open", lambda *_, **__: pytest.fail("a file was opened"))
    plain = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **how: looked.append(path) or plain(path, **how))
    found = find_images(tmp_path, "ZStep_{plane}/{plate}_{row}{column}")
    assert len(found.wells) == 100 and all(len(well.planes) == 30 for well in found.wells)
    assert len(looked) <= 2  # the folder itself
    first = next(tiff_files(tmp_path))
    assert first == (("ZStep_1",), "P1_B01.tif")
