from __future__ import annotations

import numpy as np
import pandas as pd

from modelhost.solution.absent_rows import absent_indices

ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})


def test_rows_are_found_by_their_labels() -> None:
    lost = [("text", ROWS[ROWS["x"] > 2].iloc[::-1]), ("price", ROWS.iloc[:1]), ("text", ROWS[1:2])]
    assert absent_indices(lost, ROWS) == {"text": [1, 2, 3], "price": [0]}


def test_an_array_as_long_as_the_batch_has_its_rows() -> None:
    assert absent_indices([("text", np.zeros((4, 2)))], ROWS) == {"text": [0, 1, 2, 3]}


def test_every_row_is_marked_if_the_rows_are_not_known() -> None:
    every = {"text": [0, 1, 2, 3]}
    assert absent_indices([("text", np.zeros((2, 2)))], ROWS) == every
    assert absent_indices([("text", ROWS[:1].set_axis([9]))], ROWS) == every
    assert absent_indices([("text", ROWS[:1])], ROWS.set_axis([0, 0, 1, 2])) == every


def test_without_lost_rows_there_are_none() -> None:
    assert absent_indices([], ROWS) == {}
    assert absent_indices([("text", ROWS[:0])], ROWS) == {}
