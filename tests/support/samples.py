"""Tests with many cases of one kind, of which ``make test`` runs some."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

SHARED = "MODEL_PACKAGER_SHARED"


def mark_samples(items: Iterable[pytest.Item]) -> None:
    """Mark cases of each test with ``sample(count)`` as ``long``; ``count`` of them are not.

    These are spread evenly over the cases that were collected, with the first and the last.
    """
    cases: dict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (mark := item.get_closest_marker("sample")) is not None:
            cases[item.nodeid.partition("[")[0], mark.args[0]].append(item)
    for (_, count), same in cases.items():
        step = max(1.0, (len(same) - 1) / max(1, count - 1))
        kept = {round(number * step) for number in range(count)}
        for number, item in enumerate(same):
            if number not in kept:
                item.add_marker(pytest.mark.long)


def write_left(items: Iterable[pytest.Item]) -> None:
    """Append the names of those that are ``long`` to a file that all parts share."""
    if folder := os.environ.get(SHARED):
        left = [f"{item.nodeid}\n" for item in items if item.get_closest_marker("long")]
        with Path(folder, "long").open("a", encoding="utf-8") as file:
            file.write("".join(left))
