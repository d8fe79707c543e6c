"""Near duplicates of text, arrays and PNG, in one part and across the split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from picture_samples import GIF, gray_png
from sklearn.datasets import load_digits

from packager.data.array_column import ArrayColumn
from packager.data.checks.near_duplicates import near_duplicate, near_leakage, uncompared
from packager.data.checks.table import table_of

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
    return pd.Series([gray_png(one.repeat(2, 0).repeat(2, 1)) for one in block], dtype=object)


@pytest.mark.parametrize("kind", ["text", "array", "png"])
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


@pytest.mark.parametrize("kind", ["text", "array", "png"])
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
    frame = pd.DataFrame({"p": pd.Series([GIF] * 9, dtype=object), "l": [[n] for n in range(9)]})
    told = list(uncompared(table_of(frame)))
    assert any(
        "not checked for 9 images of 'p', because only PNG is decoded" in one for one in told
    )
    assert "near_duplicate: not checked for lists ('l')" in told
