"""``package bench``: invalid steps are refused before anything starts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.cli.bench import _numbers
from packager.errors import UsageError


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=5))
def test_steps_are_numbers_with_commas_between(numbers):
    assert _numbers("--rows", ", ".join(map(str, numbers))) == tuple(numbers)


@pytest.mark.parametrize("text", ["", "1,", "0", "-1", "10001", "1.5", "a", "1;2", "²"])
@pytest.mark.parametrize("option", ["--rows", "--concurrency"])
def test_anything_else_is_refused_by_the_name_of_its_option(option, text):
    with pytest.raises(UsageError, match=f"{option}: expected numbers from 1 to 10000"):
        _numbers(option, text)


def test_a_mistyped_step_is_reported_before_the_package_is_looked_for(run):
    code, _, err = run("bench", "no-such-package", "--rows", "many")
    assert code == 2
    assert "--rows: expected numbers" in err
