"""Expression laid out as the probes of a run."""

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.radiation.align import align
from engine.radiation.expression_read import read_expression
from engine.radiation.types import Expression

P = 200
PROBES = np.array([f"{1000 + i}_at" for i in range(P)])
SYMBOLS = np.array([f"GENE{i // 2}" for i in range(P)])  # two probe sets per gene
MEAN = np.random.default_rng(1).normal(7, 2, P).clip(2, 14).astype(np.float32)


def expression(n: int = 3, seed: int = 0, scale: str = "log2", keep: slice | np.ndarray = slice(None)) -> Expression:
    """Samples around the means of the run."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (n, P)) + (0 if scale == "z" else MEAN)
    samples = pd.DataFrame({"sample": [f"s{i}" for i in range(n)]})
    return Expression(samples, PROBES[keep], SYMBOLS[keep], values.astype(np.float32)[:, keep], scale)


def test_the_order_of_the_file_does_not_matter():
    straight, shuffled = expression(), np.random.default_rng(5).permutation(P)
    values, missing, notes = align(expression(keep=shuffled), PROBES, SYMBOLS, MEAN)
    assert np.array_equal(values, straight.values) and values.dtype == np.float32 and values.flags.c_contiguous
    assert (missing, notes) == (0.0, ())


def test_names_are_matched_without_case_and_versions():
    given = expression()
    ensembl = np.array([f"ENSG{i:011d}" for i in range(P)])
    with_version = np.array([f"ensg{i:011d}.{i % 9 + 1}" for i in range(P)])
    given = Expression(given.samples, with_version, SYMBOLS, given.values, "log2")
    assert np.array_equal(align(given, ensembl, [""] * P, MEAN)[0], given.values)


def test_up_to_a_fifth_of_the_probes_may_be_missing_and_stands_at_the_mean():
    keep = np.arange(40, P)  # exactly 20 %, and their genes are gone with them
    values, missing, notes = align(expression(keep=keep), PROBES, SYMBOLS, MEAN)
    assert missing == pytest.approx(0.20) and np.array_equal(values[:, :40], np.tile(MEAN[:40], (3, 1)))
    assert np.array_equal(values[:, 40:], expression().values[:, 40:])
    assert notes == ("20.0% of the values are missing and stand at the mean of the training samples.",)


def test_more_missing_probes_are_refused():
    told = (
        r"21% of the 200 probes of this run are not in the file \(such as 1000_at, 1001_at, 1002_at; the file has 1042"
    )
    with pytest.raises(InputError, match=told):
        align(expression(keep=np.arange(42, P)), PROBES, SYMBOLS, MEAN)


def test_missing_values_are_masked_and_too_many_of_a_sample_refused():
    given = expression()
    given.values[1, :30] = np.nan
    values, missing, _ = align(given, PROBES, SYMBOLS, MEAN)
    assert missing == pytest.approx(30 / (3 * P)) and np.array_equal(values[1, :30], MEAN[:30])
    given.values[1, :50] = np.nan
    with pytest.raises(InputError, match="Sample s1 has no value for 25% of the 200 probes of this run.*leave it out"):
        align(given, PROBES, SYMBOLS, MEAN)


def test_probes_of_another_platform_are_found_by_their_gene():
    given = expression()
    other = Expression(given.samples, np.array([f"ILMN_{i}" for i in range(P)]), SYMBOLS, given.values, "log2")
    values, missing, notes = align(other, PROBES, SYMBOLS, MEAN)
    assert np.allclose(values[:, 0], (given.values[:, 0] + given.values[:, 1]) / 2) and missing == 0
    assert np.array_equal(values[:, 0], values[:, 1])
    assert notes[0] == "200 of 200 probes were found by their gene symbol, not by their name."
    given.values[0, 0] = np.nan
    assert align(other, PROBES, SYMBOLS, MEAN)[0][0, 0] == given.values[0, 1]


def test_linear_values_for_a_run_on_log2_are_turned():
    given = expression()
    linear = Expression(given.samples, PROBES, SYMBOLS, (2**given.values - 1), "log2")
    values, _, notes = align(linear, PROBES, SYMBOLS, MEAN)
    assert np.allclose(values, given.values, atol=1e-4) and "log2(x + 1)" in notes[0]
    linear.values[0] = given.values[0]
    with pytest.raises(InputError, match=r"Linear and logarithmic samples stand together \(s0 differ from the others"):
        align(linear, PROBES, SYMBOLS, MEAN)


def test_z_scores_for_a_run_on_log2_are_refused():
    for scale in ("", "log2"):
        with pytest.raises(InputError, match="holds z-scores .* and this run was trained on log2 values"):
            align(expression(scale="z"), PROBES, SYMBOLS, MEAN, scale)


def test_log2_values_for_a_run_on_z_scores_need_enough_samples():
    means = np.random.default_rng(2).normal(0, 0.1, P)
    with pytest.raises(InputError, match="holds log2 values of 3 samples: at least 20 are needed"):
        align(expression(), PROBES, SYMBOLS, means)
    given = expression(n=25)
    given.values[:, 7] = 5.0  # a probe that does not vary
    values, _, notes = align(given, PROBES, SYMBOLS, means, "z")
    assert np.allclose(values.mean(axis=0), 0, atol=1e-5) and np.allclose(
        np.delete(values, 7, 1).std(axis=0), 1, atol=1e-4
    )
    assert notes == ("log2 values were turned into z-scores over the 25 samples of the file.",)
    z = expression(n=3, scale="z")
    assert np.array_equal(align(z, PROBES, SYMBOLS, means)[0], z.values)


def test_another_normalisation_is_told():
    given = expression()
    other = Expression(given.samples, PROBES, SYMBOLS, given.values[:, ::-1].copy(), "log2")
    _, _, notes = align(other, PROBES, SYMBOLS, MEAN)
    assert len(notes) == 1 and "correlates only r = " in notes[0] and "predictions mean little" in notes[0]


@pytest.mark.real_data
def test_real_tables_meet(real_data):
    u133a = read_expression(real_data / "sf2" / "nci60_u133a_gcrma.parquet", "", Receipt())
    mean = u133a.values.mean(axis=0)
    half = Expression(u133a.samples.iloc[:2], u133a.probes[::-1], u133a.symbols[::-1], u133a.values[:2, ::-1], "log2")
    values, missing, notes = align(half, u133a.probes, u133a.symbols, mean)
    assert np.array_equal(values, u133a.values[:2]) and (missing, notes) == (0.0, ())
    z = read_expression(real_data / "sf2" / "cleveland_ccle706_expr_z.parquet", "", Receipt())
    with pytest.raises(InputError, match="holds z-scores"):
        align(z, u133a.probes, u133a.symbols, mean)
    with pytest.raises(InputError, match=r"of the 22,283 probes of this run are not in the file \(such as"):
        align(Expression(z.samples, z.probes, z.symbols, z.values, "log2"), u133a.probes, u133a.symbols, mean)
    # The other way round: 706 genes found among the probe sets by symbol, 59 lines are enough to centre.
    values, missing, notes = align(u133a, z.probes, z.symbols, z.values.mean(axis=0), "z")
    assert values.shape == (59, 706) and missing < 0.2 and "turned into z-scores over the 59 samples" in notes[0]
    ours, theirs = [line for line in u133a.samples["line"]], list(z.samples["line"])
    shared = [line for line in ours if line in set(theirs)]
    r = [np.corrcoef(values[ours.index(one)], z.values[theirs.index(one)])[0, 1] for one in shared]
    assert len(shared) > 20 and np.median(r) > 0.3  # the same lines on another platform look alike
