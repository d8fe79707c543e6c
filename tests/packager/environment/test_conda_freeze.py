"""Requirements as ``pip freeze`` writes them in a conda environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import RecordedProgress

from packager.environment import conda_freeze
from packager.environment.requirement_files import read_options, read_requirements

LINE = "numpy @ file:///croot/numpy_and_numpy_base_1682520569166/work/dist"


@pytest.fixture
def installed(monkeypatch) -> dict[str, str]:
    """Canonical name → version in the active environment."""
    versions = {"numpy": "1.26.4"}
    monkeypatch.setattr(conda_freeze, "installed_version", versions.get)
    return versions


@pytest.mark.parametrize(
    ("marker", "expected"), [("", ""), (" ; python_version > '3'", '; python_version > "3"')]
)
def test_the_version_is_that_of_the_active_environment(tmp_path, installed, marker, expected):
    (tmp_path / "requirements.txt").write_text(f"{LINE}{marker}\n")
    found = read_requirements(tmp_path / "requirements.txt")
    assert (found.requirements, found.lost) == ((f"numpy==1.26.4{expected}",), ())


def test_a_package_that_is_not_installed_is_an_error_when_it_is_resolved(tmp_path, installed):
    """A lock stays valid where the environment is not active."""
    installed.clear()
    file = tmp_path / "requirements.txt"
    file.write_text(f"--pre\n{LINE}\nscipy\n")
    found = read_requirements(file)
    assert found.requirements == ("scipy",)
    assert found.lost[0].message.startswith(
        "requirements.txt line 2: expected a version of numpy, got a path that does not exist here"
    )
    assert "pip list --format=freeze --exclude-editable > requirements.txt" in found.lost[0].hint
    assert read_options(file)[0] == ("--prerelease", "allow")


def test_paths_that_exist_or_say_a_version_are_no_freeze_of_conda(tmp_path: Path):
    assert conda_freeze.is_lost(LINE, Path("/croot/numpy_and_numpy_base_1682520569166/work/dist"))
    assert not conda_freeze.is_lost(f"a @ {tmp_path.as_uri()}", tmp_path)
    assert not conda_freeze.is_lost("a @ file:///gone/a-1-py3-none-any.whl", Path("/gone/a.whl"))
    assert not conda_freeze.is_lost("a @ ./gone", Path("gone"))


def test_the_environment_whose_versions_are_taken_is_told(monkeypatch):
    heard = RecordedProgress()
    conda_freeze.warn_of_active_versions({Path("r.txt"): "scipy\na @ https://h/a.whl\n"}, heard)
    assert heard.warnings == []
    monkeypatch.setattr(conda_freeze, "active_python", lambda: "/env/bin/python")
    conda_freeze.warn_of_active_versions({Path("r.txt"): f"{LINE}  # why\nscipy\n"}, heard)
    assert heard.warnings == [
        "1 requirements have paths of another machine, numpy first: their versions are those of "
        "/env/bin/python"
    ]


def test_the_path_of_a_wheel_that_conda_built_says_the_version(tmp_path, installed):
    line = f"{LINE}/numpy-1.25.2-cp311-cp311-linux_x86_64.whl#sha256=ab"
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    assert read_requirements(tmp_path / "requirements.txt").requirements == ("numpy==1.25.2",)
    heard = RecordedProgress()
    conda_freeze.warn_of_active_versions({Path("r.txt"): line}, heard)
    assert heard.warnings == []
