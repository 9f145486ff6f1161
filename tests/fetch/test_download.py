"""Downloads from a server that cuts lines, ignores ranges, is busy, lies, or has moved the file."""

import errno
import hashlib
import shutil
import time
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest
from bad_server import BadServer, Page

from engine.errors import FetchError
from engine.fetch import download as module
from engine.fetch import web
from engine.fetch.download import download

TABLE = b"COSMIC_ID,NAME\n" + b"".join(b"%d,line %d\n" % (i, i) for i in range(1000))
SHA256 = hashlib.sha256(TABLE).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".fetching")


@pytest.fixture
def page(server: BadServer) -> Page:
    server.pages["/lines.csv"] = Page(TABLE)
    return server.pages["/lines.csv"]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folder" / "lines.csv"


def fetch(server: BadServer, target: Path, checksum: str = "", **more):
    return download(f"{server.address}/lines.csv", target, checksum, **more)


def test_a_file_comes_whole_and_its_hash_is_noted(server, page, target):
    told = []
    found = fetch(server, target, tell=lambda *seen: told.append(seen))
    assert target.read_bytes() == TABLE
    assert (found.bytes, found.sha256, found.began_at, found.there_already) == (len(TABLE), SHA256, 0, False)
    assert "nothing published" in found.checked
    assert names(target.parent) == ["lines.csv", "lines.csv.sha256"]
    assert (target.parent / "lines.csv.sha256").read_text() == f"{SHA256}  lines.csv\n"
    assert told[-1][:2] == (len(TABLE), len(TABLE))
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "checksum", [SHA256, f"sha256:{SHA256}", SHA256.upper(), f"md5:{hashlib.md5(TABLE).hexdigest()}"]
)
def test_a_published_checksum_is_compared(server, page, target, checksum):
    assert fetch(server, target, checksum).checked.startswith("published")


def test_a_cut_line_is_taken_up_where_it_broke(server, page, target):
    page.cut_after = [4000, 3000]
    found = fetch(server, target, SHA256)
    assert target.read_bytes() == TABLE and found.began_at == 0
    assert [request.headers.get("Range") for request in server.asked] == [None, "bytes=4000-", "bytes=7000-"]
    assert server.asked[1].headers["If-Range"] == '"one"'


def test_a_second_call_continues_the_first(server, page, target, monkeypatch):
    monkeypatch.setattr(web, "TRIES", 1)
    page.cut_after = [5000]
    with pytest.raises(FetchError, match="The connection was cut, 1 times in a row. Check the connection"):
        fetch(server, target)
    assert names(target.parent) == ["lines.csv.part", "lines.csv.part.json"]
    found = fetch(server, target)
    assert found.began_at == 5000 and target.read_bytes() == TABLE
    assert server.asked[-1].headers["Range"] == "bytes=5000-"


def test_a_slow_server_is_waited_for(server, page, target):
    page.seconds_per_block = 0.005
    assert fetch(server, target, SHA256).bytes == len(TABLE)


def test_a_server_that_stalls_is_asked_again(server, page, target, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", (60.0, 1.0))
    calls = []

    def stall_once(asked):
        calls.append(asked)
        return Page(TABLE, seconds_per_block=60.0 if len(calls) == 1 else 0.0)

    server.pages["/lines.csv"] = stall_once
    assert fetch(server, target, SHA256).bytes == len(TABLE) and len(calls) >= 2


def test_a_server_that_ignores_ranges_begins_anew_and_nothing_is_doubled(server, page, target):
    page.takes_range, page.cut_after = False, [6000]
    assert fetch(server, target, SHA256).bytes == len(TABLE)
    assert target.read_bytes() == TABLE


def test_a_file_that_was_renewed_meanwhile_begins_anew(server, page, target, monkeypatch):
    monkeypatch.setattr(web, "TRIES", 1)
    page.cut_after = [5000]
    with pytest.raises(FetchError):
        fetch(server, target)
    newer = TABLE.replace(b"line", b"LINE")
    server.pages["/lines.csv"] = Page(newer, etag='"two"')
    fetch(server, target)
    assert target.read_bytes() == newer


def test_without_a_tag_a_date_tells_whether_it_is_the_same_file(server, page, target):
    page.etag, page.modified, page.cut_after = 'W/"weak"', "Fri, 27 Oct 2023 10:00:00 GMT", [5000]
    fetch(server, target, SHA256)
    assert server.asked[1].headers["If-Range"] == "Fri, 27 Oct 2023 10:00:00 GMT"


def test_a_piece_of_another_size_is_not_glued_on(server, page, target, monkeypatch):
    page.etag, page.cut_after = None, [5000]
    longer = TABLE + b"1001,one more\n"

    def answer(asked):
        return page if len(server.asked) == 1 else Page(longer, etag=None)

    server.pages["/lines.csv"] = answer
    fetch(server, target)
    assert target.read_bytes() == longer
    assert [request.headers.get("Range") for request in server.asked] == [None, "bytes=5000-", None]


def test_a_part_that_was_whole_already_only_gets_its_name(server, page, target, monkeypatch):
    def stop(part):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module.Part, "finish", stop)
        fetch(server, target)
    assert fetch(server, target, SHA256).began_at == len(TABLE)
    assert server.asked[-1].headers["Range"] == f"bytes={len(TABLE)}-"


