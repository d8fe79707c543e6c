"""Levels of equivalence, from the strongest to none."""

from __future__ import annotations

import pytest
from host_samples import MANIFEST
from hypothesis import given
from hypothesis import strategies as st
from worker_projects import RECIPE

from packager.model.integrity import IntegrityCheck
from packager.worker.replay.report import LEVELS, claimed, damaged, reaches

LEVELS = st.sampled_from(LEVELS)


@given(LEVELS, LEVELS)
def test_of_two_levels_one_reaches_the_other_and_both_only_where_they_are_equal(one, other):
    assert reaches(one, other) or reaches(other, one)
    assert (reaches(one, other) and reaches(other, one)) == (one == other)


@given(LEVELS, LEVELS, LEVELS)
def test_what_is_reached_is_reached_by_all_that_are_stronger(one, other, third):
    if reaches(one, other) and reaches(other, third):
        assert reaches(one, third)


@pytest.mark.parametrize(
    ("level", "required", "enough"),
    [
        ("artifact", "state", True),
        ("metrics", "predictions", False),
        ("none", "statistical", False),
        ("none", "none", True),
    ],
)
def test_a_level_is_reached_by_stronger_ones(level, required, enough):
    assert reaches(level, required) is enough


def test_only_a_recipe_with_a_level_claims_one():
    assert not claimed(MANIFEST)
    assert claimed(MANIFEST.model_copy(update={"recipe": RECIPE}))
    without = RECIPE.model_copy(update={"level": None})
    assert not claimed(MANIFEST.model_copy(update={"recipe": without}))


def test_a_damaged_package_reaches_nothing_and_says_what_is_wrong():
    wrong = IntegrityCheck(name="code", expected="a", actual="b", ok=False)
    report = damaged(MANIFEST, [wrong])
    assert (report.level, report.passed, report.checks, report.comparison) == (
        "none",
        False,
        (wrong,),
        None,
    )
