"""A library screened with a tiny run: the numbers of pair by pair prediction, whoever dies on the way."""

import errno
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from small_cohort import SMILES, tables
from small_store import insert

from engine.chem.fingerprints import drug_fingerprints
from engine.collect import collect
from engine.errors import InputError, JobCancelled, JobError, MoleculeError, NetworkError, StoreError
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.files import write_json
from engine.jobs.spec import create_folder
from engine.response import screen_model, screen_parts, screening
from engine.response.fingerprint import genome_bits
from engine.response.fold_models import network_file
from engine.response.library_rank import by_line, ranked
from engine.response.library_records import load_screen
from engine.response.records import run_summary, training_inputs
from engine.response.repurpose import Thresholds
from engine.response.repurpose import matrix as matrix_of
from engine.response.screening import finish, run_screening, run_shard, submit_screening
from engine.response.train import run_training
from engine.response.trained import TrainedNetwork, predict_pairs
from engine.settings import jobs_folder, store_path
from engine.store.database import Database
from engine.worker import run_folder

RUN, FOLDS_RUN, BASELINES_RUN = "run-of-pairs", "run-of-drugs", "run-of-baselines"
LINES = 24
# Carbon chains that nobody measured, and drug 2 itself.
MOLECULES = ["C" * n + "O" for n in range(4, 14)] + [SMILES[1]]
KNOWN = 10  # its place among them
CHUNK = 4  # 11 molecules: two chunks of 4, one of 3


def train(db: Database, run_id: str, **settings) -> None:
    folder = jobs_folder() / run_id
    common = {"baselines": ["drug_mean", "mean_effects"], "epochs": 1, "dataset": "T"}
    inputs, _, simulated = training_inputs(db)
    create_folder(folder, "train_response", {"settings": {**common, **settings}, "simulated": simulated}, inputs=inputs)
    run_training(JobContext.for_folder(folder))
    write_json(folder / "done.json", {})
    assert collect(run_id, db)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three runs on 24 lines of two types, a library of 11 molecules, and lines that no screen may take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCAST_HOME", str(tmp_path_factory.mktemp("home")))
        given, db = tables(n_lines=LINES), Database(store_path())
        with db.write() as connection:
            for source, simulated in (("t", "false"), ("demo", "true")):
                connection.execute(
                    f"INSERT INTO source VALUES ('{source}','responses','f','GDSC','x',1,'','',1,1,'{{}}',now(),'j',"
                    f"{simulated})"
                )
        for name, extra in (
            ("cell_line", {}),
            ("drug", {"pathway": "EGFR signaling"}),
            ("mutation", {"classification": "Missense_Mutation"}),
            ("response", {"n_measured": 1}),
        ):
            insert(db, **{name: given[f"{name}.parquet"].assign(source_id="t", **extra)})
        train(db, RUN, networks=["master", "unified"], test_share=0.2, validation_share=0.15)
        train(db, FOLDS_RUN, networks=["shallow"], split="drug", folds=2)
        train(db, BASELINES_RUN, networks=[])
        others = pd.DataFrame({"cosmic_id": [101, 102, 103], "name": ["no type", "no mutation", "simulated"]})
        insert(db, cell_line=others.assign(cancer_type=[None, "SKCM", "SKCM"], source_id=["t", "t", "demo"]))
        row = {"gene": "ABL1", "position_key": "ABL1:1", "classification": "Missense_Mutation", "source_id": "t"}
        insert(db, mutation=pd.DataFrame([{"cosmic_id": 101, **row}, {"cosmic_id": 103, **row}]))
        molecules = pd.DataFrame({"smiles": MOLECULES, "molecule_id": [f"M{i:02}" for i in range(len(MOLECULES))]})
        molecules = molecules.assign(library="chains", name=[f"chain {i}" for i in range(len(MOLECULES))])
        insert(db, library=molecules.assign(drug_class="unknown", source_id="t"))
        yield db
        db.close()


