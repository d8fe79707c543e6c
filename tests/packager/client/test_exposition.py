"""Prometheus' text format is read as the client library writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from packager.client import exposition
from packager.client.exposition import read_samples
from packager.errors import PackageError


@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_any_label_value_of_the_client_library_is_read_back(text: str, value: float) -> None:
    registry = CollectorRegistry()
    clean = text.encode("utf-8", "replace").decode()
    Gauge("g", "text", ["a", "b"], registry=registry).labels(clean, "x,y}").set(value)
    (found,) = read_samples(generate_latest(registry).decode(), "http://x")
    assert (found.name, found.labels, found.value) == ("g", {"a": clean, "b": "x,y}"}, value)


@pytest.mark.parametrize("text", ["g{a=", 'g{a="x} 1', "g one"])
def test_what_is_no_exposition_is_refused_by_its_address(text: str) -> None:
    with pytest.raises(PackageError, match="http://x: expected metrics, got another content"):
        read_samples(text, "http://x")


def test_lines_and_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "MAX_SERIES", 2)
    assert len(read_samples("a 1\nb 2\n", "x")) == 2
    with pytest.raises(PackageError, match="more than 2 series"):
        read_samples("a 1\nb 2\nc 3\n", "x")
    with pytest.raises(PackageError, match=r"line 2: more than 16384 characters"):
        read_samples(f"a 1\n# {'x' * exposition.MAX_LINE}\n", "x")
