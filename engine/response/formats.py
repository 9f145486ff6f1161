"""The one table of file formats: which columns each has, under which names.

Column names are compared without case, blanks and punctuation, so `Gene name`, `GENE_NAME` and `gene.name` are one.
Sources: GDSC release readmes (cancerrxgene.org), GDC MAF format v1.0.0, DepMap release readmes (depmap.org), Cell
Model Passports (cellmodelpassports.sanger.ac.uk), COSMIC download readmes (cancer.sanger.ac.uk/cosmic/download).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import InputError
from engine.files.tables import squeeze

KINDS = ("cell-lines", "drugs", "mutations", "responses")  # in the order in which they are imported
# What each kind joins to: these tables of the store travel with an import, as a worker never opens the store.
NEEDS = {
    "cell-lines": ("cell_line",),
    "drugs": (),
    "mutations": ("cell_line",),
    "responses": ("cell_line", "drug"),
}
TABLES = {"cell-lines": "cell_line", "drugs": "drug", "mutations": "mutation", "responses": "response"}


@dataclass(frozen=True)
class Format:
    """One kind of file.

    fields: our name -> the names of its column, the preferred one first.
    required: groups of fields; of each group one must be there. build: the genome build of positions, where fixed.
    signature: columns that tell this format from one with the same fields.
    """

    kind: str
    name: str
    fields: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, ...], ...]
    build: str = ""
    signature: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A format found in a header. columns: field -> its place in the header."""

    format: Format
    columns: Mapping[str, int]
    missing: tuple[tuple[str, ...], ...] = field(default=())


_LINE_IDS = {
    "cosmic_id": ("COSMIC_ID", "COSMICID", "COSMIC identifier", "COSMIC_sample_id", "cosmic"),
    "depmap_id": ("DepMap_ID", "ModelID", "BROAD_ID", "ACH_ID"),
    "sanger_id": ("SANGER_MODEL_ID", "SangerModelID", "SIDM", "model_id"),
    "ccle_name": ("CCLE_Name", "CCLE_ID", "CCLEName"),
}
_LINE_NAMES = ("CELL_LINE_NAME", "cell_line", "Sample Name", "CellLineName", "line", "model_name", "name")
_ANY_LINE = ("cosmic_id", "depmap_id", "sanger_id", "ccle_name", "line_name", "sample")
_LN_IC50 = ("LN_IC50", "ln(IC50)", "lnIC50 (uM)")
_POSITION = ("Start_Position", "Start", "Pos", "position", "GENOME_START")

