"""The real GDSC and CCLE tables, read and curated, give the counts that their readme states."""

from pathlib import Path

import pytest

from engine.response.curation import CuratedData, curate
from engine.response.fingerprint import Vocabulary, genome_bits
from engine.response.readers import Reading, read_cell_lines, read_drugs
from engine.response.settings import CurationSettings
from engine.response.streams import read_mutations, read_responses

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def readings(real_data: Path) -> dict[str, Reading]:
    folder = real_data / "response"
    lines, drugs = read_cell_lines(folder / "cell_lines.csv"), read_drugs(folder / "drugs.csv")
    return {
        "lines": lines,
        "drugs": drugs,
        "mutations": read_mutations(folder / "CCLE_census_mutations.maf.gz", lines.frame),
        "responses": read_responses(folder / "GDSC1_fitted_dose_response.csv.gz", lines.frame, drugs.frame),
    }


def curated(readings: dict[str, Reading], settings: CurationSettings) -> CuratedData:
    tables = [readings[name].frame for name in ("lines", "drugs", "mutations", "responses")]
    return curate(*tables, settings)


def test_receipts(readings: dict[str, Reading]) -> None:
    counts = {name: (r.receipt.read, r.receipt.kept) for name, r in readings.items()}
    assert counts == {
        "lines": (1078, 1078),
        "drugs": (267, 267),
        "mutations": (54_768, 39_702),
        "responses": (183_446, 183_446),
    }
    # 252 lines without a label, 14 that GDSC calls UNABLE TO CLASSIFY.
    assert readings["lines"].receipt.flagged == {"no cancer type": 266}
    assert readings["drugs"].receipt.flagged == {"no structure": 13}
    assert readings["mutations"].receipt.dropped == {"unknown cell line": 15_066}
    assert readings["responses"].receipt.merged == 0
    assert readings["responses"].frame["dataset"].unique().tolist() == ["GDSC1"]


def test_what_joins(readings: dict[str, Reading]) -> None:
    """As the readme counts, which knows no limit of weight."""
    every = curated(readings, CurationSettings(min_lines_per_type=1, max_weight_g_mol=1e6))
    positions = Vocabulary.build(every.mutations)
    assert (len(every.lines), len(every.drugs), len(every.pairs)) == (737, 228, 127_620)
    assert every.lines["cancer_type"].nunique() == 30
    assert len(positions) == 25_471
    assert "NPM1:287" in positions.index  # p.-287fs, the recurrent frame shift of leukaemia
    ten = curated(readings, CurationSettings(max_weight_g_mol=1e6))
    assert (len(ten.lines), ten.lines["cancer_type"].nunique(), len(ten.pairs)) == (715, 25, 123_740)
    assert len(Vocabulary.build(ten.mutations)) == 23_765


def test_published_rules(readings: dict[str, Reading]) -> None:
    """Bleomycin (two ids) and temsirolimus weigh more than 1,000 g/mol: 1,812 pairs less."""
    data = curated(readings, CurationSettings())
    assert (len(data.lines), len(data.drugs), len(data.pairs)) == (715, 225, 121_928)
    assert data.receipt.dropped("drugs") == {"no structure": 13, "heavier than 1,000 g/mol": 3, "no response": 26}
    assert data.receipt.dropped("lines") == {
        "no cancer type": 266,
        "no mutation": 4,
        "no response": 71,
        "cancer type with fewer than 10 lines": 22,
    }
    vocabulary = Vocabulary.build(data.mutations)
    bits = genome_bits(data.mutations, data.lines["cosmic_id"].tolist(), vocabulary)
    assert bits.shape == (715, len(vocabulary))
    assert bits.nnz == len(data.mutations)
    assert int(bits[:, vocabulary.index["BRAF:600"]].sum()) > 40
