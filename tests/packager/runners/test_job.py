"""A worker's job has the project's settings, with paths that are valid inside the image."""

from __future__ import annotations

from pathlib import Path

from host_samples import TOML, write_project

from packager.manifest.manifest import Recipe
from packager.project.config import load_project
from packager.runners.job import make_job
from packager.worker.job import Job


def job_of(folder: Path, toml: str, **files: str) -> Job:
    return make_job(load_project(write_project(folder, {"package.toml": toml, **files})))


def test_a_job_survives_its_file(tmp_path: Path):
    toml = TOML.replace("[recipe]", 'personal = ["visits"]\n[recipe]')
    job = job_of(tmp_path, toml) if "visits" in TOML else job_of(tmp_path, TOML)
    (tmp_path / "job.json").write_bytes(job.dump())
    assert Job.load(tmp_path / "job.json") == job


def test_the_held_out_file_has_the_name_that_it_has_in_the_image(tmp_path: Path):
    toml = TOML.replace("[recipe]", 'split = { file = "held/out.csv" }\n[recipe]')
    job = job_of(tmp_path, toml, **{"held/out.csv": "a\n"})
    assert job.split.file == "out.csv"


def test_a_recipe_is_handed_on_whole(tmp_path: Path):
    toml = f"{TOML.rstrip()}\nseed = 7\n" if "seed" not in TOML else TOML
    project = load_project(write_project(tmp_path, {"package.toml": toml}))
    recipe = make_job(project).recipe
    assert isinstance(recipe, Recipe)
    assert project.recipe is not None
    assert recipe.model_dump() == project.recipe.model_dump(exclude={"features"})


def test_a_given_model_has_no_recipe_and_perhaps_no_data(tmp_path: Path):
    toml = '[package]\nname = "given"\nversion = "1"\ntask = "regression"\n[model]\npath = "m"\n'
    job = job_of(tmp_path, toml, m="x")
    assert (job.recipe, job.source, job.target) == ("none", False, None)
