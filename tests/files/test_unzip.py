"""Archives that stay in their folder, and those that would not."""

import stat
import zipfile
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.files import unzip
from engine.files.unzip import safe_unzip


def packed(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_files_arrive_with_umlauts_and_spaces(tmp_path):
    archive = packed(tmp_path / "a.zip", ("Größe 7/x y.tif", b"1"), ("__MACOSX/._x", b"2"), ("b/.DS_Store", b"3"))
    found = safe_unzip(archive, tmp_path / "out")
    assert found == [tmp_path / "out/Größe 7/x y.tif"] and found[0].read_bytes() == b"1"
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["Größe 7", "x y.tif"]


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/etc/evil", "..\\evil.txt", "C:\\evil.txt"])
def test_names_that_climb_out_leave_nothing_behind(tmp_path, name):
    archive = packed(tmp_path / "a.zip", ("fine.txt", b"1"), (name, b"2"))
    with pytest.raises(InputError, match="would be written outside its folder: nothing was unpacked"):
        safe_unzip(archive, tmp_path / "deep/out")
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(InputError, match="holds the link 'link'"):
        safe_unzip(packed(tmp_path / "a.zip", (link, b"/etc/passwd")), tmp_path / "out")


def test_two_files_of_one_name(tmp_path):
    with pytest.raises(InputError, match="holds 'a/X.txt' twice"):
        safe_unzip(packed(tmp_path / "a.zip", ("a/x.txt", b"1"), ("a/X.txt", b"2")), tmp_path / "out")


def test_bombs_and_full_disks(tmp_path, monkeypatch):
    archive = packed(tmp_path / "a.zip", ("zeros", bytes(1_000_000)))
    with monkeypatch.context() as patch:
        patch.setattr(unzip, "BOMB_BYTES", 1000)
        with pytest.raises(InputError, match="holds 'zeros', which unpacks to"):
            safe_unzip(archive, tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(unzip, "MOST_BYTES", 999_999)
        with pytest.raises(InputError, match="make room, or unpack it elsewhere"):
            safe_unzip(archive, tmp_path / "out")
    monkeypatch.setattr(unzip, "MOST_FILES", 0)
    with pytest.raises(InputError, match="holds 1 files, more than 0"):
        safe_unzip(archive, tmp_path / "out")


def test_what_is_no_archive(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(InputError, match="a.zip is damaged or no zip archive"):
        safe_unzip(tmp_path / "a.zip", tmp_path / "out")
    with pytest.raises(InputError, match="b.zip holds no file"):
        safe_unzip(packed(tmp_path / "b.zip"), tmp_path / "out")
    with pytest.raises(InputError, match="c.zip cannot be unpacked into"):
        safe_unzip(tmp_path / "c.zip", tmp_path / "out")
    with pytest.raises(InputError, match="cannot be unpacked into"):
        safe_unzip(packed(tmp_path / "d.zip", ("a", b"1"), ("a/b", b"2")), tmp_path / "out")


def test_a_damaged_or_locked_file_leaves_no_part(tmp_path):
    archive = packed(tmp_path / "a.zip", ("x.txt", b"some text " * 100))
    content = bytearray(archive.read_bytes())
    content[40] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(InputError, match="a.zip is damaged"):
        safe_unzip(archive, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == []
    locked = packed(tmp_path / "b.zip", ("x.txt", b"text"))
    content = bytearray(locked.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the flag that says encrypted
    locked.write_bytes(content)
    with pytest.raises(InputError, match="b.zip is locked with a password"):
        safe_unzip(locked, tmp_path / "out")
