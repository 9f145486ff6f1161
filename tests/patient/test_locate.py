"""Coordinates -> gene and protein change: hotspots, training table, gene model, lift-over."""

import gzip
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_chain import write_chain
from small_gene_model import write_gene_model

from engine.errors import InputError
from engine.patient import gene_files
from engine.patient.gene_model import load_gene_model
from engine.patient.locate import NEEDS_CHAIN, NEEDS_MODEL, Resources, locate
from engine.patient.types import ROW_COLUMNS, BuildVerdict
from engine.response.variants import position_key

NOTHING = Resources(None, None)
GRCH37, GRCH38 = (BuildVerdict(build, False, f"It is {build}.") for build in ("GRCh37", "GRCh38"))

# gene, change, class, chromosome, GRCh37, GRCh38, reference, alternate
KNOWN = pd.DataFrame(
    [
        ("RPL22", "p.K16fs", "Frame_Shift", "1", 6257785, None, None, None),
        ("MUC16", "p.T12415A", "Missense_Mutation", "19", 9021080, None, None, None),
        ("NF2", "p.R394C", "Missense_Mutation", "22", 30069309, None, None, None),
        ("NF2", "p.L392F", "Missense_Mutation", "22", 30069309, None, None, None),
        ("STAG2", "p.R216*", "Nonsense_Mutation", "X", 123181311, 124047461, "C", "T"),
        ("STAG2", "p.R216G", "Missense_Mutation", "X", 123181311, 124047461, "C", "G"),
        ("RB1", "p.E748fs", "Frame_Shift_Del", "13", 49033905, None, "A", "-"),
        ("CIC", "p.R215W", "Missense_Mutation", "chr19", 42791718, None, "C", "T"),
        ("CIC", "p.R1124W", "Missense_Mutation", "19", 42791718, None, "C", "T"),
        ("ARID1A", "p.Q1519*", "Nonsense_Mutation", "7", 140452850, None, "C", "T"),
    ],
    columns=[
        "gene", "protein_change", "classification", "chromosome", "start_grch37", "start_grch38", "reference",
        "alternate",
    ],
).astype({"start_grch37": "Int64", "start_grch38": "Int64"})  # fmt: skip
KNOWN["position_key"] = [position_key(*row) for row in KNOWN[["gene", "protein_change", "classification"]].to_numpy()]


def rows(*variants, **columns) -> pd.DataFrame:
    frame = pd.DataFrame(variants, columns=["chromosome", "position", "reference", "alternate"])
    frame = frame.assign(row=range(1, len(frame) + 1), **columns).reindex(columns=list(ROW_COLUMNS))
    text = [name for name in ROW_COLUMNS if name not in ("row", "position")]
    frame[text] = frame[text].astype(object).fillna("").astype("str")
    return frame.astype({"row": "Int64", "position": "Int64"})


def told(variant, verdict=GRCH37, found=NOTHING, **columns) -> tuple[str, ...]:
    row = locate(rows(variant, **columns), verdict, KNOWN, found).iloc[0]
    return (row["gene"], row["protein_change"], row["classification"], row["problem"], row["note"])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = write_gene_model(tmp_path_factory.mktemp("gene-model"))
    gene_files.reduce_gene_model(folder, lambda *_: None)
    return Resources(None, load_gene_model(folder))


@pytest.mark.parametrize(
    ("variant", "gene", "change", "classification"),
    [
        (("7", 140453136, "A", "T"), "BRAF", "p.V600E", "Missense_Mutation"),
        (("chr7", 140453136, "a", "t"), "BRAF", "p.V600E", "Missense_Mutation"),
        (("7", 140453135, "CA", "CT"), "BRAF", "p.V600E", "Missense_Mutation"),
        (("9", 21971120, "G", "A"), "CDKN2A", "p.R80*", "Nonsense_Mutation"),
        (("12", 25398284, "C", "A"), "KRAS", "p.G12V", "Missense_Mutation"),
    ],
)
def test_hotspots_need_nothing_fetched(variant, gene, change, classification):
    note = "by its coordinate, that of a known hotspot"
    assert told(variant) == (gene, change, classification, "", note)


def test_hotspots_are_known_in_both_builds():
    assert told(("chr7", 140753336, "A", "T"), GRCH38)[:2] == ("BRAF", "p.V600E")
    assert told(("X", 124047461, "C", "G"), GRCH38)[1::3] == ("p.R216G", "by its coordinate in the training table")


@pytest.mark.parametrize(
    ("variant", "change"),
    [
        (("X", 123181311, "C", "T"), "p.R216*"),
        (("X", 123181311, "C", "G"), "p.R216G"),
        (("13", 49033905, "A", "-"), "p.E748fs"),
        (("13", 49033904, "GA", "G"), "p.E748fs"),
    ],
)
def test_bases_of_the_training_table_tell_the_change(variant, change):
    assert told(variant)[1::3] == (change, "by its coordinate in the training table")


