"""Variants as the sources write them -> MAF class and position key.

A mutated position is keyed by gene and protein residue (BRAF:600), or by gene and class (TP53:Splice_Site) where no
residue is given. That needs no genome build and is what cell-line data and clinical reports both give.
"""

import re

import pandas as pd

# Every effect word we know, squeezed to letters and digits, -> MAF Variant_Classification.
# MAF: GDC MAF format v1.0.0. Sequence Ontology terms: Ensembl VEP, which DepMap and COSMIC since v98 use.
# Frame_Shift is the one term that MAF lacks: a frame shift whose direction (Del or Ins) the source does not tell.
# fmt: off
_WORDS: dict[str, tuple[str, ...]] = {
    "Missense_Mutation": (
        "missense_mutation", "missense", "missense_variant", "substitution - missense",
        "complex_sub", "complex - compound substitution", "protein_altering_variant", "coding_sequence_variant",
    ),
    "Nonsense_Mutation": ("nonsense_mutation", "nonsense", "stop_gained", "substitution - nonsense", "stopgain"),
    "Nonstop_Mutation": (
        "nonstop_mutation", "nonstop", "stop_lost", "nonstop extension", "stop_codon_del", "stop_codon_ins",
    ),
    "Translation_Start_Site": (
        "translation_start_site", "start_lost", "start_codon_snp", "start_codon_del", "start_codon_ins",
        "initiator_codon_variant",
    ),
    "Splice_Site": (
        "splice_site", "ess_splice", "essential_splice_site", "splice", "splice_acceptor_variant",
        "splice_donor_variant", "splice_site_snp", "splice_site_del", "splice_site_ins",
    ),
    "Frame_Shift_Del": (
        "frame_shift_del", "deletion - frameshift", "frameshift_deletion", "frameshift del", "frame shift deletion",
    ),
    "Frame_Shift_Ins": (
        "frame_shift_ins", "insertion - frameshift", "frameshift_insertion", "frameshift ins",
        "frame shift insertion",
    ),
    "Frame_Shift": ("frame_shift", "frameshift_variant", "complex - frameshift"),
    "In_Frame_Del": (
        "in_frame_del", "deletion", "inframe_deletion", "deletion - in frame", "in frame deletion",
        "disruptive_inframe_deletion", "conservative_inframe_deletion",
    ),
    "In_Frame_Ins": (
        "in_frame_ins", "insertion", "inframe_insertion", "insertion - in frame", "in frame insertion",
        "disruptive_inframe_insertion", "conservative_inframe_insertion",
    ),
    # An in-frame change that neither adds nor removes only: COSMIC's delins and the Passports' "inframe".
    "In_Frame_Indel": ("in_frame_indel", "inframe", "complex - deletion inframe", "complex - insertion inframe"),
    "Whole_Gene_Deletion": ("whole_gene_deletion", "whole gene deletion", "cds_disrupted", "transcript_ablation"),
    "Silent": (
        "silent", "synonymous", "synonymous_variant", "substitution - coding silent", "coding silent",
        "stop_retained_variant", "start_retained_variant", "incomplete_terminal_codon_variant",
    ),
    "Splice_Region": (
        "splice_region", "splice_region_variant", "splice_polypyrimidine_tract_variant",
        "splice_donor_region_variant", "splice_donor_5th_base_variant", "extended_intronic_splice_region_variant",
    ),
    "Intron": ("intron", "intronic", "intron_variant", "intragenic_variant"),
    "5'UTR": (
        "5'utr", "five_prime_utr", "5prime_utr", "5_prime_utr_variant", "5prime_utr_ess_splice",
        "de_novo_start_outofframe",
        "de_novo_start_out_frame", "de_novo_start_in_frame",
        "de_novo_start_inframe", "5_prime_utr_premature_start_codon_gain_variant",
    ),
    "3'UTR": ("3'utr", "three_prime_utr", "3prime_utr", "3_prime_utr_variant", "3prime_utr_ess_splice"),
    "5'Flank": ("5'flank", "five_prime_flank", "upstream", "upstream_gene_variant"),
    "3'Flank": ("3'flank", "three_prime_flank", "downstream", "downstream_gene_variant"),
    "IGR": ("igr", "intergenic", "intergenic_variant", "intergenic_region"),
    "RNA": (
        "rna", "lincrna", "ncrna", "non_coding_transcript_exon_variant", "non_coding_transcript_variant",
        "nc_variant", "mature_mirna_variant",
    ),
    "Targeted_Region": ("targeted_region", "regulatory_region_variant", "tf_binding_site_variant"),
}
# fmt: on
NOT_CODING = frozenset(
    {"Silent", "Splice_Region", "Intron", "5'UTR", "3'UTR", "5'Flank", "3'Flank", "IGR", "RNA", "Targeted_Region"}
)
UNKNOWN = "Unknown"  # a class word that is missing or not in the table, with no protein change to tell

