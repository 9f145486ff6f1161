"""Downloads one file so that nothing half or wrong ever has its name: resumed, tried again, checked, then renamed.

Beside the file: NAME.part and NAME.part.json while it comes, NAME.sha256 (as sha256sum writes it) once it is there,
NAME.refused where other bytes came than were published.
"""

import errno
import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from filelock import FileLock, Timeout

from engine.errors import FetchError
from engine.fetch.part import OtherFile, Part
from engine.fetch.web import Patience, ask, refuse_status

BLOCK_BYTES = 1 << 18
HASHES = {"md5": 32, "sha256": 64}  # length in hexadecimal digits
WEB_PAGE = re.compile(rb"^[\xef\xbb\xbf\s]*<(!doctype\s+html|html|head)", re.IGNORECASE)

Tell = Callable[[int, int | None, str], None]  # bytes that are there, bytes in all where known, a message


@dataclass(frozen=True)
class Downloaded:
    """One file that is there and checked. checked: against what, in words. began_at: bytes of an earlier attempt."""

    path: Path
    bytes: int
    sha256: str
    checked: str
    began_at: int
    there_already: bool


def download(
    url: str,
    target: Path,
    checksum: str = "",
    size: int | None = None,
    tell: Tell = lambda done, total, message: None,
) -> Downloaded:
    """Downloads `url` to `target`, continuing where an earlier attempt ended.

    checksum: as published, md5:... or sha256:...; without it the hash of the first download is kept beside the file
    and later ones are compared with it. size: bytes as published. A file that is there already is only checked.
    Raises FetchError: no answer, not found, wrong bytes, a web page in place of a table, disk full.
    """
    wanted = _parsed(checksum)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"The folder {target.parent} cannot be made ({error.strerror}): choose another.") from error
    try:
        with FileLock(target.parent / ".fetching", blocking=False):
            if target.exists():
                return _there_already(target, wanted)
            part = Part(target, url)
            began_at = part.size
            try:
                _receive(part, size, tell)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise _disk_full(target) from error
            sha256, checked = _verified(part, wanted)
            size = part.size
            part.finish()
            _record(target).write_text(f"{sha256}  {target.name}\n", encoding="utf-8")
            return Downloaded(target, size, sha256, checked, began_at, False)
    except Timeout as error:
        raise FetchError(f"Another fetch writes to {target.parent}: wait for it, or choose another --out.") from error


def _receive(part: Part, size: int | None, tell: Tell) -> None:
    patience = Patience(lambda message: tell(part.size, size, message))
    with requests.Session() as session:
        while True:
            before, cut = part.size, ""
            with ask(session, part.url, patience, part.headers()) as answer:
                if answer.status_code == 416 and part.is_whole(answer):
                    return
                try:
                    if answer.status_code == 416:
                        raise OtherFile
                    refuse_status(answer, part.url)
                    if "text/html" in answer.headers.get("Content-Type", ""):
                        raise _web_page(part.url)
                    total = part.accept(answer)
                except OtherFile:
                    part.forget()
                    patience.wait("The file on the server has changed")
                    continue
                _refuse_size(part, total, size)
                try:
                    _append(answer, part, total or size, tell)
                except urllib3.exceptions.HTTPError:
                    cut = "The connection was cut"
            if not cut and total in (None, part.size):
                return
            if part.size > before:
                patience.fresh()
            patience.wait(cut or "The server stopped too early")


def _append(answer: requests.Response, part: Part, total: int | None, tell: Tell) -> None:
    done = part.size
    with part.path.open("ab") as file:
        # The bytes as they are stored: a packing that only the transfer had would not fit size and checksum.
        for block in answer.raw.stream(BLOCK_BYTES, decode_content=False):
            file.write(block)
            done += len(block)
            tell(done, total, "")


def _refuse_size(part: Part, total: int | None, published: int | None) -> None:
    if total is not None and published is not None and total != published:
        part.forget()
        raise FetchError(
            f"{part.url} announces {total:,} bytes where {published:,} were published: the release has changed. Look "
            "at the publisher's page and give the address you want with --url."
        )
    missing = (total or published or 0) - part.size
    if missing > shutil.disk_usage(part.path.parent).free:
        raise _disk_full(part.target, missing)


def _disk_full(target: Path, missing: int = 0) -> FetchError:
    needs = f" ({missing / 1e6:,.0f} MB more are needed)" if missing else ""
    return FetchError(
        f"The disk of {target.parent} is full{needs}: make room and type the same command, which continues, or choose "
        "another folder with --out."
    )


def _web_page(url: str) -> FetchError:
    return FetchError(
        f"{url} brings a web page, not a table: the file may have moved or need a login. Nothing of it was kept."
    )


def _verified(part: Part, wanted: tuple[str, str] | None) -> tuple[str, str]:
    """SHA-256 of what has come, and in words what it was compared with. Raises FetchError for anything else."""
    with part.path.open("rb") as file:
        head = file.read(1024)
    if WEB_PAGE.match(head):
        part.forget()
        raise _web_page(part.url)
    if not head:
        part.forget()
        raise FetchError(f"{part.url} brings an empty file: try again later, or give another address with --url.")
    sha256 = _hash(part.path, "sha256")
    first = _recorded(part.target)
    if wanted:
        found = sha256 if wanted[0] == "sha256" else _hash(part.path, wanted[0])
        if found != wanted[1]:
            refused = part.refuse()
            raise FetchError(
                f"{part.url} brings other bytes than were published ({wanted[0]} {found} instead of {wanted[1]}): they "
                f"are not used and lie in {refused.name}. Try again; if it stays so, look at the publisher's page."
            )
        return sha256, f"published {wanted[0]}"
    if first and first != sha256:
        refused = part.refuse()
        raise FetchError(
            f"{part.url} brings other bytes than the first time (sha256 {sha256} instead of {first}): they are not "
            f"used and lie in {refused.name}. If it was renewed, delete {part.target.name}.sha256 and try again."
        )
    return sha256, "the first download" if first else "nothing published; hash noted for the next time"


def _there_already(target: Path, wanted: tuple[str, str] | None) -> Downloaded:
    sha256, first = _hash(target, "sha256"), _recorded(target)
    if wanted:
        if _hash(target, wanted[0]) != wanted[1]:
            raise FetchError(f"{target} is there already but is not the published file: move it away and fetch again.")
        checked = f"published {wanted[0]}"
    elif first is None:
        raise FetchError(f"{target} is there already and was not fetched: move it away or choose another --out.")
    elif first != sha256:
        raise FetchError(f"{target} has changed since it was fetched: move it away and fetch again.")
    else:
        checked = "the first download"
    return Downloaded(target, target.stat().st_size, sha256, checked, 0, True)


def _record(target: Path) -> Path:
    return target.with_name(target.name + ".sha256")


def _recorded(target: Path) -> str | None:
    try:
        return _record(target).read_text(encoding="utf-8").split()[0].lower()
    except (FileNotFoundError, IndexError):
        return None


def _hash(path: Path, name: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, name).hexdigest()


def _parsed(checksum: str) -> tuple[str, str] | None:
    if not checksum:
        return None
    name, _, value = checksum.lower().rpartition(":")
    name = name or "sha256"
    if name not in HASHES or not re.fullmatch(rf"[0-9a-f]{{{HASHES[name]}}}", value):
        raise FetchError(f"{checksum!r} is no checksum: give the 64 hexadecimal digits of a SHA-256.")
    return name, value
