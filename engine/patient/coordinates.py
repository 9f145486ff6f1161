"""What is known of the genome without any download, and which rows need their coordinates at all.

Positions are 1-based. A deletion stands at its first deleted base, an insertion at the base before it, as in MAF.
"""

from functools import cache

import numpy as np
import pandas as pd

from engine.patient.genes import gene_name
from engine.response.variants import NOT_CODING, maf_class
from engine.settings import REFERENCE

# Classes whose position key needs no residue: with gene and one of these a row is understood without its coordinate.
NO_RESIDUE = NOT_CODING | {"Splice_Site", "Whole_Gene_Deletion"}
_NAMES = {"M": "MT", "23": "X", "24": "Y", "25": "MT"}


@cache
def chromosome_lengths() -> pd.DataFrame:
    """Bases per chromosome: index 1 to 22, X, Y, MT; columns GRCh37, GRCh38."""
    return pd.read_csv(REFERENCE / "chromosome_lengths.csv", dtype={"chromosome": str}).set_index("chromosome")


@cache
def known_positions() -> pd.DataFrame:
    """Hotspots: gene, protein_change, chromosome, position_grch37, position_grch38, reference, alternate, source.

    Bases are those of the plus strand. A position stands in several rows where several changes are known there.
    """
    return pd.read_csv(REFERENCE / "known_positions.csv", dtype={"chromosome": str})


def plain_chromosomes(names: pd.Series) -> pd.Series:
    """chr7, Chr07, 7 -> 7; chrM -> MT; 23 -> X. Empty where nothing is written; other contigs keep their name."""
    distinct = {name: plain_chromosome(name) for name in names.dropna().unique()}
    return names.map(distinct).fillna("")


def plain_chromosome(name: str) -> str:
    """One name of `plain_chromosomes`."""
    text = name.strip()
    text = text[3:] if text[:3].lower() == "chr" else text
    text = (text.lstrip("0") or text) if text.isdigit() else text
    text = text.upper() if text.lower() in {"x", "y", "m", "mt"} else text
    return _NAMES.get(text, text)


def needs_coordinates(rows: pd.DataFrame) -> pd.Series:
    """Rows (ROW_COLUMNS) with coordinates whose mutated residue only those can tell -> boolean, rows' index.

    A gene outside the census needs none, whatever its change: the networks do not look at it. Nor does what the source
    calls silent or non-coding, which has no gene at all where it lies between genes.
    """
    written = rows[["gene", "protein_change", "classification"]].fillna("").astype(str)
    distinct = written["classification"].unique()
    settled = written["classification"].map({word: maf_class(word) in NO_RESIDUE for word in distinct}).astype(bool)
    silent = written["classification"].map({word: maf_class(word) in NOT_CODING for word in distinct}).astype(bool)
    genes = written["gene"].str.strip()
    outside = genes.map({gene: gene != "" and not gene_name(gene).census for gene in genes.unique()}).astype(bool)
    named = genes.ne("") & (written["protein_change"].str.strip().ne("") | settled) | outside | silent
    return has_coordinates(rows) & ~named & rows["problem"].fillna("").eq("")


def has_coordinates(rows: pd.DataFrame) -> pd.Series:
    """Rows with a chromosome and a position -> boolean, rows' index."""
    return rows["chromosome"].fillna("").astype(str).str.strip().ne("") & rows["position"].notna()


def minimal_alleles(position: pd.Series, reference: pd.Series, alternate: pd.Series) -> pd.DataFrame:
    """Alleles without the bases they share: `position` (Int64), `reference`, `alternate`, empty for nothing.

    VCF writes a deletion of T as AT>A one base earlier, MAF as T>-: both give the same row here. An insertion stands
    at the base before it. Where one allele is not written the other is left as it is.
    """
    bases = pd.DataFrame({"position": position, "reference": reference, "alternate": alternate})
    for name in ("reference", "alternate"):
        bases[name] = bases[name].fillna("").astype(str).str.strip().str.upper().replace({"-": "", ".": ""})
    padded = bases["reference"].ne("") & bases["alternate"].ne("") & (bases["reference"].str.len() > 1)
    padded |= bases["reference"].ne("") & (bases["alternate"].str.len() > 1)
    if padded.any():
        pairs = bases.loc[padded, ["position", "reference", "alternate"]]
        trimmed = [_trim(*pair) for pair in pairs.itertuples(index=False, name=None)]
        bases.loc[padded, ["reference", "alternate"]] = [pair[1:] for pair in trimmed]
        bases.loc[padded, "position"] = [pair[0] for pair in trimmed]
    return bases


def _trim(position: int, reference: str, alternate: str) -> tuple[int, str, str]:
    while len(reference) > 1 and len(alternate) > 1 and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    shared = 0
    while shared < min(len(reference), len(alternate)) and reference[shared] == alternate[shared]:
        shared += 1
    reference, alternate = reference[shared:], alternate[shared:]
    # Nothing left of the reference: an insertion, which stands at the last shared base.
    return position + shared - (1 if shared and not reference else 0), reference, alternate


def beyond_the_end(chromosome: pd.Series, position: pd.Series, build: str) -> pd.Series:
    """Positions that the chromosome of that build does not have -> boolean. Unknown contigs: False."""
    lengths = chromosome.map(chromosome_lengths()[build])
    places = pd.to_numeric(position, errors="coerce").astype("Float64")
    return ((places > lengths.astype("Float64")) | (places < 1)).fillna(False).astype(bool)


def substitutions(bases: pd.DataFrame) -> np.ndarray:
    """Rows of `minimal_alleles` where one base replaces one -> boolean array."""
    one = bases["reference"].isin(list("ACGT")) & bases["alternate"].isin(list("ACGT"))
    return one.to_numpy(dtype=bool)
