"""Answers without a number are compared with those of the held-out rows."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.slices.slices import ALL
from packager.manifest.policy import Policy
from packager.model.predictions import Predictions
from packager.worker.test.baseline import Baseline, LossSums, SliceBaseline
from packager.worker.test.unanswered import unanswered
from packager.worker.test.verdict import FamilyResult, judge


def packaged(rows: int, answered: int) -> Baseline:
    sums = LossSums(rows=answered, total=1.0, squares=1.0)
    return Baseline(rows=rows, slices={ALL: SliceBaseline(rows=rows, metrics={}, losses=sums)})


def answers(numbers: int, others: int, other: float | None = None) -> Predictions:
    return Predictions([1.5] * numbers + [other] * others, None)


@pytest.mark.parametrize("other", [None, float("nan"), float("inf")])
def test_more_answers_without_a_number_fail(other: float | None) -> None:
    found = unanswered(answers(800, 200, other), None, packaged(1_000, 1_000), Policy())
    assert found is not None
    assert found.why == "20.00% of the answers are no number, 0.00% when packaged"
    (suspects,) = judge({"suspects": FamilyResult([found])}, Policy())
    assert suspects.verdict == "failed"


def test_as_many_as_when_packaged_pass() -> None:
    found = unanswered(answers(9_800, 200), None, packaged(10_000, 9_800), Policy())
    assert found is not None
    assert found.difference == pytest.approx(0)
    (suspects,) = judge({"suspects": FamilyResult([found])}, Policy())
    assert suspects.verdict == "passed"


def test_rows_of_one_group_count_once() -> None:
    one = unanswered(answers(90, 10), None, packaged(1_000, 990), Policy())
    groups = np.repeat(np.arange(100), 5)
    five = unanswered(answers(450, 50), groups, packaged(5_000, 4_950), Policy())
    assert one is not None
    assert five is not None
    assert five.error == pytest.approx(one.error, rel=0.05)


def test_numbers_alone_are_no_check() -> None:
    assert unanswered(answers(100, 0), None, packaged(1_000, 1_000), Policy()) is None
