"""The checker compares compiled answers with those of the model."""

from __future__ import annotations

import math
import pickle
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from host_samples import MANIFEST

from modelhost.model import LoadedModel
from modelhost.predictions import Predictions
from packager.manifest.evaluation import Compilation
from serving.compiled_check.checker import CompiledChecker, answer
from serving.compiled_check.model_link import NoAnswerError
from serving.compiled_check.sampler import DROPPED, MATCH, MISMATCH, address


class Doubling:
    """Twice its number; it raises on 9."""

    def predict(self, frame: pd.DataFrame) -> list[Any]:
        if (frame["x"] == 9).any():
            raise ValueError("no")
        return [2 * x for x in frame["x"]]


class Sign(Doubling):
    """Whether its number is positive, with probabilities."""

    classes_ = [False, True]

    def predict(self, frame: pd.DataFrame) -> list[Any]:
        return [bool(x > 0) for x in frame["x"]]

    def predict_proba(self, frame: pd.DataFrame) -> list[list[float]]:
        return [[0.25, 0.75] if x > 0 else [0.75, 0.25] for x in frame["x"]]


def checker(native: Any, task: Any) -> CompiledChecker:
    classes = (False, True) if task == "classification" else None
    manifest = MANIFEST.model_copy(
        update={"task": task, "compiled": Compilation(verdict="equal", tolerance=1e-6)}
    )
    model = LoadedModel(native, task, classes, classes is not None)

    def ask(values: Sequence[Any]) -> Predictions | None:
        try:
            return model.predict(pd.DataFrame({"x": values}))
        except ValueError:
            return None

    return CompiledChecker(manifest, ask)


@pytest.mark.parametrize(
    ("x", "label", "agrees"),
    [
        (2.0, 4.0, True),
        (2.0, 4.0 + 1e-6, True),
        (2.0, 4.0 + 1e-3, False),
        (1e9, 2e9 + 100.0, True),
        (2.0, math.nan, False),
        (2.0, None, False),
        (9.0, 18.0, False),
    ],
)
def test_numbers_are_near_relative_beyond_1(x, label, agrees):
    assert checker(Doubling(), "regression").matches([x], label, None) is agrees


@pytest.mark.parametrize(
    ("label", "chances", "agrees"),
    [
        (True, [0.25, 0.75], True),
        (True, [0.25 + 1e-7, 0.75], True),
        (False, [0.25, 0.75], False),
        (1, [0.25, 0.75], False),
        (True, [0.3, 0.7], False),
        (True, None, False),
    ],
)
def test_labels_are_equal_in_type_and_probabilities_near(label, chances, agrees):
    assert checker(Sign(), "classification").matches([1.0], label, chances) is agrees


@pytest.mark.parametrize(
    ("label", "chances", "agrees"),
    [
        ({"a": 1.0, "b": "x"}, None, True),
        ({"a": 1.0 + 1e-8, "b": "x"}, None, True),
        ({"a": 1.0, "b": "y"}, None, False),
        ({"b": "x", "a": 1.0}, None, False),
        ({"a": 1, "b": "x"}, None, False),
        ({"a": 1.0, "b": "x"}, [0.5], False),
    ],
)
def test_answers_of_outputs_are_equal_but_for_near_numbers(label, chances, agrees):
    manifest = MANIFEST.model_copy(
        update={"task": "outputs", "compiled": Compilation(verdict="equal", tolerance=1e-6)}
    )
    asked = CompiledChecker(manifest, lambda _: Predictions([{"a": 1.0, "b": "x"}], None))
    assert asked.matches([1.0], label, chances) == agrees


def test_a_verdict_goes_back_to_the_worker_that_asked(tmp_path: Path):
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker,
    ):
        listening.bind(address(tmp_path))
        listening.settimeout(60)
        worker.bind(str(tmp_path / "worker"))
        worker.settimeout(60)
        for label, verdict in ((4.0, MATCH), (5.0, MISMATCH)):
            worker.sendto(pickle.dumps(([2.0], label, None)), address(tmp_path))
            answer(checker(Doubling(), "regression"), listening)
            assert worker.recv(16) == verdict


def test_a_row_without_an_answer_of_the_model_is_not_compared(tmp_path: Path):
    def unanswered(_: Sequence[Any]) -> Predictions | None:
        raise NoAnswerError

    silent = CompiledChecker(MANIFEST, unanswered)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker,
    ):
        listening.bind(address(tmp_path))
        worker.bind(str(tmp_path / "worker"))
        worker.settimeout(60)
        worker.sendto(pickle.dumps(([2.0], 4.0, None)), address(tmp_path))
        answer(silent, listening)
        assert worker.recv(16) == DROPPED
