from __future__ import annotations

from typing import Any

import pytest

from monitoring.metrics.members import MemberCounts
from serving.prediction.member_messages import MAX_STATE_TEXT, read_states, read_usage

GOOD = [[0, 1], 0.5, 0.25, [1, 0, 0], []]


def test_states_are_texts_of_bounded_length() -> None:
    assert read_states({"a": "ready", "b": "x" * 999}) == {"a": "ready", "b": "x" * MAX_STATE_TEXT}
    for told in (None, [], "ready", {"a": 1}, {1: "ready"}):
        with pytest.raises(ValueError, match="expected the states of members"):
            read_states(told)


def test_usage_has_five_parts_for_each_member() -> None:
    assert read_usage({"a": GOOD}) == {"a": MemberCounts(*GOOD)}


@pytest.mark.parametrize(
    "told", [None, [], 1, {"a": None}, {"a": GOOD[:4]}, {"a": [1, 2, 3, 4, 5]}]
)
def test_anything_else_is_none(told: Any) -> None:
    with pytest.raises(ValueError, match="expected the calls of members"):
        read_usage(told)
