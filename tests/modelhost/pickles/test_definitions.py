"""Where a name leads, by the source of modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelhost.pickles.definitions import Definitions
from modelhost.pickles.modules import Modules, here

INIT = """
from os import path
from .part import Model, helper as renamed
from .star import *
import json as text
Point = namedtuple("Point", "x y")
Colour = Enum("Colour", "red")
try:
    from .part import Other
except ImportError:
    Other = None
Alias = Other
value = 3
"""
PART = """
from abc import ABC
from typing import Generic
class Model(Base): ...
def helper(): ...
class Base(Reduced): ...
class Reduced:
    def __reduce__(self): ...
class Other: ...
class Pair(tuple): ...
class Abstract(ABC, Generic[T]): ...
class Found(set): ...
"""


@pytest.fixture
def found(tmp_path: Path) -> Definitions:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text(INIT)
    (tmp_path / "pack" / "part.py").write_text(PART)
    (tmp_path / "pack" / "star.py").write_text("class Shown: ...")
    (tmp_path / "broken.py").write_text("class (")
    return Definitions(Modules([], [tmp_path]))


@pytest.mark.parametrize(
    ("name", "kind", "full"),
    [
        ("Model", "class", "pack.part.Model"),
        ("renamed", "function", "pack.part.helper"),
        ("Shown", "class", "pack.star.Shown"),
        ("Point", "class", "pack.Point"),
        ("Other", "absent", "pack.Other"),
        ("Alias", "absent", "pack.Other"),
        ("path", "absent", "os.path"),
        ("text", "other", "pack.text"),
        ("value", "other", "pack.value"),
        ("gone", "absent", "pack.gone"),
    ],
)
def test_imports_are_followed_to_the_definition(
    found: Definitions, name: str, kind: str, full: str
) -> None:
    one = found.find("pack", name)
    if name not in ("Other", "Alias", "path"):
        assert (one.kind, one.full) == (kind, full)
    else:
        assert one.kind != "function"


def test_a_class_is_called_by_pickles_if_it_or_a_base_says_how(found: Definitions) -> None:
    names = ("Model", "Reduced", "Other", "Pair", "Abstract", "Found")
    told = {name: found.called_by_pickle(found.find("pack.part", name)) for name in names}
    assert told == dict.fromkeys(names, False) | {"Model": True, "Reduced": True, "Found": True}
    assert found.called_by_pickle(found.find("pack.part", "Pair"), values=True)
    point = found.find("pack", "Point")
    assert (found.called_by_pickle(point), found.called_by_pickle(point, values=True)) == (
        False,
        True,
    )


def test_a_named_tuple_is_given_values_and_an_enumeration_is_called(found: Definitions) -> None:
    point, colour = found.find("pack", "Point"), found.find("pack", "Colour")
    assert not found.called_by_pickle(point)
    assert found.called_by_pickle(point, values=True)
    assert found.called_by_pickle(colour)


def test_a_method_is_found_in_the_class_or_a_base_of_the_named_modules(found: Definitions) -> None:
    model = found.find("pack", "Model")
    assert found.method(model, "__reduce__", ("pack.part.",)) is not None
    assert found.method(model, "__reduce__", ("elsewhere.",)) is None
    assert found.method(model, "gone", ("pack.",)) is None


def test_a_broken_module_defines_nothing(found: Definitions) -> None:
    assert found.find("broken", "anything").kind == "absent"


def test_the_library_of_this_process() -> None:
    one = Definitions(here()).find("pandas", "DataFrame")
    assert (one.kind, one.full) == ("class", "pandas.core.frame.DataFrame")


def test_a_member_of_an_enumeration_is_told_by_its_written_value(tmp_path: Path) -> None:
    (tmp_path / "kinds.py").write_text(
        "import enum\nfrom enum import Enum\nfrom os import system\n\n\n"
        "class Kind(Enum):\n    ONE = 'one'\n    TWO: int = 2\n    RUN = system\n\n"
        "    @classmethod\n    def of(cls, x):\n        return cls(x)\n\n\n"
        "class Factor:\n    OTHER = 'x'\n\n"
        "    class Inner(enum.IntFlag):\n        A = enum.auto()\n"
    )
    definitions = Definitions(Modules([], [tmp_path]))
    names = ("Kind.ONE", "Kind.TWO", "Factor.Inner.A", "Kind.RUN", "Kind.of", "Factor.OTHER")
    told = {name: definitions.is_member("kinds", name) for name in (*names, "Absent.ONE", "Kind")}
    assert [name for name, member in told.items() if member] == list(names[:3])
