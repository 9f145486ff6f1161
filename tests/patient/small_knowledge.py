"""What a small run knows, typed: eleven mutations with their true coordinates in both genome builds."""

import hashlib

import pandas as pd

from engine.patient.knowledge import Knowledge
from engine.patient.types import ROW_COLUMNS, Reading
from engine.response.census import census_genes
from engine.response.fingerprint import Vocabulary

# gene, change, class, chromosome, GRCh37, GRCh38, reference, alternate, training lines
_MUTATIONS = (
    ("BRAF", "p.V600E", "Missense_Mutation", "7", 140453136, 140753336, "A", "T", 61),
    ("BRAF", "p.V600K", "Missense_Mutation", "", None, None, "", "", 61),
    ("KRAS", "p.G12D", "Missense_Mutation", "12", 25398284, 25245350, "C", "T", 70),
    ("KRAS", "p.G12V", "Missense_Mutation", "12", 25398284, 25245350, "C", "A", 70),
    ("TP53", "p.R175H", "Missense_Mutation", "17", 7578406, 7675088, "C", "T", 31),
    ("TP53", "p.R213*", "Nonsense_Mutation", "17", 7578212, 7674894, "G", "A", 14),
    ("TP53", "", "Splice_Site", "", None, None, "", "", 45),
    ("TP53", "p.Y126D", "Missense_Mutation", "", None, None, "", "", 3),
    ("TP53", "p.D126Y", "Missense_Mutation", "", None, None, "", "", 3),
    ("EGFR", "p.E746_A750del", "In_Frame_Del", "7", 55242465, 55174772, "GGAATTAAGAGAAGC", "-", 5),
    ("KMT2D", "p.P2354fs", "Frame_Shift", "", None, None, "", "", 1),
    ("MET", "", "Splice_Site", "", None, None, "", "", 2),
)


def small_knowledge() -> Knowledge:
    """Seven genes' positions as the run of `_MUTATIONS` has them."""
    names = [
        "gene", "protein_change", "classification", "chromosome", "start_grch37", "start_grch38", "reference",
        "alternate", "lines",
    ]  # fmt: skip
    known = pd.DataFrame(_MUTATIONS, columns=names).astype({"start_grch37": "Int64", "start_grch38": "Int64"})
    number = known["protein_change"].str.extract(r"(\d+)")[0]
    known["position_key"] = known["gene"] + ":" + number.fillna(known["classification"])
    known["simulated"] = False
    lines = {str(key): int(count) for key, count in zip(known["position_key"], known["lines"], strict=True)}
    vocabulary = Vocabulary.build(known)
    return Knowledge("run-1", vocabulary, lines, census_genes(), known.drop(columns="lines"))


def reading(*rows: tuple[str, ...], **row_values: list[object]) -> Reading:
    """A reading of (gene, change, word) rows numbered from 1; row_values: other columns, one value per row."""
    written = [(*row, "", "", "")[:3] for row in rows]
    values: dict[str, list[object]] = {
        "row": list(range(1, len(rows) + 1)),
        "text": [" ".join(row).strip() for row in rows],
        "gene": [row[0] for row in written],
        "protein_change": [row[1] for row in written],
        "classification": [row[2] for row in written],
        **row_values,
    }
    frame = pd.DataFrame(values, index=range(len(rows))).reindex(columns=list(ROW_COLUMNS))
    text = [name for name in ROW_COLUMNS if name not in ("row", "position")]
    frame = frame.astype({"row": "Int64", "position": "Int64"})
    frame[text] = frame[text].astype("str").fillna("")
    return Reading("typed", frame, hashlib.sha256(repr(rows).encode()).hexdigest())
