"""Names tests by their processor time: those that should be marked ``slow``, or the costliest."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import warm_processes

LIMIT = 0.25
"""Seconds. A tenth of a second is the rule on a quiet machine; on a busy one a test takes more."""
MARKS = ("slow", "engine", "server", "network")
"""Marks that ``make test-fast`` leaves out."""
SHOWN = 20
TICKS = os.sysconf("SC_CLK_TCK")
OPTION = "--costs"
costs = pytest.StashKey[dict[str, float]]()
whole = pytest.StashKey[defaultdict[str, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    told = (
        "list the COUNT tests, and as many files, that take the most processor time: fixtures and "
        "processes are counted, containers and what goes on beyond its test are not"
    )
    parser.addoption(OPTION, type=int, default=0, metavar="COUNT", help=told)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[costs] = {}
    config.stash[whole] = defaultdict(float)
    warm_processes.sharing = not config.getoption(OPTION)


def used() -> float:
    """Seconds of this process and of its processes that have ended."""
    return sum(os.times()[:4])


def used_with_forked() -> float:
    """``used``, and seconds of processes that were forked by those of ``warm_processes``."""
    return used() + sum(
        _seconds(child)
        for server in warm_processes.servers
        for child in (server, *_children(server))
    )


def _children(process: int) -> Iterator[int]:
    yield from map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())


def _seconds(process: int) -> float:
    """Of a process, which may have ended and not been waited for, and those it waited for."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


@contextmanager
def _counted(item: pytest.Item) -> Iterator[None]:
    """Count what is used in the block as that of ``item``, if costs are asked for."""
    if not item.config.getoption(OPTION):
        yield
        return
    before = used_with_forked()
    try:
        yield
    finally:
        item.config.stash[whole][item.nodeid] += used_with_forked() - before


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with _counted(item):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with _counted(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    before = used()
    try:
        with _counted(item):
            return (yield)
    finally:
        if not any(item.get_closest_marker(mark) for mark in MARKS):
            item.config.stash[costs][item.nodeid] = used() - before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    taken = terminalreporter.config.stash[costs]
    if much := {name: seconds for name, seconds in taken.items() if seconds > LIMIT}:
        terminalreporter.section("processor time of tests that are not marked slow")
        _list(terminalreporter, much, SHOWN)
    if count := terminalreporter.config.getoption(OPTION):
        _show_costs(terminalreporter, count)


def _show_costs(terminalreporter: pytest.TerminalReporter, count: int) -> None:
    """Write the ``count`` costliest files and tests; the first test of a fixture pays for it."""
    tests = terminalreporter.config.stash[whole]
    files: defaultdict[str, float] = defaultdict(float)
    for name, seconds in tests.items():
        files[name.partition("::")[0]] += seconds
    terminalreporter.section(f"processor time: {sum(tests.values()):.1f} s in {len(tests)} tests")
    for found in (files, tests):
        _list(terminalreporter, found, count)
        terminalreporter.line("")


def _list(terminalreporter: pytest.TerminalReporter, found: Mapping[str, float], most: int) -> None:
    for name, seconds in sorted(found.items(), key=lambda pair: -pair[1])[:most]:
        terminalreporter.line(f"{seconds:6.1f} s  {name}")
