"""The answers of a batch in one message: each request gets its own rows back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.joined_answers import PartAnswer, joined, separated
from modelhost.prediction_messages import decode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message, roundtrip

COUNTS = st.lists(st.integers(1, 20), min_size=1, max_size=6)


def batch(counts: list[int], *, chances: bool, more: bool) -> list[PartAnswer]:
    rows = sum(counts)
    whole = Predictions(
        [f"label {row}" for row in range(rows)],
        np.arange(2.0 * rows).reshape(rows, 2) if chances else None,
        [{"row": row} for row in range(rows)] if more else None,
        {"member": [0, rows - 1]},
    )
    ends = np.cumsum(counts).tolist()
    starts = [0, *ends[:-1]]
    return [PartAnswer(whole, range(*one)) for one in zip(starts, ends, strict=True)]


@given(COUNTS, st.booleans(), st.booleans(), st.sets(st.integers(0, 5)))
def test_each_request_gets_its_own_rows(counts, chances, more, left_out):
    parts = batch(counts, chances=chances, more=more and not chances)
    chosen = [(7 * at, part) for at, part in enumerate(parts) if at not in left_out]
    if not chosen:
        return
    found = [*separated(roundtrip(joined(chosen)))]
    assert [number for number, _ in found] == [number for number, _ in chosen]
    for (_, own), (_, part) in zip(found, chosen, strict=True):
        alone = decode_predictions(roundtrip(part.message))
        assert (own.labels, own.more, own.absent) == (alone.labels, alone.more, alone.absent)
        assert repr(own.probabilities) == repr(alone.probabilities)


GOOD = joined([(1, batch([1, 2], chances=True, more=False)[0])])


@pytest.mark.parametrize(
    "changed",
    [
        {"ids": 1},
        {"ids": ["1"]},
        {"ids": [True]},
        {"ids": [1, 2]},
        {"counts": [0]},
        {"counts": [-1]},
        {"counts": [2]},
        {"counts": [1.0]},
        {"counts": []},
        {"more": [{}, {}], "shape": [1, 2]},
        {"shape": [2, 1]},
        {"ids": [], "counts": []},
    ],
)
def test_another_form_is_an_error(changed: dict[str, Any]) -> None:
    header = {**GOOD.header, **changed}
    if "more" in changed:
        header.pop("probabilities")
    with pytest.raises((ValueError, TypeError)):
        [*separated(roundtrip(Message(header, GOOD.buffers if "more" not in changed else ())))]
