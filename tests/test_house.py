"""The rules of the house that no linter knows."""

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.__main__ import parser

REPOSITORY = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "rdkit", "duckdb")
LONGEST_FILE = 300
LONGEST_PAGE = 99


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def imported(path: Path, at_start_only: bool = False) -> set[str]:
    """Full names of the modules a file imports; inside functions too unless `at_start_only`."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in tree.body if at_start_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names.add(node.module or "")
    return names


def offenders(folders: tuple[str, ...], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in python_files(*folders)
        for name in sorted(imported(path))
        if name.split(".")[0] in forbidden
    ]


def test_engine_knows_no_screen():
    assert offenders(("engine",), ("streamlit", "dashboard", "pages")) == []


def test_heavy_libraries_stay_in_the_engine():
    assert offenders(("dashboard", "pages"), HEAVY) == []


def test_pages_start_without_torch_and_rdkit():
    """What dashboard and pages import from the engine must not load the two slow libraries."""
    files = python_files("dashboard", "pages")
    modules = sorted({name for path in files for name in imported(path, at_start_only=True) if "engine." in name})
    assert modules, "dashboard and pages use nothing of the engine?"
    code = "\n".join(
        [*(f"import {name}" for name in modules), "import sys", "print(*{'torch', 'rdkit'} & set(sys.modules))"]
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize(
    ("folders", "longest"),
    [(("engine", "dashboard"), LONGEST_FILE), (("pages",), LONGEST_PAGE)],
    ids=["files", "pages"],
)
def test_files_stay_short(folders, longest):
    lengths = {path.relative_to(REPOSITORY): len(path.read_text().splitlines()) for path in python_files(*folders)}
    assert {str(path): lines for path, lines in lengths.items() if lines > longest} == {}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_says_why(name):
    lines = (REPOSITORY / name).read_text().splitlines()
    bad = [line for line in lines if line and not re.fullmatch(r"#.*|-r .*|[\w-]+==[\w.]+ +# \S.*", line)]
    assert bad == []


def test_every_requirement_is_used():
    """A library nobody imports, and that is no plug-in of one we use, has no place in requirements.txt."""
    module = {"scikit-learn": "sklearn", "fpdf2": "fpdf", "pillow": "PIL", "python-pptx": "pptx"}
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    names = [line.split("==")[0] for line in lines if "==" in line]
    used = {name.split(".")[0] for path in python_files("engine", "dashboard", "pages") for name in imported(path)}
    through_others = {"openpyxl", "pyarrow", "imagecodecs"}  # pandas, tifffile
    assert [name for name in names if module.get(name, name) not in used | through_others] == []


def test_no_path_of_this_machine_is_committed():
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are the project's")
    marks = [f"{folder}/" for folder in (REPOSITORY.parent, Path.home()) if folder != Path("/")]
    patterns = [word for mark in marks for word in ("-e", mark)]
    search = subprocess.run(["git", "grep", "-nF", *patterns], cwd=REPOSITORY, capture_output=True, text=True)
    assert search.stdout == "" and search.returncode == 1  # 1: git grep found nothing


def test_every_command_stands_in_the_readme():
    commands = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)).choices
    readme = (REPOSITORY / "README.md").read_text()
    assert [name for name in commands if f"| `{name}` |" not in readme] == []


def test_the_picture_of_the_house_is_true():
    """Every module of engine and dashboard stands in CONTRIBUTING.md's picture, by name."""
    picture = (REPOSITORY / "CONTRIBUTING.md").read_text().split("## Imports")[0]
    modules = {path.name for path in python_files("engine", "dashboard")} - {"__init__.py", "self_test.py"}
    rooms_only = {path.name for path in python_files("engine/demo", "engine/figures", "engine/cli")}
    assert sorted(name for name in modules - rooms_only if name not in picture) == []
