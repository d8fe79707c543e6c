"""Derived values of a batch: all of a small one, evenly spaced ones of a costly one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from picture_samples import gray_png

from monitoring.metrics.derived_columns import DerivedColumns, size_of
from monitoring.stats.binning import build_profile

ARRAYS = [np.full((2, 2), n) for n in range(20)]
IMAGES = [gray_png(np.full((3, 3), n)) for n in range(20)]


def derived(cells: list[object], kind: str) -> DerivedColumns:
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    return DerivedColumns([(1, f) for f in build_profile(frame, [("x", kind)]).features])


def test_a_small_batch_is_measured_whole() -> None:
    columns = [[0] * 3, [ARRAYS[4], None, ARRAYS[6]]]
    assert next(derived(ARRAYS, "array").of(columns)) == [4, None, 6]
    assert next(derived(ARRAYS, "array").of([[0] * 2, [None, None]])) == [None, None]


def test_of_many_images_some_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.metrics.derived_columns.MAX_DECODED_PIXELS", 9 * 8)
    by_size, by_format, light, *_ = derived(IMAGES, "bytes").of([[0] * 200, IMAGES * 10])
    assert None not in by_size
    assert None not in by_format
    decoded = [at for at, value in enumerate(light) if value is not None]
    assert 1 < len(decoded) <= 8
    assert len(set(np.diff(decoded).tolist())) == 1


def test_of_long_texts_some_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.metrics.derived_columns.MAX_MEASURED", 2_000)
    texts = [f"note {n} {'x' * (n % 9)}" for n in range(100)]
    found = next(derived(texts, "string").of([[0] * 100, texts]))
    assert 1 < sum(value is not None for value in found) < 20


def test_nothing_is_derived_from_plain_columns() -> None:
    assert not derived(list(range(20)), "integer")
    assert [size_of(value) for value in (ARRAYS[0], b"abc", [1], "ab", 5, None)] == [
        4,
        3,
        1,
        2,
        1,
        1,
    ]
