"""The record of a review: entries in words, and scores before and after."""

import pandas as pd
import plotly.graph_objects as go

from engine.figures.screens import modality_name, modality_words
from engine.figures.template import SELECTED, Chart, palette, styled
from engine.figures.text import in_figure, number, plural
from engine.spheroid.review_types import ACTIONS, READOUTS, Entry
from engine.spheroid.settings import HIT_DSS

NAMED = 3  # drugs in a sentence
ROOM = -1.5  # DSS_asym, so that marks at zero do not lie on the names
VISIBLE = 0.1  # a step of DSS_asym that a person would call one
ROW_PX, FRAME_PX, MOST = 22, 90, 30


def entry_words(entry: Entry) -> str:
    """Anna excluded P1_D05 (images): contaminated."""
    what = f" {entry.target.name}" if entry.target.name else ""
    of = f" ({READOUTS[entry.readout]})" if entry.target.name and entry.readout != "all" else ""
    why = f": {entry.reason}" if entry.reason else ""
    return f"{entry.reviewer} {ACTIONS[entry.action]}{what}{of}{why}"


def pooled(changes: pd.DataFrame) -> pd.DataFrame:
    """Changes of drugs, all replicates together and without additions, largest first; see `review_types.Decided`."""
    mine = changes[(changes["replicate"] == "pooled") & (changes["addon"] == "")]
    size = (mine["after"].fillna(0) - mine["before"].fillna(0)).abs()
    return mine.loc[size.sort_values(ascending=False, kind="stable").index]


def changes_words(changes: pd.DataFrame, modality: str = "") -> str:
    """How many scores moved, which became hits or are none any more, and the largest steps.

    modality: the readout that is looked at; it is told first, the others by their number of changes. '' for all alike.
    """
    mine = pooled(changes)
    if mine.empty:
        return "No score changed."
    shown = mine[mine["modality"] == modality] if modality else mine
    rest = mine.drop(shown.index)
    told = [_steps(shown) if len(shown) else f"No score by {modality_words(modality)} changed."]
    if len(rest):
        each = [
            f"{modality_words(str(one))} {n}"
            for one, n in rest.groupby("modality", sort=False)["drug"].nunique().items()
        ]
        told.append(f"Drugs that changed by other readouts: {', '.join(each)}.")
    return " ".join(told)


def _steps(mine: pd.DataFrame) -> str:
    moved = (mine["after"] - mine["before"]).abs().ge(VISIBLE) | mine["after"].isna() | mine["before"].isna()
    told = [
        f"{plural(mine['drug'].nunique(), 'drug')} changed, {mine.loc[moved, 'drug'].nunique()} by {VISIBLE:g} or more"
    ]
    for became, words in ((True, "now a hit"), (False, "no hit any more")):
        turned = mine[(mine["hit_after"] == became) & (mine["hit_before"] != became)]
        if len(turned):
            told.append(f"{words}: {_listed(turned)}")
    several = mine["modality"].nunique() > 1
    largest = [
        f"{row.drug} {number(row.before)} → {number(row.after)}"
        + (f" ({modality_words(str(row.modality))})" if several else "")
        for row in mine.head(NAMED).itertuples()
    ]
    return f"{'; '.join(told)}. DSS: {', '.join(largest)}."


def _listed(rows: pd.DataFrame) -> str:
    names = list(dict.fromkeys(str(drug) for drug in rows["drug"]))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def changes_table(changes: pd.DataFrame) -> pd.DataFrame:
    """All changes as they stand in a table."""
    mine = pd.concat([pooled(changes), changes.drop(pooled(changes).index)])
    added = {"Addition": mine["addon"]} if mine["addon"].ne("").any() else {}
    return pd.DataFrame(
        {
            "Drug": mine["drug"],
            **added,
            "Readout": mine["modality"].map(modality_name),
            "Replicate": mine["replicate"],
            "DSS before": mine["before"].astype(float),
            "DSS after": mine["after"].astype(float),
            "Change": mine["after"].astype(float) - mine["before"].astype(float),
            "Hit before": mine["hit_before"].map({True: "yes", False: "no"}),
            "Hit after": mine["hit_after"].map({True: "yes", False: "no"}),
        }
    ).reset_index(drop=True)


def _highest(rows: pd.DataFrame) -> float:
    return float(max(HIT_DSS, rows["before"].max(), rows["after"].max()))


def before_and_after(changes: pd.DataFrame, context: str, dark: bool = False) -> Chart:
    """DSS_asym without any exclusion beside that of the record, one row a drug, the largest steps first.

    changes: of one modality; see `review_types.Decided`. context: for the caption.
    """
    colours = palette(dark)
    mine = pooled(changes)
    rows = mine.head(MOST).iloc[::-1]
    y = list(range(len(rows)))
    figure = go.Figure()
    for place, row in zip(y, rows.itertuples(), strict=True):
        if pd.isna(row.before) or pd.isna(row.after):
            continue  # one mark alone: there is no step
        figure.add_shape(
            type="line", x0=row.before, x1=row.after, y0=place, y1=place, line={"color": colours.muted, "width": 2}
        )
    fill = [colours.sensitive if hit else colours.resistant for hit in rows["hit_after"]]
    marks = (
        ("before", {"color": colours.ground, "size": 10, "line": {"color": colours.muted, "width": 2}}),
        ("after", {"color": fill, "size": 11}),
    )
    for column, marker in marks:
        figure.add_scatter(
            x=rows[column], y=y, mode="markers", marker=marker, customdata=rows["drug"],
            hovertext=[
                f"{in_figure(r.drug)}: {number(r.before)} before, {number(r.after)} now" for r in rows.itertuples()
            ],
            hoverinfo="text", cliponaxis=False,
        )  # fmt: skip
    figure.add_vline(HIT_DSS, line={"color": SELECTED, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=HIT_DSS, y=1, yref="paper", yanchor="bottom", text=f"hit: DSS {HIT_DSS:g}", showarrow=False,
        font={"color": colours.text},
    )  # fmt: skip
    figure.update_xaxes(title_text="DSS (asymmetric), 0 to 50", range=[ROOM, _highest(rows) - ROOM])
    figure.update_yaxes(
        tickvals=y,
        ticktext=[in_figure(name, 30) for name in rows["drug"]],
        showgrid=False,
        ticksuffix="   ",
        range=[-0.7, len(rows) - 0.3],
    )
    figure = styled(figure, dark, FRAME_PX + ROW_PX * max(3, len(rows))).update_layout(margin={"t": 26})
    shown = f"the {MOST} largest steps of {len(mine)}" if len(mine) > MOST else plural(len(mine), "drug")
    return Chart(
        figure=figure,
        question="What do the exclusions change?",
        caption=f"{context}, {shown}. Open: with every well; filled: without what was left out, hits teal.",
        summary=changes_words(changes),
        table=changes_table(changes),
    )
