"""Reasons for a refused row, without what an exception may quote of personal data."""

from __future__ import annotations

from collections.abc import Iterable

from packager.manifest.manifest import Column

NOT_SHOWN = "personal data, which is not shown"


def without_quotes(why: str, columns: Iterable[Column]) -> str:
    """``why`` up to its first colon, if a column holds personal data: ``raised ValueError``.

    Reports are shown to more people than the data are, and the text of an exception often quotes
    the cell that caused it.
    """
    if not any(column.personal for column in columns):
        return why
    kind, colon, _ = why.partition(":")
    known = kind if colon or " " not in kind else "a reason"
    return f"{known}, whose text may quote {NOT_SHOWN}"
