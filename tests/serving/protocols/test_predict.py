"""The answer of ``/predict``: the same bytes on every path, and always JSON."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.messages import encode_small
from serving.protocols import predict
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ScoredRows

LABELS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text()


def scored(labels: list[Any], *, chances: bool, tokens: bool) -> ScoredRows:
    flags = [["x:missing"] if place % 2 else [] for place in range(len(labels))]
    checked: Any = SimpleNamespace(rows=len(labels), flags=flags)
    return ScoredRows(
        checked,
        labels,
        [[0.25, 0.75]] * len(labels) if chances else None,
        (False, True) if chances else None,
        [f"token{place}" for place in range(len(labels))] if tokens else None,
    )


@given(st.lists(LABELS, min_size=1, max_size=7), st.booleans(), st.booleans())
def test_parts_and_single_rows_have_the_form_of_the_whole(labels, chances, tokens):
    protocol = PredictProtocol("1.0-abc")
    given = scored(labels, chances=chances, tokens=tokens)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "MAX_ROWS_AT_ONCE", 2)
        parts, headers = protocol.body(None, given)
    whole, _ = protocol.body(None, given)
    document = json.loads(whole)
    assert json.loads(parts) == document
    assert headers == {}
    assert document["version"] == "1.0-abc"
    for place, answer in enumerate(document["predictions"]):
        assert answer["flags"] == given.checked.flags[place]
        assert ("token" in answer) == tokens
        if chances:
            assert answer["probabilities"] == {"false": 0.25, "true": 0.75}


@given(st.floats() | st.text() | st.integers(), st.floats())
def test_any_value_is_json(value, number):
    found = json.loads(encode_small({"value": value, "inner": [number, {"n": number}]}))
    if isinstance(value, float) and not math.isfinite(value):
        assert found["value"] is None
    else:
        assert found["value"] == value
    assert found["inner"][0] == (number if math.isfinite(number) else None)


def test_rows_are_read_from_a_body():
    rows, context = PredictProtocol("1").rows(b'{"rows": [{"a": 1}]}', {})
    assert (rows, context) == ([{"a": 1}], None)


@given(st.lists(LABELS, min_size=2, max_size=7), st.booleans(), st.booleans(), st.booleans())
def test_several_rows_have_the_bytes_of_one_object_a_row(labels, chances, tokens, as_array):
    protocol = PredictProtocol("1.0-abc")
    given = scored(labels, chances=chances, tokens=tokens)
    if chances and as_array:
        given.probabilities = np.array(given.probabilities)
    found, _ = protocol.body(None, given)
    rows = protocol._many(given, slice(len(labels)))
    whole = encode_small({"version": "1.0-abc", "predictions": rows})
    assert found == whole
