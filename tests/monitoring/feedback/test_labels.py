"""Labels are converted to the type of the classes, or rejected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback.labels import Classes, InvalidError, Numbers


@pytest.mark.parametrize(
    ("actual", "classes", "expected"),
    [
        ("1", (0, 1), 1),
        (1.0, (0, 1), 1),
        (True, (0, 1), 1),
        ("2.5", (1, 2.5), 2.5),
        ("1", (1, 2.5), 1),
        ("1.0", (0, 1), 1),
        ("true", (0, 1), 1),
        ("3.0", ("1", "3"), "3"),
        (2**53 + 1, (2**53, 2**53 + 1), 2**53 + 1),
        (str(2**53), (2**53, 2**53 + 1), 2**53),
        (1, ("1", "2"), "1"),
        (2.0, ("1", "2"), "2"),
        (2.0, ("1.0", "2.0"), "2.0"),
        (True, ("true", "false"), "true"),
        (True, ("True", "False"), "True"),
        ("Ideal", ("Ideal",), "Ideal"),
        ("true", (False, True), True),
        (0, (False, True), False),
        (1.0, (False, True), True),
        ("False", (False, True), False),
    ],
)
def test_a_label_is_read_in_the_type_of_the_classes(actual, classes, expected) -> None:
    assert not Classes(classes).is_absent(actual)
    found = Classes(classes).read(actual)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("actual", "classes"),
    [
        ({}, ("a",)),
        ("A", ("a",)),
        ("x", ()),
        ("x", (0, 1)),
        (7, (0, 1)),
        ("0.5", (0, 1)),
        (float("inf"), (0, 1)),
        ("1_0", (0, 10)),
        ("9" * 5000, (0, 1)),
        (10**400, (0.5, 1.5)),
        (2**53 + 1, (float(2**53), 1.5)),
        (2, (False, True)),
        ("yes", (True, False)),
    ],
)
def test_what_cannot_be_a_label_is_refused(actual, classes) -> None:
    assert not Classes(classes).is_absent(actual)
    with pytest.raises(InvalidError, match="not_a_class"):
        Classes(classes).read(actual)


@pytest.mark.parametrize("actual", [True, "x", "inf", "-Infinity", "1_000", "1,5", [1], 10**400])
def test_what_is_no_finite_number_is_refused(actual) -> None:
    assert not Numbers().is_absent(actual)
    with pytest.raises(InvalidError, match="not_a_number"):
        Numbers().read(actual)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_may_come_as_text(value: float) -> None:
    assert Numbers().read(repr(value)) == Numbers().read(value) == value
