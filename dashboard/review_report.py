"""Screen review page: the screen's report as HTML, PDF, XLSX or PPTX, made when somebody asks for it."""

from functools import partial

import streamlit as st

from dashboard import data, messages, review_data
from dashboard.report_maker import Making, Progress, maker
from dashboard.review_choose import Reviewed
from engine.report.screen_write import kept

data.register("review", kept)
POLL_SECONDS = 1.0
WIDTH, BUTTON = 420, 200  # px: two buttons in a row
FILES = {
    "html": ("HTML", "Figures that answer to the pointer, in one file that needs no network"),
    "pdf": ("PDF", "A4, for the tumour board; needs Chromium on the computer that runs Tumorcast"),
    "xlsx": ("XLSX", "Every table in full: scores, curves, wells, quality, decisions"),
    "pptx": ("PPTX", "One figure a slide; needs Chromium on the computer that runs Tumorcast"),
    "bundle": ("bundle", "Data, decisions, models and scores: `python -m engine rescore` makes the same scores"),
}


def offer(shown: Reviewed) -> None:
    """A button that opens the files."""
    if not shown.readouts:
        return
    popover = st.popover("Report", icon=":material/description:", key="review_report", on_change="rerun")
    if popover.open:
        with popover:
            _files(shown)


def _files(shown: Reviewed) -> None:
    signed = shown.state.status == "signed_off"
    st.markdown("**Report of this screen.** " + ("Signed off." if signed else "Its pages say *not signed off*."))
    rests_on = (review_data.state_hash(shown.screen), shown.state.last, kept_of(shown.screen))
    keys = {form: (shown.screen, *rests_on, form) for form in FILES}
    found = {form: maker().look(key) for form, key in keys.items()}
    busy = sum(bool(one and one.busy) for one in found.values())
    if busy:
        st.fragment(partial(_follow, list(keys.values()), busy), run_every=POLL_SECONDS)()
    with st.container(horizontal=True, gap="small", width=WIDTH):
        for form in FILES:
            _file(shown, form, keys[form], found[form])
    for made in found.values():
        if made and made.error:
            st.error(messages.plain(made.error), icon=":material/error:")


def kept_of(screen: str) -> tuple:
    """What else a report is written from: scores with their intervals, verdicts, phenotype maps.

    A sign-off does not change the seal, nor does a job that draws intervals: a file of before is not one of now.
    """
    return (*data._cached("review_kept", screen), review_data.mapped_runs(screen))


def _file(shown: Reviewed, form: str, key: tuple, made: Making | None) -> None:
    """One kind of file: asked for, in work, or there."""
    label, about = FILES[form]
    if made and made.content:
        st.download_button(
            f"Download {label}", data=lambda: made.content, file_name=made.name, key=f"review_report_get_{form}",
            icon=":material/download:", on_click="ignore", type="primary", help=made.name, width=BUTTON,
        )  # fmt: skip
        return
    st.button(
        f"Make {label}", key=f"review_report_make_{form}", icon=":material/note_add:", help=about, width=BUTTON,
        disabled=bool(made and made.busy), on_click=_start, args=(key, shown.screen, form),
    )  # fmt: skip


def _start(key: tuple, screen: str, form: str) -> None:
    database = data.database()

    def make(progress: Progress) -> tuple[bytes, str]:
        from engine.report.screen_write import bundle_file, screen_file

        if form == "bundle":
            return bundle_file(database, screen)
        return screen_file(database, screen, form, progress)

    maker().start(key, make)


def _follow(keys: list[tuple], were_busy: int) -> None:
    """How far the files are; when one of them is done, the page draws its button. were_busy: when it was drawn."""
    found = [(key, maker().look(key)) for key in keys]
    busy = [(key, one) for key, one in found if one and one.busy]
    for key, one in busy:
        st.progress(min(max(one.part, 0.0), 1.0), f"{FILES[key[-1]][0]}: {one.sentence}")
    if busy:
        st.caption("Ten to twenty seconds; go on with the page meanwhile.")
    if len(busy) < were_busy:
        st.rerun()
