from __future__ import annotations

from modelhost.solution.usage import MemberCall, Usage, totals

CALLS = [
    MemberCall("price", 3, "answered", 1.0, 1.5, 2.0, 0.25),
    MemberCall("price", 2, "failed", 2.0, 2.0, 2.5, 0.0),
    MemberCall("text", 4, "null", 0.0, 0.0, 1.0, 0.5),
]


def test_calls_are_taken_once() -> None:
    usage = Usage()
    for call in CALLS:
        usage.add(call)
    assert usage.take() == CALLS
    assert usage.take() == []


def test_a_call_is_read_as_it_was_written() -> None:
    assert MemberCall(*CALLS[0].as_json()) == CALLS[0]


def test_totals_count_rows_by_outcome() -> None:
    assert totals(CALLS) == {"price": [2, 3, 2, 1.5, 0.25], "text": [1, 0, 4, 1.0, 0.5]}
