"""Values are counted in the bytes, and what the bytes lack is an error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.grpc.messages import MESSAGES
from serving.grpc.wire_values import values_of
from serving.http.messages import RequestError

REQUEST = MESSAGES["ModelInferRequest"]
MANY = 1 << 30


@given(
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=50),
    st.lists(st.booleans(), max_size=50),
    st.lists(st.floats(allow_nan=False), max_size=50),
    st.lists(st.binary(max_size=5), max_size=50),
    st.lists(st.binary(max_size=300), max_size=3),
)
def test_every_element_and_every_field_counts(
    integers: list[int], flags: list[bool], floats: list[float], texts: list[bytes], raw: list
) -> None:
    request = REQUEST(model_name="m", raw_input_contents=raw)
    contents = request.inputs.add(name="x").contents
    contents.int64_contents.extend(integers)
    contents.bool_contents.extend(flags)
    contents.fp64_contents.extend(floats)
    contents.bytes_contents.extend(texts)
    elements = len(integers) + len(flags) + len(floats)
    packed = sum(map(bool, (integers, flags, floats)))
    found = values_of(request.SerializeToString(), MANY)
    content = 1 if contents.ListFields() else int(request.inputs[0].HasField("contents"))
    assert found == 3 + len(raw) + content + packed + elements + len(texts)


def test_empty_messages_count_though_they_hold_nothing() -> None:
    assert values_of(b"\x2a\x00" * 1_000, MANY) == 1_000
    assert values_of(b"\x2a\x00" * 1_000, 10) == 11, "counting stops"


@given(st.binary(max_size=200))
def test_any_bytes_are_counted_or_refused(noise: bytes) -> None:
    with contextlib.suppress(RequestError):
        assert 0 <= values_of(noise, MANY) <= 2 * len(noise)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x0a\x05ab", "it is cut off"),
        (b"\x0a", "it is cut off"),
        (b"\x0d\x00", "it is cut off"),
        (b"\x0b", "wire type 3"),
        (b"\xff" * 11, "an integer of more than ten bytes"),
    ],
)
def test_bytes_that_are_no_message_are_refused(body: bytes, why: str) -> None:
    with pytest.raises(RequestError) as caught:
        values_of(body, MANY)
    assert caught.value.message == f"the body is no ModelInferRequest: {why}"
