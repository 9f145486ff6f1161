"""Screen review page: what the screen is and how far its review, what to beware of, and its four numbers."""

import math
from collections.abc import Sequence

import streamlit as st

from dashboard import data, frame, messages, nav, review_data, review_plate_data
from dashboard.job_panel import when
from dashboard.review_choose import Reviewed
from engine.figures.screens import SEPARATION, modality_words
from engine.figures.text import count, number, plural
from engine.jobs.status import JobStatus
from engine.spheroid.exclusions import other_scale
from engine.spheroid.hits import of_replicate
from engine.spheroid.left_out_plates import gone_plates
from engine.spheroid.open_intervals import drawing
from engine.spheroid.review import running_jobs
from engine.spheroid.review_types import STATUSES
from engine.spheroid.score_compare import MIN_DRUGS, compared
from engine.spheroid.settings import HIT_DSS, MODALITY_ALIASES

NAMED_PLATES = 4  # of more, the card tells the range
NAMED_ODD = 2  # plates of a card of many that are named, as they are not excellent
UNBROKEN = 26  # signs of a part of a note that stays on one line
COLOURS = {"open": "gray", "in_review": "primary", "signed_off": "green"}
ICONS = {"open": ":material/pending:", "in_review": ":material/rate_review:", "signed_off": ":material/verified:"}


def status(shown: Reviewed) -> None:
    """One line under the title, and warnings below it."""
    row, record = shown.row, shown.state
    replicates = len(review_data.replicates(shown.screen))
    told = [messages.plain(row["entity"])] if isinstance(row["entity"], str) and row["entity"] else []
    told += [plural(int(row["n_plates"]), "plate"), plural(int(row["drugs"]), "drug")]
    told.append("one replicate" if replicates == 1 else plural(replicates, "replicate"))
    left = plural(len(record.excluded), "exclusion")
    text = f"{STATUSES[record.status].capitalize()}, {left}"
    if record.signed is not None:
        text = f"Signed off by {messages.plain(record.signed.reviewer)}, {when(str(record.signed.at))}; {left}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{', '.join(told)}. {text}.", width="content")
        st.badge(
            messages.plain(f"{shown.screen} · {modality_words(shown.modality) or 'no readout'}"),
            color="primary",
        )
        st.badge(STATUSES[record.status].capitalize(), icon=ICONS[record.status], color=COLOURS[record.status])
    warnings = beware(shown)
    if warnings:
        st.warning("  \n".join(warnings), icon=":material/warning:")


def beware(shown: Reviewed) -> list[str]:
    """What speaks against the numbers below, a sentence each."""
    record, found = shown.state, []
    if record.broken:
        found.append(f"**The record is broken.** {messages.plain(record.broken)}")
    made_how = [review_data.how_scored(shown.screen, one) for one in shown.scored]
    old = review_data.stale(shown.screen)
    if old:
        names = " and ".join(modality_words(one) for one in old)
        found.append(f"**Scores by {names} are older than the record.** Score again under Decisions.")
    again = [one for one in shown.row["stale"] if one not in old]
    if again:
        names = " and ".join(modality_words(one) for one in again)
        found.append(f"**The network behind {names} was trained again since.** Score again on the Screens page.")
    for job in _changing(shown.screen)[:2]:
        found.append(f"**{messages.plain(job.title)}** is {job.state}: numbers here may change when it ends.")
    found += [messages.plain(made.note) for made in made_how if made is not None and made.damaged]
    for plate, addon in other_scale(review_data.values(shown.screen, shown.modality))[:NAMED_PLATES]:
        found.append(
            f"**Every negative control with {messages.plain(addon)} on plate {messages.plain(plate)} is left out.** "
            f"Its wells with {messages.plain(addon)} are held against controls without it: their DSS holds the effect "
            f"of {messages.plain(addon)}, too."
        )
    found += [messages.plain(one) for one in record.orphans]
    if not shown.scored:
        found.append("**Nothing is scored yet.** Score a readout on the Screens page.")
    return found


def _changing(screen: str) -> list[JobStatus]:
    """Jobs that may change numbers; what only draws intervals again has a line of its own (`review_intervals`)."""
    jobs = running_jobs(screen)
    ours = {one.job.id for one in drawing(data.database(), screen) if one.ours} if jobs else set()
    return [job for job in jobs if job.id not in ours]


def show(shown: Reviewed) -> None:
    """Controls, replicates, hits, and images beside metabolism."""
    frame.cards([_separation(shown), _replicates(shown), _hits(shown), _readouts(shown)])
    if not shown.scored:
        nav.link("screens.py", "Train and score", ":material/play_arrow:", scr_screen=shown.screen,
                 scr_tab="Train and score")  # fmt: skip


