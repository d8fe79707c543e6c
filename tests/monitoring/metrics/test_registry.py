"""Series of one model and version; histograms buffer observations until a flush."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.metrics.registry import CollectorRegistry, Series, generate_latest, label, set_bits

BUCKETS = (0.1, 1.0, 10.0)


@given(st.lists(st.floats(0, 20), max_size=40), st.integers(0, 40))
def test_a_histogram_that_is_written_later_is_the_librarys_own(values, cut):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    made = Series("m", "1", ours).histogram("h", "text", BUCKETS, "route")("/predict")
    other = Series("m", "1", theirs).histogram("h", "text", BUCKETS, "route")("/predict")
    for place, value in enumerate(values):
        made.observe(value)
        other._histogram.observe(value)
        if place == cut:
            made.flush()
    made.flush()
    made.flush()

    def counts(registry):
        return {
            (sample.name, sample.labels.get("le")): sample.value
            for metric in registry.collect()
            for sample in metric.samples
            if not sample.name.endswith("_created")
        }

    assert counts(ours) == pytest.approx(counts(theirs))


@given(st.text() | st.booleans() | st.integers() | st.floats())
def test_any_value_is_a_label_that_the_exposition_holds(value):
    registry = CollectorRegistry()
    Series("m", "1", registry).counter("c", "text", "x").labels("m", "1", label(value)).inc()
    generate_latest(registry).decode()


def test_lone_surrogates_are_escaped():
    assert label("\ud800x") == "\\ud800x"
    assert label(True) == "true"


@given(st.integers(0, 2**70))
def test_the_bits_of_a_bitmap_add_up_to_it(bitmap):
    places = set_bits(bitmap)
    assert sum(1 << place for place in places) == bitmap
    assert places == sorted(set(places))


def test_a_gauge_is_set_by_its_label_values():
    registry = CollectorRegistry()
    Series("m", "1", registry).gauge("g", "text", "slice")("a", 3.5)
    labels = {"model": "m", "version": "1", "slice": "a"}
    assert registry.get_sample_value("g", labels) == 3.5


@pytest.mark.parametrize("known", [True, False])
def test_observations_that_were_counted_elsewhere_are_added(known, monkeypatch):
    if not known:
        monkeypatch.setattr("monitoring.metrics.registry._has_parts", lambda *_: False)
    registry = CollectorRegistry()
    made = Series("m", "1", registry).histogram("h", "text", (1.0, 2.0), "route")("/predict")
    assert made.buckets == 3
    made.add([2, 1, 1], 6.5)
    where = {"model": "m", "version": "1", "route": "/predict"}
    assert registry.get_sample_value("h_count", where) == 4
    assert registry.get_sample_value("h_bucket", {**where, "le": "1.0"}) == 2
    assert registry.get_sample_value("h_bucket", {**where, "le": "2.0"}) == 3
    # Without the library's parts, the sum is that of the bounds.
    assert registry.get_sample_value("h_sum", where) == (6.5 if known else 8.0)
