"""What a page remembers, and how a view becomes a link; the keys themselves are in keys.py.

Streamlit forgets a widget's key when its page is left. `bound` puts the kept value back before the widget is drawn,
`keep` remembers what it returned and writes linked keys into the address. The address is read when a page is opened,
never later: it lags behind the widgets. (Streamlit's own binding writes what is shown, not the value: no stable link.)
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard.keys import KEYS

KEPT = "kept_"
PAGE = KEPT + "page"


def get(name: str) -> Any:
    """The current value of a registered key."""
    return st.session_state.get(name, st.session_state.get(KEPT + name, KEYS[name].default))


def arrive(page: str) -> None:
    """At the start of every run: a page that was just opened takes linked keys from its address."""
    if st.session_state.get(PAGE) == page:
        return
    st.session_state[PAGE] = page
    for name, key in KEYS.items():
        if key.linked:
            st.session_state.pop(name, None)
            given = st.query_params.get_all(name)
            if given:
                one = given[-1] == "True" if isinstance(key.default, bool) else given[-1]
                st.session_state[KEPT + name] = given if isinstance(key.default, tuple) else one


def bound(name: str, options: Sequence[Any] | None = None, default: Any = None) -> str:
    """The widget's key=, after its value has been put back; call right before the widget.

    A value that is not among the options, or no longer, is replaced by `default`, and dropped where there is none.
    """
    value = get(name)
    if isinstance(value, list | tuple):
        known = [one for one in value if options is None or one in options]
        if name not in st.session_state or known != list(value):
            st.session_state[name] = known
    elif value is not None and options is not None and value not in options:
        if default is None:
            st.session_state.pop(name, None)
        else:
            # Only a value that is set reaches the browser: one that is dropped it would go on showing.
            st.session_state[name] = default
    elif value is not None and name not in st.session_state:
        st.session_state[name] = value
    return name


def keep(name: str, value: Any, default: Any = None) -> Any:
    """Remember a value across pages, and in the address if it is linked; returns it.

    default: the value that stands for "nothing chosen" where the key has no fixed one (the newest run): it is put
    into the address, but next time the page opens with what is the default then.
    """
    key = KEYS[name]
    st.session_state[KEPT + name] = key.default if value == default else value
    if key.linked:
        shown = [str(one) for one in (value if isinstance(value, list | tuple) else [value])]
        if value == key.default:
            shown = []
        if st.query_params.get_all(name) != shown:
            st.query_params[name] = shown
    return value


def choose(name: str, value: Any) -> None:
    """Another value; for a button's on_click, before the widget is drawn."""
    st.session_state[name] = value


def clear(names: Sequence[str]) -> None:
    """Back to the defaults; for a button's on_click, before the widgets are drawn."""
    for name in names:
        st.session_state.pop(name, None)
        st.session_state[KEPT + name] = KEYS[name].default


def link(names: Sequence[str]) -> str:
    """The address of the view as it is now, every value spelled out, so that it stays when defaults move."""
    values = {name: get(name) for name in names}
    query = urlencode({name: value for name, value in values.items() if value not in (None, [], ())}, doseq=True)
    return f"{st.context.url or ''}?{query}"
