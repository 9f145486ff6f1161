"""A review as one file: what stands in it, and that its scores follow from it to the last digit."""

import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_reviews as small

from engine.__main__ import main
from engine.errors import InputError
from engine.jobs import launch
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.bundle import MANIFEST, MEMBERS, parquet, write_bundle
from engine.spheroid.rescore_bundle import rescore_bundle
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.score_records import wells_of
from engine.store.database import Database

BOTH = ("metabolic", "image_2")


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    """Screen S1, scored by two readouts beside a reference, with a well, a control and a drug left out."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    database = Database(store_path())
    small.put(database, "reference", noise=0.1)
    small.score(database, "reference", BOTH)
    small.put(database)
    small.score(database, "S1", BOTH, references=("reference",))
    wells = wells_of(database, "S1")
    targets = [small.well(wells, 2), small.well(wells, 0, "negative"), Target("drug", drug="Drug 004")]
    review.decide(database, "S1", "Ann", [Decision("exclude", target, "Dust") for target in targets], 0)
    return database


@pytest.fixture
def bundle(db, tmp_path) -> Path:
    review.sign_off(db, "S1", "Ann", "Fine", 3, acknowledged=True)
    return write_bundle(db, "S1", tmp_path / "review.zip")


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, members: dict[str, bytes], hashed: bool = True) -> Path:
    """An archive of these members, with the hashes that the manifest should say."""
    if hashed and MANIFEST in members:
        manifest = json.loads(members[MANIFEST])
        manifest["members"] = {name: sha256(members[name]).hexdigest() for name in MEMBERS if name in members}
        members = {**members, MANIFEST: json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def without(members: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {each: content for each, content in members.items() if each != name}


def table(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


def test_a_bundle_says_everything(bundle, db):
    found = contents(bundle)
    assert set(found) == {MANIFEST, *MEMBERS}
    manifest = json.loads(found[MANIFEST])
    assert manifest["format"] == 1 and manifest["screen"]["screen"] == "S1" and manifest["screen"]["simulated"] is True
    assert manifest["state_hash"] == manifest["sign_off"]["state_hash"] == review.state_hash(db, "S1")
    assert manifest["status"] == "signed_off" and manifest["versions"]["numpy"] == np.__version__
    assert manifest["members"] == {name: sha256(found[name]).hexdigest() for name in MEMBERS}
    readouts = table(found["readouts.parquet"])
    assert set(readouts["modality"]) == set(BOTH) and readouts["raw"].notna().all()  # as imported: nothing is left out
    assert len(table(found["layout.parquet"])) == len(wells_of(db, "S1"))
    decisions = json.loads(found["decisions.json"])
    assert [one["action"] for one in decisions] == ["exclude"] * 3 + ["sign_off"] and decisions[0]["reason"] == "Dust"
    scoring = {one["modality"]: one for one in json.loads(found["scoring.json"])}
    assert scoring["metabolic"]["settings"]["seed"] == 3 and scoring["image_2"]["reference"]["screens"] == ["reference"]
    assert len(table(found["scores.parquet"])) == len(table(found["curves.parquet"])) == 2 * 18
    assert b"simulated" in found["README.txt"] and b"Research use only" in found["README.txt"]


def test_the_network_behind_the_images_is_named_with_its_hash(db, tmp_path):
    run = {"run_id": "a run", "backbone": "vgg19", "preset": "published"}
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = '20200101-a' WHERE screen = 'S1' AND modality = 'image_2'")
    (model,) = json.loads(contents(write_bundle(db, "S1", tmp_path / "b.zip"))[MANIFEST])["models"]
    assert model == {"modality": "image_2", "run_id": "20200101-a", "sha256": "gone", "backbone": "", "preset": "",
                     "config": {}}  # fmt: skip
    weights = tmp_path / "jobs" / "20200101-a" / "results"
    weights.mkdir(parents=True)
    (weights / "network.pt").write_bytes(b"weights")
    with db.write() as connection:
        connection.execute(
            """INSERT INTO run BY NAME SELECT '20200101-a' AS run_id, 'train_spheroid' AS task, now()::TIMESTAMP AS
               created_at, 'phase_2' AS split, 0 AS seed, ?::JSON AS config, 'h' AS data_hash, 'CPU' AS device,
               1 AS minutes, 1 AS peak_memory_mib, 1 AS n_train, 1 AS n_validation, 1 AS n_test, '{}'::JSON AS curves,
               TRUE AS simulated""",
            [json.dumps(run)],
        )
    path = write_bundle(db, "S1", tmp_path / "b.zip")
    (model,) = json.loads(contents(path)[MANIFEST])["models"]
    assert model["sha256"] == sha256(b"weights").hexdigest() and model["backbone"] == "vgg19"
    assert rescore_bundle(path).same


def test_every_score_is_the_same_to_the_last_digit(bundle, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TUMORCAST_HOME", str(tmp_path / "elsewhere"))  # no store is needed
    found = rescore_bundle(bundle)
    assert found.same and found.wrong == () and found.differences == () and found.open == 0
    assert (found.scores, found.modalities) == (36, ("image_2", "metabolic")) and found.numbers > 36 * 25
    assert main(["rescore", str(bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
    assert main(["rescore", str(bundle)]) == 0
    assert "36 scores" in (said := capsys.readouterr().out) and "the same to the last digit" in said
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("name", "column"), [("scores.parquet", "dss_lower"), ("curves.parquet", "xmid")])
def test_one_bit_is_a_difference(bundle, tmp_path, capsys, name, column):
    members = contents(bundle)
    rows = table(members[name])
    at = int(np.flatnonzero(rows[column].notna())[0])
    rows.loc[at, column] = np.nextafter(rows.loc[at, column], np.inf)
    other = packed(tmp_path / "other.zip", {**members, name: parquet(rows)})
    found = rescore_bundle(other)
    assert not found.same and found.n_differences == 1
    (one,) = found.differences
    assert (one.column, one.drug, one.modality) == (column, rows.loc[at, "drug"], rows.loc[at, "modality"])
    assert one.stored == repr(float(rows.loc[at, column])) != one.computed
    assert main(["rescore", str(other)]) == 1
    assert "1 numbers differ" in (said := capsys.readouterr().out) and column in said and one.computed in said


def test_a_missing_row_and_another_reason_are_differences(bundle, tmp_path):
    members = contents(bundle)
    scores, curves = table(members["scores.parquet"]), table(members["curves.parquet"])
    curves["reason"] = curves["reason"].fillna("none")
    told = {**members, "scores.parquet": parquet(scores.iloc[1:]), "curves.parquet": parquet(curves)}
    found = rescore_bundle(packed(tmp_path / "other.zip", told))
    assert found.differences[0].column == "row" and found.differences[0].computed == "there"
    assert found.n_differences > 20 and len(found.differences) == 10


def test_raw_readouts_or_decisions_changed_after_the_sign_off(bundle, tmp_path):
    members = contents(bundle)
    readouts = table(members["readouts.parquet"])
    readouts["raw"] *= 1.01
    found = rescore_bundle(packed(tmp_path / "a.zip", {**members, "readouts.parquet": parquet(readouts)}))
    assert "S1 was signed off by Ann with other data" in found.wrong[0] and not found.same
    decisions = json.loads(members["decisions.json"])
    decisions[0]["reason"] = "Nothing"
    found = rescore_bundle(packed(tmp_path / "b.zip", {**members, "decisions.json": json.dumps(decisions).encode()}))
    assert "Entry 1 of the record of S1 does not fit its hash" in found.wrong[0] and not found.same
    fewer = json.dumps(decisions[:0]).encode()
    found = rescore_bundle(packed(tmp_path / "c.zip", {**members, "decisions.json": fewer}))
    assert any("do not leave out what the decisions say" in sentence for sentence in found.wrong)


def test_intervals_left_to_a_later_scoring_are_not_compared(db, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.spheroid.rescore.MOST_DRAWN", 0)
    target = small.well(wells_of(db, "S1"), 8)
    review.decide(db, "S1", "Ann", [Decision("exclude", target, "Dust")], 3)
    found = rescore_bundle(write_bundle(db, "S1", tmp_path / "b.zip"))
    assert found.same and found.open == 2 and found.manifest["sign_off"] is None


def test_scores_that_are_out_of_date_are_told(db, tmp_path):
    with db.write() as connection:
        connection.execute("UPDATE scoring SET excluded = 'x' WHERE screen = 'S1' AND modality = 'metabolic'")
    found = rescore_bundle(write_bundle(db, "S1", tmp_path / "b.zip"))
    assert found.wrong == ("The scores by metabolic do not leave out what the decisions say: they were out of date.",)


def test_the_same_review_gives_the_same_bytes(db, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.spheroid.bundle.now", lambda: "2026-01-01")
    first, second = (write_bundle(db, "S1", tmp_path / name).read_bytes() for name in ("b.zip", "b.zip"))
    assert first == second


def test_what_cannot_be_bundled(db, tmp_path):
    small.put(db, "S2", modalities=("mos",))
    with pytest.raises(InputError, match="S2 is not scored yet"):
        write_bundle(db, "S2", tmp_path / "b.zip")
    with pytest.raises(InputError, match="There is no folder .*nowhere to write b.zip into"):
        write_bundle(db, "S1", tmp_path / "nowhere" / "b.zip")
    with pytest.raises(InputError, match="There is no screen 'S9'"):
        write_bundle(db, "S9", tmp_path / "b.zip")


def test_hostile_bundles_are_refused(bundle, tmp_path, monkeypatch):
    members = contents(bundle)
    manifest = json.loads(members[MANIFEST])
    other = tmp_path / "other.zip"
    newer = {**members, MANIFEST: json.dumps({**manifest, "format": 2}).encode()}
    lists = {**members, "scoring.json": b"[1]"}
    many = json.loads(members["scoring.json"])
    many[0]["settings"]["bootstrap"] = 10**9
    cases: list[tuple[dict[str, bytes], bool, str]] = [
        ({**members, "../../evil.txt": b"x"}, False, "would be written outside its folder"),
        (without(members, "layout.parquet"), True, "lacks layout.parquet"),
        (without(members, MANIFEST), False, "holds no manifest.json"),
        ({**members, "scores.parquet": members["curves.parquet"]}, False, "scores.parquet is not what the manifest"),
        ({**members, "more.exe": b"x"}, True, "holds more.exe, which no review bundle holds"),
        (newer, True, "has format 2, written by a newer Tumorcast"),
        ({**members, MANIFEST: b"{"}, False, "manifest.json is damaged"),
        ({**members, MANIFEST: b"[]"}, False, "manifest.json is damaged"),
        (lists, True, "does not hold what a review bundle holds"),
        ({**members, "scores.parquet": b"PAR1"}, True, "does not hold what a review bundle holds"),
        ({**members, "scoring.json": json.dumps(many).encode()}, True, "1,000,000,000 resamples"),
        ({**members, "scoring.json": json.dumps(many[1:] * 2).encode()}, True, "scores by '"),
        ({**members, "scoring.json": b"[" * 200_000}, True, "does not hold what a review bundle holds"),
        ({**members, MANIFEST: b"[" * 200_000}, False, "manifest.json is damaged"),
        ({**members, MANIFEST: json.dumps({**manifest, "format": 1e400}).encode()}, True, "manifest.json is damaged"),
        ({**members, "layout.parquet": parquet(pd.DataFrame({"plate": ["x" * 10**7] * 100}))}, True, "texts of more"),
        ({**members, "layout.parquet": parquet(pd.DataFrame({"plate": [{"a": 1}]}))}, True, "'plate' holds struct"),
    ]  # fmt: skip
    for told, hashed, match in cases:
        with pytest.raises(InputError, match=match):
            rescore_bundle(packed(other, told, hashed))
    other.write_bytes(b"no archive")
    with pytest.raises(InputError, match="damaged or no zip archive"):
        rescore_bundle(other)
    with pytest.raises(InputError, match="There is no file"):
        rescore_bundle(tmp_path / "nothing.zip")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:  # 100 MB of nothing in 100 kB
        archive.writestr("layout.parquet", bytes(100_000_000))
    with pytest.raises(InputError, match="which unpacks to 0.1 GB"):
        rescore_bundle(other)
    monkeypatch.setattr("engine.spheroid.rescore_bundle.MOST_ROWS", 10)
    with pytest.raises(InputError, match="a table of 124 rows"):
        rescore_bundle(bundle)
    monkeypatch.setattr("engine.spheroid.rescore_bundle.MOST_BYTES", 1_000)
    with pytest.raises(InputError, match="no review bundle is that large"):
        rescore_bundle(bundle)


def test_the_command_line_lists_a_review_and_writes_its_bundle(db, tmp_path, capsys):
    assert main(["review", "--screen", "S1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["last"], told["excluded"], told["stale"]) == ("in_review", 3, [1, 2, 3], [])
    assert told["entries"][2]["name"] == "Drug 004" and told["entries"][2]["reviewer"] == "Ann"
    assert main(["review", "--screen", "S1"]) == 0
    assert "S1: in review, 3 left out now" in (said := capsys.readouterr().out) and "excluded Drug 004" in said
    path = tmp_path / "b.zip"
    assert main(["bundle", "--screen", "S1", "--out", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == sha256(path.read_bytes()).hexdigest() and told["bytes"] == path.stat().st_size
    assert main(["review", "--screen", "S9", "--json"]) == 2
    assert "There is no screen 'S9'" in json.loads(capsys.readouterr().out)["error"]
