"""Every session key with its default, and which of them live in the address: a view is a link.

Streamlit forgets a widget's key when its page is left. `bound` puts the kept value back before the widget is drawn,
`keep` remembers what it returned. Linked keys are bound to a query parameter of the same name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st


@dataclass(frozen=True)
class Key:
    """One session key: what it holds, its default, and whether it is part of a link."""

    holds: str
    default: Any = None
    linked: bool = False


KEYS: dict[str, Key] = {
    "run": Key("the run looked at; None is the newest", linked=True),
    "model": Key("the network or baseline looked at", "ensemble", linked=True),
    "type": Key("cancer types filtered by", (), linked=True),
    "drug": Key("drug names filtered by", (), linked=True),
    "line": Key("cell line names filtered by", (), linked=True),
    "pathway": Key("target pathways filtered by", (), linked=True),
    "job": Key("the job whose log is shown", linked=True),
    "show_finished": Key("whether finished jobs are listed", True),
    "train_networks": Key("networks to train", ()),
    "train_epochs": Key("epochs to train", 12),
    "train_seed": Key("seed of the next training", 0),
    "followed": Key("the job followed on this page, by page", {}),
    "pairs_plot": Key("selection in the scatter plot; read-only, Streamlit's"),
}
KEPT = "kept_"


def get(name: str) -> Any:
    """The current value of a registered key."""
    key = KEYS[name]
    if name in st.session_state:
        return st.session_state[name]
    return st.session_state.get(KEPT + name, key.default)


def bound(name: str, options: Collection[Any] | None = None) -> dict[str, Any]:
    """What a widget needs to be this key: key= and, when it is linked, bind=. Call right before the widget.

    A kept value that is no longer among the options is dropped.
    """
    key = KEYS[name]
    fresh = name not in st.session_state and not (key.linked and name in st.query_params)
    if fresh:
        value = st.session_state.get(KEPT + name, key.default)
        if options is not None:
            several = isinstance(value, list | tuple)
            value = [v for v in value if v in options] if several else value if value in options else None
        if value is not None:
            st.session_state[name] = value
    return {"key": name, "bind": "query-params"} if key.linked else {"key": name}


def keep(name: str, value: Any) -> Any:
    """Remember a value across pages; returns it."""
    if name not in KEYS:
        raise KeyError(f"{name} is not registered in dashboard/state.py")
    st.session_state[KEPT + name] = value
    return value


def link(names: Collection[str]) -> str:
    """The address of the view as it is now, every value spelled out, so that it stays when defaults move."""
    values = {name: get(name) for name in names}
    query = urlencode({name: value for name, value in values.items() if value not in (None, [], ())}, doseq=True)
    return f"{st.context.url or ''}?{query}"
