"""Lists: length, members and means, within bounds."""

from __future__ import annotations

import numpy as np

from monitoring.derived.lists import MAX_MEMBERS, ListCells


def test_equal_numbers_are_one_member_and_text_is_another() -> None:
    learned, _ = ListCells([[1, "a"], [1, "a"], [True, True], [True]]).learn_vocabulary()
    found = ListCells([[1.0], ["1"], [True], ["a", "b"], None, []]).measured("unseen", learned)
    assert found[:4].tolist() == [0, 1, 0, 0.5]
    assert np.isnan(found[4])
    assert found[5] == 0


def test_only_the_first_members_are_looked_up() -> None:
    cells = ListCells([[7] * MAX_MEMBERS + ["new"] * 1_000])
    assert cells.measured("length", "").tolist() == [MAX_MEMBERS + 1_000]
    assert cells.measured("mean", "").tolist() == [7]


def test_huge_and_strange_members_have_no_mean() -> None:
    found = ListCells([[10**400], [float("nan")], [None, "x", True], [2, 10**400]])
    assert np.isnan(found.measured("mean", "")[:3]).all()
    assert found.measured("mean", "")[3] == 2
    assert len(found.learn_vocabulary()[1]) == 4
