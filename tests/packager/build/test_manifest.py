"""Metrics in a recipe's ``accept`` must be measured; labels have the user's name and version."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import TOML, write_project

from packager.build.manifest import _check_accept, _package_files, labels
from packager.errors import UsageError
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.manifest import Schema
from packager.project.card_section import CardSection
from packager.project.config import Project, load_project

MEASURED = Evaluation(overall=MetricValues(rows=2, values={"mae": 1.0, "rmse": 2.0}), slices={})


def project_with(folder: Path, accept: str) -> Project:
    toml = f"{TOML.rstrip()}\naccept = {accept}\n"
    return load_project(write_project(folder, {"package.toml": toml}))


def result(evaluation: Evaluation | None) -> Any:
    return SimpleNamespace(evaluation=evaluation)


def test_a_metric_that_is_measured_may_be_accepted(tmp_path: Path):
    _check_accept(project_with(tmp_path, "{ mae = 0.1 }"), result(MEASURED))


@pytest.mark.parametrize(("evaluation", "known"), [(MEASURED, "mae, rmse"), (None, "")])
def test_a_metric_that_nobody_measures_is_named_with_those_that_are(tmp_path, evaluation, known):
    with pytest.raises(UsageError, match=f"`recipe.accept.accuracy`: expected one of {known}"):
        _check_accept(project_with(tmp_path, "{ accuracy = 0.1 }"), result(evaluation))


def test_labels_hold_the_name_and_version_that_a_person_wrote(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    found = labels(project)
    assert found["org.opencontainers.image.title"] == project.package.name
    assert found["org.opencontainers.image.version"] == project.package.version
    assert not any("root" in name for name in found), "only the manifest has it"


def package_files(folder: Path, toml: str) -> dict[str, bytes]:
    """The files of ``/package`` that a build writes for a project; no worker has run."""
    project = load_project(write_project(folder / "project", {"package.toml": toml}))
    context: Any = SimpleNamespace(project=project, folder=folder, others=())
    entries = _package_files(context, folder / "package", Schema(features=()))
    return {entry.path: (folder / "package" / entry.path).read_bytes() for entry in entries}


def test_texts_of_the_card_are_a_file_of_the_package_and_nothing_else(tmp_path: Path):
    toml = f'{TOML.rstrip()}\n[card]\nowner = "Team"\n'
    found = package_files(tmp_path / "a", toml)
    texts = CardSection.model_validate_json(found["card.json"])
    assert texts == CardSection(owner="Team")
    silent = package_files(tmp_path / "b", TOML)
    assert silent.keys() == found.keys() - {"card.json"}
