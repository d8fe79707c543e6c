from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.partial_answers import answers_in_parts


def ask(rows: Any) -> Predictions:
    if (rows < 0).any():
        raise MemberRaisedError("a", "negative")
    return Predictions(rows.tolist(), np.column_stack([rows, 1 - rows]))


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=30))
def test_only_rows_that_fail_alone_are_missing(rows: list[int]) -> None:
    found = answers_in_parts(ask, np.array(rows), 2)
    assert found.labels == [None if row < 0 else row for row in rows]
    assert found.probabilities is not None
    assert np.isnan(found.probabilities[:, 0]).tolist() == [row < 0 for row in rows]


def test_calls_are_bounded() -> None:
    calls = 0

    def fail(_: Any) -> Predictions:
        nonlocal calls
        calls += 1
        raise MemberRaisedError("a", "always")

    found = answers_in_parts(fail, np.arange(10_000), None)
    assert found.labels == [None] * 10_000
    assert calls < 200


def test_another_error_is_raised() -> None:
    def gone(_: Any) -> Predictions:
        raise MemberUnavailableError("a", "ended")

    with pytest.raises(MemberUnavailableError):
        answers_in_parts(gone, np.arange(3), None)
