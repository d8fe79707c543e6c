"""Near duplicates of text, arrays, PNG and JPEG, in one part and across the split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from picture_samples import GIF, gray_jpeg, gray_png
from sklearn.datasets import load_digits

from packager.data.array_column import ArrayColumn
from packager.data.checks.near_duplicates import near_duplicate, near_leakage, uncompared
from packager.data.checks.table import table_of

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(3)
WORDS = [f"word{n}" for n in range(300)]
DIGITS = load_digits().images.astype(np.uint8)[:300]


def columns(kind):
    """300 cells, then 12 that are nearly the first ones."""
    if kind == "text":
        texts = [" ".join(RANDOM.choice(WORDS, 30)) for _ in range(300)]
        return pd.Series([*texts, *(f"{text} end" for text in texts[:12])], dtype=object)
    near = DIGITS[:12].copy()
    near[:, 0, 0] += 1
    block = np.concatenate([DIGITS, near]) * 15
    if kind == "array":
        return pd.Series(ArrayColumn(block))
    made = gray_png if kind == "png" else gray_jpeg
    return pd.Series([made(one.repeat(2, 0).repeat(2, 1)) for one in block], dtype=object)


@pytest.mark.parametrize("kind", ["text", "array", "png", "jpeg"])
def test_near_duplicates_are_found_in_any_order(kind):
    column = columns(kind)
    (found,) = near_duplicate(table_of(pd.DataFrame({"x": column})))
    pairs = found.rows % 300
    assert len(pairs) == len(set(pairs.tolist())) == 12
    assert found.column == "x"
    assert np.all(found.score == 0.65)
    mixed = RANDOM.permutation(312)
    (again,) = near_duplicate(
        table_of(pd.DataFrame({"x": column.iloc[mixed].reset_index(drop=True)}))
    )
    assert set(mixed[again.rows].tolist()) == set(found.rows.tolist())


@pytest.mark.parametrize("kind", ["text", "array", "png", "jpeg"])
def test_held_out_rows_that_are_nearly_training_rows(kind):
    frame = pd.DataFrame({"x": columns(kind)})
    held_out = (np.arange(312) >= 300) | (np.arange(312) % 5 == 4)
    (found,) = near_leakage(table_of(frame, held_out=held_out))
    rows = set(found.rows.tolist())
    assert {300, 301, 302, 303} <= rows
    assert all(held_out[row] for row in rows)
    assert found.score == 0.75
    assert "a training row" in found.observed[0]
    assert not found.blocking


def test_equal_rows_are_left_to_the_detectors_of_copies():
    texts = [" ".join(RANDOM.choice(WORDS, 30)) for _ in range(100)]
    table = table_of(pd.DataFrame({"x": [*texts, *texts[:20]]}))
    assert list(near_duplicate(table)) == []


def test_what_is_not_compared_is_said():
    large = gray_png(np.zeros((600, 600)))
    images = [GIF.replace(b"\3\0\5\0", b"\x30\0\x50\0"), large, *[gray_png(DIGITS[0])] * 7]
    frame = pd.DataFrame({"p": pd.Series(images, dtype=object), "l": [[n] for n in range(9)]})
    told = list(uncompared(table_of(frame)))
    assert any(
        "not checked for 2 images of 'p': PNG of at most 262,144 pixels is decoded" in one
        for one in told
    )
    assert "near_duplicate: not checked for lists ('l')" in told


def test_the_same_picture_in_two_formats_is_a_near_duplicate():
    block = DIGITS * 15
    pictures = [*map(gray_png, block), *map(gray_jpeg, block[:12])]
    frame = pd.DataFrame({"x": pd.Series(pictures, dtype=object)})
    (found,) = near_duplicate(table_of(frame))
    assert set((found.rows % 300).tolist()) == set(range(12))


def test_each_large_column_of_a_row_is_judged_on_its_own():
    pictures, texts = columns("png"), columns("text")
    shifted = pd.concat([texts[12:], texts[:12]], ignore_index=True)  # near ones in other rows
    block = RANDOM.integers(0, 255, (312, 64)).astype(np.uint8)
    frame = pd.DataFrame({"x": pictures, "t": shifted, "a": pd.Series(ArrayColumn(block))})
    issues = {issue.column: issue for issue in near_duplicate(table_of(frame))}
    assert {*issues} == {"x", "t"}
    assert {*(issues["x"].rows % 300).tolist()} == {*range(12)}
    assert {*issues["t"].rows.tolist()} <= {*range(288, 312)}
    assert len(issues["t"].rows) == 12
    held_out = np.arange(312) >= 306
    leaks = {issue.column: issue for issue in near_leakage(table_of(frame, held_out=held_out))}
    assert {*leaks["x"].rows.tolist()} == {*range(306, 312)}
    assert all("a training row" in text for text in leaks["x"].observed)
