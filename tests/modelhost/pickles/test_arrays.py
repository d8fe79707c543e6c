"""How many bytes of a joblib file are an array."""

from __future__ import annotations

from typing import Any

import pytest

from modelhost.pickles.arrays import byte_count, holds_objects
from modelhost.pickles.source import UnreadableError
from modelhost.pickles.stand_ins import ConstructedObject, GlobalName


def dtype(kind: Any, state: Any = None) -> ConstructedObject:
    made = ConstructedObject(GlobalName("numpy", "dtype", 0), (kind, False, True))
    made.state = state
    return made


def state(size: int = -1, flags: int = 0, fields: Any = None) -> tuple[Any, ...]:
    return (3, "|", None, None, fields, size, -1, flags)


@pytest.mark.parametrize(
    ("kind", "told", "shape", "expected"),
    [
        ("f8", state(), (2, 3), 48),
        ("U5", state(20), (2,), 40),
        ("S10", state(10), (), 10),
        ("b1", None, (7,), 7),
        ("M8", state(), (0,), 0),
    ],
)
def test_bytes_of_an_array(kind: str, told: Any, shape: tuple[int, ...], expected: int) -> None:
    assert byte_count(dtype(kind, told), shape) == expected


@pytest.mark.parametrize(
    ("kind", "told", "shape"),
    [
        ("S1", state(100), (3,)),
        ("f8", None, (-1,)),
        ("f8", None, (1 << 40, 1 << 40)),
        ("f8", None, ("x",)),
        ("f8", None, [3]),
        ("float64", None, (3,)),
        (7, None, (3,)),
    ],
)
def test_what_could_mislead_is_refused(kind: Any, told: Any, shape: Any) -> None:
    with pytest.raises(UnreadableError):
        byte_count(dtype(kind, told), shape)


def test_objects_are_found_by_kind_flag_and_field() -> None:
    assert holds_objects(dtype("O8"))
    assert holds_objects(dtype("V16", state(16, 1)))
    assert not holds_objects(dtype("V16", state(16)))
    hidden = state(16, 0, {"x": (dtype("O8"), 0)})
    with pytest.raises(UnreadableError, match="declared as one of numbers"):
        holds_objects(dtype("V16", hidden))