FORMATS: tuple[Format, ...] = (
    Format(
        "responses",
        "GDSC fitted dose response",
        {
            **_LINE_IDS,
            "line_name": _LINE_NAMES,
            "drug_id": ("DRUG_ID", "drugid"),
            "drug_name": ("DRUG_NAME", "drug"),
            "ln_ic50": (*_LN_IC50, "IC50"),
            "ic50_um": ("IC50_uM", "IC50 (µM)", "IC50 (μM)", "IC50 micromolar"),
            "ic50_nm": ("IC50_nM", "IC50 nanomolar"),
            "auc": ("AUC",),
            "dataset": ("DATASET",),
        },
        (_ANY_LINE[:5], ("drug_id", "drug_name"), ("ln_ic50", "ic50_um", "ic50_nm")),
    ),
    Format(
        "mutations",
        "MAF",
        {
            **_LINE_IDS,
            "gene": ("Hugo_Symbol",),
            "classification": ("Variant_Classification",),
            "protein_change": ("Protein_Change", "HGVSp_Short", "HGVSp", "Amino_Acid_Change", "AAChange"),
            "sample": ("Tumor_Sample_Barcode",),
            "build": ("NCBI_Build",),
            "chromosome": ("Chromosome",),
            "start": _POSITION,
            "reference": ("Reference_Allele",),
            "alternate": ("Tumor_Seq_Allele2", "Tumor_Seq_Allele1", "Alternate_Allele"),
        },
        (("gene",), ("protein_change", "classification"), _ANY_LINE),
    ),
    Format(
        "mutations",
        "DepMap OmicsSomaticMutations",
        {
            "depmap_id": ("ModelID", "DepMap_ID"),
            "gene": ("HugoSymbol",),
            "classification": ("MolecularConsequence", "VariantInfo", "VariantClassification"),
            "protein_change": ("ProteinChange",),
            "chromosome": ("Chrom",),
            "start": ("Pos",),
            "reference": ("Ref",),
            "alternate": ("Alt",),
        },
        (("gene",), ("protein_change",), ("depmap_id",)),
        build="38",
    ),
    Format(
        "mutations",
        "COSMIC Cell Lines MutantExport",
        {
            "cosmic_id": ("ID_sample", "COSMIC_SAMPLE_ID", "COSMIC_ID"),
            "line_name": ("Sample name",),
            "gene": ("Gene name", "GENE_SYMBOL"),
            "classification": ("Mutation Description",),
            "protein_change": ("Mutation AA",),
            "build": ("GRCh",),
            "locus": ("Mutation genome position",),
            "chromosome": ("CHROMOSOME",),
            "start": ("GENOME_START",),
            "reference": ("GENOMIC_WT_ALLELE",),
            "alternate": ("GENOMIC_MUT_ALLELE",),
        },
        (("gene",), ("protein_change",), ("cosmic_id", "line_name")),
    ),
    Format(
        "mutations",
        "Cell Model Passports mutations_all",
        {
            "sanger_id": ("model_id", "SIDM"),
            "line_name": ("model_name",),
            "gene": ("gene_symbol",),
            "classification": ("effect",),
            "protein_change": ("protein_mutation", "aa_mutation"),
            "chromosome": ("chromosome", "chrom", "chr"),
            "start": ("position", "pos", "start"),
            "reference": ("reference", "ref"),
            "alternate": ("alternative", "alternate", "alt"),
        },
        (("gene",), ("protein_change",), ("sanger_id",)),
        build="38",
    ),
    Format(
        "cell-lines",
        "cell-line table with TCGA labels",
        {
            **_LINE_IDS,
            "name": _LINE_NAMES,
            "cancer_type": (
                "tcga_label",
                "TCGA_DESC",
                "Cancer Type (matching TCGA label)",
                "TCGA label",
                "cancer_type",
            ),
            "tissue": ("gdsc_tissue_1", "GDSC Tissue descriptor 1", "tissue"),
            "tissue_detail": ("gdsc_tissue_2", "GDSC Tissue descriptor 2", "tissue_detail"),
            "msi": ("msi", "Microsatellite instability Status (MSI)", "msi_status"),
            "growth": ("growth", "Growth Properties", "growth_properties"),
        },
        (("cosmic_id",), ("name",), ("cancer_type",)),
    ),
    Format(
        "cell-lines",
        "DepMap Model",
        {
            "cosmic_id": ("COSMICID", "COSMIC_ID"),
            "name": ("CellLineName", "StrippedCellLineName", "cell_line_name"),
            "depmap_id": ("ModelID", "DepMap_ID"),
            "sanger_id": ("SangerModelID", "Sanger_Model_ID"),
            "ccle_name": ("CCLEName", "CCLE_Name"),
            "tissue": ("OncotreeLineage", "lineage"),
            "tissue_detail": ("OncotreePrimaryDisease", "primary_disease"),
            "growth": ("GrowthPattern", "culture_type"),
        },
        (("cosmic_id",), ("name",), ("depmap_id",)),
    ),
    Format(
        "cell-lines",
        "Cell Model Passports model list",
        {
            "cosmic_id": ("COSMIC_ID",),
            "name": ("model_name",),
            "sanger_id": ("model_id",),
            "depmap_id": ("BROAD_ID",),
            "ccle_name": ("CCLE_ID",),
            "tissue": ("tissue",),
            "tissue_detail": ("cancer_type",),
            "msi": ("msi_status",),
            "growth": ("growth_properties",),
        },
        (("cosmic_id",), ("name",), ("sanger_id",)),
        signature=("model_id", "model_name"),  # whose cancer_type is no TCGA label
    ),
    Format(
        "drugs",
        "GDSC drug table with structures",
        {
            "drug_id": ("DRUG_ID", "drugid"),
            "name": ("DRUG_NAME", "name", "drug"),
            "target": ("TARGET", "PUTATIVE_TARGET", "targets"),
            "pathway": ("TARGET_PATHWAY", "PATHWAY_NAME", "pathway"),
            "pubchem_cid": ("PubChem_CID", "PUBCHEM", "CID", "PubChem ID"),
            "smiles_parent": ("smiles_parent", "parent_smiles"),
            "smiles": ("SMILES", "canonical_smiles", "isomeric_smiles"),
            "inchikey": ("InChIKey",),
            "note": ("note", "comment"),
        },
        (("drug_id",), ("name",)),
    ),
)


