"""The bins of a row are those in which the metrics count it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from monitoring.profile.profile import Profile
from monitoring.stats.binning import build_profile
from serving.try_page.bins import MAX_MEASURES, TrainingBins

RANDOM = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "carat": RANDOM.gamma(2, 0.4, 300),
        "color": RANDOM.choice(list("DEF"), 300),
        "file": [bytes(size) for size in RANDOM.integers(1, 99, 300)],
    }
)
NAMES = ["carat", "color", "file"]
PROFILE = build_profile(FRAME, [("carat", "number"), ("color", "string"), ("file", "bytes")])


def places(carat: Any, color: Any, file: Any) -> Any:
    return TrainingBins(NAMES, PROFILE, {}).of(((carat,), (color,), (file,)))


@given(st.floats(-5, 50), st.sampled_from(["D", "E", "F"]))
def test_a_value_is_in_the_bin_of_the_profile(carat: float, color: str) -> None:
    found = places(carat, color, b"1")
    for name, value in (("carat", carat), ("color", color)):
        (place,) = found[name]
        assert place.index == place.feature.bin_indices([value])[0]
        assert place.name == place.feature.bins[place.index]
        assert place.share == place.feature.counts[place.index] / 300


def test_what_is_derived_from_a_column_belongs_to_it() -> None:
    found = places(1.0, "D", bytes(50))["file"]
    assert found[0].measure == "bytes"
    assert len(found) <= MAX_MEASURES


def test_a_null_and_an_unseen_category_lie_nowhere() -> None:
    found = places(None, "Z", None)
    assert [*found.values()] == [[], [], []]


def test_without_a_profile_there_are_no_bins() -> None:
    assert TrainingBins(NAMES, None, {}).of(((1.0,), ("D",), (b"",))) == {}
    empty = Profile(rows=0, features=(), left_out=())
    assert TrainingBins(NAMES, empty, {}).of(((1.0,), ("D",), (b"",))) == {}