def test_a_server_that_tells_no_length_is_believed_when_the_checksum_fits(server, page, target):
    page.tells_length = False
    assert fetch(server, target, SHA256).bytes == len(TABLE)


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again(server, page, target, status):
    page.statuses = [(status, {}), (status, {})]
    assert fetch(server, target).bytes == len(TABLE) and len(server.asked) == 3


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(server, page, target, monkeypatch, as_date):
    slept, told = [], []
    asked = formatdate(time.time() + 500, usegmt=True) if as_date else "500"
    monkeypatch.setattr(web, "time", SimpleNamespace(sleep=slept.append))
    page.statuses = [(429, {"Retry-After": asked})]
    fetch(server, target, tell=lambda done, total, message: told.append(message))
    assert 300 < slept[0] <= 500  # a date comes nearer while the test runs
    assert f"answers 429 Too Many Requests: next try in {slept[0]:.0f} s" in " ".join(told)


def test_too_long_a_wait_is_not_waited_for(server, page, target):
    page.statuses = [(503, {"Retry-After": "7200"})]
    with pytest.raises(FetchError, match="asks to wait 120 minutes: try again later"):
        fetch(server, target)


def test_a_server_that_stays_broken_is_given_up(server, page, target):
    page.statuses = [(500, {})] * 20
    with pytest.raises(FetchError, match="answers 500 Internal Server Error, 6 times in a row"):
        fetch(server, target)
    assert len(server.asked) == 6


def test_nobody_there(target):
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:9 cannot be reached, 6 times in a row"):
        download("http://127.0.0.1:9/lines.csv", target)


@pytest.mark.parametrize("url", ["lines.csv", "ftp://example.org/lines.csv", "http://"])
def test_an_address_that_is_none(target, url):
    with pytest.raises(FetchError, match="cannot be asked for .* check the address"):
        download(url, target)


def test_a_file_that_has_moved(server, target):
    with pytest.raises(FetchError, match=r"There is no file at http.*lines\.csv \(404 Not Found\).*--url"):
        fetch(server, target)
    assert names(target.parent) == []


def test_a_redirect_is_followed_with_its_range(server, page, target):
    server.pages["/old.csv"] = Page(move_to="/lines.csv")
    page.cut_after = [5000]
    download(f"{server.address}/old.csv", target, SHA256)
    assert [request.headers.get("Range") for request in server.asked][2:] == ["bytes=5000-", "bytes=5000-"]


def test_a_login_is_refused(server, page, target):
    page.statuses = [(401, {})]
    with pytest.raises(FetchError, match=r"is refused \(401 Unauthorized\): it may need a login"):
        fetch(server, target)


@pytest.mark.parametrize(
    "web_page",
    [Page(b"<b>Sorry</b>", content_type="text/html; charset=utf-8"), Page(b"\n <!DOCTYPE HTML><html>Log in")],
)
def test_a_web_page_in_place_of_a_table_is_noticed(server, target, web_page):
    server.pages["/lines.csv"] = web_page
    with pytest.raises(FetchError, match="brings a web page, not a table"):
        fetch(server, target)
    assert names(target.parent) == []


def test_an_empty_file_is_refused(server, target):
    server.pages["/lines.csv"] = Page(b"")
    with pytest.raises(FetchError, match="brings an empty file"):
        fetch(server, target)
    assert names(target.parent) == []


