"""Which screens lie in a folder, archive or table; large folders of images are neither opened nor waited for."""

import shutil
import time
import zipfile
from pathlib import Path

import pytest
from small_folder import flat_screen, layout_text, matrix_text, published_screen, reading

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.screen_content import read_screen, sample_of
from engine.spheroid.screen_folder import chosen_screen, screens_in

pytestmark = pytest.mark.usefixtures("tumorcast_home")


def names(path: Path) -> list[str]:
    return [screen.name for screen in screens_in(path)]


def test_published_folders(tmp_path):
    published_screen(tmp_path / "data")
    published_screen(tmp_path / "data", "S2_DS1", images=False)
    first, second = screens_in(tmp_path / "data")
    assert (first.name, second.name) == ("S1_DS1", "S2_DS1")
    assert first.published and first.layout.name == "Layout_DS.csv" and first.drugs.name == "Drugs.csv"
    assert {kind: [file.name for file in files] for kind, files in first.readouts.items()} == {
        "metabolic": ["S1_DS1_P1.txt"], "mos": ["S1_DS1_P1.txt"],
    }  # fmt: skip
    assert first.images == tmp_path / "data/Images/S1_DS1" and second.images is None


def test_layouts_by_the_end_of_the_name(tmp_path):
    root = published_screen(tmp_path / "data", images=False)
    published_screen(root, "S1_CE", images=False)
    assert {screen.layout.name for screen in screens_in(root)} == {"Layout_DS.csv"}  # the only one
    (root / "Layouts/Layout_CE.csv").write_text(layout_text(), encoding="utf-8")
    assert {s.name: s.layout.name for s in screens_in(root)} == {"S1_CE": "Layout_CE.csv", "S1_DS1": "Layout_DS.csv"}
    (root / "Layouts/Layout_S1_DS1.csv").write_text(layout_text(), encoding="utf-8")
    assert {s.name: s.layout.name for s in screens_in(root)}["S1_DS1"] == "Layout_S1_DS1.csv"
    (root / "Metabolic/Other").mkdir()
    with pytest.raises(InputError, match="which layout the screen Other has.*Call one Layout_Other.csv"):
        screens_in(root)


def test_a_layout_with_readouts_beside_it(tmp_path):
    flat_screen(tmp_path / "all/Prüfung 1", ["P1", "P2"])
    flat_screen(tmp_path / "all/B")
    assert names(tmp_path / "all") == ["B", "Prüfung 1"]
    (only,) = screens_in(tmp_path / "all/Prüfung 1")
    assert len(only.readouts["metabolic"]) == 2 and not only.published
    content = read_screen(only, Receipt())
    assert content.plates.wells["plate"].nunique() == 2 and len(content.readouts[0].frame) == 86


def test_mean_of_stack_beside_metabolic_readouts(tmp_path):
    folder = flat_screen(tmp_path / "S")
    (folder / "MeanOfStack").mkdir()
    (folder / "MeanOfStack/P1.txt").write_text(matrix_text(), encoding="utf-8")
    (only,) = screens_in(folder)
    assert sorted(only.readouts) == ["metabolic", "mos"]


def test_one_table_with_several_screens(tmp_path):
    rows = [f"{s},1,B{c:02},{'DMSO' if c < 4 else 'A'},{c},{c}" for s in ("S1", "S 2") for c in range(2, 8)]
    path = tmp_path / "all.csv"
    path.write_text("screen,plate,well,drug,conc_nM,signal\n" + "\n".join(rows), encoding="utf-8")
    assert names(path) == ["S 2", "S1"]
    content = read_screen(screens_in(path)[1], Receipt())
    assert len(content.plates.wells) == 6 and content.readouts[0].frame["raw"].tolist() == [2, 3, 4, 5, 6, 7]


def test_archives(tmp_path):
    published_screen(tmp_path / "pack/data ä", images=False)
    archive = Path(shutil.make_archive(str(tmp_path / "screen"), "zip", tmp_path / "pack"))
    assert names(archive) == ["S1_DS1"] == names(archive)  # the second time nothing is unpacked


def test_an_archive_without_a_folder_gives_its_name(tmp_path):
    flat_screen(tmp_path / "pack")
    archive = Path(shutil.make_archive(str(tmp_path / "Größe 7"), "zip", tmp_path / "pack"))
    assert names(archive) == ["Größe 7"]
    shutil.copy(archive, tmp_path / "...zip")
    assert names(tmp_path / "...zip") == ["screen"]


