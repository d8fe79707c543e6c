"""Delete addresses in memory that libraries store in a model: they differ in every fit."""

from __future__ import annotations

from typing import Any

ADDRESSES = frozenset(["_stop_words_id"])
"""Attributes that hold an address and may be deleted."""
MAX_OBJECTS = 1_000_000


def clear_addresses(model: Any) -> None:
    """Delete the addresses that libraries are known to store from ``model``, in place.

    scikit-learn's text vectorizers store ``id(stop_words)`` to warn only once; without it they
    validate their stop words again.
    """
    seen: set[int] = set()
    pending = [model]
    while pending and len(seen) < MAX_OBJECTS:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, (list, tuple, set, frozenset)):
            pending += value
        else:
            inner = getattr(value, "__dict__", None)
            if isinstance(inner, dict):
                for name in ADDRESSES & inner.keys():
                    del inner[name]
                pending += inner.values()
