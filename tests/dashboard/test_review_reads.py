"""Reads of the Screen review page: one opening of the store for each, however many queries it asks."""

from typing import Any

import pandas as pd
import pytest
from reviewed_screens import SCREEN, fill

from dashboard import data, review_data
from engine.settings import store_path
from engine.spheroid.exclusions import applied
from engine.store.database import Database


def test_a_read_opens_the_store_once_and_says_what_it_says_anywhere(tumorcast_home, monkeypatch: pytest.MonkeyPatch):
    assert review_data.values  # registers what is read below
    db = Database(store_path())
    fill(db)
    opened = []
    reading = Database.reading

    def counted(self: Database) -> Any:
        opened.append(self)
        return reading(self)

    monkeypatch.setattr(Database, "reading", counted)
    read = data.READS["review_applied"](db, SCREEN, "metabolic")
    assert len(opened) == 1
    pd.testing.assert_frame_equal(read, applied(db, SCREEN, "metabolic"))
    assert len(opened) > 4, "query by query the store is opened for each"
