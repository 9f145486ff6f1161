"""Decisions on a screen: recorded, applied at once, never lost."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_reviews as small

from engine.errors import InputError, JobError
from engine.jobs import launch
from engine.jobs.queue import job_folder
from engine.settings import store_path
from engine.spheroid import review
from engine.spheroid.exclusions import applied
from engine.spheroid.judged import quality_rows
from engine.spheroid.review_types import Decision, Target
from engine.spheroid.score_job import submit_scoring
from engine.spheroid.score_records import wells_of
from engine.spheroid.scoring import KEY, score_table
from engine.store.database import Database

BOTH = ("metabolic", "image_2")
NUMBERS = ["dss_asym", "dss1", "dss2", "dss3", "dcdss", "ic50_nm", "gof", "xmid", "p_value", "loss"]


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    """Screen S1: six drugs in duplicate on two plates, scored by two readouts."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    database = Database(store_path())
    small.put(database)
    small.score(database)
    return database


def exclude(target: Target, reason: str = "Dust", readout: str = "all") -> Decision:
    return Decision("exclude", target, reason, readout)


def wells(db: Database) -> pd.DataFrame:
    return wells_of(db, "S1").fillna({"treatment": ""})


def kept(db: Database, modality: str) -> pd.DataFrame:
    return db.query(
        """SELECT * EXCLUDE (job_id) FROM score JOIN curve USING (screen, modality, drug, addon, replicate)
           WHERE modality = ? ORDER BY drug, addon, replicate""",
        [modality],
    ).set_index(KEY)


def assert_as_from_scratch(db: Database, intervals: bool = True) -> None:
    """What the store holds is what the record says, to the last bit, as if all were computed at once."""
    for modality in BOTH:
        frame = applied(db, "S1", modality)
        all_ = score_table(frame, small.QUICK)
        new = all_.score.merge(all_.curve, on=KEY).set_index(KEY)
        old = kept(db, modality)
        assert set(old.index) == set(new.index)
        for name in NUMBERS + (["dss_lower", "dss_upper"] if intervals else []):
            one, other = old[name].astype(float), new.loc[old.index, name].astype(float)
            pd.testing.assert_series_equal(one, other, check_exact=True)
        judged = quality_rows(wells(db), frame, modality).set_index(["plate", "measure"])
        stored = db.query("SELECT * FROM quality WHERE modality = ?", [modality]).set_index(["plate", "measure"])
        assert set(judged.index) == set(stored.index)
        assert judged["reason"].to_dict() == stored["reason"].to_dict()


def test_a_screen_nobody_decided_on(db):
    found = review.state(db, "S1")
    assert (found.status, found.last, found.entries, found.excluded, found.broken) == ("open", 0, (), (), "")
    assert found.writable and review.stale(db, "S1") == () and review.changes(db, "S1", "metabolic").empty
    with pytest.raises(InputError, match="There is no screen 'S9'; the store holds: S1"):
        review.state(db, "S9")


def test_a_well_left_out_is_scored_without_at_once(db):
    target, before = small.well(wells(db), 2), kept(db, "metabolic")
    done = review.decide(db, "S1", "  Ann\n Lee ", [exclude(target, " Out of focus ")], 0)
    (entry,) = done.entries
    assert (entry.entry, entry.reviewer, entry.reason, entry.target) == (1, "Ann Lee", "Out of focus", target)
    assert done.others == () and done.seconds > 0 and done.notes == ()
    assert set(done.changes["modality"]) == set(BOTH) and set(done.changes["drug"]) == {"Drug 001"}
    assert set(done.changes["replicate"]) == {"pooled", "1"}
    row = done.changes[(done.changes["modality"] == "metabolic") & (done.changes["replicate"] == "1")].iloc[0]
    assert row["before"] == before.loc[("Drug 001", "", "1"), "dss_asym"]
    assert row["after"] == kept(db, "metabolic").loc[("Drug 001", "", "1"), "dss_asym"] != row["before"]
    assert_as_from_scratch(db)
    state = review.state(db, "S1")
    assert state.status == "in_review" and state.excluded == (entry,) and state.last == 1 and state.broken == ""
    assert review.stale(db, "S1") == ()
    against = review.changes(db, "S1", "metabolic")
    mine = done.changes[done.changes["modality"] == "metabolic"].reset_index(drop=True)
    pd.testing.assert_frame_equal(against, mine)


