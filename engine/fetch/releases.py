"""The public releases that `fetch` knows: one table of facts, with address, release, licence and use of each file."""

import csv
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import InputError
from engine.settings import REFERENCE, home

FACTS = "public_releases.csv"
PUBCHEM = "pubchem"
GENE_MODEL = "gene-model"
EXPRESSION = "expression"
IMPORT_ORDER = ("cell-lines", "drugs", "mutations", "responses")


@dataclass(frozen=True)
class Release:
    """One file of a release.

    kind: what `import` calls it; for a file that is read where it lies the name of its source. dataset: of responses.
    bytes: its size where published. checksum: as published, md5:... or sha256:..., else empty. licence: in a few
    words; terms: where all of them stand. use: what it is for.
    """

    source: str
    file: str
    kind: str
    dataset: str
    release: str
    url: str
    bytes: int | None
    checksum: str
    licence: str
    terms: str
    use: str

    @property
    def imported(self) -> bool:
        """Whether it becomes a table of the store; the others help to read mutation lists."""
        return self.kind in (*IMPORT_ORDER, EXPRESSION)

    @property
    def origin(self) -> str:
        """What an import notes as the origin of this file."""
        return f"{self.release}, {self.url}"


@cache
def releases() -> tuple[Release, ...]:
    """Every known file."""
    with (REFERENCE / FACTS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = [int(row.pop("bytes") or 0) or None for row in rows]
    return tuple(Release(**row, bytes=size) for row, size in zip(rows, sizes, strict=True))


def sources() -> tuple[str, ...]:
    """The names that `fetch` takes."""
    return tuple(dict.fromkeys(release.source for release in releases()))


def files_of(source: str, only: str = "") -> tuple[Release, ...]:
    """The files of a source; with `only` those of that kind or with that text in their name.

    Raises InputError naming the sources or files there are.
    """
    if source not in sources():
        raise InputError(f"There is no source {source!r} to fetch: choose one of {', '.join(sources())}.")
    of_source = [release for release in releases() if release.source == source]
    chosen = [one for one in of_source if not only or only == one.kind or only.lower() in one.file.lower()]
    if not chosen:
        names = ", ".join(one.file for one in of_source)
        raise InputError(f"No file of {source} is called {only!r}: there are {names}.")
    return tuple(chosen)


def release_of(file_name: str) -> Release | None:
    """The release that a file comes from, by its name; None where the name is of none."""
    return next((release for release in releases() if release.file == file_name), None)


def downloads_folder() -> Path:
    """Where files go unless said otherwise; one folder per source."""
    return home() / "downloads"


def fetched() -> tuple[Path, ...]:
    """The tables of drug response that lie in the folder of downloads, in the order in which they are imported."""
    tables = [release for release in releases() if release.kind in IMPORT_ORDER]
    ordered = sorted(tables, key=lambda release: IMPORT_ORDER.index(release.kind))
    return tuple(place_of(release) for release in ordered if place_of(release).is_file())


def place_of(release: Release) -> Path:
    """Where a file lies once it is fetched."""
    return downloads_folder() / release.source / release.file


def import_command(release: Release, path: Path, url: str = "") -> str:
    """What to type to import a fetched table. url: where the file came from, if from elsewhere."""
    origin = url or release.origin
    words: Iterable[str] = ["import", release.kind, str(path), "--origin", origin, "--licence", release.licence]
    dataset = ["--dataset", release.dataset] if release.dataset else []
    return "python -m engine " + shlex.join([*words, *dataset])
