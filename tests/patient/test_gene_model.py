"""Coordinates -> protein changes by a gene model of two small genes."""

import gzip
import logging
import socket

import pandas as pd
import pytest
from small_gene_model import write_gene_model

from engine.errors import InputError
from engine.patient import gene_files
from engine.patient.gene_model import Annotation, AnnotationError, Annotator, load_gene_model, model_is_there
from engine.patient.lift import Place
from engine.patient.residues import Residues
from engine.response.variants import maf_class

NOTHING_KNOWN = Residues({}, {})


def quiet(fraction: float, text: str) -> None:
    assert 0 <= fraction <= 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = write_gene_model(tmp_path_factory.mktemp("gene-model"))
    gene_files.reduce_gene_model(found, quiet)
    return found


@pytest.fixture(scope="module")
def model(folder):
    return load_gene_model(folder)


@pytest.fixture(scope="module")
def annotate(model):
    return Annotator(model, NOTHING_KNOWN).annotate


# CDS of both genes, codon by codon: M1 ATG, V2 GTT, K3 AAA, G4 GGC, W5 TGG, F6 TTT, E7 GAA, R8 CGT, A9 GCA, S10 TCT |
# P11 CCA, D12 GAT, D13 GAC, K14 AAG, I15 ATC, L16 CTG, N17 AAC, H18 CAT, T19 ACC, * TAA
@pytest.mark.parametrize(
    ("place", "change", "classification"),
    [
        (Place("12", 1015, "T", "A"), "p.V2D", "Missense_Mutation"),
        (Place("12", 1024, "G", "A"), "p.W5*", "Nonsense_Mutation"),
        (Place("12", 1016, "T", "C"), "p.V2=", "Silent"),
        (Place("12", 1011, "A", "G"), "p.M1?", "Translation_Start_Site"),
        (Place("12", 1014, "G", ""), "p.V2fs", "Frame_Shift_Del"),
        (Place("12", 1017, "A", ""), "p.G4fs", "Frame_Shift_Del"),  # AAAG -> AAG is K still
        (Place("12", 1020, "", "A"), "p.G4fs", "Frame_Shift_Ins"),
        (Place("12", 1029, "GAA", ""), "p.E7del", "In_Frame_Del"),
        (Place("12", 1026, "TTTGAA", ""), "p.F6_E7del", "In_Frame_Del"),
        (Place("12", 1019, "", "TGG"), "p.K3_G4insW", "In_Frame_Ins"),
        (Place("12", 1017, "AA", "CC"), "p.K3P", "Missense_Mutation"),
        (Place("12", 1019, "AG", "CC"), "p.K3_G4delinsNR", "Missense_Mutation"),
        (Place("12", 2028, "T", "C"), "p.*20Q", "Nonstop_Mutation"),
        (Place("12", 2005, "A", "T"), "p.D12V", "Missense_Mutation"),
        (Place("12", 1041, "G", "A"), "", "Splice_Site"),
        (Place("12", 1999, "A", "G"), "", "Splice_Site"),
        (Place("12", 1045, "G", "A"), "", "Splice_Region"),
        (Place("12", 1500, "G", "A"), "", "Intron"),
        (Place("12", 1003, "T", "A"), "", "5'UTR"),
        (Place("12", 2040, "C", "A"), "", "3'UTR"),
        (Place("7", 5036, "A", "T"), "p.V2D", "Missense_Mutation"),  # GTT on the minus strand: V2D is GTT>GAT
        (Place("7", 5027, "C", "T"), "p.W5*", "Nonsense_Mutation"),
        (Place("7", 5034, "T", ""), "p.G4fs", "Frame_Shift_Del"),
        (Place("7", 5020, "TTC", ""), "p.E7del", "In_Frame_Del"),
        (Place("7", 4046, "T", "A"), "p.D12V", "Missense_Mutation"),
        (Place("7", 5010, "C", "A"), "", "Splice_Site"),
        (Place("7", 4051, "C", "A"), "", "Splice_Site"),
    ],
)
def test_what_a_variant_does(annotate, place, change, classification):
    told = annotate(place)
    assert (told.protein_change, told.classification) == (change, classification)
    assert told.gene == {"12": "KRAS", "7": "BRAF"}[place.chromosome]
    assert told.note == f"by the gene model, transcript {'ENST01' if told.gene == 'KRAS' else 'ENST03'}"
    assert maf_class(classification) == classification


def test_the_training_table_chooses_the_transcript(model):
    assert Annotator(model, Residues({"KRAS:5": frozenset("V")}, {})).annotate(
        Place("12", 1015, "T", "A")
    ) == Annotation("KRAS", "p.V5D", "Missense_Mutation", "by the gene model, transcript ENST02")
    both = Residues({"KRAS:5": frozenset("V"), "KRAS:7": frozenset("E"), "KRAS:8": frozenset("R")}, {})
    assert Annotator(model, both).annotate(Place("12", 1015, "T", "A")).protein_change == "p.V2D"


