"""Images of a job: written from stacks and ready projections, read back, and refused where they are damaged."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from engine.errors import InputError, JobCancelled
from engine.spheroid.image_store import mean_of_stack, open_images, shrink, write
from engine.spheroid.types import WellImage


@pytest.fixture
def wells(tmp_path: Path) -> list[WellImage]:
    """Four wells with stacks of 3 planes of 448 x 448, on two plates, one named as no file may be."""
    made = []
    for n, (plate, column) in enumerate((("P1", 2), ("P1", 3), ("a/b: Ü", 2), ("a/b: Ü", 3)), 1):
        planes = np.full((3, 448, 448), 1000 * n, np.uint16)
        planes[1, :224] += 500  # the middle plane, upper half
        planes[2, :, :224] += 800
        tifffile.imwrite(tmp_path / f"{n}.tif", planes, photometric="minisblack")
        made.append(WellImage(plate, "B", column, (tmp_path / f"{n}.tif",)))
    return made


def test_what_is_written_is_read(tmp_path, wells):
    told = []
    written = write(tmp_path / "job", wells, lambda fraction, text: told.append((fraction, text)), workers=2)
    assert told[-1] == (1.0, "images: 4 of 4 wells") and len(told) == 4
    assert written.notes == ()
    assert written.wells["image_index"].tolist() == [0, 1, 0, 1]
    images = open_images(tmp_path / "job")
    assert len(images) == 4 and ("P1", "B", 3) in images and ("P1", "C", 3) not in images
    mip, mid = images.well("a/b: Ü", "B", 3)
    assert mip.shape == mid.shape == (224, 224) and mip.dtype == mid.dtype == np.uint16
    assert [mip[5, 5], mip[5, 200], mip[200, 5], mip[200, 200]] == [4800, 4500, 4800, 4000]
    assert [mid[5, 5], mid[200, 200]] == [4500, 4000]
    stack = images.stack([("P1", "B", 3), ("P1", "B", 2)])
    assert stack.shape == (2, 2, 224, 224) and stack[:, 1, 200, 200].tolist() == [2000, 1000]
    assert images.stack([]).shape == (0, 2, 224, 224)
    means = mean_of_stack(images.wells)
    assert means["raw"].tolist() == pytest.approx([n * 1000 + 250 / 3 + 400 / 3 for n in (1, 2, 3, 4)])
    assert list(means.columns) == ["plate", "row", "column", "raw"]
    with pytest.raises(InputError, match="Well P2_B02 has no image in this screen"):
        images.well("P2", "B", 2)


def test_the_same_bytes_whoever_is_done_first(tmp_path, wells):
    write(tmp_path / "a", wells, workers=1)
    write(tmp_path / "b", wells, workers=4)
    for path in (tmp_path / "a/results/images").iterdir():
        assert path.read_bytes() == (tmp_path / "b/results/images" / path.name).read_bytes()


def test_black_images_are_told(tmp_path, wells):
    tifffile.imwrite(tmp_path / "1.tif", np.zeros((3, 448, 448), np.uint16), photometric="minisblack")
    (note,) = write(tmp_path / "job", wells).notes
    assert note.startswith("Wells whose image has one value everywhere: 1 (P1_B02). Were they acquired? Take such")


def test_ready_projections_are_kept_as_they_are(tmp_path):
    images = np.random.default_rng(0).integers(0, 65536, (2, 224, 224), dtype=np.uint16)
    for name, image in zip(("proj", "midz"), images, strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", image)
    write(tmp_path, [WellImage("P1", "A", 1, (), tmp_path / "proj.tif", tmp_path / "midz.tif")])
    found = open_images(tmp_path)
    np.testing.assert_array_equal(found.stack([("P1", "A", 1)])[0], images)
    assert found.wells["n_planes"].tolist() == [0] and mean_of_stack(found.wells).empty


def test_a_damaged_well_is_left_out_with_its_reason(tmp_path, wells):
    wells[1].planes[0].write_bytes(wells[1].planes[0].read_bytes()[:5000])
    tifffile.imwrite(wells[2].planes[0], np.zeros((5, 448, 448), np.uint16), photometric="minisblack")
    written = write(tmp_path / "job", wells)
    assert written.notes[0].startswith("Wells left out: 1. Well P1_B03: 2.tif is cut off after 1 plane")
    assert written.notes[-1] == "Stacks differ in their number of planes; most have 3. Others: 1 (a/b: Ü_B02 has 5)."
    images = open_images(tmp_path / "job")
    assert ("P1", "B", 3) not in images and len(images) == 3
    assert images.well("a/b: Ü", "B", 3)[0][200, 200] == 4000


def test_nothing_that_can_be_prepared(tmp_path, wells):
    for well in wells:
        well.planes[0].write_bytes(b"")
    with pytest.raises(InputError, match="No image could be prepared. Well P1_B02: 1.tif is empty"):
        write(tmp_path / "job", wells)
    with pytest.raises(InputError, match="There is no well with an image"):
        write(tmp_path / "job", [])
    with pytest.raises(InputError, match="Well P1_B02 stands 2 times in the list"):
        write(tmp_path / "job", [wells[0], wells[0]])
    with pytest.raises(InputError, match="job keeps no prepared images"):
        open_images(tmp_path / "job")


def test_stopped_work_leaves_nothing_that_looks_whole(tmp_path, wells):
    write(tmp_path / "job", wells)

    def stop(fraction: float, text: str) -> None:
        raise JobCancelled("stop")

    with pytest.raises(JobCancelled):
        write(tmp_path / "job", wells, stop)
    with pytest.raises(InputError, match="keeps no prepared images"):
        open_images(tmp_path / "job")


def test_damaged_stores(tmp_path, wells):
    write(tmp_path / "job", wells)
    folder = tmp_path / "job/results/images"
    (folder / "plate_0.npy").write_bytes((folder / "plate_0.npy").read_bytes()[:1000])
    with pytest.raises(InputError, match="plate_0.npy is damaged"):
        open_images(tmp_path / "job").well("P1", "B", 2)
    (folder / "index.json").write_text("{")
    with pytest.raises(InputError, match="index.json is damaged"):
        open_images(tmp_path / "job")


def test_shrinking_takes_means_of_the_middle_square():
    checks = np.indices((448, 672)).sum(axis=0) % 2 * 60000
    checks[:, :112] = checks[:, -112:] = 65535  # outside the square
    small = shrink(checks.astype(np.uint16))
    assert small.shape == (224, 224)
    np.testing.assert_allclose(small[1:-1, 1:-1], 30000, atol=1)  # single pixels would be 0 or 60,000
    large = np.random.default_rng(1).integers(0, 65536, (2048, 2048), dtype=np.uint16)
    assert shrink(large).mean() == pytest.approx(large.mean(), rel=0.002)
    assert shrink(np.full((100, 100), 65535, np.uint16)).min() == 65535
    same = np.arange(224 * 224, dtype=np.uint16).reshape(224, 224)
    np.testing.assert_array_equal(shrink(same), same)
