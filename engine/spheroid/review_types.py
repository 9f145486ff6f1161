"""What people decide on a screen, and what travels between the modules that record and apply it."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from engine.errors import InputError

# What can be left out, and brought back.
KINDS = {"well": "a well", "replicate": "a replicate", "drug": "a drug", "plate": "a plate"}
ACTIONS = {
    "exclude": "excluded",
    "restore": "restored",
    "comment": "commented",
    "sign_off": "signed off",
    "reopen": "reopened",
}
# Readouts of one kind are excluded together: a well out of focus may still tell its metabolism.
READOUTS = {"all": "all readouts", "image": "images", "mos": "mean of stack", "metabolic": "metabolic"}
STATUSES = {"open": "not reviewed", "in_review": "in review", "signed_off": "signed off"}


@dataclass(frozen=True)
class Target:
    """What a decision is about. kind: of KINDS, '' for the whole screen.

    well: plate, row, column. plate: plate. drug: drug, with all its additions. replicate: its number, of `drug` where
    one is named, else of the whole screen.
    """

    kind: str = ""
    plate: str = ""
    row: str = ""
    column: int = 0
    drug: str = ""
    replicate: int = 0

    @property
    def name(self) -> str:
        """P1_D05, P2, Vorinostat, Vorinostat replicate 2, replicate 2; '' for the whole screen."""
        if self.kind == "well":
            return f"{self.plate}_{self.row}{self.column:02d}"
        if self.kind == "replicate":
            return f"{self.drug} replicate {self.replicate}".strip()
        return {"plate": self.plate, "drug": self.drug}.get(self.kind, "")


@dataclass(frozen=True)
class Decision:
    """What somebody wants recorded. action: of ACTIONS; readout: of READOUTS."""

    action: str
    target: Target
    reason: str
    readout: str = "all"


@dataclass(frozen=True)
class Entry:
    """One row of the table `review`. entry: from 1 per screen. at: UTC. state_hash: of a sign-off, else ''."""

    entry: int
    at: datetime
    reviewer: str
    action: str
    target: Target
    readout: str
    reason: str
    state_hash: str
    hash: str


@dataclass(frozen=True)
class ReviewState:
    """A screen as the record says.

    entries: all, oldest first. excluded: the exclusions that count now, oldest first. status: of STATUSES. signed: the
    sign-off that counts, None where there is none. orphans: sentences on decisions about wells, drugs or plates that
    the screen no longer holds; they change nothing. last: number of the newest entry, 0 where there is none. broken:
    what is wrong with the chain of hashes; '' where it holds.
    """

    screen: str
    entries: tuple[Entry, ...] = ()
    excluded: tuple[Entry, ...] = ()
    status: str = "open"
    signed: Entry | None = None
    orphans: tuple[str, ...] = ()
    last: int = 0
    broken: str = ""

    @property
    def writable(self) -> bool:
        """Whether decisions are taken: not when signed off."""
        return self.status != "signed_off"


@dataclass(frozen=True)
class Decided:
    """What became of decisions. entries: as recorded. changes: scores that are no longer what they were, columns

    modality, drug, addon, replicate, before, after (dss_asym, 0 to 50), hit_before, hit_after. others: entries that
    somebody else recorded since the view was drawn. seconds: of recording and rescoring. notes: sentences, such as on
    intervals that a scoring job has yet to draw.
    """

    entries: tuple[Entry, ...]
    changes: pd.DataFrame
    others: tuple[Entry, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class UnresolvedError(InputError):
    """A sign-off that leaves something open. questions: each one sentence; signing again with them answered goes on."""

    def __init__(self, questions: tuple[str, ...]) -> None:
        super().__init__(" ".join(questions))
        self.questions = questions


class DifferingError(UnresolvedError):
    """A sign-off of scores that do not follow from the record; signing again with `differing` goes on."""
