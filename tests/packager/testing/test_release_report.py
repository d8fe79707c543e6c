"""Shares of a change from the answers of every set of changed members."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packager.errors import PackageError, UsageError
from packager.model.predictions import Predictions
from packager.testing.release_report import ChangedMember, ReleaseShares, compared
from packager.worker.test.release_messages import ReleaseResult, StudiedData

PLAYERS = ["one", "two"]
MEMBERS = [ChangedMember(name=name, before="1", after="2") for name in PLAYERS]


def package(task: str = "regression") -> Any:
    schema = SimpleNamespace(classes=("a", "b"))
    return SimpleNamespace(name="p", manifest=SimpleNamespace(task=task, schema_=schema))


def result(truth: list[Any], losses: Any = None, indices: list[int] | None = None) -> ReleaseResult:
    rows = StudiedData(indices or [0, 1, 2, 3], truth, None, {"old": [2, 3], "none": []})
    return ReleaseResult(rows, [], losses or {})


def shares(
    answers: list[list[Any]], truth: list[Any], task: str = "regression", losses: Any = None
) -> ReleaseShares:
    found = [Predictions(one, None) for one in answers]
    one, two = losses or ({}, {})
    both = (package(task), package(task))
    return compared(both, MEMBERS, PLAYERS, found, [result(truth, one), result(truth, two)])


def test_the_member_that_changes_the_answers_has_the_change() -> None:
    """Coalitions: nobody, one, two, both; the second changes nothing."""
    found = shares([[0.0] * 4, [1.0] * 4, [0.0] * 4, [1.0] * 4], [])
    every, old = found.change
    assert (every.slice, every.rows, every.change) == ("__all__", 4, 1.0)
    assert {one.name: one.value for one in every.shares} == {"one": 1.0, "two": 0.0}
    assert (old.slice, old.rows) == ("old", 2)
    assert found.answers == "mean absolute change"
    assert found.error == ()


def test_with_labels_the_error_is_shared_too() -> None:
    truth = [0.0, 0.0, 0.0, None]
    found = shares([[0.0] * 4, [1.0] * 4, [2.0] * 4, [3.0] * 4], truth)
    every = found.error[0]
    assert (found.labelled, every.rows, every.change) == (3, 3, 3.0)
    assert {one.name: one.value for one in every.shares} == {"one": 1.0, "two": 2.0}


def test_shares_add_up_to_the_change() -> None:
    found = shares([[0.0, 1, 2, 3], [1.0, 3, 2, 5], [4.0, 1, 0, 3], [9.0, 2, 2, 8]], [1.0] * 4)
    for one in (*found.change, *found.error):
        assert sum(share.value for share in one.shares) == pytest.approx(one.change, abs=1e-12)


def test_labels_change_or_not() -> None:
    found = shares(
        [["a"] * 4, ["b", "a", "a", "a"], ["a"] * 4, ["b"] * 4], ["a"] * 4, "classification"
    )
    assert found.change[0].change == 1.0
    assert found.answers == "share of changed answers"
    assert found.error[0].change == 1.0
    assert found.loss == "share of wrong labels"


def test_a_better_member_that_made_the_whole_worse_is_named() -> None:
    losses = {"one": ([0, 1, 2, 3], [1.0, 1.1, 0.9, 1.0])}, {"one": ([0, 1, 2, 3], [0.1] * 4)}
    answers = [[0.0] * 4, [1.0, 1.1, 0.9, 1.0], [0.0] * 4, [1.0, 1.1, 0.9, 1.0]]
    found = shares(answers, [0.0] * 4, losses=losses)
    assert found.sentences == (
        "one got better by itself (mean loss 1 to 0.1) and made the whole worse (+1): what follows"
        " it was made for its earlier answers",
    )
    assert found.own[0].rows == 4
    better = shares([[1.0] * 4, [0.0] * 4, [1.0] * 4, [0.0] * 4], [0.0] * 4, losses=losses)
    assert better.sentences == ()


def test_rows_without_a_number_are_left_out() -> None:
    found = shares([[0.0, None, 0, 0], [1.0, None, 1, 1], [0.0, 1, 0, 0], [1.0, 1, 1, 1]], [])
    assert found.change[0].rows == 3


def test_results_of_other_rows_are_refused() -> None:
    """The code of a package may have written them."""
    with pytest.raises(PackageError, match="gave results of other rows than they read"):
        shares([[0.0] * 4, [0.0] * 3, [0.0] * 4, [0.0] * 4], [])
    with pytest.raises(PackageError, match="gave results of other rows than they read"):
        shares([[0.0] * 4] * 4, [], losses=({"one": ([9], [0.1])}, {}))
    both = [result([]), result([], indices=[0, 1, 2, 4])]
    with pytest.raises(UsageError, match="expected rows that both releases read"):
        compared((package(), package()), MEMBERS, PLAYERS, [Predictions([0.0] * 4, None)] * 4, both)
