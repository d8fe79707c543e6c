"""Perturbations of a replay: seed, training row and parameters, only if requested."""

from __future__ import annotations

import pytest
from worker_projects import RECIPE, SERVE

from packager.errors import UsageError
from packager.worker.job import Job, ReplayRequest
from packager.worker.replay.perturb import perturb


def changed(what: str, train_rows: int = 10, **recipe: object):
    own = RECIPE.model_copy(update=recipe)
    job = Job(
        task="classification",
        serve=SERVE,
        slices_columns=(),
        slices_rules={},
        recipe=own,
        target="label",
    )
    return job, perturb(job, own, ReplayRequest(perturb=what), train_rows)


def test_nothing_is_changed_unless_it_is_requested():
    job, found = changed("none")
    assert (found.job, found.what) == (job, None)


@pytest.mark.parametrize(("seed", "other"), [(7, 8), (2**32 - 1, 0)])
def test_another_seed_is_one_that_numpy_takes(seed, other):
    _, found = changed("seed", seed=seed)
    assert found.job.recipe.seed == other
    assert found.what == f"seed: {other} in place of {seed}"


def test_one_training_row_is_left_out_and_named():
    _, found = changed("row", 11)
    assert found.job.leave_out == 5
    assert found.what == "row: training row 5 of 11 left out"
    with pytest.raises(UsageError, match="expected two training rows, got fewer"):
        changed("row", 1)


def test_every_number_and_boolean_among_the_parameters_is_another():
    params = {"depth": 3, "rate": 0.5, "zero": 0.0, "fast": True, "name": "gini", "deep": {"a": 1}}
    _, found = changed("param", params=params)
    assert found.job.recipe.params == {
        **params, "depth": 4, "rate": 0.55, "zero": 0.1, "fast": False,
    }  # fmt: skip
    assert found.what == (
        "param: depth 4 in place of 3, rate 0.55 in place of 0.5, "
        "zero 0.1 in place of 0.0, fast False in place of True"
    )


@pytest.mark.parametrize("params", [{}, {"name": "gini"}])
def test_parameters_without_a_number_can_not_be_changed(params):
    with pytest.raises(UsageError, match="expected a number or a boolean in"):
        changed("param", params=params)