@pytest.mark.parametrize(
    ("variant", "gene", "change"),
    [
        (("19", 9021080, "T", "C"), "MUC16", "p.T12415?"),
        (("1", 6257785, "T", "-"), "RPL22", "p.K16fs"),
        (("1", 6257784, "CT", "C"), "RPL22", "p.K16fs"),
    ],
)
def test_a_position_without_bases_tells_the_residue(variant, gene, change):
    found = told(variant)
    assert found[:2] == (gene, change) and found[3] == ""
    assert found[4] == "by its position in the training table, which has the residue but not the bases"


@pytest.mark.parametrize(
    "variant",
    [
        ("22", 30069309, "C", "T"),  # two residues are known there
        ("19", 42791718, "C", "T"),  # two transcripts
        ("19", 9021080, "TTG", "-"),  # no substitution, no frame shift
        ("1", 6257785, "T", "G"),  # the table has a frame shift there
        ("X", 123181311, "C", "A"),  # the table has other bases there
        ("5", 1000, "A", "T"),
        ("5", 1000, "", ""),
    ],
)
def test_what_only_a_gene_model_can_tell(variant):
    assert told(variant) == ("", "", "", NEEDS_MODEL, "")


@pytest.mark.parametrize(
    ("variant", "problem"),
    [
        (("7", 140453136, "G", "T"), "Its reference base is not the one that GRCh37 has there"),
        (("GL000220.1", 5, "A", "T"), "Its chromosome is none of 1 to 22, X, Y and MT"),
        (("17", 82000000, "A", "T"), "Its position lies beyond the end of the chromosome in GRCh37"),
        (("17", 0, "A", "T"), "Its position lies beyond the end of the chromosome in GRCh37"),
        (("5", 1000, "A", "<DEL>"), "Its alleles are not written as bases (A, C, G, T)"),
        (("5", 1000, "A", "A"), "Its two alleles are the same"),
    ],
)
def test_what_cannot_be(variant, problem):
    assert told(variant)[3] == problem


def test_rows_that_need_no_coordinate_are_left_alone():
    place = ("7", 140453136, "A", "T")
    assert told(place, gene="BRAF", protein_change="p.V600K") == ("BRAF", "p.V600K", "", "", "")
    assert told(place, gene="TP53", classification="splice_acceptor_variant")[4] == ""
    assert told(place, gene="TTN", classification="missense_variant") == ("TTN", "", "missense_variant", "", "")
    assert told(place, problem="no alternate allele")[3:] == ("no alternate allele", "")
    assert told(place, gene="BRAF", classification="missense_variant")[:2] == ("BRAF", "p.V600E")
    assert told(("", None, "", ""))[3] == ""


def test_a_refused_build_uses_no_coordinate():
    refused = BuildVerdict("", True, "The file says GRCh37, its bases say GRCh38.")
    assert told(("7", 140453136, "A", "T"), refused) == ("", "", "", refused.sentence, "")
    assert told(("7", 140453136, "A", "T"), refused, gene="BRAF", protein_change="p.V600E")[3] == ""


def test_the_gene_model(model):
    note = "by the gene model, transcript ENST01"
    assert told(("chr12", 1015, "T", "A"), found=model) == ("KRAS", "p.V2D", "Missense_Mutation", "", note)
    assert told(("12", 1013, "GG", "G"), found=model)[:3] == ("KRAS", "p.V2fs", "Frame_Shift_Del")
    assert told(("12", 1500, "G", "A"), found=model)[:3] == ("KRAS", "", "Intron")
    assert told(("12", 3100, "G", "A"), found=model) == ("FAKE1", "", "", "", "by the gene model")
    outside = ("", "", "IGR", "", "outside of all protein-coding genes")
    assert told(("5", 1000, "A", "T"), found=model) == outside
    assert "Its reference bases are not those of KRAS" in told(("12", 1015, "G", "A"), found=model)[3]
    assert told(("12", 1015, "", ""), found=model)[3] == "Its position is written without its bases"
    assert told(("7", 140453136, "A", "T"), found=model)[1] == "p.V600E"  # before the gene model
    assert told(("1", 6257785, "T", "-"), found=model)[1] == "p.K16fs"


