"""What is chosen is in a query as itself, whatever its characters."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.grafana.chosen import VariableValues, escaped_pattern, named
from packager.deploy.grafana.panel import IN_SLICE, OF_FLEET

HOSTILE = 'a"} or vector(1) #\\ $version .*'


def test_names_stay_within_their_quotes() -> None:
    filled = VariableValues("m", ("1.0.0-a", "2|x"), HOSTILE).filled(f"x{{{IN_SLICE}}}")
    model, version, part = re.findall(r'"(?:[^"\\]|\\.)*"', filled)
    assert json.loads(model) == "m"
    assert json.loads(version) == r"1\.0\.0-a|2\|x"
    assert json.loads(part) == HOSTILE
    assert filled == f"x{{model={model}, version=~{version}, slice={part}}}"


def test_all_models_and_versions_are_every_text() -> None:
    assert VariableValues().filled(f"x{{{OF_FLEET}}}") == 'x{model=~".*", version=~".*"}'


def test_a_name_that_looks_like_a_variable_is_none() -> None:
    query = 'x{output="$slice", model="$model", bin="$feature"}'
    expected = 'x{output="$slice", model="$version", bin="$feature"}'
    assert VariableValues("$version", ("1",)).filled(query) == expected


def test_titles_and_legends_name_what_is_shown() -> None:
    assert (
        VariableValues("m", slice="a$feature", feature="b").title("$slice of $feature")
        == "a$feature of b"
    )
    assert named("{{version}} {{reason}} p95", {"version": "1"}) == "1  p95"


@given(st.text(), st.text())
def test_a_pattern_matches_its_text_only(text: str, other: str) -> None:
    pattern = re.compile(escaped_pattern(text))
    assert pattern.fullmatch(text)
    assert bool(pattern.fullmatch(other)) == (text == other)
