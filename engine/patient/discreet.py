"""Errors that nobody foresaw, told without what stands in a patient's file."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import EngineError, InputError


@contextmanager
def discreet(doing: str) -> Iterator[None]:
    """Around work on a patient's data: an unforeseen error becomes a sentence with its kind and place alone.

    The texts of errors from libraries often quote what they could not read, and texts of errors end up in logs.
    Raises InputError in place of anything that is no EngineError.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        raise InputError(
            f"Something went wrong while {doing} that should not ({type(error).__name__} at {place}). "
            "Nothing was saved. Please report this with the place, not with the file."
        ) from None
