"""Small chain files: the surroundings of a few hotspots, one of them turned round."""

import gzip
from pathlib import Path

from engine.patient.coordinates import chromosome_lengths

# Source chromosome, start of the block (0-based), its length, target chromosome, strand, and the target's start as the
# chain format counts it: on the minus strand from the far end of the chromosome.
TO_GRCH37 = (
    ("7", 140753000, 1000, "7", "+", 140452800),  # BRAF, 300,200 bases earlier
    ("9", 5073000, 1000, "9", "+", 5073000),  # JAK2, the same
    ("17", 7675000, 50, "17", "+", 7578318),  # TP53 175, and right behind it 10 bases that are gone
    ("17", 7675060, 500, "17", "+", 7578378),
    ("12", 25245000, 1000, "12", "-", 108453262),  # KRAS 12, turned round for the test: in truth it is not
    ("3", 1000, 100, "3", "+", 5000),  # two places
    ("3", 1000, 100, "3", "+", 9000),
    ("1", 1000, 100, "2", "+", 5000),  # another chromosome
)
TO_GRCH38 = (("7", 140452800, 1000, "7", "+", 140753000), ("17", 7578378, 500, "17", "+", 7675060))


def write_chain(path: Path, blocks=TO_GRCH37, source="GRCh38", target="GRCh37", prefix="") -> Path:
    """prefix: chr as UCSC writes, empty as Ensembl. Packed where the name ends in .gz."""
    lengths = chromosome_lengths()
    text = ""
    for number, (name, start, size, to, strand, to_start) in enumerate(blocks, 1):
        from_size, to_size = lengths.loc[name, source], lengths.loc[to, target]
        text += f"chain {1000 - number} {prefix}{name} {from_size} + {start} {start + size} "
        text += f"{prefix}{to} {to_size} {strand} {to_start} {to_start + size} {number}\n{size}\n\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path
