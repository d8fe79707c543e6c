"""How answers are held against the recorded ones, and what a server that ended is quoted with."""

from __future__ import annotations

import json

import pytest

from packager.proof import _equal, _told

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
    assert _equal(answer, ANSWER) is ok


def test_the_servers_own_error_is_the_message() -> None:
    told = {"level": "error", "message": "no module named 'a'", "hint": "add what provides 'a'"}
    error = _told(f'{{"message":"x"}}\n{json.dumps(told)}\nINFO y')
    assert error.message == "trained, but what ships can't answer: no module named 'a'"
    assert error.hint == "add what provides 'a'"


def test_without_one_the_end_of_its_log_is_the_hint() -> None:
    error = _told("Killed")
    assert (error.message, error.hint) == (
        "trained, but the image ends before it is ready",
        "Killed",
    )
    assert _told("").hint.startswith("it said nothing: see the command it starts with")
