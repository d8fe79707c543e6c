"""The highest level of equivalence that two models reach."""

from __future__ import annotations

from packager.worker.replay.equivalence import equivalence_level
from packager.worker.replay.report import ModelComparison


def test_answers_to_no_rows_are_no_equal_answers() -> None:
    equal = {"artifact": False, "state": None, "bit_equal": True, "close": True}
    levels = [
        equivalence_level(ModelComparison(**equal, rows=rows), metrics=False, statistical=False)
        for rows in (0, 1)
    ]
    assert levels == ["none", "predictions"]
