"""A look at a file of molecules: what its columns are taken for, and what becomes of its first rows."""

from pathlib import Path

import pytest

from engine.chem.library import LibrarySettings
from engine.errors import InputError
from engine.response.library_preview import preview_library

CAFFEINE, VERAPAMIL = "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "COc1ccc(CCN(C)CCCC(C#N)(C(C)C)c2ccc(OC)c(OC)c2)cc1OC"
TABLE = f"""Drug name,Canonical SMILES,Indication,Price
Verapamil,{VERAPAMIL},hypertension,3
Caffeine,{CAFFEINE},fatigue,1
Broken,C1CC(,pain,2
"""


def look(tmp_path: Path, text: str, name: str, **settings: float | bool):
    path = tmp_path / "upload"
    path.write_text(text)
    return preview_library(path, LibrarySettings(**settings), name)  # type: ignore[arg-type]


def test_a_table_tells_its_columns_and_the_fate_of_its_rows(tmp_path: Path):
    found = look(tmp_path, TABLE, "mine.csv")
    assert found.format == "table of molecules" and found.ignored == ("Price",)
    assert found.columns.to_numpy().tolist() == [
        ["Canonical SMILES", "structure (SMILES)", VERAPAMIL],
        ["Drug name", "name", "Verapamil"],
        ["Indication", "indications", "hypertension"],
    ]
    assert list(found.rows["row"]) == [2, 3, 4]
    assert list(found.rows["fate"]) == ["kept", "lighter than 200 g/mol", "the structure cannot be read"]
    assert list(found.molecules["name"]) == ["Verapamil"]
    assert (found.receipt.read, found.receipt.kept) == (3, 1)
    assert list(look(tmp_path, TABLE, "mine.csv", min_weight_g_mol=100.0).molecules["name"]) == [
        "Verapamil",
        "Caffeine",
    ]


def test_a_row_that_settings_leave_out_comes_with_the_setting_that_keeps_it(tmp_path: Path):
    text = (
        f"name,clinical_phase,smiles\nLight,Launched,{CAFFEINE}\nSalt,Launched,{VERAPAMIL}.Cl\n"
        f"Light salt,Launched,{CAFFEINE}.Cl\nEarly,Preclinical,{VERAPAMIL}\nBroken,Launched,C1CC(\n"
        f"Kept,Launched,{VERAPAMIL}C\nAgain,Launched,{VERAPAMIL}C\n"
    )
    cures = look(tmp_path, text, "mine.csv", max_weight_g_mol=460.0).cures
    assert cures.to_numpy().tolist() == [
        [2, "Light", "194.2 g/mol, set Lightest to 190"],
        [3, "Salt", "turn on Largest fragment of salts"],
        [4, "Light salt", "turn on Largest fragment of salts; 194.2 g/mol, set Lightest to 190"],
        [5, "Early", "turn off Approved molecules only"],
        [7, "Kept", "468.6 g/mol, set Heaviest to 470"],
        [8, "Again", "468.6 g/mol, set Heaviest to 470"],
    ]
    # Each cure keeps its row, and what is dropped as a duplicate or unreadable has none.
    assert look(tmp_path, text, "mine.csv", min_weight_g_mol=190.0).rows["fate"][0] == "kept"
    assert list(look(tmp_path, text, "mine.csv").cures["name"]) == ["Light", "Salt", "Light salt", "Early"]


def test_pasted_lines_and_columns_without_names(tmp_path: Path):
    pasted = look(tmp_path, f"{VERAPAMIL} Verapamil\n{CAFFEINE}\n", "pasted.smi")
    assert pasted.format == "list of SMILES" and list(pasted.columns["column"]) == ["structure", "name"]
    unnamed = look(tmp_path, f"a,\nVerapamil,{VERAPAMIL}\nOther,{VERAPAMIL}\n", "odd.csv")
    assert unnamed.rows["fate"][0] == "kept" and "same molecule" in unnamed.rows["fate"][1]
    assert any("found by their content" in note for note in unnamed.receipt.notes)


def test_phases_are_shown_and_used(tmp_path: Path):
    text = f"name,clinical_phase,smiles\nVerapamil,Launched,{VERAPAMIL}\nOther,Preclinical,{VERAPAMIL}\n"
    found = look(tmp_path, text, "hub.csv")
    assert ["clinical_phase", "approved or not", "Launched"] in found.columns.to_numpy().tolist()
    assert list(found.rows["fate"]) == ["kept", "not approved, as the file says"]
    assert "same molecule" in look(tmp_path, text, "hub.csv", approved_only=False).rows["fate"][1]
    plates = look(tmp_path, f"name,groups,smiles\nVerapamil,left,{VERAPAMIL}\n", "plates.csv")
    assert "approved or not" not in set(plates.columns["used_as"]) and list(plates.rows["fate"]) == ["kept"]


def test_a_file_that_is_no_list_of_molecules_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cells.csv has no column with structures"):
        look(tmp_path, "COSMIC_ID,TYPE\n1,SKCM\n", "cells.csv")
