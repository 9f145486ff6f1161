"""Where things live on this machine."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
REFERENCE = REPOSITORY / "data" / "reference"


def home() -> Path:
    """The folder of store and jobs: TUMORCAST_HOME, or data/ beside the code."""
    return Path(os.environ.get("TUMORCAST_HOME") or REPOSITORY / "data").expanduser().resolve()


def store_path() -> Path:
    """The DuckDB file."""
    return home() / "store" / "tumorcast.duckdb"


def jobs_folder() -> Path:
    """The folder that holds one folder per job."""
    return home() / "jobs"
