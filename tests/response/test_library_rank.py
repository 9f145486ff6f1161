"""A screen ranked for a type or a line: the same numbers as the whole matrix gives, whatever the size of the parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_library import LIBRARY, SCREEN
from small_store import FIRST_LINE

from engine.errors import InputError, StoreError
from engine.response import library_rank, library_records, repurpose_matrix
from engine.response.library_rank import by_line, by_type, molecules_page, ordered, ranked, screened_lines
from engine.response.library_records import load_screen
from engine.response.repurpose import Thresholds, matrix
from engine.settings import store_path
from engine.store.database import Database


@pytest.fixture
def db(filled_home: Path) -> Database:
    return Database(store_path())


@pytest.mark.parametrize("part", [5_000, 3])
def test_types_have_the_numbers_of_the_matrix(db: Database, monkeypatch: pytest.MonkeyPatch, part: int):
    for module, name in ((library_rank, "PART"), (library_records, "PART"), (repurpose_matrix, "PART")):
        monkeypatch.setattr(module, name, part)
    screen = load_screen(db, SCREEN)
    whole, found = matrix(screen, Thresholds(min_lines=5)), ranked(db, SCREEN, min_lines=5)
    assert found.types == whole.types and list(found.n_lines) == list(whole.n_lines)
    assert list(found.molecules["molecule_id"]) == list(screen.molecules["molecule_id"])
    np.testing.assert_allclose(found.median, whole.median, rtol=1e-5)
    np.testing.assert_allclose(found.share, whole.share, rtol=1e-5)
    np.testing.assert_allclose(found.selectivity, whole.selectivity, rtol=1e-4, atol=1e-5)
    of_type = screen.mean[:, (screen.lines["cancer_type"] == "SKCM").to_numpy()]
    at = whole.types.index("SKCM")
    np.testing.assert_allclose(whole.median[:, at], np.median(of_type, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(whole.count[:, at], (of_type < -2).sum(axis=1))


def test_no_query_reads_more_than_a_part(db: Database, monkeypatch: pytest.MonkeyPatch):
    """16 molecules in parts of 3 are 6 reads for the types and, in parts of 5, 4 for a line."""
    monkeypatch.setattr(library_rank, "PART", 3)
    monkeypatch.setattr(library_rank, "LINE_PART", 5)
    read, query = [], db.query

    def counted(sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        found = query(sql, parameters)
        if "mean" in found:
            read.append(len(found))
        return found

    monkeypatch.setattr(db, "query", counted)
    of = ranked(db, SCREEN)
    assert read == [3, 3, 3, 3, 3, 1]
    read.clear()
    table = by_line(of, db, FIRST_LINE)
    assert read == [5, 5, 5, 1]
    monkeypatch.setattr(library_rank, "LINE_PART", 100)
    pd.testing.assert_frame_equal(by_line(of, db, FIRST_LINE), table)


def test_a_screen_that_changes_while_it_is_read_is_told(db: Database):
    of = ranked(db, SCREEN)
    with db.write() as connection:
        connection.execute("DELETE FROM library_prediction WHERE molecule_id = ?", [of.molecules["molecule_id"][0]])
    with pytest.raises(StoreError, match="was written anew while it was read. Try again"):
        by_line(of, db, FIRST_LINE)
    with db.write() as connection:
        connection.execute("UPDATE library_prediction SET molecule_id = 'other' WHERE molecule_id = ?",
                           [of.molecules["molecule_id"][1]])  # fmt: skip
    with pytest.raises(StoreError, match="was written anew while it was read. Try again"):
        by_line(of, db, FIRST_LINE)


def test_more_than_can_be_held_is_refused_but_ranked(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library_records, "MOST_PAIRS", 16 * 40 - 1)
    told = r"predicts 16 molecules for 40 lines, more than are held at once \(15 molecules\). Rank them on the page Lib"
    with pytest.raises(StoreError, match=told):
        load_screen(db, SCREEN)
    assert len(by_type(ranked(db, SCREEN, min_lines=5), "SKCM")) == 16


def test_a_type_is_ranked_by_potency_selectivity_and_novelty(db: Database):
    found = ranked(db, SCREEN, min_lines=5)
    table = by_type(found, "SKCM")
    assert list(table.columns) == list(library_rank.RANK_COLUMNS) and len(table) == 16
    bortezomib = table.set_index("name").loc["Bortezomib"]
    assert bortezomib["ln_ic50"] == pytest.approx(-5, abs=0.5) and bortezomib["share"] == 1.0
    assert bortezomib["ic50_um"] == pytest.approx(np.exp(bortezomib["ln_ic50"]))
    assert bortezomib["novelty"] == 0.0 and table.set_index("name").loc["Aspirin", "novelty"] == pytest.approx(0.61)
    assert ordered(table, "potency")["name"][0] == "Bortezomib"
    assert ordered(table, "selectivity")["name"][0] == "Dabrafenib"  # -4 there, 3 elsewhere
    assert ordered(table, "novelty")["novelty"].is_monotonic_decreasing
    with pytest.raises(InputError, match="not ranked by 'price'. Ranked by: potency, selectivity, novelty"):
        ordered(table, "price")
    with pytest.raises(InputError, match="'XYZ' is no cancer type of this screen"):
        by_type(found, "XYZ")


def test_a_line_has_its_prediction_its_interval_and_the_residual_of_all_pairs(db: Database):
    screen, found = load_screen(db, SCREEN), ranked(db, SCREEN)
    column = int(np.flatnonzero(screen.lines["cosmic_id"] == FIRST_LINE + 3)[0])
    table = by_line(found, db, FIRST_LINE + 3)
    np.testing.assert_allclose(table["ln_ic50"], screen.mean[:, column], rtol=1e-6)
    np.testing.assert_allclose(table["upper"] - table["ln_ic50"], screen.half_width[:, column], rtol=1e-4)
    wide = pd.DataFrame(screen.mean.astype(float))
    left = wide.sub(wide.mean(axis=1), axis=0).sub(wide.mean(axis=0), axis=1) + wide.to_numpy().mean()
    np.testing.assert_allclose(table["selectivity"], left[column] / left.to_numpy().std(), rtol=1e-4)
    assert table["share"].isna().all()
    with pytest.raises(InputError, match="COSMIC id 1 has no mutations or no cancer type"):
        by_line(found, db, 1)


def test_a_run_without_intervals_or_reach_says_so(db: Database):
    with db.write() as connection:
        connection.execute("UPDATE library_screen SET quantile = NULL, floor = NULL")
        connection.execute("UPDATE library_prediction SET similarity = NULL, inside = NULL, nearest_drug_id = NULL")
    table = by_line(ranked(db, SCREEN), db, FIRST_LINE)
    assert table["lower"].isna().all() and table["novelty"].isna().all() and table["ln_ic50"].notna().all()


def test_small_types_take_no_part_unless_all_are_small(db: Database):
    assert ranked(db, SCREEN, min_lines=1_000).types  # the largest
    screen = ranked(db, SCREEN, min_lines=1)
    assert len(screen.types) == 5


def test_bad_screens_are_refused(db: Database):
    with pytest.raises(StoreError, match="There is no screen 'gone' in the store. Screens: " + SCREEN):
        ranked(db, "gone")
    with db.write() as connection:
        connection.execute("UPDATE library_prediction SET mean = list_transform(mean, lambda x: 'nan'::FLOAT)")
    with pytest.raises(StoreError, match="holds a prediction that is no number"):
        ranked(db, SCREEN)
    with db.write() as connection:
        connection.execute("UPDATE library_prediction SET mean = mean[1:3]")
    with pytest.raises(StoreError, match="do not fit its 40 lines"):
        ranked(db, SCREEN)


def test_molecules_come_in_pages_and_are_searched(db: Database):
    first, total = molecules_page(db, LIBRARY, 0, 12)
    second, _ = molecules_page(db, LIBRARY, 12, 12)
    assert total == 16 and len(first) == 12 and len(second) == 4
    assert list(first["name"][:3]) == ["<b>Odd</b> *name*", "Aspirin", "Bortezomib"]
    found, total = molecules_page(db, LIBRARY, 0, 12, "BREAST parp")
    assert total == 1 and list(found["name"]) == ["Olaparib"]
    assert molecules_page(db, LIBRARY, 0, 12, "'; DROP")[1] == 0


def test_lines_that_a_screen_would_take_are_counted(db: Database):
    assert screened_lines(db, simulated=True) == 40 and screened_lines(db, simulated=False) == 0
