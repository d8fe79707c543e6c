"""Sections of package.toml: contradictions are refused, and read options are combined."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from packager.project.sections import (
    DataSection,
    MonitoringSection,
    Name,
    OutputSection,
    Repository,
    Version,
)


def data(**more: object) -> DataSection:
    return DataSection.model_validate({"source": "rows.csv", "target": "y", **more})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"include": ["a"], "exclude": ["b"]}, "expected one of include and exclude, got both"),
        ({"include": ["a", "y"]}, "`data.include`: expected no target"),
        ({"train_only": ["y"]}, "`data.train_only`: expected no target"),
        ({"personal": ["b", "a"], "not_personal": ["a"]}, "not in not_personal, got 'a'"),
        ({"include": ["a"], "train_only": ["a"]}, "not in include, got 'a'"),
    ],
)
def test_a_column_has_one_place(more, message):
    with pytest.raises(ValidationError, match=message):
        data(**more)


def test_a_column_is_watched_or_not():
    with pytest.raises(ValidationError, match="expected 'a' in exclude or in include"):
        MonitoringSection(exclude=("b", "a"), include=("a",))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 7, 30), "2024-05-01T07:30:00"),
        ("2024-05-01", "2024-05-01"),
    ],
)
def test_a_timestamp_may_be_a_date_of_toml_or_text(moment, text):
    assert data(split={"time": "day", "from": moment}).split.start == text


def test_the_timestamp_has_one_name():
    with pytest.raises(ValidationError, match="the first test time is called `from`"):
        data(split={"time": "day", "start": "2024-05-01"})


def test_only_columns_of_which_something_is_said_are_read_in_a_way_of_their_own():
    columns = {
        "kind": {"kind": "string"},
        "null": {"null": []},
        "ranged": {"minimum": 0},
    }
    found = data(columns=columns, read={"separator": ";"}).reader
    assert {*found.columns} == {"kind", "null"}
    assert found.separator == ";"


@pytest.mark.slow
@given(st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True).filter(lambda n: len(n) < 50))
def test_a_package_and_its_version_make_a_reference_that_engines_take(name):
    assert TypeAdapter(Name).validate_python(name) == name
    assert TypeAdapter(Version).validate_python(name) == name
    assert TypeAdapter(Repository).validate_python(f"models/{name}")


@pytest.mark.parametrize(
    "name", ["", "Shop", "shop-", "-shop", "a--b", "a/b", "a b", "a\n", "ü", "x" * 101]
)
def test_a_name_that_engines_refuse_is_refused(name):
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(
    ("repository", "good"),
    [
        ("localhost:5000/a/b", True),
        ("a__b/c--d", True),
        ("a___b", False),
        ("host:port/a", False),
        ("/a", False),
        ("a/", False),
        ("A/b", False),
        ("a:tag", False),
    ],
)
def test_repositories_are_those_of_engines(repository, good):
    try:
        TypeAdapter(Repository).validate_python(repository)
    except ValidationError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "label", "group": "q", "target": "y"}, "expected `group` for score and number"),
        ({"kind": "score", "group": "q"}, "expected a `target` beside `group`, got none"),
        ({"kind": "score", "target": "y", "k": 5}, "expected `group`, the column of the query"),
        ({"kind": "numbers", "target": "y", "event": "e"}, "expected `event` and `times` together"),
        ({"kind": "numbers", "target": "y", "times": [1]}, "expected `event` and `times` together"),
        (
            {"kind": "numbers", "target": "y", "event": "e", "times": [2, 1]},
            "expected ascending times",
        ),
        (
            {"kind": "score", "target": "y", "event": "e", "group": "q"},
            "one of `event` and `group`",
        ),
        ({"kind": "text", "target": "y", "top": 3}, "expected `top` for json only"),
        ({"kind": "text", "target": "y", "spans": True}, "expected `spans` for json only"),
    ],
)
def test_options_of_a_task_fit_its_kind(given, message):
    with pytest.raises(ValidationError, match=message):
        OutputSection.model_validate(given)


def test_the_defaults_of_tasks():
    ranking = OutputSection(kind="number", target="y", group="q").output("y")
    assert (ranking.k, ranking.right) == (10, ("y",))
    section = OutputSection(kind="numbers", target="t", event="e", times=(1, 5))
    survival = section.output("y")
    assert (survival.shape, survival.right) == ((2,), ("t", "e"))
    assert OutputSection(kind="score").output("y").k is None


@pytest.mark.parametrize(
    ("default", "taken"),
    [(date(2024, 5, 1), "2024-05-01"), (datetime(2024, 5, 1, 7, 30), "2024-05-01T07:30:00"),
     (True, True), (7, 7), (1.5, 1.5), ("red", "red")],
)  # fmt: skip
def test_a_default_is_a_value_of_a_request(default, taken):
    found = data(columns={"x": {"default": default}}).columns["x"].default
    assert (found, type(found)) == (taken, type(taken))


@pytest.mark.parametrize("kind", ["bytes", "list", "array"])
def test_a_default_is_not_of_many_values(kind):
    more = {"list": {"element": "string"}, "array": {"element": "int8", "shape": [1]}}
    with pytest.raises(ValidationError, match="`default`: expected none for kind"):
        data(columns={"x": {"kind": kind, "default": "a", **more.get(kind, {})}})
