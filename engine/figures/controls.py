"""Control wells of every plate as a strip, and duplicates against each other."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import FAILED
from engine.figures.plates import well_name
from engine.figures.screens import SEPARATION
from engine.figures.template import SELECTED, Chart, Palette, palette, styled
from engine.figures.text import cut, in_figure, number, plural
from engine.spheroid.left_out_plates import gone_plates
from engine.spheroid.replicates import MIN_PAIRS, Agreement

# On a strip, from left to right, with what is written below.
KINDS = {"negative": "negative", "positive": "positive", "metabolic_positive": "metab. pos.", "series": "series"}
HIGHEST = 200.0  # percent; a well that glows far beyond would squeeze all others, and stands on the edge
STEP, JITTER = 1.0, 0.22


def _marks(held: pd.DataFrame, kinds: Sequence[str], odd: int, out: int) -> str:
    """What the marks and names mean, of those that are there."""
    told = {
        "Ringed red: unlike its kind.": odd,
        "Crossed: left out.": out,
        "Metab. pos.: positive control of metabolic readouts.": "metabolic_positive" in kinds,
        "Series: rising doses of the positive control.": "series" in kinds,
        f"Values beyond {number(HIGHEST)} % stand on the edge.": (held["percent"] > HIGHEST).any(),
        f"Values below {number(-HIGHEST / 4)} % stand on the edge.": (held["percent"] < -HIGHEST / 4).any(),
    }
    return "".join(f" {words}" for words, there in told.items() if there)


def strips(wells: pd.DataFrame, verdicts: pd.DataFrame, context: str, selected: str = "", dark: bool = False) -> Chart:
    """Viability of every control well, plate by plate; customdata of a point is its well's name.

    wells: WELL_COLUMNS, percent, left_out, reason. verdicts: plate, value, verdict of z_prime, a row a plate.
    """
    colours = palette(dark)
    held = wells[wells["well_type"].isin(KINDS)].reset_index(drop=True)
    plates = list(dict.fromkeys(held["plate"]))
    kinds = [kind for kind in KINDS if (held["well_type"] == kind).any()]
    held = held.assign(
        well=[well_name(*place) for place in zip(held["plate"], held["row"], held["column"], strict=True)],
        x=_places(held, plates, kinds),
        y=held["percent"].clip(-HIGHEST / 4, HIGHEST),
    )
    figure = go.Figure()
    for kind in kinds:
        group = held[(held["well_type"] == kind) & ~held["left_out"] & held["percent"].notna()]
        figure.add_trace(_dots(group, _colour(kind, colours), "circle-open" if kind == "series" else "circle"))
    out = held.assign(y=held["y"].fillna(0.0))[held["left_out"].astype(bool)]
    if len(out):
        figure.add_trace(_dots(out, FAILED[dark], "x-thin", 9, 1.6))
    odd = held[(held["reason"] != "") & ~held["left_out"] & held["percent"].notna()]
    if len(odd):
        figure.add_trace(_dots(odd, FAILED[dark], "circle-open", 13, 2))
    chosen = held[(held["well"] == selected) & held["percent"].notna()]
    if len(chosen):
        figure.add_trace(_dots(chosen, SELECTED, "circle-open", 15, 3))
    for level in (0, 100):
        figure.add_hline(level, line={"color": colours.muted, "width": 1, "dash": "dot"})
    told = _judged(figure, plates, len(kinds), verdicts, gone_plates(held), colours, dark)
    figure.update_xaxes(
        tickvals=[at * (len(kinds) + 1) + i for at in range(len(plates)) for i in range(len(kinds))],
        ticktext=[KINDS[kind] for _ in plates for kind in kinds], showgrid=False,
        tickangle=0 if len(plates) * len(kinds) <= 6 else -60,
        range=[-0.7, len(plates) * (len(kinds) + 1) - 1.3] if plates else None,
    )  # fmt: skip
    figure.update_yaxes(title_text="Viability, %")
    figure = styled(figure, dark, 340).update_layout(margin={"t": 44})
    counted = held[held["percent"].notna() & ~held["left_out"]]
    n_plates = held.loc[~held["left_out"], "plate"].nunique()
    n_out = int(held["left_out"].sum())
    beside = f"; {plural(n_out, 'more is', 'more are')} left out" if n_out else ""
    return Chart(
        figure=figure,
        question="Do the controls of every plate stand apart?",
        caption=f"{plural(len(counted), 'control well')} of {plural(n_plates, 'plate')}{beside}, "
        f"{context}. Above each: Z' and what it means.{_marks(held, kinds, len(odd), len(out))}",
        summary=f"Viability of control wells. {told}",
        table=held[["well", "plate", "well_type", "treatment", "conc_nm", "percent", "left_out", "reason"]].rename(
            columns={"well": "Well", "plate": "Plate", "well_type": "Kind", "treatment": "Treatment",
                     "conc_nm": "Dose, nM", "percent": "Viability, %", "left_out": "Left out", "reason": "Remark"}
        ),
    )  # fmt: skip


def _places(held: pd.DataFrame, plates: list[str], kinds: list[str]) -> np.ndarray:
    """(w,) where each well stands: beside others of its kind, a series from its lowest dose to its highest."""
    base = held["plate"].map({plate: i * (len(kinds) + 1) for i, plate in enumerate(plates)}).to_numpy(float)
    base = base + held["well_type"].map({kind: i for i, kind in enumerate(kinds)}).to_numpy(float)
    groups = held.groupby(["plate", "well_type"], sort=False)
    order = held["conc_nm"].where(held["well_type"] == "series", 0.0).fillna(0.0)
    rank = order.groupby([held["plate"], held["well_type"]]).rank(method="first").to_numpy(float) - 1
    n = groups["row"].transform("size").to_numpy(float)
    return base + np.where(n > 1, (rank / np.maximum(1, n - 1) - 0.5) * 2 * JITTER, 0.0)


def _colour(kind: str, colours: Palette) -> str:
    """As on the map of the layout."""
    return {"negative": colours.text, "positive": SELECTED, "metabolic_positive": "#b58900"}.get(kind, "#8e5aa8")


def _dots(wells: pd.DataFrame, colour: str, symbol: str, size: int = 7, width: float = 1.2) -> go.Scatter:
    return go.Scatter(
        x=wells["x"],
        y=wells["y"],
        mode="markers",
        customdata=wells["well"],
        marker={"size": size, "color": colour, "symbol": symbol, "line": {"width": width, "color": colour}},
        text=[_told(row) for row in wells.itertuples(index=False)],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _told(row: Any) -> str:
    kind = str(row.well_type).replace("_", " ")
    out = ", left out" if row.left_out else ""
    return f"<b>{in_figure(row.well)}</b> {kind}{_dose(row.conc_nm)}<br>{number(float(row.percent))} %{out}"


def _dose(conc_nm: float) -> str:
    return f", {number(float(conc_nm))} nM" if np.isfinite(conc_nm) and conc_nm > 0 else ""


def _judged(
    figure: go.Figure, plates: list[str], n_kinds: int, verdicts: pd.DataFrame, gone: Collection[str], colours: Palette,
    dark: bool,
) -> str:  # fmt: skip
    """Z' in words above every plate; returns them as one text. gone: plates whose controls are all left out."""
    by_plate = {str(row.plate): row for row in verdicts.itertuples(index=False)}
    said = []
    for at, plate in enumerate(plates):
        found = None if plate in gone else by_plate.get(plate)
        verdict = str(found.verdict) if found is not None else "unknown"
        value = number(float(str(found.value))) if found is not None else "not judged"
        words = f"Z' {value}" + (f", {SEPARATION[verdict]}" if verdict != "unknown" else "")
        words = "left out" if plate in gone else words
        said.append(f"{plate}: {words}.")
        colour = {"good": colours.sensitive, "bad": FAILED[dark]}.get(verdict, colours.muted)
        figure.add_annotation(
            x=at * (n_kinds + 1) + (n_kinds - 1) / 2, y=1.0, yref="paper", yanchor="bottom", showarrow=False,
            text=f"<b>{in_figure(plate)}</b><br>{words}", font={"color": colour, "size": 13},
        )  # fmt: skip
    return " ".join(said)


