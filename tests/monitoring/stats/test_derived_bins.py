"""Bins of derived values: also where all training rows have one value."""

from __future__ import annotations

import pandas as pd

from monitoring.stats.binning import build_profile
from monitoring.stats.drift import measure_drift


def features(values: list[object], kind: str) -> dict[str, object]:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    return {f.name: f for f in build_profile(frame, [("x", kind)]).features}


def test_one_value_has_a_bin_below_and_above_it_which_are_empty() -> None:
    found = features([[1, n] for n in range(50)], "list")["x.length"]
    assert found.bins == ("< 2", "2", "> 2")
    assert found.counts == (0, 50, 0)
    assert found.bin_indices([[], [1], [1, 2], [1, 2, 3], None]).tolist() == [0, 0, 1, 2, -1]


def test_one_category_has_an_empty_other() -> None:
    found = features([f"some words {n}" for n in range(600)], "string")["x.script"]
    assert dict(zip(found.bins, found.counts, strict=True)) == {"Latin": 600, "other": 0}
    assert not measure_drift([599, 1], found.counts).drifting
    assert measure_drift([300, 300], found.counts).drifting


def test_words_that_no_other_row_has_say_nothing_where_most_are_such() -> None:
    assert "x.unseen" not in features([f"u{n} v{n} w{n}" for n in range(60)], "string")


def test_measures_of_several_columns_share_the_places_in_turn() -> None:
    frame = pd.DataFrame({name: [[n % 3] * (1 + n % 5) for n in range(60)] for name in "ab"})
    found = build_profile(
        frame.assign(c=range(60)), [("a", "list"), ("b", "list"), ("c", "integer")], 4
    )
    assert [f.name for f in found.features] == ["a.length", "b.length", "c", "a.unseen"]
    assert found.unwatched == ("a.mean", "b.unseen", "b.mean")
    assert found.left_out == ()
