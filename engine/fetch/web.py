"""Asks a web server, patiently: tries again when it is busy or the line is cut, and waits as long as it says."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3.util import Retry

from engine.errors import FetchError

TRIES = 6  # in a row without a byte that is new
BACKOFF_SECONDS = 1.0  # 1, 2, 4, 8, 16 s
LONGEST_WAIT_SECONDS = 600.0  # a server that asks for more is not waited for
TIMEOUT_SECONDS = (15.0, 60.0)  # to connect, and between two blocks
# 403 is here because the store behind figshare says so when its ten-second ticket has run out on the way.
TRY_AGAIN = frozenset({403, 408, 425, 429, 500, 502, 503, 504})
HEADERS = {"User-Agent": "Tumorcast (research use)", "Accept-Encoding": "identity"}

Say = Callable[[str], None]


class Patience:
    """Counts failures in a row and waits between them."""

    def __init__(self, say: Say = lambda message: None) -> None:
        self._say = say
        self._failures = 0

    def fresh(self) -> None:
        """Something new has arrived: the count begins anew."""
        self._failures = 0

    def wait(self, trouble: str, seconds: float | None = None) -> None:
        """Waits before the next try. seconds: what the server asked for; by default longer with every failure.

        Raises FetchError with the trouble in words when the patience is used up or too long a wait is asked for.
        """
        self._failures += 1
        pause = BACKOFF_SECONDS * 2 ** (self._failures - 1) if seconds is None else seconds
        if pause > LONGEST_WAIT_SECONDS:
            raise FetchError(f"{trouble} and asks to wait {pause / 60:,.0f} minutes: try again later.")
        if self._failures >= TRIES:
            raise FetchError(f"{trouble}, {TRIES} times in a row. Check the connection and try again.")
        self._say(f"{trouble}: next try in {pause:,.0f} s")
        time.sleep(pause)


def ask(
    session: requests.Session,
    url: str,
    patience: Patience,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
) -> requests.Response:
    """The answer of a server, its body not read yet; any status but those that mean "try again".

    form: sent as the body of a POST; without it the request is a GET. Raises FetchError.
    """
    method = "GET" if form is None else "POST"
    host = url.split("/")[2] if url.count("/") > 1 else url
    while True:
        try:
            answer = session.request(
                method, url, headers={**HEADERS, **(headers or {})}, data=form, stream=True, timeout=TIMEOUT_SECONDS
            )
        except requests.exceptions.SSLError as error:
            raise FetchError(
                f"The certificate of {host} cannot be verified: if a proxy stands between, name its certificate file "
                "in the environment variable REQUESTS_CA_BUNDLE."
            ) from error
        except (requests.ConnectionError, requests.Timeout):
            patience.wait(f"{host} cannot be reached")
            continue
        except (requests.RequestException, ValueError) as error:
            raise FetchError(f"{url} cannot be asked for ({error}): check the address.") from error
        if answer.status_code not in TRY_AGAIN:
            return answer
        answer.close()
        patience.wait(f"{host} answers {_status(answer)}", _asked_to_wait(answer))


def refuse_status(answer: requests.Response, url: str) -> None:
    """Raises FetchError for an answer that brings nothing."""
    if answer.status_code in (404, 410):
        raise FetchError(
            f"There is no file at {url} ({_status(answer)}): the release may have moved. Look for its address on the "
            "publisher's page and give it with --url."
        )
    if answer.status_code >= 400:
        raise FetchError(f"{url} is refused ({_status(answer)}): it may need a login or another address (--url).")


def _status(answer: requests.Response) -> str:
    return f"{answer.status_code} {answer.reason or ''}".strip()


def _asked_to_wait(answer: requests.Response) -> float | None:
    value = answer.headers.get("Retry-After")
    try:
        return Retry().parse_retry_after(value) if value else None
    except Exception:  # whatever else a server writes there is no number and no date
        return None