def duplicates(
    pairs: pd.DataFrame, found: Agreement, what: str, unit: str, limits: tuple[float, float], context: str,
    chosen: str = "", hit: float | None = None, dark: bool = False,
) -> Chart:  # fmt: skip
    """Replicates against each other; customdata of a point is its drug.

    pairs: treatment, first, second and, where there are doses, conc_nm. found: their agreement. what: viability or DSS.
    limits: of both axes. chosen: the drug in orange. hit: a line at this value, on both axes.
    """
    colours = palette(dark)
    low, high = limits
    held = pairs.assign(x=pairs["first"].clip(low, high), y=pairs["second"].clip(low, high))
    figure = go.Figure(
        go.Scatter(
            x=[low, high], y=[low, high], mode="lines", line={"color": colours.muted, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    )  # fmt: skip
    if hit is not None:
        for line in (figure.add_hline, figure.add_vline):
            line(hit, line={"color": colours.grid, "width": 2})
    mine = (held["treatment"] == chosen).to_numpy(bool)
    for group, colour, size in ((held[~mine], colours.sensitive, 6), (held[mine], SELECTED, 10)):
        if len(group):
            doses = group["conc_nm"] if "conc_nm" in group else pd.Series(np.nan, index=group.index)
            figure.add_trace(
                go.Scatter(
                    x=group["x"],
                    y=group["y"],
                    mode="markers",
                    marker={"size": size, "color": colour, "opacity": 0.75},
                    customdata=group["treatment"],
                    text=[
                        f"<b>{in_figure(name)}</b>{_dose(dose)}<br>{number(a)} and {number(b)}"
                        for name, dose, a, b in zip(
                            group["treatment"], doses.astype(float), group["first"], group["second"], strict=True
                        )
                    ],
                    hovertemplate="%{text}<extra></extra>",
                    selected={"marker": {"opacity": 1}},
                    unselected={"marker": {"opacity": 0.75}},
                )
            )
    few = len(pairs) < MIN_PAIRS
    r = "too few pairs for a correlation" if few else f"Pearson r {number(found.r)}"
    between = (
        f" (95 % interval {number(found.lower)} to {number(found.upper)})"
        if found.lower is not None and found.upper is not None
        else ""
    )
    figure.add_annotation(
        x=0.02, y=0.98, xref="paper", yref="paper", xanchor="left", yanchor="top", showarrow=False, align="left",
        text=f"{r}<br>n = {len(pairs):,} pairs", bgcolor=colours.ground, font={"color": colours.text},
    )  # fmt: skip
    pad = 0.04 * (high - low)
    figure.update_xaxes(title_text=f"One replicate, {unit}", range=[low - pad, high + pad])
    figure.update_yaxes(title_text=f"Another, {unit}", range=[low - pad, high + pad])
    names = {"treatment": "Drug", "conc_nm": "Dose, nM", "addon": "With", "first": "One", "second": "Another"}
    columns = [name for name in names if name in pairs]
    return Chart(
        figure=styled(figure, dark, 340),
        question=f"Do replicates agree in {what}?",
        caption=f"{plural(len(pairs), 'pair')} of {plural(pairs['treatment'].nunique(), 'drug')}, {context}. "
        f"{r[:1].upper() + r[1:]}{between}; dotted: equal." + (f" Orange: {cut(chosen)}." if mine.any() else ""),
        summary=f"{what} of replicates: {r}{between}, n = {len(pairs):,} pairs.",
        table=pairs[columns].rename(columns=names),
    )
