"""Renders ``Dockerfile.template`` into the Dockerfile that every package contains."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from packager.errors import PackageError, UsageError
from packager.image.config import USER, environment, exposed_ports, healthcheck
from packager.image.runtime import MEMBERS, VENV
from packager.manifest.manifest import Base

NAME = "Dockerfile.template"
HERE = Path(__file__).parent


def template() -> str:
    """The template's text, next to this module if installed, or at the top of a checkout."""
    paths = (HERE / NAME, HERE.parent.parent / NAME)
    return next(path for path in paths if path.is_file()).read_text(encoding="utf-8-sig")


def render(
    base: Base | None,
    labels: Mapping[str, str],
    text: str | None = None,
    *,
    members: bool = False,
    grpc: bool = False,
) -> str:
    """The Dockerfile of an image with this base; deterministic.

    ``labels`` exclude the package root, because it depends on this text. ``text`` replaces the
    default template. ``members``: whether members of a solution have environments; ``grpc``:
    whether the server has a port for gRPC. Raises ``UsageError`` for an unknown placeholder, and
    without that of the members.
    """
    if members and text is not None and "$members" not in text:
        raise UsageError(
            f"{NAME}: expected $members, as this solution has members with environments, got none",
            "write `COPY opt/model/ /opt/model/$members`",
        )
    quoted = " ".join(
        f"{name}={_quoted(value)}"
        for name, value in (entry.split("=", 1) for entry in environment(base))
    )
    _refuse_invisible(base, labels)
    values = {
        "base": base.reference if base else "scratch",
        "members": f"\nCOPY {MEMBERS}/ /{MEMBERS}/" if members else "",
        "environment": quoted,
        "labels": " ".join(f"{name}={_quoted(value)}" for name, value in sorted(labels.items())),
        "ports": " ".join(exposed_ports(grpc=grpc)),
        "user": USER,
        "health": json.dumps(healthcheck()["Test"][1:]),
        "command": json.dumps([f"/{VENV}/bin/python", "-m", "serving"]),
    }
    return _filled(template() if text is None else text, values)


def _refuse_invisible(base: Base | None, labels: Mapping[str, str]) -> None:
    """Raise ``PackageError`` for texts with characters that are not printable.

    A Dockerfile has no escapes for line breaks and such characters, so Docker or a reader could
    misread the text.
    """
    own = (base.reference, *base.env) if base else ()
    for text in (*own, *labels.values()):
        if not text.isprintable():
            raise PackageError(
                f"base and labels: expected printable text for the Dockerfile, got {text[:80]!a}",
                "use a base whose name and environment variables have no such characters",
            )


def _filled(text: str, values: Mapping[str, str]) -> str:
    known = f"known: {', '.join('$' + name for name in values)}; write $$ for a literal dollar sign"
    try:
        return Template(text).substitute(values)
    except KeyError as error:
        raise UsageError(f"{NAME}: unknown placeholder ${error.args[0]}", known) from error
    except ValueError as error:  # a lone dollar; the message gives line and column
        raise UsageError(f"{NAME}: {str(error).lower()}", known) from error


def _quoted(text: str) -> str:
    """``text`` as a quoted word of a Dockerfile, without variable substitution."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", text) + '"'