@pytest.fixture
def submit(store, monkeypatch):
    """submit(run_id=RUN) -> the job's context; nothing runs by itself."""
    monkeypatch.setattr(queue.launch, "start", lambda folder: None)
    monkeypatch.setattr(screening, "CHUNK", CHUNK)
    made: list[Path] = []

    def call(run_id: str = RUN, library: str = "chains", **named) -> JobContext:
        made.append(queue.job_folder(submit_screening(store, library, run_id, **named)))
        return JobContext.for_folder(made[-1])

    yield call
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


def read(job: JobContext) -> pd.DataFrame:
    files = sorted((job.results / "library_prediction").glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def matrix(job: JobContext, column: str = "mean") -> np.ndarray:
    return np.stack(read(job)[column].to_list())


def files_of(job: JobContext) -> dict[str, bytes]:
    """Bytes of every column of values, by part."""
    files = sorted((job.results / "library_prediction").iterdir())
    return {file.name: pd.read_parquet(file).drop(columns="screen_id").to_json().encode() for file in files}


def pair_by_pair(db: Database, run_id: str, networks: list[str], number: int = 0) -> np.ndarray:
    """(networks, m, l) by predict_pairs, one pair after the other."""
    mutations = db.query("SELECT DISTINCT cosmic_id, gene, position_key FROM mutation")
    found = []
    for name in networks:
        trained = TrainedNetwork.load(network_file(jobs_folder() / run_id / "results", name, number))
        genomes = genome_bits(mutations, list(range(1, LINES + 1)), trained.vocabulary)
        bits = drug_fingerprints(MOLECULES, trained.fingerprint)
        drug, line = np.divmod(np.arange(len(MOLECULES) * LINES), LINES)
        found.append(predict_pairs(trained, genomes, bits, line, drug).reshape(len(MOLECULES), LINES))
    return np.stack(found)


def test_the_numbers_are_those_of_every_pair(store, submit):
    job = submit()
    run_screening(job)
    members = pair_by_pair(store, RUN, ["master", "unified"])
    np.testing.assert_allclose(matrix(job), members.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(matrix(job, "spread"), members.std(axis=0), atol=1e-4)
    table = read(job)
    assert table["molecule_id"].tolist() == [f"M{i:02}" for i in range(len(MOLECULES))]
    assert (table["screen_id"] == job.spec.id).all()
    known = table.iloc[KNOWN]
    assert (known["nearest_drug_id"], known["similarity"], known["inside"]) == (2, 1.0, True)
    assert (table["similarity"][:KNOWN] < 1).all()
    assert [len(pd.read_parquet(f)) for f in sorted((job.results / "library_prediction").iterdir())] == [4, 4, 3]


def test_a_screen_arrives_in_the_store(store, submit):
    job = submit()
    assert run_folder(job.folder) and collect(job.spec.id, store)
    screen = store.query("SELECT * FROM library_screen WHERE screen_id = ?", [job.spec.id]).iloc[0]
    assert (screen["library"], screen["run_id"], screen["networks"]) == ("chains", RUN, "master, unified")
    assert list(screen["cosmic_ids"]) == list(range(1, LINES + 1))  # not 101 to 103
    assert (screen["n_molecules"], screen["n_lines"], screen["simulated"]) == (11, LINES, False)
    assert screen["seconds"] > 0 and screen["peak_memory_mib"] > 50
    rows = store.query("SELECT * FROM library_prediction WHERE screen_id = ? ORDER BY molecule_id", [job.spec.id])
    np.testing.assert_array_equal(np.stack(rows["mean"].to_list()), matrix(job))
    told = queue.read_result(job.spec.id)
    assert (told["molecules"], told["lines"], told["networks"]) == (11, LINES, ["master", "unified"])
    assert told["outside"] == (~rows["inside"]).sum() and told["predictions_per_s_per_network"] > 0


def test_a_molecule_has_one_selectivity_whatever_shares_its_library(store, submit):
    """Relative to the drugs of the run; a screen that kept none is relative to its own molecules."""
    two = store.query("SELECT * FROM library WHERE library = 'chains' AND molecule_id IN ('M00', 'M10')")
    insert(store, library=two.assign(library="two"))
    try:
        found = {}
        for library in ("chains", "two"):
            job = submit(library=library)
            assert run_folder(job.folder) and collect(job.spec.id, store)
            of = ranked(store, job.spec.id)
            assert of.summary.n_reference == len(np.load(job.results / "reference.npy")) > 2
            whole = matrix_of(load_screen(store, job.spec.id), Thresholds())
            np.testing.assert_allclose(of.selectivity, whole.selectivity, rtol=1e-3, atol=2e-3)  # single precision
            assert of.type_sd == pytest.approx(whole.selectivity_sd, rel=1e-4)
            for_line = by_line(of, store, 3).set_index("molecule_id")["selectivity"]
            found[library] = of.molecules.assign(of_type=of.selectivity[:, 0]).set_index("molecule_id")["of_type"]
            found[f"{library} line"] = for_line
        for kind in ("", " line"):
            same = found[f"chains{kind}"][["M00", "M10"]]
            np.testing.assert_allclose(
                same, found[f"two{kind}"][["M00", "M10"]], rtol=1e-3, atol=2e-3
            )  # single precision
            assert same.abs().max() > 0.01
        # Molecule 10 is drug 2 of the run, which the reference has among its rows.
        rows = np.load(job.results / "reference.npy")
        of_known = matrix(job)[1]
        assert np.abs(rows - of_known).max(axis=1).min() < 1e-4
        with store.write() as connection:
            connection.execute("UPDATE library_screen SET reference = NULL")
        of = ranked(store, job.spec.id)
        assert of.summary.n_reference == 0 and abs(of.selectivity[0, 0] + of.selectivity[1, 0]) < 1e-3
        with store.write() as connection:
            connection.execute("UPDATE library_screen SET reference = [[1.0, 2.0]]")
        with pytest.raises(StoreError, match=r"The drugs of the run in the screen .* do not fit its 24 lines"):
            ranked(store, job.spec.id)
    finally:
        with store.write() as connection:
            connection.execute("DELETE FROM library WHERE library = 'two'")
            connection.execute("UPDATE library_screen SET reference = NULL")


def test_a_run_that_kept_no_drugs_leaves_no_yardstick(submit, monkeypatch):
    monkeypatch.setattr(screen_model, "load_reference", lambda results: None)
    job = submit()
    run_screening(job)
    assert not (job.results / "reference.npy").exists()
    assert pd.read_parquet(job.results / "library_screen.parquet")["reference"].isna().all()


def test_a_full_disk_tells_the_drugs_of_the_run_too(submit, monkeypatch):
    job = submit()

    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(JobError, match=r"The predictions of the run's own drugs could not be written \(No space"):
        run_shard(job, 0, 1)


def test_intervals_are_those_of_the_run_on_unseen_drugs(store, submit):
    """Of other networks, so only a width that does not follow their spread is taken over."""
    params = submit().params
    kept = run_summary(store, FOLDS_RUN).config["conformal"]
    widths = [fold["ensemble"]["quantile"] for fold in kept.values()]
    assert all(fold["ensemble"]["floor"] is None for fold in kept.values())
    assert (params["interval_split"], params["floor"]) == ("drug", None)
    assert params["quantile"] == pytest.approx(np.median(widths))
    assert params["interval_note"] == (
        "The skill and the intervals told here were measured on another set of networks than the one that predicts: "
        "take them as a guide."
    )


def test_a_run_of_folds_averages_over_them_and_spreads_within(store, submit):
    job = submit(FOLDS_RUN)
    run_screening(job)
    members = [pair_by_pair(store, FOLDS_RUN, ["shallow"], number)[0] for number in (1, 2)]
    np.testing.assert_allclose(matrix(job), np.mean(members, axis=0), atol=1e-4)
    assert (matrix(job, "spread") == 0).all()


def test_three_shards_write_what_one_process_writes(submit):
    alone, together = submit(), submit()
    run_screening(alone)
    for shard in (2, 0):
        run_shard(together, shard, 3)
    with pytest.raises(JobError, match=r"1 of 3 chunks of the screen are missing \(2\): resume"):
        finish(together)
    run_shard(together, 1, 3)
    finish(together)
    assert list(files_of(alone)) == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert files_of(alone) == files_of(together)
    same = ["library", "run_id", "networks", "n_molecules", "n_lines", "quantile", "interval_split"]
    one, other = (pd.read_parquet(job.results / "library_screen.parquet")[same] for job in (alone, together))
    pd.testing.assert_frame_equal(one, other)


def test_a_shard_tells_how_much_of_its_own_chunks_is_done(submit, monkeypatch):
    """Chunks of 4, 4 and 3 molecules: the first of two shards has 7 of the 11, and 4 of them when it is resumed."""
    told: list[tuple[float, str]] = []
    monkeypatch.setattr(JobContext, "progress", lambda self, share, message, **numbers: told.append((share, message)))
    job = submit()
    run_shard(job, 0, 2)
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and (shares[0], shares[-1]) == (0.0, 1.0)
    assert told[-1][1] == "7 of 7 molecules"
    screen_parts.part_file(job, 2).unlink()
    told.clear()
    run_shard(job, 0, 2)
    assert told[0] == (pytest.approx(4 / 7), "preparing the lines") and told[1] == (
        pytest.approx(4 / 7),
        "4 of 7 molecules",
    )
    assert told[-1] == (1.0, "7 of 7 molecules")
    told.clear()
    run_shard(job, 1, 2)
    assert told[0][0] == 0.0 and told[-1] == (1.0, "4 of 4 molecules")


def test_shards_asked_for_are_no_more_than_chunks(submit, monkeypatch):
    assert [submit(shards=n).params["shards"] for n in (0, 2, 99)] == [3, 2, 3]
    monkeypatch.setenv("TUMORCAST_SLURM_SHARDS", "2")
    assert submit().params["shards"] == 2


def test_who_dies_in_the_middle_of_a_chunk_leaves_whole_parts_only(submit, monkeypatch):
    whole, job = submit(), submit()
    run_screening(whole)
    real, seen = Path.replace, []

    def dies_at_the_second(self, target):
        seen.append(target.name)
        if seen[-2:] == ["part-00000.parquet", "part-00001.parquet"]:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies_at_the_second)
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)  # a killed process clears nothing up
        with pytest.raises(KeyboardInterrupt):
            run_screening(job)
    left = sorted(file.name for file in (job.results / "library_prediction").iterdir())
    assert left[1:] == ["part-00000.parquet"] and left[0].startswith(".part-00001.parquet.")
    first = (job.results / "library_prediction" / "part-00000.parquet").stat()
    assert run_folder(job.folder)
    again = (job.results / "library_prediction" / "part-00000.parquet").stat()
    assert (again.st_ino, again.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)  # not computed again
    assert files_of(job) == files_of(whole)


