"""The exceptions shown to users: what is wrong, and how to fix it."""

from __future__ import annotations

EXIT_OUT_OF_MEMORY = 70
"""The exit code of a serving process whose model ran out of memory."""


class PackageError(Exception):
    """Something the user can fix; the command ends with ``exit_code``.

    ``message`` names the thing, what was expected and what was found; ``hint`` says what to
    do about it. Both are lower-case sentences without a full stop.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PackageError):
    """The user's input (package.toml, an argument, an input file) is invalid."""

    exit_code = 2


class OutputError(PackageError):
    """The model's answer to one output has another form than the package declares."""

    def __init__(self, output: str, message: str, expected: str, hint: str) -> None:
        super().__init__(message, hint)
        self.output = output
        self.expected = expected
