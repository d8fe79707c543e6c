"""The kind of the elements of lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

ELEMENT_TYPES: dict[str, set[type]] = {
    "boolean": {bool},
    "integer": {int},
    "number": {int, float},
    "string": {str},
}
"""Kind → the types of Python that its elements have; None is allowed in each."""


def kind_of_elements(lists: Iterable[Iterable[Any]]) -> str | None:
    """The kind of all elements; None if there is none, or of no one kind."""
    types = {type(value) for cell in lists for value in cell if value is not None}
    if not types:
        return None
    return next((kind for kind, accepted in ELEMENT_TYPES.items() if types <= accepted), None)
