"""``Dockerfile.template`` → the Dockerfile that travels inside every package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from packager.errors import PackageError, UsageError
from packager.image.config import PORT, USER, environment, healthcheck
from packager.image.runtime import VENV
from packager.manifest.manifest import Base

NAME = "Dockerfile.template"
HERE = Path(__file__).parent


def template() -> str:
    """The template's text: beside this module when installed, at the top of a checkout."""
    places = (HERE / NAME, HERE.parent.parent / NAME)
    return next(place for place in places if place.is_file()).read_text(encoding="utf-8-sig")


def render(base: Base | None, labels: Mapping[str, str], text: str | None = None) -> str:
    """The Dockerfile of an image with this base; equal input, equal text.

    ``labels`` leave out the package root, which rests on this very text. ``text`` is a template in
    place of ours; ``UsageError`` if it has a placeholder we don't know.
    """
    quoted = " ".join(
        f"{name}={_quoted(value)}"
        for name, value in (entry.split("=", 1) for entry in environment(base))
    )
    _refuse_invisible(base, labels)
    values = {
        "base": base.reference if base else "scratch",
        "environment": quoted,
        "labels": " ".join(f"{name}={_quoted(value)}" for name, value in sorted(labels.items())),
        "port": str(PORT),
        "user": USER,
        "health": json.dumps(healthcheck()["Test"][1:]),
        "command": json.dumps([f"/{VENV}/bin/python", "-m", "serving"]),
    }
    return _filled(template() if text is None else text, values)


def _refuse_invisible(base: Base | None, labels: Mapping[str, str]) -> None:
    """Raise ``PackageError`` for texts that Docker or a reader could take for something else.

    A Dockerfile has no escapes for line breaks and other characters that are not printable.
    """
    own = (base.reference, *base.env) if base else ()
    for text in (*own, *labels.values()):
        if not text.isprintable():
            raise PackageError(
                f"base and labels: expected printable text for the Dockerfile, got {text[:80]!a}",
                "use a base whose name and environment variables have no such characters",
            )


def _filled(text: str, values: Mapping[str, str]) -> str:
    known = f"known: {', '.join('$' + name for name in values)}; write $$ for a dollar of Docker's"
    try:
        return Template(text).substitute(values)
    except KeyError as error:
        raise UsageError(f"{NAME}: unknown placeholder ${error.args[0]}", known) from error
    except ValueError as error:  # a lone dollar; the message gives line and column
        raise UsageError(f"{NAME}: {str(error).lower()}", known) from error


def _quoted(text: str) -> str:
    """A word of a Dockerfile that means ``text``, with nothing put in for a ``$``."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", text) + '"'
