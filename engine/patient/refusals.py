"""What people write where a protein change belongs and what is none, each with the reason why it is not used."""

import re

GENERAL = "The protein change cannot be understood: write it like V600E, R213*, K101Nfs*5, E746_A750del or p.Val600Glu."
_ELSE = "the networks look at mutated protein positions only, so it is not used"

# In this order, the first that is found counts. Patterns look at lower case.
_REASONS = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (
            r"\bwt\b|wild[\s-]?type|\bnegative\b|not (?:detected|found|mutated)|\bno (?:mutation|variant)|\bnormal\b",
            "This says that no mutation was found: leave it out, and name the gene in the list of sequenced genes.",
        ),
        (  # exon 19 deletion, exon20 insertion, exon 14 skipping; c. behind it (exon15:c.1799T>A) has its own reason
            r"^(?!.*(?:^|[:\s(\[])c\.).*(?:\bexons?(?![a-z])|\bex\s?\d)",
            "An exon alone names no residue: give the protein change, such as E746_A750del.",
        ),
        (
            r"ampli|\bamp\b|\bgain\b|\bloss\b|\bcnv?\b|copy[\s-]?number|hom\w*del|hetloss|shallowdel|deep[\s_-]?del"
            r"|\bdeleted\b|\bdeletions?\b|\bduplications?\b|\bloh\b",
            f"A copy-number change or a loss without a position is no mutated position; {_ELSE}.",
        ),
        (
            r"\bitd\b|tandem",
            "A tandem duplication needs its position: write it like D600_L601insFREYEYD or D593_F594dup.",
        ),
        (
            r"fusion|rearrang|transloc|inversion|\bsv\b|::|^t\(\d+|viii\b|^[a-z]\w{2,}-[a-z]\w{2,}$",
            f"A fusion or rearrangement is no mutated position; {_ELSE}.",
        ),
        (
            r"expres|methyl|\bpositive\b|\bhigh\b|\blow\b|\bmsi\b|\bmsi-h\b|\bmss\b|\btmb\b|\bihc\b",
            f"Expression, methylation and other markers are no mutated positions; {_ELSE}.",
        ),
        (
            r"(?:^|[:\s(\[])c\.\s*\S|(?:^|\s)ivs\d|^\d+[acgt]+>[acgt]+$|^\d+[+-]\d+[acgt]>[acgt]$",
            "A coding-DNA name (c.) does not say which residue of the protein changes: give the protein change, such "
            "as p.V600E, or chromosome, position and both alleles.",
        ),
        (
            r"(?:^|[:\s(\[])[gm]\.\s*\d",
            "A genomic name gives no protein change: write chromosome, position and both alleles, as in "
            "7:140453136 A>T.",
        ),
        (
            r"(?:^|[:\s(\[])[nr]\.\s*\S",
            "A name on a transcript without protein (n. or r.) gives no protein change: write it like p.V600E.",
        ),
        (
            r"^(?:rs|cosm|cosv|clinvar|rcv|vcv)\d+$",
            "The identifier of a database does not name the residue: give the protein change, such as V600E.",
        ),
        (
            r"\bpromoter\b",
            f"A change of the promoter leaves the protein as it is; {_ELSE}.",
        ),
        (
            r"truncat|\blof\b|oncogenic|^mut(?:ated|ant|ation)?$|^yes$|^x$|hotspot|activating",
            "Neither the kind nor the position of the change is told: write it like R213* or V600E.",
        ),
        (
            r"^[\d.,]+$",
            "A plain number is no protein change: write both residues too, as in V600E.",
        ),
        (
            r"xaa|asx|glx|xle|pyl",
            "A three-letter code stands for no single amino acid of human proteins.",
        ),
        (
            r"[a-z*]\d+[a-z0-9_*=?>]*\s*(?:[;,/|+&^]|\band\b|\bor\b)\s*[a-z*=?]",
            "Several changes stand in one place: give each a row of its own.",
        ),
    )
)


def why_not(text: str) -> str:
    """The reason, one sentence that quotes nothing, why this text is no protein change."""
    lowered = text.strip().lower()
    return next((reason for pattern, reason in _REASONS if pattern.search(lowered)), GENERAL)
