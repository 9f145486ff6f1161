"""Which function runs which command."""

from argparse import Namespace
from collections.abc import Callable

from engine.cli import commands, fetch, library, patient, phenotypes, report, repurpose, review, spheroid
from engine.cli.output import Answer

ROOMS = (commands, fetch, library, patient, phenotypes, report, repurpose, review, spheroid)


def runner(command: str) -> Callable[[Namespace], Answer]:
    """The function `run_<command>` of the room that has it."""
    name = f"run_{command.replace('-', '_')}"
    found: Callable[[Namespace], Answer] = next(getattr(room, name) for room in ROOMS if hasattr(room, name))
    return found
