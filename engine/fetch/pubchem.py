"""Structures of drugs from PubChem (PUG REST), by compound id where it is known, else by name and never by a guess.

Source of the interface: https://pubchem.ncbi.nlm.nih.gov/docs/pug-rest. It asks for at most five questions a second.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from engine.errors import FetchError
from engine.fetch.web import Patience, ask, refuse_status

COLUMNS = ("drug_id", "name", "target", "pathway", "pubchem_cid", "smiles", "inchikey", "note")
BATCH = 100  # compound ids per question
PAUSE_SECONDS = 0.25
# The first is what PubChem calls it since 2025, the others what it called it before.
SMILES_NAMES = ("SMILES", "IsomericSMILES", "ConnectivitySMILES", "CanonicalSMILES")

Compound = Mapping[str, Any]  # one record of PubChem: CID, SMILES, InChIKey
Tell = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Structures:
    """The drugs with the structures that were found, and who is without."""

    drugs: pd.DataFrame  # COLUMNS, one row per drug given
    by_cid: int
    by_name: int
    not_found: tuple[str, ...]
    ambiguous: tuple[str, ...]  # names that several different compounds have


def find_structures(
    drugs: pd.DataFrame, base: str, notes: Path, tell: Tell = lambda done, total, message: None
) -> Structures:
    """Looks up the drugs that have no structure; the others stay as they are.

    drugs: the store's table. base: address of PUG REST. notes: a file for the answers, so that an interrupted search
    goes on where it stopped.
    Raises FetchError where PubChem does not answer.
    """
    bare = drugs[drugs["smiles"].isna()]
    cids = [str(int(cid)) for cid in bare["pubchem_cid"].dropna().unique()]
    names = [str(name) for name in bare.loc[bare["pubchem_cid"].isna(), "name"].unique()]
    questions = [("cid", cids[start : start + BATCH]) for start in range(0, len(cids), BATCH)]
    questions += [("name", [name]) for name in names]
    answers, done = _kept(notes), 0
    patience = Patience(lambda message: tell(done, len(cids) + len(names), message))
    with requests.Session() as session, notes.open("a", encoding="utf-8") as log:
        log.write("\n")  # the last line may have been cut
        for field, values in questions:
            new = [value for value in values if (field, value) not in answers]
            if new:
                answers |= _asked(session, base, field, new, patience)
                log.writelines(json.dumps([field, value, answers[field, value]]) + "\n" for value in new)
                log.flush()
            done += len(values)
            tell(done, len(cids) + len(names), f"{done} of {len(cids) + len(names)} drugs")
    return _filled(drugs, answers)


def _asked(
    session: requests.Session, base: str, field: str, values: list[str], patience: Patience
) -> dict[tuple[str, str], list[Compound]]:
    """The compounds behind ids or one name. field: cid | name."""
    url = f"{base.rstrip('/')}/compound/{field}/property/SMILES,InChIKey/JSON"
    with ask(session, url, patience, form={field: ",".join(values) if field == "cid" else values[0]}) as answer:
        # 404: there is no such compound. 400: one of the values is not taken for an id or a name.
        unknown = answer.status_code in (400, 404) and "json" in answer.headers.get("Content-Type", "")
        if not unknown:
            refuse_status(answer, url)
            records = _records(answer, url)
    patience.fresh()
    time.sleep(PAUSE_SECONDS)
    if unknown and len(values) > 1:  # one bad id must not hide the others
        return {key: found for one in values for key, found in _asked(session, base, field, [one], patience).items()}
    if unknown:
        return {(field, values[0]): []}
    if field == "name":
        return {(field, values[0]): records}
    return {(field, value): [one for one in records if str(one["CID"]) == value] for value in values}


def _records(answer: requests.Response, url: str) -> list[Compound]:
    try:
        records = answer.json()["PropertyTable"]["Properties"]
        return [{"CID": int(one["CID"]), "SMILES": _smiles(one), "InChIKey": one.get("InChIKey")} for one in records]
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FetchError(f"{url} does not answer as PubChem does: check the address given with --url.") from error


def _smiles(record: Compound) -> str:
    return str(next((record[name] for name in SMILES_NAMES if record.get(name)), ""))


def _kept(notes: Path) -> dict[tuple[str, str], list[Compound]]:
    """Answers of an interrupted search; what was cut is asked again."""
    found: dict[tuple[str, str], list[Compound]] = {}
    if notes.exists():
        for line in notes.read_text(encoding="utf-8").splitlines():
            try:
                field, value, records = json.loads(line)
            except ValueError:
                continue
            found[field, value] = records
    return found


def _filled(drugs: pd.DataFrame, answers: Mapping[tuple[str, str], list[Compound]]) -> Structures:
    filled = drugs.reindex(columns=list(COLUMNS)).astype({"smiles": object, "inchikey": object, "note": object})
    filled["pubchem_cid"] = filled["pubchem_cid"].astype("Int64")
    counts, not_found, ambiguous = {"cid": 0, "name": 0}, [], []
    for place in filled.index[drugs["smiles"].isna()]:
        name, cid = str(filled.at[place, "name"]), filled.at[place, "pubchem_cid"]
        field, value = ("name", name) if pd.isna(cid) else ("cid", str(int(cid)))
        hits = [hit for hit in answers[field, value] if hit["SMILES"]]
        if not hits:
            not_found.append(name)
        # Compounds that share the first block of the key differ in stereochemistry or charge at most.
        elif len({str(hit["InChIKey"]).split("-")[0] for hit in hits}) > 1:
            ambiguous.append(name)
        else:
            counts[field] += 1
            said = f"structure from PubChem CID {hits[0]['CID']}" + (", found by name" if field == "name" else "")
            note = filled.at[place, "note"]
            filled.at[place, "pubchem_cid"] = hits[0]["CID"]
            filled.at[place, "smiles"] = hits[0]["SMILES"]
            # The key of a salt is not that of the parent, which the import keeps: it then makes the key itself.
            filled.at[place, "inchikey"] = None if "." in hits[0]["SMILES"] else hits[0]["InChIKey"]
            filled.at[place, "note"] = said if pd.isna(note) or not note else f"{note}; {said}"
    return Structures(filled, counts["cid"], counts["name"], tuple(not_found), tuple(ambiguous))
