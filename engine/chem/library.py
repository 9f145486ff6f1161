"""A library of molecules from any file, standardised, without duplicates, with a receipt of what was left out.

Streamed: in memory are one chunk and one number, some 70 bytes of Python, for every molecule kept. Nothing here loads
rdkit before a library is read, so pages may take the settings and the names of columns from here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from engine.errors import InputError

DRUG_CLASSES = ("oncology", "non-oncology", "unknown")
LIBRARY_COLUMNS = (
    "molecule_id", "name", "smiles", "weight_g_mol", "drug_class", "indications", "cancer_types", "mechanism", "target",
)  # fmt: skip
CHUNK_ROWS = 2_000


@dataclass(frozen=True)
class LibrarySettings:
    """Which molecules of a library are used; defaults as published (Chang et al. 2018, doi:10.1038/s41598-018-27214-6).

    min_weight_g_mol, max_weight_g_mol: a molecule of exactly that weight is kept. largest_fragment: of a salt the
    fragment with most heavy atoms is taken, instead of leaving the salt out. organic_only: molecules without carbon,
    or with an element outside ORGANIC_ELEMENTS, are left out. approved_only: where the file tells how far molecules
    have come (ChEMBL's Max Phase, the Hub's clinical_phase, DrugBank's groups), those that it does not call approved
    are left out; a file that tells nothing of the kind loses nothing.
    """

    min_weight_g_mol: float = 200.0
    max_weight_g_mol: float = 650.0
    largest_fragment: bool = False
    organic_only: bool = True
    approved_only: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.min_weight_g_mol < self.max_weight_g_mol < float("inf"):
            raise InputError(
                f"The weights {self.min_weight_g_mol:g} to {self.max_weight_g_mol:g} g/mol are no range: the lowest "
                "must be at least 0 and below the highest."
            )

    @property
    def too_light(self) -> str:
        """The reason in the receipt."""
        return f"lighter than {self.min_weight_g_mol:g} g/mol"

    @property
    def too_heavy(self) -> str:
        """The reason in the receipt."""
        return f"heavier than {self.max_weight_g_mol:g} g/mol"


@dataclass
class LibraryReceipt:
    """What became of every row: read == kept + the sum of dropped.

    examples: row, name and reason of the first rows of every reason; row as in the file, header included, of an SD
    file the number of the record.
    """

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    examples: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["row", "name", "reason"]))
    notes: list[str] = field(default_factory=list)
    format: str = ""


def stream_library(
    path: Path,
    settings: LibrarySettings | None = None,
    receipt: LibraryReceipt | None = None,
    on_share: Callable[[float], None] | None = None,
    name: str = "",
    about: Path | None = None,
) -> Iterator[pd.DataFrame]:
    """Chunks of LIBRARY_COLUMNS, every molecule once; fills the receipt as it goes, its notes at the end.

    on_share: told the fraction of the file that has been read. name: what messages call the file. about: a second
    table that says more of the molecules by their name (such as the drug file of the Drug Repurposing Hub, whose
    structures stand in its sample file); it fills what the first leaves empty.
    Raises InputError naming a file that is no list of molecules.
    """
    from engine.chem.library_formats import open_library
    from engine.chem.library_rows import Reading, read_about

    settings, receipt = settings or LibrarySettings(), receipt if receipt is not None else LibraryReceipt()
    source = open_library(path, name)
    receipt.format = source.format
    receipt.notes += source.notes
    reading = Reading(settings, receipt, {} if about is None else read_about(about), source.tells_phase)
    for entry, share in source.read():
        reading.take(entry)
        if reading.waiting == CHUNK_ROWS:
            if on_share:
                on_share(share)
            yield from reading.chunk()
    yield from reading.chunk()
    reading.finish()
