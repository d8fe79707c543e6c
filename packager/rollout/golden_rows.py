"""Whether a running version gives the answers that its package has for its golden rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packager.digest import canonical_json
from packager.manifest.evaluation import Golden
from packager.model.answer_difference import difference
from packager.rollout.mirrored_requests import MirroredAnswer
from packager.rollout.verdict import GateCheck

NAME = "golden rows"
TOLERANCE = 1e-9
"""As in the smoke test of a build: another processor may change the last digits of a sum."""


def judge_golden(golden: Golden | None, answer: MirroredAnswer | None) -> GateCheck:
    """The verdict on the answer to all golden rows in one request.

    ``answer`` is None where there was nothing to ask. Labels are compared exactly.
    """
    if golden is None or not golden.rows or answer is None:
        note = "the package has none, so its answers are not compared with the build's"
        return GateCheck(NAME, "skipped", note, {"rows": 0})
    rows = len(golden.rows)
    if answer.status != 200 or len(answer.answers) != rows:
        note = f"expected {rows} answers, got {answer.failure_text}"
        return GateCheck(NAME, "failed", note, {"rows": rows})
    wrong, unequal = [], 0
    for index, (expected, got) in enumerate(zip(golden.expected, answer.answers, strict=True)):
        same = _named(got, expected)
        unequal += canonical_json(same) != canonical_json(expected)
        if not _agree(expected, same):
            wrong.append((index, expected, same))
    numbers = {"rows": rows, "other_bytes": unequal, "wrong": len(wrong)}
    if wrong:
        index, expected, same = wrong[0]
        note = (
            f"{len(wrong)} of {rows} rows have another answer than in the build; row {index}: "
            f"expected {dict(expected)}, got {same}"
        )
        return GateCheck(NAME, "failed", note, numbers)
    if unequal:
        note = f"all {rows} answered; {unequal} differ from the build by at most {TOLERANCE:g}"
        return GateCheck(NAME, "passed", note, numbers)
    return GateCheck(NAME, "passed", f"all {rows} answered, equal to the byte", numbers)


def _named(got: Any, expected: Mapping[str, Any]) -> Any:
    """The parts of an answer that the build recorded: a token is of one request."""
    return {name: got.get(name) for name in expected} if isinstance(got, Mapping) else got


def _agree(expected: Mapping[str, Any], got: Any) -> bool:
    """Whether two answers are equal, numbers within ``TOLERANCE`` of the larger one or of 1."""
    if not isinstance(got, Mapping):
        return False
    return all(_equal(value, got.get(name)) for name, value in expected.items())


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(map(_equal, one, other))
    return difference(one, other) <= TOLERANCE * max(1.0, _size(one), _size(other))


def _size(value: Any) -> float:
    return abs(float(value)) if isinstance(value, int | float) else 0.0