def test_restoring_gives_back_the_very_same_scores(db):
    first = {modality: kept(db, modality) for modality in BOTH}
    targets = [small.well(wells(db), 2), small.well(wells(db), 1, "negative"), Target("plate", plate="P2")]
    review.decide(db, "S1", "Ann", [exclude(target) for target in targets], 0)
    assert_as_from_scratch(db, intervals=False)
    done = review.decide(db, "S1", "Ann", [Decision("restore", target, "Fine after all") for target in targets], 3)
    assert [entry.entry for entry in done.entries] == [4, 5, 6] and len(done.changes) > 4
    for modality in BOTH:
        pd.testing.assert_frame_equal(kept(db, modality), first[modality], check_exact=True)
    assert review.state(db, "S1").excluded == () and review.changes(db, "S1", "image_2").empty
    assert_as_from_scratch(db)


def test_one_kind_of_readout_alone(db):
    before = kept(db, "metabolic")
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 2), readout="image")], 0)
    assert set(done.changes["modality"]) == {"image_2"}
    pd.testing.assert_frame_equal(kept(db, "metabolic"), before, check_exact=True)
    assert review.changes(db, "S1", "metabolic").empty and len(review.changes(db, "S1", "image_2")) == 2
    assert_as_from_scratch(db)


def test_a_control_left_out_changes_every_score_of_its_plate(db):
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 0, "negative"))], 0)
    drugs = wells(db).query("plate == 'P1' and well_type == 'therapy'")["treatment"].unique()
    # every third drug does nothing, with and without that control
    assert set(done.changes["drug"]) == {drug for drug in drugs if int(drug[-3:]) % 3}
    assert_as_from_scratch(db)


def test_an_excluded_drug_keeps_its_rows_and_says_why(db):
    done = review.decide(db, "S1", "Ann", [exclude(Target("drug", drug="Drug 004"), "Wrong stock")], 0)
    assert (
        done.changes["after"].isna().all() and done.changes["hit_before"].any() and not done.changes["hit_after"].any()
    )
    rows = kept(db, "metabolic").loc["Drug 004"]
    assert set(rows["reason"]) == {"left out: Wrong stock (Ann)"} and len(rows) == 3
    assert rows["dss_lower"].isna().all() and (rows["n_wells"] == 0).all()
    assert_as_from_scratch(db)


def test_what_is_drawn_too_many_to_wait_for_is_left_to_a_scoring_job(db, monkeypatch):
    monkeypatch.setattr("engine.spheroid.rescore.MOST_DRAWN", 3 * small.QUICK.bootstrap)
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 0, "negative"))], 0)
    assert any("Intervals of 6 scores by metabolic are left to the next scoring job" in note for note in done.notes)
    rows = kept(db, "metabolic")
    assert rows.xs("pooled", level="replicate")["dss_lower"].isna().all() and rows["dss_asym"].notna().all()
    small.score(db)
    assert_as_from_scratch(db)
    assert review.stale(db, "S1") == ()


