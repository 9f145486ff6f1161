"""What another assay may teach, and that no tested line takes part in it under any name."""

from dataclasses import replace

import numpy as np
import pytest
from small_arrays import small_cohort

from engine.errors import InputError
from engine.radiation import models, transfer

MINE = small_cohort(lines=15, replicates=2, probes=60, seed=1)
OTHER = small_cohort(lines=40, replicates=1, probes=60, seed=2)


def other(**changes):
    """The other assay: 40 lines of its own, with these columns instead."""
    return replace(OTHER, **{"line": np.array([f"OTHER-{i}" for i in range(40)]), **changes})


def fold(line):
    return np.flatnonzero(MINE.line != line), np.flatnonzero(MINE.line == line)


def test_names_of_one_tumour():
    assert transfer.same_as(["M14", "A549"]) == {"M14", "MDA-MB-435", "MDA-N", "A549"}
    assert transfer.same_as(["NCI/ADR-RES"]) == {"NCI/ADR-RES", "OVCAR-8"}
    assert transfer.same_as([]) == frozenset()


def test_other_lines_teach_planted_genes():
    """Genes that set SF2 in the other lines set it in mine, so its scores follow mine without having seen any."""
    mine = small_cohort(lines=45, replicates=1, probes=60, seed=1)
    lines = small_cohort(lines=150, replicates=1, probes=60, noise=0, seed=3)
    lines = replace(lines, line=np.array([f"OTHER-{i}" for i in range(150)]))
    train, test = np.arange(30), np.arange(30, 45)
    known, new = transfer.scores(mine, lines, train, test)
    assert known.shape == (30,) and new.shape == (15,)
    by_genes = mine.sf2 - 0.15 * (np.arange(45) % 3)  # the part that panels do not set
    assert np.corrcoef(known, by_genes[train])[0, 1] > 0.5
    assert np.corrcoef(new, by_genes[test])[0, 1] > 0.5


@pytest.mark.parametrize("alias", ["MDA-MB-435", "M14"])
def test_the_tested_line_is_taken_out_of_the_other_assay_under_all_its_names(alias):
    named = replace(MINE, line=np.where(MINE.line == "LINE-03", "M14", MINE.line))
    train, test = np.flatnonzero(named.line != "M14"), np.flatnonzero(named.line == "M14")
    lines = np.array([f"OTHER-{i}" for i in range(40)], dtype="<U12")
    lines[7] = alias
    low, high = (
        transfer.predict(named, other(line=lines, sf2=np.where(lines == alias, value, OTHER.sf2)), train, test)
        for value in (0.0, 1.0)
    )
    assert np.array_equal(low, high)
    stranger = np.array([f"OTHER-{i}" for i in range(40)])
    low, high = (
        transfer.predict(named, other(line=stranger, sf2=np.where(np.arange(40) == 7, value, OTHER.sf2)), train, test)
        for value in (0.0, 1.0)
    )
    assert not np.array_equal(low, high)


def test_a_training_line_does_not_score_itself():
    train, test = fold("LINE-03")
    lines = np.array([f"OTHER-{i}" for i in range(40)], dtype="<U12")
    lines[5] = "LINE-04"
    low, high = (
        transfer.scores(MINE, other(line=lines, sf2=np.where(lines == "LINE-04", value, OTHER.sf2)), train, test)
        for value in (0.0, 1.0)
    )
    place = list(np.unique(MINE.line[train])).index("LINE-04")
    assert low[0][place] == high[0][place] and not np.array_equal(low[1], high[1])


def test_hidden_values_reach_nothing():
    train, test = fold("LINE-03")
    hidden = replace(MINE, sf2=np.where(MINE.line == "LINE-03", np.nan, MINE.sf2))
    given, again = (transfer.predict(cohort, other(), train, test) for cohort in (MINE, hidden))
    assert np.array_equal(given, again) and given.shape == (2,) and ((given >= 0) & (given <= 1)).all()


def test_a_useless_assay_changes_little():
    train, test = np.flatnonzero(MINE.line < "LINE-12"), np.flatnonzero(MINE.line >= "LINE-12")
    constant = transfer.predict(MINE, other(sf2=np.full(40, 0.5)), train, test)
    assert constant == pytest.approx(models.predict("lineage_ridge", MINE, train, test))


def test_refusals():
    train, test = fold("LINE-03")
    with pytest.raises(InputError, match="share 0 gene symbols, 50 are needed"):
        transfer.scores(MINE, other(symbols=np.array([f"X{i}" for i in range(60)])), train, test)
    with pytest.raises(InputError, match="fewer than 3 lines besides those that are predicted"):
        transfer.scores(MINE, other(line=np.where(np.arange(40) < 38, "LINE-03", OTHER.line)), train, test)
