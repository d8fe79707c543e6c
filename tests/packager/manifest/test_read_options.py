"""The user's CSV options: null words, kinds of columns, separators and marks."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.manifest.read_options import (
    DEFAULT_OPTIONS,
    NULL_WORDS,
    TableReadOptions,
    shown_options,
    texts_of,
    toml_text,
)


def options(**said: Any) -> TableReadOptions:
    return TableReadOptions.model_validate(said)


def test_where_nothing_is_said_the_usual_words_are_null():
    assert DEFAULT_OPTIONS.null_words("x") == ("", *NULL_WORDS)
    assert not DEFAULT_OPTIONS.says_null("x")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"null": ["-"]}, ("", "-")),
        ({"null": []}, ("",)),
        ({"columns": {"x": {"null": ["?", ""]}}, "null": ["-"]}, ("", "?")),
        ({"columns": {"x": {"kind": "string"}}}, ("",)),
        ({"columns": {"x": {"kind": "string"}}, "null": ["-"]}, ("", "-")),
        ({"dtypes": {"x": "string"}}, ("",)),
        ({"columns": {"x": {"values": ["-"]}}, "null": ["-", "?"]}, ("", "?")),
    ],
)
def test_the_nearest_word_counts_and_a_value_is_never_null(said, words):
    assert options(**said).null_words("x") == words


def test_the_usual_words_hold_for_columns_that_are_not_declared_as_text():
    told = options(columns={"x": {"kind": "number"}})
    assert told.null_words("x") == ("", *NULL_WORDS)
    assert told.says_null("x")
    assert not told.says_null("other")


@pytest.mark.parametrize(
    ("said", "kind", "dtype"),
    [
        ({"columns": {"x": {"kind": "integer"}}}, "integer", None),
        ({"dtypes": {"x": "integer"}}, "integer", None),
        ({"dtypes": {"x": "float32"}}, None, "float32"),
        ({"columns": {"x": {"kind": "number"}}, "dtypes": {"x": "float32"}}, "number", "float32"),
        ({}, None, None),
    ],
)
def test_a_dtype_is_a_kind_or_what_train_gets(said, kind, dtype):
    told = options(**said)
    assert (told.kind("x"), told.dtype("x")) == (kind, dtype)
    assert told.declared == (("x",) if kind else ())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"separator": ";", "decimal": ";"},
            "different characters for decimal and separator, got ';' for both",
        ),
        ({"decimal": ",", "thousands": ","}, "different characters for thousands and decimal"),
        ({"separator": ",", "thousands": ","}, "different characters for thousands and separator"),
        ({"quote": ";", "separator": ";"}, "different characters for quote and separator"),
        ({"separator": ";;"}, "at most 1 character"),
        ({"encoding": "latin-klingon"}, "expected an encoding that Python supports"),
        ({"dtypes": {"x": "int128"}}, "dtypes.x"),
        ({"seperator": ";"}, "seperator"),
    ],
)
def test_marks_that_mean_two_things_and_words_that_mean_nothing_are_refused(said, message):
    with pytest.raises(ValidationError, match=message):
        options(**said)


def test_an_undeclared_comma_between_cells_is_no_clash():
    assert options(decimal=",").decimal == ","
    assert options(thousands=",").thousands == ","


@pytest.mark.parametrize("name", ["utf8", "UTF-8-SIG", "utf_8"])
def test_every_spelling_of_utf8_is_one(name):
    assert options(encoding=name).encoding == "utf-8"


def test_the_usual_marks_keep_what_was_said_of_columns():
    told = options(separator=";", decimal=",", encoding="cp1252", null=["-"], dtypes={"x": "int8"})
    assert told.with_usual_marks() == options(null=["-"], dtypes={"x": "int8"})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.just("\t"))
def test_what_a_hint_shows_is_toml_that_says_the_same(text):
    line = shown_options(separator=text, null="x")
    assert tomllib.loads(line) == {"read": {"separator": text, "null": "x"}}
    assert tomllib.loads(f"a = {toml_text(text)}") == {"a": text}


def test_only_text_among_values_is_text():
    assert texts_of((1, "a", True, "b")) == ("a", "b")
    assert texts_of(None) == ()
