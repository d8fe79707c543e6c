"""What known functions call among their arguments, and which of them are refused."""

from __future__ import annotations

from typing import Any

import pytest

from modelhost.pickles.calls import note_arguments, note_state
from modelhost.pickles.stand_ins import (
    CALLED,
    GIVEN,
    LATER,
    MADE,
    NAMED,
    ConstructedObject,
    GlobalName,
)


def named(full: str) -> GlobalName:
    module, _, name = full.rpartition(".")
    return GlobalName(module, name, 0)


MADE_GENERATOR = ConstructedObject(named("numpy.random._pickle.__bit_generator_ctor"), ("PCG64",))


@pytest.mark.parametrize(
    ("full", "base", "refused"),
    [
        ("copyreg._reconstructor", named("builtins.object"), ""),
        ("copyreg._reconstructor", named("numpy.ndarray"), ""),
        ("copyreg._reconstructor", named("a.B"), "with the base a.B, whose __init__ it would call"),
        (
            "copyreg._reconstructor",
            ConstructedObject(None),
            "with the base, whose __init__ it would call",
        ),
    ],
)
def test_a_base_is_one_whose_init_takes_a_value(full: str, base: Any, refused: str) -> None:
    kind = named("c.D")
    told = note_arguments(full, (kind, base, None))
    assert told == (f"calls {full} {refused}" if refused else "")
    assert kind.uses == {NAMED, MADE}


@pytest.mark.parametrize("name", ["__generator_ctor", "__randomstate_ctor", "__bit_generator_ctor"])
@pytest.mark.parametrize(
    ("argument", "refused"),
    [
        ("MT19937", ""),
        (named("numpy.random._pcg64.PCG64"), ""),
        (MADE_GENERATOR, ""),
        (named("numpy.randomness.X"), "numpy.randomness.X"),
        (named("a.B"), "a.B"),
        (ConstructedObject(named("functools.partial")), "an object"),
    ],
)
def test_a_generator_is_of_numpy(name: str, argument: Any, refused: str) -> None:
    full = f"numpy.random._pickle.{name}"
    told = note_arguments(full, (argument,))
    wrong = f"calls {full} with {refused}, expected a name or class of numpy.random"
    assert told == (wrong if refused else "")


PARTIAL, VECTORIZE = named("functools.partial"), named("numpy.vectorize")


def test_what_an_object_keeps_is_called_later() -> None:
    first, second = named("a.B"), named("a.C")
    assert note_arguments("functools.partial", (first, second)) == ""
    assert (first.uses, second.uses) == ({NAMED, LATER}, {NAMED, MADE})
    replaced = named("a.D")
    note_state(ConstructedObject(PARTIAL), (replaced, (), {}, None))
    assert replaced.uses == {NAMED, LATER}


@pytest.mark.parametrize("state", [{}, ({}, None)])
def test_the_function_of_a_vectorized_one_is_in_its_state(state: Any) -> None:
    kept = named("a.B")
    (state[0] if isinstance(state, tuple) else state)["pyfunc"] = kept
    note_state(ConstructedObject(VECTORIZE), state)
    assert kept.uses == {NAMED, LATER}


def test_what_a_factory_keeps_counts_as_called() -> None:
    first, state, later = named("a.B"), named("a.C"), named("a.D")
    inner = ConstructedObject(VECTORIZE)
    inner.state = {"pyfunc": state}
    outer = ConstructedObject(PARTIAL, (first,))
    outer.state = (inner, (), {}, None)
    note_arguments("collections.defaultdict", (outer,))
    note_state(outer, (later, (), {}, None))
    assert all(CALLED in one.uses for one in (first, state, later))
    direct = named("a.E")
    note_arguments("collections.defaultdict", (direct,))
    assert CALLED in direct.uses


@pytest.mark.parametrize(
    ("full", "values", "given"),
    [
        ("copyreg.__newobj__", (), False),
        ("copyreg.__newobj__", ("x",), True),
        ("copyreg.__newobj__", ((),), True),
        ("copyreg.__newobj_ex__", ((), {}), False),
        ("copyreg.__newobj_ex__", (("x",), {}), True),
        ("pandas.core.indexes.base._new_Index", ({},), True),
    ],
)
def test_arguments_of_new_are_noted(full: str, values: tuple[Any, ...], given: bool) -> None:
    kind = named("a.B")
    assert note_arguments(full, (kind, *values)) == ""
    assert (GIVEN in kind.uses) == given
    assert MADE in kind.uses