def _separation(shown: Reviewed) -> frame.Card:
    label = "Z' per plate"
    found = review_data.verdicts(shown.screen)
    found = found[(found["modality"] == shown.modality) & (found["plate"] != "")]
    rows = found[found["measure"].str.partition("+")[0] == "z_prime"] if len(found) else found
    if rows.empty:
        return frame.Card(label, "not judged", "Plates are judged when the readout is scored.")
    gone = gone_plates(review_data.values(shown.screen, shown.modality))
    rows = rows[~rows["plate"].isin(gone)]
    out = f"{', '.join(gone) if len(gone) <= NAMED_PLATES else plural(len(gone), 'plate')} left out" if gone else ""
    if rows.empty:
        return frame.Card(label, "left out", out)
    additions = rows["measure"].str.partition("+")[2]
    if additions.any():
        label = "Z' per plate and addition"
    names = [f"{plate} with {added}" if added else plate for plate, added in zip(rows["plate"], additions, strict=True)]
    told, words = [number(value, 2) for value in rows["value"]], [SEPARATION[verdict] for verdict in rows["verdict"]]
    if len(rows) > NAMED_PLATES:
        known = rows["value"].dropna()
        told = [f"{number(known.min(), 2)} to {number(known.max(), 2)}"] if len(known) else ["not defined"]
    if len(set(words)) == 1:
        note = [f"all {words[0]}" if len(words) > 1 else words[0]]
    elif len(words) > NAMED_PLATES:
        note = [f"{words.count(one)} {one}" for one in dict.fromkeys(SEPARATION.values()) if one in words]
        if words.count("excellent") >= len(words) - NAMED_ODD:
            odd = [f"{p} {word}" for p, word in zip(names, words, strict=True) if word != "excellent"]
            note = [note[0], *odd]
    else:
        note = [f"{p} {word}" for p, word in zip(names, words, strict=True) if word != "excellent"]
    return frame.Card(label, " · ".join(told), _note([*note, out], ", "))


def _note(parts: Sequence[str], between: str = "; ") -> str:
    """Parts that break between each other, not between a number and what it counts."""
    kept = [part.replace(" ", "\N{NO-BREAK SPACE}") if len(part) <= UNBROKEN else part for part in parts if part]
    return between.join(kept)


def _replicates(shown: Reviewed) -> frame.Card:
    label = "Replicate r (viability)"
    if len(review_data.replicates(shown.screen)) < 2:
        return frame.Card(label, "one replicate", "Nothing to compare it with.")
    if not shown.modality:
        return frame.Card(label, "not defined", "There is no readout.")
    found = review_plate_data.viability_agreement(shown.screen, shown.modality)
    scored = review_plate_data.dss_agreement(shown.screen, shown.modality)
    between = "" if found.lower is None else f"{number(found.lower, 2)} to {number(found.upper, 2)} (95 %)"
    dss = f"DSS r {number(scored.r, 2)}" if not math.isnan(scored.r) else f"DSS: {plural(scored.n, 'pair')}, too few"
    return frame.Card(label, number(found.r, 2), _note([between, plural(found.n, "pair"), dss]))


def _hits(shown: Reviewed) -> frame.Card:
    label = f"Hits, DSS ≥ {HIT_DSS:g}" + ("" if shown.replicate == "pooled" else f", replicate {shown.replicate}")
    mine = of_replicate(shown.scores, shown.replicate)
    if mine.empty:
        return frame.Card(label, "not scored", "")
    notes = []
    for modality in (one for one in _kinds(shown) if one != shown.modality):
        theirs = of_replicate(review_data.scores(shown.screen, modality), shown.replicate)
        both = int((compared(mine, theirs).rows["verdict"] == "both").sum())
        notes.append(_note([f"{modality_words(modality)} {int(theirs['hit'].sum())}", f"in both {both}"], ", "))
    unscored = int(mine["dss_asym"].isna().sum())
    notes = notes or ["no other readout is scored"]
    note = _note([*notes, f"{unscored} without a score" if unscored else ""])
    return frame.Card(label, f"{int(mine['hit'].sum())} of {count(len(mine))}", note)


def _kinds(shown: Reviewed) -> list[str]:
    """The scored readouts, of images only the one looked at, or the best."""
    image = shown.modality if shown.modality.startswith("image") else best_image(shown.scored)
    return [one for one in shown.scored if not one.startswith("image") or one == image]


def best_image(scored: tuple[str, ...]) -> str:
    """The newest phase that is scored; '' where none is."""
    return next((one for one in MODALITY_ALIASES["image"] if one in scored), "")


def _readouts(shown: Reviewed) -> frame.Card:
    seen = shown.modality
    if seen in ("metabolic", ""):
        seen = best_image(shown.scored) or ("mos" if "mos" in shown.scored else "")
    label = ("Mean of stack" if seen == "mos" else "Imaging") + " vs metabolic"
    if seen not in shown.scored or "metabolic" not in shown.scored:
        missing = "metabolic" if "metabolic" not in shown.scored else "images"
        return frame.Card(label, "one readout", f"There are no scores by {missing}.")
    sides = (of_replicate(review_data.scores(shown.screen, one), shown.replicate) for one in (seen, "metabolic"))
    found = compared(*sides)
    value = (
        f"r {number(found.r, 2)}" if not math.isnan(found.r) else "too few" if found.n < MIN_DRUGS else "not defined"
    )
    between = "" if math.isnan(found.r) else f"{number(found.lower, 2)} to {number(found.upper, 2)} (95 %)"
    off = plural(len(found.mismatches), "mismatch", "mismatches")
    return frame.Card(label, value, _note([between, f"{off} of {plural(found.n, 'drug')}"]))
