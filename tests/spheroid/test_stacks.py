"""Stacks in every packing against numpy, in bounded memory; files that are no such stack."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from engine.errors import InputError
from engine.settings import REPOSITORY
from engine.spheroid import stacks
from engine.spheroid.stacks import Done, over_wells, project
from engine.spheroid.tiff import stack_of
from engine.spheroid.types import WellImage


@pytest.fixture
def planes() -> np.ndarray:
    """7 planes of 50 x 70, full 16-bit range."""
    return np.random.default_rng(0).integers(0, 65536, (7, 50, 70), dtype=np.uint16)


def pages(path: Path, planes: np.ndarray, **how) -> Path:
    with tifffile.TiffWriter(path) as writer:
        for plane in planes:
            writer.write(plane, contiguous=False, metadata=None, **how)
    return path


def single_ifd(path: Path, planes: np.ndarray) -> Path:
    """As ImageJ writes large stacks: one page, and all planes behind it."""
    tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as file:
        first, form = file.pages[0], file.tiff
        place = first.offset + form.tagnosize + len(first.tags) * form.tagsize
    content = bytearray(path.read_bytes())
    content[place : place + 4] = bytes(4)
    path.write_bytes(content)
    return path


WRITERS = {
    "tifffile": lambda path, planes: tifffile.imwrite(path, planes),
    "imagej": lambda path, planes: tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "ZYX"}),
    "one page for all": single_ifd,
    "ome": lambda path, planes: tifffile.imwrite(path, planes, ome=True, metadata={"axes": "ZYX"}),
    "big-endian": lambda path, planes: big_endian(path, planes),
    "bigtiff": lambda path, planes: tifffile.imwrite(path, planes, bigtiff=True),
    "zlib": lambda path, planes: pages(path, planes, compression="zlib"),
    "lzw": lambda path, planes: pages(path, planes, compression="lzw", predictor=True),
    "tiles": lambda path, planes: pages(path, planes, tile=(16, 32)),
    "strips": lambda path, planes: pages(path, planes, rowsperstrip=3),
    "pillow": lambda path, planes: Image.fromarray(planes[0]).save(
        path, save_all=True, append_images=[Image.fromarray(plane) for plane in planes[1:]]
    ),
}


def big_endian(path: Path, planes: np.ndarray) -> None:
    with tifffile.TiffWriter(path, byteorder=">") as writer:
        for plane in planes:
            writer.write(plane, contiguous=False, metadata=None)


def equal(found, planes: np.ndarray) -> None:
    np.testing.assert_array_equal(found.mip, planes.max(axis=0))
    np.testing.assert_array_equal(found.mid, planes[len(planes) // 2])
    assert found.mean == planes.mean() and found.n_planes == len(planes)
    assert found.mip.dtype == found.mid.dtype == np.uint16


@pytest.mark.parametrize("writer", WRITERS)
def test_projections_equal_numpy_in_every_packing(tmp_path, planes, writer, monkeypatch):
    monkeypatch.setattr(stacks, "PIECE", 1000)  # no divisor of 50 x 70
    WRITERS[writer](tmp_path / "Größe 7.tif", planes)
    well = WellImage("P1", "B", 2, (tmp_path / "Größe 7.tif",))
    assert stack_of(well.planes).is_plain == (writer not in ("zlib", "lzw", "tiles"))
    for threads in (1, 2, 3, 5):  # 4 pieces
        equal(project(well, threads), planes)


@pytest.mark.parametrize("top", [0, 1, 4095, 16383, 16384, 32767, 32768, 65535])
@pytest.mark.parametrize("size", [8192, 8190, 131072, 100_001])
def test_sums_are_exact_whatever_the_brightest_pixel(top, size):
    values = np.full(size, top, np.uint16)
    assert stacks._sum(values, top) == size * top
    values[::3] //= 2
    assert stacks._sum(values, top) == int(values.sum(dtype=np.uint64))


@pytest.mark.parametrize("top", [0, 900, 4095, 9000, 40_000, 65_535])
@pytest.mark.parametrize("bright", [(), (0,), (6,), (0, 1, 2), (0, 1, 2, 4, 5, 6)])
def test_planes_brighter_than_the_middle_one_are_summed_exactly(tmp_path, monkeypatch, top, bright):
    """Sums in 16 bits are begun on the middle plane's word; planes 0 to 6 exceed it, in the second half only."""
    monkeypatch.setattr(stacks, "PIECE", 500)
    planes = np.random.default_rng(top).integers(0, 901, (7, 50, 70), dtype=np.uint16)
    for z in bright:
        planes[z, 25:] = np.minimum(planes[z, 25:].astype(int) + top, 65_535)
    tifffile.imwrite(tmp_path / "a.tif", planes)
    for threads in (1, 2):
        equal(project(WellImage("P1", "B", 2, (tmp_path / "a.tif",)), threads), planes)


