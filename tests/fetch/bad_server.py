"""A web server of this machine that behaves as badly as a test asks it to."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """One address. The lists are used up, one entry per request."""

    content: bytes = b""
    etag: str | None = '"one"'
    modified: str | None = None
    content_type: str = "text/csv"
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answered instead of the content
    cut_after: list[int] = field(default_factory=list)  # bytes of the body after which the line goes dead
    takes_range: bool = True
    tells_length: bool = True
    seconds_per_block: float = 0.0
    move_to: str = ""


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what the tests are about."""


class BadServer:
    """pages: path -> Page, or a function of the request that gives one. asked: every request so far."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Asked], Page]] = {}
        self.asked: list[Asked] = []
        self._http = _Quiet(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = Asked(self.command, self.path, dict(self.headers), body)
                server.asked.append(asked)
                page = server.pages.get(self.path)
                if callable(page):
                    page = page(asked)
                if page is None:
                    return self._status(404, {})
                if page.statuses:
                    return self._status(*page.statuses.pop(0))
                if page.move_to:
                    return self._status(302, {"Location": page.move_to})
                self._send(page)

            def _status(self, status: int, headers: dict[str, str]) -> None:
                body = b"<html>an error page</html>"
                self.send_response(status)
                for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _send(self, page: Page) -> None:
                start, total = 0, len(page.content)
                found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                same = self.headers.get("If-Range")
                if found and page.takes_range and same in (None, page.etag, page.modified):
                    start = int(found[1])
                    if start >= total:
                        self.send_response(416)
                        self.send_header("Content-Range", f"bytes */{total}")
                        self.send_header("Content-Length", "0")
                        return self.end_headers()
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
                else:
                    self.send_response(200)
                for name, value in (("ETag", page.etag), ("Last-Modified", page.modified)):
                    if value:
                        self.send_header(name, value)
                self.send_header("Content-Type", page.content_type)
                if page.tells_length:
                    self.send_header("Content-Length", str(total - start))
                else:
                    self.send_header("Connection", "close")
                self.end_headers()
                rest = page.content[start:]
                sent = rest[: page.cut_after.pop(0)] if page.cut_after else rest
                with suppress(ConnectionError):  # the other side has hung up
                    for place in range(0, len(sent), 1000):
                        self.wfile.write(sent[place : place + 1000])
                        time.sleep(page.seconds_per_block)
                self.close_connection = True

        return Handler
