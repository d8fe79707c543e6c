"""How answers are compared with the recorded ones, and the error if there are none."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from packager.build.smoke_test import _end_error, equal_answers, smoke_test
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.runners.runner import LocalWorker

ANSWER = {"prediction": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (ANSWER, True),
        ({**ANSWER, "probabilities": {"no": 0.25 + 1e-12, "yes": 0.75}}, True),
        ({**ANSWER, "probabilities": {"no": 0.26, "yes": 0.74}}, False),
        ({**ANSWER, "prediction": "no"}, False),
        ({**ANSWER, "probabilities": {"yes": 0.75}}, False),
        ({"prediction": "yes", "probabilities": None}, False),
    ],
)
def test_labels_are_equal_and_numbers_near(answer: dict[str, object], ok: bool) -> None:
    assert equal_answers(answer, ANSWER) is ok


def test_numbers_within_answers_of_several_outputs_are_near() -> None:
    expected = {"prediction": {"e": [[1.0, None]], "q": {"0.5": 2.0}, "l": ["a"]}}
    near = {"prediction": {"e": [[1.0 + 1e-12, None]], "q": {"0.5": 2.0}, "l": ["a"]}}
    assert equal_answers(near, expected)
    for changed in ({"e": [[1.0]]}, {"e": [[1.1, None]]}, {"e": 1.0}, {"l": ["b"]}):
        assert not equal_answers({"prediction": {**near["prediction"], **changed}}, expected)


def test_the_servers_own_error_is_the_message() -> None:
    told = {"level": "error", "message": "no module named 'a'", "hint": "add what provides 'a'"}
    error = _end_error(f'{{"message":"x"}}\n{json.dumps(told)}\nINFO y')
    assert error.message == "trained, but the image can't predict: no module named 'a'"
    assert error.hint == "add what provides 'a'"


def test_without_one_the_end_of_its_log_is_the_hint() -> None:
    error = _end_error("Killed")
    assert (error.message, error.hint) == (
        "trained, but the image ends before it is ready",
        "Killed",
    )
    assert _end_error("").hint.startswith("it printed nothing: see the command it starts with")


def test_a_smoke_test_that_does_not_end_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object) -> Path:
        raise TimeoutError

    monkeypatch.setattr(LocalWorker, "run", late)
    ships: Any = SimpleNamespace(engine=None, base=None, image=SimpleNamespace(layers=()))
    with pytest.raises(PackageError, match="has not predicted after 30 s") as told:
        smoke_test(ships, tmp_path, NullProgress(), 30)
    assert told.value.hint.endswith(
        "add --ready-seconds 150 to the command, which reuses this training"
    )


class RecordedProgress(NullProgress):
    """Keeps the lines of a process."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, line: str) -> None:
        self.lines.append(line)
