"""Output of the command line: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys

from packager.errors import PackageError
from packager.report.console_progress import ConsoleProgress as ConsoleProgress
from packager.report.console_progress import plain_text, stderr_console
from packager.text import printable, without_credentials


def print_error(
    error: PackageError, *, as_json: bool = False, exit_code: int | None = None
) -> None:
    """Print ``error: …`` and, after an empty line, ``hint: …`` on stderr; or one line of JSON.

    The JSON object has ``message``, ``hint`` (null if there is none) and ``exit_code``.
    """
    if as_json:
        code = error.exit_code if exit_code is None else exit_code
        hint = without_credentials(error.hint) if error.hint else None
        message = without_credentials(error.message)
        document = {"message": message, "hint": hint, "exit_code": code}
        print(json.dumps(document), file=sys.stderr, flush=True)
        return
    console = stderr_console()
    console.print(f"[bold red]error:[/bold red] {plain_text(error.message)}")
    if error.hint:
        console.print(f"\n[bold]hint:[/bold] {plain_text(error.hint)}")


def print_result(text: str) -> None:
    """Print a result (text or JSON) on stdout, without control sequences."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def terminal_columns() -> int | None:
    """Width of a line on stdout, in characters; None if stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