def test_decisions_that_make_no_sense(db):
    target = small.well(wells(db), 0)
    cases = {
        "the record needs a name": ("  ", [exclude(target)]),
        "has 201 letters": ("n" * 201, [exclude(target)]),
        "There is no decision to record": ("Ann", []),
        "that P1_A03 is left out needs a reason": ("Ann", [exclude(target, " ")]),
        "has 4,001 letters": ("Ann", [exclude(target, "a" * 4001)]),
        "Unknown decision 'sign_off'": ("Ann", [Decision("sign_off", Target(), "x")]),
        "Unknown readout 'ctg'": ("Ann", [exclude(target, readout="ctg")]),
        "Say what is excluded: a well, a replicate": ("Ann", [exclude(Target())]),
        "Say what is commented": ("Ann", [Decision("comment", Target("cell"), "x")]),
        "S1 has no well P7_A03": ("Ann", [exclude(Target("well", plate="P7", row="A", column=3))]),
        "S1 has no drug Aspirin": ("Ann", [exclude(Target("drug", drug="Aspirin"))]),
        "S1 has no replicate Drug 001 replicate 3": (
            "Ann",
            [exclude(Target("replicate", drug="Drug 001", replicate=3))],
        ),
        "S1 has no plate P3": ("Ann", [exclude(Target("plate", plate="P3"))]),
        "P1_A03 is not left out: nothing was recorded": ("Ann", [Decision("restore", target, "x")]),
        r"P1_A03 is left out already by Ann since this view was drawn \(entry 1: Dust\)": (
            "Ann",
            [exclude(target)] * 2,
        ),
    }
    for match, (name, decisions) in cases.items():
        with pytest.raises(InputError, match=match):
            review.decide(db, "S1", name, decisions, 0)
    assert review.state(db, "S1").last == 0  # all or none


def test_a_wider_exclusion_is_restored_as_it_was_made(db):
    target = small.well(wells(db), 0)
    review.decide(db, "S1", "Ann", [exclude(target, readout="image")], 0)
    review.decide(db, "S1", "Ann", [exclude(target)], 1)
    with pytest.raises(InputError, match="left out already, of images by Ann"):
        review.decide(db, "S1", "Bo", [exclude(target, readout="image")], 2)
    with pytest.raises(InputError, match="is left out of images, all readouts: restore it for images, all readouts"):
        review.decide(db, "S1", "Bo", [Decision("restore", target, "x", "mos")], 2)
    review.decide(db, "S1", "Bo", [Decision("restore", target, "Fine")], 2)
    assert review.state(db, "S1").excluded == ()


def test_comments_change_nothing(db):
    before = kept(db, "metabolic")
    some = [Decision("comment", Target(), "Looks good"), Decision("comment", Target("drug", drug="Drug 001"), "Hm\nhm")]
    done = review.decide(db, "S1", "Ann", some, 0)
    assert done.changes.empty and [entry.reason for entry in done.entries] == ["Looks good", "Hm\nhm"]
    pd.testing.assert_frame_equal(kept(db, "metabolic"), before)


def test_what_others_decided_meanwhile_is_kept_and_told(db):
    one, other = small.well(wells(db), 0), small.well(wells(db), 20)
    review.decide(db, "S1", "Ann", [exclude(one)], 0)
    done = review.decide(db, "S1", "Bo", [exclude(other)], 0)
    assert [entry.reviewer for entry in done.others] == ["Ann"] and done.entries[0].entry == 2
    assert {entry.target for entry in review.state(db, "S1").excluded} == {one, other}
    with pytest.raises(InputError, match=r"P1_A03 is left out already by Ann since this view was drawn \(entry 1"):
        review.decide(db, "S1", "Cy", [exclude(one)], 0)
    with pytest.raises(InputError, match=r"left out already by Ann \(entry 1: Dust\)"):
        review.decide(db, "S1", "Cy", [exclude(one)], 2)
    review.decide(db, "S1", "Ann", [Decision("restore", one, "Fine")], 2)
    with pytest.raises(InputError, match=r"P1_A03 is not left out, Ann has restored it \(entry 3\)"):
        review.decide(db, "S1", "Cy", [Decision("restore", one, "Fine")], 2)
    assert_as_from_scratch(db)


