"""Plate readers' files: matrices of every form, long tables, decimal commas, and every kind of bad file."""

import numpy as np
import pandas as pd
import pytest
from small_folder import ROWS_96, ROWS_384, layout_text, matrix_text, reading

from engine.errors import InputError
from engine.files.receipt import Receipt
from engine.spheroid.layout import read_layout
from engine.spheroid.readings import numbers
from engine.spheroid.readout_files import ReadoutFile, n_wells_of, read_readouts


@pytest.fixture
def plates(tmp_path):
    return layout(tmp_path, ["P1"])


def layout(tmp_path, names):
    path = tmp_path / "layout.csv"
    path.write_text(layout_text(names), encoding="utf-8")
    return read_layout(path, path.name, Receipt())


def read(tmp_path, plates, text, name="reader_P1.txt", encoding="utf-8", receipt=None):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return read_readouts([ReadoutFile(path, name)], plates, "metabolic", receipt or Receipt())


def check(readouts, wells=43):
    """Every well of the layout reads what was written."""
    assert len(readouts.frame) == wells
    for _, row, column, raw in readouts.frame.itertuples(index=False):
        assert raw == pytest.approx(reading(row, column))


@pytest.mark.parametrize("separator", ["\t", ";", ",", "  "])
def test_matrices(tmp_path, plates, separator):
    check(read(tmp_path, plates, matrix_text(separator=separator)))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "# exported by somebody\n" + text,
        lambda text: "Instrument\tReader 3000\nDate\t2020-01-01\n\n" + text + "\nEnd of file\n",
        lambda text: text.split("\n", 1)[1],  # without numbers above
        lambda text: "\n".join(line.split("\t", 1)[1] for line in text.strip().split("\n")[1:]),  # numbers alone
        lambda text: "\n".join(line.split("\t", 1)[1] for line in text.strip().split("\n")),  # without letters
        lambda text: text.replace("\t1\t2\t", "<>\t1\t2\t", 1),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\t\n"),  # a separator behind every line
        lambda text: text.replace("\tNA", "\t"),
    ],
)
def test_heads_comments_and_ends(tmp_path, plates, change):
    check(read(tmp_path, plates, change(matrix_text())))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_names(tmp_path, plates, encoding):
    check(read(tmp_path, plates, "Gerät Ä\n" + matrix_text(), "Auslese Müller  P01.txt", encoding))


def test_decimal_commas(tmp_path, plates):
    check(read(tmp_path, plates, matrix_text().replace(".", ",")))
    check(read(tmp_path, plates, matrix_text(separator=";").replace(".", ","), "reader_P1.csv"))


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,5", "2,25"], [1.5, 2.25]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["85", "1,234"], [85, 1234]),
        (["1.234,5", "2.000"], [1234.5, 2000]),
        (["1,234,567", "1,000"], [1234567, 1000]),
        (["1e3", "1.5E-2", "−4"], [1000, 0.015, -4]),
        (["1 234", "NA", None, "-"], [1234, np.nan, np.nan, np.nan]),
    ],
)
def test_numbers(texts, values):
    found = numbers(texts)
    np.testing.assert_array_equal(found.values, values)
    assert not found.wrong and not found.over


def test_what_is_no_number():
    found = numbers(["OVER", ">1000", "abc", "1_000", "inf", "1.2.3,4"])
    assert found.over == (0, 1) and found.wrong == (2, 3, 4, 5)


def test_workbooks_with_a_sheet_per_plate(tmp_path):
    plates = layout(tmp_path, ["P1", "P2"])
    path = tmp_path / "both.xlsx"
    with pd.ExcelWriter(path) as book:
        for name, shift in (("Plate 1", 0.0), ("P02", 1000.0)):
            frame = pd.DataFrame([[reading(r, c) + shift for c in range(1, 13)] for r in ROWS_96], list(ROWS_96))
            frame.columns = range(1, 13)
            frame.to_excel(book, sheet_name=name, startrow=3)
    found = read_readouts([ReadoutFile(path, path.name)], plates, "metabolic", Receipt()).frame
    assert (found["plate"].value_counts() == 43).all() and found["plate"].nunique() == 2
    values = found.set_index(["plate", "row", "column"])["raw"]
    assert values["P1", "B", 2] == reading("B", 2) and values["P2", "B", 2] == reading("B", 2) + 1000


