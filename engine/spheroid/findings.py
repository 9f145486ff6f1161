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
from engine.spheroid.exclusions import kind_of
from engine.spheroid.image_brightness import glowing
from engine.spheroid.look_alikes import CONTROLS, look_alikes
from engine.spheroid.review_types import Target
from engine.spheroid.score_records import counts_death
from engine.spheroid.settings import MODALITIES, MODALITY_ALIASES
from engine.spheroid.suspect_wells import rank_wells
from engine.store.database import Database

PLACE = ["plate", "row", "column"]
# Of an added drug a plate has separate measures, of which the first is enough to say that it fails.
FAILING = ("controls_order", "z_prime", "edge_effect", "row_effect", "column_effect", "gradient", "nrfe", "series")
SHORT = {
    "controls_order": "controls swapped", "z_prime": "Z'", "edge_effect": "edge effect", "row_effect": "row effect",
    "column_effect": "column effect", "gradient": "slope", "nrfe": "NRFE", "series": "control series",
}  # fmt: skip


class Finding(NamedTuple):
    """kind: plate | control | well, or what is no fault of a plate or well: alive (wells more alive than controls),
    readout (plates fail by a readout that hardly judges). readouts: the modalities that tell it; '' for the images
    themselves. reason: sentences. size: how far off, in robust standard deviations; of a plate how many measures fail.
    wells: of alive, their names, the most alive first; of readout, its plates."""

    kind: str
    target: Target
    readouts: tuple[str, ...]
    reason: str
    size: float
    wells: tuple[str, ...] = ()


def looked_at(there: Sequence[str]) -> tuple[str, ...]:
    """Of the modalities that a screen has those that tell apart: of images the best phase, then the others."""
    best = next((one for one in MODALITY_ALIASES["image"] if one in there), None)
    return tuple(one for one in (best, "metabolic", "mos") if one and one in there)


def first_looks(
    db: Database, screen: str, frames: Mapping[str, pd.DataFrame], bright: pd.DataFrame | None = None
) -> tuple[Finding, ...]:
    """`findings` of a screen of the store by its kept verdicts. frames, bright: as `findings` takes them."""
    death = {modality for modality in frames if counts_death(db, screen, modality)}
    return findings(frames, judged.stored(db, screen), death, bright)


def findings(
    frames: Mapping[str, pd.DataFrame],
    verdicts: pd.DataFrame,
    death: set[str] | frozenset[str] = frozenset(),
    bright: pd.DataFrame | None = None,
) -> tuple[Finding, ...]:
    """Plates, then controls, then wells, each worst first; then what is to be known and is no fault.

    frames: modality -> WELL_COLUMNS, raw, percent, left_out (bool; what is left out is no finding). verdicts: of
    `judged.stored`. death: modalities whose raw signal rises as cells die. bright: of `image_brightness.brightness`.
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
    lively: dict[str, pd.DataFrame] = {}
    for modality, frame in kept.items():
        lookalike = {_target(row): row for row in alike[modality].itertuples(index=False)}
        every = rank_wells(frame, modality)
        ranked = every[every["suspect"]]
        if every["alive"].any():
            lively[modality] = every[every["alive"] & ~every["plate"].isin(failing)]
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
    for row in glowing(_counted(bright, frames)).itertuples(index=False):
        if row.plate not in failing:
            told = f"{row.ratio:.1f} times as bright as the middle image of its plate"
            wells.setdefault(_target(row), []).append(("", float(row.z), told))
    return (
        *sorted(plates, key=lambda one: -one.size),
        *_merged("control", controls, frames),
        *_merged("well", wells, frames),
        *_alive(lively, {*controls, *wells}),
        *_elsewhere(verdicts, frames, judges, bool(plates)),
    )


def _counted(bright: pd.DataFrame | None, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The images that still count: of wells that hold cells and are not left out by every readout of images."""
    if bright is None or bright.empty or not frames:
        return pd.DataFrame(columns=[*PLACE, "mean"]).astype({"mean": float})
    seen = [frame for one, frame in frames.items() if one.startswith("image") or one == "mos"] or [*frames.values()]
    every = pd.concat(
        [frame[~frame["left_out"] & ~frame["well_type"].isin(("empty", "other"))][PLACE] for frame in seen]
    )
    return bright.merge(every.drop_duplicates(), on=PLACE)


def _alive(lively: Mapping[str, pd.DataFrame], told: set[Target]) -> list[Finding]:
    """One line a readout on wells that read more alive than the controls and are odd by nothing else."""
    found = []
    for modality, wells in lively.items():
        kept = [row for row in wells.sort_values("percent", ascending=False).itertuples(index=False)]
        kept = [row for row in kept if _target(row) not in told]
        if kept:
            n = len(kept)
            reads = f"{limits.wells(n)} read{'s' if n == 1 else ''} more alive than the controls"
            most = f"{'' if n == 1 else 'up to '}{limits.written(float(kept[0].percent))} %"
            reason = f"{reads} by {MODALITIES[modality]} ({most}): usually healthy."
            names = tuple(_target(row).name for row in kept)
            found.append(Finding("alive", _target(kept[0]), (modality,), reason, float(n), names))
    return found


def _elsewhere(
    verdicts: pd.DataFrame, frames: Mapping[str, pd.DataFrame], judges: Sequence[str], others: bool
) -> list[Finding]:
    """One line a readout that does not judge here, on the plates whose Z' is bad by it: a sign-off asks for them.

    others: plates fail by what judges, too.
    """
    z = verdicts[
        verdicts["measure"].str.split(limits.ADDON, regex=False).str[0].eq("z_prime") & verdicts["plate"].ne("")
    ]
    found = []
    for modality, rows in z[~z["modality"].isin(judges)].groupby("modality", sort=False):
        kind = next((frame for one, frame in frames.items() if kind_of(one) == kind_of(str(modality))), None)
        if kind is not None:
            rows = rows[rows["plate"].isin(kind.loc[~kind["left_out"], "plate"])]
        bad = rows[rows["verdict"] == "bad"].drop_duplicates("plate")
        if bad.empty:
            continue
        plates = list(bad["plate"].astype(str))
        zs = limits.anded([limits.number(float(value)) for value in bad["value"]])
        badly = 2 * len(plates) > rows["plate"].nunique()
        reason = (
            f"By {MODALITIES[str(modality)]} {limits.anded(plates)} fail{'s' if len(plates) == 1 else ''}"
            f"{' too' if others else ''} (Z' {zs}): "
            + ("that readout separates controls badly here." if badly else "the other readouts judge better here.")
        )
        target = Target("plate", plate=plates[0])
        found.append(Finding("readout", target, (str(modality),), reason, float(len(plates)), tuple(plates)))
    return found


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
        dose = f" {well['conc_nm']:,g} nM" if well["conc_nm"] > 0 else ""
        content = f"{well['treatment']}{dose}" if well["treatment"] else str(well["well_type"])
        if well["well_type"] in CONTROLS:
            content = f"{_named(well['well_type'])}{f', {content}' if well['treatment'] else ''}"
        said = " ".join(_sentence(f"{MODALITIES.get(modality, 'image')}: {reason}") for modality, _, reason in told)
        if any(not modality for modality, _, _ in told) and "contaminated?" not in said:
            said += " Contaminated?"
        size = max(size for _, size, _ in told)
        swapped = " Mislabelled or wrongly dispensed?" if any(" viable like a " in one for _, _, one in told) else ""
        made.append(Finding(kind, of, tuple(one for one, _, _ in told), f"{content}. {said}{swapped}", size))
    return sorted(made, key=lambda one: -one.size)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else f"{text}."
