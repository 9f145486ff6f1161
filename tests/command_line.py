"""How a test calls the command line within its own process."""

import json
from typing import Any

import pytest

from engine import __main__ as cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    status = cli.main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command that goes well says as JSON."""
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0, out
    return json.loads(out)
