"""What a reviewer of a screen should look at first: plates that fail, controls that read like the other control, wells
unlike everything around them. All readouts are looked at, as dust shows in images and a wrong dose in the metabolism.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.spheroid import judged
from engine.spheroid import quality_limits as limits
from engine.spheroid.control_quality import control_groups, positive_type, z_prime
from engine.spheroid.review_types import Target
from engine.spheroid.score_records import counts_death
from engine.spheroid.settings import MODALITIES, MODALITY_ALIASES
from engine.spheroid.spatial import MAD_SCALE
from engine.spheroid.suspect_wells import rank_wells
from engine.store.database import Database

ALIVE, DEAD = ("negative",), ("positive",)
CONTROLS = ("negative", "positive", "metabolic_positive")
# Of an added drug a plate has separate measures, of which the first is enough to say that it fails.
FAILING = ("controls_order", "z_prime", "edge_effect", "row_effect", "column_effect", "gradient", "nrfe", "series")
SHORT = {
    "controls_order": "controls swapped", "z_prime": "Z'", "edge_effect": "edge effect", "row_effect": "row effect",
    "column_effect": "column effect", "gradient": "slope", "nrfe": "NRFE", "series": "control series",
}  # fmt: skip
APART = 30.0  # percent points that both controls have to be apart for a well to look like the other, chosen here
OFF = 3.0  # robust standard deviations of its own kind that it has to lie off, chosen here


class Finding(NamedTuple):
    """kind: plate | control | well. readouts: the modalities that tell it. reason: sentences. size: how far off, in
    robust standard deviations; of a plate how many measures fail."""

    kind: str
    target: Target
    readouts: tuple[str, ...]
    reason: str
    size: float


def looked_at(there: Sequence[str]) -> tuple[str, ...]:
    """Of the modalities that a screen has those that tell apart: of images the best phase, then the others."""
    best = next((one for one in MODALITY_ALIASES["image"] if one in there), None)
    return tuple(one for one in (best, "metabolic", "mos") if one and one in there)


def first_looks(db: Database, screen: str, frames: Mapping[str, pd.DataFrame]) -> tuple[Finding, ...]:
    """`findings` of a screen of the store by its kept verdicts. frames: as `findings` takes them."""
    death = {modality for modality in frames if counts_death(db, screen, modality)}
    return findings(frames, judged.stored(db, screen), death)


def findings(
    frames: Mapping[str, pd.DataFrame], verdicts: pd.DataFrame, death: set[str] | frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Plates, then controls, then wells, each worst first.

    frames: modality -> WELL_COLUMNS, raw, percent, left_out (bool; what is left out is no finding). verdicts: of
    `judged.stored`. death: modalities whose raw signal rises as cells die.
    A plate whose Z' is bad only for a control that looks like the other control is no finding: the control is. Wells of
    plates that fail are none either, as there everything stands out.
    """
    kept = {modality: frame[~frame["left_out"]].reset_index(drop=True) for modality, frame in frames.items()}
    # The mean of a stack hardly separates controls: it judges them only where nothing else does.
    judges = [one for one in kept if one != "mos"] or list(kept)
    alike = {one: look_alikes(frame if one in judges else frame.head(0), one) for one, frame in kept.items()}
    plates, saved = _plates({one: kept[one] for one in judges}, alike, verdicts, death)
    failing = {one.target.plate for one in plates}
    controls: dict[Target, list[tuple[str, float, str]]] = {}
    wells: dict[Target, list[tuple[str, float, str]]] = {}
    for modality, frame in kept.items():
        lookalike = {_target(row): row for row in alike[modality].itertuples(index=False)}
        ranked = rank_wells(frame, modality)
        ranked = ranked[ranked["suspect"]]
        for row in ranked.itertuples(index=False):
            of = _target(row)
            if row.plate not in failing and of not in lookalike:
                # A network's output out of range alone says less than a well that differs from all of its neighbours.
                off = bool(np.isfinite(row.z) and abs(row.z) >= limits.SUSPECT_Z)
                into = controls if off and row.well_type in CONTROLS else wells
                size = abs(float(row.z)) if off else 0.0
                into.setdefault(of, []).append((modality, size, str(row.reason).partition(": ")[2]))
        for of, row in lookalike.items():
            if row.plate not in failing:
                told = (
                    f"{limits.written(row.percent)} % viable like a {_named(row.like)}, the other {row.n} of its kind "
                    f"{limits.written(row.own)} %"
                )
                if (modality, row.plate) in saved:
                    told += f". {saved[modality, row.plate]}"
                controls.setdefault(of, []).append((modality, float(row.z), told))
    return (
        *sorted(plates, key=lambda one: -one.size),
        *_merged("control", controls, frames),
        *_merged("well", wells, frames),
    )


