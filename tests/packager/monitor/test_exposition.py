"""Prometheus' text format is read as the client library writes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from packager.monitor.exposition import samples


@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_any_label_value_of_the_client_library_is_read_back(text: str, value: float) -> None:
    registry = CollectorRegistry()
    clean = text.encode("utf-8", "replace").decode()
    Gauge("g", "text", ["a", "b"], registry=registry).labels(clean, "x,y}").set(value)
    (found,) = samples(generate_latest(registry).decode())
    assert (found.name, found.labels, found.value) == ("g", {"a": clean, "b": "x,y}"}, value)
