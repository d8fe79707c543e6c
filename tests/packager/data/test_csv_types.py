"""A CSV table has the same types whether it is read in blocks or at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packager.data import csv_types
from packager.data.csv_files import read_csv
from packager.data.csv_types import Kinds, read_csv_table
from packager.manifest.read_options import DEFAULT_OPTIONS

CELLS = st.sampled_from(
    [
        *("", "", "1", "-7", "2.5", "x", "NA", "True", "False", "1e5"),
        *(str(2**53 + 1), str(2**63), str(2**64), "9" * 25),
        *("2024-01-31", "2024-01-31T10:00", "2024-01-31T10:00Z"),
    ]
)


@pytest.mark.slow
@example([("", ""), ("", "True")], 1)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), st.integers(1, 5))
def test_blocks_of_any_size_give_the_table_that_one_read_gives(tmp_path_factory, rows, size):
    file: Path = tmp_path_factory.mktemp("csv") / "t.csv"
    file.write_text("a,b,c\n" + "".join(f"{a},{b},k\n" for a, b in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_types, "MAX_WHOLE", 0)
        patch.setattr(csv_types, "_CELLS", 3 * size)
        parts = read_csv_table([file], DEFAULT_OPTIONS)
    pd.testing.assert_frame_equal(parts, read_csv([file], DEFAULT_OPTIONS))


@pytest.mark.parametrize(
    ("blocks", "word", "settled"),
    [
        ([[1], [2]], "int64", {}),
        ([[1], [None]], "float64", {}),
        ([[2**53 + 2], [0.5]], "float64", {"x": "float64"}),
        ([[1], ["a"]], "str", {"x": "str"}),
        ([[True], ["a"]], "str", {"x": "str"}),
        ([[None], [None]], "null", {}),
        ([[2**63], [1]], "uint64", {"x": "whole"}),
    ],
)
def test_what_blocks_hold_makes_the_type_of_the_whole(blocks, word, settled):
    kinds = Kinds()
    frames = (pd.DataFrame({"x": pd.Series(values)}) for values in blocks)
    assert len(list(kinds.noted(frames))) == len(blocks)
    assert kinds.word("x") == word
    assert kinds.settled() == settled


def test_a_column_that_was_read_again_counts_as_read_then():
    kinds = Kinds()
    list(kinds.noted(iter([pd.DataFrame({"x": ["a"]})])))
    kinds.replace(pd.DataFrame({"x": [1.5]}))
    assert kinds.word("x") == "float64"
    assert kinds.word("absent") == "null"
