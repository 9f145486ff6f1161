"""Which drugs ought to hit a screen's sample, and which of them did.

Published expectations: data/reference/expected_hits.csv, by cell line or patient sample. Of a simulated screen the
drugs that were planted in its sample: data/reference/demo_screen_drugs.csv.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from engine.settings import REFERENCE
from engine.spheroid.dss import dss_asym
from engine.spheroid.settings import HIT_DSS
from engine.spheroid.types import Curves

SOURCES = {"Berker2022": "Berker et al. 2022, doi:10.1109/TMI.2022.3205554"}
PLANTED = "planted by the simulation"
DECADES = 4.0  # five doses tenfold apart


@dataclass(frozen=True)
class Expected:
    """sample: as the reference calls it, '' where none is known. drugs: expected, as the screen calls them. absent:

    expected drugs that the screen does not hold. source: who expects them.
    """

    sample: str = ""
    drugs: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    source: str = ""

    def found(self, hits: Sequence[str]) -> tuple[str, ...]:
        """The expected drugs among the hits."""
        return tuple(drug for drug in self.drugs if drug in set(hits))


def expected_hits(screen: str, sample: str | None, drugs: Sequence[str], simulated: bool = False) -> Expected:
    """What is expected of a screen. sample: as imported. drugs: that the screen holds.

    The sample is looked for in its name and in the screen's (INF_R_153 in INF_R_153_V2_DS1, not INF_R_1530); case and
    separators do not count, of drugs neither. A simulated screen is never held against measured expectations.
    """
    table = _planted() if simulated else _published()
    named = [one for one in dict.fromkeys(table["sample"]) if any(_names(one, text or "") for text in (sample, screen))]
    if not named:
        return Expected()
    best = max(named, key=len)
    mine = table[table["sample"] == best]
    there = {_squeezed(drug): drug for drug in drugs}
    pairs = [(drug, there.get(_squeezed(drug))) for drug in mine["drug"]]
    return Expected(
        best,
        tuple(found for _, found in pairs if found),
        tuple(drug for drug, found in pairs if not found),
        str(mine["source"].iloc[0]),
    )


@cache
def _published() -> pd.DataFrame:
    """sample, drug, source."""
    table = pd.read_csv(REFERENCE / "expected_hits.csv", keep_default_na=False)
    return table.assign(source=table["source"].map(SOURCES))


@cache
def _planted() -> pd.DataFrame:
    """sample, drug, source of the simulation: planted curves whose own DSS_asym makes a hit."""
    plan = pd.read_csv(REFERENCE / "demo_screen_drugs.csv", keep_default_na=False)
    plan = plan[plan["sensitive"] != ""].reset_index(drop=True)
    top, flat = np.log10(plan["top_dose_nm"].to_numpy(float)), np.zeros(len(plan))
    planted = Curves(
        bottom=flat, top=plan["max_effect"].to_numpy(float), xmid=np.log10(plan["ec50_nm"].to_numpy(float)),
        slope=plan["hill"].to_numpy(float), asymmetry=flat + 1, x_min=top - DECADES, x_max=top, loss=flat, gof=flat + 1,
        n_parameters=np.full(len(plan), 4), reason=("",) * len(plan),
    )  # fmt: skip
    strong = plan[dss_asym(planted).dss >= HIT_DSS]
    samples = sorted({one for listed in plan["sensitive"] for one in listed.split("|")} - {"all"})
    rows = [
        (sample, drug, PLANTED)
        for sample in samples
        for drug, listed in zip(strong["drug_name"], strong["sensitive"], strict=True)
        if {"all", sample} & set(listed.split("|"))
    ]
    return pd.DataFrame(rows, columns=["sample", "drug", "source"])


def _names(known: str, text: str) -> bool:
    """Whether a text speaks of the sample, whatever separates its parts."""
    parts = re.findall(r"[a-z]+|\d+", known.lower())
    return bool(re.search(r"(?<![a-z0-9])" + r"[\W_]*".join(parts) + r"(?![a-z0-9])", text.lower()))


def _squeezed(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())
