"""A replay repeats the training that the package records."""

from __future__ import annotations

import pytest
from host_samples import MANIFEST
from solution_layers import made_solution
from worker_projects import RECIPE

from packager.errors import PackageError
from packager.manifest.data_roles import Split
from packager.manifest.manifest import DataSource
from packager.worker.job import ReplayRequest
from packager.worker.replay.repeat import repeated, replayable

DATA = DataSource(
    format="csv",
    files=(),
    test_file=None,
    target="label",
    exclude=("id",),
    include=(),
    train_only=("weight",),
    split=Split(test=0.25, seed=3),
    embed="none",
    fingerprint="0" * 64,
    train_rows=9,
    test_rows=3,
)
WHOLE = MANIFEST.model_copy(update={"recipe": RECIPE, "data": DATA})


def test_the_job_has_all_that_the_manifest_says_and_compiles_nothing():
    job, now = repeated(WHOLE, ReplayRequest())
    assert now.job == job
    assert (job.recipe, job.target, job.exclude, job.train_only, job.split) == (
        RECIPE,
        "label",
        ("id",),
        ("weight",),
        DATA.split,
    )
    assert job.serve == WHOLE.serve.model_copy(update={"compile": "off"})


def test_what_is_changed_on_purpose_is_changed_in_the_second_job_only():
    job, now = repeated(WHOLE, ReplayRequest(perturb="seed"))
    assert job.recipe == RECIPE
    assert now.job.recipe.seed == RECIPE.seed + 1


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ({"recipe": "none"}, "this package has no recipe: the model was trained elsewhere"),
        ({"data": "none"}, "this package names no data to train on"),
    ],
)
def test_without_a_recipe_or_data_there_is_nothing_to_repeat(absent, message):
    with pytest.raises(PackageError, match=message) as caught:
        replayable(WHOLE.model_copy(update=absent))
    assert caught.value.hint


def test_a_solution_is_not_repeated_as_one_model():
    solution = WHOLE.model_copy(update={"recipe": "none", "solution": made_solution().solution})
    with pytest.raises(PackageError, match="is a solution: its flow is not trained, and") as caught:
        replayable(solution)
    assert f"run `package replay {solution.name}:{solution.tag}`" in str(caught.value.hint)
