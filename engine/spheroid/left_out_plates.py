"""Which plates reviews leave out: of all screens at once, and of the wells of one."""

import pandas as pd

from engine.spheroid.review_records import read_state
from engine.store.reads import Reads


def left_out_plates(db: Reads, screen: str = "") -> pd.DataFrame:
    """screen, plate, readout (of review_types.READOUTS), reviewer, reason of plates that are left out.

    screen: '' for all. By plate; the newest decision where several leave a plate out.
    """
    names = db.query(
        """SELECT DISTINCT screen FROM review WHERE ? IN ('', screen)
           AND screen IN (SELECT screen FROM screen) ORDER BY screen""",
        [screen],
    )["screen"]
    rows = [
        (name, entry.target.plate, entry.readout, entry.reviewer, entry.reason)
        for name in names
        for entry in read_state(db, name).excluded
        if entry.target.kind == "plate"
    ]
    return pd.DataFrame(rows, columns=["screen", "plate", "readout", "reviewer", "reason"])


def gone_plates(wells: pd.DataFrame) -> list[str]:
    """Plates of which no well with anything in it is left, by whatever decisions; in order of their names.

    wells: plate, well_type, left_out.
    """
    every = wells[wells["well_type"] != "empty"].groupby("plate")["left_out"].all()
    return [str(plate) for plate, out in every.items() if out]
