"""Where the ensemble is not made of the same networks under every split, the pages say of what."""

from dataclasses import replace

from dashboard.scores import _members
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
