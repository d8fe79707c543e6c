"""Content types, parsed in linear time with the results of the standard library."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.media_type import MAX_LENGTH, media_type

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,8}", fullmatch=True)
SPACES = st.sampled_from(["", " ", "  "])
VALUES = NAMES | st.from_regex(r'"[a-z0-9;=, ]{0,10}"', fullmatch=True)


def by_mail(text: str) -> tuple[str, dict[str, str]]:
    message = Message()
    message["content-type"] = text
    return message.get_content_type(), dict(message.get_params(failobj=[])[1:])


@pytest.mark.slow
@given(st.lists(NAMES, max_size=3).map("/".join), st.lists(st.tuples(SPACES, NAMES, VALUES)))
def test_it_is_what_the_mail_parser_finds(kind: str, pairs: list[tuple[str, str, str]]) -> None:
    text = kind + "".join(f"{space};{space}{name}={value}" for space, name, value in pairs)
    if len(text) <= MAX_LENGTH:
        assert media_type(text) == by_mail(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TEXT/CSV; Header=present", ("text/csv", {"header": "present"})),
        ('text/csv;a="x;y";header="absent"', ("text/csv", {"a": "x;y", "header": "absent"})),
        (r'text/csv;a="x\"y"', ("text/csv", {"a": 'x"y'})),
        ("text/csv;", ("text/csv", {})),
        ('text/csv;"', ("text/csv", {'"': ""})),
        ("csv", ("text/plain", {})),
        ("", ("text/plain", {})),
        ("text/csv;" + ";" * 1_000, ("text/plain", {})),
    ],
)
def test_types_and_parameters(text: str, found: tuple[str, dict[str, str]]) -> None:
    assert media_type(text) == found


@given(st.text(alphabet='a/;="\\ ', max_size=60))
def test_whatever_comes_is_read(text: str) -> None:
    kind, _ = media_type(text)
    assert kind.count("/") == 1
