"""SF2 of somebody's own file by a finished run: numbers, intervals, nearest lines, what moved it, and refusals."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_radiation import fill_store, job_for, small_cohort, write_files

from engine.errors import InputError, JobError
from engine.files.receipt import Receipt
from engine.jobs import queue
from engine.radiation import baselines, reach, rsi
from engine.radiation.finished import load_run
from engine.radiation.fits import network_file
from engine.radiation.predict import MOVERS, predict_expression, predict_file
from engine.radiation.train import run_training
from engine.radiation.trained import TrainedSF2
from engine.radiation.types import Expression
from engine.settings import store_path
from engine.store.database import Database

PUBLISHED, GROUPED = "run-published", "run-grouped"


def cohort():
    """Twelve lines; the genes of the radiosensitivity index among the probes."""
    found = small_cohort(lines=12, replicates=1, probes=200)
    symbols = found.symbols.copy().astype(object)
    symbols[-len(rsi.GENES) :] = rsi.GENES
    return replace(found, symbols=symbols.astype(str))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("home")
        patch.setenv("TUMORCAST_HOME", str(path))
        db = Database(store_path())
        fill_store(db, cohort())
        options = {"permutations": 0, "validation": False, "models": ("network", "panel_mean", "ridge")}
        for run_id, protocol in ((PUBLISHED, "published"), (GROUPED, "grouped")):
            run_training(job_for(db, run_id, protocol=protocol, **options))
        yield path


@pytest.fixture
def file(home, tmp_path):
    """The trained lines themselves, and one nobody knows, in a table of probes and samples."""
    given = cohort()
    strange = np.random.default_rng(5).normal(8, 3, given.values.shape[1])
    table = pd.DataFrame(np.column_stack([given.values.T, strange]), columns=[*given.line, "PATIENT 7"])
    table.insert(0, "probe", given.probes)
    table.insert(1, "symbol", given.symbols)
    path = tmp_path / "mine.csv"
    table.to_csv(path, index=False)
    return path


def by_model(found, sample):
    return {one.model: one for one in found if one.sample == sample}


def test_every_sample_gets_every_model(file):
    receipt = Receipt()
    found = predict_file(file, GROUPED, receipt=receipt)
    assert len(found) == 13 * 4 and receipt.read == 13
    assert [one.model for one in found[:4]] == ["network", "mean", "panel_mean", "ridge"]
    assert all(0 <= one.sf2 <= 1 for one in found if one.model != "network")
    assert all(one.lower <= one.sf2 <= one.upper for one in found)


def test_the_numbers_are_those_of_the_models(file):
    found, given = predict_file(file, GROUPED), cohort()
    everybody = np.arange(12)
    doubled = replace(
        given,
        **{name: np.concatenate([getattr(given, name)] * 2) for name in
           ("values", "sf2", "sample", "line", "panel", "replicate")},
    )  # fmt: skip
    expected = baselines.predict("ridge", doubled, everybody, everybody + 12, 0)
    mine = [one.sf2 for one in found if one.model == "ridge"][:12]
    assert mine == pytest.approx(expected, abs=1e-4)  # the file has its numbers with fewer digits
    networks = TrainedSF2.load(network_file(load_run(GROUPED).results))
    assert networks.members == 2
    mine = [one.sf2 for one in found if one.model == "network"][:12]
    assert mine == pytest.approx(networks.predict(given.values).mean(axis=0), abs=1e-4)


def test_intervals_come_from_lines_never_seen_and_only_then(file):
    honest, published = predict_file(file, GROUPED, movers=False), predict_file(file, PUBLISHED, movers=False)
    widths = load_run(GROUPED).half_width
    one = by_model(honest, "LINE-03")["ridge"]
    assert one.upper == pytest.approx(min(1, one.sf2 + widths["ridge"]))
    assert one.lower == pytest.approx(max(0, one.sf2 - widths["ridge"]))
    assert all(one.lower is None and one.upper is None for one in published)
    assert all(any("no interval for a line never seen" in note for note in one.notes) for one in published)
    assert not any("no interval" in note for one in honest for note in one.notes)


def test_nearest_lines_and_applicability(file):
    found = predict_file(file, GROUPED, movers=False)
    known, strange = by_model(found, "LINE-03")["ridge"], by_model(found, "PATIENT 7")["ridge"]
    line, similarity, sf2 = known.nearest[0]
    assert (line, similarity) == ("LINE-03", pytest.approx(1, abs=1e-3)) and sf2 == pytest.approx(cohort().sf2[3])
    assert known.inside and len(known.nearest) == 5
    assert [r for _, r, _ in known.nearest] == sorted((r for _, r, _ in known.nearest), reverse=True)
    assert abs(strange.nearest[0][1]) < 0.5
    assert any("trained on LINE03: this is no prediction of a line never seen" in note for note in known.notes)
    assert not any("trained on" in note and "line never seen" in note for note in strange.notes)


def test_what_is_unlike_every_line_is_outside(home):
    rng = np.random.default_rng(1)
    kinds = rng.normal(size=(3, 200))
    values = np.repeat(kinds, 4, axis=0) + 0.3 * rng.normal(size=(12, 200))  # lines that are alike in threes
    run = load_run(GROUPED)
    run = replace(run, cohort=replace(run.cohort, values=(8 + values).astype(np.float32)))
    another = 8 + kinds[1] + 0.3 * rng.normal(size=200)
    strange = 8 + rng.normal(size=200)
    found = predict_expression(expression(cohort(), another, strange), run, models=["mean"])
    assert [one.inside for one in found] == [True, False]
    assert run.usual == pytest.approx(np.percentile(most_similar(run), 5)) and run.usual > 0.8


def most_similar(run):
    found = np.corrcoef(run.profiles)
    np.fill_diagonal(found, -np.inf)
    return found.max(axis=1)


def expression(given, *values):
    names = [f"S{i}" for i in range(len(values))]
    samples = pd.DataFrame({"sample": names, "line": "", "line_name": "", "panel": "", "replicate": 1})
    return Expression(samples, given.probes, given.symbols, np.stack(values).astype(np.float32), given.scale)


def test_movers_are_the_largest_with_the_genes_of_the_index_marked(file):
    found = predict_file(file, GROUPED)
    network, ridge = by_model(found, "LINE-05")["network"], by_model(found, "LINE-05")["ridge"]
    assert ridge.movers == () and MOVERS <= len(network.movers) <= MOVERS + len(rsi.GENES)
    sizes = [abs(moved) for _, _, moved, _ in network.movers]
    assert sizes == sorted(sizes, reverse=True)
    marked = {symbol for _, symbol, _, of_index in network.movers if of_index}
    assert marked == set(rsi.GENES)
    assert not predict_file(file, GROUPED, movers=False)[0].movers


def test_genes_of_the_index_are_known_by_their_probe_sets(home):
    """A series matrix of GEO tells no symbols."""
    run, given = load_run(GROUPED), cohort()
    probes = given.probes.astype(object)
    probes[-len(rsi.GENES) :] = [probe for _, probe in rsi.COEFFICIENTS.values()]
    named = {"probes": probes.astype(str), "symbols": np.full(len(probes), "")}
    run = replace(run, cohort=replace(run.cohort, **named))
    (found,) = predict_expression(expression(replace(given, **named), given.values[0]), run, models=["network"])
    assert {symbol for _, symbol, _, of_index in found.movers if of_index} == set(rsi.GENES)


def test_an_index_without_all_its_genes_says_so(home):
    run, given = load_run(GROUPED), cohort()
    run = replace(run, settings=replace(run.settings, models=("rsi",)))
    fewer = replace(given, probes=given.probes[:-1], symbols=given.symbols[:-1])
    (_, found) = predict_expression(expression(fewer, given.values[0][:-1]), run)
    assert found.model == "rsi" and any("The index lacks IRF1: the mean of the training" in n for n in found.notes)
    (_, found) = predict_expression(expression(given, given.values[0]), run)
    assert not any("The index lacks" in note for note in found.notes)


def test_nothing_of_a_patient_enters_a_job_folder(home, file):
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    predict_file(file, GROUPED)
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_a_file_of_other_probes_is_refused(home, tmp_path):
    path = tmp_path / "other.csv"
    table = pd.read_csv(write_files(tmp_path, cohort())[0])
    table["probe"], table["symbol"] = "x" + table["probe"], "Y"
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match="100% of the 200 probes of this run are not in the file"):
        predict_file(path, GROUPED)


def test_missing_probes_are_told(home, tmp_path):
    path = tmp_path / "fewer.csv"
    pd.read_csv(write_files(tmp_path, cohort())[0]).iloc[20:].to_csv(path, index=False)
    found = predict_file(path, GROUPED, models=["panel_mean"])
    assert any("10.0% of the values are missing" in note for note in found[0].notes)


def test_unknown_models_and_runs_are_refused(file, home, tmp_path):
    with pytest.raises(InputError, match="Run run-grouped has no model svr. It has: mean, panel_mean, ridge, network"):
        predict_file(file, GROUPED, models=["svr"])
    with pytest.raises(JobError, match="The job folder of run gone is gone.*train again"):
        predict_file(file, "gone")
    empty = queue.job_folder(GROUPED).with_name("run-empty")
    shutil.copytree(queue.job_folder(GROUPED), empty)
    (empty / "results" / "radiation.json").unlink()
    with pytest.raises(JobError, match="run-empty holds no finished radiosensitivity run"):
        predict_file(file, "run-empty")
    shutil.rmtree(empty)


def test_an_impossible_answer_is_bounded_and_said(home, monkeypatch):
    monkeypatch.setattr(TrainedSF2, "predict", lambda self, values: np.array([[1.30, -0.25], [1.34, -0.05]]))
    run, given = load_run(GROUPED), cohort()
    found = predict_expression(expression(given, *given.values[:2]), run, models=["network", "ridge"], movers=False)
    high, ridge, low, _ = found
    assert (high.sf2, high.answered) == (1.0, pytest.approx(1.32))
    assert (low.sf2, low.answered) == (0.0, pytest.approx(-0.15))
    assert high.lower == pytest.approx(max(0, 1 - run.half_width["network"])) and high.upper == 1.0
    assert low.lower == 0.0 and low.upper == pytest.approx(min(1, run.half_width["network"]))
    assert "The network answered 1.32: outside the possible range 0 to 1, shown as 1." in high.notes
    assert ridge.answered is None and not any("outside the possible range" in note for note in ridge.notes)


def loud_run():
    """A run whose probes differ in level, as those of arrays do."""
    run, level = load_run(GROUPED), np.random.default_rng(3).uniform(3, 13, 200)
    return replace(run, cohort=replace(run.cohort, values=(run.cohort.values - 8 + level).astype(np.float32)))


def test_what_only_has_the_values_of_an_array_is_outside(home):
    run, rng = loud_run(), np.random.default_rng(4)
    real = run.cohort.values[2] + 0.3 * rng.normal(size=200)
    linear = np.exp2(real)
    percent = np.log2(100 * linear / linear.max() + 1)  # percent of the maximum, read as intensities
    samples = expression(cohort(), real, rng.permutation(real), percent)
    inside, shuffled, other_scale = predict_expression(samples, run, models=["mean"])
    assert inside.inside and inside.outside_because == ()
    assert not shuffled.inside and "with the mean training profile" in "".join(shuffled.outside_because)
    assert not other_scale.inside and "spread otherwise" in "".join(other_scale.outside_because)
    (note,) = [note for note in shuffled.notes if note.startswith("Extrapolation: ")]
    limits = reach.limits(run)
    assert f"{limits.level:.2f} or more: other probes" in note
    fails = [bool(one.why) for one in reach.judge(run, run.cohort.values, limits)]
    assert sum(fails) <= 3, "most trained arrays are within reach of their own run"


def test_a_trained_array_under_another_name_is_a_look_up(home):
    run, rng = loud_run(), np.random.default_rng(6)
    again = run.cohort.values[4] + 0.05 * rng.normal(size=200)
    new = run.cohort.values.mean(axis=0) + rng.normal(size=200)
    same, other = predict_expression(expression(cohort(), again, new), run, models=["mean"])
    assert (same.look_up, other.look_up) == ("LINE-04", "")
    (note,) = [note for note in same.notes if "a look-up" in note]
    assert note.startswith("Practically identical to LINE-04 in the training data (r = 0.99")
    assert "the interval does not hold" in note and not any("a look-up" in note for note in other.notes)


def test_an_untold_panel_is_that_of_the_nearest_line_and_said(home):
    run, models = loud_run(), ("panel_mean", "lineage_mean")
    run = replace(run, settings=replace(run.settings, models=models))
    sf2, panel = run.cohort.sf2, run.cohort.panel
    given = expression(cohort(), run.cohort.values[3] + 0.05 * np.random.default_rng(6).normal(size=200))
    for one in predict_expression(given, run, models=models):
        assert one.panel == "Leukemia" and one.sf2 == pytest.approx(sf2[panel == "Leukemia"].mean())
        assert "Panel not told, taken from the nearest line LINE-03 (Leukemia)." in one.notes
    (told,) = predict_expression(given, run, models=["panel_mean"], panel="lung")
    assert told.panel == "Lung" and told.sf2 == pytest.approx(sf2[panel == "Lung"].mean())
    assert not any("nearest line LINE-03 (" in note for note in told.notes)
    of_file = replace(given, samples=given.samples.assign(panel="Colon"))
    assert predict_expression(of_file, run, models=["mean"])[0].panel == "Colon"
    odd = replace(given, samples=given.samples.assign(panel="Heart"))
    (found,) = predict_expression(odd, run, models=["mean"])
    assert "Heart is no panel of the run, taken from the nearest line LINE-03 (Leukemia)." in found.notes
    (far,) = predict_expression(expression(cohort(), np.linspace(3, 13, 200)), run, models=["mean"])
    assert any("Panel not told" in note and note.endswith("a guess for a sample out of reach.") for note in far.notes)
    with pytest.raises(InputError, match="knows no panel 'Heart'. Choose from Colon, Leukemia, Lung"):
        predict_expression(given, run, panel="Heart")


def test_the_nearest_neighbour_says_which_array_it_took(home):
    run = loud_run()
    run = replace(run, settings=replace(run.settings, models=("nearest_neighbour",)))
    (_, found) = predict_expression(expression(cohort(), run.cohort.values[7]), run)
    assert any(
        note.startswith("The nearest neighbour took LINE-07 (r = 1.000 of the values as") for note in found.notes
    )
