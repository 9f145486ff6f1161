import pandas as pd
import pytest

from engine.spreadsheet import inert, inert_frame, writable_frame


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "=1+1",
        "+1+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\tBRAF",
        "  =1+1",
        "＝1+1",
        "\x00=1+1",
        "-BRAF",
        '=HYPERLINK("http://example.org?"&A1)',
    ],
)
def test_a_formula_gets_an_apostrophe(text):
    assert inert(text) == "'" + text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "--",
        "+",
        "- -",
        "-2.5",
        "+3",
        "-1e-05",
        "-.5",
        "-12.3 %",
        "−2.5",
        "BRAF",
        "p.V600E",
        "a=b",
        "5-FU",
    ],
)
def test_everything_else_stays(text):
    assert inert(text) == text


def test_a_table_keeps_its_numbers_and_its_shape():
    frame = pd.DataFrame(
        {
            "=cmd": ["=1+1", None, "-"],
            "value": [-2.5, 3.0, None],
            "count": pd.array([-1, None, 2], dtype="Int64"),
            "kind": pd.Categorical(["@x", "b", "b"]),
            "mixed": [-1, "-1", "-x"],
            "day": pd.to_datetime(["2026-11-21"] * 3),
        },
        index=[5, 5, 7],
    )
    found = inert_frame(frame)
    assert list(found.columns) == ["'=cmd", "value", "count", "kind", "mixed", "day"]
    assert found["'=cmd"].tolist() == ["'=1+1", None, "-"] or pd.isna(found["'=cmd"].iloc[1])
    assert found["kind"].tolist() == ["'@x", "b", "b"] and found["mixed"].tolist() == [-1, "-1", "'-x"]
    pd.testing.assert_frame_equal(found[["value", "count", "day"]], frame[["value", "count", "day"]])
    assert list(found.index) == [5, 5, 7] and frame.columns[0] == "=cmd" and frame.iloc[0, 0] == "=1+1"


def test_columns_of_the_same_name_stay_two():
    frame = pd.DataFrame([["=a", "=b"]], columns=["x", "x"])
    assert inert_frame(frame).to_numpy().tolist() == [["'=a", "'=b"]]


def test_control_characters_leave():
    assert writable_frame(pd.DataFrame({"a\x00": ["b\x07c\td"]})).to_dict("list") == {"a": ["bc\td"]}
