"""The templates of the pages, and the policy that each page sets itself."""

from __future__ import annotations

import base64
import hashlib
import shlex
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dubbing import __version__
from dubbing.publishing.pages import wording


def page(name: str, *, script: str = "", style: str = "", **values: object) -> str:
    """A page from the template `NAME.html.j2`, with `report.css`, further rules of style, and a script.

    Its policy allows these by their digests, the release's own media, and nothing else.
    """
    # An attribute could not be allowed by a digest, so what differs from page to page is a rule too.
    sheet = f"{_text('report.css')}{style}"
    code = _text(script) if script else ""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_digest(sheet)}",
            f"script-src {_digest(code) if code else chr(39) + 'none' + chr(39)}",
            # A page opened from disk has no origin that 'self' could mean in every browser.
            "media-src 'self' file:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            policy=policy,
            style=Markup(sheet),  # noqa: S704 - our own, from the package
            script=Markup(code),  # noqa: S704
            version=__version__,
            **values,
        )
    )


def _digest(text: str) -> str:
    """As a policy names what is between two tags."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    text = (resources.files("dubbing.publishing.pages") / "templates" / name).read_text("utf-8")
    assert "</" not in text  # it would end the element that it stands in  # noqa: S101
    return text


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dubbing.publishing.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "address": wording.address,
        "change": wording.change,
        "clock": wording.clock,
        "clock_tenths": wording.clock_tenths,
        "count": wording.count_of,
        "css": wording.css_class,
        "direction": wording.direction_of,
        "identity": wording.identity,
        "seconds": wording.seconds,
        "shell": shlex.quote,
        "signed": wording.signed,
        "who": wording.who,
    }
    environment.filters |= filters
    environment.globals |= {"fits": wording.FITS, "beds": wording.BEDS}
    return environment