def test_two_threads_at_once_are_both_recorded(db):
    targets = [small.well(wells(db), number) for number in (0, 15)]
    gate, failed = threading.Barrier(2), []

    def one(name: str, target: Target) -> None:
        try:
            own = Database(store_path())
            gate.wait()
            review.decide(own, "S1", name, [exclude(target)], 0)
        except BaseException as error:  # told by the main thread
            failed.append(error)

    threads = [threading.Thread(target=one, args=told) for told in zip(("Ann", "Bo"), targets, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = review.state(db, "S1")
    assert not failed and {entry.target for entry in state.excluded} == set(targets) and state.broken == ""
    assert_as_from_scratch(db)


def test_two_processes_at_once_are_both_recorded(db):
    code = (
        "import sys; from engine.settings import store_path; from engine.store.database import Database\n"
        "from engine.spheroid import review; from engine.spheroid.review_types import Decision, Target\n"
        "db = Database(store_path()); print('ready', flush=True); sys.stdin.readline()\n"
        "t = Target('well', plate='P1', row=sys.argv[2], column=4)\n"
        "review.decide(db, 'S1', sys.argv[1], [Decision('exclude', t, 'Dust')], 0)\n"
    )
    who = [("Ann", "A"), ("Bo", "B")]
    running = [
        subprocess.Popen([sys.executable, "-c", code, *told], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         cwd=Path(__file__).parents[2], text=True)
        for told in who
    ]  # fmt: skip
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    for process in running:
        process.stdin.close()
        process.stdout.close()
    state = review.state(db, "S1")
    assert {(entry.reviewer, entry.target.row) for entry in state.excluded} == set(who) and state.broken == ""
    assert_as_from_scratch(db)


def test_a_decision_that_fails_halfway_leaves_no_trace(db, monkeypatch):
    before = kept(db, "metabolic")
    monkeypatch.setattr("engine.spheroid.rescore._judge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 0))], 0)
    assert review.state(db, "S1").last == 0
    pd.testing.assert_frame_equal(kept(db, "metabolic"), before)


def test_a_record_changed_by_hand_says_so(db):
    for number in range(3):
        review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), number))], number)
    assert review.state(db, "S1").broken == ""
    with db.write() as connection:
        connection.execute("UPDATE review SET reason = 'Nothing' WHERE entry = 2")
    assert review.state(db, "S1").broken.startswith("Entry 2 of the record of S1 does not fit its hash")
    with db.write() as connection:
        connection.execute("DELETE FROM review WHERE entry = 2")
    assert review.state(db, "S1").broken.startswith("Entry 2 of the record of S1 is missing")


def test_a_decision_on_a_well_that_no_longer_exists_changes_nothing(db):
    gone, drug = small.well(wells(db), 3), Target("drug", drug="Drug 002")
    review.decide(db, "S1", "Ann", [exclude(gone), exclude(drug)], 0)
    with db.write() as connection:  # as a replacing import would
        connection.execute('DELETE FROM well WHERE plate = ? AND "row" = ? AND "column" = ?', [gone.plate, gone.row, 6])
        connection.execute("UPDATE well SET treatment = 'Renamed' WHERE treatment = 'Drug 002'")
        for table in ("curve", "score", "scoring", "quality"):
            connection.execute(f"DELETE FROM {table}")
    state = review.state(db, "S1")
    assert state.excluded == () and state.last == 2
    assert [sentence.split(",")[0] for sentence in state.orphans] == ["P1_A06", "The drug Drug 002"]
    assert "is not in S1 any more: that decision changes nothing" in state.orphans[0]
    small.score(db)
    assert not applied(db, "S1", "metabolic")["left_out"].any() and review.stale(db, "S1") == ()
    review.decide(db, "S1", "Bo", [Decision("restore", drug, "Gone")], 2)
    assert len(review.state(db, "S1").orphans) == 1


