"""Errors of deltalake, Arrow and the system become this program's errors; conflicts are retried."""

from __future__ import annotations

import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError, DeltaError

from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.tables import errors
from packager.tables.errors import (
    MAX_ATTEMPTS,
    ConflictError,
    VacuumedError,
    first_line,
    retried,
    translate_errors,
)

PLACE = Location("/data/t")


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (CommitFailedError("x"), ConflictError, "another writer committed a version meanwhile"),
        (FileNotFoundError("a.parquet"), VacuumedError, "no longer exist: a.parquet"),
        (DeltaError("odd"), PackageError, "odd"),
        (pa.ArrowInvalid("bad bytes"), PackageError, "bad bytes"),
        (OSError(28, "No space left"), PackageError, "No space left"),
    ],
)
def test_each_cause_has_its_error(raised, kind, message):
    with pytest.raises(kind, match=message) as caught, translate_errors(PLACE):
        raise raised
    assert caught.value.__cause__ is raised
    assert caught.value.hint


def test_errors_of_ours_and_keys_of_a_person_pass():
    for raised in (UsageError("no"), KeyboardInterrupt()):
        with pytest.raises(type(raised)) as caught, translate_errors(PLACE):
            raise raised
        assert caught.value is raised


def test_a_panic_of_deltalake_is_a_damaged_log():
    panic = type("PanicException", (BaseException,), {})
    with (
        pytest.raises(PackageError, match="can't be read: index out of range"),
        translate_errors(PLACE),
    ):
        raise panic("index out of range\nstack")


@pytest.mark.parametrize("error", [ConflictError("c"), VacuumedError("v")])
def test_work_is_begun_again_where_another_writer_came_first(monkeypatch, error):
    monkeypatch.setattr(errors.time, "sleep", lambda _: None)
    left = [error] * (MAX_ATTEMPTS - 1)

    def work() -> int:
        if left:
            raise left.pop()
        return 7

    assert retried(work) == 7


def test_a_conflict_is_reported_after_five_attempts_and_other_errors_at_once(monkeypatch):
    monkeypatch.setattr(errors.time, "sleep", lambda _: None)
    for raised, attempts in ((ConflictError("c"), MAX_ATTEMPTS), (PackageError("p"), 1)):
        asked = []

        def work(raised: Exception = raised, asked: list[int] = asked) -> None:
            asked.append(1)
            raise raised

        with pytest.raises(type(raised)):
            retried(work)
        assert len(asked) == attempts


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\ntwo", "one"),
        ("", ""),
        (
            "Generic S3 error\n\x1b[31m↳\x1b[0m connection refused\n↳ <html>",
            "Generic S3 error: connection refused",
        ),
        ("x" * 999, "x" * 400),
    ],
)
def test_an_error_is_reported_in_one_line_with_its_cause(text, line):
    assert first_line(ValueError(text)) == line
