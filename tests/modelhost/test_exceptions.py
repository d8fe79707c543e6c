"""Exceptions are described by type and place, never by a message that may quote a row."""

from __future__ import annotations

import pytest

from modelhost.exceptions import MAX_CAUSES, describe_exception


def secret() -> None:
    raise ValueError("4111 1111 1111 1111")


def test_causes_are_described_without_messages() -> None:
    try:
        try:
            secret()
        except ValueError as error:
            raise RuntimeError("4111") from error
    except RuntimeError as error:
        lines = describe_exception(error)
    assert [line.split(" ")[0] for line in lines] == ["RuntimeError", "ValueError"]
    assert "test_exceptions.py:11 in secret" in lines[1]
    assert "4111" not in "".join(lines)


def test_a_suppressed_context_is_left_out() -> None:
    def failing() -> None:
        try:
            secret()
        except ValueError:
            raise RuntimeError from None

    with pytest.raises(RuntimeError) as caught:
        failing()
    assert len(describe_exception(caught.value)) == 1


def test_a_circle_of_causes_has_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert describe_exception(first) == ["ValueError", "KeyError"]


def test_of_a_long_chain_the_last_ones_are_described() -> None:
    error = ValueError()
    for _ in range(1_000):
        above = ValueError()
        above.__cause__, error = error, above
    assert len(describe_exception(error)) == MAX_CAUSES + 1
