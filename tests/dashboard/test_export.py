import io

import openpyxl
import pandas as pd

from dashboard.export import as_csv, as_xlsx

FRAME = pd.DataFrame({"Drug": ["Erlotinib", "=1+1"], "ln(IC50), µM": [-2.5, 3.0]})


def test_csv_opens_in_a_spreadsheet():
    assert as_csv(FRAME).decode("utf-8-sig") == 'Drug,"ln(IC50), µM"\nErlotinib,-2.5\n=1+1,3.0\n'


def test_xlsx_keeps_numbers_and_runs_no_formula():
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(FRAME))).active
    assert [cell.value for cell in sheet[1]] == ["Drug", "ln(IC50), µM"]
    assert sheet["B2"].value == -2.5
    assert sheet["A3"].value == "=1+1" and sheet["A3"].data_type == "s"
    assert sheet.freeze_panes == "B2"
