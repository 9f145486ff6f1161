"""What the Patient page knows of patients: records of this browser session, and nothing anywhere else.

Nothing of a patient goes into the address, the log, a cache shared by sessions or a file. So errors that nobody
foresaw, whose text may hold what was uploaded, are told and logged without it.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from string import ascii_uppercase

from dashboard import patient_data, state
from engine.errors import EngineError, InputError
from engine.figures.patient_frames import told_apart
from engine.patient.types import Case, Genome, Ranking

MOST = 8  # patients of one session; each holds its receipt
# What a person chose while looking at one patient; and what was filled in for one: never the next one's.
OWN = (
    "patient_find",
    "patient_pathway",
    "patient_approved",
    "patient_skilled",
    "patient_inside",
    "patient_drug",
    "patient_row",
    "patient_fate",
    "patient_search",
    "patient_add",
    "patient_remove",
    "patient_screen",
    "patient_readout",
    "patient_joined_drug",
    "patient_sf2_sample",
)
FORM = (
    "patient_text",
    "patient_label",
    "patient_type",
    "patient_sequenced",
    "patient_panel",
    "patient_genome",
    "patient_samples",
    "patient_sample",
)
log = logging.getLogger("tumorcast")


@dataclass(frozen=True)
class Opened:
    """A patient or timepoint that is open. ranking: None where there is nothing to rank, and `why` says so."""

    case: Case
    run_id: str
    ranking: Ranking | None
    why: str = ""

    @property
    def identity(self) -> tuple[str, datetime]:
        """Tells this patient from every other one, also from one of the same name."""
        return self.case.label, self.case.made_at

    @property
    def genome(self) -> Genome:
        return self.case.receipt.genome


@contextmanager
def discreet(doing: str) -> Iterator[None]:
    """Around work on a patient's data: an unforeseen error becomes a sentence; its text is neither shown nor logged."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "site-packages" not in frame.filename]
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        log.error("A page failed while %s: %s at %s", doing, type(error).__name__, place)
        raise InputError(
            f"Something went wrong while {doing} that should not ({type(error).__name__} at {place}). "
            "Nothing was saved. Please report this with the place, not with the file."
        ) from None


def opened() -> dict[str, Opened]:
    """Label -> patient, in the order in which they were read."""
    return dict(state.get("patient_opened"))


def current() -> Opened | None:
    """The patient looked at; the one read last unless another was chosen. Call before any widget is drawn."""
    known = opened()
    asked = state.get("patient_next")
    if asked in known:
        state.keep("patient_current", asked)
        state.choose("patient_current", asked)
    state.clear(("patient_next",))
    label = state.get("patient_current")
    found = known.get(label) or (list(known.values())[-1] if known else None)
    if found and state.get("patient_seen") != found.identity:
        state.clear(OWN)
        state.keep("patient_seen", found.identity)
    return found


def new_form() -> None:
    """An empty form for the next patient; call before it is drawn."""
    state.clear(FORM)


def put(patient: Opened) -> None:
    """Show this patient from now on; one of the same label is replaced. Raises InputError where there are too many."""
    known = opened()
    if patient.case.label not in known and len(known) >= MOST:
        raise InputError(f"{MOST} patients are open already: close one first.")
    state.keep("patient_opened", {**known, patient.case.label: patient})
    state.keep("patient_adding", False)
    show(patient.case.label)


def show(label: str) -> None:
    """Look at this patient from the next run of the page on."""
    state.keep("patient_next", label)


def close(label: str) -> None:
    """Forget a patient of the session; a saved case of it stays."""
    left = {name: patient for name, patient in opened().items() if name != label}
    state.keep("patient_opened", left)
    if left:
        show(list(left)[-1])
    else:
        state.clear(("patient_current", "patient_label"))


def free_label() -> str:
    """Patient A, then B, ... : the first that is not open."""
    known = opened()
    return next(name for name in (f"Patient {letter}" for letter in ascii_uppercase) if name not in known)


def ranked(case: Case, run_id: str) -> Opened:
    """The case with its ranking under a run. Raises EngineError where the run cannot predict."""
    if not case.receipt.genome.keys:
        return Opened(case, run_id, None, "No row is a mutation in a gene that the networks look at: nothing to rank.")
    from engine.patient.ranking import rank  # loads torch with the predictor, so only now

    with discreet("ranking the drugs"):
        ranking = rank(patient_data.predictor(run_id), case.receipt.genome, case.cancer_type)
        return Opened(case, run_id, replace(ranking, table=told_apart(ranking.table)))


def change_type(patient: Opened, cancer_type: str | None) -> Opened:
    """The same patient ranked for another cancer type."""
    return ranked(replace(patient.case, cancer_type=cancer_type, case_id=""), patient.run_id)
