"""Fixtures that every test may ask for."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import small_store
from filelock import FileLock

from engine.settings import store_path

REPOSITORY = Path(__file__).resolve().parent.parent
REAL_DATA = REPOSITORY.parent / "shared" / "data"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are called by their argument: packed ones hold the time, and processes side by side must agree on names."""
    return argname if isinstance(val, bytes | bytearray) else None


@pytest.fixture(scope="session", autouse=True)
def _keep_off_the_real_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that names no home gets an empty one, never the store somebody works with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield
    end_processes(tmp_path_factory.getbasetemp())


def end_processes(below: Path) -> None:
    """Kill every other process whose TUMORCAST_HOME is this folder or lies in it: runners outlive who started them."""
    for process in psutil.process_iter(["environ"]):
        home = (process.info["environ"] or {}).get("TUMORCAST_HOME")
        if home and Path(home).is_relative_to(below) and process.pid != os.getpid():
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def tumorcast_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of this test's own; no process that works in it outlives the test."""
    monkeypatch.setenv("TUMORCAST_HOME", str(tmp_path))
    yield tmp_path
    end_processes(tmp_path)


@pytest.fixture
def filled_home(tumorcast_home: Path) -> Path:
    """A home with the small store (small_store.py)."""
    small_store.build_store(store_path()).close()
    return tumorcast_home


@pytest.fixture
def build_store():
    """The function that writes the small store: build_store(path, simulated=True)."""
    return small_store.build_store


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public data beside the checkout."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real data: {REAL_DATA} does not exist")
    return REAL_DATA


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the demonstration store, built once by the real command with a short training.

    Shared by all tests of the session: point TUMORCAST_HOME at it and read, do not write.
    """
    base = tmp_path_factory.getbasetemp()
    # Side by side, each process of pytest has a folder of its own in one that they share.
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    home, built = shared / "demo", shared / "demo-is-built"
    with FileLock(shared / "demo.lock"):
        if not built.exists():
            _build_demo(home)
            built.touch()
    return home


def _build_demo(home: Path) -> None:
    home.mkdir()
    build = subprocess.run(
        [sys.executable, "-m", "engine", "demo", "--epochs", "2", "--folds", "2"],
        cwd=REPOSITORY,
        env={**os.environ, "TUMORCAST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=1200,  # two free cores take a tenth of it
    )
    assert build.returncode == 0, f"engine demo failed:\n{build.stdout}\n{build.stderr}"
