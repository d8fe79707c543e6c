"""What a statement binds, changes and needs."""

from __future__ import annotations

import pytest

from packager.capture.cells import Cell
from packager.capture.statements import free_names, statements


def of(text: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    return [(one.binds, one.changes) for one in statements([Cell(1, text)])]


@pytest.mark.parametrize(
    ("text", "binds"),
    [
        ("a = b = 1", {"a", "b"}),
        ("(a, [b, *c]) = x", {"a", "b", "c"}),
        ("for i in x:\n    j = i", {"i", "j"}),
        ("with f() as g:\n    h = 1", {"g", "h"}),
        ("try:\n    import a.b\nexcept E as e:\n    c = 1", {"a", "e", "c"}),
        ("if x:\n    def f(): y = 1\nelse:\n    class C: z = 1", {"f", "C"}),
        ("import a.b as c, d.e", {"c", "d"}),
        ("from a import *", {"*"}),
        ("[y := i for i in x]", {"y"}),
        (
            "match x:\n    case {'a': b, **rest}:\n        pass\n    case [c, *d]:\n        pass",
            {"b", "rest", "c", "d"},
        ),
    ],
)
def test_names_that_are_bound(text: str, binds: set[str]) -> None:
    assert of(text)[0] == (frozenset(binds), frozenset())


@pytest.mark.parametrize(
    "text", ["x.a = 1", "x[0].b[1] = 2", "x += 1", "del x.a", "for x.i in y: pass"]
)
def test_objects_that_are_changed(text: str) -> None:
    ((_, changes),) = of(text)
    assert changes == {"x"}


def test_names_that_are_needed_are_those_of_the_module() -> None:
    inner = "    def g():\n        return c + outer\n    return len(g)"
    text = f"@deco\ndef f(a, b=default):\n    c = a\n{inner}"
    assert free_names(text) == {"deco", "default", "outer"}
    assert free_names("class A(Base):\n    k = K\n    def m(self):\n        return k") == {
        *("Base", "K", "k")
    }


def test_names_in_texts_and_counters_are_needed_too() -> None:
    text = "def f():\n    global n, other\n    n += 1\n    other = 1\n"
    assert free_names(text) == {"n"}
    text = "def f(t):\n    return globals()['A'] + eval('B + t') + eval(t) + eval('(')"
    assert free_names(text) == {"A", "B"}


def test_definitions_in_branches_are_statements_of_their_own() -> None:
    text = (
        "if x:\n    @deco\n    def f():\n        return 1\nelse:\n    class C:\n        k = 1\n"
        "for i in x:\n    def g(): pass\n    g.k = 1\n"
    )
    found = [(one.text, sorted(one.binds)) for one in statements([Cell(1, text)])]
    assert found[1:3] == [("@deco\ndef f():\n    return 1", ["f"]), ("class C:\n    k = 1", ["C"])]
    assert [binds for _, binds in found] == [["C", "f"], ["f"], ["C"], ["g", "i"]]


def test_several_statements_of_a_line_stand_alone() -> None:
    one, other = statements([Cell(3, "a = 1; b = a")])
    assert (one.text, other.text, other.cell.number) == ("a = 1", "b = a", 3)
