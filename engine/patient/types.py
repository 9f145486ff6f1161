"""What travels from a mutation list to its ranking: plain records, so that no step imports another.

Coordinates are 1-based as VCF and MAF write them. Nothing here is ever put into a log, an error or an address.
"""

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from engine.errors import InputError

BUILDS = ("GRCh37", "GRCh38")

# Columns of Reading.rows, all text but `row` (Int64, the file's line or sheet row, 1-based; several variants of one
# line share it) and `position` (Int64). Empty text and NA stand for what the source does not say. `text`: the row as
# written, cleaned of control characters, at most TEXT_LENGTH long. `problem`: why the row could not be read.
ROW_COLUMNS = (
    "row", "text", "gene", "protein_change", "classification", "chromosome", "position", "reference", "alternate",
    "build", "problem",
)  # fmt: skip
TEXT_LENGTH = 200
MOST_POSITIONS = 60  # mutations that are left out in turn, to see which moved a prediction

USED = "used"  # its position is a bit of the run's vocabulary
NEW_POSITION = "new_position"  # a census gene, but no training line is mutated there
OUTSIDE_CENSUS = "outside_census"  # a gene that the networks do not look at
SILENT = "silent"  # silent or non-coding: leaves the protein as it is
DUPLICATE = "duplicate"  # the same position stands in an earlier row
NOT_UNDERSTOOD = "not_understood"  # the reason says why and what to do
FATES = (USED, NEW_POSITION, OUTSIDE_CENSUS, SILENT, DUPLICATE, NOT_UNDERSTOOD)
FATE_WORDS = {
    USED: "Used",
    NEW_POSITION: "Known gene, new position",
    OUTSIDE_CENSUS: "Gene outside the census",
    SILENT: "Silent or non-coding",
    DUPLICATE: "Duplicate",
    NOT_UNDERSTOOD: "Not understood",
}
# Columns of Receipt.rows: `change` in short form (p.V600E) or empty; `bit`: place of the position in the run's
# vocabulary, NA unless used; `lines`: training lines mutated there, NA unless used; `reason`: one sentence.
RECEIPT_COLUMNS = ("row", "text", "gene", "change", "position_key", "fate", "bit", "lines", "reason")


class SeveralSamples(InputError):
    """A file with several samples, of which the person has to name one."""

    def __init__(self, samples: tuple[str, ...]) -> None:
        super().__init__(
            f"The file holds {len(samples)} samples: choose whose mutations to read (on the command line --sample)."
        )
        self.samples = samples


@dataclass(frozen=True)
class Reading:
    """A mutation list as read, nothing interpreted.

    format: for a person ("VCF with VEP annotation", "MAF", "pasted text"). rows: ROW_COLUMNS, in the file's order,
    one per variant, every row of the input in it. declared_build: what the header or the build column says: one of
    BUILDS, "mixed", or empty. build_evidence: where it says so, in words ("contig lengths", "NCBI_Build").
    """

    format: str
    rows: pd.DataFrame
    sha256: str
    declared_build: str = ""
    build_evidence: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    sample: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildVerdict:
    """Which genome build the coordinates are in.

    build: one of BUILDS, or empty where none is needed or none can be told. refused: coordinates must not be used.
    sentence: for a person, with what was checked. agree: build -> known positions whose reference base agrees, of
    `checked`.
    """

    build: str
    refused: bool
    sentence: str
    agree: dict[str, int] = field(default_factory=dict)
    checked: int = 0


@dataclass(frozen=True)
class Genome:
    """What a model sees of a patient.

    keys: every mutated census position (BRAF:600), whether the run knows it or not, sorted. sequenced: the census
    genes that were looked at; None is all of them (an exome). A census gene outside `sequenced` is unknown, not wild
    type; a gene with a mutation always counts as sequenced.
    """

    keys: tuple[str, ...]
    sequenced: frozenset[str] | None = None


@dataclass(frozen=True)
class Receipt:
    """Every row of the input with its fate. counts: every one of FATES -> rows, zero included; their sum is all rows.

    panel: in words what was sequenced ("whole exome", "panel of 52 genes", "only the genes named").
    """

    format: str
    sha256: str
    rows: pd.DataFrame
    counts: dict[str, int]
    build: BuildVerdict
    genome: Genome
    panel: str
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Rows of the input."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Case:
    """One patient or timepoint under a name the person gave. cancer_type: TCGA label, None where not told."""

    label: str
    receipt: Receipt
    cancer_type: str | None
    made_at: datetime  # UTC
    case_id: str = ""  # of the store; empty while it lives in the session only


# Columns of Ranking.table, one row per drug, sorted by z_score ascending (most sensitive first). approved (boolean,
# NA where unknown) and approval (text, e.g. "approved for cancer" or empty) | ln_ic50_pred, lower, upper (ln uM, 90
# %) and ic50_um_pred | z_score, percentile (0 to 100, share of measured lines at or below) against the n_measured
# measured lines of that drug | type_mean (ln uM, of n_type measured lines of the chosen cancer type) and
# effect_vs_type = ln_ic50_pred - type_mean; NA without a type | nearest_z: mean z, weighted by similarity, of the
# nearest_n nearest measured lines (five, and those as near as the fifth), the baseline that needs no network |
# type_z: z of type_mean, the other baseline | marker, marker_z, marker_n: the patient's mutation whose measured
# carriers differ most surely from other lines, their mean z and number; empty, NA and 0 where none stands out |
# skill, n_skill: of the model for this drug under the honest split, against that split's naive baseline (pairs
# tested) | extrapolation: boolean, the drug or the patient lies outside of what was trained on | z_low, z_high: 5th
# and 95th percentile of z over the completions, NA without any.
RANKING_COLUMNS = (
    "drug_id", "drug", "target", "pathway", "approved", "approval", "ln_ic50_pred", "lower", "upper", "ic50_um_pred",
    "z_score", "percentile", "n_measured", "type_mean", "n_type", "effect_vs_type", "nearest_z", "nearest_n", "type_z",
    "marker", "marker_z", "marker_n", "skill", "n_skill", "extrapolation", "z_low", "z_high",
)  # fmt: skip


@dataclass(frozen=True)
class NearLine:
    """A cell line with mutations. similarity: shared / all positions of either (Jaccard). drugs: measured with it."""

    cosmic_id: int
    name: str
    cancer_type: str | None
    similarity: float
    shared_positions: tuple[str, ...]
    shared_genes: tuple[str, ...]  # mutated in both, at whatever position
    drugs: int


@dataclass(frozen=True)
class Ranking:
    """Drugs for one genome.

    split: the honest split that skill and intervals come from, empty where the run has none (notes say so). naive:
    the baseline that skill is measured against. inside: whether the genome lies within what was trained on, and
    domain: why not, in one sentence. completions: plausible genomes averaged over, 0 where every gene was sequenced.
    nearest: the most similar lines of all with mutations. notes: sentences that must stand beside the numbers;
    warnings: those of them that a person has to read first.
    """

    run_id: str
    model: str
    split: str
    naive: str
    simulated: bool
    cancer_type: str | None
    table: pd.DataFrame
    nearest: tuple[NearLine, ...]
    inside: bool
    domain: str
    completions: int = 0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
