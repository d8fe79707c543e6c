"""XXH3 of whole columns equals the library's hash of each value."""

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from packager.data.xxh3 import xxh3_of_parts


def hashed(parts):
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    out = np.empty(len(parts), np.uint64)
    xxh3_of_parts(np.frombuffer(b"".join(parts), np.uint8), ends, out)
    return out.tolist()


@pytest.mark.parametrize("length", [*range(70), 127, 128, 129, 240, 241, 1000])
def test_every_length_matches_the_library(length):
    parts = [np.random.default_rng(i).bytes(length) for i in range(3)]
    assert hashed(parts) == [xxhash.xxh3_64_intdigest(part) for part in parts]


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_lengths_may_be_mixed(parts):
    assert hashed(parts) == [xxhash.xxh3_64_intdigest(part) for part in parts]