@pytest.mark.parametrize("place", [Place("12", 1015, "G", "A"), Place("7", 5036, "T", "A"), Place("12", 1017, "C", "")])
def test_bases_of_another_build_are_refused(annotate, place):
    with pytest.raises(AnnotationError, match="Its reference bases are not those of (KRAS|BRAF) in GRCh37"):
        annotate(place)


def test_what_cannot_be_told(annotate):
    with pytest.raises(AnnotationError, match="cannot be told by the gene model"):
        annotate(Place("12", 1000, "A" * 60, ""))


def test_genes_at_places(model):
    places = pd.DataFrame(
        [
            ("12", 1000, "A", "C", "", False),
            ("12", 1000, "AC", "", "KRAS", True),
            ("12", 1000, "", "T", "KRAS", True),
            ("12", 2050, "A", "C", "KRAS", True),
            ("12", 2051, "A", "C", "", False),
            ("12", 3500, "A", "C", "FAKE1", False),
            ("12", 3650, "A", "C", "", False),
            ("7", 4500, "A", "C", "BRAF", True),
            ("X", 1000, "A", "C", "", False),
        ],
        columns=["chromosome", "position", "reference", "alternate", "gene", "census"],
    )
    found = model.genes_at(places)
    assert found["gene"].tolist() == places["gene"].tolist()
    assert found["census"].tolist() == places["census"].tolist()


def test_only_census_genes_of_chromosomes_are_kept(folder):
    reduced = folder / gene_files.FOLDER
    assert pd.read_csv(reduced / gene_files.GENE_TABLE)["gene"].tolist() == ["KRAS", "BRAF", "FAKE1"]
    table = pd.read_csv(reduced / gene_files.TRANSCRIPT_TABLE, index_col="transcript")
    assert table["protein"].to_dict() == {"ENST01": "ENSP01", "ENST02": "ENSP02", "ENST03": "ENSP03"}
    assert table["ccds"].tolist() == [True, False, True]
    assert "PATCH" not in (reduced / gene_files.SMALL_GTF).read_text()
    assert ">ENST99" not in (reduced / gene_files.SMALL_TRANSCRIPTS).read_text()


def test_nothing_leaves_the_folder(folder, tmp_path, monkeypatch, caplog, capfd):
    """No network, no cache of the user, no word in logs or on the screen."""

    def refuse(*_):
        raise AssertionError("the gene model asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    caplog.set_level(logging.DEBUG)
    copy = write_gene_model(tmp_path / "copy")
    gene_files.reduce_gene_model(copy, quiet)
    annotate = Annotator(load_gene_model(copy), NOTHING_KNOWN).annotate
    assert annotate(Place("12", 1015, "T", "A")).protein_change == "p.V2D"
    assert annotate(Place("12", 1039, "CTGG", "")).classification == "Splice_Site"
    assert not (tmp_path / "user").exists()
    assert capfd.readouterr() == ("", "")
    assert "1015" not in caplog.text and "1039" not in caplog.text


def test_a_damaged_model_says_how_to_get_another(tmp_path):
    assert not model_is_there(tmp_path)
    with pytest.raises(InputError, match=r"The gene model lacks Homo_sapiens\.GRCh37\.75\.gtf\.gz: fetch it again"):
        gene_files.reduce_gene_model(tmp_path, quiet)
    write_gene_model(tmp_path)
    whole = (tmp_path / gene_files.GTF).read_bytes()
    for content in (whole[: len(whole) // 2], b"<html>", gzip.compress(b"no table\n")):
        (tmp_path / gene_files.GTF).write_bytes(content)
        with pytest.raises(InputError, match="is damaged or of another kind: fetch it again with"):
            gene_files.reduce_gene_model(tmp_path, quiet)
        assert not model_is_there(tmp_path) and not list(tmp_path.glob("*census*"))
    (tmp_path / gene_files.GTF).write_bytes(gzip.compress(b"#!nothing\n"))
    with pytest.raises(InputError, match="holds no census gene"):
        gene_files.reduce_gene_model(tmp_path, quiet)
    write_gene_model(tmp_path)
    (tmp_path / gene_files.PROTEINS).write_bytes(gzip.compress(b">ENSP99\nMM\n"))
    with pytest.raises(InputError, match=r"pep\.all\.fa\.gz holds no sequence of a census gene"):
        gene_files.reduce_gene_model(tmp_path, quiet)
    reduced = gene_files.reduce_gene_model(write_gene_model(tmp_path), quiet)
    assert model_is_there(tmp_path)
    (reduced / gene_files.GENE_TABLE).unlink()
    with pytest.raises(InputError, match="The gene model is damaged: fetch it again"):
        load_gene_model(tmp_path)
