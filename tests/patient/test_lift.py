"""GRCh38 -> GRCh37, to the base."""

import pytest
from small_chain import TO_GRCH38, write_chain

from engine.errors import InputError
from engine.patient.lift import LiftError, Place, load_chain, reverse_complement


@pytest.fixture(params=["", "chr"])
def chain(request, tmp_path):
    return load_chain(write_chain(tmp_path / "GRCh38_to_GRCh37.chain.gz", prefix=request.param))


@pytest.mark.parametrize(
    ("place", "lifted"),
    [
        (Place("7", 140753336, "A", "T"), Place("7", 140453136, "A", "T")),  # BRAF V600E
        (Place("9", 5073770, "G", "T"), Place("9", 5073770, "G", "T")),  # JAK2 V617F
        (Place("17", 7675088, "C", "T"), Place("17", 7578406, "C", "T")),  # TP53 R175H
        (Place("7", 140753001, "A", "T"), Place("7", 140452801, "A", "T")),  # first base of its block
        (Place("7", 140754000, "AC", "A"), None),  # its second base lies behind the block
        (Place("7", 140753000, "A", "T"), None),
    ],
)
def test_hotspots_and_edges(chain, place, lifted):
    if lifted is not None:
        assert chain.lift(place) == lifted
    else:
        with pytest.raises(LiftError, match="It has no place in GRCh37"):
            chain.lift(place)


@pytest.mark.parametrize(
    ("place", "lifted"),
    [
        (Place("12", 25245350, "C", "T"), Place("12", 25398284, "G", "A")),
        (Place("12", 25245351, "C", "T"), Place("12", 25398283, "G", "A")),  # the next base is the one before
        (Place("12", 25245350, "CA", ""), Place("12", 25398283, "TG", "")),  # so a deletion starts at its other end
        (Place("12", 25245350, "", "CA"), Place("12", 25398283, "", "TG")),  # between 25398283 and 25398284
    ],
)
def test_a_turned_block_turns_the_alleles(chain, place, lifted):
    assert chain.lift(place) == lifted


def test_the_other_direction(tmp_path):
    back = load_chain(write_chain(tmp_path / "back.chain", TO_GRCH38, "GRCh37", "GRCh38"))
    assert back.lift(Place("7", 140453136, "A", "T")).position == 140753336
    assert back.lift(Place("17", 7578406, "C", "T")).position == 7675088


def test_what_has_no_single_place(chain):
    with pytest.raises(LiftError, match="several places"):
        chain.lift(Place("3", 1050, "A", "T"))
    with pytest.raises(LiftError, match="another chromosome"):
        chain.lift(Place("1", 1050, "A", "T"))
    with pytest.raises(LiftError, match="no place"):
        chain.lift(Place("GL000220.1", 1050, "A", "T"))
    # Ten bases between two blocks are gone, so what spans them comes out shorter.
    with pytest.raises(LiftError, match="no place"):
        chain.lift(Place("17", 7675050, "ACG", ""))


def test_bases_that_part(tmp_path):
    blocks = (("5", 100, 10, "5", "+", 100), ("5", 110, 10, "5", "+", 150))
    chain = load_chain(write_chain(tmp_path / "x.chain", blocks))
    assert chain.lift(Place("5", 110, "A", "G")).position == 110
    assert chain.lift(Place("5", 111, "A", "G")).position == 151
    for place in (Place("5", 110, "AC", ""), Place("5", 110, "", "TT")):
        with pytest.raises(LiftError, match="do not stay together"):
            chain.lift(place)


def test_a_damaged_chain_says_how_to_get_another(tmp_path):
    whole = write_chain(tmp_path / "whole.chain.gz").read_bytes()
    broken = {
        "short.chain.gz": whole[:-20],
        "text.chain": b"chain 1 7 x\n",
        "empty.chain": b"",
        "photo.chain.gz": b"\x89PNG",
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="fetch it again with `python -m engine fetch liftover`"):
            load_chain(tmp_path / name)
    with pytest.raises(InputError, match="is not there"):
        load_chain(tmp_path / "none.chain")


def test_it_is_read_once(tmp_path):
    path = write_chain(tmp_path / "once.chain")
    assert load_chain(path) is load_chain(path)


def test_reverse_complement():
    assert reverse_complement("AACGN") == "NCGTT" and reverse_complement("") == ""
