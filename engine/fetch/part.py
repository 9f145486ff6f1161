"""What has come of a file so far, on disk: NAME.part, and NAME.part.json with which file on the server it begins."""

import os
import re
from pathlib import Path
from typing import Any

import requests

from engine.errors import JobError
from engine.jobs.files import read_json, write_json


class OtherFile(Exception):
    """The server sends a piece that does not belong to what is here."""


class Part:
    """The beginning of `target`, which another attempt may continue."""

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path = target.with_name(target.name + ".part")
        self._about = target.with_name(target.name + ".part.json")
        self._known: dict[str, Any] = self._read_about()
        # Without a mark of its own nobody could tell whether the server still has the same file.
        if self._known.get("url") != url or not (self._known.get("same_if") or self._known.get("total")):
            self.forget()

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.exists() else 0

    def headers(self) -> dict[str, str]:
        """Asks for the rest, and only of the very file whose beginning is here."""
        if not self.size:
            return {}
        same = {"If-Range": self._known["same_if"]} if self._known.get("same_if") else {}
        return {"Range": f"bytes={self.size}-", **same}

    def accept(self, answer: requests.Response) -> int | None:
        """Makes room for the answer's body; returns the file's size in bytes, None where the server does not tell.

        A server that sends the whole file makes this begin anew. Raises OtherFile for a piece that does not fit.
        """
        if answer.status_code == 206:
            if not self._continues(answer):
                raise OtherFile
            return self._known.get("total")
        self.path.write_bytes(b"")
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        self._known = {"url": self.url, "same_if": _validator(answer), "total": total}
        write_json(self._about, self._known)
        return total

    def _continues(self, answer: requests.Response) -> bool:
        told = re.match(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        total, known, now = self._known.get("total"), self._known.get("same_if"), _validator(answer)
        return (
            told is not None
            and int(told[1]) == self.size
            and (total is None or told[2] in ("*", str(total)))
            and (not known or not now or known == now)
        )

    def is_whole(self, answer: requests.Response) -> bool:
        """Whether a server that has nothing more to send says that what is here is all."""
        return self.size > 0 and answer.headers.get("Content-Range") == f"bytes */{self.size}"

    def forget(self) -> None:
        """Away with what is here."""
        self._known = {}
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)

    def refuse(self) -> Path:
        """Out of the way, so that it is neither used nor continued."""
        refused = self.target.with_name(self.target.name + ".refused")
        os.replace(self.path, refused)
        self.forget()
        return refused

    def finish(self) -> None:
        """Whole and checked: it gets its name."""
        os.replace(self.path, self.target)
        self.forget()

    def _read_about(self) -> dict[str, Any]:
        try:
            return (read_json(self._about) if self.size else None) or {}
        except JobError:  # damaged: as good as none
            return {}


def _validator(answer: requests.Response) -> str:
    """What tells one state of a file from the next; a weak tag may stand for other bytes."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
