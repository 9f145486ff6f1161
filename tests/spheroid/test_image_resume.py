"""Images that a stopped job has prepared are kept, and only those that are still true."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from engine.spheroid import image_resume, image_store
from engine.spheroid.types import WellImage


class Stopped(Exception):
    pass


def well(folder: Path, column: int, level: int) -> WellImage:
    for kind in ("mip", "mid"):
        tifffile.imwrite(folder / f"{column}_{kind}.tif", np.full((8, 8), level, np.uint16), metadata=None)
    return WellImage("P1", "B", column, mip=folder / f"{column}_mip.tif", mid=folder / f"{column}_mid.tif")


@pytest.fixture
def wells(tmp_path) -> list[WellImage]:
    return [well(tmp_path, column, 1000 * column) for column in range(1, 7)]


def stopped_after(n: int):
    seen = 0

    def progress(fraction: float, told: str) -> None:
        nonlocal seen
        seen += 1
        if seen == n:
            raise Stopped

    return progress


def prepared(job: Path, wells: list[WellImage], monkeypatch) -> list[int]:
    """Finishes the work; returns the columns of the wells that were prepared now."""
    seen: list[int] = []
    real = image_store.small_images
    monkeypatch.setattr(image_store, "small_images", lambda one: (seen.append(one.column), real(one))[1])
    written = image_store.write(job, wells, workers=1)
    assert written.wells["column"].tolist() == [1, 2, 3, 4, 5, 6]
    return sorted(seen)


def levels(job: Path) -> list[int]:
    images = image_store.open_images(job)
    return [int(images.well("P1", "B", column)[0][0, 0]) for column in range(1, 7)]


def test_only_what_is_left_is_prepared(tmp_path, wells, monkeypatch):
    job = tmp_path / "job"
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(2), workers=1)
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(1), workers=1)
    assert len(prepared(job, wells, monkeypatch)) == 3
    assert levels(job) == [1000, 2000, 3000, 4000, 5000, 6000]
    assert not (job / "results/images" / image_resume.DONE).exists()


def test_a_file_that_was_written_anew_is_prepared_anew(tmp_path, wells, monkeypatch):
    job = tmp_path / "job"
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(3), workers=1)
    well(tmp_path, 1, 7)
    os.utime(tmp_path / "1_mip.tif", ns=(1, 1))
    assert prepared(job, wells, monkeypatch) == [1, 2, 3, 4, 5, 6]
    assert levels(job)[0] == 7


def test_lost_arrays_are_made_anew(tmp_path, wells, monkeypatch):
    job = tmp_path / "job"
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(4), workers=1)
    (job / "results/images/plate_0.npy").unlink()
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(1), workers=1)
    assert len(prepared(job, wells, monkeypatch)) == 5
    assert levels(job) == [1000, 2000, 3000, 4000, 5000, 6000]


def test_a_note_that_was_cut_off_does_not_count(tmp_path, wells, monkeypatch):
    job = tmp_path / "job"
    with pytest.raises(Stopped):
        image_store.write(job, wells, stopped_after(2), workers=1)
    notes = job / "results/images" / image_resume.DONE
    notes.write_text(notes.read_text(encoding="utf-8")[:-6], encoding="utf-8")
    assert len(prepared(job, wells, monkeypatch)) == 5
