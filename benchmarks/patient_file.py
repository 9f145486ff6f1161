"""How fast a VCF of 100,000 rows is read, beside the plain way, in one run on this machine.

    .venv/bin/python benchmarks/patient_file.py [--rows 100000] [--json]

Synthetic: every record has the INFO fields of a somatic caller, VEP's CSQ of two transcripts (23 fields each) and the
genotypes of a tumour and its normal tissue. The plain way makes vcfpy's record of every line, splits every
transcript's annotation into its fields and keeps one dictionary per allele. Each side runs in a process of its own,
which tells its seconds and its peak memory; both find the same genes and protein changes.
"""

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROWS = 100_000
SAMPLES = ("NORMAL", "TUMOR")
FIELDS = (
    "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|EXON|INTRON|HGVSc|HGVSp|cDNA_position|"
    "CDS_position|Protein_position|Amino_acids|Codons|Existing_variation|DISTANCE|STRAND|CANONICAL|MANE_SELECT|SIFT"
)
GENES = ("BRAF", "TP53", "KRAS", "TTN", "MUC16", "PIK3CA", "OBSCN", "EGFR")
HEADER = f"""##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=ECNT,Number=1,Type=Integer,Description="Events">
##INFO=<ID=TLOD,Number=A,Type=Float,Description="Log odds">
##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: {FIELDS}">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depth per allele">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="Fraction">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##contig=<ID=7,length=159138663,assembly=GRCh37>
##reference=GRCh37.fa
"""


def generate(rows: int, seed: int = 0) -> bytes:
    """A gzipped VCF."""
    rng = np.random.default_rng(seed)
    lines = [HEADER + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(SAMPLES)]
    places = np.sort(rng.choice(150_000_000, rows, replace=False)) + 1
    genes, residues, depths = (
        rng.integers(0, len(GENES), rows),
        rng.integers(1, 2000, rows),
        rng.integers(20, 400, rows),
    )
    for place, gene, residue, depth in zip(places, genes, residues, depths, strict=True):
        symbol = GENES[gene]
        transcripts = ",".join(
            f"T|missense_variant|MODERATE|{symbol}|ENSG{gene:011d}|Transcript|ENST{gene:010d}{i}|protein_coding|15/18||"
            f"ENST{gene:010d}{i}.3:c.{3 * residue - 1}C>T|ENSP{gene:010d}{i}.2:p.Val{residue + 40 * i}Glu|"
            f"{3 * residue + 60}|{3 * residue - 1}|{residue + 40 * i}|V/E|gTg/gAg|rs{place}||1|"
            f"{'YES' if i == 0 else ''}|{'NM_00433' + str(gene) + '.6' if i == 0 else ''}|deleterious(0)"
            for i in (1, 0)
        )
        lines.append(
            f"7\t{place}\t.\tC\tT\t.\tPASS\tDP={2 * depth};ECNT=1;TLOD=12.5;CSQ={transcripts}\tGT:AD:AF:DP\t"
            f"0/0:{depth},0:0.0:{depth}\t0/1:{depth - 9},9:0.1:{depth}"
        )
    return gzip.compress(("\n".join(lines) + "\n").encode(), 1)


def plain(content: bytes) -> pd.DataFrame:
    """Every record as vcfpy's object, every annotation in full."""
    import vcfpy

    reader = vcfpy.Reader.from_stream(io.TextIOWrapper(gzip.GzipFile(fileobj=io.BytesIO(content)), encoding="utf-8"))
    names = FIELDS.split("|")
    found: list[dict[str, Any]] = []
    for record in reader:
        call = record.call_for_sample["TUMOR"]
        transcripts = [dict(zip(names, text.split("|"), strict=True)) for text in record.INFO["CSQ"]]
        for i, alternate in enumerate(record.ALT, 1):
            own = [t for t in transcripts if t["Allele"] == alternate.value]
            best = min(own, key=lambda t: not t["MANE_SELECT"])
            if i in call.gt_alleles and record.FILTER == ["PASS"]:
                row = {"chromosome": record.CHROM, "position": record.POS, "reference": record.REF}
                row |= {"alternate": alternate.value, "gene": best["SYMBOL"]}
                found.append({**row, "protein_change": best["HGVSp"].partition(":")[2]})
    return pd.DataFrame(found)


def ours(content: bytes) -> pd.DataFrame:
    """The engine's reader."""
    from engine.patient.read import read

    return read(content, sample="TUMOR").rows


WAYS: dict[str, Callable[[bytes], pd.DataFrame]] = {"plain": plain, "ours": ours}


def work(way: str, content: bytes) -> dict[str, Any]:
    """Runs one way in this process: what it took, and what it found."""
    WAYS[way](generate(1))  # imports are not counted
    started, worked = time.perf_counter(), time.process_time()
    table = WAYS[way](content)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    words = table["gene"].astype(str) + " " + table["protein_change"].astype(str)
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    # Of the whole process, libraries included; getrusage would tell the parent's peak where that was higher.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    mib = int(peak.split()[1]) / 1024
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": mib, "rows": len(table), "digest": digest}


def measure(rows: int) -> dict[str, Any]:
    """Seconds, computing seconds and peak memory of both ways on the same file, and their ratio."""
    content = generate(rows)
    result: dict[str, Any] = {"rows": rows, "packed_mb": len(content) / 1e6}
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way]
        result[way] = json.loads(subprocess.run(command, input=content, capture_output=True, check=True).stdout)
    result["ratio"] = result["plain"]["cpu_seconds"] / result["ours"]["cpu_seconds"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--way", choices=WAYS, help="read a file from standard input this way, and tell what it took")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(work(arguments.way, sys.stdin.buffer.read())))
        return
    found = measure(arguments.rows)
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    print(f"VCF of {found['rows']:,} rows, {found['packed_mb']:.1f} MB packed")
    for way in WAYS:
        took = found[way]
        print(f"{way:6} {took['seconds']:.1f} s (CPU {took['cpu_seconds']:.1f}), peak {took['peak_mib']:,.0f} MiB")
    print(f"ratio {found['ratio']:.1f}, same mutations: {found['plain']['digest'] == found['ours']['digest']}")


if __name__ == "__main__":
    main()
