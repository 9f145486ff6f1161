"""Task names and the functions behind them, found only when asked for so that the command line starts fast."""

from collections.abc import Callable
from importlib import import_module

from engine.errors import JobError
from engine.jobs.context import JobContext

TASKS: dict[str, str] = {
    "import_cell_lines": "engine.response.sources:run_import",
    "import_drugs": "engine.response.sources:run_import",
    "import_mutations": "engine.response.sources:run_import",
    "import_responses": "engine.response.sources:run_import",
    "train_response": "engine.response.train:run_training",
    "self_test": "engine.jobs.self_test:run_self_test",
}


def find_task(name: str) -> Callable[[JobContext], None]:
    """The function that runs a task. Raises JobError naming the tasks there are."""
    if name not in TASKS:
        raise JobError(f"There is no task {name!r}; known: {', '.join(TASKS)}.")
    module, function = TASKS[name].split(":")
    task: Callable[[JobContext], None] = getattr(import_module(module), function)
    return task
