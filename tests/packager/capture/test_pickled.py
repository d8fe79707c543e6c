"""What a pickle refers to, and how names of a session get another module."""

from __future__ import annotations

import datetime
import enum
import functools
import http
import pickle
import re
import threading
from typing import Any

import numpy as np
import pytest

from packager.capture.pickled import dumped, named_in, references
from packager.capture.session import Session
from packager.errors import PackageError

CODE = """
import enum
class Kind(enum.Enum):
    A = 1
class Outer:
    class Inner:
        pass
def double(x):
    return x * 2
plain = lambda x: x
"""


@pytest.fixture
def session() -> Session:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(CODE, names)
    return Session(names, ())


def test_classes_functions_and_modules_are_told_apart(session: Session) -> None:
    names = session.names
    value = {
        "kind": names["Kind"].A,
        "inner": names["Outer"].Inner(),
        "call": functools.partial(names["double"]),
        "nameless": [names["plain"], names["plain"]],
        "other": (np.log1p, datetime.date(2024, 1, 1), re.compile("a"), enum.Enum),
    }
    found = references(value, session)
    assert found.names == {
        **{"Kind": names["Kind"], "Outer.Inner": names["Outer"].Inner, "double": names["double"]}
    }
    assert found.nameless == [names["plain"]]
    assert {"numpy", "datetime", "functools", "enum"} <= found.modules


def test_what_cannot_be_pickled_is_named_with_its_place(session: Session) -> None:
    class Holder:
        __module__ = "__main__"

        def __init__(self) -> None:
            self.parts = [1, {"lock": threading.Lock()}]

    with pytest.raises(PackageError) as error:
        references(Holder(), session)
    assert error.value.message.startswith("Holder.parts[1]['lock']: expected a model that can be")
    assert "cannot pickle '_thread.lock' object" in error.value.message


def test_within_the_block_the_pickle_names_the_module(session: Session) -> None:
    names = session.names
    value = [names["Kind"].A, names["Outer"].Inner(), names["plain"]]
    tops = {"Kind": names["Kind"], "Outer": names["Outer"], "Outer.Inner": names["Outer"].Inner}
    with named_in("shop_code", {**tops, "function_1": names["plain"]}):
        content = dumped(value)
        again = pickle.loads(content)
    assert content.count(b"shop_code") >= 1
    assert b"__main__" not in content
    assert again[0] is names["Kind"].A
    assert (names["Kind"].__module__, names["plain"].__qualname__) == ("__main__", "<lambda>")


def test_a_class_needs_the_modules_of_its_bases(session: Session) -> None:
    assert "enum" in references([http.HTTPStatus], session).modules