@pytest.mark.parametrize("packed", [(), (3,), range(7)])
def test_one_file_per_plane(tmp_path, planes, packed):
    files = []
    for z, plane in enumerate(planes):
        files.append(tmp_path / f"z{z} ü.tif")
        tifffile.imwrite(files[-1], plane, compression="zlib" if z in packed else None)
    equal(project(WellImage("P1", "B", 2, tuple(files))), planes)


def test_files_of_both_byte_orders_in_one_stack(tmp_path, planes):
    big_endian(tmp_path / "a.tif", planes[:1])
    tifffile.imwrite(tmp_path / "b.tif", planes[1])
    equal(project(WellImage("P1", "B", 2, (tmp_path / "a.tif", tmp_path / "b.tif"))), planes[:2])


def test_ome_files_that_name_each_other_are_read_as_the_planes_they_are(tmp_path, planes):
    """Each file of such a stack describes the whole stack; the last one is absent here and must not be made up."""
    with tifffile.TiffWriter(tmp_path / "whole.ome.tif", ome=True) as writer:
        writer.write(planes, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(tmp_path / "whole.ome.tif") as file:
        xml = file.ome_metadata
    names = [tmp_path / f"z{z}.ome.tif" for z in range(3)]
    for z, name in enumerate(names):
        tifffile.imwrite(name, planes[z], description=xml.encode(), metadata=None)
    equal(project(WellImage("P1", "B", 2, tuple(names))), planes[:3])


def test_several_stacks_in_one_file(tmp_path, planes):
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
        for _ in range(3):
            writer.write(planes, metadata={"axes": "ZYX"})
    refused(tmp_path / "a.ome.tif", "holds 3 stacks, such as those of several positions: export one well's stack")


def test_ready_projections(tmp_path, planes):
    tifffile.imwrite(tmp_path / "proj.tif", planes[0], compression="lzw")
    tifffile.imwrite(tmp_path / "midz.tif", planes[1])
    found = project(WellImage("P1", "B", 2, (), tmp_path / "proj.tif", tmp_path / "midz.tif"))
    np.testing.assert_array_equal(found.mip, planes[0])
    np.testing.assert_array_equal(found.mid, planes[1])
    assert np.isnan(found.mean) and found.n_planes == 0
    tifffile.imwrite(tmp_path / "midz.tif", planes[1, 1:])
    with pytest.raises(InputError, match=r"Well P1_B02: proj.tif and midz.tif differ in size \(50 x 70 and 49 x 70"):
        project(WellImage("P1", "B", 2, (), tmp_path / "proj.tif", tmp_path / "midz.tif"))
    with pytest.raises(InputError, match="Well P1_B02: it has neither a stack nor both projections"):
        project(WellImage("P1", "B", 2, (), tmp_path / "proj.tif", None))


def refused(path: Path, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        project(WellImage("P1", "B", 2, (path,)))
    assert str(error.value).startswith(f"Well P1_B02: {path.name}")


@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "one page for all"])
@pytest.mark.parametrize("part", [0.0005, 0.03, 0.3, 0.6, 0.9])
def test_a_file_cut_off_anywhere_is_never_read_as_a_smaller_stack(tmp_path, planes, writer, part):
    path = tmp_path / "cut.tif"
    WRITERS[writer](path, planes)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    refused(path, "cut off|is not a TIFF image|without any image")


def test_a_cut_off_stack_of_one_page(tmp_path, planes):
    single_ifd(tmp_path / "a.tif", planes)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    refused(tmp_path / "a.tif", "cut off")


def test_what_is_no_stack_of_16_bit_planes(tmp_path, planes):
    path = tmp_path / "a.tif"

    def write(array: np.ndarray, **how) -> Path:
        tifffile.imwrite(path, array, **how)
        return path

    refused(write(planes[0]), "a.tif has one plane; a stack has at least two")
    refused(write((planes >> 8).astype(np.uint8)), "is 8-bit where 16-bit unsigned counts are expected")
    refused(write(planes.astype(np.uint32)), "is 32-bit where 16-bit")
    refused(write(planes.astype(np.int16)), r"holds signed numbers \(int16\)")
    refused(write(planes.astype(np.float32)), "holds floating-point values")
    refused(write(np.stack([planes] * 3, axis=-1), photometric="rgb"), "is a colour image")
    refused(write(planes[:3, None] + np.zeros((1, 2, 1, 1), np.uint16), imagej=True), "has 2 channels|3 channels")
    refused(write(np.stack([planes] * 2), imagej=True, metadata={"axes": "TZYX"}), r"more than planes \(T 2, Z 7\)")
    refused(write(planes, photometric="miniswhite"), "white is zero")
    path.write_bytes(b"")
    refused(path, "is empty")
    path.write_bytes(b"\x89PNG and so on")
    refused(path, "is not a TIFF image: give TIFF files")
    path.unlink()
    refused(path, "cannot be read")


