"""Values in messages are short, and on one line."""

from __future__ import annotations

import numpy as np

from modelhost.text import MAX_DISPLAYED, display_value, joined_ascii, part_ends, truncate


def test_long_text_ends_with_an_ellipsis() -> None:
    assert truncate("a" * 80) == "a" * 80
    assert truncate("a" * 81) == "a" * 79 + "…"
    assert truncate("abcdef", 3) == "ab…"


def test_values_are_shown_as_python_writes_them() -> None:
    assert display_value("a\nb") == r"'a\nb'"
    assert display_value(np.float64(0.5)) == "0.5"
    assert len(display_value(list(range(1000)))) == MAX_DISPLAYED


def test_text_in_ascii_is_joined_at_once() -> None:
    assert joined_ascii(["ab", "", "c"]) == b"abc"
    assert joined_ascii([]) == b""
    for values in (["ab", None], ["ab", 1], ["å"], [b"ab"]):
        assert joined_ascii(values) is None


def test_ends_of_parts() -> None:
    assert part_ends(["ab", "", "c"]) == b"".join(n.to_bytes(8, "little") for n in (2, 2, 3))
    assert part_ends([]) == b""
