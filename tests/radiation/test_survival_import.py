"""Tables of SF2 and of doses, as laboratories write them and as they go wrong; the import as a job."""

import json
from pathlib import Path

import pandas as pd
import pytest

from engine.collect import collect
from engine.errors import InputError, JobCancelled
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.radiation.names import PANELS
from engine.radiation.survival import survival
from engine.radiation.survival_columns import recognise
from engine.radiation.survival_import import (
    REFERENCE_ORIGIN,
    REFERENCE_SF2,
    run_survival_import,
    submit_survival_import,
)
from engine.radiation.survival_read import ABOVE_FRACTION, ABOVE_SF2, read_survival
from engine.settings import store_path
from engine.store.database import Database

LONG = "cell_line,dose_gy,surviving_fraction,replicate\n"


@pytest.fixture
def read(tmp_path: Path):
    """read(text, name) -> the table of that text as it is read."""

    def from_text(text: str, name: str = "mine.csv"):
        (tmp_path / name).write_text(text)
        return read_survival(tmp_path / name)

    return from_text


@pytest.fixture
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in their folders, for this process to run."""
    monkeypatch.setattr("engine.jobs.launch.start", lambda folder: None)


def done(job_id: str) -> JobContext:
    job = JobContext.for_folder(queue.job_folder(job_id))
    run_survival_import(job)
    (job.folder / "done.json").write_text("{}")
    return job


# --- SF2 tables


def test_names_panels_and_duplicates_of_an_sf2_table(read):
    found = read("Cell line;SF2\nA549/ATCC;0,60\nA549;0,62\nBR:MCF7;0,576\nHeLa;0,4\n;0,5\n")
    assert found.format == "SF2 table"
    assert found.lines[["line", "line_name", "panel", "sf2"]].fillna("").values.tolist() == [
        ["A549", "A549/ATCC", "Non-small cell lung", pytest.approx(0.61)],
        ["MCF7", "BR:MCF7", "Breast", 0.576],
        ["HELA", "HeLa", "", 0.4],
    ]
    receipt = found.receipt
    assert (receipt.read, receipt.kept, receipt.merged) == (5, 4, 1)
    assert receipt.dropped == {"no cell line": 1} and receipt.examples["no cell line"] == ["row 6"]
    assert receipt.notes[0] == "1 line had several rows, whose SF2 was averaged."
    assert receipt.notes[1] == ("1 of 3 lines are outside the NCI-60's list, kept under their own names: HeLa")
    assert found.lines["sf2_from"].unique().tolist() == ["table"]
    assert found.lines["n_doses"].isna().all() and found.points.empty


def test_rows_of_a_line_far_apart_are_told(read):
    notes = read("line,sf2\nA549,0.2\nA549,0.7\nMCF7,0.5\n").receipt.notes
    assert notes == ["1 line had several rows, whose SF2 was averaged. The largest difference is 0.5 (A549)."]


@pytest.mark.parametrize(
    "text",
    [
        "line,sf2\nA549,61\nMCF7,57.6\nSK-OV-3,104\n",
        "line,SF2 (%)\nA549,61\nMCF7,57.6\nSK-OV-3,104\n",
        "line,sf2\nA549,61%\nMCF7,57.6 %\nSK-OV-3,104%\n",
    ],
)
def test_sf2_in_percent_is_divided_with_a_note(read, text):
    found = read(text)
    assert found.lines["sf2"].tolist() == pytest.approx([0.61, 0.576, 1.04])
    assert found.receipt.notes == ["SF2 came in percent and were divided by 100."]
    assert found.receipt.flagged == {"SF2 above 1, kept": 1}


def test_a_fraction_among_percent_is_flagged(read):
    found = read("line,sf2\nA549,61\nMCF7,0.58\nSR,7\nHT29,79\n")
    assert found.lines["sf2"].tolist() == pytest.approx([0.61, 0.0058, 0.07, 0.79])
    assert found.receipt.flagged == {
        "SF2 of 1 % or less in a column of percent, kept so: look whether it is a fraction": 1
    }
    assert read("line,sf2\nA549,61%\nMCF7,0.58%\n").receipt.flagged == {}
    assert read("line,sf2\nA549,0.61\nMCF7,0.005\n").receipt.flagged == {}


@pytest.mark.parametrize("scale", [200, 800, 1.8])  # read as percent, as no fraction, and near 1
def test_counts_are_fractions_of_those_at_0_gy(read, scale):
    doses = (0, 2, 4, 6)
    a549, ht29 = (scale * factor * survival(doses, 0.3, 0.03) for factor in (1.0, 0.9))
    rows = [f"{line},{dose},{value:.4f}" for line, of in (("A549", a549), ("HT29", ht29))
            for dose, value in zip(doses, of, strict=True)]  # fmt: skip
    long = read("\n".join(["cell_line,dose_gy,surviving_fraction", *rows]) + "\n")
    wide = [",".join([line, *(f"{value:.4f}" for value in of)]) for line, of in (("A549", a549), ("HT29", ht29))]
    for found in (long, read("\n".join(["cell_line,surv_0gy,surv_2gy,surv_4gy,surv_6gy", *wide]) + "\n")):
        assert found.lines["sf2"].tolist() == pytest.approx([survival(2.0, 0.3, 0.03)] * 2, rel=1e-3)
        assert found.receipt.dropped == found.receipt.flagged == {} and len(found.points) == 8
        assert "2 lines had fractions at 0 Gy other than 1 (plating efficiency, or counts)" in found.receipt.notes[-1]


def test_a_column_called_percent_that_holds_fractions_stays(read):
    found = read("line,percent SF2\nA549,0.61\nMCF7,0.576\n")
    assert found.lines["sf2"].tolist() == [0.61, 0.576]
    assert "called percent, but its values are fractions" in found.receipt.notes[0]


def test_rows_that_are_no_sf2_are_dropped_by_row_with_the_cure(read):
    found = read("line,sf2\nA549,0.61\nMCF7,1.15\nSK-OV-3,1.7\nACHN,61\nUO-31,\nPC-3,high\nDU-145,-0.2\nSR,0\n")
    assert found.lines[["line", "sf2"]].values.tolist() == [["A549", 0.61], ["MCF7", 1.15]]
    receipt = found.receipt
    assert receipt.dropped == {
        "SF2 missing": 1,
        "SF2 is no number": 1,
        "SF2 not above 0": 2,
        ABOVE_SF2: 2,
    }
    assert receipt.examples[ABOVE_SF2] == [
        "row 4: SK-OV-3, SF2 1.7",
        "row 5: ACHN, SF2 61",
    ]
    assert "or all values in percent" in ABOVE_SF2
    assert receipt.flagged == {"SF2 above 1, kept": 1}
    with pytest.raises(InputError, match="no surviving fraction that can be used, of 1 rows: 1 SF2 above 1.2"):
        read("line,sf2\nA549,1.4\n")


def test_a_file_of_something_else_is_refused_with_what_is_needed(read):
    with pytest.raises(InputError, match=r"its columns are gene, A549, MCF7\. It needs a column with the cell line"):
        read("gene,A549,MCF7\nTP53,1,2\n")


# --- dose tables


def curve(doses, alpha=0.3, beta=0.03):
    return dict(zip(doses, survival(doses, alpha, beta), strict=True))


def test_a_long_table_is_fitted_with_its_replicates(read):
    rows = [
        f"A549,{dose},{s * f},{r}" for dose, s in curve([0, 2, 4, 8]).items() for r, f in ((1, 0.98), (2, 1 / 0.98))
    ]
    found = read(LONG + "\n".join(rows[1:]))  # one of the two at 0 Gy
    line = found.lines.iloc[0]
    assert found.format == "long dose table"
    assert (line["sf2_from"], line["n_doses"], len(found.points)) == ("fit", 3, 7)
    assert found.points.groupby("dose_gy")["replicate"].max().to_dict() == {0: 1, 2: 2, 4: 2, 8: 2}
    # The one point at 0 Gy stands for 1, so all points were divided by 1 / 0.98.
    assert found.receipt.notes[0].startswith(
        "1 line had fractions at 0 Gy other than 1 (plating efficiency, or counts)"
    )
    assert found.points["surviving_fraction"].iloc[0] == pytest.approx(1)
    assert line["sf2_lower"] < line["sf2"] < line["sf2_upper"]


def test_a_wide_table_says_the_same_as_a_long_one(read):
    points = curve([1, 2, 4, 8])
    long = read(LONG + "\n".join(f"A549,{dose},{s}," for dose, s in points.items()), "long.csv")
    values = "\t".join(str(s) for s in points.values())
    for header in ("surv_1gy\tsurv_2gy\tsurv_4gy\tsurv_8gy", "1 Gy\t2 Gy\t4 Gy\t8 Gy", "100cGy\t200cGy\t400cGy\t800cGy",
                   "100\t200\t400\t800", "SF1\tSF2\tSF4\tSF8", "1\t2\t4\t8"):  # fmt: skip
        wide = read(f"cell_line\t{header}\nA549\t{values}\n", "wide.tsv")
        pd.testing.assert_frame_equal(wide.points, long.points, check_column_type=False)
        kept = ["line", "alpha_per_gy", "beta_per_gy2", "sf2", "n_doses"]
        pd.testing.assert_frame_equal(wide.lines[kept], long.lines[kept], check_dtype=False)


def test_the_file_may_be_a_workbook_or_parquet(tmp_path):
    table = pd.DataFrame({"cell_line": ["A549", "MCF7"], "surv_2gy": [0.6, 0.5], "surv_4gy": [0.3, None]})
    table.to_excel(tmp_path / "t.xlsx", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    for name in ("t.xlsx", "t.parquet"):
        found = read_survival(tmp_path / name)
        assert found.lines["n_doses"].tolist() == [2, 1]
        assert found.lines["sf2"].iloc[1] == pytest.approx(0.5)


def test_sf2_beside_doses_is_the_tables_and_the_curve_stands_beside(read):
    found = read("line,sf2,surv_2gy,surv_4gy,surv_8gy\nA549,0.61,0.5,0.25,0.0625\nMCF7,,0.5,0.25,0.0625\n")
    assert found.format == "wide dose table with SF2"
    assert found.lines["sf2_from"].tolist() == ["table", "fit"]
    assert found.lines["sf2"].tolist() == pytest.approx([0.61, 0.5])
    assert found.lines["alpha_per_gy"].tolist() == pytest.approx([0.34657359] * 2)
    assert pd.isna(found.lines["sf2_lower"].iloc[0]) and found.lines["sf2_lower"].iloc[1] == pytest.approx(0.5)
    assert found.receipt.notes[0] == "SF2 of 1 line is the table's; in 1 that of the curve is further away than 0.1."


def test_doses_in_cgy_and_fractions_in_percent_are_told_by_values_or_names(read):
    points = curve([2, 4, 8])
    by_value = read(LONG + "\n".join(f"A549,{100 * d:g},{100 * s}," for d, s in [(0, 1), *points.items()]))
    assert by_value.lines["alpha_per_gy"].iloc[0] == pytest.approx(0.3)
    assert by_value.receipt.notes == [
        "Doses came in cGy and were divided by 100.",
        "Surviving fractions came in percent and were divided by 100.",
    ]
    by_name = read(
        "line,dose (cGy),survival (%)\n" + "\n".join(f"A549,{100 * d:g},{100 * s}" for d, s in points.items())
    )
    assert by_name.lines["beta_per_gy2"].iloc[0] == pytest.approx(0.03)
    low = read("line,dose_cgy,surviving_fraction\nA549,5,0.99\nA549,10,0.97\nA549,20,0.95\n")
    assert low.points["dose_gy"].tolist() == [0.05, 0.1, 0.2]
    assert low.receipt.flagged == {"no dose of 2 Gy or more: SF2 is extrapolated": 3}


def test_rows_that_are_no_point_are_dropped_by_row(read):
    found = read(
        LONG + "A549,2,0.5,1\nA549,4,0.2,1\nA549,-2,0.4,1\nA549,x,0.4,1\nA549,400,0.2,1\nA549,6,,1\nA549,6,-0.1,1\n"
        "A549,6,12,1\nA549,1,1.1,1\nA549,2,0.5,1\n"
    )
    assert found.receipt.dropped == {
        "negative dose": 1,
        "dose missing or no number": 1,
        "dose above 30 Gy (write all doses in one unit)": 1,
        "surviving fraction missing or no number": 1,
        "negative surviving fraction": 1,
        ABOVE_FRACTION: 1,
        "the same replicate again": 1,
    }
    assert found.receipt.flagged == {"surviving fraction above 1, kept": 1}
    assert found.receipt.examples["negative dose"] == ["row 4: A549, dose -2, surviving fraction 0.4"]
    assert found.points["dose_gy"].tolist() == [1, 2, 4]


def test_cells_of_a_wide_table_that_cannot_be_used_are_flagged(read):
    found = read("line,2gy,4gy,8gy\nA549,0.6,-0.1,0.1\nMCF7,0.5,x,0.1\nSR,,,\nUO-31,0.5,0.3,7\n")
    assert found.receipt.flagged == {
        "surviving fraction is no number": 1,
        "negative surviving fraction": 1,
        ABOVE_FRACTION: 1,
    }
    assert found.receipt.dropped == {"no value": 1}
    examples = found.receipt.examples
    assert examples["surviving fraction is no number"] == ["row 3: MCF7, 4 Gy x"]
    assert examples["negative surviving fraction"] == ["row 2: A549, 4 Gy -0.1"]
    assert examples[ABOVE_FRACTION] == ["row 5: UO-31, 8 Gy 7"]
    assert len(found.points) == 6
    with pytest.raises(InputError, match="mine.csv has a column for 200 Gy: name columns by dose in Gy"):
        read("line,2gy,200gy\nA549,0.6,0.1\n")


def test_fractions_of_zero_are_kept_but_not_fitted(read):
    found = read("line,2gy,4gy,8gy\nA549,0.5,0.25,0\nSR,0,0,0\n")
    assert found.lines["line"].tolist() == ["A549"] and found.lines["sf2"].iloc[0] == pytest.approx(0.5)
    assert found.points["surviving_fraction"].tolist() == [0.5, 0.25, 0]
    assert found.receipt.dropped == {"no dose with survivors": 1}
    assert "1 point of 1 line without survivors (fraction 0)" in found.receipt.notes[0]


def test_lines_without_survivors_at_0_gy_and_tables_without_lines_are_refused(read):
    with pytest.raises(InputError, match="2 no survivors at 0 Gy, to which fractions are relative"):
        read(LONG + "A549,0,0,1\nA549,2,0.5,1\n")
    with pytest.raises(InputError, match="1 no point above 0 Gy"):
        read(LONG + "A549,0,1,1\n")
    with pytest.raises(InputError, match="of 1 rows: 1 no cell line"):
        read("line,2gy,4gy\n,0.5,0.2\n")


def test_a_row_whose_dose_cannot_be_used_stays_for_its_sf2(read):
    found = read("line,dose,fraction,sf2\nA549,2,.6,.61\nA549,4,.3,.61\nMCF7,,,0.5\nSR,4,7,0.5\n")
    assert found.lines[["line", "sf2", "sf2_from"]].values.tolist() == [
        ["A549", 0.61, "table"],
        ["MCF7", 0.5, "table"],
        ["SR", 0.5, "table"],
    ]
    assert found.receipt.flagged == {"dose missing or no number": 1, ABOVE_FRACTION: 1}
    assert found.lines["n_doses"].isna().tolist() == [False, True, True] and len(found.points) == 2


def test_one_dose_is_sf2_at_2_gy_and_refused_at_another(read):
    found = read(LONG + "A549,0,1,1\nA549,2,0.6,1\nA549,2,0.66,2\n")
    assert found.lines["sf2"].iloc[0] == pytest.approx((0.6 * 0.66) ** 0.5)
    assert found.lines["alpha_per_gy"].isna().all() and found.lines["n_doses"].tolist() == [1]
    with pytest.raises(InputError, match="2 one dose only, and it is not 2 Gy .SF2 needs 2 Gy, or two doses"):
        read("line,surv_4gy\nA549,0.3\nMCF7,0.2\n")
    mixed = read(LONG + "A549,2,0.6,1\nA549,4,0.3,1\nMCF7,4,0.3,1\n")
    assert mixed.lines["line"].tolist() == ["A549"] and sum(mixed.receipt.dropped.values()) == 1


def test_a_lonely_column_called_by_a_number_is_no_dose():
    assert recognise(["cell_line", "2"]) is None
    assert recognise(["cell_line", "2 Gy"]).format == "wide dose table"
    assert recognise(["surv_2gy", "surv_4gy"]) is None


# --- the published values and the job


def test_the_published_sf2_come_along():
    published = read_survival(REFERENCE_SF2)
    assert published.receipt.dropped == published.receipt.flagged == {} and published.receipt.notes == []
    assert len(published.lines) == 59 and published.lines["line"].is_unique
    assert list(dict.fromkeys(published.lines["panel"])) == list(PANELS)
    assert published.lines["assay"].unique().tolist() == ["clonogenic"]
    assert pd.read_csv(REFERENCE_SF2)["n_arrays"].sum() == 174
    sf2 = published.lines.set_index("line")["sf2"]
    assert (sf2.min(), sf2.max(), sf2["A549"], sf2["NCI/ADR-RES"]) == (0.05, 0.9, 0.61, 0.56)


def test_the_job_writes_lines_points_source_and_receipt(tumorcast_home, tmp_path, no_runner):
    path, db = tmp_path / "curves.csv", Database(store_path())
    path.write_text("line,surv_2gy,surv_4gy\nA549,0.5,0.25\nMCF7,0.6,0.3\n")
    with db.write() as connection:
        values = "'arrays', 's1', 'A549', 'A549', 'Lung', 1, [1.0], 'arrays'"
        connection.execute(f"INSERT INTO expression VALUES ({values})")
    job_id = submit_survival_import(path, origin="a colleague", licence="CC0", assay="clonogenic")
    with pytest.raises(InputError, match="'curves' is being imported right now: wait for it, or give another"):
        submit_survival_import(path)
    job = done(job_id)
    assert (job.spec.task, job.spec.title) == ("import_survival", "Import survival curves")
    assert collect(job_id, db)
    lines = db.query("SELECT * FROM survival ORDER BY line")
    assert lines[["dataset", "line", "assay", "sf2_from", "source_id"]].values.tolist() == [
        ["curves", "A549", "clonogenic", "fit", "curves"],
        ["curves", "MCF7", "clonogenic", "fit", "curves"],
    ]
    assert db.query("SELECT count(*) AS n FROM survival_dose")["n"].item() == 4
    source = db.query("SELECT * FROM source").iloc[0]
    assert (source["kind"], source["file_format"], source["origin"]) == ("survival", "wide dose table", "a colleague")
    receipt = json.loads(source["receipt"])
    assert receipt["lines"] == 2 and receipt["points"] == 4
    assert "1 of 2 lines have expression in arrays; without: MCF7." in receipt["notes"]

    # The name is taken; a table of SF2 alone that replaces it leaves no points behind.
    path.write_text("line,sf2\nA549,0.5\n")
    with pytest.raises(InputError, match="surviving fractions called 'curves' already, with 2 lines: give this one"):
        submit_survival_import(path)
    again = done(submit_survival_import(path, replace=True)).spec.id
    assert collect(again, db)
    assert db.query("SELECT count(*) AS n FROM survival")["n"].item() == 1
    assert db.query("SELECT count(*) AS n FROM survival_dose")["n"].item() == 0


def test_names_and_files_that_cannot_be_used_are_refused_at_once(tumorcast_home, tmp_path, no_runner):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="table.csv is no table of surviving fractions"):
        submit_survival_import(path)
    path.write_text("line,sf2\nA549,0.5\n")
    with pytest.raises(InputError, match="needs a name for the data set of surviving"):
        submit_survival_import(path, file_name=".csv")
    with Database(store_path()).write() as connection:
        connection.execute("INSERT INTO source (source_id, kind, file_name, file_format, sha256, bytes, rows_read, "
                           "rows_kept, receipt, imported_at, job_id, simulated) VALUES "
                           "('table', 'drugs', '', '', '', 0, 0, 0, '{}', now(), '', false)")  # fmt: skip
    with pytest.raises(InputError, match="The name table already stands for imported drugs"):
        submit_survival_import(path)
    assert queue.list_jobs() == []


def test_an_import_can_be_stopped(tumorcast_home, no_runner):
    job_id = submit_survival_import(REFERENCE_SF2, origin=REFERENCE_ORIGIN)
    (queue.job_folder(job_id) / "cancel").touch()
    with pytest.raises(JobCancelled):
        done(job_id)


@pytest.mark.real_data
def test_the_540_lines_are_read(real_data):
    found = read_survival(real_data / "sf2" / "cleveland_540_dose_response.csv.gz")
    assert (found.format, len(found.lines), len(found.points)) == ("wide dose table with SF2", 540, 4320)
    assert found.receipt.dropped == {} and found.receipt.flagged[ABOVE_SF2] == 1
    assert found.lines["sf2_from"].value_counts().to_dict() == {"table": 539, "fit": 1}
    assert (found.lines["n_doses"] == 8).all()


@pytest.mark.real_data
def test_the_published_table_of_arrays_averages_to_the_published_lines(real_data):
    found = read_survival(real_data / "sf2" / "nci60_sf2.csv")
    assert (found.receipt.read, found.receipt.merged) == (174, 115)
    mine = pd.read_csv(REFERENCE_SF2)
    assert found.lines["line"].tolist() == mine["cell_line"].tolist()
    assert found.lines["sf2"].tolist() == pytest.approx(mine["sf2"].tolist())
