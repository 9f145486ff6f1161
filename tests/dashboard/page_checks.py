"""What every page must be, and how to read one."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from dashboard import state

PATIENCE_SECONDS = 120  # for a page, on machines that do much else meanwhile
Open = Callable[..., AppTest]  # open_page("responses.py", run="...", drug=["Erlotinib"])
INPUTS = ("selectbox", "multiselect", "number_input", "text_input", "toggle", "checkbox", "radio", "slider")


def shown(app: AppTest) -> str:
    """All text of a page."""
    kinds = ("title", "subheader", "markdown", "caption", "error", "html")
    return "\n".join(str(getattr(item, "value", item.proto)) for kind in kinds for item in app.get(kind))


def words(app: AppTest) -> str:
    """All text of a page as it is read: without the signs that keep names from being Markdown or lines together."""
    return _read(shown(app))


def labels(app: AppTest) -> list[str]:
    """What the buttons of a page say, as it is read."""
    return [_read(one.label) for one in app.button]


def button(app: AppTest, label: str) -> Button:
    """The first button that says this, as it is read."""
    return next(one for one, said in zip(app.button, labels(app), strict=True) if said == label)


def _read(text: str) -> str:
    return text.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def assert_healthy(app: AppTest) -> None:
    assert not app.exception
    assert [item.value for item in app.error] == []
    assert len(app.title) == 1
    assert state.PAGE in app.session_state
    keys = {widget.key for kind in INPUTS for widget in app.get(kind)}
    kept = {key.removeprefix(state.KEPT) for key in app.session_state.keys() if key.startswith(state.KEPT)} - {"page"}  # noqa: SIM118
    assert (keys | kept) - set(state.KEYS) == set()


def figure_of(spec: str) -> dict[str, Any]:
    """A drawn figure as JSON; its arrays, which travel as bytes, as lists."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        if not isinstance(value, dict):
            return value
        if set(value) >= {"dtype", "bdata"}:
            return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).tolist()
        return {key: plain(one) for key, one in value.items()}

    return plain(json.loads(spec))
