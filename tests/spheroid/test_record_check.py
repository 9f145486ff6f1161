"""Whether stored scores still follow from the record: whatever somebody writes into the store by hand shows."""

import json
import shutil

import pytest
import small_reviews as small

from engine.__main__ import main
from engine.errors import InputError
from engine.jobs import launch
from engine.jobs.files import hash_file
from engine.jobs.queue import job_folder
from engine.settings import home, store_path
from engine.spheroid import review, sign_off
from engine.spheroid.record_check import Checked, check_apart, check_record
from engine.spheroid.review_types import Decision, DifferingError, Target
from engine.spheroid.scoring_records import scoring_of
from engine.spheroid.settings import ScoreSettings
from engine.store.database import Database

ONE = ("metabolic",)


@pytest.fixture
def db(tumorcast_home, monkeypatch) -> Database:
    """Screen S1 of three drugs, scored by one readout."""
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    found = Database(store_path())
    small.put(found, drugs=3, modalities=ONE)
    small.score(found, modalities=ONE)
    return found


def edit(db: Database, sql: str) -> None:
    with db.write() as connection:
        connection.execute(sql)


def test_a_record_that_holds_is_told_in_one_sentence_and_nothing_is_written(db):
    review.decide(db, "S1", "Ann", [Decision("exclude", small.well(small.layout(3, 2, 2), 2), "Dust")], 0)
    before, told = hash_file(db.path), []
    found = check_record(db, "S1", progress=told.append)
    assert found.same and found.scores == 9 and found.numbers > 9 * 25 and told[-1] == 1
    assert (
        found.told
        == f"9 scores by metabolic, {found.numbers} numbers, computed again: all are the same to the last digit."
    )
    assert (found.chain, found.seal) == ("The record holds 1 entry; their chain is whole.", "")
    assert (found.wrong, found.causes, found.advice, found.doubt, found.open) == ((), (), "", "", 0)
    without = check_record(db, "S1", intervals=False)
    assert without.same and without.open == 9 and without.numbers == found.numbers - 2 * 9
    assert hash_file(db.path) == before


def test_an_edited_score_is_named_with_how_much(db):
    edit(
        db,
        """UPDATE score SET dss_asym = dss_asym + 5, hit = TRUE
                WHERE drug = 'Drug 002' AND replicate = 'pooled'""",
    )
    found = check_record(db, "S1")
    (one,) = found.differences
    assert (one.drug, one.replicate, one.column) == ("Drug 002", "pooled", "dss_asym")
    assert "Drug 002 by metabolic, pooled: dss_asym is " in found.told and "(5 too high)" in found.told
    assert not found.same and found.n_scores == 1 and found.n_numbers in (1, 2) and not found.tiny
    assert found.advice.startswith("Ask who wrote into the store, and score the screen again")
    with pytest.raises(DifferingError, match=r"1 score does not follow from the record: Drug 002 .*Or sign off with"):
        review.sign_off(db, "S1", "Ann", "", 0, acknowledged=True)
    assert review.state(db, "S1").last == 0
    assert review.sign_off(db, "S1", "Ann", "Known", 0, differing=True).entry == 1
    signed = check_record(db, "S1")
    assert signed.seal == "Data, networks, settings and decisions are what Ann signed."
    assert signed.causes == (
        "Data, settings and decisions are those that were signed: it is the scores that were changed.",
    )
    assert "reopen the screen with a reason and score it again" in signed.advice
    assert main(["review", "--screen", "S1", "--check"]) == 1


