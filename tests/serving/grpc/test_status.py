"""Statuses, messages and deadlines in headers."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

from serving.grpc.status import MAX_MESSAGE_BYTES, STATUSES, status_of, timeout_of
from serving.http.messages import RequestError

NAMES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    404: StatusCode.NOT_FOUND,
    413: StatusCode.RESOURCE_EXHAUSTED,
    422: StatusCode.INVALID_ARGUMENT,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}


def test_statuses_are_those_of_grpc() -> None:
    assert {status: code.value[0] for status, code in NAMES.items()} == STATUSES


@given(st.text(max_size=2_000))
def test_a_message_is_printable_ascii_and_can_be_read_back(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    status, message = status_of(RequestError(422, "invalid_row", text))
    assert status == 3
    assert re.fullmatch(rb"[\x20-\x7e]*", message)
    assert len(message) <= MAX_MESSAGE_BYTES
    if len(message) < MAX_MESSAGE_BYTES - 3:
        assert unquote(message.decode()) == RequestError(422, "", text).message


def test_details_are_in_the_message() -> None:
    error = RequestError(413, "too_large", "the message is too large", expected="<= 5 bytes")
    assert status_of(error) == (8, b"the message is too large: expected <= 5 bytes")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        (b"1S", 1.0),
        (b"20m", 0.02),
        (b"5000u", 0.005),
        (b"1000n", 1e-6),
        (b"2M", 120.0),
        (b"1H", 3_600.0),
        (b"0n", 0.0),
    ],
)
def test_timeouts(header: bytes | None, seconds: float | None) -> None:
    assert timeout_of(header) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "header", [b"", b"1", b"S", b"-1S", b"123456789S", b"1s", b"1.5S", b"\xff"]
)
def test_a_timeout_of_another_form_is_refused(header: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        timeout_of(header)
    assert caught.value.status == 400
    assert caught.value.details["expected"] == "up to eight digits and a unit, such as 250m"
