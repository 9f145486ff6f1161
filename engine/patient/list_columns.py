"""Which columns a table of mutations may have, under which names.

Names are compared without case, blanks and punctuation. Sources: GDC MAF format v1.0.0, vcf2maf, Oncotator, DepMap
release readmes, cBioPortal's file formats and downloads, OncoKB annotator's input formats, ANNOVAR's output.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.files.tables import squeeze

# Our field -> the names of its column, the preferred one first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "gene": (
        "Hugo_Symbol", "HUGO Symbol", "HugoSymbol", "Gene symbol", "Gene_Symbol", "SYMBOL", "HGNC_Symbol",
        "HGNC symbol", "Gene", "Gene name", "Gene.refGene", "Genes", "Gene ID symbol",
    ),
    "protein_change": (
        "HGVSp_Short", "Protein_Change", "Protein Change", "Amino_Acid_Change", "AA change", "AAChange", "HGVSp",
        "HGVS.p", "HGVSp short", "HGVS protein", "Mutation AA", "Protein", "Alteration", "Protein alteration",
        "Protein mutation", "AA mutation", "Protein effect", "Protein variant", "Amino acid", "p change",
        "pHGVS", "AAChange.refGene", "Protein HGVS", "Coding effect protein",
    ),
    "mutation": (
        "Mutation", "Variant", "Mutations", "Variants", "Alterations", "Alteration", "Aberration", "Change",
        "Gene mutation", "Gene variant", "Genomic alteration",
    ),
    "classification": (
        "Variant_Classification", "Mutation Type", "Consequence", "MolecularConsequence", "VariantInfo",
        "Mutation Description", "Effect", "ExonicFunc.refGene", "One_Consequence", "Variant effect",
        "Functional consequence",
    ),
    "build": (
        "NCBI_Build", "NCBI build", "Genome_Build", "Build", "Assembly", "Genome assembly", "Reference genome",
        "Genome", "GRCh",
    ),
    "chromosome": ("Chromosome", "Chrom", "Chr", "#CHROM", "Chromosome name"),
    "position": (
        "Start_Position", "Start Pos", "Start", "Pos", "Position", "Genomic position", "Chromosome start",
        "GENOME_START", "Start position (bp)",
    ),
    "reference": ("Reference_Allele", "Ref", "Reference", "Ref allele", "Reference base", "GENOMIC_WT_ALLELE"),
    "alternate": (
        "Tumor_Seq_Allele2", "Alt", "Var", "Alternate", "Alternative", "Variant allele", "Alternate_Allele",
        "Alt allele", "Variant Alt", "Tumor_Allele", "GENOMIC_MUT_ALLELE",
    ),
    "alternate_1": ("Tumor_Seq_Allele1",),
    "genomic": (
        "Genomic_Change", "Genomic change", "Genomic_Location", "HGVSg", "HGVS genomic", "Genomic coordinates",
        "Locus",
    ),
    "filter": ("FILTER",),
    "sample": (
        "Tumor_Sample_Barcode", "Sample ID", "Sample", "Sample name", "Tumor_Sample", "ModelID", "DepMap_ID",
    ),
}  # fmt: skip
_CHANGE = ("protein_change", "mutation", "classification")
_LOCUS = ("chromosome", "position", "reference", "alternate")
# Any of these makes a table; each is a list of groups, of which one field must be there.
_NEEDS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("gene",), _CHANGE),
    tuple((field,) for field in _LOCUS),
    (("genomic",),),
    (("mutation",),),
)


class Columns(NamedTuple):
    """Where a header has what. places: field -> place. names: the header as written."""

    places: Mapping[str, int]
    names: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the header is that of a list of mutations."""
        return any(not self._missing(need) for need in _NEEDS)

    def _missing(self, need: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        return [group for group in need if not any(field in self.places for field in group)]

    def lacking(self) -> str:
        """What is missing, by the preferred names."""
        nearest = min(_NEEDS[:2], key=lambda need: len(self._missing(need)) / len(need))
        return ", ".join(" or ".join(FIELDS[field][0] for field in group) for group in self._missing(nearest))

    def format(self) -> str:
        """What the table is, for a person."""
        squeezed = {squeeze(name) for name in self.names}
        if "hugosymbol" in squeezed and squeezed & {"variantclassification", "tumorseqallele2", "tumorsamplebarcode"}:
            return "MAF"
        if "genomic" in self.places or squeezed & {"alteration", "tumortype"}:
            return "OncoKB-style list"
        if {"proteinchange", "mutationtype"} <= squeezed or {"sampleid", "proteinchange"} <= squeezed:
            return "cBioPortal list"
        if "gene" in self.places and not {"protein_change", "mutation"}.isdisjoint(self.places):
            return "table of genes and protein changes"
        if "mutation" in self.places:
            return "table of mutations"
        return "table of coordinates" if "position" in self.places else "table of genes and kinds of mutation"


def columns_of(names: Sequence[str]) -> Columns:
    """The fields that a header has."""
    written = tuple(name.strip().strip('"').lstrip("\ufeff") for name in names)
    at = {squeeze(name): place for place, name in reversed(list(enumerate(written))) if squeeze(name)}
    places: dict[str, int] = {}
    for field, spellings in FIELDS.items():
        place = next((at[squeeze(s)] for s in spellings if squeeze(s) in at), None)
        if place is not None and place not in places.values():
            places[field] = place
    short = next((i for i, name in enumerate(written) if name.lower() in ("p.", "p")), None)
    if "protein_change" not in places and "gene" in places and short is not None and written[short].endswith("."):
        places["protein_change"] = short
    return Columns(places, written)
