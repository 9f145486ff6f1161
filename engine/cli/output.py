"""What a command prints: one JSON document or text for a person; bars go to stderr."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tqdm import tqdm

from engine.jobs import queue
from engine.jobs.spec import JobStatus

BAR_AFTER_SECONDS = 2


@dataclass(frozen=True)
class Answer:
    """The same answer for a script and for a person. status: the exit status."""

    document: Any
    text: str
    status: int = 0


class OnProgress(Protocol):
    """Takes how far something is, 0 to 1, and what it does."""

    def __call__(self, fraction: float, message: str = "") -> None: ...


def printable(text: str) -> str:
    """Text without what a terminal would act on."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


@contextmanager
def bar(title: str) -> Iterator[OnProgress]:
    """A bar on stderr that appears when something takes longer than two seconds."""
    shape = "{percentage:3.0f}% |{bar:20}| {elapsed} {desc}"
    every = 0.2 if sys.stderr.isatty() else 15.0  # seconds; a log file wants fewer lines than a screen
    with tqdm(
        total=1.0, desc=title, delay=BAR_AFTER_SECONDS, mininterval=every, file=sys.stderr, bar_format=shape
    ) as line:

        def show(fraction: float, message: str = "") -> None:
            line.n = fraction
            line.set_description_str(f"{title}: {message}" if message else title, refresh=False)
            line.update(0)

        yield show


def follow(job_id: str) -> JobStatus:
    """Wait for a job under a bar that shows its message and the time left."""
    with bar(queue.status(job_id).title) as show:

        def look(seen: JobStatus) -> None:
            left = f", {duration(seen.eta_s)} left" if seen.eta_s is not None else ""
            show(seen.fraction, seen.message + left)

        return queue.wait(job_id, look)


def duration(seconds: float) -> str:
    """75 -> 1 min 15 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def table(rows: Sequence[Mapping[str, Any]], nothing: str) -> str:
    """Rows as aligned columns under the keys of the first; `nothing` where there are none."""
    if not rows:
        return nothing
    lines = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def cell(value: Any) -> str:
    """Missing as a dash, counts with thousands separators, other numbers with three digits."""
    if value is None or value != value:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
