"""Heat for pages: as bytes, with what the network said, loaded only when it is asked for."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import InputError
from engine.spheroid import explain
from engine.spheroid.heat import METHODS, heat_map
from engine.store.database import Database


def test_heat_comes_as_bytes_with_what_the_network_says(monkeypatch, tmp_path):
    network = SimpleNamespace(phase=2, network=SimpleNamespace(backbone="squeezenet1_0"), run_id="run")
    heat = np.array([[0.0, 0.5], [1.0, 0.25]])
    asked = []

    def explained(db, screen, well, method, towards):
        asked.append((screen, well, method, towards))
        return explain.Looked(np.zeros((2, 2)), heat, 0.31, "dead", network, True)

    monkeypatch.setattr(explain, "explained", explained)
    found = heat_map(Database(tmp_path / "s.duckdb"), "S", ("P1", "B", 2), "score_cam", "")
    assert found.heat.tolist() == [[0, 128], [255, 64]] and found.heat.dtype == np.uint8
    assert (found.raw, found.towards, found.phase, found.backbone) == (0.31, "dead", 2, "squeezenet1_0")
    assert asked == [("S", ("P1", "B", 2), "score_cam", "")]


@pytest.mark.parametrize(
    ("method", "towards", "match"), [("saliency", "", "Unknown explanation"), ("grad_cam", "x", "alive or dead")]
)
def test_an_unknown_map_is_refused(method, towards, match, tmp_path):
    with pytest.raises(InputError, match=match):
        heat_map(Database(tmp_path / "s.duckdb"), "S", ("P1", "B", 2), method, towards)


def test_names_of_maps_come_without_torch():
    code = "import sys, engine.spheroid.heat; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False" and list(METHODS) == ["grad_cam", "grad_cam_pp", "score_cam"]
