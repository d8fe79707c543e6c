"""Labels of some slices only are noted; labels of a random part are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from packager.worker.test.label_coverage import coverage_note

Mask = npt.NDArray[np.bool_]
ROWS = 1_000
EVERY = np.ones(ROWS, np.bool_)


def half(rows: int) -> Mask:
    return np.arange(ROWS) < rows


def test_a_slice_with_few_labels_is_named() -> None:
    draw = np.random.default_rng(1)
    labelled = draw.random(ROWS) < np.where(half(300), 0.1, 0.8)
    found = coverage_note(labelled, {"__all__": EVERY, "plan=pro": half(300)})
    shares = labelled[:300].mean(), labelled[300:].mean()
    assert found == (
        f"the labelled rows are no random part of the new ones: {shares[0]:.1%} of the rows of "
        f"plan=pro, {shares[1]:.1%} of the others: what is measured of all rows is mostly that of "
        "slices with many labels"
    )


def test_a_random_part_is_noted_as_rarely_as_the_level_says() -> None:
    noted = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        masks = {f"s={at}": draw.random(ROWS) < 0.2 for at in range(10)}
        noted += coverage_note(draw.random(ROWS) < 0.3, {"__all__": EVERY, **masks}) is not None
    assert noted <= 4


def test_rows_of_a_group_that_are_labelled_together_count_once() -> None:
    groups = np.arange(ROWS) // 100
    labelled = np.isin(groups, (0, 1, 2, 7))
    assert coverage_note(labelled, {"s": half(500)}) is not None
    assert coverage_note(labelled, {"s": half(500)}, groups) is None


def test_a_small_slice_and_one_of_all_rows_are_left_out() -> None:
    assert coverage_note(half(20), {"s": half(20), "t": EVERY}) is None


def test_the_largest_differences_are_named_first_and_the_others_counted() -> None:
    masks = {f"s={at}": half(at) for at in (200, 300, 400, 450)}
    found = coverage_note(half(400), masks)
    assert found is not None
    assert found.index("s=400") < found.index("s=450") < found.index("s=300")
    assert "; 1 more slice: what" in found
