from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from packager.client import exposition
from packager.client.exposition import MAX_LINE, read_samples
from packager.errors import PackageError

PAGE = r"""# HELP rows_total Rows.
# TYPE rows_total counter
rows_total{name="a \"quoted\" {1}\\",path="x,y"} 3
rows_total{name="",path="z"} 1.5e3
up 1 1700000000000
"""


def test_names_labels_and_values_are_read() -> None:
    found = [(one.name, one.labels, one.value) for one in read_samples(PAGE, "http://a/metrics")]
    assert found == [
        ("rows_total", {"name": 'a "quoted" {1}\\', "path": "x,y"}, 3.0),
        ("rows_total", {"name": "", "path": "z"}, 1500.0),
        ("up", {}, 1.0),
    ]
    assert all(type(value) is float for _, _, value in found)


@pytest.mark.parametrize(
    "text",
    ["<html>", "a x", 'a{b="c"d} 1', "a{", "a{,,} 1", "# TYPE a nonsense", "# TYPE a", "a 1_0"],
)
def test_another_text_is_refused_with_its_address(text: str) -> None:
    with pytest.raises(PackageError, match=r"^http://a/metrics: expected metrics, got other") as e:
        read_samples(PAGE + text + "\n", "http://a/metrics")
    assert e.value.hint == "name the address of a served package"


def test_a_number_beyond_a_float_is_refused() -> None:
    with pytest.raises(PackageError, match="http://a: expected metrics"):
        read_samples("a " + "1" * 400, "http://a")


def test_lines_and_samples_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "x" * (MAX_LINE - len('a{b=""} 1'))
    assert len(read_samples(f'a{{b="{label}"}} 1', "http://a")) == 1
    with pytest.raises(PackageError, match=f"line 2: more than {MAX_LINE} characters"):
        read_samples(f'up 1\na{{b="{label}y"}} 1', "http://a")
    monkeypatch.setattr(exposition, "MAX_SERIES", 2)
    with pytest.raises(PackageError, match="more than 2 series"):
        read_samples(PAGE, "http://a")


@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_any_label_value_of_the_client_library_is_read_back(text: str, value: float) -> None:
    registry = CollectorRegistry()
    clean = text.encode("utf-8", "replace").decode()
    Gauge("g", "text", ["a", "b"], registry=registry).labels(clean, "x,y}").set(value)
    (found,) = read_samples(generate_latest(registry).decode(), "http://x")
    assert (found.name, found.labels, found.value) == ("g", {"a": clean, "b": "x,y}"}, value)
