"""A mutation list as read -> a receipt that tells the fate of every row, and the genome that a model sees.

Distinct mutations are looked at once, so that 100,000 rows take seconds.
"""

from collections.abc import Sequence

import pandas as pd

from engine.errors import InputError
from engine.patient.build import judge_build
from engine.patient.fate import Fate, judge
from engine.patient.knowledge import Knowledge
from engine.patient.locate import Resources, locate, resources
from engine.patient.panel import EXOME, Panel, listed
from engine.patient.types import (
    DUPLICATE,
    FATES,
    NEW_POSITION,
    NOT_UNDERSTOOD,
    OUTSIDE_CENSUS,
    RECEIPT_COLUMNS,
    SILENT,
    USED,
    Genome,
    Reading,
    Receipt,
)

PANELS = ("auto", "exome", "listed")
MOST_NAMED = 20  # genes in a note
FEW = 10  # mutations: fewer are a report of findings, which may name a promoter or a gene outside the census too
_WRITTEN = ["gene", "protein_change", "classification"]


def understand(
    reading: Reading,
    knowledge: Knowledge,
    genome: str = "",
    panel: Panel | str = "auto",
    found: Resources | None = None,
) -> Receipt:
    """The fate of every row of `reading`, and the genome.

    genome: the build the coordinates are in, one of BUILDS; empty lets header and known positions tell. panel: what
    was sequenced, or one of PANELS: auto takes the genes named alone where distinct census positions and rows that are
    silent, non-coding or outside the census are fewer than FEW together, else a whole exome.
    found: chain file and gene model; None takes those that `fetch` has put into the downloads folder.
    Of several rows of one position key the first counts; the others are duplicates of it.
    Raises InputError for a panel or a build that does not exist.
    """
    if isinstance(panel, str) and panel not in PANELS:
        raise InputError(f"There is no panel '{panel}': choose {', '.join(PANELS)}, or give a panel file.")
    verdict = judge_build(reading, knowledge.known, genome)
    written = reading.rows.reset_index(drop=True)
    rows = locate(written, verdict, knowledge.known, resources() if found is None else found).reset_index(drop=True)
    receipt = _receipt_rows(rows, knowledge)
    counts = {fate: int((receipt["fate"] == fate).sum()) for fate in FATES}
    keys = tuple(sorted(receipt.loc[receipt["fate"].isin([USED, NEW_POSITION]), "position_key"].unique()))
    chosen, why = _choose(panel, keys, counts)
    return Receipt(
        format=reading.format,
        sha256=reading.sha256,
        rows=receipt,
        counts=counts,
        build=verdict,
        genome=Genome(keys, _sequenced(chosen, keys)),
        panel=f"{chosen.words}{why}",
        notes=(*reading.notes, *_notes(receipt, counts, keys, chosen)),
    )


def _receipt_rows(rows: pd.DataFrame, knowledge: Knowledge) -> pd.DataFrame:
    """(n,) rows of the input with what was located -> (n,) RECEIPT_COLUMNS."""
    text = {name: rows[name].fillna("").astype(str).str.strip() for name in (*_WRITTEN, "problem", "note")}
    frame = pd.DataFrame(text, index=rows.index)
    distinct = frame.loc[frame["problem"] == "", _WRITTEN].drop_duplicates()
    fates = [judge(gene, change, word, knowledge) for gene, change, word in distinct.itertuples(index=False, name=None)]
    judged = pd.DataFrame(fates, columns=list(Fate._fields), dtype="str").rename(columns={"gene": "symbol"})
    judged = pd.concat([distinct.reset_index(drop=True), judged], axis=1)
    # Rows with a problem may hold anything: they take none of what an equal text means elsewhere.
    found = frame.merge(judged, on=_WRITTEN, how="left")
    bad = found["problem"] != ""
    found["fate"] = found["fate"].mask(bad, NOT_UNDERSTOOD)
    found["reason"] = found["reason"].mask(bad, found["problem"].str.rstrip("."))
    found["gene"] = found["symbol"].mask(bad, found["gene"])
    found["change"] = found["change"].mask(bad, found["protein_change"])
    found["position_key"] = found["position_key"].mask(bad, "")
    found["row"] = rows["row"].astype("Int64")
    found["text"] = rows["text"].fillna("").astype(str)
    placed = found["position_key"] != ""
    again = placed & found["position_key"].where(placed).duplicated()
    first = found[placed & ~again].set_index("position_key")["row"]
    same = found["position_key"].map(first)
    found["fate"] = found["fate"].mask(again, DUPLICATE)
    other = ("Same position as row " + same.astype("str")).mask(
        same == found["row"], "Same position as before in this row"
    )
    found["reason"] = found["reason"].mask(again, other)
    noted = frame["note"].str.rstrip(".")
    found["reason"] += noted.where(noted == "", "; " + noted) + "."
    used = found["fate"] == USED
    found["bit"] = found["position_key"].map(knowledge.vocabulary.index).where(used).astype("Int64")
    found["lines"] = found["position_key"].map(knowledge.training_lines).where(used).astype("Int64")
    return found.reindex(columns=list(RECEIPT_COLUMNS))


def _choose(panel: Panel | str, keys: tuple[str, ...], counts: dict[str, int]) -> tuple[Panel, str]:
    """What was sequenced, and in words why that is taken."""
    if isinstance(panel, Panel):
        return panel, ""
    if panel == "exome":
        return EXOME, ""
    if panel == "listed":
        return listed(keys), ""
    mutations = len(keys) + counts[SILENT] + counts[OUTSIDE_CENSUS]
    if mutations >= FEW:
        return EXOME, f" (taken for one, as the list has {mutations:,} mutations)"
    return listed(keys), f" (fewer than {FEW} mutations: taken for a report)"


def _sequenced(panel: Panel, keys: tuple[str, ...]) -> frozenset[str] | None:
    return None if panel.genes is None else panel.genes | _genes(keys)


def _genes(keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset(key.partition(":")[0] for key in keys)


def _notes(rows: pd.DataFrame, counts: dict[str, int], keys: tuple[str, ...], panel: Panel) -> list[str]:
    """What a person has to know beside the counts."""
    notes = []
    if not counts[USED]:
        notes.append("No position is known to the run: the ranking would be that of an empty genome.")
    failed = rows.loc[rows["fate"] == NOT_UNDERSTOOD, "reason"]
    if len(failed) > 1:
        reason, times = failed.value_counts().index[0], int(failed.value_counts().iloc[0])
        if times > 1:
            notes.append(f"{len(failed):,} rows were not understood, {times:,} of them for this reason: {reason}")
    outside = _genes(keys) - panel.genes if panel.genes is not None else frozenset()
    if outside:
        one = len(outside) == 1
        notes.append(
            f"{len(outside):,} mutated gene{' is' if one else 's are'} not in the panel: {_named(sorted(outside))}; "
            f"{'it counts' if one else 'they count'} as sequenced."
        )
    if panel.others:
        one = len(panel.others) == 1
        notes.append(
            f"{len(panel.others):,} name{' of the panel is no gene' if one else 's of the panel are no genes'} of the "
            f"Cancer Gene Census as written and {'changes' if one else 'change'} nothing: "
            f"{_named(panel.others)}."
        )
    return notes


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
