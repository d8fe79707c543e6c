"""Labels sent to ``/feedback``: bounded before they are counted."""

from __future__ import annotations

from typing import Any

import pytest

from serving.feedback.endpoint import parse_labels
from serving.http.limits import MAX_LABELS
from serving.http.messages import RequestError
from serving.protocols.registry import refusal


def refused(call: Any, *given: Any, **named: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call(*given, **named)
    answer = refusal("/invocations", caught.value)
    assert len(answer.body) < 4_000
    assert len(caught.value.response().body) < 8_000
    return caught.value


def test_many_labels_are_413() -> None:
    label = b'{"token":"a","actual":1}'
    body = b"[" + (label + b",") * (MAX_LABELS - 1) + label + b"]"
    assert len(parse_labels(body)) == MAX_LABELS
    error = refused(parse_labels, body[:-1] + b"," + label + b"]")
    assert (error.status, error.message) == (413, f"the request has {MAX_LABELS + 1} labels")


def test_labels_with_answers_are_triples() -> None:
    body = (
        b'[{"token":"a","answer":{"n":[1]},"actual":{"n":null}},{"token":"a"},{"token":"a","x":1}]'
    )
    found = parse_labels(body, answers=True)
    assert found == [("a", {"n": [1]}, {"n": None}), ("a", None, None), (None, None, None)]
    # Of a plain package the token holds the answer.
    assert parse_labels(body) == [("a", {"n": None}), ("a", None), (None, None)]
