"""Layouts: what is in every well, units, names, and every kind of bad file."""

import numpy as np
import pandas as pd
import pytest
from small_folder import HEADER, layout_rows, layout_text

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.layout import parse_well, read_layout, well_name
from engine.spheroid.plate import plate_in, plate_name
from engine.spheroid.types import WELL_COLUMNS, WELL_TYPES


def read(tmp_path, text: str, name: str = "layout.csv", encoding: str = "utf-8", **options):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    receipt = Receipt()
    return read_layout(path, name, receipt, **options), receipt


def well(plates, name: str, plate: str = "P1") -> pd.Series:
    return plates.wells.set_index(["plate", "row", "column"]).loc[(plate, *parse_well(name))]


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_published_columns(tmp_path):
    plates, receipt = read(tmp_path, "# a comment\n# Concentrations in nM\n" + layout_text())
    assert tuple(plates.wells.columns) == WELL_COLUMNS
    assert plates.n_wells == 96
    assert set(plates.wells["well_type"]) <= set(WELL_TYPES)
    assert plates.wells["well_type"].value_counts().to_dict() == {
        "therapy": 20, "negative": 8, "positive": 6, "series": 5, "metabolic_positive": 4,
    }  # fmt: skip
    assert well(plates, "D03")["conc_nm"] == 10 and np.isnan(well(plates, "B02")["conc_nm"])
    assert [well(plates, name)["replicate"] for name in ("D02", "D07", "E03", "E08")] == [1, 2, 1, 2]
    assert receipt.notes == []  # the unit is told, every type is known


def test_replicates_count_from_left_to_right_over_plates(tmp_path):
    rows = ["P2,A,1,therapy,A,5", "P1,C,2,therapy,A,5", "P1,B,3,therapy,A,5", "P1,B,2,therapy,A,5"]
    plates, _ = read(tmp_path, table(*rows))
    order = {("P1", "B", 2): 1, ("P1", "C", 2): 2, ("P1", "B", 3): 3, ("P2", "A", 1): 4}
    found = {
        (p, r, c): n for p, r, c, n in plates.wells[["plate", "row", "column", "replicate"]].itertuples(index=False)
    }
    assert found == order


def test_plates_are_counted_as_numbers(tmp_path):
    plates, _ = read(tmp_path, table(*(f"{n},B,2,therapy,A,5" for n in (10, 2, 1))))
    assert plates.wells[["plate", "replicate"]].to_numpy().tolist() == [["P1", 1], ["P2", 2], ["P10", 3]]


def test_comments_between_rows(tmp_path):
    text = table("1,B,2,neg,DMSO,0", "# later, more, wells, a, b, c, d", "1,B,3,therapy,A,10")
    assert len(read(tmp_path, text)[0].wells) == 2


def test_plates_with_letters_are_replicates(tmp_path):
    plates, _ = read(tmp_path, table("1A,B,2,therapy,A,5", "1A,B,3,therapy,A,5", "1B,B,2,therapy,A,5"))
    assert plates.wells[["plate", "replicate"]].to_numpy().tolist() == [["P1A", 1], ["P1A", 1], ["P1B", 2]]


@pytest.mark.parametrize("text", ["1", "01", "P1", "p01", "Plate 1", "plate_1", "Platte 01", "1.0", " P1 "])
def test_names_of_plates(text):
    assert plate_name(text) == "P1"


def test_other_names_of_plates_stay():
    assert plate_name("XY-77") == "XY-77" and plate_name("Müller  Platte") == "Müller Platte"
    assert plate_name("1a") == "P1A"


@pytest.mark.parametrize(
    ("text", "plate"),
    [("BT-40_V1_DS1_P2", "P2"), ("S_P3_run_P1", "P1"), ("scan 02", "P2"), ("plate 3 raw", "P3"), ("P4", "P4"),
     ("BT-40_V1_DS1", None), ("2020-10-12", None), ("S1_DS1_2", "P2"), ("scan 2020-10-02", None),
     ("scan_02.10.03", None), ("P53_screen_1", "P1")],
)  # fmt: skip
def test_plates_in_names_of_files(text, plate):
    assert plate_in(text, ["P1", "P2", "P3"]) == plate


def test_wells_have_names():
    assert well_name("B", 5) == "B05" and parse_well("aa12") == ("AA", 12) and parse_well("B-5") == ("B", 5)
    for text in ("B49", "AG1", "5B", "B", "B0"):
        with pytest.raises(InputError, match="is no well"):
            parse_well(text)


def test_sizes(tmp_path):
    assert read(tmp_path, table("1,P,24,neg,DMSO,0"))[0].n_wells == 384
    assert read(tmp_path, table("1,AF,48,neg,DMSO,0"))[0].n_wells == 1536
    assert read(tmp_path, table("1,H,13,neg,DMSO,0"))[0].n_wells == 384


