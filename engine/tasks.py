"""Task names and the functions behind them, found only when asked for so that the command line starts fast."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from engine.errors import JobError
from engine.jobs.context import JobContext

TASKS: dict[str, str] = {
    "import_cell_lines": "engine.response.sources:run_import",
    "import_drugs": "engine.response.sources:run_import",
    "import_mutations": "engine.response.sources:run_import",
    "import_responses": "engine.response.sources:run_import",
    "import_library": "engine.response.library_import:run_library_import",
    "import_expression": "engine.radiation.expression_import:run_expression_import",
    "import_survival": "engine.radiation.survival_import:run_survival_import",
    "train_response": "engine.response.train:run_training",
    "train_radiation": "engine.radiation.train:run_training",
    "screen_library": "engine.response.screening:run_screening",
    "import_screen": "engine.spheroid.screen_import:run_screen_import",
    "train_spheroid": "engine.spheroid.train:run_training",
    "score_screen": "engine.spheroid.score_job:run_scoring",
    "map_phenotypes": "engine.spheroid.phenotype_job:run_phenotypes",
    "self_test": "engine.jobs.self_test:run_self_test",
    "sum_test": "engine.jobs.self_test:run_sum_test",
}

# Tasks that a cluster may do in parts, many at once: what does one part (job, shard from 0, number of shards), and
# what is done when all parts have ended well. Where there is no cluster, the function above does it all.
SHARDED: dict[str, tuple[str, str]] = {
    "screen_library": ("engine.response.screening:run_shard", "engine.response.screening:finish"),
    "train_radiation": ("engine.radiation.train:run_shard", "engine.radiation.train:finish"),
    "sum_test": ("engine.jobs.self_test:run_sum_shard", "engine.jobs.self_test:finish_sum_test"),
}


def find_task(name: str) -> Callable[[JobContext], None]:
    """The function that runs a task. Raises JobError naming the tasks there are."""
    if name not in TASKS:
        raise JobError(f"There is no task {name!r}; known: {', '.join(TASKS)}.")
    task: Callable[[JobContext], None] = _load(TASKS[name])
    return task


def find_sharded(name: str) -> tuple[Callable[[JobContext, int, int], None], Callable[[JobContext], None]]:
    """What does one shard of a task, and what puts the shards together.

    Raises JobError naming the tasks that can be cut into shards.
    """
    if name not in SHARDED:
        raise JobError(f"The task {name!r} cannot be cut into shards; these can: {', '.join(SHARDED)}.")
    shard, finish = SHARDED[name]
    return _load(shard), _load(finish)


def _load(path: str) -> Any:
    module, function = path.split(":")
    return getattr(import_module(module), function)
