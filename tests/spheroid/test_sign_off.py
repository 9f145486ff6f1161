"""Screens signed off and reopened, and what a signed-off screen refuses."""

import pytest
import small_reviews as small

from engine.collect import collect
from engine.errors import InputError, JobError
from engine.jobs import launch
from engine.jobs.files import write_json
from engine.jobs.queue import cancel, job_folder
from engine.settings import store_path
from engine.spheroid import review, sign_off
from engine.spheroid.review_types import Decision, Target, UnresolvedError
from engine.spheroid.score_job import submit_scoring
from engine.spheroid.score_records import wells_of
from engine.spheroid.screen_import import submit_screen_import
from engine.spheroid.settings import SpheroidSettings
from engine.spheroid.train import submit_training
from engine.store.database import Database

PLATE = Target("plate", plate="P1")


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    """Screen S1, one readout, not scored."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    database = Database(store_path())
    small.put(database, drugs=4, modalities=("metabolic",))
    return database


@pytest.fixture
def scored(db) -> Database:
    small.score(db, modalities=("metabolic",))
    return db


@pytest.fixture
def failed(scored) -> Database:
    """Plate P1 has failed."""
    with scored.write() as connection:
        connection.execute(
            "UPDATE quality SET verdict = 'bad', value = -2.5 WHERE (measure, plate) = ('z_prime', 'P1')"
        )
    return scored


def test_a_sign_off_makes_a_screen_read_only_until_it_is_reopened(scored):
    before = review.state_hash(scored, "S1")
    signed = review.sign_off(scored, "S1", "Ann", " All good ", 0)
    state = review.state(scored, "S1")
    assert (state.status, state.signed, state.writable, signed.reason) == ("signed_off", signed, False, "All good")
    assert signed.state_hash == before == review.state_hash(scored, "S1") and len(before) == 64 and state.broken == ""
    with pytest.raises(InputError, match=r"S1 was signed off by Ann on 20.* cannot be changed: reopen it with"):
        review.decide(scored, "S1", "Bo", [Decision("comment", Target(), "Hm")], 1)
    with pytest.raises(InputError, match="cannot be signed off again: reopen it"):
        review.sign_off(scored, "S1", "Bo", "", 1)
    with pytest.raises(InputError, match="cannot be scored again"):
        review.rescore(scored, "S1")
    with pytest.raises(InputError, match="reopening needs a reason"):
        review.reopen(scored, "S1", "Bo", " ", 1)
    entry = review.reopen(scored, "S1", "Bo", "A plate was swapped", 1)
    state = review.state(scored, "S1")
    assert (state.status, state.signed, state.last, entry.entry) == ("in_review", None, 2, 2)
    with pytest.raises(InputError, match=r"S1 is not signed off: Bo has reopened it \(entry 2\)"):
        review.reopen(scored, "S1", "Cy", "x", 1)
    review.decide(scored, "S1", "Bo", [Decision("exclude", PLATE, "Swapped")], 2)
    again = review.sign_off(scored, "S1", "Bo", "", 3)
    assert again.state_hash not in ("", before) and again.reason == ""


def test_a_view_older_than_the_record_signs_nothing(scored):
    for number, name in enumerate(("Ann", "Bo")):
        review.decide(scored, "S1", name, [Decision("comment", Target(), "Hm")], number)
    with pytest.raises(InputError, match="Bo recorded a decision since this view was drawn"):
        review.sign_off(scored, "S1", "Cy", "", 1)
    with pytest.raises(InputError, match="Ann, Bo recorded 2 decisions since this view was drawn"):
        review.sign_off(scored, "S1", "Cy", "", 0)
    review.sign_off(scored, "S1", "Cy", "", 2)
    with pytest.raises(InputError, match="Cy recorded a decision since"):
        review.reopen(scored, "S1", "Ann", "x", 2)


def test_what_is_not_ready_is_not_signed(db):
    with pytest.raises(InputError, match="the record needs a name"):
        review.sign_off(db, "S1", "", "", 0)
    with pytest.raises(InputError, match="S1 is not scored yet"):
        review.sign_off(db, "S1", "Ann", "", 0)
    early = submit_scoring(db, "S1", "metabolic", small.QUICK)
    assert [job.id for job in review.running_jobs("S1")] == [early] and review.running_jobs("S2") == []
    with pytest.raises(InputError, match="Score S1 .metabolic. is still under way .*wait until it has ended, or"):
        review.sign_off(db, "S1", "Ann", "", 0)
    small.work(early)  # finished, but not in the store yet
    with pytest.raises(InputError, match="is still under way"):
        review.sign_off(db, "S1", "Ann", "", 0)
    collect(early, db)
    late = submit_scoring(db, "S1", "metabolic", small.QUICK)
    review.decide(db, "S1", "Ann", [Decision("exclude", small.well(wells_of(db, "S1")), "Dust")], 0)
    small.finish(late, db)
    assert review.stale(db, "S1") == (), "what lands too late is dropped"
    with db.write() as connection:
        connection.execute("UPDATE scoring SET excluded = 'of older decisions'")
    with pytest.raises(InputError, match="The scores of S1 by metabolic do not match the decisions"):
        review.sign_off(db, "S1", "Ann", "", 1)
    review.rescore(db, "S1")
    assert review.sign_off(db, "S1", "Ann", "", 1).entry == 2


def test_jobs_that_ended_otherwise_are_not_under_way(scored):
    cancelled, lost, stuck = (submit_scoring(scored, "S1", "metabolic", small.QUICK) for _ in range(3))
    cancel(cancelled)
    (job_folder(lost) / "spec.json").write_text("{")
    small.work(stuck)
    write_json(job_folder(stuck) / "collect_error.json", {"error": "does not fit"})
    assert review.running_jobs("S1") == []
    review.sign_off(scored, "S1", "Ann", "", 0)


def test_a_failed_plate_that_still_counts_is_asked_about(failed):
    with pytest.raises(UnresolvedError, match="Plate P1 failed by metabolic .Z' of .2.5. and still counts") as asked:
        review.sign_off(failed, "S1", "Ann", "", 0)
    assert len(asked.value.questions) == 1 and review.state(failed, "S1").last == 0
    assert review.sign_off(failed, "S1", "Ann", "Known: the drug wells are fine", 0, acknowledged=True).entry == 1


def test_plates_that_fail_by_one_readout_share_a_question(scored):
    with scored.write() as connection:
        connection.execute("UPDATE quality SET verdict = 'bad', value = -1 WHERE measure = 'z_prime' AND plate <> ''")
    questions = sign_off.open_questions(scored, review.state(scored, "S1"))
    plates = scored.query("SELECT DISTINCT plate FROM quality WHERE plate <> '' ORDER BY plate")["plate"]
    assert len(plates) > 1 and all(f"{plate} (Z' of \N{MINUS SIGN}1)" in questions[0] for plate in plates)
    assert questions[0].startswith("Plates P1 (Z' of ") and "and still count: sign off with them?" in questions[0]


def test_a_failed_plate_that_was_left_out_is_no_question(failed):
    review.decide(failed, "S1", "Ann", [Decision("exclude", PLATE, "Swapped")], 0)
    assert review.sign_off(failed, "S1", "Ann", "", 1).action == "sign_off"


def test_a_record_changed_by_hand_is_asked_about(scored):
    review.decide(scored, "S1", "Ann", [Decision("comment", Target(), "Hm")], 0)
    with scored.write() as connection:
        connection.execute("UPDATE review SET reviewer = 'Bo'")
    with pytest.raises(UnresolvedError, match="Entry 1 .* was changed by hand. Sign off all the same"):
        review.sign_off(scored, "S1", "Ann", "", 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE readout SET raw = raw + 1e-9 WHERE plate = 'P1' AND \"column\" = 3 AND \"row\" = 'A'",
        "UPDATE well SET conc_nm = 2 WHERE plate = 'P1' AND \"column\" = 3 AND \"row\" = 'A'",
        "UPDATE scoring SET settings = replace(settings, '\"seed\": 3', '\"seed\": 4')::JSON",
        "UPDATE readout SET run_id = 'a network'",
        "UPDATE review SET hash = 'x'",
    ],
)
def test_the_hash_is_of_data_networks_scoring_and_decisions(scored, change):
    review.decide(scored, "S1", "Ann", [Decision("comment", Target(), "Hm")], 0)
    first = review.state_hash(scored, "S1")
    with scored.write() as connection:
        connection.execute("CREATE TABLE copied AS FROM readout ORDER BY random()")
        connection.execute("DELETE FROM readout")
        connection.execute("INSERT INTO readout FROM copied")
        connection.execute("DROP TABLE copied")
    assert review.state_hash(scored, "S1") == first  # the order of rows is nothing
    with scored.write() as connection:
        connection.execute(change)
    assert review.state_hash(scored, "S1") != first


def test_nothing_changes_a_screen_that_is_signed_off(scored):
    early = submit_scoring(scored, "S1", "metabolic", small.QUICK)
    cancel(early)
    (job_folder(early) / "error.json").unlink()
    (job_folder(early) / "cancel").unlink()
    write_json(job_folder(early) / "collect_error.json", {"error": "not yet"})
    review.sign_off(scored, "S1", "Ann", "", 0)
    with pytest.raises(InputError, match="S1 was signed off by Ann .* cannot be scored again: reopen it"):
        submit_scoring(scored, "S1", "metabolic", small.QUICK)
    with scored.write() as connection:
        connection.execute("UPDATE screen SET n_images = 1, image_job = ?", [early])
    with pytest.raises(InputError, match="S1 was signed off by Ann .* cannot be trained again: reopen it"):
        submit_training(scored, SpheroidSettings("S1"))
    small.work(early)  # submitted before the sign-off, finished after it
    with pytest.raises(JobError, match="S1 was signed off by Ann .* cannot be changed by a job that was submitted"):
        collect(early, scored)
    review.reopen(scored, "S1", "Ann", "One more scoring", 1)
    assert collect(early, scored)


def test_a_signed_off_screen_is_not_replaced_by_an_import(scored, tmp_path):
    rows = ["plate,well,type,drug,conc_nM,raw"]
    for number in range(1, 9):
        rows += [
            f"1,A{number:02d},neg,DMSO,,100",
            f"1,B{number:02d},pos,STS,,10",
            f"1,C{number:02d},drug,X,{number},50",
        ]
    table = tmp_path / "S1.csv"
    table.write_text("\n".join(rows))
    review.sign_off(scored, "S1", "Ann", "", 0)
    with pytest.raises(InputError, match="There is a screen called 'S1' already"):
        submit_screen_import(table, "S1")
    with pytest.raises(InputError, match="S1 was signed off by Ann .* cannot be replaced: reopen it"):
        submit_screen_import(table, "S1", replace=True)
    review.reopen(scored, "S1", "Ann", "Read again", 1)
    assert submit_screen_import(table, "S1", replace=True)
