import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.response.fingerprint import Vocabulary, genome_bits

MUTATIONS = pd.DataFrame(
    {
        "cosmic_id": [10, 10, 10, 20, 30],
        "position_key": ["TP53:175", "BRAF:600", "BRAF:600", "TP53:Splice_Site", "BRAF:61"],
    }
)


def test_the_vocabulary_is_sorted_by_gene_and_residue() -> None:
    assert Vocabulary.build(MUTATIONS).keys == ("BRAF:61", "BRAF:600", "TP53:175", "TP53:Splice_Site")


def test_bits_of_each_line_in_the_order_asked() -> None:
    vocabulary = Vocabulary.build(MUTATIONS)
    bits = genome_bits(MUTATIONS, [20, 10, 99], vocabulary)
    assert bits.dtype == np.uint8
    assert bits.toarray().tolist() == [[0, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert bits.indices.tolist() == [3, 1, 2]


def test_positions_outside_the_vocabulary_are_named_and_set_no_bit() -> None:
    vocabulary = Vocabulary(("BRAF:600",))
    assert vocabulary.unknown(["TP53:175", "BRAF:600"]) == ["TP53:175"]
    assert genome_bits(MUTATIONS, [10, 20], vocabulary).toarray().tolist() == [[1], [0]]


def test_refusals() -> None:
    with pytest.raises(InputError, match="No mutated position is left"):
        Vocabulary.build(MUTATIONS.head(0))
    with pytest.raises(InputError, match="holds a position twice"):
        Vocabulary(("A:1", "A:1"))
    with pytest.raises(InputError, match="Cell line 10 is asked for twice"):
        genome_bits(MUTATIONS, [10, 20, 10], Vocabulary(("A:1",)))