def test_several_matrices_in_a_file(tmp_path):
    plates = layout(tmp_path, ["P1", "P2"])
    second = matrix_text(value=lambda row, column: reading(row, column) + 1000)
    named = "Measured 2020-01-01\nPlate: 2\n" + second + "\n\nPlate: 1\n" + matrix_text()
    values = read(tmp_path, plates, named, "all.txt").frame.set_index(["plate", "row", "column"])["raw"]
    assert values["P1", "B", 2] == reading("B", 2) and values["P2", "B", 2] == reading("B", 2) + 1000
    unnamed = matrix_text() + "\n" + second
    values = read(tmp_path, plates, unnamed, "all.txt").frame.set_index(["plate", "row", "column"])["raw"]
    assert values["P1", "B", 2] == reading("B", 2) and values["P2", "B", 2] == reading("B", 2) + 1000
    with pytest.raises(InputError, match=r"all.txt holds 3 matrices where the layout has 2 plates \(P1, P2\)"):
        read(tmp_path, plates, unnamed + "\n" + second, "all.txt")


def as_percent(row, column):
    """Viabilities in percent; the living ones around 100."""
    return round(reading(row, column) / 10, 2)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Percent viability\n" + matrix_text(value=as_percent), "reader_P1.txt"),
        ("Viability [%]\n" + matrix_text(value=as_percent), "reader_P1.txt"),
        ("Well,% viability\nB02,100.5\nB03,45\n", "list.csv"),
        ("Well,Viability\nB02,100.5\nB03,45\n", "list.csv"),
        ("# cell viability (percent)\nWell,value\nB02,100.5\nB03,45\n", "list.csv"),
    ],
)
def test_percentages_that_say_so(tmp_path, plates, text, name):
    receipt = Receipt()
    found = read(tmp_path, plates, text, name, receipt=receipt)
    assert found.is_percent and found.frame["raw"].iloc[0] > 100
    assert any("taken as viabilities in percent, as their file says" in note for note in receipt.notes)


@pytest.mark.parametrize("told", ["reduction %", "viable cells", "percent of plate", "visibility [%]"])
def test_other_words_make_no_percentages(tmp_path, plates, told):
    assert not read(tmp_path, plates, f"{told}\n" + matrix_text(value=as_percent)).is_percent


def test_percentages_that_somebody_asks_for(tmp_path, plates):
    path = tmp_path / "r_P1.txt"
    path.write_text(matrix_text(value=as_percent), encoding="utf-8")
    files = [ReadoutFile(path, path.name)]
    assert read_readouts(files, plates, "metabolic", Receipt(), percent=True).is_percent
    for scale, told in ((0.01, "the highest is 1.0.* as of fractions"), (10, "half of them exceed")):
        path.write_text(matrix_text(value=lambda r, c, scale=scale: as_percent(r, c) * scale), encoding="utf-8")
        with pytest.raises(
            InputError, match=f"r_P1.txt: .*cannot be viabilities in percent .{told}.*Multiply fractions"
        ):
            read_readouts(files, plates, "metabolic", Receipt(), percent=True)


@pytest.mark.parametrize(
    ("values", "odd"), [((0.98, 0.1), "as of fractions"), ((120_000, 90_000), "half of them exceed")]
)
def test_a_column_called_viability_that_holds_none(tmp_path, plates, values, odd):
    receipt = Receipt()
    text = "Well,Viability\n" + "".join(f"B0{n},{value}\n" for n, value in enumerate(values, 2))
    assert not read(tmp_path, plates, text, "list.csv", receipt=receipt).is_percent
    assert any("list.csv calls its numbers viabilities, but" in note and odd in note for note in receipt.notes)


def test_a_raw_signal_goes_before_a_viability(tmp_path, plates):
    found = read(tmp_path, plates, "Well,Viability [%],Luminescence\nB02,99,120000\n", "list.csv")
    assert not found.is_percent and found.frame["raw"].tolist() == [120_000]


def test_percentages_beside_raw_readouts(tmp_path):
    plates = layout(tmp_path, ["P1", "P2"])
    (tmp_path / "a_P1.txt").write_text("Viability in %\n" + matrix_text(value=as_percent), encoding="utf-8")
    (tmp_path / "a_P2.txt").write_text(matrix_text(), encoding="utf-8")
    files = [ReadoutFile(tmp_path / name, name) for name in ("a_P1.txt", "a_P2.txt")]
    with pytest.raises(InputError, match="a_P1.txt says that it holds viabilities in percent, a_P2.txt does not: give"):
        read_readouts(files, plates, "metabolic", Receipt())


