from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from packager.model import host_output
from packager.model.host_output import HostOutput


@contextmanager
def output(told: Callable[[str], object]) -> Iterator[tuple[HostOutput, Callable[[str], None]]]:
    reading, writing = os.pipe()
    with open(reading) as lines, open(writing, "w", buffering=1) as writer:
        made = HostOutput(lines, told)
        yield made, lambda text: print(text, end="", file=writer, flush=True)
        writer.close()
        made.join()


def test_lines_before_the_mark_are_told_to_the_one_before():
    first: list[str] = []
    second: list[str] = []
    with output(first.append) as (made, write):
        write("one\nbegun ")
        assert made.redirect(second.append, lambda mark: write(f"{mark}\n"))
        assert made.last == ()
        write("two\n")
    assert (first, second) == (["one", "begun "], ["two"])
    assert made.last == ("two",)


def test_without_the_mark_nobody_is_told_anything(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host_output, "HAND_OVER_SECONDS", 0.05)
    first: list[str] = []
    second: list[str] = []
    with output(first.append) as (made, write):
        assert not made.redirect(second.append, lambda _: None)
        write("late\n")
    assert second == []
    assert first == []
