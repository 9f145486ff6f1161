"""Which columns of a table hold SF2 or surviving fractions at doses: names, not values.

Names are compared without case, blanks and punctuation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.files.tables import squeeze

# Our name -> the names of its column, the preferred one first.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "line": (
        "cellid", "cell_line", "cell_line_name", "line", "line_name", "cells", "cell", "cell_name", "sample_name",
        "sample", "model", "model_name", "name",
    ),
    "panel": ("panel", "tissue_panel", "tissue", "tissueid", "tissue_of_origin", "primary_site", "cancer_type"),
    "assay": ("assay", "assay_type"),
    "sf2": (
        "sf2", "true_sf2", "measured_sf2", "sf2_percent", "percent_sf2", "sf2_pct", "sf2_fraction", "mean_sf2",
        "sf2_mean", "sf_at_2gy", "surviving_fraction_at_2gy", "surviving_fraction_2gy_sf2",
    ),
    "dose": ("dose_gy", "dose", "dose_in_gy", "radiation_dose_gy", "radiation_dose", "gy", "dose_cgy", "cgy"),
    "fraction": (
        "surviving_fraction", "survival_fraction", "fraction", "fraction_surviving", "survival", "surviving", "sf",
        "percent_survival", "survival_percent", "survival_pct", "surviving_percent", "surviving_fraction_percent",
    ),
    "replicate": ("replicate", "rep", "repeat", "experiment"),
}  # fmt: skip
SHAPES = (
    "It needs a column with the cell line (cell_line) and either SF2 (sf2), or dose and surviving fraction (dose_gy, "
    "surviving_fraction), or a column per dose (surv_2gy, surv_4gy, ...)."
)
_PERCENT = re.compile(r"%|percent|pct", re.IGNORECASE)
_CGY = re.compile(r"c\s*gy|\brad\b", re.IGNORECASE)
_PREFIX = r"(?:surviving[\s_.-]*fraction|survival|surviving|surv|sf|s|dose|d|fraction)"
# surv_2gy, SF 2 Gy, 2Gy, 200cGy, surv_2gy_rep1
_WITH_UNIT = re.compile(
    rf"^{_PREFIX}?[\s_.@-]*(?:at)?[\s_.@-]*(\d+(?:[.,]\d+)?)[\s_]*(c?gy)(?:[\s_.-]*%|[\s_.-]*\(%\))?"
    r"(?:[\s_.-]+(?:replicate|rep|r)?[\s_.-]*\d+)?$",
    re.IGNORECASE,
)
# SF4, s_8, 4
_BARE = re.compile(r"^(?:(?:survival|surviving|surv|sf|s)[\s_.-]*)?(\d+(?:[.,]\d+)?)$", re.IGNORECASE)


@dataclass(frozen=True)
class DoseColumn:
    """A column that holds the fractions at one dose. unit: gy | cgy, '' where its name does not say."""

    place: int
    dose: float
    unit: str
    percent: bool


@dataclass(frozen=True)
class SurvivalColumns:
    """Places in the header. doses: of a wide table, by dose. percent: fields whose name says so; cgy: the dose's."""

    places: Mapping[str, int]
    doses: tuple[DoseColumn, ...]
    percent: frozenset[str]
    dose_unit: str

    @property
    def format(self) -> str:
        """What the table is called in its receipt."""
        shape = "wide dose table" if self.doses else "long dose table" if "dose" in self.places else ""
        if "sf2" not in self.places:
            return shape
        return f"{shape} with SF2" if shape else "SF2 table"


def recognise(header: Sequence[str]) -> SurvivalColumns | None:
    """The columns of a survival table, None where the header is not one's."""
    squeezed = [squeeze(name) for name in header]
    places: dict[str, int] = {}
    for field, names in FIELDS.items():
        found = next((squeezed.index(squeeze(name)) for name in names if squeeze(name) in squeezed), None)
        if found is not None:
            places[field] = found
    if "line" not in places:
        return None
    taken = set(places.values())
    doses = _dose_columns([(place, name.strip()) for place, name in enumerate(header) if place not in taken])
    if "sf2" in places and doses and all(column.dose != _in_unit_of(column, 2.0) for column in doses):
        # SF2 beside SF4 and SF6 is the point at 2 Gy as well.
        own = DoseColumn(places["sf2"], 2.0, "gy", bool(_PERCENT.search(header[places["sf2"]])))
        doses = (own, *doses)
    if not ("dose" in places and "fraction" in places):
        for field in ("dose", "fraction", "replicate"):
            places.pop(field, None)
    else:
        doses = ()
    if not doses and "sf2" not in places and "dose" not in places:
        return None
    dose_name = header[places["dose"]] if "dose" in places else ""
    unit = "cgy" if _CGY.search(dose_name) else "gy" if "gy" in dose_name.lower() else ""
    percent = frozenset(field for field, place in places.items() if _PERCENT.search(header[place]))
    return SurvivalColumns(places, doses, percent, unit)


def refusal(header: Sequence[str], name: str) -> InputError:
    """What a table that is none of these is answered with."""
    shown = ", ".join(column for column in header[:8] if column) + (", ..." if len(header) > 8 else "")
    return InputError(f"{name} is no table of surviving fractions: its columns are {shown}. {SHAPES}")


def _dose_columns(columns: Sequence[tuple[int, str]]) -> tuple[DoseColumn, ...]:
    found: list[DoseColumn] = []
    for place, name in columns:
        match = _WITH_UNIT.match(name)
        bare = None if match else _BARE.match(name)
        if match or bare:
            dose = float((match or bare)[1].replace(",", "."))  # type: ignore[index]
            unit = match[2].lower() if match else ""
            found.append(DoseColumn(place, dose, unit, bool(_PERCENT.search(name))))
    # One lonely number may be anything; a name with a unit may not.
    if len(found) == 1 and not found[0].unit:
        return ()
    return tuple(found)


def _in_unit_of(column: DoseColumn, gy: float) -> float:
    return gy * 100 if column.unit == "cgy" else gy
