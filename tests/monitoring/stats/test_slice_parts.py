"""Two weak slices of one category are found as two, and a weak category as one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_features import SliceFeature
from monitoring.stats.slice_tests import Losses
from monitoring.stats.weak_slices import SearchOptions, find_weak_slices

ROWS = 12_000
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def shown(
    weak: Mask, codes: dict[str, npt.NDArray[np.int64]], high: float | Floats = 0.4
) -> list[Mask]:
    chance = np.where(weak, high, 0.1)
    loss = (np.random.default_rng(1).random(ROWS) < chance).astype(float)
    features = [SliceFeature.of_codes(name, code) for name, code in codes.items()]
    found = find_weak_slices(features, Losses(loss, np.full(ROWS, 0.1)), SearchOptions())
    return [one.mask for one in found.slices]


def drawn() -> dict[str, npt.NDArray[np.int64]]:
    draw = np.random.default_rng(0)
    return {
        "kind": draw.integers(0, 8, ROWS),
        "size": draw.integers(0, 4, ROWS),
        "new": draw.integers(0, 2, ROWS),
    }


def test_two_weak_slices_of_one_category_are_two() -> None:
    codes = drawn()
    kind = codes["kind"] == 2
    one = kind & (codes["size"] == 0)
    other = kind & (codes["size"] == 3) & (codes["new"] == 1)
    found = shown(one | other, codes)
    assert len(found) == 2
    for planted in (one, other):
        assert any(np.array_equal(planted, mask) for mask in found)


def test_a_category_that_is_weak_as_a_whole_is_one() -> None:
    codes = drawn()
    weak = codes["kind"] == 2
    (found,) = shown(weak, codes)
    assert np.array_equal(found, weak)


def test_a_category_that_is_weak_everywhere_but_not_equally_is_one() -> None:
    plan = np.random.default_rng(3).choice(3, ROWS, p=[0.6, 0.25, 0.15])
    codes = {**drawn(), "plan": plan}
    weak = codes["kind"] == 2
    (found,) = shown(weak, codes, np.array([0.9, 0.6, 0.5])[plan])
    assert np.array_equal(found, weak)
