"""The job that predicts every molecule of a library for every line by a run.

The job carries the molecules, the lines and their mutations as they were when it was submitted; the networks are read
from the run's own job folder. Chunk k of the molecules becomes results/library_prediction/part-<k>.parquet in one
step, so whoever dies leaves whole parts only, and what is started again computes those that are missing. The drugs
that the run was trained on are predicted for the same lines, once: selectivity is relative to them. On a cluster
shard k of n takes the chunks k, k + n, k + 2n, ...; here one process takes them all. The numbers are the same.
"""

import tempfile
import time
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from engine.errors import InputError
from engine.jobs import queue
from engine.jobs.context import JobContext, peak_memory_mib
from engine.jobs.slurm import array_size
from engine.response import screen_parts as parts
from engine.response.ensemble import default_run, folds_of, honest_run, intervals_of, networks_of, results_of
from engine.response.records import run_summary
from engine.store.database import Database

CHUNK = 256  # molecules; one row group of the input and one part of the results
ROWS_AT_ONCE = 64 * CHUNK
MOLECULE_COLUMNS = ("molecule_id", "name", "smiles")
# Nobody has measured most molecules of a library, while the networks have seen most of the lines.
HONEST_SPLITS = ("drug", "both", "cell_line", "cancer_type")
SEEN_DRUGS = (
    "The intervals come from random pairs of drugs that the networks were trained on, so they are too narrow for "
    "molecules that no network has seen: evaluate the run on unseen drugs to get honest ones."
)


