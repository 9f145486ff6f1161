"""The evidence beside a prediction: measured responses of similar lines, and which mutations moved the number."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.figures.forest import Mark, Row, forest
from engine.figures.template import Chart, palette, styled
from engine.figures.text import MINUS, MISSING, count, number, plural, signed
from engine.patient.types import MOST_POSITIONS, NearLine

ROW_PX, FRAME_PX, TOP_PX = 22, 20, 84
LIMIT = 2.5  # z beyond it has the colour of the end
# Blue, ground, orange: a diverging scale around a measured mean of zero, on which the text of the ground reads.
DIVERGING = {
    False: [[0.0, "#7fb3e0"], [0.5, "#f4f6f8"], [1.0, "#f2a55f"]],
    True: [[0.0, "#2d6da8"], [0.5, "#222c34"], [1.0, "#a8591a"]],
}
MOVERS, MARKERS = 10, 6  # mutations drawn; the tables have all


def similarity_map(
    ranking: pd.DataFrame, lines: Sequence[NearLine], measured: pd.DataFrame, context: str, dark: bool = False
) -> Chart:
    """Drugs against the most similar cell lines: the patient's predicted z-scores beside the lines' measured ones.

    ranking: rows of `Ranking.table` to draw, not empty, the first on top. lines: not empty, the most similar first.
    measured: columns drug_id, cosmic_id, z_score; pairs that nobody measured are absent.
    """
    colours = palette(dark)
    wide = measured.pivot_table(index="drug_id", columns="cosmic_id", values="z_score", observed=True)
    wide = wide.reindex(index=list(ranking["drug_id"]), columns=[line.cosmic_id for line in lines])
    z = np.column_stack([ranking["z_score"].to_numpy(float), np.full(len(ranking), np.nan), wide.to_numpy(float)])
    drugs = [escape(name) for name in ranking["drug"]]
    heads = ["<b>Predicted</b>", "", *(f"{escape(line.name)} · {line.similarity:.2f}" for line in lines)]
    rows, columns = list(range(len(drugs))), list(range(len(heads)))
    figure = go.Figure(
        go.Heatmap(
            z=z.round(3),
            x=columns,
            y=rows,
            zmin=-LIMIT,
            zmax=LIMIT,
            colorscale=DIVERGING[dark],
            xgap=2,
            ygap=2,
            hoverongaps=False,
            text=_cell_texts(z),
            texttemplate="%{text}",
            textfont={"size": 12, "color": colours.text},
            customdata=_cell_hovers(ranking, lines, z),
            hovertemplate="%{customdata}<extra></extra>",
            colorbar={
                "title": {"text": "z-score", "side": "right"},
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": [-2, -1, 0, 1, 2],
                "ticktext": [f"{MINUS}2 sensitive", f"{MINUS}1", "0 mean", "1", "2 resistant"],
                "len": min(1.0, 180 / (ROW_PX * len(drugs))) if len(drugs) > 8 else 1.0,
            },
        )
    )
    figure.update_xaxes(side="top", tickvals=columns, ticktext=heads, tickangle=-45, showgrid=False, title_text="")
    figure.update_yaxes(tickvals=rows, ticktext=drugs, range=[len(rows) - 0.5, -0.5], ticksuffix="  ", showgrid=False)
    table = pd.DataFrame({"Drug": list(ranking["drug"]), "Predicted z": ranking["z_score"].to_numpy(float)})
    for line, values in zip(lines, wide.to_numpy(float).T, strict=True):
        table[f"{line.name} ({line.similarity:.2f})"] = values
    known = int(np.isfinite(wide.to_numpy(float)).sum())
    return Chart(
        figure=styled(figure, dark, FRAME_PX + TOP_PX + ROW_PX * len(drugs)),
        question="What did these drugs do to the most similar cell lines?",
        caption=f"{plural(len(drugs), 'drug')} × {plural(len(lines), 'cell line')}, {context}; {count(known)} of "
        f"{count(wide.size)} pairs measured, the others are left empty. Beside each line its similarity: shared ÷ all "
        "mutated positions of either. z-scores are of all measured lines of the drug; orange is more resistant.",
        summary=_map_words(ranking, lines, wide),
        table=table,
    )


def _cell_texts(z: np.ndarray) -> list[list[str]]:
    return [["" if not np.isfinite(value) else _one_decimal(value) for value in row] for row in z]


def _one_decimal(value: float) -> str:
    """-0.04 is 0.0, not -0.0."""
    return f"{round(value, 1) + 0.0:.1f}".replace("-", MINUS)


def _cell_hovers(ranking: pd.DataFrame, lines: Sequence[NearLine], z: np.ndarray) -> list[list[str]]:
    who = [
        "patient, predicted",
        "",
        *(f"{escape(line.name)} ({escape(line.cancer_type or 'type unknown')}), measured" for line in lines),
    ]
    return [
        [f"<b>{escape(drug)}</b><br>{name}: z {number(float(value))}" for name, value in zip(who, row, strict=True)]
        for drug, row in zip(ranking["drug"], z, strict=True)
    ]


def _map_words(ranking: pd.DataFrame, lines: Sequence[NearLine], wide: pd.DataFrame) -> str:
    agree = ranking["z_score"].astype(float).reset_index(drop=True).corr(wide.mean(axis=1).reset_index(drop=True))
    near = ", ".join(f"{line.name} {number(line.similarity)}" for line in lines[:3])
    return (
        f"Predicted z-scores of {plural(len(ranking), 'drug')} beside those measured in {plural(len(lines), 'line')}. "
        f"Most similar: {near}. Pearson r between prediction and the lines' mean: "
        f"{MISSING if pd.isna(agree) else number(float(agree))}."
    )


def movers_chart(movers: pd.DataFrame, drug: str, dark: bool = False, known: int = 0) -> Chart:
    """How much every mutation moved the prediction for one drug.

    movers: not empty, the largest |effect| first; columns position_key, effect (ln uM: with minus without). known: how
    many mutations of the patient the network knows, where more of them than were tried.
    """
    colours = palette(dark)
    shown = movers.head(MOVERS)
    effects = shown["effect"].to_numpy(float)
    places = list(range(len(shown)))
    figure = go.Figure(
        go.Bar(
            x=effects.round(4),
            y=places,
            orientation="h",
            width=0.62,
            marker={"color": np.where(effects < 0, colours.sensitive, colours.resistant)},
            text=[signed(value) for value in effects],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=[
                f"{escape(key)}: {signed(value)} ln µM<extra></extra>"
                for key, value in zip(shown["position_key"], effects, strict=True)
            ],
        )
    )
    reach = float(np.abs(effects).max()) or 1.0
    low, high = min(float(effects.min()), 0.0), max(float(effects.max()), 0.0)
    figure.update_xaxes(
        title_text="Change of predicted ln(IC50), µM", range=[low - 0.3 * reach, high + 0.3 * reach], nticks=6
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=[escape(str(key)) for key in shown["position_key"]],
        range=[max(len(shown), 3) - 0.4, -0.6],
        ticksuffix="  ",
        showgrid=False,
    )
    figure.add_vline(0, line={"color": colours.muted, "width": 1})
    first = shown.iloc[0]
    return Chart(
        figure=styled(figure, dark, 60 + 26 * max(len(shown), 3)),
        question="Which mutations moved the prediction?",
        caption=f"{_tried(len(shown), len(movers), known)}, {drug}: prediction with minus prediction without it. Teal: "
        "more sensitive. What the network does, not what biology does.",
        summary=f"{drug}: moved most by {first['position_key']}, {signed(float(first['effect']))} ln µM.",
        table=movers[["position_key", "effect"]].rename(
            columns={"position_key": "Position", "effect": "Change of predicted ln(IC50), µM"}
        ),
    )


def _tried(drawn: int, tried: int, known: int) -> str:
    """Which mutations are drawn, of which: drawn <= tried <= known to the network."""
    told = plural(tried, "mutation")
    if tried >= MOST_POSITIONS:
        of = f"the {count(known)}" if known > tried else "those"
        told = f"{told} that were left out in turn, those of {of} that the network knows which most cell lines carry"
    else:
        told = f"{told} that the network knows"
    return f"The {count(drawn)} that moved it most of {told}" if tried > drawn else told


def markers_chart(markers: pd.DataFrame, drug: str, dark: bool = False) -> Chart:
    """What was measured on cell lines that carry each of the patient's mutations, less that on those that do not.

    markers: not empty, the largest |difference| first; MARKER_COLUMNS of `engine/patient/markers.py`.
    """
    shown = markers.head(MARKERS)
    marks = [
        Mark(
            row=place,
            value=row.difference,
            lower=row.lower,
            upper=row.upper,
            label=f"{signed(row.difference)} (n {count(row.n_with)})",
            name=escape(row.marker),
            kind="observed",
        )
        for place, row in enumerate(shown.itertuples())
    ]
    first = markers.iloc[0]
    columns = {
        "marker": "Mutated",
        "n_with": "Lines with it",
        "n_without": "Lines without",
        "z_with": "Mean z with",
        "z_without": "Mean z without",
        "difference": "Difference of z",
        "lower": "Lower end, 95 %",
        "upper": "Upper end, 95 %",
        "within_types": "Difference within cancer types",
        "n_within": "Lines with it, in types with both",
    }
    more = len(markers) > len(shown)
    of = f"The {count(len(shown))} that differ most of {count(len(markers))}" if more else count(len(markers))
    return Chart(
        figure=forest(
            marks,
            [Row(place, escape(name)) for place, name in enumerate(shown["marker"])],
            "Measured z with minus without (95 % interval)",
            dark,
            reference=0,
            room=0.7,
            labels_right=True,
        ),
        question="Do measured lines with these mutations differ?",
        caption=f"{of} positions and genes of this patient (a gene: mutated anywhere) that enough lines measured with "
        f"{drug} carry (n); no network is asked. Left of 0: lines with it are more sensitive. Not corrected for "
        "looking at several.",
        summary=f"{drug}: measured lines with {first['marker']} (n {count(first['n_with'])}) differ most from those "
        f"without, by {signed(float(first['difference']))} of z.",
        table=markers[list(columns)].rename(columns=columns),
    )