# A dash stands for the residue that an insertion does not replace (Oncotator: p.-287fs); p.0 says no protein is made;
# the number in p.fs*12 counts residues to the new stop.
_RESIDUE = re.compile(r"^(?!fs|ext)(?:-|[A-Za-z*]*?)([1-9]\d*)")
_SUBSTITUTION = re.compile(r"^([A-Za-z]+|\*)(\d+)([A-Za-z]+|\*|=)$")


def _squeeze(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


_TERMS = {_squeeze(word): term for term, words in _WORDS.items() for word in (term, *words)}


def _protein(protein_change: str) -> str:
    """The change without transcript, `p.` and brackets: ENSP1:p.(Val600Glu) -> Val600Glu. VEP writes = as %3D."""
    text = protein_change.strip().rsplit(":", 1)[-1].replace("%3D", "=")
    return text.removeprefix("p.").strip("()[] ")


def residue(protein_change: str) -> int | None:
    """The first affected residue's number, None where the change names none.

    p.V600E -> 600, p.E746_A750del -> 746, p.K101Nfs*5 -> 101, p.-287fs -> 287, p.(Val600Glu) -> 600,
    p.38_38A>AA -> 38; None for p.?, p.= and p.0?. None for cBioPortal's p.X125_splice too: that residue lies beside
    the splice site and stays as it is, and other sources give none.
    """
    text = _protein(protein_change)
    found = None if text.endswith("_splice") else _RESIDUE.match(text)
    return int(found.group(1)) if found else None


def _class_of_change(protein_change: str) -> str:
    """What a protein change says about its class, for sources that give no usable class word."""
    text = _protein(protein_change)
    if text == "=":
        return "Silent"
    if text.endswith("_splice"):
        return "Splice_Site"
    if "fs" in text:
        return "Frame_Shift"
    if not _RESIDUE.match(text):
        return UNKNOWN
    if re.match(r"M(et)?1(\?|ext)", text):
        return "Translation_Start_Site"
    if "ext" in text:
        return "Nonstop_Mutation"
    if "delins" in text:
        return "In_Frame_Indel"
    if "del" in text:
        return "In_Frame_Del"
    if "ins" in text or "dup" in text:
        return "In_Frame_Ins"
    substitution = _SUBSTITUTION.match(text)
    if substitution is None:
        return UNKNOWN
    before, _, after = substitution.groups()
    if after in ("=", before):
        return "Silent"
    if after in ("*", "Ter", "X"):
        return "Nonsense_Mutation"
    return "Nonstop_Mutation" if before in ("*", "Ter") else "Missense_Mutation"


def maf_class(word: str | None, protein_change: str | None = None) -> str:
    """The MAF Variant_Classification of a source's effect word.

    word: any source's term; where several are joined (`missense_variant&splice_region_variant`) the first that
    changes the protein counts. With no usable word the protein change decides; `Unknown` where that tells nothing.
    """
    terms = [_TERMS[squeezed] for part in re.split(r"[&,;|]", word or "") if (squeezed := _squeeze(part)) in _TERMS]
    if not terms:
        return _class_of_change(protein_change or "")
    return next((term for term in terms if term not in NOT_CODING), terms[0])


def position_key(gene: str, protein_change: str | None, classification: str) -> str:
    """GENE:residue, or GENE:class where the change names no residue.

    gene: symbol; protein_change: as the source has it, may be empty; classification: any source's class word.
    position_key("BRAF", "p.V600E", "Missense_Mutation") -> "BRAF:600"; ("TP53", "", "Splice Site") ->
    "TP53:Splice_Site". The direction of a frame shift is left out of the key, as not every source tells it.
    """
    number = residue(protein_change or "")
    if number is not None:
        return f"{gene}:{number}"
    term = maf_class(classification, protein_change)
    return f"{gene}:{'Frame_Shift' if term.startswith('Frame_Shift') else term}"


def classify(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with columns gene, protein_change, classification (source words) -> MAF classes and `position_key`.

    Each distinct word and change is looked at once: a file has millions of rows and thousands of distinct changes.
    """
    words = frame[["gene", "classification", "protein_change"]].fillna("").astype(str)
    distinct = words.drop_duplicates()
    classes = [maf_class(w, p) for w, p in zip(distinct["classification"], distinct["protein_change"], strict=True)]
    genes_and_changes = zip(distinct["gene"], distinct["protein_change"], classes, strict=True)
    keys = [position_key(gene, change, term) for gene, change, term in genes_and_changes]
    known = distinct.assign(maf=pd.array(classes, dtype="str"), position_key=pd.array(keys, dtype="str"))
    found = words.merge(known, on=["gene", "classification", "protein_change"], how="left")
    return frame.assign(classification=found["maf"].to_numpy(), position_key=found["position_key"].to_numpy())