def match_format(header: Sequence[str], candidate: Format) -> Match:
    """Where the fields of one format are in a header, and what is missing."""
    places = {squeeze(column): place for place, column in reversed(list(enumerate(header))) if squeeze(column)}
    columns = {}
    for name, spellings in candidate.fields.items():
        place = next((places[squeeze(s)] for s in spellings if squeeze(s) in places), None)
        if place is not None:
            columns[name] = place
    missing = tuple(group for group in candidate.required if not any(name in columns for name in group))
    return Match(candidate, columns, missing)


def recognise(header: Sequence[str], kind: str) -> Match | None:
    """The format of `kind` that finds most of its columns in the header, None where none is complete."""
    matches = [match_format(header, candidate) for candidate in FORMATS if candidate.kind == kind]
    complete = [match for match in matches if not match.missing]
    return max(complete, key=lambda match: (_signed(header, match.format), len(match.columns)), default=None)


def dataset_of(file_name: str) -> str:
    """What responses are called that do not say it themselves: GDSC1 or GDSC2 from the file's name, else that name."""
    upper = file_name.upper()
    return next((known for known in ("GDSC1", "GDSC2") if known in upper), file_name.split(".", 1)[0])


def _signed(header: Sequence[str], candidate: Format) -> bool:
    squeezed = {squeeze(column) for column in header}
    return bool(candidate.signature) and squeezed.issuperset(map(squeeze, candidate.signature))


def nearest(header: Sequence[str], kind: str) -> Match:
    """The format of `kind` of which least is missing in the header."""
    matches = [match_format(header, candidate) for candidate in FORMATS if candidate.kind == kind]
    return min(matches, key=lambda match: (len(match.missing), -len(match.columns)))


def missing_columns(match: Match) -> list[str]:
    """What a header lacks for a format, by the names that the format gives it."""
    return [column_names(match.format, group) for group in match.missing]


def lacking(kind: str, filled: Collection[str]) -> str:
    """Why `kind` cannot be imported yet, empty where it can. filled: the store's tables that have rows."""
    for table in NEEDS[kind]:
        if table not in filled and table != TABLES[kind]:
            words = table.replace("_", " ")
            return f"The store knows no {words}s yet: import a table of {words}s before {kind}."
    return ""


def column_names(candidate: Format, group: Sequence[str]) -> str:
    """The columns of a group of fields by their preferred names, any of which will do."""
    return " or ".join(candidate.fields[name][0] for name in group if name in candidate.fields)


def refusal(header: Sequence[str], kind: str, file_name: str) -> InputError:
    """The error for a header that fits no format: what is missing, what was found, which formats are known."""
    other = next((k for k in KINDS if k != kind and recognise(header, k)), None)
    hint = f" It looks like a table of {other}: import it as that." if other else ""
    matches = [match_format(header, candidate) for candidate in FORMATS if candidate.kind == kind]
    missing = "; ".join(missing_columns(nearest(header, kind)))
    found = ", ".join(column.strip() for column in header if column.strip())
    known = "; ".join(
        f"{match.format.name} ({', '.join(column_names(match.format, group) for group in match.format.required)})"
        for match in matches
    )
    return InputError(
        f"{file_name} does not have the columns of {kind}: missing {missing}; found {found[:300] or 'none'}.{hint} "
        f"Known formats: {known}."
    )