def test_grch38_away_from_hotspots_needs_the_chain(model, tmp_path):
    assert told(("7", 140753050, "C", "T"), GRCH38) == ("", "", "", NEEDS_CHAIN, "")
    assert told(("7", 140753050, "C", "T"), GRCH38, model)[3] == NEEDS_CHAIN
    chain = Resources(write_chain(tmp_path / "to37.chain.gz"), None)
    note = "lifted over from GRCh38, by its coordinate in the training table"
    assert told(("7", 140753050, "C", "T"), GRCH38, chain) == ("ARID1A", "p.Q1519*", "Nonsense_Mutation", "", note)
    assert told(("5", 140753050, "C", "T"), GRCH38, chain)[3] == "It has no place in GRCh37"
    assert told(("3", 1050, "C", "T"), GRCH38, chain)[3] == "It has several places in GRCh37"
    assert told(("7", 140753060, "C", "T"), GRCH38, chain)[3] == NEEDS_MODEL
    assert told(("7", 140753336, "A", "T"), GRCH38, chain)[4] == "by its coordinate, that of a known hotspot"
    (tmp_path / "bad.chain.gz").write_bytes(gzip.compress(b"chain of thought\n"))
    unread = Resources(tmp_path / "bad.chain.gz", None)  # nothing needs it: it is not even opened
    assert told(("7", 140753336, "A", "T"), GRCH38, unread)[4] == "by its coordinate, that of a known hotspot"
    with pytest.raises(InputError, match="fetch it again with `python -m engine fetch liftover`"):
        told(("5", 1000, "C", "T"), GRCH38, Resources(tmp_path / "bad.chain.gz", None))


def test_lifted_over_to_the_gene_model(model, tmp_path):
    blocks = (("12", 5000, 2000, "12", "+", 500), ("7", 9000, 1000, "7", "-", 159133562))
    found = model._replace(chain=write_chain(tmp_path / "x.chain", blocks))
    # 12:5515 lies 4,500 bases on; 7:9001 is turned round: the first base of the block is 159138663 - 159133562 = 5101.
    assert told(("12", 5515, "T", "A"), GRCH38, found)[:2] == ("KRAS", "p.V2D")
    changed = told(("7", 9066, "T", "A"), GRCH38, found)
    assert changed[:2] == ("BRAF", "p.V2D") and changed[4].startswith("lifted over from GRCh38, by the gene model")


def test_simulated_mutations_tell_nothing():
    found = locate(rows(("19", 9021080, "T", "C")), GRCH37, KNOWN.assign(simulated=True), NOTHING)
    assert found["problem"].tolist() == [NEEDS_MODEL]


def test_many_rows_take_little_time(model):
    draw = np.random.default_rng(1)
    chromosome, position = draw.integers(1, 23, 100_000).astype(str), draw.integers(10_000, 40_000_000, 100_000)
    many = pd.DataFrame({"chromosome": chromosome, "position": position, "reference": "A", "alternate": "C"})
    many = rows(*many.itertuples(index=False, name=None))
    for found, word in ((NOTHING, NEEDS_MODEL), (model, "")):
        start = time.process_time()
        located = locate(many, GRCH37, KNOWN, found)
        assert time.process_time() - start < 6  # alone on a core a third of it
        assert located["problem"].eq(word).all()


@pytest.mark.real_data
def test_hotspots_of_the_exomes_are_found_by_coordinate_alone(real_data: Path):
    """Six files, protein columns blanked: every row at a place the public table has comes back with its residue."""
    table = pd.read_csv(real_data / "response" / "CCLE_census_mutations.maf.gz", sep="\t", dtype=str).fillna("")
    known = table[table["Start_Position"] != ""].rename(
        columns={"Hugo_Symbol": "gene", "Protein_Change": "protein_change", "Chromosome": "chromosome"}
    )
    known = known.assign(
        classification=known["Variant_Classification"],
        start_grch37=known["Start_Position"].astype("Int64"),
        start_grch38=pd.array([None] * len(known), dtype="Int64"),
        reference="",
        alternate="",
    )
    known["position_key"] = [
        position_key(*row) for row in known[["gene", "protein_change", "classification"]].to_numpy()
    ]
    places = set(zip(known["chromosome"], known["start_grch37"], known["gene"], strict=True))
    found = wrong = 0
    hotspots = set()
    for path in sorted((real_data / "patients").glob("*.maf.gz")):
        maf = pd.read_csv(path, sep="\t", dtype=str).fillna("")
        at = zip(maf["Chromosome"], maf["Start_position"].astype(int), maf["Hugo_Symbol"], strict=True)
        maf = maf[[place in places for place in at]]
        blank = rows(
            *zip(
                maf["Chromosome"],
                maf["Start_position"].astype(int),
                maf["Reference_Allele"],
                maf["Tumor_Seq_Allele2"],
                strict=True,
            )
        )
        located = locate(blank, GRCH37, known, NOTHING)
        told = [position_key(*row) for row in located[["gene", "protein_change", "classification"]].to_numpy()]
        truth = [
            position_key(*row) for row in maf[["Hugo_Symbol", "Protein_Change", "Variant_Classification"]].to_numpy()
        ]
        hotspots |= {key for key, note in zip(told, located["note"], strict=True) if "hotspot" in note}
        placed = located["note"].ne("").to_numpy()
        found += int(placed.sum())
        wrong += sum(a != b for a, b, there in zip(told, truth, placed, strict=True) if there)
    assert (found, wrong) == (307, 0)
    assert {"BRAF:600", "KRAS:13", "PIK3CA:545", "PIK3CA:1047"} <= hotspots
