"""Gene lists and BED files -> which census genes were sequenced."""

import gzip

import pytest

from engine.errors import InputError
from engine.patient.panel import EXOME, LONGEST_LIST, listed, read_panel


def test_an_exome_leaves_no_gene_out():
    assert EXOME == (None, "whole exome", ())


def test_only_the_genes_named():
    assert listed(["BRAF:600", "BRAF:601", "TP53:Splice_Site"]) == ({"BRAF", "TP53"}, "only the genes named", ())


@pytest.mark.parametrize(
    "content",
    [
        b"BRAF\nKRAS\nTTLL2\n",
        b"BRAF, KRAS, TTLL2",
        b"# our panel\r\nBRAF\r\nKRAS\r\n\r\nTTLL2\r\n",
        b"gene,transcript\nBRAF,NM_004333\nKRAS,NM_033360\nTTLL2,NM_031949\n",
        b"exon\tHugo_Symbol\n1\tBRAF\n2\tKRAS\n3\tTTLL2\n3\tTTLL2\n",
        b'"Gene Symbol";"Size"\n"BRAF";1\n"KRAS";2\n"TTLL2";3\n',
        gzip.compress(b"BRAF\nKRAS\nTTLL2\n"),
        "\ufeffBRAF\nKRAS\nTTLL2".encode(),
        "BRAF\r\nKRAS\r\nTTLL2\r\n".encode("utf-16"),
        b"7\t140453074\t140453193\tBRAF\n12\t25398207\t25398318\tKRAS\n6\t1\t2\tTTLL2\n",
        b"track name=panel\nchr7\t140453074\t140453193\tBRAF_ex15\nchr12\t25398207\t25398318\tKRAS;NM_033360\n"
        b"chr6\t1\t200\tTTLL2_ex1\n",
        b"chr7\t1\t2\tAMPL1\t.\tGENE_ID=BRAF;x\nchr12\t1\t2\tAMPL2\t.\tGENE_ID=KRAS\nchr6\t1\t2\tA3\t.\tGENE_ID=TTLL2\n",
        b"chr7 1 2 BRAF-exon15\nchr12 1 2 NM_033360_KRAS\nchr6 1 2 TTLL2\n",
    ],
)
def test_lists_and_bed_files(content):
    assert read_panel(content) == ({"BRAF", "KRAS"}, "panel of 3 genes (2 in the census)", ("TTLL2",))


def test_former_symbols_and_lower_case():
    assert read_panel(b"MLL2\nKMT2D\nbraf\n").genes == {"KMT2D", "BRAF"}


def test_symbols_with_a_dash():
    assert read_panel(b"chr6\t1\t2\tHLA-A_ex2\nchr14\t1\t2\tNKX2-1\n").genes == {"HLA-A", "NKX2-1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"# nothing\n\n", "names nothing"),
        (b"TTLL2\nFOO\n", "None of the 2 names in the panel file is a gene of the Cancer Gene Census"),
        (b"chr7\t140453074\t140453193\nchr7\t5\t6\n", "does not name its genes in the fourth column"),
        (b"chr7\t140453074\t140453193\t12\n", "does not name its genes in the fourth column"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "The file"),
        (b"BRAF\n" * (LONGEST_LIST + 1), "more than 100,000 lines"),
    ],
)
def test_what_is_no_panel(content, said):
    with pytest.raises(InputError, match=said):
        read_panel(content)


def test_a_bed_file_is_known_by_its_ending_too():
    with pytest.raises(InputError, match="does not name its genes"):
        read_panel(b"BRAF\nKRAS\n", "panel.bed")
