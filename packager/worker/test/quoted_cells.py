"""Reasons and errors without what they may quote of personal data: reports are shown to many."""

from __future__ import annotations

from collections.abc import Iterable

from packager.errors import PackageError
from packager.manifest.manifest import Column, Schema

NOT_SHOWN = "personal data, which is not shown"


def without_quotes(why: str, columns: Iterable[Column]) -> str:
    """``why`` up to its first colon, if a column holds personal data: ``raised ValueError``.

    Reports are shown to more people than the data are, and the text of an exception often quotes
    the cell that caused it.
    """
    if not any(column.personal for column in columns):
        return why
    kind, colon, _ = why.partition(": ")
    known = kind if colon or " " not in kind else "a reason"
    return f"{known}, whose text may quote {NOT_SHOWN}"


def data_error(error: PackageError, schema: Schema) -> str:
    """Message and hint of an error about data, without the cell that it may quote.

    Messages have the form ``expected X, got Y``. Y is left out if the message names a column of
    personal data, or if it quotes text and names no other column of the package.
    """
    message = _without_cell(error.message, schema)
    return f"{message}; {error.hint}" if error.hint else message


def _without_cell(message: str, schema: Schema) -> str:
    columns = [*schema.features, *schema.extras, *([schema.target] if schema.target else ())]
    hidden = [column for column in columns if column.personal]
    start, got, cell = message.partition(", got ")
    named = [column for column in columns if repr(column.name) in start]
    quotes = not named and any(mark in cell for mark in "'\"")
    if got and hidden and (quotes or any(one.personal for one in named)):
        return f"{start}, got {NOT_SHOWN}"
    return message
