"""The six real exomes: every row accounted for, the line's positions recovered, the line nearest to itself."""

from pathlib import Path

import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from engine.patient.knowledge import Knowledge
from engine.patient.locate import Resources
from engine.patient.read import read
from engine.patient.types import FATES, NOT_UNDERSTOOD, Receipt
from engine.patient.understand import understand
from engine.response.census import census_genes, current_symbols
from engine.response.domain import nearest
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.variants import NOT_CODING, classify

pytestmark = pytest.mark.real_data

# file -> line of the CCLE table, rows of the file, positions of the line in the table, of these in the genome
EXOMES = {
    "A549": ("A549_LUNG", 785, 32, 31),
    "HCT-116": ("HCT116_LARGE_INTESTINE", 4416, 206, 201),
    "K-562": ("K562_HAEMATOPOIETIC_AND_LYMPHOID_TISSUE", 508, 25, 24),
    "MALME-3M": ("MALME3M_SKIN", 320, 14, 14),
    "MCF7": ("MCF7_BREAST", 659, 29, 28),
    "SK-MEL-5": ("SKMEL5_SKIN", 813, 29, 28),
}


@pytest.fixture(scope="module")
def table(real_data: Path) -> pd.DataFrame:
    """Protein-changing census mutations of 1,570 lines: columns of `Knowledge.known` and `line`."""
    raw = pd.read_csv(real_data / "response" / "CCLE_census_mutations.maf.gz", sep="\t", dtype=str)
    names = {
        "Hugo_Symbol": "gene",
        "Variant_Classification": "classification",
        "Protein_Change": "protein_change",
        "Chromosome": "chromosome",
        "Start_Position": "start_grch37",
        "Tumor_Sample_Barcode": "line",
    }
    rows = raw.rename(columns=names)
    rows["gene"] = current_symbols(rows["gene"])
    rows = classify(rows)
    rows = rows[~rows["classification"].isin(NOT_CODING) & rows["gene"].isin(census_genes())]
    text = ["protein_change", "chromosome"]
    rows[text] = rows[text].fillna("")
    rows["start_grch37"] = pd.to_numeric(rows["start_grch37"]).astype("Int64")
    return rows.assign(
        start_grch38=pd.array([pd.NA] * len(rows), dtype="Int64"), reference="", alternate="", simulated=False
    )


@pytest.fixture(scope="module")
def knowledge(table: pd.DataFrame) -> Knowledge:
    """As if a run had been trained on every line of the table."""
    lines = table.drop_duplicates(["line", "position_key"])["position_key"].value_counts()
    return Knowledge(
        "all lines", Vocabulary.build(table), {str(key): int(n) for key, n in lines.items()}, census_genes(),
        table.drop(columns="line").drop_duplicates(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def receipts(real_data: Path, knowledge: Knowledge) -> dict[str, Receipt]:
    return {
        name: understand(
            read((real_data / "patients" / f"{name}.GRCh37.maf.gz").read_bytes()),
            knowledge,
            found=Resources(None, None),
        )
        for name in EXOMES
    }


@pytest.mark.parametrize("name", EXOMES)
def test_every_row_is_accounted_for(name, receipts):
    receipt = receipts[name]
    _, rows, _, _ = EXOMES[name]
    assert receipt.total == len(receipt.rows) == rows
    assert receipt.rows["row"].tolist() == list(range(2, rows + 2))  # the header is row 1
    assert set(receipt.rows["fate"]) <= set(FATES)
    assert receipt.rows["reason"].str.len().min() > 10
    assert receipt.genome.sequenced is None
    assert receipt.panel.startswith("whole exome")
    assert not receipt.build.refused


@pytest.mark.parametrize("name", EXOMES)
def test_hardly_a_row_of_an_exome_is_not_understood(name, receipts):
    failed = receipts[name].rows.query(f"fate == '{NOT_UNDERSTOOD}'")
    assert len(failed) <= 0.005 * receipts[name].total, failed["reason"].value_counts().to_string()


@pytest.mark.parametrize("name", EXOMES)
def test_the_positions_of_the_line_are_recovered(name, receipts, table):
    line, _, positions, recovered = EXOMES[name]
    wanted = set(table.loc[table["line"] == line, "position_key"])
    shared = wanted & set(receipts[name].genome.keys)
    assert (len(wanted), len(shared)) == (positions, recovered)
    assert recovered / positions >= 0.93


@pytest.mark.parametrize("name", EXOMES)
def test_the_nearest_of_all_lines_is_the_line_itself(name, receipts, table):
    names = sorted(table["line"].unique())
    assert len(names) == 1570
    numbered = table.assign(cosmic_id=table["line"].map({line: i for i, line in enumerate(names)}))
    patient = pd.DataFrame({"cosmic_id": -1, "position_key": receipts[name].genome.keys})
    both = pd.concat([numbered[["cosmic_id", "position_key"]], patient])
    bits = csr_matrix(genome_bits(both, [-1, *range(len(names))], Vocabulary.build(both)))
    found = nearest(bits[:1], bits[1:])
    assert names[found.row[0]] == EXOMES[name][0]
    assert found.similarity[0] > 0.7
