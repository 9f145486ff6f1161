"""Radiosensitivity page: a run of each protocol, the model and what a point is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import forms, messages, radiation_data, state
from dashboard.job_panel import when
from engine.figures.radiation_words import PROTOCOL_NAMES, model_name, trained_words
from engine.figures.text import plural
from engine.radiation.settings import MODELS, NETWORK, OPTIONAL, PROTOCOLS

LINK = (
    "rad_published", "rad_grouped", "rad_model", "rad_tab", "rad_level", "rad_protocol", "rad_measure", "rad_lines",
    "rad_panel_measure", "rad_survival", "rad_line", "rad_other",
)  # fmt: skip
LEVELS = {"line": "Per cell line", "sample": "Per array"}


@dataclass(frozen=True)
class Shown:
    """What is looked at. runs: protocol -> the chosen run, a row of `records.runs`; left out where there is none."""

    runs: Mapping[str, Mapping[str, Any]]
    model: str

    @property
    def simulated(self) -> bool:
        return any(bool(run["simulated"]) for run in self.runs.values())

    @property
    def metrics(self) -> dict[str, pd.DataFrame]:
        """Protocol -> the run's measures."""
        return {protocol: radiation_data.metrics(run["run_id"]) for protocol, run in self.runs.items()}


def choose(found: pd.DataFrame) -> Shown:
    """One row of controls. found: of `records.runs`, not empty."""
    by_protocol = {name: found[found["protocol"] == name] for name in PROTOCOLS}
    chosen: dict[str, Mapping[str, Any]] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for protocol, rows in by_protocol.items():
            if len(rows):
                chosen[protocol] = _run(protocol, rows)
        known = [name for name in (*MODELS, *OPTIONAL) if any(name in _models(run) for run in chosen.values())]
        model = forms.choose("Model", known, "rad_model", show=model_name, width=190)
        forms.copy_link(LINK)
    return Shown(chosen, model)


def _models(run: Mapping[str, Any]) -> list[str]:
    return ["mean", *run["config"].get("models", MODELS)]


def _run(protocol: str, rows: pd.DataFrame) -> Mapping[str, Any]:
    """One of a protocol's runs: the newest unless an address names another one."""
    by_id = {row["run_id"]: row for row in rows.to_dict("records")}
    name = f"rad_{protocol}"
    asked, linked = state.get(name), state.get("run")
    if asked is not None and asked not in by_id:
        st.toast(
            f"The run {messages.plain(asked)} is not in the store: the newest one is shown.", icon=":material/link_off:"
        )
    first = linked if linked in by_id else next(iter(by_id))
    options = [first, *(one for one in by_id if one != first)]
    run_id = forms.choose(PROTOCOL_NAMES[protocol], options, name, lambda one: run_label(by_id[one]), width=400)
    return by_id[run_id]


def run_label(run: Mapping[str, Any]) -> str:
    """'2026-11-26 04:55 · NCI-60 U133A, 174 arrays, simulated'."""
    told = f"{when(str(run['created_at']))} · {run['expression']}, {plural(run['samples'], 'array')}"
    return told + (", simulated" if run["simulated"] else "")


def artificial(run: Mapping[str, Any]) -> bool:
    """Whether its arrays were repeated with noise, so that replicates are no measured arrays."""
    config = run["config"]
    return config.get("replicates", 1) > 1 or config.get("noise", 0) > 0


def trained(run: Mapping[str, Any]) -> str:
    """'trained 8 epochs, demonstration' where the run's network had few, '' otherwise."""
    has = NETWORK in _models(run)
    return trained_words(run["config"].get("epochs"), bool(run["simulated"])) if has else ""


def data_words(run: Mapping[str, Any]) -> str:
    """'NCI-60 U133A, artificial replicates, simulated, network trained 8 epochs', for captions."""
    marks = [str(run["expression"]) or "unnamed expression"]
    marks += ["artificial replicates"] if artificial(run) else []
    marks += ["simulated"] if run["simulated"] else []
    few = trained(run).split(",")[0]
    return ", ".join([*marks, *([f"network {few}"] if few else [])])


def all_words(shown: Shown) -> str:
    """`data_words` of every run that is shown, each once."""
    return "; ".join(dict.fromkeys(data_words(run) for run in shown.runs.values()))
