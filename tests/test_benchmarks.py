"""A benchmark that does not run measures nothing: each runs here on a cohort a hundredth of its size."""

import importlib.util
from types import ModuleType

import pytest

from engine.settings import REPOSITORY, store_path


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", REPOSITORY / f"benchmarks/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch):
    module = script("training")
    for name, small in (("LINES", 20), ("DRUGS", 6), ("NAIVE_PAIRS", 4), ("PUBLISHED_POSITIONS", 1400)):
        monkeypatch.setattr(module, name, small)
    return module


def test_training_benchmark_measures_both_sides(training):
    measured = training.measure("master")
    for what in ("naive_training", "training", "naive_inference", "inference"):
        assert measured[what] > 0
    assert measured["training_ratio"] == pytest.approx(measured["training"] / measured["naive_training"])


def test_pages_benchmark_opens_pages_and_both_ways_agree(tumorcast_home, monkeypatch):
    pages = script("pages")
    for name, small in (("LINES", 60), ("DRUGS", 12), ("TYPES", 4)):
        monkeypatch.setattr(pages, name, small)
    db = pages.build(store_path())
    compared = pages.compare_reads(db, pages.PairFilter(cancer_types=("TYPE00", "TYPE01")))
    assert compared["naive_r2"] == pytest.approx(compared["aggregated_r2"])
    monkeypatch.setattr(pages.launch, "ensure_runners", lambda: None)
    views = (("responses.py", {}), ("responses.py", {"type": ["TYPE00", "TYPE01"]}))
    rows = pages.open_pages(views)
    assert [row["failed"] for row in rows] == [[], []]
    assert "shown_scores" in rows[1]["reads"] and rows[1]["cold"] > 0 < rows[1]["warm"]


def test_patient_file_benchmark_measures_both_ways_of_reading_the_same():
    measured = script("patient_file").measure(200)
    plain, ours = measured["plain"], measured["ours"]
    assert plain["rows"] == ours["rows"] == 200 and plain["digest"] == ours["digest"]
    assert min(plain["seconds"], ours["seconds"], plain["peak_mib"], ours["peak_mib"]) > 0


def test_screening_benchmark_measures_both_ways_of_the_same_numbers(monkeypatch):
    screening = script("screening")
    for name, small in (("LINES", 20), ("NAIVE_PAIRS", 4), ("PUBLISHED_POSITIONS", 5000)):
        monkeypatch.setattr(screening, name, small)
    measured = screening.measure("unified", 12)
    assert measured["ratio"] == pytest.approx(measured["screen"] / measured["naive"]) and measured["lines"] > 0


def test_library_benchmark_collects_and_ranks_as_the_naive_read():
    measured = script("library").measure(600, 60)
    assert measured["agree"] and measured["store_mib"] > 0
    for way in ("collect", "rank", "line", "naive"):
        assert min(measured[way]["seconds"], measured[way]["peak_mib"]) > 0


def test_radiation_benchmark_trains_both_ways_from_the_same_weights(monkeypatch):
    """That both lose the same is asserted by the benchmark itself."""
    radiation = script("radiation")
    for name, small in (("ARRAYS", 12), ("SAMPLES", 10), ("FITS", 2), ("REPEATS", 1)):
        monkeypatch.setattr(radiation, name, small)
    measured = radiation.measure(inputs=400, batch=5)
    assert measured["ratio"] == pytest.approx(measured["conv1d"] / measured["fft"])
    assert min(measured[what] for what in ("fft", "conv1d", "epoch", "prediction_s")) > 0
    assert measured["protocol_hours"] == pytest.approx(measured["epoch"] * 2 * 100 / 3600)
    assert ("gpu" in measured) == radiation.torch.cuda.is_available()


def test_stacks_benchmark_projects_as_numpy_does():
    measured = script("stacks").measure(planes=4, pixels=64, wells=2, kinds=("planes",))
    found = measured["planes"]
    assert measured["wells_per_minute"] > 0 and found["agree"]
    assert found["of_read"] == pytest.approx(found["read"]["seconds"] / found["project"]["seconds"])
    assert min(found[way]["peak_mib"] for way in ("read", "reread", "project", "naive")) > 0


def test_curves_benchmark_minimises_the_same_loss_both_ways():
    measured = script("curves").measure(curves=200, in_loop=10)
    assert measured["ratio"] == pytest.approx(measured["batch"] / measured["loop"]) and measured["ratio"] > 5
    assert min(measured["batch_cpu"], measured["loop_cpu"]) > 0
    assert measured["no_worse"] >= 0.7


def test_review_benchmark_decides_and_fits_every_curve_in_a_loop(tumorcast_home, monkeypatch):
    """Its clicks are those of tests/browser/driving.py, which the browser tests drive."""
    review = script("review")
    for name, small in (("SIZE", "small"), ("WHOLE", 1), ("LOOP", 4)):
        monkeypatch.setattr(review, name, small)
    db = review.build(tumorcast_home, 2, draws=0)
    of = db.query("SELECT screen, count(*) AS n, sum(dss_asym) AS dss FROM score GROUP BY screen")
    assert of["n"].tolist() == [288, 288] and of["dss"].nunique() == 2, "every drug of both, and a copy varies"
    found = review.rescored(db)
    assert found["curves"] == 288 and found["in_loop"] == found["finite"] == 4 and found["changed"] > 0
    assert found["ratio"] == pytest.approx(found["naive_cpu_s"] / found["decision_cpu_s"])
    rows = [{"click": "tab", "first": first, "seconds": 1.0 + first, "server": 0.5} for first in (True, False, False)]
    assert review.summary(rows)["seconds max"].to_dict() == {"tab (first)": 2.0, "tab": 1.0}
