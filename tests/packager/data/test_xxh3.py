"""XXH3 of whole columns: what the library gives for each value."""

import numpy as np
import pandas as pd
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from packager.data import texts
from packager.data.fingerprint import cell_hashes
from packager.data.xxh3 import xxh3_of_parts


def hashed(parts):
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    return xxh3_of_parts(np.frombuffer(b"".join(parts), np.uint8), ends).tolist()


@pytest.mark.parametrize("length", [*range(70), 127, 128, 129, 240, 241, 1000])
def test_every_length_matches_the_library(length):
    parts = [np.random.default_rng(i).bytes(length) for i in range(3)]
    assert hashed(parts) == [xxhash.xxh3_64_intdigest(part) for part in parts]


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_lengths_may_be_mixed(parts):
    assert hashed(parts) == [xxhash.xxh3_64_intdigest(part) for part in parts]


@pytest.mark.parametrize("values", [["a", None, "é" * 30], ["\ud800", "x", None], [None, None], []])
def test_text_without_pyarrow_is_the_same(monkeypatch, values):
    series = pd.Series(values, dtype=object)
    with_it = cell_hashes(series, "x").tolist()
    monkeypatch.setattr(texts, "find_spec", lambda _name: None)
    assert cell_hashes(series, "x").tolist() == with_it


def test_a_slice_of_a_larger_arrow_column_is_the_same():
    series = pd.Series([f"text {i}" for i in range(9000)], dtype="string[pyarrow]")
    whole = cell_hashes(series, "x")
    assert cell_hashes(series.iloc[100:8000], "x").tolist() == whole[100:8000].tolist()