@pytest.mark.parametrize("columns", [24, 48])
def test_larger_plates(tmp_path, columns):
    from engine.spheroid.plate import ROWS

    rows = ROWS[: columns * 2 // 3]
    path = tmp_path / "layout.csv"
    path.write_text(f"Plate,Row,Column,WellType,Treatment\n1,{rows[-1]},{columns},neg,DMSO\n", encoding="utf-8")
    plates = read_layout(path, path.name, Receipt())
    text = matrix_text(rows, columns, value=lambda row, column: 7.0 if column == columns else 1.0)
    found = read(tmp_path, plates, text)
    assert plates.n_wells == columns * len(rows)
    assert found.frame.to_numpy().tolist() == [["P1", rows[-1], columns, 7.0]]


def test_a_layout_of_filled_wells_on_a_larger_plate(tmp_path, plates):
    found = read(tmp_path, plates, matrix_text(ROWS_384, 24))
    check(found)
    assert plates.n_wells == 96 and n_wells_of(plates, [found]) == 96  # the readouts of the layout's wells alone


def test_long_tables(tmp_path, plates):
    rows = [f"{row}{column:02},{reading(row, column)}" for row in "BCDEFG" for column in range(2, 12)]
    receipt = Receipt()
    check(read(tmp_path, plates, "Well,Luminescence\n" + "\n".join(rows) + "\n", "list.csv", receipt=receipt))
    assert any("17 readouts are of wells that the layout lacks (P1_B10, P1_B11" in note for note in receipt.notes)
    assert receipt.read == 60 and receipt.kept == 43


def test_long_tables_without_a_column_of_plates(tmp_path):
    """Then the file's name says the plate, as of matrices; never is it taken for the first."""
    plates = layout(tmp_path, ["P1", "P2"])
    assert set(read(tmp_path, plates, "Well,Signal\nB02,5\n", "list_P2.csv").frame["plate"]) == {"P2"}
    with pytest.raises(
        InputError, match=r"list.csv does not say which plate it is; the layout has P1, P2.*list_P1.csv"
    ):
        read(tmp_path, plates, "Well,Signal\nB02,5\n", "list.csv")
    with pytest.raises(InputError, match="list_P7.csv is of plate P7, which the layout lacks"):
        read(tmp_path, plates, "Well,Signal\nB02,5\n", "list_P7.csv")


def test_plates_that_were_not_read(tmp_path):
    plates, receipt = layout(tmp_path, ["P1", "P2"]), Receipt()
    (tmp_path / "a_P1.txt").write_text(matrix_text(), encoding="utf-8")
    (tmp_path / "a_P2.txt").write_text(matrix_text(value=lambda row, column: "NA"), encoding="utf-8")
    files = [ReadoutFile(tmp_path / name, name) for name in ("a_P1.txt", "a_P2.txt")]
    read_readouts(files, plates, "metabolic", receipt)
    assert any("the metabolic readouts 1 (P1): P2 stay without" in note for note in receipt.notes)
    with pytest.raises(
        InputError, match="a_P2.txt: no well of the layout has a metabolic readout. Check that the files"
    ):
        read_readouts(files[1:], plates, "metabolic", receipt)


def test_rows_that_the_table_excludes(tmp_path, plates):
    text = "row,col,response,exclude\nB,2,1000,0\nB,3,5,1\n"
    receipt = Receipt()
    found = read(tmp_path, plates, text, "list.csv", receipt=receipt)
    assert found.frame["raw"].tolist()[0] == 1000 and np.isnan(found.frame["raw"].iloc[1])
    assert sum(receipt.flagged.values()) == 1


def test_missing_and_overflowing_wells(tmp_path, plates):
    def value(row, column):
        return {("B", 2): "NA", ("B", 3): "OVER", ("B", 4): ""}.get((row, column), reading(row, column))

    receipt = Receipt()
    found = read(tmp_path, plates, matrix_text(value=value), receipt=receipt).frame
    assert found["raw"].isna().sum() == 3 and len(found) == 43
    assert any("the reader saw no number in 1 wells (P1_B03)" in note for note in receipt.notes)


def test_all_readouts_equal_are_told(tmp_path, plates):
    receipt = Receipt()
    read(tmp_path, plates, matrix_text(value=lambda row, column: 5), receipt=receipt)
    assert any("All metabolic readouts are 5" in note for note in receipt.notes)


def test_fewer_plates_than_the_layout_are_told(tmp_path):
    receipt = Receipt()
    read(tmp_path, layout(tmp_path, ["P1", "P2", "P3"]), matrix_text(), receipt=receipt)
    assert any("layout has 3 plates, the metabolic readouts 1 (P1): P2, P3 stay without" in n for n in receipt.notes)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("r_P1.txt", "", "r_P1.txt is empty"),
        ("r_P1.txt", "   \n\n", "r_P1.txt is empty"),
        ("r_P1.txt", "nothing to see\n", "holds neither a plate's matrix"),
        (
            "r_P1.txt",
            matrix_text(ROWS_96[:7]),
            r"line 2: the matrix has 7 rows \(A to G\) of 12 columns.*row H is missing",
        ),
        (
            "r_P1.txt",
            matrix_text(ROWS_384[:15], 24),
            r"15 rows \(A to O\) of 24 columns; such a plate has 16, so row P",
        ),
        ("r_P1.txt", matrix_text("ABDEFGH"), r"2 rows \(A to B, then D\).*row C is missing"),
        ("r_P1.txt", matrix_text(ROWS_96[1:]), "begins with row B instead of A"),
        ("r_P1.txt", matrix_text("ABCDEFGHI"), r"9 rows \(A to I\) of 12 columns; such a plate has 8"),
        ("r_P1.txt", matrix_text(columns=11), "a matrix of 11 columns; plates have 12, 24 or 48"),
        (
            "r_P4.txt",
            matrix_text(),
            "r_P4.txt is of plate P4, which the layout lacks; it has P1. Add P4.*as in _P1.txt",
        ),
        ("r_P1.txt", matrix_text().replace("1002.5", "lots"), r"plate P1, well B02 reads 'lots': write a number"),
        (
            "r_P1.txt",
            matrix_text(separator="  ").replace("1004.5", ""),
            "line 3: row B has fewer values than there are",
        ),
        ("r_P1.txt", matrix_text().replace("1002.5", "1e308"), r"well B02 reads '1e308': write a number"),
        ("r.csv", "Well,Signal\nB02,high\n", r"r.csv, row 2 \(well P1_B02\) has the readout 'high'"),
        ("r.csv", "Plate,Well,Signal\n1,B02,1\n1,B2,2\n", r"Well P1_B02 has two readouts: r.csv gives it twice"),
        ("r.csv", "Plate,Well,Signal\n9,B02,1\n", "r.csv is of plate P9, which the layout lacks"),
        ("r.csv", "Well,Signal\nZZ1,1\n", "r.csv, row 2: 'ZZ1' is no well"),
    ],
)
def test_bad_files(tmp_path, plates, name, text, told):
    with pytest.raises(InputError, match=told):
        read(tmp_path, plates, text, name)


