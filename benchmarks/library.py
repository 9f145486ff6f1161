"""How much time and memory it takes to put a screen of 102,400 molecules on 808 lines into the store and to rank it.

    .venv/bin/python benchmarks/library.py [--molecules 102400] [--json]

`collect` puts the parts of a screen into the store in one transaction, `rank` reads it and ranks it for a cancer type,
`line` ranks it for a cell line, `naive` reads all predictions at once and ranks for a type. Predictions are simulated
noise, which DuckDB cannot compress. Each way has a process of its own: seconds and peak MiB of that process, imports
included in the memory. `rank` and `naive` give the same order.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.collect import collect
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.spec import create_folder, now
from engine.response.library_rank import by_line, by_type, ordered, ranked
from engine.settings import jobs_folder, store_path
from engine.store.database import Database

MOLECULES, LINES, TYPES = 102_400, 808, 25
SCREEN, LIBRARY, TYPE = "screen", "simulated", "TYPE07"


def write(molecules: int, lines: int) -> None:
    """The finished jobs of an import and a screen, and the lines."""
    from engine.response.screen_model import Chunk  # with torch, which none of the ways loads
    from engine.response.screen_parts import write_part
    from engine.response.screening import CHUNK

    rng = np.random.default_rng(0)
    names = [f"M{i:07}" for i in range(molecules)]
    folders = [jobs_folder() / name for name in ("lines", "import", SCREEN)]
    jobs = []
    for folder in folders:
        create_folder(folder, "self_test", {})
        jobs.append(JobContext.for_folder(folder))
    types = [f"TYPE{i * TYPES // lines:02}" for i in range(lines)]
    known = pd.DataFrame({"cosmic_id": range(lines), "name": [f"line {i}" for i in range(lines)], "cancer_type": types})
    jobs[0].write_table("cell_line", known.assign(source_id="benchmark"))
    library = pd.DataFrame({"library": LIBRARY, "molecule_id": names, "name": names, "smiles": "C" * 40})
    jobs[1].write_table("library", library.assign(drug_class="unknown", source_id="benchmark"))
    row = {
        "screen_id": SCREEN, "library": LIBRARY, "run_id": "run", "networks": "master",
        "created_at": datetime(2026, 1, 1), "cosmic_ids": list(range(lines)), "n_molecules": molecules,
        "n_lines": lines, "seconds": 1.0, "peak_memory_mib": 1.0, "quantile": 1.6, "floor": 0.5,
        "interval_split": "drug", "simulated": True,
    }  # fmt: skip
    jobs[2].write_table("library_screen", pd.DataFrame([row]))
    for chunk, start in enumerate(range(0, molecules, CHUNK)):
        ids = pd.Series(names[start : start + CHUNK])
        mean = rng.normal(0, 2, (len(ids), 1)) + rng.normal(0, 1, (len(ids), lines))
        spread = rng.uniform(0.1, 1, mean.shape)
        write_part(jobs[2], chunk, ids, Chunk(mean.astype(np.float32), spread.astype(np.float32), None), 0.0)
    for folder in folders:
        write_json(folder / "done.json", {"finished_at": now()})
    collect("lines")
    collect("import")


def collected() -> str:
    """The screen into the store."""
    collect(SCREEN)
    return ""


def rank() -> str:
    """The molecules that are the most potent for a type."""
    db = Database(store_path())
    return " ".join(ordered(by_type(ranked(db, SCREEN), TYPE), "potency")["molecule_id"].head(10))


def line() -> str:
    """The molecules that are the most potent for a line, after the screen was read for a type."""
    db = Database(store_path())
    of = ranked(db, SCREEN)
    started = time.perf_counter()
    ordered(by_line(of, db, 1), "potency")
    return f"{time.perf_counter() - started:.3f}"


def naive() -> str:
    """As `rank`, by the shortest way there is."""
    db = Database(store_path())
    found = db.query("SELECT molecule_id, mean FROM library_prediction WHERE screen_id = ?", [SCREEN])
    lines = db.query("SELECT cancer_type FROM cell_line ORDER BY cosmic_id")["cancer_type"]
    wide = pd.DataFrame(found["mean"].to_list(), index=found["molecule_id"])
    return " ".join(wide.loc[:, (lines == TYPE).to_numpy()].median(axis=1).sort_values(kind="stable").index[:10])


WAYS: dict[str, Callable[[], str]] = {"collect": collected, "rank": rank, "line": line, "naive": naive}


def work(way: str) -> dict[str, Any]:
    """Runs one way in this process."""
    started = time.perf_counter()
    told = WAYS[way]()
    seconds = time.perf_counter() - started
    # Of the whole process, libraries included; getrusage would tell the parent's peak where that was higher.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "told": told}


def measure(molecules: int, lines: int = LINES) -> dict[str, Any]:
    """Seconds and peak memory of each way on the same screen, and what the store takes on disk."""
    result: dict[str, Any] = {"molecules": molecules, "lines": lines}
    with tempfile.TemporaryDirectory(prefix="tumorcast-benchmark-") as home:
        for way in ("write", *WAYS):
            command = [sys.executable, __file__, "--way", way, "--molecules", str(molecules), "--lines", str(lines)]
            done = subprocess.run(command, env={**os.environ, "TUMORCAST_HOME": home}, capture_output=True, check=True)
            if way != "write":
                result[way] = json.loads(done.stdout)
        result["store_mib"] = (Path(home) / "store" / store_path().name).stat().st_size / 1024**2
    result["line"]["seconds"] = float(result["line"].pop("told"))
    result["agree"] = result["rank"].pop("told") == result["naive"].pop("told")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--molecules", type=int, default=MOLECULES)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--way", choices=("write", *WAYS), help="do this one in TUMORCAST_HOME and tell what it took")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.way == "write":
        write(given.molecules, given.lines)
        return
    if given.way:
        print(json.dumps(work(given.way)))
        return
    found = measure(given.molecules, given.lines)
    if given.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['molecules']:,} molecules x {found['lines']:,} lines, {found['store_mib']:,.0f} MiB in the store")
    for way in WAYS:
        print(f"{way:8} {found[way]['seconds']:.1f} s, peak {found[way]['peak_mib']:,.0f} MiB")
    print(f"same order: {found['agree']}")


if __name__ == "__main__":
    main()
