"""Labels as JSON values, and their requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packager.client.json_values import json_value
from packager.errors import UsageError

MAX_ANSWERS_CHARACTERS = 1 << 20
"""Answers that labels of one request are sent with, unless one answer is larger."""


def label_value(actual: Any) -> Any:
    """A label as a JSON value; as text if JSON can't represent it.

    The server then rejects this label only. Objects and lists hold such values.
    """
    if isinstance(actual, Mapping):
        return {str(name): label_value(one) for name, one in actual.items()}
    if isinstance(actual, list | tuple):
        return [label_value(one) for one in actual]
    try:
        return json_value(actual)
    except UsageError:
        return str(actual)


def requests_of(
    items: Sequence[dict[str, Any]], batch: int
) -> Iterator[tuple[int, Sequence[dict[str, Any]]]]:
    """Place of the first item, and items of one request: at most ``batch``, of a bounded size."""
    start = size = 0
    for index, item in enumerate(items):
        own = len(str(item.get("answer", "")))
        if index - start == batch or (index > start and size + own > MAX_ANSWERS_CHARACTERS):
            yield start, items[start:index]
            start, size = index, 0
        size += own
    if items:
        yield start, items[start:]
