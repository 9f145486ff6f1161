"""Ensembl's gene model reduced once to the census genes: a patient's list does not wait for 200,000 transcripts.

Source: Ensembl release 75, the last on GRCh37 with all its files (GENCODE 19, which the CCLE calls were annotated
with). From its GTF, transcript and protein FASTA come three small files of the same formats, for pyensembl, and two
tables: every protein-coding gene with its span, and the transcripts of the census genes.
"""

import gzip
import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from engine.errors import InputError
from engine.patient.coordinates import chromosome_lengths
from engine.response.census import census_genes, current_symbols

GTF = "Homo_sapiens.GRCh37.75.gtf.gz"
TRANSCRIPTS = "Homo_sapiens.GRCh37.75.cdna.all.fa.gz"
PROTEINS = "Homo_sapiens.GRCh37.75.pep.all.fa.gz"
FOLDER = "census"
SMALL_GTF, SMALL_TRANSCRIPTS, SMALL_PROTEINS = "genes.gtf", "transcripts.fa", "proteins.fa"
GENE_TABLE, TRANSCRIPT_TABLE = "genes.csv", "transcripts.csv"
READY = "ready.json"  # written last
CURE = "fetch it again with `python -m engine fetch gene-model`"
CODING = "protein_coding"
_ATTRIBUTE = re.compile(r'(\w+) "([^"]*)"')
_LINES = 2_800_000  # of release 75, for the bar only


def missing_files(folder: Path) -> list[str]:
    """Names of the three files that are not in `folder`."""
    return [name for name in (GTF, TRANSCRIPTS, PROTEINS) if not (folder / name).is_file()]


def is_reduced(folder: Path) -> bool:
    """Whether the reduced model is there and no older than the files it was made of."""
    ready = folder / FOLDER / READY
    places = [folder / name for name in (GTF, TRANSCRIPTS, PROTEINS)]
    return ready.is_file() and all(place.stat().st_mtime_ns <= ready.stat().st_mtime_ns for place in places)


def reduce_gene_model(folder: Path, on_progress: Callable[[float, str], None]) -> Path:
    """The three files in `folder` -> the folder of the reduced model, made anew.

    on_progress: called with a fraction and what is being read. Raises InputError where a file is missing, damaged or
    holds no census gene.
    """
    if missing := missing_files(folder):
        raise InputError(f"The gene model lacks {missing[0]}: {CURE}.")
    made = folder / FOLDER
    part = folder / f".{FOLDER}"
    for old in (part, made):
        shutil.rmtree(old, ignore_errors=True)
    part.mkdir()
    try:
        transcripts, proteins = _reduce_gtf(folder / GTF, part, on_progress)
        on_progress(0.8, "transcripts")
        _reduce_fasta(folder / TRANSCRIPTS, part / SMALL_TRANSCRIPTS, transcripts)
        on_progress(0.9, "proteins")
        _reduce_fasta(folder / PROTEINS, part / SMALL_PROTEINS, proteins)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise InputError(f"The gene model in {folder} is damaged or of another kind: {CURE}.") from error
    except InputError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    (part / READY).write_text(json.dumps({"from": [GTF, TRANSCRIPTS, PROTEINS], "transcripts": len(transcripts)}))
    part.rename(made)
    return made


def _reduce_gtf(source: Path, to: Path, on_progress: Callable[[float, str], None]) -> tuple[set[str], set[str]]:
    """The lines of the census genes' coding transcripts, and the tables -> ids of those transcripts and proteins."""
    genes: list[tuple[str, str, int, int]] = []
    transcripts: dict[str, tuple[str, str, str, int, int, str]] = {}
    ccds: set[str] = set()
    proteins: dict[str, str] = {}
    named: dict[str, str] = {}  # symbol as written -> current symbol
    census, chromosomes = census_genes(), set(chromosome_lengths().index)
    with (to / SMALL_GTF).open("w", encoding="utf-8") as small:
        for number, line in enumerate(_lines(source)):
            if number % 100_000 == 0:
                on_progress(min(0.8 * number / _LINES, 0.79), "genes")
            if line.startswith("#"):
                continue
            chromosome, biotype, feature, start, end, _, strand, _, rest = line.rstrip("\n").split("\t")
            if chromosome not in chromosomes:
                continue  # patches and other haplotypes: a second place of the same gene
            about = dict(_ATTRIBUTE.findall(rest))
            written = about.get("gene_name", "")
            if written not in named:
                named[written] = str(current_symbols(pd.Series([written]))[0])
            gene = named[written]
            if feature == "gene":
                # Release 75 has the biotype in the second column, later ones as an attribute.
                if about.get("gene_biotype", biotype) == CODING:
                    genes.append((gene, chromosome, int(start), int(end)))
                if gene in census:
                    small.write(line)
            elif gene in census and about.get("transcript_biotype", biotype) == CODING:
                small.write(line)
                transcript = about["transcript_id"]
                if feature == "transcript":
                    transcripts[transcript] = (gene, about["gene_id"], chromosome, int(start), int(end), strand)
                if feature == "CDS" and "protein_id" in about:
                    proteins[transcript] = about["protein_id"]
                    ccds.update({transcript} if "ccds_id" in about else ())
    if not transcripts:
        raise InputError(f"The gene model holds no census gene: {CURE}.")
    columns = ["gene", "gene_id", "chromosome", "start", "end", "strand"]
    table = pd.DataFrame.from_dict(transcripts, orient="index", columns=columns).rename_axis("transcript")
    table = table.assign(protein=pd.Series(proteins), ccds=table.index.isin(ccds)).dropna(subset=["protein"])
    table.to_csv(to / TRANSCRIPT_TABLE)
    spans = pd.DataFrame(genes, columns=["gene", "chromosome", "start", "end"])
    spans.assign(census=spans["gene"].isin(set(table["gene"]))).to_csv(to / GENE_TABLE, index=False)
    return set(table.index), set(table["protein"])


def _reduce_fasta(source: Path, to: Path, wanted: set[str]) -> None:
    """The records of these ids; a version (ENST00000288602.6) is left out."""
    missing = set(wanted)
    keep = False
    with to.open("w", encoding="utf-8") as small:
        for line in _lines(source):
            if line.startswith(">"):
                name = line[1:].split(None, 1)[0].split(".")[0]
                keep = name in missing
                missing.discard(name)
                line = f">{name}\n"
            if keep:
                small.write(line)
    if len(missing) == len(wanted):
        raise InputError(f"{source.name} holds no sequence of a census gene: {CURE}.")


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file
