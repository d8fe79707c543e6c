"""Planted drift of arrays, images, text and lists is seen, and none where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from picture_samples import GIF, gray_jpeg, gray_png
from sklearn.datasets import load_digits

from monitoring.metrics.bin_counts import BinCounts
from monitoring.profile.profile import Profile
from monitoring.stats.binning import build_profile
from monitoring.stats.drift import measure_drift
from packager.data.array_column import ArrayColumn

RANDOM = np.random.default_rng(7)
WORDS = ["".join(RANDOM.choice(list("abcdefgh"), 5)) for _ in range(400)]
DIGITS = load_digits().images.astype(np.uint8)[RANDOM.permutation(1_797)]


def drifting(profile: Profile, cells: Sequence[Any]) -> set[str]:
    """The measures that drift, counted as a server does."""
    bins = BinCounts([(0, feature) for feature in profile.features], {})
    for start in range(0, len(cells), 7):
        bins.add([cells[start : start + 7]])
    counts = dict(bins.drain())
    return {
        str(feature.measure)
        for feature in profile.features
        if feature.name in counts and measure_drift(counts[feature.name], feature.counts).drifting
    }


def profiled(cells: Any, kind: str) -> Profile:
    column = ArrayColumn(cells) if kind == "array" else pd.Series(list(cells), dtype=object)
    return build_profile(pd.DataFrame({"x": pd.Series(column)}), [("x", kind)])


def text(words: Sequence[str]) -> str:
    return " ".join(RANDOM.choice(words, RANDOM.integers(5, 15)))


def picture(level: int, size: int = 6) -> bytes:
    return gray_png(RANDOM.integers(0, level, (size, size)))


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda block: block, set()),
        (lambda _: DIGITS[:1_100], set()),
        (lambda block: block // 2, {"mean", "std", "norm", "distance"}),
        (lambda block: np.rot90(block, axes=(1, 2)), {"distance", "nearest"}),
        (lambda block: np.rot90(block, 2, axes=(1, 2)), {"nearest"}),
        (lambda block: np.roll(block, 1, axis=2), {"distance"}),
    ],
    ids=["held out", "training rows", "darkened", "rotated", "upside down", "moved"],
)
def test_arrays(change: Any, seen: set[str]) -> None:
    found = drifting(profiled(DIGITS[:1_100], "array"), change(DIGITS[1_100:]))
    assert seen <= found
    assert bool(seen) == bool(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda block: block, set()),
        (lambda _: DIGITS[:1_100], set()),
        (lambda block: block // 2, {"brightness", "contrast", "nearest"}),
        (lambda block: np.rot90(block, axes=(1, 2)), {"nearest"}),
        (lambda block: np.rot90(block, 2, axes=(1, 2)), {"nearest"}),
    ],
    ids=["held out", "training rows", "darkened", "rotated", "upside down"],
)
def test_digits_as_png(change: Any, seen: set[str]) -> None:
    def pictures(block: np.ndarray) -> list[bytes]:
        return [gray_png(15 * one) for one in block]

    found = drifting(profiled(pictures(DIGITS[:1_100]), "bytes"), pictures(change(DIGITS[1_100:])))
    assert seen <= found
    assert bool(seen) == bool(found)


@pytest.mark.slow
def test_digits_as_jpeg() -> None:
    def pictures(block: np.ndarray) -> list[bytes]:
        return [gray_jpeg(15 * one) for one in block]

    profile, live = profiled(pictures(DIGITS[:800]), "bytes"), DIGITS[800:1_500]
    assert drifting(profile, pictures(live)) <= {"bytes"}
    assert {"brightness", "contrast", "nearest"} <= drifting(profile, pictures(live // 2))
    assert "nearest" in drifting(profile, pictures(np.rot90(live, axes=(1, 2))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (str, set()),
        (lambda one: one.translate(str.maketrans("abcdefgh", "абцдефгх")), {"script", "unseen"}),
        (lambda one: one[::-1], {"unseen"}),
        (lambda one: one.replace("a", "zz"), {"unseen"}),
        (lambda one: f"{one} {one}", {"length"}),
    ],
    ids=["none", "other script", "other language", "unseen words", "longer"],
)
def test_text(change: Any, seen: set[str]) -> None:
    trained = [text(WORDS) for _ in range(1_000)]
    found = drifting(profiled(trained, "string"), [change(text(WORDS)) for _ in range(1_000)])
    assert seen <= found
    assert bool(seen) == bool(found)
    assert drifting(profiled(trained, "string"), trained) == set()


@pytest.mark.parametrize(
    ("live", "seen"),
    [
        ([picture(200) for _ in range(600)], set()),
        ([GIF] * 600, {"format", "bytes"}),
        ([picture(200, size=9) for _ in range(600)], {"width", "height"}),
    ],
    ids=["none", "other format", "other size"],
)
def test_images(live: list[bytes], seen: set[str]) -> None:
    found = drifting(profiled([picture(200) for _ in range(600)], "bytes"), live)
    assert seen <= found
    assert bool(seen) == bool(found)


@pytest.mark.slow
def test_darker_images() -> None:
    profile = profiled([picture(200) for _ in range(600)], "bytes")
    assert {"brightness", "contrast"} <= drifting(profile, [picture(100) for _ in range(600)])


def test_lists() -> None:
    lists = [[int(one) for one in RANDOM.integers(0, 40, RANDOM.poisson(5))] for _ in range(2_000)]
    profile = profiled(lists[:1_000], "list")
    assert drifting(profile, lists[1_000:]) == set()
    assert "length" in drifting(profile, [one + one for one in lists[1_000:]])
    assert "unseen" in drifting(profile, [[n + 100 for n in one] for one in lists[1_000:]])


def test_many_texts_or_large_arrays_are_sampled_and_counted_as_such() -> None:
    large = RANDOM.integers(0, 9, (30, 100_000)).astype(np.uint8)
    profile = profiled(large, "array")
    bins = BinCounts([(0, feature) for feature in profile.features], {})
    bins.add([large])
    assert all(0 < sum(counts) <= 10 for _, counts in bins.drain())
