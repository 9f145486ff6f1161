"""Screens page: every measure of quality of the chosen screen with its verdict and reason; what it downloads as."""

import pandas as pd
import streamlit as st

from dashboard import export, frame, messages, screens_data, state
from dashboard.screens_data import Shown
from dashboard.screens_list import all_good, plates_in_words, replicate_r
from engine.figures.screens import NAMED, VERDICTS, measure_name, modality_name
from engine.figures.text import count, number
from engine.spheroid.judged import worst_first
from engine.spheroid.quality_limits import ADDON

ALL = "All plates"
WRAPPED = 58  # px of a row whose sentences take two lines
MOST = 40  # sentences at once; the table has them all
ICONS = {"bad": ":material/error:", "doubtful": ":material/warning:", "unknown": ":material/help:"}


def show(shown: Shown) -> None:
    """Cards, then the verdicts, worst first."""
    everything = screens_data.verdicts(shown.screen)
    found = screens_data.judged(everything, shown.readout)
    if found.empty:
        messages.empty(
            f"**The plates of {messages.plain(shown.screen)} are not judged by this readout.** Every scoring judges "
            "them; it takes seconds to minutes."
        )
        st.button("Score it", type="primary", on_click=state.choose, args=("scr_tab", "Train and score"))
        downloads(shown, everything)
        return
    frame.cards(_cards(shown, found))
    for plate, told in screens_data.plates_left_out(shown.screen, shown.readout).items():
        st.markdown(f":gray[:material/close: **{messages.plain(plate)}** {messages.plain(told)}: judged no more.]")
    problems = st.toggle("Only what is not good", key=state.bound("scr_problems"))
    state.keep("scr_problems", problems)
    # Sentences and no column of a table, which would cut reasons off on a narrow screen.
    said = sentences(found[found["verdict"] != "good"])
    for sentence in said[:MOST]:
        st.markdown(sentence)
    if not said:
        st.markdown(all_good(found))
    elif len(said) > MOST:
        st.caption(f"{count(len(said) - MOST)} more stand in the table of all measures.")
    if not problems:
        frame.table(
            listed(worst_first(found)),
            key=f"screens_quality_{hash((shown.screen, shown.readout, problems))}",
            height="content",
            Measure=st.column_config.Column(width=215),  # px
            Value=st.column_config.Column(width=80),
            Verdict=st.column_config.Column(width=85),
            Reason=st.column_config.Column(width="large"),
            row_height=WRAPPED,
        )
    readout = modality_name(str(found["modality"].iloc[0]))
    st.caption(f"{readout}. Limits of good and bad are published where there are any, else chosen here and say so.")
    downloads(shown, everything)


def _cards(shown: Shown, found: pd.DataFrame) -> list[frame.Card]:
    z = found[(found["measure"] == "z_prime") & (found["plate"] != "")]
    robust = found[(found["measure"] == "robust_z_prime") & (found["plate"] != "")]
    spearman = found[(found["measure"] == "replicate_spearman") & (found["plate"] == "")]["value"]
    counts = found["verdict"].value_counts()
    hits = screens_data.hits()
    mine = hits[(hits["screen"] == shown.screen) & (hits["modality"] == found["modality"].iloc[0])]
    of = f"of {int(mine['drugs'].iloc[0]):,} drugs" if len(mine) else "score it to see them"
    rank = f"Spearman {number(float(spearman.iloc[0]))}" if len(spearman) else "over all plates"
    told = ", ".join(f"{counts[name]:,} {VERDICTS[name].lower()}" for name in VERDICTS if name in counts)
    shares = f"robust: {' · '.join(number(one) for one in robust['value'])}" if len(robust) else ""
    values = " · ".join(number(one) for one in z["value"]) or "none"
    if len(z) > NAMED:
        values, shares = f"{number(z['value'].min())} to {number(z['value'].max())}", plates_in_words(z)
    return [
        frame.Card("Z' per plate", values, shares or plates_in_words(z)),
        frame.Card("Replicates, Pearson r", number(replicate_r(found)), rank),
        frame.Card("Hits, DSS ≥ 10", f"{int(mine['hits'].iloc[0]):,}" if len(mine) else "not scored", of),
        frame.Card("Measures", f"{len(found):,}", told),
    ]


def sentences(rows: pd.DataFrame) -> list[str]:
    """Verdicts in words, worst first; plates that share a measure and its reason share the sentence."""
    said = []
    for (verdict, measure, reason), alike in worst_first(rows).groupby(["verdict", "measure", "reason"], sort=False):
        told = ", ".join(
            (plate or ALL.lower()) + ("" if pd.isna(value) else f" {_value(measure, value)}")
            for plate, value in zip(alike["plate"], alike["value"], strict=True)
        )
        what = f"{messages.plain(measure_name(measure))}: {messages.plain(told)}"
        said.append(f"{ICONS[verdict]} **{what}.** {messages.plain(reason)}")
    return said


def _value(measure: str, value: float) -> str:
    return count(int(value)) if measure.partition(ADDON)[0].endswith(("wells", "out_of_range")) else number(value)


def listed(rows: pd.DataFrame) -> pd.DataFrame:
    """Verdicts as they stand on screen. rows: of `judged.stored`."""
    return pd.DataFrame(
        {
            "Plate": rows["plate"].replace("", ALL),
            "Measure": rows["measure"].map(measure_name),
            "Value": rows["value"].astype(float),
            "Verdict": rows["verdict"].map(VERDICTS),
            "Reason": rows["reason"],
        }
    )


def downloads(shown: Shown, everything: pd.DataFrame) -> None:
    """Everything that is known of the screen, as files."""
    stem = f"tumorcast-{shown.screen}"
    about = {"screen": shown.screen, "simulated": "yes" if shown.row["simulated"] else "no"}
    st.subheader("Take it along", anchor=False)
    with st.grid(3, min_column_width=240, gap="medium"):
        for label, called, whole, there in (
            ("Wells with their readouts", "wells", lambda: screens_data.wells(shown.screen), True),
            ("Scores and curves", "scores", lambda: screens_data.scores(shown.screen), bool(shown.row["scored"])),
            ("Verdicts of quality", "quality", lambda: everything, len(everything) > 0),
        ):
            with st.container():
                st.caption(label if there else f"{label}: none yet")
                if there:
                    export.buttons(
                        pd.DataFrame({"": [0]}), f"{stem}-{called}", f"screens_{called}", whole, tuple(export.FORMATS),
                        about,
                    )  # fmt: skip
