"""Screens page: every screen with its state, the controls of its plates at a glance, and the chosen one beside them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import entity, export, forms, frame, messages, nav, screens_data, state
from dashboard.job_panel import when
from dashboard.screens_data import READOUTS, Shown
from engine.figures.screens import NAMED, SEPARATION, STATES, measure_name, modality_name, separation
from engine.figures.text import count, number, plural
from engine.spheroid.judged import worst_first
from engine.spheroid.settings import HIT_DSS

REASONS = 3  # shown beside the chart; the others stand under Quality
NOT_TOLD = "not told"
SPARK = "Z'"
HITS = ("Hits, images", "Hits, metabolic")


def show(shown: Shown) -> None:
    """The chart beside the chosen screen, the list below."""
    found = screens_data.judged(screens_data.verdicts(), shown.readout)
    plates = found[(found["measure"] == "z_prime") & (found["plate"] != "")]
    main_cell, side = frame.main_and_side("screens")
    with main_cell:
        drawn = shown.screens["simulated"]
        simulated = ", simulated data" if drawn.all() else ", some simulated" if drawn.any() else ""
        context = f"{READOUTS[shown.readout].lower()}{simulated}"
        chart = separation(plates, list(shown.screens["screen"]), context, frame.dark())
        frame.chart(chart, "screens_separation", view=(shown.readout, shown.screen), on_pick=_pick)
    with side:
        _one(shown, found[found["screen"] == shown.screen])
    _listed(shown, found)


def _listed(shown: Shown, found: pd.DataFrame) -> None:
    """Every screen, or those that are asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = forms.choose_many(
            "State", [one for one in STATES if one in set(shown.screens["state"])], "scr_states", STATES.__getitem__,
            width=300, placeholder="All states",
        )  # fmt: skip
        words = st.text_input("Find", key=state.bound("scr_find"), placeholder="Screen, sample or diagnosis", width=300)
        state.keep("scr_find", words)
    screens = asked_for(shown.screens, wanted, words or "")
    if screens.empty:
        st.caption("No screen is like that: choose another state or other words.")
        return
    listed = overview(screens, found, shown.readout)
    places = list(screens["screen"])
    frame.table(
        listed.assign(**{SPARK: _values(screens, found)})[[*listed.columns[:5], SPARK, *listed.columns[5:]]],
        key=f"screens_table_{hash((tuple(wanted), words))}",
        height="content",
        on_pick=lambda row: _pick(None if row is None else places[row]),
        ticked=places.index(shown.screen) if shown.screen in places else None,
        missing="not known",
        shown={name: ["" if pd.isna(n) else count(n) for n in listed[name]] for name in HITS},
        **{
            "Z' per plate": st.column_config.Column(width=290),  # px
            SPARK: st.column_config.BarChartColumn(y_min=-1, y_max=1, width=70, help="Z' of every plate, -1 to 1"),
        },
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Tick a row to look at that screen; a click on a heading sorts. Z': "
            f"{READOUTS[shown.readout].lower()}. Hits: DSS_asym of {HIT_DSS:g} or more, replicates pooled."
        )
        export.buttons(listed, "tumorcast-screens", key="screens_list")


def asked_for(screens: pd.DataFrame, states: Sequence[str], words: str) -> pd.DataFrame:
    """The screens in one of the states (none: in any) whose name, sample or diagnosis holds the words."""
    text = screens[["screen", "sample", "entity"]].fillna("").agg(" ".join, axis=1).str.casefold()
    fits = text.str.contains(words.strip().casefold(), regex=False)
    return screens[fits & (screens["state"].isin(states) if states else True)]


def _values(screens: pd.DataFrame, found: pd.DataFrame) -> list[list[float]]:
    """Z' of every plate of every screen, as far as a bar shows it."""
    plates = found[(found["measure"] == "z_prime") & (found["plate"] != "")].dropna(subset="value")
    of = {screen: rows["value"].clip(-1, 1).tolist() for screen, rows in plates.groupby("screen")}
    return [of.get(screen, []) for screen in screens["screen"]]


def _pick(screen: object) -> None:
    if screen is not None:
        state.choose("scr_screen", screen if isinstance(screen, str) else screen[0])  # type: ignore[index]


