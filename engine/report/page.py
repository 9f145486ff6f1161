"""The templates of the reports: names are escaped, and a value that is not given is an error."""

from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template


def page(name: str) -> Template:
    """A template of this folder by its file name."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["b64"] = lambda data: b64encode(data).decode()
    return templates.get_template(name)
