"""A gene model in Ensembl's formats: two genes that only borrow their names, one per strand, two exons each.

KRAS, chromosome 12, plus: exons 1001 to 1040 and 2001 to 2050. BRAF, chromosome 7, minus: exons 5050 to 5011 and
4050 to 4001. Both read MVKGWFERAS | PDDKILNHT*, the coding sequence begins at 1011 and 5040. A second transcript of
KRAS begins nine bases earlier and so has MAQ in front. FAKE1 is coding, no census gene, at 3000 to 3500 of 12.
"""

import gzip
from pathlib import Path

from engine.patient.gene_files import GTF, PROTEINS, TRANSCRIPTS

FRONT = "CATGGCACAG"
CODING = "ATGGTTAAAGGCTGGTTTGAACGTGCATCT" + "CCAGATGACAAGATCCTGAACCATACCTAA"
BEHIND = "GCGCGCGCGCGCGCGCGCGC"
PROTEIN = "MVKGWFERASPDDKILNHT"


def write_gene_model(folder: Path) -> Path:
    """The three files as `fetch gene-model` leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["#!genome-build GRCh37"]
    lines += _gene("KRAS", "ENSG01", "12", "+", 1001, 2050, "protein_coding")
    lines += _transcript("KRAS", "ENSG01", "ENST01", "ENSP01", "12", "+", _PLUS, (1011, 1040), True)
    lines += _transcript("KRAS", "ENSG01", "ENST02", "ENSP02", "12", "+", _PLUS, (1002, 1040), False)
    lines += _gene("BRAF", "ENSG02", "7", "-", 4001, 5050, "protein_coding")
    lines += _transcript("BRAF", "ENSG02", "ENST03", "ENSP03", "7", "-", _MINUS, (5011, 5040), True)
    lines += _gene("FAKE1", "ENSG03", "12", "+", 3000, 3500, "protein_coding")
    lines += _gene("FAKE2", "ENSG04", "12", "+", 3600, 3700, "lincRNA")
    lines += _gene("KRAS", "ENSG05", "HG1_PATCH", "+", 1, 50, "protein_coding")
    _pack(folder / GTF, "\n".join(lines) + "\n")
    spliced = FRONT + CODING + BEHIND
    cdna = {"ENST01": spliced, "ENST02": spliced, "ENST03": spliced, "ENST99": "ACGT"}
    proteins = {"ENSP01": PROTEIN, "ENSP02": f"MAQ{PROTEIN}", "ENSP03": PROTEIN, "ENSP99": "MM"}
    _pack(
        folder / TRANSCRIPTS, "".join(f">{name} cdna:known\n{text[:60]}\n{text[60:]}\n" for name, text in cdna.items())
    )
    _pack(folder / PROTEINS, "".join(f">{name}.1 pep:known\n{text}\n" for name, text in proteins.items()))
    return folder


# Exons in the order of the transcript; the coding part of the second one and its stop codon.
_PLUS = (((1001, 1040), (2001, 2050)), (2001, 2027), (2028, 2030))
_MINUS = (((5011, 5050), (4001, 4050)), (4024, 4050), (4021, 4023))


def _pack(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


def _line(chromosome, biotype, feature, span, strand, **about) -> str:
    attributes = " ".join(f'{name} "{value}";' for name, value in about.items())
    return "\t".join([chromosome, biotype, feature, str(span[0]), str(span[1]), ".", strand, "0", attributes])


def _gene(name, gene_id, chromosome, strand, start, end, biotype) -> list[str]:
    about = dict(gene_id=gene_id, gene_name=name, gene_biotype=biotype)
    return [_line(chromosome, biotype, "gene", (start, end), strand, **about)]


def _transcript(name, gene_id, transcript, protein, chromosome, strand, places, first_coding, ccds) -> list[str]:
    exons, second_coding, stop = places
    about = dict(gene_id=gene_id, transcript_id=transcript, gene_name=name, gene_biotype="protein_coding")
    if ccds:
        about |= dict(tag="CCDS", ccds_id="CCDS1")
    start = (first_coding[0], first_coding[0] + 2) if strand == "+" else (first_coding[1] - 2, first_coding[1])
    span = (min(exon[0] for exon in exons), max(exon[1] for exon in exons))
    lines = [_line(chromosome, "protein_coding", "transcript", span, strand, **about)]
    for number, (exon, coding) in enumerate(zip(exons, (first_coding, second_coding), strict=True), 1):
        numbered = about | dict(exon_number=number)
        lines.append(
            _line(chromosome, "protein_coding", "exon", exon, strand, **numbered, exon_id=f"{transcript}E{number}")
        )
        lines.append(_line(chromosome, "protein_coding", "CDS", coding, strand, **numbered, protein_id=protein))
    lines.append(_line(chromosome, "protein_coding", "start_codon", start, strand, **about, exon_number=1))
    lines.append(_line(chromosome, "protein_coding", "stop_codon", stop, strand, **about, exon_number=2))
    return lines