def test_wrong_bytes_are_kept_out_of_the_way(server, page, target):
    server.pages["/lines.csv"] = Page(TABLE.replace(b"7", b"8"))
    with pytest.raises(FetchError, match=rf"other bytes than were published \(sha256 .* instead of {SHA256}\)"):
        fetch(server, target, SHA256)
    assert names(target.parent) == ["lines.csv.refused"]
    server.pages["/lines.csv"] = page
    fetch(server, target, SHA256)
    assert target.read_bytes() == TABLE and "Range" not in server.asked[-1].headers


def test_another_size_than_published_is_refused_before_it_is_downloaded(server, page, target):
    with pytest.raises(FetchError, match="announces 12,795 bytes where 12 were published"):
        fetch(server, target, size=12)
    assert names(target.parent) == []


def test_later_downloads_are_compared_with_the_first(server, page, target):
    fetch(server, target)
    target.unlink()
    assert fetch(server, target).checked == "the first download"
    target.unlink()
    server.pages["/lines.csv"] = Page(TABLE + b"1001,one more\n")
    with pytest.raises(FetchError, match=r"other bytes than the first time .* delete lines\.csv\.sha256"):
        fetch(server, target)
    (target.parent / "lines.csv.sha256").unlink()
    assert fetch(server, target).bytes > len(TABLE)


def test_what_is_there_already_is_only_checked(server, page, target):
    fetch(server, target)
    found = fetch(server, target)
    assert found.there_already and found.sha256 == SHA256 and len(server.asked) == 1
    assert fetch(server, target, SHA256).checked == "published sha256"


def test_what_is_there_already_is_never_written_over(server, page, target):
    target.parent.mkdir(parents=True)
    target.write_text("mine")
    with pytest.raises(FetchError, match="is there already and was not fetched"):
        fetch(server, target)
    with pytest.raises(FetchError, match="is there already but is not the published file"):
        fetch(server, target, SHA256)
    (target.parent / "lines.csv.sha256").write_text(f"{SHA256}  lines.csv\n")
    with pytest.raises(FetchError, match="has changed since it was fetched"):
        fetch(server, target)
    assert target.read_text() == "mine" and server.asked == []


def test_a_disk_that_is_too_small_is_seen_first(server, page, target, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1000, 999, 1))
    with pytest.raises(FetchError, match=r"The disk of .*folder is full \(0 MB more are needed\).*which continues"):
        fetch(server, target)


def test_a_disk_that_fills_up_leaves_a_part_that_can_be_continued(server, page, target, monkeypatch):
    def fill_up(answer, part, *_):
        part.path.write_bytes(answer.raw.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(FetchError, match=r"The disk of .* is full: make room"):
        patch.setattr(module, "_append", fill_up)
        fetch(server, target)
    assert fetch(server, target, SHA256).began_at == 100


def test_ctrl_c_leaves_a_part_that_can_be_continued(server, page, target):
    def stop(done, total, message):
        if done:
            raise KeyboardInterrupt

    page.seconds_per_block = 0.001
    with pytest.raises(KeyboardInterrupt):
        fetch(server, target, tell=stop)
    part = (target.parent / "lines.csv.part").stat().st_size
    assert 0 < part <= len(TABLE) and fetch(server, target, SHA256).began_at == part


def test_a_part_of_another_address_or_without_its_notes_is_not_continued(server, page, target, monkeypatch):
    server.pages["/other.csv"] = Page(TABLE, cut_after=[5000])
    with monkeypatch.context() as patch:
        patch.setattr(web, "TRIES", 1)
        with pytest.raises(FetchError):
            download(f"{server.address}/other.csv", target)
    assert fetch(server, target, SHA256).began_at == 0
    target.unlink()
    (target.parent / "lines.csv.part").write_bytes(b"something")
    (target.parent / "lines.csv.part.json").write_text('{"url": ')
    assert fetch(server, target, SHA256).began_at == 0


def test_two_fetches_do_not_write_into_one_folder(server, page, target):
    with (
        module.FileLock(_made(target.parent) / ".fetching"),
        pytest.raises(FetchError, match="Another fetch writes to"),
    ):
        fetch(server, target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_folder_that_cannot_be_made(server, page, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="The folder .*file cannot be made"):
        fetch(server, tmp_path / "file" / "lines.csv")


@pytest.mark.parametrize("checksum", ["abc", "crc32:12345678", "sha256:" + "g" * 64, "md5:" + SHA256])
def test_a_checksum_that_is_none(server, page, target, checksum):
    with pytest.raises(FetchError, match="is no checksum: give the 64 hexadecimal digits of a SHA-256"):
        fetch(server, target, checksum)
