"""A case's drugs by its mutations beside its own screen."""

import pandas as pd
import plotly.graph_objects as go

from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import count, interval, number, plural
from engine.patient.joined import VERDICTS, Correlation, Joined
from engine.spheroid.settings import HIT_DSS

LABELLED = 12  # names in the picture; all stand in the table
SYMBOLS = {"both": "circle", "neither": "circle", "screen_only": "diamond", "mutations_only": "square"}


def joined_chart(joined: Joined, below: float, context: str, chosen: str = "", dark: bool = False) -> Chart:
    """Predicted ln(IC50) beside DSS_asym, with both limits. below: ln uM of a sensitive line."""
    colours = palette(dark)
    rows = joined.table[joined.table["verdict"] != "unscored"]
    figure = go.Figure()
    for verdict, symbol in SYMBOLS.items():
        mine = rows[rows["verdict"] == verdict]
        works = verdict in ("both", "screen_only")
        colour = colours.sensitive if works else colours.resistant
        agree = verdict in ("both", "neither")
        figure.add_scatter(
            x=mine["ln_ic50_pred"], y=mine["dss_asym"], mode="markers", customdata=mine["drug"],
            marker={"symbol": symbol if agree else f"{symbol}-open", "size": 10, "color": colour, "line": {"width": 2}},
            hovertext=[_hover(row) for row in mine.itertuples()], hoverinfo="text",
        )  # fmt: skip
    named = rows[~rows["verdict"].isin(("neither",))].head(LABELLED)
    if chosen and chosen not in set(named["drug"]):
        named = pd.concat([named, rows[rows["drug"] == chosen]])
    figure.add_scatter(
        x=named["ln_ic50_pred"], y=named["dss_asym"], mode="text", text="  " + named["drug"],
        textposition="middle right", textfont={"size": 12, "color": colours.text}, hoverinfo="skip",
    )  # fmt: skip
    one = rows[rows["drug"] == chosen]
    if len(one):
        figure.add_scatter(
            x=one["ln_ic50_pred"], y=one["dss_asym"], mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 17, "color": SELECTED, "line": {"width": 2.5}},
        )  # fmt: skip
    figure.add_vline(below, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.add_hline(HIT_DSS, line={"color": SELECTED, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title_text="Predicted ln(IC50), µM (from mutations)")
    figure.update_yaxes(title_text="DSS (asymmetric), 0 to 50 (screen)", rangemode="tozero")
    return Chart(
        figure=styled(figure, dark, 420),
        question="Do mutations and the screen agree?",
        caption=f"{context}. Filled: both say the same; open diamond: works in the screen only; open square: expected "
        f"from the mutations only. Dotted: ln(IC50) {number(below, 2)}; dashed: hit, DSS {HIT_DSS:g}.",
        summary=joined_words(joined),
        table=joined_table(joined),
    )


def _hover(row) -> str:
    return (
        f"{row.drug}<br>predicted ln(IC50) {number(row.ln_ic50_pred)} ({interval(row.lower, row.upper)})"
        f"<br>DSS {number(row.dss_asym)} ({interval(row.dss_lower, row.dss_upper)})<br>{VERDICTS[row.verdict]}"
    )


def joined_words(joined: Joined) -> str:
    """How far both agree, beside chance and beside the drug means."""
    told = (
        f"On {joined.agree} of {plural(joined.compared, 'drug')} both say the same; by chance it would be "
        f"{number(joined.expected)}."
    )
    if joined.predicted.rho == joined.predicted.rho:
        told += (
            f" Rank correlation of predicted potency with DSS {_rho(joined.predicted)}; of the drug's mean over all "
            f"lines, which knows nothing of this case, {_rho(joined.baseline)}."
        )
    return told


def _rho(found: Correlation) -> str:
    return f"{number(found.rho, 2)} ({interval(found.lower, found.upper)}, n {count(found.n)})"


def joined_table(joined: Joined) -> pd.DataFrame:
    """Every drug in both, as it stands in the table."""
    rows = joined.table
    return pd.DataFrame(
        {
            "Drug": rows["drug"],
            "Verdict": rows["verdict"].map(VERDICTS),
            "DSS": rows["dss_asym"].astype(float),
            "DSS, 95 %": [interval(low, high) for low, high in zip(rows["dss_lower"], rows["dss_upper"], strict=True)],
            "Wells": rows["n_wells"].astype(int),
            "Predicted ln(IC50), µM": rows["ln_ic50_pred"].astype(float),
            "ln(IC50), 90 %": [interval(low, high) for low, high in zip(rows["lower"], rows["upper"], strict=True)],
            "Mean ln(IC50) of all lines, µM": rows["drug_mean"].astype(float),
            "Skill of the prediction": rows["skill"].astype(float),
            "Extrapolation": rows["extrapolation"].map({True: "yes", False: "no"}).fillna("not known"),
        }
    )