def submit_screening(db: Database, library: str, run_id: str = "", shards: int = 0) -> str:
    """Submit the screen of a library with a run; returns the job's id, which is the screen's.

    Every line with mutations and a cancer type takes part; of measured and simulated lines those of the run's kind.
    run_id: empty takes `ensemble.default_run`. shards: at most so many tasks on a cluster; 0: as its settings say.
    Raises InputError for a library that is not there, a run without network or job folder, and a store without lines;
    StoreError for an unknown run.
    """
    simulated = _library(db, library)
    run = run_summary(db, run_id) if run_id else default_run(db)
    networks = networks_of(run)
    results_of(run)
    intervals = intervals_of(run, honest_run(db, run, HONEST_SPLITS), SEEN_DRUGS)
    lines = db.query(
        """SELECT c.cosmic_id, c.name, c.cancer_type FROM cell_line c LEFT JOIN source s USING (source_id)
           WHERE trim(coalesce(c.cancer_type, '')) <> '' AND coalesce(s.simulated, FALSE) = ?
             AND c.cosmic_id IN (SELECT cosmic_id FROM mutation) ORDER BY c.cosmic_id""",
        [run.simulated],
    )
    if lines.empty:
        kind = "simulated" if run.simulated else "measured"
        raise InputError(f"The store has no {kind} cell line with mutations and a cancer type: import them first.")
    mutations = db.query(
        """SELECT DISTINCT cosmic_id, gene, position_key FROM mutation WHERE list_contains(?, cosmic_id)
           ORDER BY ALL""",
        [lines["cosmic_id"].tolist()],
    )
    calibration = intervals.calibration
    with tempfile.TemporaryDirectory(prefix="tumorcast-screen-") as folder:
        molecules = Path(folder) / "molecules.parquet"
        n_molecules = _pack(db, library, molecules)
        params = {
            "library": library,
            "run_id": run.run_id,
            "networks": list(networks),
            "folds": list(folds_of(run)),
            "molecules": n_molecules,
            "lines": len(lines),
            "shards": min(shards or array_size(), -(-n_molecules // CHUNK)),
            "quantile": None if calibration is None else calibration.quantile,
            "floor": None if calibration is None else calibration.floor,
            "interval_split": intervals.split,
            "interval_note": intervals.note,
            "simulated": bool(run.simulated or simulated),
        }
        inputs: dict[str, Path | pd.DataFrame] = {
            "molecules.parquet": molecules,
            "lines.parquet": lines,
            "mutations.parquet": mutations,
        }
        return queue.submit("screen_library", f"Screen {library} with {run.run_id}", params, inputs=inputs)


def run_screening(job: JobContext) -> None:
    """The task: one process predicts every chunk, then puts the parts in order."""
    run_shard(job, 0, 1)
    finish(job)


def run_shard(job: JobContext, shard: int, shards: int) -> None:
    """Predict the chunks shard, shard + shards, ... that have no part yet, each written in one step.

    Several of them may run at once on the same job folder, on any machines that share it. Raises JobCancelled when
    somebody asked the job to stop, JobError where a part cannot be written (a full disk); the parts that are written
    stay, and a second call computes the rest.
    """
    from engine.response.screen_model import load_screen_model  # torch and RDKit load when there is work to do

    molecules = pq.ParquetFile(job.input("molecules.parquet"))
    mine = range(shard, molecules.metadata.num_row_groups, shards)
    missing = [k for k in mine if not parts.part_file(job, k).exists()]
    if not missing:
        return
    total = sum(molecules.metadata.row_group(k).num_rows for k in mine)
    kept = total - sum(molecules.metadata.row_group(k).num_rows for k in missing)  # by an earlier attempt
    job.progress(kept / total, "preparing the lines")
    lines = pd.read_parquet(job.input("lines.parquet"))["cosmic_id"].tolist()
    mutations = pd.read_parquet(job.input("mutations.parquet"))
    run_id = str(job.params["run_id"])
    results = queue.job_folder(run_id) / "results"
    model = load_screen_model(run_id, results, job.params["networks"], job.params["folds"], mutations, lines)
    if shard == 0 and not parts.reference_file(job).exists():
        job.progress(kept / total, "predicting the drugs that the run was trained on")
        of_run = model.predict_reference(lambda share: job.check_cancelled())
        if of_run is not None:
            parts.write_reference(job, of_run)
    predicted, began = 0, time.monotonic()
    for k in missing:
        started = time.monotonic()
        chunk = molecules.read_row_group(k).to_pandas()

        def told(share: float, n: int = len(chunk), earlier: int = predicted) -> None:
            done = earlier + share * n
            rate = done / (time.monotonic() - began)
            numbers = {"molecules_per_s": rate, "predictions_per_s": rate * len(lines) * model.size}
            job.progress((kept + done) / total, f"{kept + done:,.0f} of {total:,} molecules", **numbers)

        told(0.0)
        found = model.predict(chunk["smiles"].tolist(), chunk["name"].tolist(), told)
        parts.write_part(job, k, chunk["molecule_id"], found, time.monotonic() - started)
        predicted += len(chunk)


def finish(job: JobContext) -> None:
    """Check that every part is there, write the screen's own row and result.json.

    Raises JobError naming the parts that are missing or damaged; resuming the job computes those again.
    """
    summary = parts.check_parts(job)
    params = job.params
    lines = pd.read_parquet(job.input("lines.parquet"))["cosmic_id"]
    memory = max(summary.peak_memory_mib, peak_memory_mib())
    row = {
        "screen_id": job.spec.id,
        "library": params["library"],
        "run_id": params["run_id"],
        "networks": ", ".join(params["networks"]),
        "created_at": datetime.fromisoformat(job.spec.created_at).replace(tzinfo=None),
        "cosmic_ids": lines.tolist(),
        "n_molecules": summary.molecules,
        "n_lines": len(lines),
        "seconds": summary.seconds,
        "peak_memory_mib": memory,
        "quantile": params["quantile"],
        "floor": params["floor"],
        "interval_split": params["interval_split"],
        "simulated": params["simulated"],
        "reference": parts.read_reference(job),
    }
    frame = pd.DataFrame([row]).astype({"quantile": "Float64", "floor": "Float64"})
    job.write_table("library_screen", frame)
    per_network = summary.molecules * len(lines) / max(summary.seconds, 1e-9)
    job.write_result(
        {
            **{key: params[key] for key in ("library", "run_id", "networks", "interval_split", "simulated")},
            "molecules": summary.molecules,
            "lines": len(lines),
            "outside": summary.outside,
            "seconds": round(summary.seconds, 1),
            "predictions_per_s_per_network": round(per_network * len(params["networks"]) * len(params["folds"])),
            "peak_memory_mib": round(memory, 1),
            "notes": [params["interval_note"]] if params["interval_note"] else [],
        }
    )


def _library(db: Database, library: str) -> bool:
    """Whether the library is of simulated molecules. Raises InputError naming those there are."""
    known = db.query(
        """SELECT l.library, bool_or(coalesce(s.simulated, FALSE)) AS simulated
           FROM library l LEFT JOIN source s USING (source_id) GROUP BY l.library ORDER BY l.library"""
    ).set_index("library")["simulated"]
    if known.empty:
        raise InputError("The store has no library yet. Import one: python -m engine import library FILE --name NAME")
    if library not in known.index:
        raise InputError(f"There is no library '{library}' in the store. Libraries: {', '.join(known.index)}.")
    return bool(known[library])


def _pack(db: Database, library: str, file: Path) -> int:
    """Write the library's molecules by molecule_id, one row group per chunk, without holding it; returns how many."""
    rows, last = 0, ""
    with parts.molecule_writer(file, MOLECULE_COLUMNS) as write:
        while True:
            some = db.query(
                f"""SELECT molecule_id, coalesce(name, molecule_id) AS name, smiles FROM library
                    WHERE library = ? AND molecule_id > ? ORDER BY molecule_id LIMIT {ROWS_AT_ONCE}""",
                [library, last],
            )
            if some.empty:
                return rows
            write(some, CHUNK)
            rows, last = rows + len(some), str(some["molecule_id"].iloc[-1])
