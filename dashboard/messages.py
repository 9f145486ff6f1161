"""EngineError -> words for a person. Nobody sees a traceback; it goes to the log."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard import nav
from engine.errors import EngineError
from engine.response.records import RunSummary

IMPORTS = """.venv/bin/python -m engine import cell-lines LINES.csv
.venv/bin/python -m engine import drugs DRUGS.csv
.venv/bin/python -m engine import mutations MUTATIONS.csv
.venv/bin/python -m engine import responses GDSC_fitted_dose_response.csv
.venv/bin/python -m engine train response --networks all --epochs 30 --wait"""
log = logging.getLogger("tumorcast")


@contextmanager
def in_words() -> Iterator[None]:
    """Around a page or a fragment (also as its decorator): errors end it with a message in its place."""
    try:
        yield
    except EngineError as error:
        st.error(told(error), icon=":material/error:")
    except Exception as error:
        log.exception("A page failed")
        st.error(
            f"Something went wrong here that should not ({type(error).__name__}). Your data are unchanged. "
            "Reload the page; if it happens again, the details are in the terminal that runs the dashboard.",
            icon=":material/error:",
        )


def plain(text: object) -> str:
    """Text of a file or an error as it is: Markdown would make links, pictures and colours of some of its signs."""
    return re.sub(r"([\\`*_\[\]<>~$#|]|:(?=\w))", r"\\\1", " ".join(str(text).split()))


def told(error: object) -> str:
    """An error in words: as `plain`, but a command between back quotes stands as one."""
    parts = re.split(r"(`[^`\n]+`)", str(error))
    return " ".join("".join(part if at % 2 else _joined(part) for at, part in enumerate(parts)).split())


def _joined(text: str) -> str:
    """`plain`, with the spaces at both ends."""
    ends = (text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]) if text.strip() else (text, "")
    return f"{ends[0]}{plain(text)}{ends[1]}"


def empty(text: str, **link: str) -> None:
    """An empty state: what is missing, and the page that mends it (page=, label=)."""
    with st.container(border=True):
        st.markdown(text)
        if link:
            nav.link(link["page"], link["label"], ":material/arrow_forward:")


def no_run(data: bool) -> None:
    """Nothing was trained yet: train, or bring in what training needs."""
    text = "**No predictions yet.** They come with the first training run"
    if data:
        empty(f"{text}.", page="models.py", label="Train the networks")
    else:
        empty(f"{text}, and the store holds no data to train on.", page="data.py", label="Start with some data")


def baselines_only(run: RunSummary) -> None:
    """Says that the run shown trained no network, where that is so."""
    if run.models and not run.networks:
        st.caption("This run trained no network: what is shown here are its baselines.")


def how_to_import() -> None:
    """Where a person's own tables come in: the Data page, or these commands."""
    nav.link("data.py", "Import tables on the Data page", ":material/upload_file:", data_tab="Import a table")
    st.markdown("Or in a terminal, in the folder of Tumorcast; each command says what it kept, what not and why.")
    st.code(IMPORTS, language="bash", wrap_lines=True)
