"""Plain data as readable YAML."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from packager.deploy.yaml import dump

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.slow
@given(st.dictionaries(TEXT, PLAIN, min_size=1, max_size=5))
def test_yaml_holds_any_plain_data(document: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(document)) == document


def test_long_expressions_are_written_as_a_person_would() -> None:
    text = dump({"expr": 'up{job="a"} == 0', "for": "5m", "on": True, "names": ["on", "a.b"]})
    assert text == (
        "expr: |-\n  up{job=\"a\"} == 0\nfor: \"5m\"\n'on': true\nnames:\n  - 'on'\n  - a.b\n"
    )
