"""Output of the command line: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from packager.errors import PackageError
from packager.text import format_bytes, printable, without_credentials

if TYPE_CHECKING:
    from rich.console import Console

    from packager.progress import LayerSource

STYLES = {
    **{"fetched": "cyan", "cached": "dim", "built": "green"},
    **{"sent": "cyan", "mounted": "dim", "held": "dim"},
}


class ConsoleProgress:
    """Prints progress on stderr."""

    def __init__(self) -> None:
        self.console = _stderr()

    def step(self, text: str) -> None:
        """Print the start of a step."""
        self.console.print(f"[bold]•[/bold] {_plain(text)}")

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Print a finished layer or download: source, size in bytes, duration in seconds."""
        took = f"  {seconds:5.1f} s" if seconds >= 0.05 else ""
        self.console.print(
            f"  {_plain(name):<36} [{STYLES[how]}]{how:<7}[/] {format_bytes(size):>9}{took}"
        )

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.console.print(f"[yellow]![/yellow] {_plain(text)}")

    def output(self, text: str) -> None:
        """Print a line of another program's output."""
        self.console.print(f"  [dim]│[/dim] {_plain(text)}")


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
    console = _stderr()
    console.print(f"[bold red]error:[/bold red] {_plain(error.message)}")
    if error.hint:
        console.print(f"\n[bold]hint:[/bold] {_plain(error.hint)}")


def print_result(text: str) -> None:
    """Print a result (text or JSON) on stdout, without control sequences."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def terminal_columns() -> int | None:
    """Width of a line on stdout, in characters; None if stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _plain(text: str) -> str:
    """Text escaped for rich, without control sequences and credentials."""
    return printable(without_credentials(text)).replace("[", "\\[")


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
