"""Files that take seconds to write, made beside the page: one at a time, the last few kept, whoever asked for them."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import streamlit as st

from engine.errors import EngineError

KEPT = 8  # files, of a few MB each
Progress = Callable[[float, str], None]
Make = Callable[[Progress], tuple[bytes, str]]
log = logging.getLogger("tumorcast")


@dataclass(frozen=True)
class Making:
    """One file. part: done, 0 to 1. content: b'' until it is there. error: why it will not be."""

    part: float = 0.0
    sentence: str = "waiting"
    content: bytes = b""
    name: str = ""
    error: str = ""

    @property
    def busy(self) -> bool:
        return not self.content and not self.error


class Maker:
    """Makes files in a thread of its own, so that no page waits. Shared by all sessions. what: is made, in words."""

    def __init__(self, kept: int = KEPT, what: str = "report") -> None:
        self._kept = kept
        self._what = what
        self._lock = threading.Lock()
        self._files: OrderedDict[Hashable, Making] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=what)

    def start(self, key: Hashable, make: Make) -> None:
        """Have a file made unless it is there or in work. make: takes a function that is told of progress."""
        with self._lock:
            found = self._files.get(key)
            if found and not found.error:
                return
            self._files[key] = Making()
            self._files.move_to_end(key)
            done = [one for one, file in self._files.items() if not file.busy]
            for old in done[: max(0, len(self._files) - self._kept)]:
                del self._files[old]
        self._pool.submit(self._make, key, make)

    def look(self, key: Hashable) -> Making | None:
        """How far a file is; None where nobody asked for it."""
        with self._lock:
            return self._files.get(key)

    def _make(self, key: Hashable, make: Make) -> None:
        def tell(part: float, sentence: str) -> None:
            self._put(key, part=part, sentence=sentence)

        try:
            content, name = make(tell)
            self._put(key, part=1.0, content=content, name=name)
        except EngineError as error:
            self._put(key, error=str(error))
        except Exception as error:
            log.exception("A %s could not be made", self._what)
            told = f"The {self._what} could not be made ({type(error).__name__}). Details are in the terminal."
            self._put(key, error=told)

    def _put(self, key: Hashable, **changed: object) -> None:
        with self._lock:
            self._files[key] = replace(self._files.get(key, Making()), **changed)  # type: ignore[arg-type]


@st.cache_resource(show_spinner=False)
def maker() -> Maker:
    """The one maker of this server."""
    return Maker()
