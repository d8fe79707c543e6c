"""Encoded fields equal those of Google's library."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, NumberDataPoint

from monitoring.otlp import wire

WHOLE = st.integers(0, 2**64 - 1)
NUMBER = st.floats(allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.integers(0, 2**32 - 1), WHOLE, NUMBER)
def test_numbers(flags: int, at: int, value: float) -> None:
    content = wire.unsigned(8, flags) + wire.fixed(3, at) + wire.double(4, value)
    found = NumberDataPoint.FromString(content)
    assert (found.flags, found.time_unix_nano, found.as_double) == (flags, at, value)


@given(TEXT, TEXT)
def test_text_and_messages(key: str, value: str) -> None:
    content = wire.text(1, key) + wire.message(2, wire.text(1, value))
    expected = KeyValue(key=key, value=AnyValue(string_value=value))
    assert KeyValue.FromString(content) == expected


@given(st.lists(WHOLE), st.lists(NUMBER))
def test_packed_numbers(counts: list[int], bounds: list[float]) -> None:
    content = wire.packed_fixed(6, counts) + wire.packed_doubles(7, bounds)
    found = HistogramDataPoint.FromString(content)
    assert (list(found.bucket_counts), list(found.explicit_bounds)) == (counts, bounds)
