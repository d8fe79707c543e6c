"""A build's job: what it requests of a recipe, and of a pretrained model with data."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import FILES, write_project

from packager.build.train import training_job
from packager.manifest.evaluation import SeedVariance
from packager.project.config import load_project
from packager.runners.job import make_job

GIVEN = '[package]\nname = "given"\nversion = "1"\ntask = "regression"\n[model]\npath = "m"\n'
SPREAD = SeedVariance(seeds=(0, 1), overall={}, slices={})


@pytest.mark.parametrize(
    ("toml", "asked"), [(FILES["package.toml"], (True, True)), (GIVEN, (False, False))]
)
def test_a_recipe_runs_twice_and_a_model_with_data_is_queried(tmp_path: Path, toml, asked):
    project = load_project(write_project(tmp_path, {"package.toml": toml, "m": "x"}))
    job = training_job(project, SPREAD)
    assert (job.repeat, job.query_model) == asked
    assert job.seed_variance is SPREAD


def test_else_it_is_the_job_of_any_other_verb(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    plain = make_job(project)
    same = {
        "repeat": plain.repeat,
        "query_model": plain.query_model,
        "seed_variance": plain.seed_variance,
    }
    assert training_job(project, None).model_copy(update=same) == plain
