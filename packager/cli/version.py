"""``package --version``: the versions that a report of a fault needs."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from typing import Annotated

import typer

from packager.cli.app import app
from packager.cli.console import print_result
from packager.errors import UsageError

DISTRIBUTION = "model-packager"


def versions() -> dict[str, str]:
    """The versions of this program and of Python, and the platform."""
    return {
        "version": importlib.metadata.version(DISTRIBUTION),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


@app.callback(invoke_without_command=True)
def before_command(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print version, Python and platform (--json: as JSON)."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Answer the options that stand before a command."""
    if version:
        facts = versions()
        text = f"{DISTRIBUTION} {facts['version']}, Python {facts['python']}, {facts['platform']}"
        print_result(json.dumps(facts) if as_json else text)
        raise typer.Exit
    if as_json:
        raise UsageError(
            "--json: expected it after a command, got it before",
            "for example package inspect REF --json",
        )
