"""Which side of a matrix names probes and which samples, by what stands there."""

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from engine.files.tables import squeeze
from engine.radiation.names import nci60_name
from engine.settings import REFERENCE

PROBE = {
    "idref", "probe", "probes", "probeset", "probesetid", "probesetname", "probeid", "probename", "affyid", "affyprobe",
    "affyprobeid", "transcriptclusterid", "featureid", "ensembl", "ensemblid", "ensemblgeneid", "ensemblgene",
}  # fmt: skip
SYMBOL = {
    "symbol", "symbols", "genesymbol", "genesymbols", "gene", "genes", "genename", "hugosymbol", "hgncsymbol",
    "geneassignment", "externalgenename", "prgenesymbol",
}  # fmt: skip
LINE = {
    "cellline", "celllines", "celllinename", "celllineid", "cellid", "cell", "cellname", "line", "linename", "lines",
    "strippedcelllinename", "modelname", "celliname", "celllinecanonical", "ccllineprimaryname",
}  # fmt: skip
SAMPLE = {"sample", "samples", "sampleid", "samplename", "array", "arrayid", "geoaccession", "gsm", "patient",
          "patientid"}  # fmt: skip
LINE_ID = {"depmapid", "ccleid", "cclename", "modelid", "sangermodelid", "profileid", "sidm", "cosmicid", "rrid"}
TISSUE = {
    "tissue", "tissueid", "panel", "tissueoforigin", "tissuetype", "primarysite", "lineage", "oncotreelineage", "organ",
    "cancertype", "site", "primarytissue",
}  # fmt: skip
OTHER = {
    "entrez", "entrezid", "entrezgene", "entrezgeneid", "geneid", "locuslink", "chromosome", "chr", "chrom", "start",
    "end", "startposition", "endposition", "strand", "length", "genelength", "description", "title", "genetitle",
    "biotype", "genebiotype", "refseq", "unigene", "cytoband", "uniprot", "age", "sex", "gender", "histology",
    "hgncid", "subtype", "batch",
}  # fmt: skip
UNNAMED = {"", "id", "name", "index", "indexlevel0", "rownames", "rowname", "unnamed0", "x", "rid", "key"}

_PROBE_LIKE = re.compile(r"_at$|^AFFX|^ILMN_\d|^A_\d+_P\d|^ENS[GT]\d{8,}|^TC\d{6,}|^cg\d{8}$|^[NX][MR]_\d{5,}", re.I)
_SAMPLE_LIKE = re.compile(r"^GSM\d{3,}|^ACH-\d{6}$|^TCGA-|^SIDM\d{5}$|\.CEL(\.gz)?$", re.IGNORECASE)
LOOKED_AT = 4_000  # names per side
EVIDENCE = 0.02  # a genome has 4 % of genes of the census


class Side(NamedTuple):
    """What the names of the two sides say. why: in words, for the receipt."""

    rows_are_probes: bool
    why: str


def is_annotation(column: str) -> bool:
    """Whether a column of this name describes the rows, even where it holds numbers."""
    plain = squeeze(column)
    known = PROBE | SYMBOL | LINE | SAMPLE | LINE_ID | TISSUE | OTHER | (UNNAMED - {"", "x", "key"})
    return plain in known and column.strip() != ""


def orientation(columns: Sequence[str], labels: Mapping[str, Sequence[str]]) -> Side:
    """Whether rows are probes: told by the names on both sides, by what the columns are called, else by the size.

    columns: names of the columns of numbers. labels: the columns of words.
    """
    rows = max((_looks(names) for names in labels.values()), key=lambda found: abs(found[0] - found[1]))
    across = _looks(columns)
    score = (rows[0] - rows[1]) + (across[1] - across[0])
    if abs(score) >= EVIDENCE:
        return Side(score > 0, "by the names on its sides")
    called = {squeeze(name) for name in labels}
    if called & (PROBE | SYMBOL) and not called & (LINE | SAMPLE):
        return Side(True, "by the names of its columns")
    if called & (LINE | SAMPLE | LINE_ID) and not called & (PROBE | SYMBOL):
        return Side(False, "by the names of its columns")
    n_rows = len(next(iter(labels.values())))
    return Side(n_rows >= len(columns), "as the longer side holds the probes")


def _looks(names: Sequence[str]) -> tuple[float, float]:
    """Shares of names that look like probes or genes, and like cell lines or samples."""
    step = max(1, len(names) // LOOKED_AT)
    some = [str(name).strip() for name in names[::step]]
    if not some:
        return 0.0, 0.0
    probes = sum(bool(_PROBE_LIKE.search(name)) or first_symbol(name).upper() in _census() for name in some)
    samples = sum(bool(_SAMPLE_LIKE.search(name) or nci60_name(name)) for name in some)
    return probes / len(some), samples / len(some)


def pick(labels: Mapping[str, Sequence[str]], *kinds: set[str]) -> str | None:
    """The first column of words whose name is of the first kind that any is of."""
    for kind in kinds:
        for name in labels:
            if squeeze(name) in kind and any(labels[name]):
                return name
    return None


def is_probe_like(name: str) -> bool:
    """Whether this is an identifier of a probe set or transcript and no gene symbol."""
    return bool(_PROBE_LIKE.search(name))


def first_symbol(text: str) -> str:
    """One gene symbol: `DDR1 /// MIR4640` -> DDR1, `TP53 (7157)` -> TP53, `---` -> ''."""
    found = re.split(r"\s*(?:///|//|\||;|,)\s*", str(text).strip())[0]
    found = re.sub(r"\s*\(\w+\)$", "", found)
    return "" if not found or set(found) <= set("-. ") or found.upper() in ("NA", "NAN", "NONE") else found


@cache
def _census() -> frozenset[str]:
    with (REFERENCE / "census_genes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return frozenset(name.upper() for row in rows for cell in row for name in cell.split("|") if name)
