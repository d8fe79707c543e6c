"""Errors of predictions hold no values of rows."""

from __future__ import annotations

from serving.prediction.errors import ModelError, NotReadyReason, RowRefusedError, member_unready


def test_a_refused_row_is_numbered_as_in_its_request() -> None:
    error = RowRefusedError(range(1, 3), ["ValueError at model.py:3 in predict"])
    assert (error.row, error.rows) == (1, 2)
    assert error.at([4, 7, 9]).row == 7
    assert "ValueError" not in str(error)


def test_a_broken_model_says_where() -> None:
    assert ModelError(["KeyError at model.py:3"]).said == ["KeyError at model.py:3"]


def test_a_member_that_is_not_ready_is_named() -> None:
    assert member_unready(None, "model claims") is None
    said = "member 'text' of model claims ended with exit code 7; another process starts"
    waiting = ("text", "ended with exit code 7; another process starts")
    assert member_unready(waiting, "model claims") == NotReadyReason("member_restarting", said)