def test_planes_of_different_sizes(tmp_path, planes):
    tifffile.imwrite(tmp_path / "a.tif", planes[0])
    tifffile.imwrite(tmp_path / "b.tif", planes[1, :40])
    with pytest.raises(InputError, match="b.tif has 40 x 70 pixels but a.tif of the same well 50 x 70"):
        project(WellImage("P1", "B", 2, (tmp_path / "a.tif", tmp_path / "b.tif")))
    with tifffile.TiffWriter(tmp_path / "c.tif") as writer:
        for plane in (planes[0], planes[1, :40]):
            writer.write(plane, contiguous=False, metadata=None)
    refused(tmp_path / "c.tif", "holds 2 images of different kinds")
    pages(tmp_path / "d.tif", planes)
    with pytest.raises(InputError, match="d.tif has 7 planes where one was expected"):
        project(WellImage("P1", "B", 2, (tmp_path / "a.tif", tmp_path / "d.tif")))


def test_damaged_packed_data(tmp_path, planes):
    path = pages(tmp_path / "a.tif", planes, compression="zlib")
    with tifffile.TiffFile(path) as file:
        start = file.pages[4].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[start : start + 200] = bytes(200)
    path.write_bytes(content)
    refused(path, "is a damaged or cut off TIFF")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_that_shrinks_while_it_is_read(tmp_path, planes, threads, monkeypatch):
    path = pages(tmp_path / "a.tif", planes)
    stack = stack_of((path,))
    path.write_bytes(path.read_bytes()[:20_000])
    monkeypatch.setattr(stacks, "PIECE", 1000)
    monkeypatch.setattr(stacks, "stack_of", lambda files: stack)
    with pytest.raises(InputError, match="Well P1_B02: a.tif became shorter while it was read"):
        project(WellImage("P1", "B", 2, (path,)), threads)
    path.unlink()
    with pytest.raises(InputError, match=r"Well P1_B02 cannot be read \(No such file or directory\): check the drive"):
        project(WellImage("P1", "B", 2, (path,)), threads)


def test_wells_side_by_side_with_their_errors(tmp_path, planes):
    wells = []
    for column in range(1, 8):
        path = tmp_path / f"{column}.tif"
        tifffile.imwrite(path, planes + np.uint16(column))
        wells.append(WellImage("P1", "B", column, (path,)))
    wells[3].planes[0].write_bytes(b"nothing")
    done = {one.well.column: one for one in over_wells(wells, project, workers=3)}
    assert sorted(done) == list(range(1, 8))
    assert "4.tif is not a TIFF image" in done[4].error and done[4].result is None
    for column in (1, 2, 3, 5, 6, 7):
        equal(done[column].result, planes + np.uint16(column))


def test_no_more_wells_are_begun_than_are_asked_for():
    begun, lock = [], threading.Lock()

    def work(well: WellImage) -> int:
        with lock:
            begun.append(well.column)
        return well.column

    results = over_wells([WellImage("P1", "B", column) for column in range(1, 40)], work, workers=2)
    assert isinstance(next(results), Done)
    results.close()
    assert len(begun) <= 4
    assert [name for name in (thread.name for thread in threading.enumerate()) if name.startswith("wells")] == []


def test_a_defect_of_ours_is_not_taken_for_a_bad_file():
    with pytest.raises(ZeroDivisionError):
        list(over_wells([WellImage("P1", "B", 1)], lambda well: 1 // 0, workers=1))


def test_memory_stays_small_whatever_the_stack(tmp_path):
    """30 planes of 2048 x 2048 are 240 MiB; the process, libraries included, stays below 200."""
    plane = np.random.default_rng(0).integers(0, 4096, (2048, 2048), dtype=np.uint16)
    for compression, name in ((None, "plain.tif"), ("zlib", "packed.tif")):
        with tifffile.TiffWriter(tmp_path / name) as writer:
            for _ in range(30 if compression is None else 3):
                writer.write(plane, contiguous=False, metadata=None, compression=compression)
        code = (
            "import sys; from pathlib import Path; from engine.spheroid.types import WellImage\n"
            "from engine.spheroid.image_store import small_images\n"
            "small_images(WellImage('P1', 'B', 2, (Path(sys.argv[1]),)))\n"
            "assert 'torch' not in sys.modules\n"
            "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
        )
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert int(done.stdout) / 1024 < 200


@pytest.mark.real_data
def test_a_real_stack(real_data):
    path = real_data / "images/morphosphere_B01_405_downsampled_16bit.tif"
    planes = tifffile.imread(path)
    assert planes.shape == (129, 124, 128)
    equal(project(WellImage("P1", "B", 1, (path,))), planes)


@pytest.mark.real_data
def test_real_images_that_are_no_16_bit_stack_say_so(real_data):
    for path in sorted((real_data / "images").glob("*8bit.tif")):
        refused(path, "is 8-bit where 16-bit")
    refused(real_data / "images/fucci_983b_D10_10000_2.tif", "is 8-bit where 16-bit")
