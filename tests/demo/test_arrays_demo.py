"""Simulated arrays and curves: shaped as published, read by the ordinary readers, as hard as real ones."""

import numpy as np
import pytest

from engine.demo.arrays import (
    ALL_PROBES,
    DRIVERS,
    RSI_GENES,
    published_sf2,
    simulate_arrays,
    simulate_curves,
    write_array_files,
)
from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.radiation.baselines import predict
from engine.radiation.expression_read import read_expression
from engine.radiation.names import PANELS
from engine.radiation.protocol import folds
from engine.radiation.survival_read import read_survival
from engine.radiation.types import Cohort


@pytest.fixture(scope="module")
def arrays():
    return simulate_arrays(seed=3)


@pytest.fixture(scope="module")
def cohort(arrays):
    sf2 = published_sf2().set_index("cell_line")["sf2"]
    samples = arrays.samples
    return Cohort(
        values=arrays.values.astype(np.float32),
        sf2=sf2[samples["cell_line"]].to_numpy(),
        sample=samples["sample"].to_numpy(),
        line=samples["cell_line"].to_numpy(),
        panel=samples["panel"].to_numpy(),
        replicate=samples["replicate"].to_numpy(),
        probes=arrays.probes,
        symbols=arrays.symbols,
        scale="log2",
    )


def correlation(model, cohort, protocol):
    predicted = np.full(len(cohort.sf2), np.nan)
    for fold in folds(cohort, protocol, 1, 6, 0):
        predicted[fold.test] = predict(model, cohort, fold.train, fold.test, 0)
    return np.corrcoef(predicted, cohort.sf2)[0, 1]


def test_174_arrays_of_59_lines_with_their_published_sf2(arrays):
    assert arrays.values.shape == (174, 1_200)
    per_line = arrays.samples.groupby("cell_line")["replicate"].max()
    assert per_line.to_dict() == published_sf2().set_index("cell_line")["n_arrays"].to_dict()
    assert sorted(per_line[per_line == 2].index) == ["CAKI-1", "NCI-H226", "SK-MEL-28"]
    assert list(dict.fromkeys(arrays.samples["panel"])) == list(PANELS)
    assert arrays.probes[0] == "SIM0001_at" and len(set(arrays.probes)) == 1_200
    assert set(RSI_GENES) <= set(arrays.symbols[arrays.drivers]) and len(set(arrays.drivers)) == DRIVERS
    named = arrays.symbols[arrays.symbols != ""]
    assert len(set(named)) == len(named) > 200
    assert arrays.values.min() >= 2.5 and arrays.values.max() <= 14.5


def test_the_same_seed_gives_the_same_arrays_and_curves(arrays):
    assert (simulate_arrays(seed=3).values == arrays.values).all()
    assert (simulate_arrays(seed=4).values != arrays.values).any()
    assert simulate_curves(3).equals(simulate_curves(3))


def test_planted_genes_follow_sf2_and_others_do_not(arrays, cohort):
    first = arrays.samples["replicate"].to_numpy() == 1
    r = np.array([np.corrcoef(probe, cohort.sf2[first])[0, 1] for probe in arrays.values[first].T])
    rest = np.delete(r, arrays.drivers)
    assert np.abs(r[arrays.drivers]).mean() > 2.5 * np.abs(rest).mean()
    assert np.abs(rest).mean() < 0.2
    sign = np.array([RSI_GENES.get(arrays.symbols[place], 0) for place in arrays.drivers])
    assert (np.sign(r[arrays.drivers])[sign != 0] == sign[sign != 0]).mean() >= 0.8


def test_repeat_arrays_find_each_other_and_say_nothing_of_a_line_never_seen(cohort):
    """What explains the published accuracy: the nearest neighbour knows the line, not its radiosensitivity."""
    assert correlation("nearest_neighbour", cohort, "published") == pytest.approx(1)
    assert correlation("nearest_neighbour", cohort, "grouped") < 0.65


def test_a_line_never_seen_is_as_hard_as_with_real_arrays(cohort):
    """Real U133A arrays: panel mean r 0.54, ridge 0.48, aims of 0.60."""
    assert 0.4 < correlation("panel_mean", cohort, "grouped") < 0.62
    assert 0.4 < correlation("panel_ridge", cohort, "grouped") < 0.8


def test_all_probes_of_the_real_array_are_an_option():
    with pytest.raises(InputError, match="100 probes are too few for the demonstration: choose 120 or more"):
        simulate_arrays(100)
    many = simulate_arrays(ALL_PROBES)
    assert many.values.shape == (174, 54_675) and many.probes[-1] == "SIM54675_at"


def test_the_files_are_read_like_any_other(arrays, tmp_path):
    curves = simulate_curves(3)
    files = write_array_files(arrays, curves, tmp_path)
    receipt = Receipt()
    found = read_expression(files.expression, "arrays.gct", receipt)
    assert receipt.dropped == {} and receipt.read == 174
    assert found.scale == "log2" and found.values.shape == (174, 1_200)
    assert found.probes.tolist() == arrays.probes.tolist() and found.symbols.tolist() == arrays.symbols.tolist()
    assert found.values == pytest.approx(arrays.values, abs=6e-4)
    assert found.samples["line"].tolist() == arrays.samples["cell_line"].tolist()
    assert found.samples["panel"].tolist() == arrays.samples["panel"].tolist()
    assert found.samples["replicate"].tolist() == arrays.samples["replicate"].tolist()

    lines = read_survival(files.curves)
    assert lines.receipt.dropped == {} and lines.receipt.notes == []
    assert (len(lines.lines), len(lines.points)) == (20, 20 * 6 * 3)
    sf2 = published_sf2().set_index("cell_line")["sf2"][lines.lines["line"]].to_numpy()
    inside = (lines.lines["sf2_lower"] <= sf2) & (sf2 <= lines.lines["sf2_upper"])
    assert inside.mean() > 0.8
    assert lines.lines["sf2"].to_numpy() == pytest.approx(sf2, rel=0.15)
