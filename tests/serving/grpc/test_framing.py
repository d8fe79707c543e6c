"""The message of a call, plain or compressed, within its bound."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.grpc.framing import PREFIX, framed, message_of
from serving.http.messages import RequestError

GZIP = {b"grpc-encoding": b"gzip"}


@given(st.binary(max_size=500))
def test_a_message_is_read_as_it_was_framed(message: bytes) -> None:
    assert message_of(framed(message), {}, 500) == (message, None)
    packed = gzip.compress(message)
    assert message_of(PREFIX.pack(1, len(packed)) + packed, GZIP, 600) == (packed, "gzip")
    assert message_of(bytearray(framed(message)), GZIP, 500) == (message, None)


@pytest.mark.parametrize(
    "body", [b"", b"\0\0\0\0", b"\0\0\0\0\2a", framed(b"a") * 2, b"\2\0\0\0\1a"]
)
def test_other_than_one_message_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        message_of(body, {}, 100)
    assert (caught.value.status, caught.value.code) == (400, "malformed_request")


def test_a_large_message_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        message_of(framed(b"x" * 2_001), GZIP, 2_000)
    assert caught.value.status == 413
    assert caught.value.details["expected"] == "<= 2000 bytes"


def test_another_compression_is_not_implemented() -> None:
    with pytest.raises(RequestError) as caught:
        message_of(PREFIX.pack(1, 1) + b"x", {b"grpc-encoding": b"snappy"}, 100)
    assert (caught.value.status, caught.value.details["expected"]) == (501, "identity,gzip")
