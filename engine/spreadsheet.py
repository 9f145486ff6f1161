"""Text that a spreadsheet would run as a formula, made harmless.

Source: OWASP, CSV Injection (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import re
from collections.abc import Callable

import pandas as pd

# What starts a formula, with the full-width forms that some spreadsheets take for the same; a tab or a line break in
# front makes them start it too.
STARTS = "=+-@＝＋－＠"
BREAKS = "\t\r\n"
# Nothing to run: a number with its sign, perhaps in percent, or signs alone, such as the dash for "missing".
HARMLESS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?( ?%)?|[=+\-@ ]+")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # an XLSX file may not hold them, other readers drop them


def inert(text: str) -> str:
    """A text with an apostrophe in front where a spreadsheet would read a formula; any other as it is."""
    first, shown = text[:1], CONTROLS.sub("", text).lstrip()[:1]
    formula = (first and first in BREAKS) or (shown and shown in STARTS)
    return f"'{text}" if formula and not HARMLESS.fullmatch(text) else text


def inert_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with every text, column names too, made harmless; numbers and dates stay what they are."""
    return _each_text(frame, inert)


def writable_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table without the control characters that an XLSX file cannot hold."""
    return _each_text(frame, lambda text: CONTROLS.sub("", text))


def _each_text(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    def cell(value: object) -> object:
        return change(value) if isinstance(value, str) else value

    found = frame.copy(deep=False)
    found.columns = pd.Index([cell(name) for name in frame.columns])
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.CategoricalDtype) or not (
            pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)
        ):
            found.isetitem(place, frame.iloc[:, place].astype(object).map(cell))
    return found