def test_scores_edited_after_the_sign_off_show_here_alone(db, capsys):
    review.sign_off(db, "S1", "Ann", "", 0)
    edit(db, "UPDATE curve SET xmid = xmid + 0.25 WHERE drug = 'Drug 001' AND replicate = '2'")
    assert review.state_hash(db, "S1") == review.state(db, "S1").signed.state_hash
    found = check_record(db, "S1")
    assert [one.column for one in found.differences] == ["xmid"] and "Drug 001 by metabolic, replicate 2" in found.told
    assert main(["review", "--screen", "S1", "--check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["check"]
    assert told["n_scores"] == 1 and told["differences"][0]["drug"] == "Drug 001" and told["same"] is False


def test_last_digits_are_told_and_hinder_no_sign_off(db):
    edit(db, "UPDATE score SET dss1 = dss1 * (1 + 1e-13) WHERE dss1 > 1")
    found = check_record(db, "S1", intervals=False)
    assert not found.same and found.tiny and found.doubt == "" and found.advice == "Score the screen again."
    assert found.causes == (
        "Nothing differs by a millionth: other processors and libraries round last digits otherwise.",
    )
    assert review.sign_off(db, "S1", "Ann", "", 0).entry == 1


def test_an_edited_readout_is_told_from_edited_scores(db):
    edit(
        db,
        """UPDATE readout SET percent = 0, raw = 50 WHERE (plate, "row", "column") =
                (SELECT (plate, "row", "column") FROM well WHERE treatment = 'Drug 003' ORDER BY ALL LIMIT 1)""",
    )
    found = check_record(db, "S1", intervals=False)
    assert {one.drug for one in found.differences} == {"Drug 003"}
    assert found.causes == ("Layout or readouts by metabolic are not those that were scored: they were changed since.",)
    assert "Import the screen again" in found.advice
    shutil.rmtree(job_folder(db.query("SELECT max(job_id) AS job FROM score")["job"].iloc[0]))
    assert check_record(db, "S1", intervals=False).causes == (), "nobody knows what was scored"


def test_an_edited_decision_breaks_the_chain(db):
    wells = small.layout(3, 2, 2)
    review.decide(db, "S1", "Ann", [Decision("exclude", small.well(wells, 2), "Dust")], 0)
    review.decide(db, "S1", "Bo", [Decision("comment", Target(), "Hm")], 1)
    edit(db, """UPDATE review SET "row" = 'B' WHERE entry = 1""")
    found = check_record(db, "S1", intervals=False)
    assert "Entry 1 of the record of S1 does not fit its hash" in found.chain and found.wrong[0] == found.chain
    assert found.n_scores > 0 and "entries are only ever added" in found.advice
    edit(db, "DELETE FROM review WHERE entry = 2")
    assert not check_record(db, "S1", intervals=False).same


def test_a_decision_taken_out_at_the_end_is_missing(db):
    review.decide(db, "S1", "Ann", [Decision("comment", Target(), "Hm")], 0)
    edit(db, "DELETE FROM review")
    found = check_record(db, "S1", intervals=False)
    assert "Entry 1 of the record of S1 is missing" in found.chain and not found.same and found.n_numbers == 0


def test_data_changed_after_the_sign_off(db):
    review.sign_off(db, "S1", "Ann", "", 0)
    edit(db, "UPDATE well SET treatment = 'STS ' WHERE well_type = 'positive'")
    found = check_record(db, "S1", intervals=False)
    assert found.seal == "S1 was signed off by Ann with other data, networks, scoring or decisions." in found.wrong
    assert not found.same and found.n_numbers == 0 and "Import the screen again" in found.advice


def test_networks_that_are_gone_are_told_and_scores_still_compared(tumorcast_home, monkeypatch):
    monkeypatch.setattr(launch, "start", lambda folder: None)
    monkeypatch.setattr(launch, "ensure_runners", lambda: None)
    db = Database(store_path())
    small.put(db, drugs=3, modalities=("image_2",))
    edit(db, "UPDATE readout SET run_id = '20200101-net'")
    small.score(db, modalities=("image_2",))
    found = check_record(db, "S1", intervals=False)
    assert found.same and found.modalities == ("image_2",)
    assert len(found.notes) == 1 and "20200101-net behind images, phase II is not kept any more" in found.notes[0]
    edit(db, "UPDATE readout SET run_id = '99990101-net', percent = percent * 0.9")
    found = check_record(db, "S1", intervals=False)
    assert found.causes == ("The network behind images, phase II was trained again after it was scored.",)
    assert found.advice == "Score the screen again."


def test_rows_that_are_missing_and_scores_of_nothing(db):
    edit(db, "DELETE FROM score WHERE drug = 'Drug 001' AND replicate = '1'")
    found = check_record(db, "S1", intervals=False)
    assert "Drug 001 by metabolic, replicate 1: is missing" in found.told and found.largest is None
    edit(db, "UPDATE curve SET modality = 'mos' WHERE drug = 'Drug 002'")
    assert "Nothing says how the curves by mos were made." in check_record(db, "S1", intervals=False).wrong
    edit(db, "UPDATE scoring SET settings = '{\"bootstrap\": 1000000000}'")
    with pytest.raises(InputError, match=r"cannot be computed again.*1,000,000,000 resamples.*score the screen again"):
        check_record(db, "S1")


def test_what_another_version_scored_is_nobodys_doing(db):
    file = job_folder(db.query("SELECT max(job_id) AS job FROM score")["job"].iloc[0]) / "spec.json"
    spec = json.loads(file.read_text())
    file.write_text(json.dumps(spec | {"versions": spec["versions"] | {"numpy": "1.0"}}))
    edit(db, "UPDATE score SET dss1 = dss1 + 1 WHERE drug = 'Drug 001'")
    found = check_record(db, "S1", intervals=False)
    assert (
        found.causes[0].startswith("It was scored with numpy 1.0, here ") and found.advice == "Score the screen again."
    )
    edit(db, "DELETE FROM scoring")
    found = check_record(db, "S1", intervals=False)
    assert "It is not kept how the scores by metabolic were made: that may be why." in found.causes
    assert found.advice == "Score the screen again." and "made by an older version" in found.notes[0]


def test_nothing_scored_and_no_such_screen(db, capsys):
    small.put(db, "S2", drugs=3, modalities=ONE)
    with pytest.raises(InputError, match="S2 is not scored yet: score it first"):
        check_record(db, "S2")
    with pytest.raises(InputError, match="There is no screen 'S9'"):
        check_record(db, "S9")
    assert main(["review", "--screen", "S2", "--check"]) == 2
    assert "S2 is not scored yet" in capsys.readouterr().err


def test_the_command_says_what_it_found(db, capsys):
    assert main(["review", "--screen", "S1", "--check"]) == 0
    said = capsys.readouterr().out
    assert "all are the same to the last digit" in said and "their chain is whole" in said
    assert main(["review", "--screen", "S1", "--json"]) == 0
    assert "check" not in json.loads(capsys.readouterr().out)


def test_in_a_process_of_its_own_it_finds_the_same(db, monkeypatch):
    edit(db, "UPDATE score SET dss_asym = dss_asym + 5 WHERE drug = 'Drug 002'")
    assert check_apart("S1") == json.loads(json.dumps(check_record(db, "S1").document()))
    with pytest.raises(InputError, match="There is no screen '-S9'"):
        check_apart("-S9")
    monkeypatch.setattr("engine.spheroid.record_check.REPOSITORY", store_path().parent)  # no engine there
    with pytest.raises(InputError, match=r"The check of S1 ended without an answer \(.*engine.*\): try it again"):
        check_apart("S1")


def test_a_store_that_does_not_come_to_rest_is_told(db, monkeypatch):
    numbers = iter(range(100))
    monkeypatch.setattr(Database, "version", lambda self: next(numbers))
    with pytest.raises(InputError, match="was written to while S1 was read: try again"):
        check_record(db, "S1")


def test_what_changed_while_scores_were_computed_is_not_signed(db, monkeypatch):
    def meanwhile(store: Database, screen: str, **_: object) -> Checked:
        found = check_record(store, screen, intervals=False)
        edit(store, "UPDATE readout SET raw = raw + 1")
        return found

    monkeypatch.setattr(sign_off, "check_record", meanwhile)
    with pytest.raises(InputError, match="S1 changed while its scores were computed again"):
        review.sign_off(db, "S1", "Ann", "", 0)
    assert review.state(db, "S1").signed is None


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("reference", "{}", "KeyError: 'rows'"),
        ("settings", "[]", "TypeError: "),
        ("settings", '{"parameters": 9}', "InputError: A curve has 2 to 5 parameters"),
    ],
)
def test_a_damaged_row_of_how_scores_were_made_is_named_and_scoring_mends_it(db, column, value, why):
    edit(db, f"UPDATE scoring SET {column} = '{value}'")
    made = scoring_of(db, "S1", "metabolic")
    assert made.damaged and not made.known and made.settings == small.QUICK  # as the job's folder says
    assert f"The scores of S1 by metabolic have a damaged row in the table scoring ({why}" in made.note
    found = check_record(db, "S1", intervals=False)
    assert not found.same and found.wrong == (made.note,) and found.notes == () and found.n_numbers == 0
    assert found.advice == "Score the screen again." and made.note in found.doubt
    small.score(db, modalities=ONE)
    assert not scoring_of(db, "S1", "metabolic").damaged and check_record(db, "S1", intervals=False).same


def test_without_its_jobs_folder_a_damaged_row_stands_for_default_settings(db):
    review.decide(db, "S1", "Ann", [Decision("exclude", Target("drug", drug="Drug 001"), "Dust")], 0)
    excluded = scoring_of(db, "S1", "metabolic").excluded
    edit(db, "UPDATE scoring SET settings = '[]'")
    shutil.rmtree(home() / "jobs")
    made = scoring_of(db, "S1", "metabolic")
    assert made.settings == ScoreSettings() and made.excluded == excluded != ""
    assert "their job's folder is gone: default settings are taken. Score the screen again." in made.note
