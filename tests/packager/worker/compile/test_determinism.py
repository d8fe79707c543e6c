"""A model whose repeated answers differ equals no compiled form."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pandas as pd
import pytest
from in_process import hosted

from modelhost.compiling.provenance import CannotCompileError
from modelhost.model import LoadedModel
from modelhost.wire import Message
from packager.data.frames import infer_columns
from packager.manifest.manifest import Schema
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import HostedModel
from packager.worker.compile.determinism import check_deterministic

SCHEMA = Schema(features=infer_columns(pd.DataFrame({"x": [1.0, 2.0]})), classes=("a", "b"))
ROWS = [{"x": 1.0}, {"x": 2.0}]


def answering(*answers: object, task: str = "regression") -> HostedModel:
    """A model that gives one answer after another, each for every row."""
    given = itertools.cycle(answers)

    class Model:
        def predict(self, frame: pd.DataFrame) -> list[object]:
            answer = next(given)
            if isinstance(answer, Exception):
                raise answer
            return [answer] * len(frame)

    classes = ("a", "b") if task == "classification" else None
    return hosted(LoadedModel(Model(), task, classes, False))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "model",
    [answering(1.0), answering("a", task="classification"), answering(1e6, 1e6 * (1 + 1e-14))],
    ids=["numbers", "labels", "threads that add in another order"],
)
def test_equal_answers_are_deterministic(model):
    check_deterministic(model, SCHEMA, ROWS)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (answering(1.0, 1.0 + 1e-9), "gives different predictions for the same rows"),
        (answering("a", "b", task="classification"), "gives different predictions"),
        (answering(ValueError("no")), "the model raises ValueError on held-out rows"),
    ],
)
def test_other_answers_or_none_are_refused(model, message):
    with pytest.raises(CannotCompileError, match=message):
        check_deterministic(model, SCHEMA, ROWS)


def test_without_rows_nothing_can_be_shown():
    with pytest.raises(CannotCompileError, match="no held-out row is a valid request"):
        check_deterministic(answering(1.0), SCHEMA, [])


def test_a_model_that_ends_its_process_is_not_said_to_raise():
    def send(*_: object) -> Message:
        raise HostEndedError("the model's process ended with signal SIGSEGV")

    with pytest.raises(HostEndedError, match="SIGSEGV"):
        check_deterministic(replace(answering(1.0), send=send), SCHEMA, ROWS)
