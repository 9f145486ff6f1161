import io

import openpyxl
import pandas as pd

from dashboard.export import as_csv, as_xlsx

FRAME = pd.DataFrame({"Drug": ["Erlotinib", "=1+1"], "ln(IC50), µM": [-2.5, 3.0]})


def test_csv_opens_in_a_spreadsheet():
    assert as_csv(FRAME).decode("utf-8-sig") == 'Drug,"ln(IC50), µM"\nErlotinib,-2.5\n\'=1+1,3.0\n'


def test_xlsx_keeps_numbers_and_runs_no_formula():
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(FRAME))).active
    assert [cell.value for cell in sheet[1]] == ["Drug", "ln(IC50), µM"]
    assert sheet["B2"].value == -2.5
    assert sheet["A3"].value == "=1+1" and sheet["A3"].data_type == "s"
    assert sheet.freeze_panes == "B2"


def test_formulas_of_a_patients_file_survive_in_no_export():
    hostile = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\x00=1+1", "-", "-2.5"]
    frame = pd.DataFrame({"=Sample": hostile, "z-score": [-1.5] * len(hostile)})
    text = as_csv(frame).decode("utf-8-sig")
    assert text.splitlines()[:4] == ["'=Sample,z-score", "'=cmd|' /C calc'!A0,-1.5", "'+1+1,-1.5", "'-1+1,-1.5"]
    assert text.endswith("\n-,-1.5\n-2.5,-1.5\n")
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(frame))).active
    assert [cell.data_type for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)] == ["s"] * 10
    assert sheet["A1"].value == "=Sample" and sheet["A2"].value == hostile[0]
    assert sheet["A2"].quotePrefix and not sheet["A8"].quotePrefix
