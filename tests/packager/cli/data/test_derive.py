"""``package data derive`` and ``gc``: refusals before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.cli.data.derive import _params
from packager.errors import UsageError

NAMES = st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)


@pytest.mark.slow
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_parameters_are_json(params):
    assert _params([f"{name}={json.dumps(value)}" for name, value in params.items()]) == params


@pytest.mark.parametrize(("text", "value"), [("a=b=c", "b=c"), ("a=", ""), ("a=1,2", "1,2")])
def test_a_bare_word_is_text(text, value):
    assert _params([text]) == {"a": value}


@pytest.mark.parametrize("text", ["a", "=1", "a b=1", "1a=1", "a.b=1", ""])
def test_a_parameter_without_a_name_is_refused(text):
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        _params([text])


@pytest.mark.parametrize("steps", [[], ["--step", "steps:same", "--command", "cp {t} {out}"]])
def test_a_table_is_made_by_a_function_or_a_program(run, monkeypatch, tmp_path: Path, steps):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("data", "derive", "d", "--parent", "t", *steps)
    assert code == 2
    assert "expected one of --step and --command" in err


@pytest.mark.parametrize("verb", ["gc", "lineage"])
def test_a_table_that_is_not_there_is_named(run, monkeypatch, tmp_path: Path, verb):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("data", verb, "visits")
    assert code == 2
    assert "visits: expected a table with versions" in err
