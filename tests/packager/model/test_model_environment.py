"""Where the model's interpreter is, and what its processes get."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.model import model_environment
from packager.model.model_environment import installed_folders, model_python, model_variables
from packager.model.paths import Root

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder ``opt`` of an image, whose server's environment is this process's."""
    for name in ("venv", "model"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").write_text("version = 3.11\n")
    (tmp_path / "elsewhere" / "0123").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "0123").symlink_to(tmp_path / "elsewhere" / "0123")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    installed_folders.cache_clear()
    yield tmp_path
    installed_folders.cache_clear()


def test_the_models_environment_lies_beside_the_servers(image: Path) -> None:
    assert model_python() == str(image / "model" / "bin" / "python")
    made = model_variables(Root(Path("/")), {"PATH": f"{image}/venv/bin:/bin"})
    assert made["PATH"] == f"{image}/model/bin:{image}/venv/bin:/bin"
    assert made["PYTHONPATH"] == f"{CHECKOUT}:/code:/code/src"


def test_the_model_reads_its_own_environment_and_the_folders_behind_links(image: Path) -> None:
    found = installed_folders()
    assert {image / "model", image / "elsewhere", CHECKOUT} <= set(found)
    assert image / "venv" not in found


def test_the_folders_that_it_lists_are_among_those_that_it_reads(image: Path) -> None:
    (image / "members" / "text").mkdir(parents=True)
    found = {*installed_folders()}
    assert {image / "wheels", image / "members", image / "members" / "text"} <= found


def test_elsewhere_the_models_environment_is_this_processs_own() -> None:
    installed_folders.cache_clear()
    assert model_python() == sys.executable
    assert Path(sys.prefix).resolve() in installed_folders()
    assert Path("/") not in installed_folders()


def test_a_script_of_the_project_finds_the_modules_beside_it() -> None:
    made = model_variables(Root(Path("/")), {"PYTHONSAFEPATH": "1", "SHOP": "a"})
    assert "PYTHONSAFEPATH" not in made
    assert (made["SHOP"], made["PATH"].split(os.pathsep)[1:]) == ("a", os.defpath.split(os.pathsep))
    assert model_environment.OWN_ONLY == ("PYTHONSAFEPATH",)
