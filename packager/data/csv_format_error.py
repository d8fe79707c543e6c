"""Errors about a CSV file of another format than the one that it is read in, and their hints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from packager.errors import UsageError


class CsvFormatError(UsageError):
    """A file that other options under ``[data]`` of package.toml would read."""

    def __init__(self, message: str, hint: str, rewrite: str) -> None:
        super().__init__(message, hint)
        self.rewrite = rewrite
        """The hint where the options are those of a package, which is built: how to write the
        file."""


@contextmanager
def as_packaged() -> Iterator[None]:
    """Reads rows for a package: its format can't be changed, so a hint names that of the file."""
    try:
        yield
    except CsvFormatError as error:
        raise UsageError(error.message, error.rewrite) from error
