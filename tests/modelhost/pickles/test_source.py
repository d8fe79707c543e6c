"""Bytes that are counted and limited."""

from __future__ import annotations

import io

import pytest

from modelhost.pickles import source
from modelhost.pickles.source import PickleStream, UnreadableError


def test_reads_lines_and_bytes_and_counts_them() -> None:
    one = PickleStream(io.BytesIO(b"ab\ncdef"), 7)
    assert (one.readline(), one.offset, one.read(2), one.offset) == (b"ab\n", 3, b"cd", 5)
    one.skip(1)
    assert not one.at_end()
    assert one.read(1) == b"f"
    assert one.at_end()


def test_more_than_there_is_is_refused_before_it_is_read() -> None:
    with pytest.raises(UnreadableError, match="asks for 1,000 bytes at byte 0, of which at most 3"):
        PickleStream(io.BytesIO(b"abc"), 3).read(1000)
    with pytest.raises(UnreadableError, match="is cut off after 3 bytes"):
        PickleStream(io.BytesIO(b"abc"), 10).read(4)


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_LINE", 1000)
    with pytest.raises(UnreadableError, match="has a line of more than 1,000 bytes"):
        PickleStream(io.BytesIO(b"a" * (2 << 20)), 2 << 20).readline()
