"""The state of a model goes through a message unchanged."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modelhost.errors import PackageError
from modelhost.state import state, state_digest
from modelhost.state_table import decode_state, encode_state


def test_a_state_survives_a_message() -> None:
    model = SimpleNamespace(
        a=b"\x00\xff", b="\ud800 é", c=float("nan"), d=np.arange(6.0).reshape(2, 3), e=[], f=None
    )
    found = state(model)
    again = decode_state(encode_state(found))
    assert list(again) == list(found)
    for path, leaf in found.items():
        other = again[path]
        assert (leaf.digest, leaf.shown, leaf.counts) == (other.digest, other.shown, other.counts)
        assert repr(leaf.value) == repr(other.value)
        if leaf.numbers is None:
            assert other.numbers is None
        else:
            np.testing.assert_array_equal(leaf.numbers, other.numbers)
    assert state_digest(again) == state_digest(found)


@pytest.mark.parametrize(
    "buffers",
    [
        [],
        [b"{", b""],
        [b"[[1]]", b""],
        [b'[["a", "b", "c", true, [9], null, false]]', b""],
        [b"[]", b"1"],
        [b'[["a", "b", "c", true, null, 3, true]]', b""],
    ],
)
def test_a_table_that_is_none_is_refused(buffers: list[bytes]) -> None:
    with pytest.raises(PackageError, match="described a state that can't be read"):
        decode_state(buffers)
