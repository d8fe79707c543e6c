"""The bytes of a kept answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback.challenger_answers import MAX_VERSION, ChallengerAnswer
from monitoring.feedback.tokens import hashed


@given(st.floats(allow_nan=False), st.text(max_size=10))
def test_an_answer_is_read_as_it_was_kept(number: float, version: str) -> None:
    answer = ChallengerAnswer.of_number(number, version.encode("utf-8", "replace").decode())
    assert ChallengerAnswer.unpacked(answer.packed()) == answer
    assert answer.number == number


def test_a_class_is_kept_as_in_a_token() -> None:
    assert ChallengerAnswer.of_class("a", "1").prediction == hashed("a")


def test_a_version_is_cut_and_other_bytes_are_no_answer() -> None:
    long = ChallengerAnswer.of_class("a", "v" * 100)
    assert ChallengerAnswer.unpacked(long.packed()) == ChallengerAnswer.of_class(
        "a", "v" * MAX_VERSION
    )
    assert ChallengerAnswer.unpacked(b"") is None
    assert ChallengerAnswer.unpacked(b"1234567") is None
