"""Misspelt categories, and categories that are new since the previous version."""

from __future__ import annotations

import numpy as np
from dirty_tables import HALF, ROWS, clean, issues_of, rows_of, stones

from packager.data.checks.categories import typo, unseen_category
from packager.data.checks.expectations import DeclaredColumn, Expectations


def test_another_spelling_of_a_frequent_value_is_misspelt():
    frame = clean()
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[[0, 1, 2], "colour"] = ["White", " yellow", "borwn"]
    found = issues_of(typo, frame)
    assert rows_of(found) == [0, 1, 2]
    assert {one.suggestion for one in found} == {
        "fix: colour = white",
        "fix: colour = yellow",
        "fix: colour = brown",
    }


def test_a_numbered_series_is_not_misspelt():
    frame = clean()
    frame["shop"] = ["shop 1"] * (ROWS - 2) + ["shop 2", "shop 11"]
    assert issues_of(typo, frame) == []


def test_a_value_outside_the_declared_ones_is_an_unseen_category():
    frame = clean()
    expected = Expectations(declared={"colour": DeclaredColumn(values=("white", "yellow"))})
    brown = np.flatnonzero(frame["colour"] == "brown").tolist()
    assert rows_of(issues_of(unseen_category, frame, expected=expected)) == brown


def test_a_category_that_only_held_out_rows_have_is_unseen():
    frame = clean()
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[ROWS - 1, "colour"] = "green"
    assert rows_of(issues_of(unseen_category, frame, held_out=HALF)) == [ROWS - 1]


def test_another_word_is_news_only_where_words_repeat():
    expected = Expectations().compared_with(stones(500, 0))
    new = stones(500, 1)
    new.loc[3, "colour"] = "green"
    found = issues_of(unseen_category, new, expected=expected)
    assert [(one.column, one.count) for one in found] == [("colour", 1)]
