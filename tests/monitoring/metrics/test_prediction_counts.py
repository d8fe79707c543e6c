"""Answers are counted once and by their label, however they are split into batches."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitoring.metrics.prediction_counts import PredictionCounts

CLASSES = ["a", "b"]
LABELS = st.sampled_from([*CLASSES, "other", None])
ROWS = st.lists(
    st.tuples(LABELS, st.none() | st.floats(0, 1).map(lambda p: [p, 1 - p]), st.integers(0, 2)),
    max_size=30,
)


class Written:
    """What was written to the counters, added up."""

    def __init__(self) -> None:
        self.predicted: Counter[Any] = Counter()
        self.rows: Counter[int] = Counter()
        self.estimated: Counter[int] = Counter()

    def add_predictions(self, counts: Counter[Any]) -> None:
        self.predicted.update(counts)

    def add_slices(self, tallies: Any) -> None:
        for bitmap, rows, estimated, _ in tallies:
            self.rows[bitmap] += rows
            self.estimated[bitmap] += estimated

    def add_bins(self, name: str, counts: Any) -> None: ...


def counted(parts: list[list[Any]], classes: list[str] | None, *, each: bool = False) -> Written:
    counts, written = PredictionCounts(None, classes), Written()
    for part in parts:
        for sure in (True, False):
            rows = [row for row in part if (row[1] is not None) is sure]
            if rows:
                labels, chances, bitmaps = (list(column) for column in zip(*rows, strict=True))
                counts.add(labels, chances if sure else None, bitmaps)
        if each:
            counts.write(written)  # type: ignore[arg-type]
    counts.write(written)  # type: ignore[arg-type]
    return written


@given(ROWS, st.integers(0, 30), st.booleans())
def test_parts_count_what_the_whole_counts(rows, cut, each):
    parts = counted([rows[:cut], rows[cut:]], CLASSES, each=each)
    whole = counted([rows], CLASSES)
    assert (+parts.predicted, +parts.rows) == (+whole.predicted, +whole.rows)
    assert +whole.rows == Counter(bitmap for _, _, bitmap in rows)
    assert +whole.predicted == Counter(label for label, _, _ in rows)


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1, max_size=20))
def test_numbers_are_counted_as_there_or_not(values):
    found = counted([[(value, None, 0) for value in values]], None).predicted
    assert found[None] == values.count(None)
    assert found[0.0] == len(values) - values.count(None)


def test_what_was_written_is_not_written_again():
    counts, written = PredictionCounts(None, CLASSES), Written()
    counts.add(["a"], None, [1])
    counts.write(written)  # type: ignore[arg-type]
    counts.write(written)  # type: ignore[arg-type]
    assert written.predicted == {"a": 1}