def test_a_wish_to_stop_is_followed_and_the_rest_done_later(submit, monkeypatch):
    job, real = submit(), screen_parts.write_part

    def write_then_ask(job, chunk, *rest):
        real(job, chunk, *rest)
        if chunk == 1:
            (job.folder / "cancel").touch()

    with monkeypatch.context() as patch:
        patch.setattr(screen_parts, "write_part", write_then_ask)
        assert not run_folder(job.folder)
    stopped = queue.status(job.spec.id)
    assert (stopped.state, stopped.resumable) == ("cancelled", True)
    assert list(files_of(job)) == ["part-00000.parquet", "part-00001.parquet"]
    assert queue.resume(job.spec.id).state == "waiting" and run_folder(job.folder)
    assert len(read(job)) == 11


def test_a_wish_to_stop_ends_a_chunk_in_its_middle(submit, monkeypatch):
    job = submit()
    real = screen_model.predict_grid

    def ask_then_predict(*given):
        (job.folder / "cancel").touch()
        return real(*given)

    monkeypatch.setattr(screen_model, "predict_grid", ask_then_predict)
    with pytest.raises(JobCancelled):
        run_screening(job)
    assert not (job.results / "library_prediction").exists()


def test_a_full_disk_is_told_and_the_rest_done_later(submit, monkeypatch):
    job, real = submit(), Path.write_bytes

    def full(self, content):
        if self.name.startswith(".part-00001"):
            real(self, bytes(content)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert not run_folder(job.folder)
    failed = queue.status(job.spec.id)
    assert (failed.state, failed.resumable) == ("failed", True)
    assert failed.error == (
        "The predictions of chunk 2 could not be written (No space left on device). Chunks that were written before "
        "are kept: free some space, then resume."
    )
    assert list(files_of(job)) == ["part-00000.parquet"]
    queue.resume(job.spec.id)
    assert run_folder(job.folder) and len(read(job)) == 11


def test_a_part_that_was_damaged_is_named_and_made_again(submit):
    job = submit()
    run_screening(job)
    before = files_of(job)
    part = job.results / "library_prediction" / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(JobError, match=r"1 of 3 chunks of the screen are missing \(2\)"):
        finish(job)
    run_screening(job)
    assert files_of(job) == before


def test_fingerprints_of_another_rdkit_are_refused_before_any_chunk(submit, monkeypatch):
    job = submit()
    monkeypatch.setattr("engine.chem.fingerprints.rdkit.__version__", "1999.09.1")
    with pytest.raises(InputError, match=r"made with RDKit 20.*, but 1999.09.1 is installed"):
        run_screening(job)
    assert not (job.results / "library_prediction").exists()


def test_a_network_that_is_gone(submit, tmp_path):
    job, checkpoint = submit(), jobs_folder() / RUN / "results" / "unified.pt"
    away = checkpoint.rename(tmp_path / "unified.pt")
    try:
        with pytest.raises(NetworkError, match=r"checkpoint unified\.pt of this run is gone"):
            run_screening(job)
    finally:
        away.rename(checkpoint)


def test_a_run_older_than_its_reference_tells_no_nearest_drug(submit, tmp_path):
    job, kept = submit(), jobs_folder() / RUN / "results" / "reference.npz"
    away = kept.rename(tmp_path / "reference.npz")
    try:
        run_screening(job)
    finally:
        away.rename(kept)
    assert read(job)[["nearest_drug_id", "similarity", "inside"]].isna().all(axis=None)
    assert queue.read_result(job.spec.id)["outside"] is None


def test_a_structure_that_rdkit_does_not_take_is_named(store, submit):
    bad = pd.DataFrame([{"library": "bad", "molecule_id": "X", "name": "odd one", "smiles": "C1CC", "source_id": "t"}])
    insert(store, library=bad.assign(drug_class="unknown"))
    try:
        with pytest.raises(MoleculeError, match="odd one"):
            run_screening(submit(library="bad"))
    finally:
        with store.write() as connection:
            connection.execute("DELETE FROM library WHERE library = 'bad'")


@pytest.mark.parametrize(
    ("library", "run_id", "kind", "told"),
    [
        ("plants", RUN, InputError, "There is no library 'plants' in the store. Libraries: chains"),
        ("chains", "nothing", StoreError, f"There is no run 'nothing' in the store. Runs: {RUN}, {FOLDS_RUN}"),
        ("chains", BASELINES_RUN, InputError, f"Run {BASELINES_RUN} trained no network, only baselines"),
    ],
)
def test_what_cannot_be_screened_is_refused_at_once(store, submit, library, run_id, kind, told):
    with pytest.raises(kind, match=told):
        submit(run_id, library)


def test_a_run_whose_folder_is_gone(store, submit, tmp_path):
    folder = jobs_folder() / RUN
    away = folder.rename(tmp_path / "away")
    try:
        with pytest.raises(InputError, match=f"The job folder of run {RUN} is gone"):
            submit()
    finally:
        away.rename(folder)


def test_a_store_without_libraries(tmp_path):
    with pytest.raises(InputError, match="no library yet. Import one: python -m engine import library FILE"):
        submit_screening(Database(tmp_path / "empty.duckdb"), "approved")


def test_molecules_are_packed_chunk_by_chunk_from_a_few_at_a_time(store, tmp_path, monkeypatch):
    monkeypatch.setattr(screening, "CHUNK", 2)
    monkeypatch.setattr(screening, "ROWS_AT_ONCE", 4)
    assert screening._pack(store, "chains", tmp_path / "m.parquet") == 11
    file = pq.ParquetFile(tmp_path / "m.parquet")
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [2, 2, 2, 2, 2, 1]
    assert file.read()["smiles"].to_pylist() == MOLECULES
