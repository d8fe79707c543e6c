"""Opcodes on stand-ins: what is named, called, made and hidden."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.pickles import reader
from modelhost.pickles.reader import PickleContents, PickleReader
from modelhost.pickles.source import PickleStream, UnreadableError


def read(content: bytes, **how: bool) -> tuple[Any, PickleContents]:
    seen = PickleContents(len(content))
    return PickleReader(PickleStream(io.BytesIO(content), len(content)), seen, **how).load(), seen


def test_names_of_python_2_are_translated_up_to_protocol_2() -> None:
    assert [*read(b"c__builtin__\neval\n.")[1].globals] == [("builtins", "eval")]
    named = read(b"\x80\x04c__builtin__\neval\n.")[1].globals
    assert [*named] == [("__builtin__", "eval")]


def test_offset_and_uses_of_a_global() -> None:
    one = read(b"\x80\x02cos\nsystem\nX\x01\x00\x00\x00x\x85R.")[1].globals["os", "system"]
    assert (one.offset, one.uses) == (2, {"named", "called"})


@pytest.mark.parametrize(
    ("arguments", "uses"),
    [
        (b")", {"named", "made", "opaque"}),
        # A tuple with the state of slots, whose attributes are set by ``setattr``.
        (b"N}\x86\x85", {"named", "made", "given", "opaque", "hidden"}),
    ],
    ids=["a dict with attributes", "a pair"],
)
def test_an_object_may_be_its_own_state_if_it_was_made_without_arguments(
    arguments: bytes, uses: set[str]
) -> None:
    made = b"\x80\x02cshop\nBunch\n" + arguments + b"\x81q\x00h\x00b."
    assert read(made)[1].globals["shop", "Bunch"].uses == uses


def test_a_file_may_have_so_many_opcodes_for_its_size() -> None:
    assert PickleContents(0).limit == 5_000_000
    assert PickleContents(1_000).limit == 5_020_000


@pytest.mark.parametrize("pair", [b"N0", b"K\x010"])
def test_more_opcodes_than_the_limit_are_refused(
    pair: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MIN_OPCODES", 4)
    monkeypatch.setattr(reader, "MAX_OPCODES", 0)
    assert read(pair + b"N.")[1].opcodes == 4
    with pytest.raises(UnreadableError, match=r"^has more than 4 opcodes$"):
        read(pair * 2 + b"N.")


def test_a_pickle_within_bytes_is_noted_with_its_place() -> None:
    inner = pickle.dumps([1])
    assert read(pickle.dumps({"a": inner}, 4))[1].nested[0][1] == inner


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values, st.integers(0, 5))
def test_plain_data_names_nothing_but_how_its_bytes_are_coded(value: Any, protocol: int) -> None:
    _, seen = read(pickle.dumps(value, protocol))
    assert {one.full for one in seen.globals.values()} <= {"_codecs.encode", "builtins.bytes"}
    assert seen.acts == []


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read(content, arrays=True)
    except UnreadableError:
        return
