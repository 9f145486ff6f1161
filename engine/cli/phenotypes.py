"""The command `phenotypes`: which drugs of a screen look alike, and which pairs kill in different ways."""

import math
from argparse import Namespace
from typing import Any

from engine.cli.output import Answer, printable, table

SHOWN = ("drug", "other", "share", "dss", "other_dss", "status", "dcdss")


def run_phenotypes(given: Namespace) -> Answer:
    """Map the phenotypes of a screen where that was not done, then say what the map tells."""
    from engine.cli.commands import finish, open_store
    from engine.spheroid.phenotype import nearest_drugs
    from engine.spheroid.phenotype_job import submit_phenotypes
    from engine.spheroid.phenotype_records import features, mapped_runs, modality_of, newest_looked
    from engine.spheroid.phenotype_relations import screen_relations
    from engine.spheroid.screen_list import screen_row

    db = open_store()
    screen_row(db, given.screen)
    run_id = given.run_id or newest_looked(db, given.screen).run_id
    wants_umap = given.umap and features(db, given.screen, run_id)["umap_x"].isna().all()
    if run_id not in mapped_runs(db, given.screen) or wants_umap:
        finish(submit_phenotypes(db, given.screen, run_id, given.seed, given.umap), db)
    modality = modality_of(db, given.screen, run_id) or newest_looked(db, given.screen).modality
    found = features(db, given.screen, run_id)
    told = screen_relations(db, given.screen, run_id, modality, given.seed)
    drugs = [given.drug] if given.drug else [str(name) for name in told.distances.index]
    nearest = {drug: nearest_drugs(told.distances, drug).to_dict("records") for drug in drugs}
    replicates = {name: _finite(value) for name, value in told.replicates._asdict().items()}
    pairs = [{**row, "dcdss": _finite(row["dcdss"])} for row in told.pairs.to_dict("records")]
    document = {
        "screen": given.screen, "run": run_id, "modality": modality, "wells": len(found),
        "replicates": replicates, "nearest": nearest, "pairs": pairs,
    }  # fmt: skip
    lines = [f"{given.screen}, {len(found)} wells by the run {run_id}", _replicates(replicates), ""]
    rows = [
        {"drug": printable(drug), "look most alike": ", ".join(printable(str(one["drug"])) for one in others[:3])}
        for drug, others in nearest.items()
    ]
    lines += [table(rows, "No drug has a well with an image at its highest dose."), ""]
    shown = [{name: row[name] for name in SHOWN} for row in pairs]
    nothing = "No complementary pairs: fewer than two hits by images look different."
    lines += [table(shown, nothing), *(["share: of all pairs of drugs that look more alike"] if shown else [])]
    return Answer(document, "\n".join(lines))


def _replicates(told: dict[str, Any]) -> str:
    if told["auc"] is None:
        return "Do replicates look alike? Not known: no drug has two wells with an image at its highest dose."
    return (
        f"Replicates look more alike than wells of different drugs in {100 * told['auc']:.1f} % of comparisons "
        f"({told['n']} pairs of replicates, {told['n_random']:,} random pairs)"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
