"""Golden cases before a worker is ready."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from case_models import PRICES, manifest_of

from packager.data.rows.request_rows import RowChecker
from packager.model.golden_answers import GoldenCase, GoldenCases
from serving.http.messages import RequestError
from serving.prediction.errors import (
    MemberFailedError,
    ModelError,
    ModelProcessEndedError,
    NotReadyReason,
)
from serving.prediction.golden_check import GoldenCheck

ROW = {"carat": 1.0, "count": 1, "cut": "Fair", "note": None}
CASE = GoldenCase(name="known", rows=(ROW,), right=(5.0,))


class Answering:
    """A pipeline that gives one outcome after the other."""

    unready: NotReadyReason | None = None

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)

    async def outcome(self, *_: Any) -> Any:
        """The next one."""
        one = self.outcomes.pop(0)
        if isinstance(one, Exception):
            raise one
        return SimpleNamespace(labels=one)


def checked(pipeline: Any, *cases: GoldenCase) -> GoldenCheck:
    checker = RowChecker(PRICES)
    predictor: Any = SimpleNamespace(
        golden_cases=GoldenCases(cases=cases), manifest=manifest_of(), check=checker.check
    )
    made = GoldenCheck.of(predictor, pipeline, 1.0)
    assert made is not None
    assert made.unready is not None
    assert made.unready.code == "starting"
    asyncio.run(made.run())
    return made


def test_a_package_without_golden_cases_is_not_checked() -> None:
    predictor: Any = SimpleNamespace(golden_cases=GoldenCases())
    assert GoldenCheck.of(predictor, Answering(), 1.0) is None  # type: ignore[arg-type]


def test_right_answers_make_the_worker_ready() -> None:
    assert checked(Answering([5.0], [5.0]), CASE, CASE).unready is None


def test_a_wrong_answer_is_told() -> None:
    unready = checked(Answering([5.0], [6.0]), CASE, CASE).unready
    assert unready == NotReadyReason(
        "golden_failed",
        "golden case 'known': 1 of 1 rows have another answer; row 0: expected 5.0, got 6.0",
    )


@pytest.mark.parametrize("error", [ModelError(["ValueError"]), RequestError(422, "x", "odd")])
def test_rows_without_an_answer_are_told(error: Exception) -> None:
    unready = checked(Answering(error), CASE).unready
    assert unready is not None
    assert unready.message.startswith("golden case 'known' is not answered: ")


@pytest.mark.parametrize(
    "error",
    [ModelProcessEndedError(), MemberFailedError("text", "ended with exit code 7", late=False)],
)
def test_a_model_or_a_member_that_is_loading_is_waited_for(error: Exception) -> None:
    pipeline = Answering(error, [5.0])
    assert checked(pipeline, CASE).unready is None
    assert pipeline.outcomes == []
