"""Where the ensemble is not made of the same networks under every split, the pages say of what."""

from dataclasses import replace

from dashboard.scores import _members, _part
from engine.response.records import family, runs
from engine.settings import store_path
from engine.store.database import Database


def test_what_an_ensemble_is_made_of(filled_home):
    found = runs(Database(store_path()))
    run = next(run for run in found if run.split == "pairs")
    kin = family(found, run)
    assert _members(kin, "ensemble") == {}  # five networks under either split
    alone = {name: found for name, found in kin["cell_line"].metrics.items() if name in ("ensemble", "master")}
    kin["cell_line"] = replace(kin["cell_line"], metrics=alone)
    assert _members(kin, "ensemble") == {"pairs": "5 networks", "cell_line": "Master alone"}
    assert _members(kin, "master") == {}


def test_the_folds_that_were_run_are_named_where_not_all_were(filled_home):
    run = next(run for run in runs(Database(store_path())) if run.split == "cell_line")
    assert _part(replace(run, config={**run.config, "folds": 7, "ran_folds": list(range(1, 8))})) == ""
    assert _part(replace(run, config={**run.config, "folds": 7, "ran_folds": [1]})) == " · fold 1 of 7 only"
    assert _part(replace(run, config={**run.config, "folds": 7, "ran_folds": [1, 3]})) == " · folds 1, 3 of 7 only"
