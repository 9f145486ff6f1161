"""The command that downloads public releases: notice of the licence, bar, and what to type next."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.cli.output import Answer, OnProgress, bar, table
from engine.errors import FetchError, InputError
from engine.figures.text import size

if TYPE_CHECKING:
    from engine.fetch.releases import Release

STOPPED = "Stopped. What has come so far is kept: the same command continues."


def run_fetch(given: Namespace) -> Answer:
    """Download the files of a source; without one, list what there is."""
    from engine.fetch import geo
    from engine.fetch.releases import EXPRESSION, GENE_MODEL, PUBCHEM, downloads_folder, files_of

    if given.source is None:
        return _list()
    if given.accession and given.source != geo.SOURCE:
        raise InputError(
            f"{given.source} has no accessions: leave {given.accession!r} out, or type `fetch geo GSE32474`."
        )
    chosen = (geo.series_release(given.accession),) if given.accession else files_of(given.source, given.only)
    if (given.url or given.sha256) and len(chosen) > 1:
        names = ", ".join(release.file for release in chosen)
        raise InputError(f"--url and --sha256 stand for one file; say with --only which of these: {names}.")
    folder = (given.out or downloads_folder() / given.source).expanduser().resolve()
    print(_notice(chosen[0]), file=sys.stderr)
    try:
        if given.source == PUBCHEM:
            files = [_structures(chosen[0], folder, given.url, given.sha256)]
        else:
            files = [_file(release, folder, given.url, given.sha256) for release in chosen]
        if given.source == GENE_MODEL:
            files[-1]["told"] += _reduced(folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(STOPPED) from None
    about = {"source": given.source, "licence": chosen[0].licence, "terms": chosen[0].terms, "files": files}
    if not chosen[0].imported:
        uses = [f"  {release.use}." for release in chosen]
        told = [line for file, use in zip(files, uses, strict=True) for line in (file["told"], use)]
        return Answer(about, "\n".join([*told, "There is nothing to import: it is read where it lies."]))
    told = [line for file in files for line in (file["told"], f"  {file['import']}")]
    if chosen[0].kind != EXPRESSION:
        told.append("Import cell lines first, then drugs, mutations and responses.")
    return Answer(about, "\n".join(told))


def _reduced(folder: Path) -> str:
    """The census genes taken out of the gene model, once all of its files are there."""
    from engine.patient.gene_files import is_reduced, missing_files, reduce_gene_model
    from engine.patient.gene_model import load_gene_model

    missing = missing_files(folder)
    if missing:
        return f" Still missing: {', '.join(missing)}."
    if is_reduced(folder):
        return ""
    with bar("census genes") as show:
        reduce_gene_model(folder, show)
        show(0.95, "index")
        load_gene_model(folder)
    return " The census genes were taken out of it."


def _list() -> Answer:
    from engine.fetch.releases import releases

    found = [asdict(release) for release in releases()]
    shown = [
        {
            "source": row["source"],
            "file": row["file"],
            "kind": row["kind"],
            "release": row["release"],
            "size": size(row["bytes"]) if row["bytes"] else None,
            "licence": row["licence"],
        }
        for row in found
    ]
    return Answer(found, table(shown, "Nothing is known."))


def _notice(release: "Release") -> str:
    told = " Ids or names of drugs without a structure are sent there." if release.source == "pubchem" else ""
    return f"{release.release}. Licence: {release.licence}. Read the terms: {release.terms}{told}"


def _file(release: "Release", folder: Path, url: str, sha256: str) -> dict[str, Any]:
    from engine.fetch import geo
    from engine.fetch.download import download
    from engine.fetch.releases import import_command

    # What was published of one address says nothing about another.
    checksum, length = ("", None) if url else (release.checksum, release.bytes)
    try:
        with bar(release.file) as show:
            found = download(url or release.url, folder / release.file, sha256 or checksum, length, _bytes(show))
    except FetchError as error:
        if release.source == geo.SOURCE and str(error).startswith("There is no file at"):
            raise FetchError(f"{error} {geo.SEVERAL}") from error
        raise
    how = "there already" if found.there_already else "fetched"
    if found.began_at:
        how += f", continued at {size(found.began_at)}"
    return {
        **asdict(found),
        "path": str(found.path),
        "url": url or release.url,
        "told": f"{release.file}: {how}, {size(found.bytes)}, checked against {found.checked}.",
        "import": import_command(release, found.path, url) if release.imported else None,
    }


def _bytes(show: OnProgress) -> Any:
    def tell(done: int, total: int | None, message: str) -> None:
        of = f" of {size(total)}" if total else ""
        show(min(done / total, 1.0) if total else 0.0, message or f"{size(done)}{of}")

    return tell


def _structures(release: "Release", folder: Path, url: str, sha256: str) -> dict[str, Any]:
    from engine.cli.commands import open_store
    from engine.fetch.pubchem import find_structures
    from engine.fetch.releases import import_command

    if sha256:
        raise InputError("--sha256 has no place here: this file is made from PubChem's answers of today.")
    drugs = open_store().query("SELECT * FROM drug ORDER BY drug_id")
    if drugs.empty:
        raise InputError("The store knows no drugs yet: import a table of drugs first.")
    folder.mkdir(parents=True, exist_ok=True)
    path, notes = folder / release.file, folder / f"{release.file}.part"
    with bar("PubChem") as show:
        found = find_structures(
            drugs, url or release.url, notes, lambda done, total, text: show(done / total if total else 0.0, text)
        )
    part = path.with_name(f".{path.name}")
    found.drugs.to_csv(part, index=False)
    part.replace(path)
    notes.unlink()
    bare = int(drugs["smiles"].isna().sum())
    told = f"{path.name}: {found.by_cid + found.by_name:,} of {bare:,} drugs without a structure now have one"
    for what, names in (("not in PubChem", found.not_found), ("several compounds of that name", found.ambiguous)):
        if names:
            told += f"; {what}: {', '.join(names[:10])}{f' and {len(names) - 10:,} more' if len(names) > 10 else ''}"
    return {
        "path": str(path),
        "url": url or release.url,
        "by_cid": found.by_cid,
        "by_name": found.by_name,
        "not_found": list(found.not_found),
        "ambiguous": list(found.ambiguous),
        "told": f"{told}.",
        "import": import_command(release, path, url),
    }