def test_an_archive_without_a_screen_is_named(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/readme.md").write_text("nothing")
    archive = Path(shutil.make_archive(str(tmp_path / "x"), "zip", tmp_path / "pack"))
    with pytest.raises(InputError, match=r"x.zip holds no screen that could be found. Give a folder"):
        screens_in(archive)


def test_a_damaged_layout_is_named(tmp_path):
    folder = flat_screen(tmp_path / "S")
    (folder / "layout.csv").write_bytes(bytes(range(256)) * 9)
    with pytest.raises(InputError, match=r"layout.csv is not a table: it holds binary data. Give a table"):
        screens_in(folder)
    (folder / "layout.csv").unlink()
    (folder / "layout.csv").symlink_to("/gone")
    with pytest.raises(InputError, match=r"layout.csv does not exist"):
        screens_in(folder)


def test_a_table_without_readouts(tmp_path):
    path = tmp_path / "S.csv"
    path.write_text("plate,well,drug,conc_nM,signal\n1,B02,DMSO,,NA\n1,B03,A,5,\n", encoding="utf-8")
    with pytest.raises(InputError, match="S.csv has no readout of any well: export it again with its values"):
        read_screen(screens_in(path)[0], Receipt())


def test_an_archive_that_climbs_out(tmp_path):
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../outside.csv", layout_text())
    with pytest.raises(InputError, match=r"bad.zip holds '../../outside.csv', which would be written outside"):
        screens_in(archive)
    assert not list(tmp_path.parent.rglob("outside.csv"))


def test_one_of_several(tmp_path):
    root = published_screen(tmp_path / "data", images=False)
    published_screen(root, "S2_DS1", images=False)
    found = screens_in(root)
    assert chosen_screen(found, "S2_DS1", "data").name == "S2_DS1"
    with pytest.raises(InputError, match="data holds 2 screens: S1_DS1, S2_DS1; say which one"):
        chosen_screen(found, "", "data")
    with pytest.raises(InputError, match="there is no S3 among them"):
        chosen_screen(found, "S3", "data")
    assert chosen_screen(found[:1], "Other name", "data").name == "Other name"


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda folder: None, "holds no screen that could be found. Give a folder with Layouts"),
        (lambda folder: (folder / "layout.csv").write_text(layout_text()), "neither readouts nor images"),
        (lambda folder: (folder / "Layouts").mkdir(), "holds no layout: it needs Layout_DS.csv"),
        (
            lambda folder: [(flat_screen(folder) / "layout2.csv").write_text(layout_text())],
            r"holds 2 layouts \(layout.csv, layout2.csv\)",
        ),
    ],
)
def test_folders_without_a_screen(tmp_path, prepare, told):
    (tmp_path / "given").mkdir()
    prepare(tmp_path / "given")
    with pytest.raises(InputError, match=told):
        screens_in(tmp_path / "given")


def test_paths_and_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="does not exist: check the path"):
        screens_in(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text(matrix_text())
    with pytest.raises(InputError, match="a.txt is one file, but does not say everything of a screen"):
        screens_in(tmp_path / "a.txt")


def test_a_large_folder_is_listed_without_opening_an_image(tmp_path, monkeypatch):
    """4,000 images that seem to have 100 GB: sparse files, so that the test needs no room."""
    root = published_screen(tmp_path / "data", images=False)
    folder = root / "Images/S1_DS1/P1/TimePoint_1"
    for plane in range(10):
        (folder / f"ZStep_{plane + 1}").mkdir(parents=True)
        for number in range(400):
            path = folder / f"ZStep_{plane + 1}" / f"P1_{'ABCDEFGHIJKLMNOP'[number // 24 % 16]}{number % 24 + 1:02}.tif"
            with path.open("wb") as file:
                file.truncate(25_000_000)
    opened: list[str] = []
    real = Path.open

    def watched(self, *args, **options):
        opened.append(self.name)
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", watched)
    start = time.process_time()
    (found,) = screens_in(root)
    read_screen(found, Receipt())
    assert time.process_time() - start < 5
    assert found.images is not None and not [name for name in opened if name.endswith(".tif")]


def test_samples_of_published_names():
    assert [sample_of(name) for name in ("BT-40_V1_DS1", "INF_R_153_V2_CE", "HD-MB03_DS2", "mine")] == [
        "BT-40", "INF_R_153", "HD-MB03", "mine",
    ]  # fmt: skip


def test_values_stay_with_their_wells(tmp_path):
    (only,) = screens_in(flat_screen(tmp_path / "S"))
    for _, row, column, raw in read_screen(only, Receipt()).readouts[0].frame.itertuples(index=False):
        assert raw == reading(row, column)
