"""JSON that two readers may read differently is refused."""

from __future__ import annotations

import pytest

from packager.manifest.strict_json import strict_json, strict_value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1, "a": 2}', "expected each key once, got 'a' twice"),
        (b'{"b": {"a": 1, "a": 1}}', "expected each key once"),
        (b'{"a": NaN}', "expected JSON values, got NaN"),
        (b"[]", "expected a JSON object, got list"),
        (b'{"a": 1} ', None),
        (b"\xff{}", "utf-8"),
        (b"[" * 100_000, "fewer levels"),
    ],
)
def test_json_that_two_readers_may_read_differently_is_refused(
    text: bytes, message: str | None
) -> None:
    if message is None:
        assert strict_json(text) == {"a": 1}
        return
    with pytest.raises(ValueError, match=message):
        strict_json(text)


def test_values_that_are_no_objects() -> None:
    assert strict_value(b"[1]") == [1]
    with pytest.raises(ValueError, match="expected each key once, got 'a' twice"):
        strict_value(b'[{"a": 1, "a": 1}]')
