"""A compiled form of another model, or a damaged one, fails the replay."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from compile_samples import Sample, sample
from host_samples import MANIFEST
from in_process import hosted

from packager.manifest.evaluation import Compilation
from packager.model.compiled.model import FOLDER
from packager.model.integrity import IntegrityCheck
from packager.model.paths import Root
from packager.worker.replay.compiled_form import compiled_checks


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Sample]:
    """Two models of the same columns and classes, each with its form."""
    one, other = (
        sample(name, tmp_path_factory.mktemp(name) / "form") for name in ("forest", "boosting")
    )
    return one, other


def checked(top: Path, model: Sample, form: Sample) -> list[IntegrityCheck]:
    """The checks of a package of ``model`` with the files of ``form``."""
    root = Root(top)
    if not root.package.exists():
        shutil.copytree(form.folder, root.package / FOLDER)
    changed = {"schema_": model.schema, "task": model.model.task, "compiled": model.verdict}
    manifest = MANIFEST.model_copy(update=changed)
    (root.package / "manifest.json").write_bytes(manifest.dump())
    return compiled_checks(root, manifest, hosted(model.model), model.held_out)


@pytest.mark.slow
def test_a_form_of_the_model_is_confirmed(tmp_path: Path, made: tuple[Sample, Sample]) -> None:
    (check,) = checked(tmp_path, made[0], made[0])
    assert (check.name, check.ok, check.actual) == ("compiled form", True, check.expected)


@pytest.mark.slow
def test_a_form_of_another_model_is_named(tmp_path: Path, made: tuple[Sample, Sample]) -> None:
    (check,) = checked(tmp_path, made[0], made[1])
    assert not check.ok
    assert check.actual.startswith("different predictions for held-out row ")


@pytest.mark.slow
def test_a_damaged_form_is_no_confirmation(tmp_path: Path, made: tuple[Sample, Sample]) -> None:
    checked(tmp_path, made[0], made[0])
    (Root(tmp_path).package / FOLDER / "form.json").write_text("{}")
    (check,) = checked(tmp_path, made[0], made[0])
    assert not check.ok


@pytest.mark.slow
def test_without_a_form_there_is_nothing_to_check(made: tuple[Sample, Sample]) -> None:
    manifest = MANIFEST.model_copy(update={"compiled": Compilation(verdict="refused")})
    assert (
        compiled_checks(Root(Path("/none")), manifest, hosted(made[0].model), made[0].held_out)
        == []
    )