def test_workbook_and_other_spellings(tmp_path):
    frame = pd.DataFrame(
        {"Plate": ["Plate 1", "Plate 1"], "Well": ["B2", "b03"], "Well type": ["Neg", "Drug"],
         "Compound": ["DMSO", "Drug  Ö"], "Conc. [µM]": [0.0, 0.5]}
    )  # fmt: skip
    path = tmp_path / "layout.xlsx"
    frame.to_excel(path, index=False)
    plates = read_layout(path, path.name, Receipt())
    assert well(plates, "B03")["treatment"] == "Drug Ö" and well(plates, "B03")["conc_nm"] == 500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_umlauts_and_blanks_in_names(tmp_path, encoding):
    text = table("1;B;2;therapy;Größe  ß 5 %;10", "1;B;3;therapy;Größe ß 5 %;100", header=HEADER.replace(",", ";"))
    plates, _ = read(tmp_path, text, "Läyout mit Leer.csv", encoding)
    assert set(plates.wells["treatment"]) == {"Größe ß 5 %"}


@pytest.mark.parametrize(
    ("cell", "nm"),
    [
        ("10 nM", 10),
        ("10 µM", 10_000),
        ("0,5 uM", 500),
        ("1e-6 M", 1000),
        ("2 mM", 2e6),
        ("0.3 μM", 300),
        ("5 nmol/l", 5),
    ],
)
def test_units_in_cells(tmp_path, cell, nm):
    plates, _ = read(tmp_path, table(f'1,B,2,therapy,A,"{cell}"'))
    assert well(plates, "B02")["conc_nm"] == nm


def test_mixed_units_become_nm_and_are_told(tmp_path):
    header = HEADER + ",Unit"
    plates, receipt = read(tmp_path, table("1,B,2,therapy,A,10,nM", "1,B,3,therapy,A,10,uM", header=header))
    assert plates.wells["conc_nm"].tolist() == [10, 10_000]
    assert any("concentrations in nM and uM" in note for note in receipt.notes)


def test_unit_of_a_comment_and_none_at_all(tmp_path):
    plates, _ = read(tmp_path, "# Concentrations in µM\n" + table("1,B,2,therapy,A,10"))
    assert well(plates, "B02")["conc_nm"] == 10_000
    _, receipt = read(tmp_path, table("1,B,2,therapy,A,10"))
    assert any("nM was assumed" in note and "if they are µM" in note for note in receipt.notes)


def test_decimal_commas(tmp_path):
    rows = ["1;B;2;therapy;A;0,1", "1;B;3;therapy;A;1,000", "1;B;4;therapy;A;12,5"]
    plates, _ = read(tmp_path, table(*rows, header=HEADER.replace(",", ";")))
    assert plates.wells["conc_nm"].tolist() == [0.1, 1, 12.5]


def test_additions_in_a_column_and_in_names(tmp_path):
    header = HEADER + ",Addon,Addon conc [nM]"
    plates, _ = read(tmp_path, table("1,B,2,neg,DMSO,0,Trametinib,5", "1,B,3,therapy,A,10,,", header=header))
    assert plates.wells[["addon", "addon_nm"]].to_numpy().tolist()[0] == ["Trametinib", 5]
    assert plates.wells["addon"].tolist()[1] == ""
    rows = ["1,B,2,neg,DMSO + X,0", "1,B,3,therapy,A + X,10", "1,B,4,therapy,Trifluridine + Tipiracil,10"]
    plates, _ = read(tmp_path, table(*rows))
    assert plates.wells[["treatment", "addon"]].to_numpy().tolist() == [
        ["DMSO", "X"], ["A", "X"], ["Trifluridine + Tipiracil", ""],
    ]  # fmt: skip


def test_controls_as_itrex_calls_them(tmp_path):
    """`pos` is the control whatever it holds; BzCl that is not called so is kept aside, and said."""
    plates, receipt = read(tmp_path, layout_text(), pos_rules=True)
    assert well(plates, "C02")["well_type"] == "positive" and well(plates, "F02")["well_type"] == "other"
    assert any("BzCl are kept aside" in note for note in receipt.notes)
    plates, _ = read(tmp_path, table("1,B,2,pos,BzCl,100000", "1,B,3,STS,Staurosporine,250"), pos_rules=True)
    assert plates.wells["well_type"].tolist() == ["metabolic_positive", "positive"]


def test_types_told_by_the_treatment(tmp_path):
    header = "Plate,Row,Column,Drug,Conc nM"
    rows = ["1,B,2,dmso,", "1,B,3,BzCl,", "1,B,4,cells,", "1,B,5,Drug A,10", "1,B,6,,"]
    plates, receipt = read(tmp_path, table(*rows, header=header))
    assert plates.wells["well_type"].tolist() == ["negative", "metabolic_positive", "untreated", "therapy", "other"]
    assert any("no column WellType" in note for note in receipt.notes)


