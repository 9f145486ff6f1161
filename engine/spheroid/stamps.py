"""What the values of a screen follow from, as one short text: what was read under it need not be read again."""

from engine.spheroid.exclusions import fingerprint
from engine.spheroid.review_records import read_state
from engine.store.reads import Reads


def stamp(db: Reads, screen: str, modality: str = "") -> str:
    """Changes with the import of the screen, the network behind the modality and the exclusions that are about it.

    modality: '' for all of them, with their scores and verdicts too. A comment, a signature or another screen changes
    nothing. Raises InputError naming the screens there are.
    """
    record = read_state(db, screen)
    brought = db.query(
        """SELECT s.image_job, i.job_id, i.imported_at FROM screen s LEFT JOIN source i USING (source_id)
           WHERE screen = ?""",
        [screen],
    )
    readouts = db.query(
        """SELECT modality, max(run_id) AS run_id, count(*) AS n FROM readout
           WHERE screen = ? AND ? IN ('', modality) GROUP BY modality ORDER BY modality""",
        [screen, modality],
    )
    told = [str(one) for frame in (brought, readouts) for one in frame.to_numpy(object).ravel()]
    told += [fingerprint(record.excluded, str(one)) for one in readouts["modality"]]
    # What is restored is as before, but a stamp must never come back: something may have been read in between.
    told.append(
        str(max((entry.entry for entry in record.entries if entry.action in ("exclude", "restore")), default=0))
    )
    if not modality:
        scoring = db.query(
            """SELECT modality, job_id, excluded, CAST(settings AS VARCHAR) FROM scoring WHERE screen = ?
               UNION ALL SELECT modality, max(job_id), '', '' FROM quality WHERE screen = ? GROUP BY modality
               ORDER BY ALL""",
            [screen, screen],
        )
        told += [str(one) for one in scoring.to_numpy(object).ravel()]
    return "|".join(told)