def test_scores_of_a_job_that_began_before_a_decision_are_stale(db):
    job_id = submit_scoring(db, "S1", "metabolic", small.QUICK)
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 0))], 0)
    small.finish(job_id, db)
    assert review.stale(db, "S1") == (), "what follows from the decision is not overwritten"
    with db.write() as connection:  # as an older version let such scores land
        for table in ("scoring", "score", "curve"):
            file = job_folder(job_id) / "results" / f"{table}.parquet"
            connection.execute(f"INSERT OR REPLACE INTO {table} BY NAME SELECT * FROM read_parquet(?)", [str(file)])
    assert review.stale(db, "S1") == ("metabolic",)
    again = review.rescore(db, "S1")
    mine = done.changes[done.changes["modality"] == "metabolic"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again.changes, mine)
    assert review.stale(db, "S1") == () and again.entries == () and review.rescore(db, "S1").changes.empty
    assert_as_from_scratch(db)


def test_scores_older_than_their_network_are_brought_up_to_date(db):
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = '2999', percent = percent + 1 WHERE modality = 'image_2'")
    assert review.stale(db, "S1") == ("image_2",)
    with db.write() as connection:
        connection.execute("UPDATE readout SET run_id = '20200101-000000-x' WHERE modality = 'image_2'")
        connection.execute("UPDATE score SET job_id = '20190101-000000-y' WHERE modality = 'image_2'")
    assert review.stale(db, "S1") == ("image_2",)
    assert {"Drug 001", "Drug 002"} < set(review.rescore(db, "S1").changes["drug"]) and review.stale(db, "S1") == ()
    assert_as_from_scratch(db)


def test_scores_of_an_older_version_keep_their_settings_and_say_so(db):
    with db.write() as connection:
        connection.execute("DELETE FROM scoring")
    before = kept(db, "metabolic")
    done = review.decide(db, "S1", "Ann", [exclude(small.well(wells(db), 0))], 0)
    assert "were made by an older version: the settings in their job's folder are taken." in done.notes[0]
    told = db.query("SELECT settings FROM scoring WHERE modality = 'metabolic'")["settings"].iloc[0]
    assert '"seed": 3' in told and '["Drug 002", "", "pooled"]' in told and '["Drug 001", "", "pooled"]' not in told
    after = kept(db, "metabolic")
    pd.testing.assert_frame_equal(after.loc[["Drug 002"]], before.loc[["Drug 002"]], check_exact=True)
    with db.write() as connection:
        connection.execute("DELETE FROM scoring")
        connection.execute("UPDATE score SET job_id = 'gone'")
    done = review.rescore(db, "S1")
    assert any("and their job's folder is gone: default settings are taken" in note for note in done.notes)


def test_jobs_bring_no_decisions(db, tmp_path):
    job_id = submit_scoring(db, "S1", "metabolic", small.QUICK)
    small.work(job_id)
    from engine.collect import collect

    pd.DataFrame({"screen": ["S1"]}).to_parquet(job_folder(job_id) / "results" / "review.parquet")
    with pytest.raises(JobError, match="brings decisions on a screen"):
        collect(job_id, db)


def test_references_stay_those_of_the_scoring(db):
    small.put(db, "reference", modalities=("metabolic",), noise=0.1)
    small.score(db, "reference", ("metabolic",))
    small.score(db, modalities=("metabolic",), references=("reference",))
    selective = "SELECT drug, replicate, sdss FROM score WHERE screen = 'S1' AND modality = 'metabolic' ORDER BY ALL"
    first = db.query(selective)
    with db.write() as connection:  # scored again since
        connection.execute("UPDATE score SET dss_asym = 0 WHERE screen = 'reference'")
    target = small.well(wells(db), 2)
    review.decide(db, "S1", "Ann", [exclude(target)], 0)
    assert not db.query(selective).equals(first) and np.isfinite(db.query(selective)["sdss"]).all()
    review.decide(db, "S1", "Ann", [Decision("restore", target, "Fine")], 1)
    pd.testing.assert_frame_equal(db.query(selective), first, check_exact=True)