def test_unknown_types_are_kept_and_told(tmp_path):
    plates, receipt = read(tmp_path, table("1,B,2,neg,DMSO,0", "1,B,3,mystery,A,10"))
    assert well(plates, "B03")["well_type"] == "other"
    assert any("'mystery'" in note and "P1_B03" in note and "Known are" in note for note in receipt.notes)
    assert list(receipt.flagged.values()) == [1]


def test_a_drug_with_one_dose_is_told(tmp_path):
    _, receipt = read(tmp_path, table("1,B,2,therapy,Lonely,10", "1,B,3,therapy,A,10", "1,B,4,therapy,A,100"))
    assert any("single dose" in note and "Lonely" in note and "A" not in note.split(":")[1] for note in receipt.notes)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["1,B,2,neg,DMSO,0", "Plate 1,B,02,pos,STS,250"], r"well P1_B02 in rows 2 and 3.*keep one row a well"),
        (["1,B,2,therapy,A,ten"], r"layout.csv, row 2 \(well P1_B02\) has the concentration 'ten'.*write a number"),
        (["1,B,2,therapy,A,-5"], r"row 2 \(well P1_B02\) has the concentration '-5'"),
        (["1,B,2,therapy,A,5 mg/ml"], r"has the unit 'mg/ml': write nM, µM, mM or M"),
        (["1,B,2,therapy,A,5 µM", "1,B,3,therapy,A,50"], r"row 3 .*without a unit where row 2 has one \(µM\)"),
        (["1,Q,49,neg,DMSO,0"], r"layout.csv, row 2: '49' is no column"),
        (
            ["1,B,3,therapy,A,10", "1,B,2,therapy,A,0,1"],
            r"row 3 has more values than there are columns: put decimal commas",
        ),
        (["1,AG,2,neg,DMSO,0"], r"layout.csv, row 2: 'AG' is no row"),
        (["1,B,2,pos,STS,250", "1,B,3,therapy,A,5%"], r"row 3 \(well P1_B03\) has the unit '%': write nM"),
        (["1,B,2,therapy,A,1e300"], r"row 2 \(well P1_B02\) has the concentration '1e300'"),
        (
            ["1,B,2,therapy,A,500 M"],
            r"row 2 \(well P1_B02\) has the concentration '500 M' \(M\), which nothing reaches",
        ),
        ([",B,2,neg,DMSO,0"], r"row 2 names no plate: write one such as P1"),
    ],
)
def test_bad_rows(tmp_path, rows, told):
    with pytest.raises(InputError, match=told):
        read(tmp_path, table(*rows))


def test_two_columns_of_one_name(tmp_path):
    with pytest.raises(
        InputError, match=r"layout.csv has two columns called 'Concentration': keep the one that counts"
    ):
        read(tmp_path, table("1,B,2,therapy,A,5,7", header=HEADER + ",Concentration"))


def test_drug_wells_without_a_dose_are_told(tmp_path):
    _, receipt = read(tmp_path, table("1,B,2,therapy,A,0", "1,B,3,therapy,A,10", "1,B,4,therapy,A,NA"))
    told = "\n".join(receipt.notes)
    assert "1 drug wells have the concentration 0, the first P1_B02: not scored. Call them neg" in told
    assert "1 drug wells have no concentration, the first P1_B04: not scored" in told
    assert "Drugs with a single dose, which gives no curve: A." in told


def test_bad_replicates(tmp_path):
    with pytest.raises(InputError, match=r"row 2: the replicate is 'second'; write whole numbers from 1"):
        read(tmp_path, table("1,B,2,therapy,A,5,second", header=HEADER + ",Replicate"))


def test_no_layout(tmp_path):
    with pytest.raises(InputError, match="layout.csv is empty"):
        read(tmp_path, "")
    with pytest.raises(InputError, match="does not say where wells are: its columns are a, b"):
        read(tmp_path, "a,b\n1,2\n")
    with pytest.raises(InputError, match="does not say what is in its wells: it needs WellType"):
        read(tmp_path, "Plate,Row,Column\n1,B,2\n")


def test_a_table_of_other_screens(tmp_path):
    text = table("1,B,2,neg,DMSO,0,S1", "1,B,2,pos,STS,250,S2", header=HEADER + ",Screen")
    assert read(tmp_path, text, screen="S2")[0].wells["well_type"].tolist() == ["positive"]
    with pytest.raises(InputError, match="row 4 names no screen where others do: write it into every row"):
        read(tmp_path, text + "1,B,4,therapy,A,5,\n", screen="S2")
    with pytest.raises(InputError, match="is of the screens S1, S2, not of S3"):
        read(tmp_path, text, screen="S3")


def test_rows_are_counted(tmp_path):
    _, receipt = read(tmp_path, layout_text(["P1", "P2"]))
    assert receipt.read == receipt.kept == 2 * len(layout_rows())
