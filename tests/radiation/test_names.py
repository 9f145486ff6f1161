"""Spellings of cell lines, and the NCI-60 panels."""

import csv

import pytest

from engine.radiation.names import FACTS, PANELS, line_key, nci60_lines, nci60_name, panel_of
from engine.settings import REFERENCE


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("NCI/ADR-RES", "NCI/ADR-RES"),
        ("NCI-ADR-RES", "NCI/ADR-RES"),
        ("OV:NCI_ADR_RES", "NCI/ADR-RES"),
        ("BR:MCF7", "MCF7"),
        ("MCF-7", "MCF7"),
        ("A549/ATCC", "A549"),
        ("a549 (ATCC)", "A549"),
        ("A549_LUNG", "A549"),
        ("LC.A549", "A549"),
        ("LE:HL-60(TB)", "HL-60"),
        ("HL60", "HL-60"),
        ("MDA-MB-435", "MDA-MB-435"),
        ("MDA‑MB–435", "MDA-MB-435"),
        ("Hs 578T", "HS 578T"),
        ("BR:HS578T", "HS 578T"),
        ("786-0", "786-O"),
        ("786-O", "786-O"),
        ("RE:786_0", "786-O"),
        ("RPMI-8226", "RPMI-8226"),
        ("RPMI-8266", "RPMI-8226"),  # as the paper prints it
        ("MDA-MB-231/ATCC", "MDA-MB-231"),
        ("LOXIMVI", "LOX IMVI"),
        ("IGR-OV1", "IGROV1"),
        ("NIH:OVCAR-3", "OVCAR-3"),
        ("U251", "U251"),
        ("NCI-H322M", "NCI-H322M"),
        ("SK_MEL_2", "SK-MEL-2"),
        ("SK-MEL-28", "SK-MEL-28"),
        (" T47D ", "T-47D"),
    ],
)
def test_every_spelling_of_an_nci60_line_gives_its_name(written, name):
    assert line_key(written) == name == nci60_name(written)
    assert panel_of(written) == nci60_lines()[name]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("SK-N-FI", "SKNFI"),
        ("SKNFI_AUTONOMIC_GANGLIA", "SKNFI"),
        ("PE/CA-PJ34 (clone C12)", "PECAPJ34CLONEC12"),
        ("T.T", "T-T"),
        ("TT", "TT"),
        ("KM-H2", "KM-H2"),
        ("KMH-2", "KMH2"),
        ("NCI-H322", "NCIH322"),  # the parent of NCI-H322M, another line
        ("CO.CULTURE", "COCULTURE"),  # no panel's prefix
        ("Пациент 7", "ПАЦИЕНТ7"),
        ("--", ""),
        ("", ""),
    ],
)
def test_other_lines_keep_their_letters_and_digits(written, key):
    assert line_key(written) == key
    assert panel_of(written) == "" == nci60_name(written)


def test_the_sixty_lines_stand_in_the_order_of_the_panels():
    lines = nci60_lines()
    assert len(lines) == 60 and tuple(dict.fromkeys(lines.values())) == PANELS
    sizes = [list(lines.values()).count(panel) for panel in PANELS]
    assert sizes == [6, 9, 7, 6, 10, 7, 8, 2, 5]  # MDA-N is the tenth melanoma line
    assert all(line_key(name) == name == line_key(line_key(name)) for name in lines)


def test_no_alias_stands_for_two_lines():
    with (REFERENCE / FACTS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spellings = [s for row in rows for s in (row["name"], *filter(None, row["aliases"].split("|")))]
    assert all(line_key(s) == row["name"] for row in rows for s in filter(None, row["aliases"].split("|")))
    assert len(set(spellings)) == len(spellings)


@pytest.mark.real_data
def test_names_of_the_published_tables_meet(real_data):
    with (real_data / "sf2" / "nci60_sf2.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {line_key(row["cell_line"]) for row in rows} == {row["cell_line_canonical"] for row in rows}
    assert all(panel_of(row["cell_line"]) == row["panel"] for row in rows)
    order = list(dict.fromkeys(row["cell_line_canonical"] for row in rows))
    assert order == [name for name in nci60_lines() if name in set(order)]
    with (real_data / "sf2" / "nci60_sf2_lines.csv").open(encoding="utf-8", newline="") as file:
        other = [row for row in csv.DictReader(file) if row["cleveland_cellid"]]
    assert len(other) == 32
    assert all(line_key(row["cleveland_cellid"]) == row["cell_line_canonical"] for row in other)
    with (real_data / "sf2" / "nci60_cell_line_metadata.csv").open(encoding="utf-8", newline="") as file:
        third = list(csv.DictReader(file))
    assert {line_key(row["Cell Line Name"]) for row in third} == set(nci60_lines())
