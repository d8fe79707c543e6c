"""Progress of long jobs for a caller in Python: in a notebook, in a terminal, or none."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from packager.capture.cells import running_shell
from packager.progress import Progress
from packager.report.console_progress import ConsoleProgress
from packager.report.preformatted import preformatted
from packager.text import escape_markup, format_bytes, printable, without_credentials

if TYPE_CHECKING:
    from packager.progress import LayerSource

MIN_SECONDS = 0.1
"""Between two updates of what a notebook shows, steps and warnings aside."""
MAX_TOLD = 60
"""Lines of output that are printed after an error."""
MAX_LINES = 400
"""Lines that a notebook keeps, the newest."""


@contextmanager
def shown_progress(title: str) -> Iterator[Progress]:
    """Reports as the caller can see them.

    In a Jupyter kernel one output that is updated, without widgets; in a terminal lines on stderr;
    elsewhere warnings on stderr and nothing else.
    """
    shell = running_shell()
    if shell is not None and hasattr(shell, "kernel"):
        progress = NotebookProgress(title)
        with progress:
            yield progress
    elif sys.stderr.isatty():
        yield ConsoleProgress()
    else:
        quiet = WarningProgress()
        try:
            yield quiet
        except BaseException:
            quiet.print_failure()
            raise


class WarningProgress:
    """Prints warnings on stderr, where the output is no terminal.

    After an error the output of the user's code since the last step is printed, which tells why.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def print_failure(self) -> None:
        """Print the step that has failed, and the newest lines of output in it."""
        step, *output = self.lines or [""]
        console = ConsoleProgress()
        console.step(step)
        for line in output:
            console.output(line)

    def step(self, text: str) -> None:
        """Keep the step."""
        self.lines = [text]

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Do nothing."""

    def warn(self, text: str) -> None:
        """Print a warning."""
        ConsoleProgress().warn(text)

    def output(self, text: str) -> None:
        """Keep a line of output of the user's code."""
        self.lines = [*self.lines[:1], *self.lines[1:][-MAX_TOLD + 1 :], text]


class NotebookProgress:
    """One output of a notebook's cell: the step, warnings, and the log to unfold.

    As text it is the step and the warnings, for front ends that show no HTML.
    """

    def __init__(self, title: str) -> None:
        self.title, self.now, self.state = title, "", "runs"
        self.warnings: list[str] = []
        self.lines: list[str] = []
        self.seconds = 0.0
        self._started = self._shown = time.monotonic()
        self._handle: Any = None

    def __enter__(self) -> NotebookProgress:
        from IPython.display import display

        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.state = "done" if kind is None else "failed"
        self._show(at_once=True)

    def step(self, text: str) -> None:
        """Show the start of a step."""
        self.now = _plain(text)
        self._line(f"• {self.now}", at_once=True)

    def item(self, name: str, how: LayerSource, size: int, seconds: float) -> None:
        """Log a finished layer or download: source, size in bytes, duration in seconds."""
        took = f"  {seconds:5.1f} s" if seconds >= 0.05 else ""
        self._line(f"  {_plain(name):<36} {how:<7} {format_bytes(size):>9}{took}")

    def warn(self, text: str) -> None:
        """Show a warning."""
        self.warnings.append(_plain(text))
        self._line(f"! {self.warnings[-1]}", at_once=True)

    def output(self, text: str) -> None:
        """Log a line of another program's output."""
        self._line(f"  │ {_plain(text)}")

    def _line(self, text: str, *, at_once: bool = False) -> None:
        self.lines = [*self.lines[-MAX_LINES + 1 :], text]
        self._show(at_once=at_once)

    def _show(self, *, at_once: bool) -> None:
        now = time.monotonic()
        self.seconds = now - self._started
        if self._handle is not None and (at_once or now - self._shown >= MIN_SECONDS):
            self._shown = now
            self._handle.update(self)

    def _headline(self) -> str:
        states = {"runs": "…", "done": "✓", "failed": "✗ ended at"}
        return f"{self.title} {states[self.state]} {self.now} ({self.seconds:.0f} s)"

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *(f"! {warning}" for warning in self.warnings)])

    def _repr_html_(self) -> str:
        """Without scripts and colours of its own, so that it is read on light and on dark."""
        bar = '<progress style="width:12em"></progress> ' if self.state == "runs" else ""
        warned = "".join(f"<div>⚠ {escape_markup(warning)}</div>" for warning in self.warnings)
        log = preformatted("\n".join(self.lines), "max-height:20em;overflow:auto")
        return (
            f"<div>{bar}<b>{escape_markup(self._headline())}</b>{warned}"
            f"<details><summary>{len(self.lines)} lines</summary>{log}</details></div>"
        )


def _plain(text: str) -> str:
    return printable(without_credentials(text))
