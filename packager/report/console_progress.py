"""Progress of long jobs on stderr, in a terminal or a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        self.console = stderr_console()

    def step(self, text: str) -> None:
        """Print the start of a step."""
        self.console.print(f"[bold]•[/bold] {plain_text(text)}")

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Print a finished layer or download: source, size in bytes, duration in seconds."""
        took = f"  {seconds:5.1f} s" if seconds >= 0.05 else ""
        self.console.print(
            f"  {plain_text(name):<36} [{STYLES[how]}]{how:<7}[/] {format_bytes(size):>9}{took}"
        )

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.console.print(f"[yellow]![/yellow] {plain_text(text)}")

    def output(self, text: str) -> None:
        """Print a line of another program's output."""
        self.console.print(f"  [dim]│[/dim] {plain_text(text)}")


def plain_text(text: str) -> str:
    """Text escaped for rich, without control sequences and credentials."""
    return printable(without_credentials(text)).replace("[", "\\[")


def stderr_console() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
