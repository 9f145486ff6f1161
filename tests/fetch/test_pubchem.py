"""Structures from a stand-in for PubChem."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import pandas as pd
import pytest
from bad_server import Asked, BadServer, Page

from engine.errors import FetchError
from engine.fetch import pubchem, web
from engine.fetch.pubchem import COLUMNS, find_structures

ETHANOL = {"CID": 702, "SMILES": "CCO", "InChIKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}
SALT = {"CID": 5, "SMILES": "CCN.Cl", "InChIKey": "XWBDWHCCBGMXKG-UHFFFAOYSA-N"}
LEFT = {"CID": 11, "SMILES": "C[C@H](N)O", "InChIKey": "AAAAAAAAAAAAAA-LEFTXXXXXX-N"}
RIGHT = {"CID": 12, "SMILES": "C[C@@H](N)O", "InChIKey": "AAAAAAAAAAAAAA-RIGHTXXXXX-N"}
OTHER = {"CID": 13, "SMILES": "CCC", "InChIKey": "BBBBBBBBBBBBBB-UHFFFAOYSA-N"}
BY_CID = {"702": ETHANOL, "5": SALT}
BY_NAME = {"Alcohol": [ETHANOL], "Twin": [LEFT, RIGHT], "Confused": [LEFT, OTHER], "Antibody": [{"CID": 99}]}


def drugs(**columns) -> pd.DataFrame:
    n = len(columns["name"])
    frame = {"drug_id": range(1, n + 1), "pubchem_cid": None, "smiles": None, "inchikey": None, "note": None}
    return pd.DataFrame({**frame, "target": "T", "pathway": "P", "weight_g_mol": None, "source_id": "s", **columns})


def records(*found: dict) -> Page:
    content = json.dumps({"PropertyTable": {"Properties": found}}).encode()
    return Page(content, etag=None, content_type="application/json")


def fault(status: int, code: str) -> Page:
    page = Page(content_type="application/json")
    page.statuses = [(status, {"Content-Type": "application/json", "X": code})]
    return page


@pytest.fixture
def base(server: BadServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(pubchem, "PAUSE_SECONDS", 0.0)

    def by_cid(asked: Asked) -> Page:
        wanted = parse_qs(asked.body)["cid"][0].split(",")
        if "0" in wanted:
            return fault(400, "PUGREST.BadRequest")
        return records(*(BY_CID.get(cid, {"CID": int(cid)}) for cid in wanted))

    def by_name(asked: Asked) -> Page:
        found = BY_NAME.get(parse_qs(asked.body)["name"][0])
        return records(*found) if found else fault(404, "PUGREST.NotFound")

    server.pages["/pug/compound/cid/property/SMILES,InChIKey/JSON"] = by_cid
    server.pages["/pug/compound/name/property/SMILES,InChIKey/JSON"] = by_name
    return f"{server.address}/pug/"


def test_ids_go_before_names_and_what_has_a_structure_is_left_alone(base, server, tmp_path):
    given = drugs(
        name=["Ethanol", "Alcohol", "Known", "Unknown 4/5 (salt)", "Gone"],
        pubchem_cid=[702, None, 1, None, 77],
        smiles=[None, None, "C", None, None],
        note=[None, "disputed", None, None, None],
    )
    told = []
    found = find_structures(given, base, tmp_path / "notes", lambda *seen: told.append(seen))
    assert (found.by_cid, found.by_name) == (1, 1)
    assert (found.not_found, found.ambiguous) == (("Unknown 4/5 (salt)", "Gone"), ())
    assert tuple(found.drugs.columns) == COLUMNS
    assert found.drugs["smiles"].where(found.drugs["smiles"].notna(), "").tolist() == ["CCO", "CCO", "C", "", ""]
    assert found.drugs["pubchem_cid"].fillna(-1).tolist() == [702, 702, 1, -1, 77]
    assert found.drugs["note"].where(found.drugs["note"].notna(), "").tolist() == [
        "structure from PubChem CID 702",
        "disputed; structure from PubChem CID 702, found by name",
        "",
        "",
        "",
    ]
    assert set(found.drugs["target"]) == {"T"}
    assert [(asked.method, parse_qs(asked.body)) for asked in server.asked] == [
        ("POST", {"cid": ["702,77"]}),
        ("POST", {"name": ["Alcohol"]}),
        ("POST", {"name": ["Unknown 4/5 (salt)"]}),
    ]
    assert told[-1] == (4, 4, "4 of 4 drugs")


def test_a_salt_leaves_its_key_to_the_import(base, tmp_path):
    found = find_structures(drugs(name=["Salt"], pubchem_cid=[5]), base, tmp_path / "notes").drugs
    assert found["smiles"].tolist() == ["CCN.Cl"] and found["inchikey"].isna().all()


def test_a_name_of_several_compounds_is_not_guessed_but_stereoisomers_are_one(base, tmp_path):
    found = find_structures(drugs(name=["Twin", "Confused", "Antibody"]), base, tmp_path / "notes")
    assert (found.by_name, found.ambiguous, found.not_found) == (1, ("Confused",), ("Antibody",))
    assert found.drugs["pubchem_cid"].fillna(0).tolist() == [11, 0, 0]


def test_one_bad_id_does_not_hide_the_others(base, tmp_path):
    found = find_structures(drugs(name=["Nothing", "Ethanol"], pubchem_cid=[0, 702]), base, tmp_path / "notes")
    assert (found.by_cid, found.not_found) == (1, ("Nothing",))


def test_ids_are_asked_for_by_the_hundred(base, server, tmp_path):
    many = drugs(name=[f"D{i}" for i in range(250)], pubchem_cid=list(range(1, 251)))
    assert len(find_structures(many, base, tmp_path / "notes").not_found) == 249  # 5 is the salt
    assert [asked.body.count("%2C") + 1 for asked in server.asked] == [100, 100, 50]


@pytest.mark.parametrize("name", ["SMILES", "IsomericSMILES", "ConnectivitySMILES", "CanonicalSMILES"])
def test_smiles_are_read_under_every_name_they_had(base, server, tmp_path, name):
    record = {"CID": 702, name: "CCO", "InChIKey": "X"}
    server.pages["/pug/compound/cid/property/SMILES,InChIKey/JSON"] = lambda asked: records(record)
    found = find_structures(drugs(name=["Ethanol"], pubchem_cid=[702]), base, tmp_path / "notes")
    assert found.drugs["smiles"].tolist() == ["CCO"]


def test_a_busy_pubchem_is_waited_for(base, server, tmp_path):
    answers = [Page(statuses=[(503, {"Retry-After": "0"})]), records(ETHANOL)]
    server.pages["/pug/compound/cid/property/SMILES,InChIKey/JSON"] = lambda asked: answers.pop(0)
    assert find_structures(drugs(name=["Ethanol"], pubchem_cid=[702]), base, tmp_path / "notes").by_cid == 1


def test_an_interrupted_search_goes_on_where_it_stopped(base, server, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "TRIES", 1)
    given, notes = drugs(name=["Alcohol", "Twin"]), tmp_path / "notes"
    right = server.pages["/pug/compound/name/property/SMILES,InChIKey/JSON"]
    answers = [right, lambda asked: Page(statuses=[(500, {})])]
    server.pages["/pug/compound/name/property/SMILES,InChIKey/JSON"] = lambda asked: answers.pop(0)(asked)
    with pytest.raises(FetchError, match="answers 500"):
        find_structures(given, base, notes)
    with notes.open("a") as log:
        log.write('["name", "Twin", [{"CID"')  # cut off
    server.pages["/pug/compound/name/property/SMILES,InChIKey/JSON"] = right
    assert find_structures(given, base, notes).by_name == 2
    assert [parse_qs(asked.body)["name"][0] for asked in server.asked] == ["Alcohol", "Twin", "Twin"]


@pytest.mark.parametrize(
    "content", [b"<html>", b"{}", b'{"PropertyTable": {"Properties": [1]}}', b'{"PropertyTable": 3}']
)
def test_an_answer_that_is_not_pubchems(base, server, tmp_path: Path, content):
    page = Page(content, content_type="application/json")
    server.pages["/pug/compound/cid/property/SMILES,InChIKey/JSON"] = page
    with pytest.raises(FetchError, match="does not answer as PubChem does: check the address given with --url"):
        find_structures(drugs(name=["Ethanol"], pubchem_cid=[702]), base, tmp_path / "notes")


def test_no_pubchem_at_that_address(server, tmp_path):
    with pytest.raises(FetchError, match="There is no file at .*compound/cid/property"):
        find_structures(drugs(name=["Ethanol"], pubchem_cid=[702]), server.address, tmp_path / "notes")
