"""Mutations of simulated cell lines: known drivers as often as published, passengers by each type's burden."""

import numpy as np
import pandas as pd

from engine.demo import facts
from engine.demo.sizes import Size
from engine.response.census import census_genes

UNLISTED_LENGTH = 600  # residues, of the census genes whose protein's length is not in the table
RECURRING = 0.08  # passengers seen again in another line, per position; about 7.6 % of positions recur in CCLE
HYPERMUTATED = 8.0  # times the burden, lines with microsatellite instability
BURDEN_SPREAD = 0.45  # s.d. of ln burden between lines of a type
# Drivers of one pathway seldom meet in one tumour, so a line has at most one change of these genes.
# A resistance change arises in a tumour that treatment selected: it comes on top of the sensitising one.
ON_TOP_OF = {"EGFR p.T790M": "EGFR p.L858R"}
EXCLUSIVE = ("BRAF", "EGFR", "HRAS", "KRAS", "NRAS")
AMINO_ACIDS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
CLASSES = np.array(["Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del"])
CLASS_SHARE = (0.80, 0.07, 0.07, 0.04, 0.02)
CLASS_SHARE_MSI = (0.58, 0.06, 0.26, 0.08, 0.02)  # slipped repeats shift the frame
LOSSES = np.array(["Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "Splice_Site"])
LOSS_SHARE = (0.45, 0.3, 0.13, 0.12)
COLUMNS = ["line", "gene", "residue", "protein_change", "classification"]


class Genome:
    """Every residue of every gene as one running number, so that draws over all genes are single calls."""

    def __init__(self, n_genes: int) -> None:
        lengths = facts.gene_lengths()
        self.genes = sorted(
            [*lengths, *[g for g in sorted(census_genes()) if g not in lengths][: n_genes - len(lengths)]]
        )
        self.lengths = np.array([lengths.get(gene, UNLISTED_LENGTH) for gene in self.genes])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.first = {gene: int(start) for gene, start in zip(self.genes, self.starts, strict=False)}

    def __len__(self) -> int:
        return int(self.starts[-1])

    def cells(self, genes: pd.Series, residues: pd.Series) -> np.ndarray:
        """The running numbers of residues (1-based) of genes."""
        return genes.map(self.first).to_numpy() + residues.to_numpy() - 1

    def gene_of(self, cells: np.ndarray) -> np.ndarray:
        """The genes' places in `genes`."""
        return np.searchsorted(self.starts, cells, side="right") - 1


def simulate_mutations(size: Size, types: np.ndarray, msi: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Mutations of lines with the given cancer types and microsatellite states.

    types: (n,) str; msi: (n,) bool, instable. Returns rows of line (0 to n - 1), gene, residue (0 for a splice site),
    protein_change, classification; exactly size.positions distinct positions in exactly size.genes genes, and at
    least one in every line.
    """
    genome = Genome(size.genes)
    drivers = pd.concat([_hotspots(types, rng), _losses(types, rng)])
    passengers = _passengers(size, genome, types, msi, drivers, rng)
    found = pd.concat([drivers, passengers]).drop_duplicates(["line", "gene", "residue"])
    return found.sort_values(["line", "gene", "residue"], ignore_index=True)[COLUMNS]


def _even(types: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) uniform numbers spread evenly over the lines of a type: 10 lines at a share of 0.5 give 5 carriers."""
    even = np.empty(len(types))
    for cancer_type in np.unique(types):
        of_type = np.flatnonzero(types == cancer_type)
        even[of_type] = (rng.permutation(len(of_type)) + rng.random(len(of_type))) / len(of_type)
    return even


def _hotspots(types: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """At most one hotspot per line and gene (or group of exclusive genes), but for ON_TOP_OF."""
    groups: dict[str, list[facts.Driver]] = {}
    for driver in facts.hotspots():
        groups.setdefault("" if driver.gene in EXCLUSIVE else driver.gene, []).append(driver)
    rows = []
    for _, drivers in sorted(groups.items()):
        shares = np.array([[driver.frequency.get(t, 0.0) for driver in drivers] for t in types])
        chosen = (_even(types, rng)[:, None] >= np.cumsum(shares, axis=1)).sum(axis=1)
        named = {f"{driver.gene} {driver.protein_change}": driver for driver in drivers}
        for line in np.flatnonzero(chosen < len(drivers)):
            driver = drivers[chosen[line]]
            below = named.get(ON_TOP_OF.get(f"{driver.gene} {driver.protein_change}", ""))
            for found in (driver, below) if below else (driver,):
                rows.append((line, found.gene, found.residue, found.protein_change, found.classification))
    return pd.DataFrame(rows, columns=COLUMNS)


def _losses(types: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Truncating changes anywhere in tumour suppressors."""
    lengths, rows = facts.gene_lengths(), []
    for gene, frequency in sorted(facts.losses().items()):
        share = np.array([frequency.get(t, 0.0) for t in types])
        # Drawn apart from the hotspots of the gene: in a line that has one, this is the second hit.
        for line in np.flatnonzero(_even(types, rng) < share):
            word = str(rng.choice(LOSSES, p=LOSS_SHARE))
            place = int(rng.integers(2, lengths[gene]))
            rows.append((line, gene, 0 if word == "Splice_Site" else place, "", word))
    found = pd.DataFrame(rows, columns=COLUMNS)
    inside = found["residue"] > 0
    found.loc[inside, "protein_change"] = _changes(found[inside], rng)
    return found


def _passengers(
    size: Size, genome: Genome, types: np.ndarray, msi: np.ndarray, drivers: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """As many new positions as the drivers leave to reach size.positions, each of a line drawn by its burden."""
    coded = drivers[drivers["residue"] > 0]
    taken = np.zeros(len(genome), bool)
    taken[genome.cells(coded["gene"], coded["residue"])] = True
    wanted = size.positions - len(drivers.drop_duplicates(["gene", "residue"]))
    free = np.flatnonzero(~taken)
    # One residue of every gene first, so that no gene is left without a mutation.
    per_gene = genome.starts[:-1] + (rng.random(len(genome.genes)) * genome.lengths).astype(int)
    per_gene = per_gene[~taken[per_gene]]
    rest = rng.choice(np.setdiff1d(free, per_gene), wanted - len(per_gene), replace=False, shuffle=False)
    new = rng.permutation(np.concatenate([per_gene, rest]))
    weight = _burden(types, msi, rng)
    # One for every line first: a line without any mutation would be left out of training.
    owner = np.concatenate([np.arange(len(types)), rng.choice(len(types), len(new) - len(types), p=weight)])
    again = rng.choice(new, round(RECURRING * len(new)))
    cells = np.concatenate([new, again])
    line = np.concatenate([owner, rng.choice(len(types), len(again), p=weight)])
    gene = genome.gene_of(cells)
    found = pd.DataFrame(
        {
            "line": line,
            "gene": np.array(genome.genes)[gene],
            "residue": cells - genome.starts[gene] + 1,
            "classification": _classes(msi[line], rng),
        }
    )
    found["protein_change"] = _changes(found, rng)
    return found


def _burden(types: np.ndarray, msi: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) shares of all passengers; a type's share is that of its published mutated positions."""
    table = facts.cancer_types().set_index("cancer_type")
    burden = np.exp(BURDEN_SPREAD * rng.standard_normal(len(types))) * np.where(msi, HYPERMUTATED, 1.0)
    lines = dict(zip(*np.unique(types, return_counts=True), strict=True))
    for cancer_type, n in lines.items():
        of_type = types == cancer_type
        per_line = table.at[cancer_type, "mutated_positions"] / table.at[cancer_type, "lines"]
        burden[of_type] *= n * per_line / burden[of_type].sum()
    return np.asarray(burden / burden.sum())


def _classes(msi: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(len(msi))[:, None]
    shares = np.where(msi[:, None], np.cumsum(CLASS_SHARE_MSI), np.cumsum(CLASS_SHARE))
    return CLASSES[np.minimum((draw >= shares).sum(axis=1), len(CLASSES) - 1)]


def _changes(rows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Protein changes that fit class and residue; the amino acids are drawn, not those of the real protein."""
    before = rng.integers(0, 20, len(rows))
    after = (before + rng.integers(1, 20, len(rows))) % 20
    word = rows["classification"].to_numpy(dtype=object)
    end = np.select(
        [word == "Nonsense_Mutation", np.isin(word, ["Frame_Shift_Del", "Frame_Shift_Ins"]), word == "In_Frame_Del"],
        [np.full(len(rows), "*", object), np.full(len(rows), "fs", object), np.full(len(rows), "del", object)],
        AMINO_ACIDS[after].astype(object),
    )
    return "p." + AMINO_ACIDS[before].astype(object) + rows["residue"].astype(str).to_numpy(dtype=object) + end
