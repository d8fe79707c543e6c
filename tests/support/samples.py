"""Tests with many cases of one kind, of which ``make test`` runs some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest


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
