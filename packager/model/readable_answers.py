"""Answers of a process whose code is the project's, which may write anything to its descriptors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from packager.errors import PackageError

_OTHER_FORMS = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
"""Errors of decoding an answer of another form."""


@contextmanager
def readable_answer() -> Iterator[None]:
    """Decode an answer within the block; raises ``PackageError`` for one of another form."""
    try:
        yield
    except _OTHER_FORMS as error:
        kind = type(error).__name__
        raise PackageError(
            f"the model's process gave an answer that can't be read: {kind}: {error}",
            "does the project's code write to the descriptors of its process? It must not",
        ) from error
