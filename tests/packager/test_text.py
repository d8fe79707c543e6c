"""Values in messages: truncated, and formatted only as far as they are shown."""

from __future__ import annotations

import ast
import html
import json
import tomllib
import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.column_converter import short
from packager.deploy.prometheus.promql import quoted as promql
from packager.deploy.yaml import dump
from packager.project.scaffold import quoted as toml
from packager.text import MAX_MARKS, beginning, escape_markup, listed, without_credentials

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(min_size=90),
    lambda inner: st.lists(inner, max_size=100) | st.dictionaries(st.text(), inner),
    max_leaves=120,
)


@pytest.mark.slow
@given(VALUES)
def test_the_first_characters_are_those_of_the_whole(value: Any) -> None:
    for ascii_only in (True, False):
        whole = json.dumps(value, ensure_ascii=ascii_only)
        part = json.dumps(beginning(value), ensure_ascii=ascii_only)
        assert part[:80] == whole[:80]
        assert (len(part) > 80) == (len(whole) > 80)


def test_little_is_made_of_a_large_value() -> None:
    large = {"a" * 1_000_000: [["b" * 1_000_000] * 1_000_000] * 1_000_000}
    assert len(json.dumps(beginning(large))) < 20_000
    assert short(large) == '{"' + "a" * 77 + "…"


def test_deep_and_long_ones() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    assert short(deep) == "[" * 79 + "…"
    assert short(10**9_000) == '"a whole number of 29898 bits"'


def visible(text: str) -> bool:
    return text.replace("\n", "").isprintable()


@given(st.text())
def test_literals_have_no_invisible_characters_and_mean_the_same(text: str) -> None:
    assert visible(toml(text))
    assert tomllib.loads(f"x = {toml(text)}") == {"x": text}
    assert ast.literal_eval(toml(text)) == text
    assert promql(text) == toml(text)
    document = {"a": [{"b": text}], text: 1}
    assert visible(dump(document))
    assert yaml.safe_load(dump(document)) == document


@given(st.text())
def test_text_in_markup_can_turn_no_other_text_around(text: str) -> None:
    assert escape_markup(text).isprintable()
    marks = "".join("m" if unicodedata.combining(letter) else " " for letter in text)
    if text.isprintable() and "m" * (MAX_MARKS + 1) not in marks:
        assert html.unescape(escape_markup(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://u:p@h/x@v1", "git+https://***@h/x@v1"),
        ("https://token@h/p@v1", "https://***@h/p@v1"),
        ("http://u:pa/ss@h:80/x@v1", "http://***@h:80/x@v1"),
        ("http://u:p@s@h/x and http://u:two words@h", "http://***@h/x and http://***@h"),
        ("https://u:12345@h", "https://***@h"),
        (
            "https://h/x?a=1&X-Amz-Signature=s&sig=t#f",
            "https://h/x?a=1&X-Amz-Signature=***&sig=***#f",
        ),
    ],
)
def test_credentials_in_addresses_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize(
    "text",
    ["git+https://h/path@v1.2", "http://h:8080/p@v1", "see `http://h:80` and a@b", "http://h: a@b",
     "http://127.0.0.1:9: failed @ 5", "git+ssh://git@h/x@v1", "http://[::1]:80/a@b", "a?token=b"],
)  # fmt: skip
def test_addresses_without_credentials_stay_as_they_are(text: str) -> None:
    assert without_credentials(text) == text


def test_a_long_list_is_cut_and_the_others_are_counted() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed([str(n) for n in range(1_500)], 2) == "0, 1 and 1,498 more"
    assert listed(["a is wrong", "b", "c"], 2, "; ") == "a is wrong; b; and 1 more"
    assert listed([], 3) == ""
