"""After a run, names the tests that take much processor time and are not marked ``slow``."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

LIMIT = 0.5
"""Seconds. A fifth of a second is the rule on a quiet machine; on a busy one a test takes more."""
MARKS = ("slow", "engine", "server", "network")
"""What ``make test-fast`` leaves out."""
SHOWN = 20
costs = pytest.StashKey[dict[str, float]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[costs] = {}


def used() -> float:
    """Seconds of this process and of its processes that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    before = used()
    try:
        return (yield)
    finally:
        if not any(item.get_closest_marker(mark) for mark in MARKS):
            item.config.stash[costs][item.nodeid] = used() - before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    taken = terminalreporter.config.stash[costs]
    much = sorted((name for name in taken if taken[name] > LIMIT), key=lambda name: -taken[name])
    if much:
        terminalreporter.section("processor time of tests that are not marked slow")
        for name in much[:SHOWN]:
            terminalreporter.line(f"{taken[name]:6.1f} s  {name}")