def _one(shown: Shown, found: pd.DataFrame) -> None:
    """What the chosen screen is, and what speaks against it."""
    row = shown.row
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(messages.plain(shown.screen), anchor=False, width="content")
        done = row["state"] in ("scored", "in_review", "signed_off")
        st.badge(STATES[row["state"]], color="primary" if done else "gray")
        if row["simulated"]:
            st.badge("Simulated", color="orange")
    counts = screens_data.hits()
    counts = counts[counts["screen"] == shown.screen]
    told = [
        f"{modality_name(one.modality)}: {one.hits} of {one.drugs} drugs"
        + (" (by a network that was trained again since: score again)" if one.modality in row["stale"] else "")
        for one in counts.itertuples()
    ]
    readouts = ", ".join(modality_name(one) for one in row["readouts"]) or "none"
    entity.facts(
        {
            "Sample": entity.plain(_text(row["sample"])),
            "Diagnosis": entity.plain(_text(row["entity"])),
            "Plates": entity.plain(f"{row['n_plates']} of {row['n_wells']:,} wells, {row['n_images']:,} with images"),
            "Readouts": entity.plain(readouts),
            "Hits": entity.plain("; ".join(told) or "not scored yet"),
            "Origin": entity.plain(_text(row["origin"])),
        }
    )
    reviewed = row["kind"] != "controls" and bool(row["readouts"])
    if reviewed and st.button("Review this screen", type="primary", icon=":material/fact_check:", key="scr_review"):
        st.switch_page(nav.path("screen_review.py"), query_params={"rev_screen": shown.screen})
    for plate, told in screens_data.plates_left_out(shown.screen, shown.readout).items():
        st.markdown(f":gray[:material/close: **{messages.plain(plate)}** {messages.plain(told)}: judged no more.]")
    if found.empty:
        st.caption("Its plates are not judged by this readout yet: score it, or choose another readout.")
        return
    wrong = worst_first(found[found["verdict"].isin(("bad", "doubtful"))])
    if wrong.empty:
        st.markdown(all_good(found))
    # Measures that share a reason share the line, so that every plate that fails is named among the first.
    for (_, _, reason), alike in list(wrong.groupby(["verdict", "plate", "reason"], sort=False))[:REASONS]:
        one, measures = alike.iloc[0], [measure_name(measure) for measure in alike["measure"]]
        icon = ":material/error:" if one.verdict == "bad" else ":material/warning:"
        where = messages.plain(one.plate) or "All plates"
        st.markdown(f"{icon} **{where}, {messages.plain(', '.join(measures))}.** {messages.plain(reason)}")
    if len(wrong) and reviewed:
        # Under review every one of them stands with its wells and the button that leaves it out.
        words = f"See all {len(wrong)} with their wells" if len(wrong) > REASONS else "See the wells"
        nav.link("screen_review.py", words, ":material/arrow_forward:", rev_screen=shown.screen, rev_tab="Quality")
    elif len(wrong) > REASONS:
        st.button(f"See all {len(wrong)}", on_click=state.choose, args=("scr_tab", "Quality"), type="tertiary")


def all_good(found: pd.DataFrame) -> str:
    """That nothing speaks against the plates, and how much could not be told."""
    unknown = int((found["verdict"] == "unknown").sum())
    more = f"; {count(unknown)} more could not be judged" if unknown else ""
    return f":material/check: {plural(len(found) - unknown, 'measure')} of quality, all good{more}."


def _text(value: object) -> str:
    return NOT_TOLD if value is None or pd.isna(value) or not str(value) else str(value)


def _with_left_out(z: pd.DataFrame, gone: pd.DataFrame) -> str:
    """`plates_in_words`, and which plates a review leaves out."""
    out = [f"{plate} left out" for plate in dict.fromkeys(gone["plate"])]
    return ", ".join([*([plates_in_words(z)] if len(z) else []), *out]) or "not judged"


def overview(screens: pd.DataFrame, found: pd.DataFrame, readout: str = "image") -> pd.DataFrame:
    """One row a screen. found: verdicts by the readout that is looked at, one of READOUTS."""
    counts = screens_data.hits().set_index(["screen", "modality"])["hits"].to_dict()
    rows, gone = [], screens_data.left_out()
    gone = gone[gone["readout"].isin(("all", readout))]
    for one in screens.to_dict("records"):
        mine = found[found["screen"] == one["screen"]]
        z = mine[(mine["measure"] == "z_prime") & (mine["plate"] != "")]
        r = replicate_r(mine)
        images = screens_data.modality("image", one["scored"])
        rows.append(
            {
                "Screen": one["screen"],
                "State": STATES[one["state"]],
                "Reviewer": one["reviewer"],
                "Sample": one["sample"] or "",
                "Z' per plate": _with_left_out(z, gone[gone["screen"] == one["screen"]]),
                "Replicate r": r,
                "Hits, images": counts.get((one["screen"], images)),
                "Hits, metabolic": counts.get((one["screen"], "metabolic")),
                "Drugs": one["drugs"],
                "Diagnosis": one["entity"] or "",
                "Plates": one["n_plates"],
                "Screened": "" if pd.isna(one["screened_on"]) else str(one["screened_on"])[:10],
                "Kind": "Controls" if one["kind"] == "controls" else "Drugs",
                "Imported": "" if pd.isna(one["imported_at"]) else when(str(one["imported_at"])),
                "Data": "Simulated" if one["simulated"] else "Measured",
            }
        )
    return pd.DataFrame(rows).astype({"Replicate r": float, **dict.fromkeys(HITS, float)})


def plates_in_words(rows: pd.DataFrame) -> str:
    """P1 0.61, P2 0.58: excellent; or P1 0.61 excellent, P2 −0.20 unusable; of many plates the span and counts."""
    words = [SEPARATION[verdict] for verdict in rows["verdict"]]
    if len(rows) > NAMED:
        known = rows["value"].dropna()
        span = f"{number(known.min(), 2)} to {number(known.max(), 2)}" if len(known) else "no value"
        counts = ", ".join(f"{words.count(word)} {word}" for word in SEPARATION.values() if word in words)
        return f"{len(rows)} plates, {span}: {counts}"
    values = [f"{plate} {number(value, 2)}" for plate, value in zip(rows["plate"], rows["value"], strict=True)]
    if len(set(words)) == 1:
        return f"{', '.join(values)}: {words[0]}"
    known = rows["value"].notna()
    return ", ".join(f"{one} {word}" if told else one for one, word, told in zip(values, words, known, strict=True))


def replicate_r(found: pd.DataFrame) -> float:
    """Pearson r of duplicates over all plates, of one plate where there is but one; NaN where it is not known."""
    mine = found[found["measure"] == "replicate_pearson"]
    whole = mine[mine["plate"] == ""]
    chosen = whole if len(whole) else mine if len(mine) == 1 else mine.head(0)
    return float(chosen["value"].iloc[0]) if len(chosen) else float("nan")