def test_a_plate_of_another_size(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_text("Plate,Row,Column,WellType,Treatment\n1,P,24,neg,DMSO\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"r_P1.txt, plate P1: it is a plate of 96 wells.*the layout is of plates of 384"
    ):
        read(tmp_path, read_layout(path, path.name, Receipt()), matrix_text(), "r_P1.txt")
    rows = [f"1,{row},{column},neg,DMSO" for row in ROWS_96 for column in range(1, 13)]
    path.write_text("Plate,Row,Column,WellType,Treatment\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="it is a plate of 384 wells.*the layout is of plates of 96"):
        read(tmp_path, read_layout(path, path.name, Receipt()), matrix_text(ROWS_384, 24), "r_P1.txt")


def test_a_well_beyond_the_plate_is_named(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_text("Plate,Row,Column,WellType,Treatment\n1,B,2,neg,DMSO\n1,H,13,pos,STS\n", encoding="utf-8")
    with pytest.raises(InputError, match="is of plates of 384, as it has the well P1_H13. Give the readouts"):
        read(tmp_path, read_layout(path, path.name, Receipt()), matrix_text(), "r_P1.txt")


def test_a_plate_given_twice_or_not_named(tmp_path):
    plates = layout(tmp_path, ["P1", "P2"])
    for name in ("a_P1.txt", "b_P1.txt", "c.txt"):
        (tmp_path / name).write_text(matrix_text(), encoding="utf-8")
    files = [ReadoutFile(tmp_path / name, name) for name in ("a_P1.txt", "b_P1.txt")]
    with pytest.raises(InputError, match=r"Well P1_\w+ has two readouts: a_P1.txt and b_P1.txt both give it"):
        read_readouts(files, plates, "metabolic", Receipt())
    with pytest.raises(InputError, match=r"c.txt does not say which plate it is; the layout has P1, P2.*c_P1.txt"):
        read_readouts([ReadoutFile(tmp_path / "c.txt", "c.txt")], plates, "metabolic", Receipt())


def test_images_are_no_readouts(tmp_path, plates):
    path = tmp_path / "r_P1.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="r_P1.txt is a PNG image"):
        read_readouts([ReadoutFile(path, path.name)], plates, "metabolic", Receipt())
