"""Responses of a server are read as documented, or refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.client.answers import (
    MAX_MESSAGE,
    FeedbackReceipt,
    Prediction,
    ServerError,
    parse_error,
    parse_feedback,
    parse_json,
    parse_prediction,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["accepted", "skipped", "rejected", "prediction", "flags", "token"])


def test_a_prediction_is_read_with_what_the_server_leaves_out():
    assert parse_prediction({"prediction": None}) == Prediction(None, None, (), None)
    full = {"prediction": "a", "probabilities": {"a": 1, "b": None}, "flags": ["x:missing"]}
    assert parse_prediction({**full, "token": "t"}) == Prediction(
        "a", {"a": 1, "b": None}, ("x:missing",), "t"
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"prediction": 1, "probabilities": {"a": True}}, "probabilities by label"),
        ({"prediction": 1, "flags": [1]}, "flags as a list of text"),
        ({"prediction": 1, "token": 7}, "a token that is text"),
        ([], "^a prediction$"),
    ],
)
def test_the_part_of_a_prediction_that_is_wrong_is_named(found, expected):
    with pytest.raises(ValueError, match=expected):
        parse_prediction(found)


def test_every_label_sent_has_one_result():
    rejected = [{"index": 2, "reason": "bad_signature"}]
    found = {"accepted": 1, "skipped": 1, "rejected": rejected}
    assert parse_feedback(found, 3) == FeedbackReceipt(1, ((2, "bad_signature"),), 1)
    with pytest.raises(ValueError, match="results for 4 labels"):
        parse_feedback(found, 4)
    with pytest.raises(ValueError, match="every rejected label once"):
        parse_feedback({"accepted": 0, "skipped": 0, "rejected": rejected * 3}, 3)
    with pytest.raises(ValueError, match="the index and the reason"):
        parse_feedback({**found, "rejected": [{"index": 3, "reason": "x"}]}, 3)


@pytest.mark.slow
@given(JSON | st.dictionaries(NAMES, JSON), st.integers(0, 5))
def test_any_other_json_is_a_value_error_or_adds_up(found, sent):
    try:
        receipt = parse_feedback(found if isinstance(found, dict) else {"rejected": found}, sent)
    except ValueError:
        return
    assert receipt.accepted + receipt.skipped + len(receipt.rejected) == sent


@pytest.mark.slow
@given(JSON | st.dictionaries(NAMES, JSON))
def test_any_other_prediction_is_a_value_error(found):
    with contextlib.suppress(ValueError):
        assert isinstance(parse_prediction(found), Prediction)


def test_an_error_is_shortened_and_its_row_is_a_number():
    assert parse_error(b'{"error": {"message": "no", "row": 3}}') == ServerError("no", 3)
    assert parse_error(b'{"error": {"message": "no", "row": true}}').row is None
    long = parse_error(b'{"error": {"message": "%s"}}' % (b"x" * 9_000)).message
    assert len(long) <= MAX_MESSAGE + 1
    for text in (b"[]", b'{"error": "no"}', b'{"error": {"message": 1}}', b"<html>"):
        with pytest.raises(ValueError, match=r"an error with a message|Expecting value"):
            parse_error(text)


def test_json_that_is_nested_too_deeply_is_a_value_error():
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(b"[" * 200_000)


def test_a_structured_answer_is_kept_as_it_came() -> None:
    answer = {"price": 1.5, "tags": ["a"], "load": [1.0, None]}
    chances = {"tags": {"a": 0.75, "b": None}}
    found = parse_prediction({"prediction": answer, "probabilities": chances, "token": "t"})
    assert (found.prediction, found.probabilities) == (answer, chances)
    with pytest.raises(ValueError, match="probabilities by label"):
        parse_prediction({"prediction": answer, "probabilities": {"tags": {"a": "much"}}})
