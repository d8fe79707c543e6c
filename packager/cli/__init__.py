"""The command ``package``: parses, calls one function, prints. Results go to stdout.

A file holds the verbs of one purpose and registers them with ``app`` when it is imported.
"""

from __future__ import annotations

import os
import signal
import sys

from packager.cli import (
    bench,
    build,
    data_checks,
    data_derive,
    data_fingerprints,
    data_versions,
    feedback,
    inspect,
    monitoring,
    run,
)
from packager.cli.app import app
from packager.cli.console import ConsoleProgress, print_error
from packager.environment.programs import search_path
from packager.errors import PackageError

__all__ = [
    "bench",
    "build",
    "data_checks",
    "data_derive",
    "data_fingerprints",
    "data_versions",
    "feedback",
    "inspect",
    "main",
    "monitoring",
    "run",
]

STOPPED = 130  # what typer ends with after Ctrl-C, and what shells report then


def main() -> None:
    """Run the command line; only a ``PackageError`` is a user's matter, the rest are bugs."""
    # What is started is never found in the folder that happens to be the current one.
    os.environ["PATH"] = search_path()
    # They unwind, so that containers and half-made files go. A shell that starts us in
    # the background has Ctrl-C ignored: we take it back.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows knows no SIGHUP
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        app()
    except PackageError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == STOPPED:
            ConsoleProgress().warn("stopped")
        raise
