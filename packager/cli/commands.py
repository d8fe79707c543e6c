"""Every command of ``package``, and what runs the one that the arguments name.

Each file has the commands of one purpose, and registers them with ``app`` when imported; the order
of the imports is the order in ``--help``.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

# isort: off
from packager.cli import (
    version,
    init,
    build,
    inspect,
    audit,
    card,
    sbom,
    trust,
    registry,
    export,
    run,
    score,
    test,
    bench,
    drift,
    dashboard,
    feedback,
)
from packager.cli.deploy import compose, swarm, kubernetes, kserve, sagemaker, monitoring
from packager.cli.deploy import update, schedule, batch, remove
from packager.cli.data import versions, derive, fingerprints, checks, verdicts
from packager.cli.data import label_queue, labels, labels_derive
from packager.cli.issues import service, listing, act, sync, admin

# isort: on
from packager.cli.app import app
from packager.cli.console import ConsoleProgress, print_error
from packager.cli.interrupts import STOPPED
from packager.cli.named_command import named_command
from packager.environment.programs import search_path
from packager.errors import PackageError

__all__ = [
    "act",
    "admin",
    "audit",
    "batch",
    "bench",
    "build",
    "card",
    "checks",
    "compose",
    "dashboard",
    "derive",
    "drift",
    "export",
    "feedback",
    "fingerprints",
    "init",
    "inspect",
    "kserve",
    "kubernetes",
    "label_queue",
    "labels",
    "labels_derive",
    "listing",
    "monitoring",
    "registry",
    "remove",
    "run",
    "run_command",
    "sagemaker",
    "sbom",
    "schedule",
    "score",
    "service",
    "swarm",
    "sync",
    "test",
    "trust",
    "update",
    "verdicts",
    "version",
    "versions",
]

CallError: type[Exception] = typer.BadParameter.__mro__[1]
"""click's ``UsageError``, the base of every error in options and arguments. typer has its own copy
of click under a private name."""


def run_command(*, as_json: bool) -> int:
    """Run the command that the arguments name; return the exit code.

    ``as_json`` is read from the raw arguments, because an error in them is raised before options
    are parsed. Any exception other than a ``PackageError`` is a bug.
    """
    # Never start programs from the current folder.
    os.environ["PATH"] = search_path()
    try:
        named = named_command(app, sys.argv[1:])
        code = named(prog_name="package", standalone_mode=False) or 0
    except PackageError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except CallError as error:
        return _print_call_error(error, as_json=as_json)
    if code == STOPPED:
        if as_json:
            print_error(PackageError("stopped"), as_json=True, exit_code=STOPPED)
        else:
            ConsoleProgress().warn("stopped")
    return int(code)


def _print_call_error(error: Any, *, as_json: bool) -> int:
    """Print an error in the options or arguments; return the exit code."""
    if as_json:
        verb = error.ctx.command_path if error.ctx else "package"
        shown_error = PackageError(error.format_message(), f"see `{verb} --help`")
        print_error(shown_error, as_json=True, exit_code=error.exit_code)
    else:
        error.show()
    return int(error.exit_code)