def look_alikes(frame: pd.DataFrame, modality: str) -> pd.DataFrame:
    """Control wells that read like the other control: dead where they should live, or alive where they should be dead.

    Columns plate, row, column, well_type, percent, like (the well type it resembles), own (median of its kind,
    percent), n (others of its kind), z. A well is named where it lies nearer to the other median than to its own and
    OFF robust standard deviations off it. Kinds need three wells, and medians 30 percent points between.
    """
    found = []
    known = frame[frame["percent"].notna() & frame["well_type"].isin(CONTROLS)]
    killed = (*DEAD, "metabolic_positive") if modality == "metabolic" else DEAD
    for (plate, _), wells in known.groupby(["plate", "addon"], sort=False):
        groups = {kind: own for kind, own in wells.groupby("well_type") if len(own) >= limits.MIN_CONTROLS}
        medians = {kind: float(own["percent"].median()) for kind, own in groups.items()}
        for kind, own in groups.items():
            others = [one for one in (killed if kind in ALIVE else ALIVE) if one in medians]
            others = [one for one in others if abs(medians[one] - medians[kind]) >= APART]
            if not others:
                continue
            values = own["percent"].to_numpy(float)
            off = np.abs(values - medians[kind])
            spread = max(limits.NOISE_FLOOR, MAD_SCALE * float(np.median(off)))
            gaps = np.abs(values[:, None] - np.array([medians[one] for one in others]))
            nearest = gaps.argmin(axis=1)
            for at in np.flatnonzero((gaps.min(axis=1) < off) & (off >= OFF * spread)):
                row = own.iloc[at]
                found.append(
                    (plate, row["row"], int(row["column"]), kind, values[at], others[nearest[at]], medians[kind],
                     len(own) - 1, off[at] / spread)
                )  # fmt: skip
    columns = ["plate", "row", "column", "well_type", "percent", "like", "own", "n", "z"]
    return pd.DataFrame(found, columns=columns)


def _plates(
    frames: Mapping[str, pd.DataFrame],
    alike: Mapping[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    death: set[str] | frozenset[str],
) -> tuple[list[Finding], dict[tuple[str, str], str]]:
    """Plates that fail; and where it is one control's doing: (modality, plate) -> what Z' is without it."""
    bad = verdicts[(verdicts["verdict"] == "bad") & verdicts["modality"].isin(frames) & (verdicts["plate"] != "")]
    base = bad["measure"].str.split(limits.ADDON, regex=False).str[0]
    bad = bad[base.isin(FAILING)]
    saved: dict[tuple[str, str], str] = {}
    told: dict[str, list[tuple[str, str, str]]] = {}
    for row in bad.itertuples(index=False):
        plate, modality, measure = str(row.plate), str(row.modality), str(row.measure)
        if plate not in set(frames[modality]["plate"]):
            continue  # all of it is left out
        name, _, addon = measure.partition(limits.ADDON)
        without = None
        if name == "z_prime":
            without = _without(frames[modality], alike[modality], plate, modality, addon, modality in death)
        if without is not None and limits.grade(without, limits.Z_PRIME) != "bad":
            saved[modality, plate] = (
                f"Without it Z' of {plate} is {limits.number(without)}, not {limits.number(row.value)}."
            )
            continue
        unit = "" if name in ("z_prime", "nrfe") else " percent points"
        value = "" if name == "controls_order" else f" {limits.number(float(row.value))}{unit}"
        told.setdefault(plate, []).append((modality, f"{SHORT[name]}{value}, {MODALITIES[modality]}", str(row.reason)))
    found = []
    for plate, reasons in told.items():
        which = tuple(dict.fromkeys(one for one, _, _ in reasons))
        said = "; ".join(what for _, what, _ in reasons)
        found.append(
            Finding("plate", Target("plate", plate=plate), which, f"{said}. {reasons[0][2]}", float(len(reasons)))
        )
    return found, saved


def _without(
    frame: pd.DataFrame, alike: pd.DataFrame, plate: str, modality: str, addon: str, death: bool
) -> float | None:
    """Z' of a plate without the controls that look like the other control; None where there are none."""
    odd = {(row.row, row.column) for row in alike[alike["plate"] == plate].itertuples(index=False)}
    if not odd:
        return None
    wells = frame[frame["plate"] == plate]
    kept = wells[[place not in odd for place in zip(wells["row"], wells["column"], strict=True)]]
    groups = control_groups(kept, positive_type(frame, modality))
    group = next((one for one in groups if one.addon == addon), groups[0])
    sign = -1.0 if death else 1.0
    value = z_prime(sign * group.negative, sign * group.positive)
    return value if np.isfinite(value) else None


def _target(row) -> Target:
    return Target("well", plate=str(row.plate), row=str(row.row), column=int(row.column))


def _named(kind: str) -> str:
    return {"negative": "negative control", "positive": "positive control"}.get(kind, "metabolic positive control")


def _merged(
    kind: str, found: Mapping[Target, list[tuple[str, float, str]]], frames: Mapping[str, pd.DataFrame]
) -> list[Finding]:
    """One finding a well, whatever the number of readouts that tell it."""
    if not found:
        return []
    made = []
    held = pd.concat([frame.drop_duplicates(["plate", "row", "column"]) for frame in frames.values()])
    held = held.drop_duplicates(["plate", "row", "column"]).set_index(["plate", "row", "column"])
    for of, told in found.items():
        well = held.loc[(of.plate, of.row, of.column)]
        dose = f" {well['conc_nm']:g} nM" if well["conc_nm"] > 0 else ""
        content = f"{well['treatment']}{dose}" if well["treatment"] else str(well["well_type"])
        if well["well_type"] in CONTROLS:
            content = f"{_named(well['well_type'])}{f', {content}' if well['treatment'] else ''}"
        said = " ".join(_sentence(f"{MODALITIES[modality]}: {reason}") for modality, _, reason in told)
        size = max(size for _, size, _ in told)
        swapped = " Mislabelled or wrongly dispensed?" if any(" viable like a " in one for _, _, one in told) else ""
        made.append(Finding(kind, of, tuple(one for one, _, _ in told), f"{content}. {said}{swapped}", size))
    return sorted(made, key=lambda one: -one.size)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else f"{text}."
