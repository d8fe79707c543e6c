"""Indexes that the project's own uv configuration names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from host_samples import TARGET, RecordedProgress, make_wheel

from packager.environment import dependencies, resolver
from packager.environment.dependencies import Requirements, lock_and_fetch
from packager.environment.index import index_options
from packager.environment.lock import write_lock
from packager.environment.project_index import index_pins
from packager.environment.wheels import missing, wheel_path
from packager.errors import PackageError

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.slow
def test_an_index_that_the_projects_own_uv_configuration_names_is_queried(
    monkeypatch, tmp_path: Path
):
    project = tmp_path / "project"
    make_wheel(project / "links", "beta", {"beta.py": ""})
    (project / "uv.toml").write_text('no-index = true\n[pip]\nfind-links = ["links"]\n')
    (project / "requirements.txt").write_text("beta\n")
    monkeypatch.setattr(resolver, "HOST_FLOORS", {})
    monkeypatch.setattr(dependencies, "shipped_wheels", lambda *_: [])
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    environment["UV_CACHE_DIR"] = str(tmp_path / "uv-cache")
    monkeypatch.setattr(dependencies, "user_index_options", lambda: index_options({}, environment))
    got = lock_and_fetch(
        Requirements(project / "requirements.txt"),
        tmp_path / "package.lock",
        TARGET,
        None,
        RecordedProgress(),
    )
    assert [wheel.name for wheel in got.lock.wheels] == ["beta"]
    assert "links" not in got.file.dump().decode()
    wheel_path(got.lock.wheels[0]).unlink()
    write_lock(got.file, tmp_path / "package.lock")
    lock_and_fetch(
        Requirements(project / "requirements.txt"),
        tmp_path / "package.lock",
        TARGET,
        None,
        RecordedProgress(),
    )
    assert wheel_path(got.lock.wheels[0]).is_file()


@pytest.mark.slow
def test_a_package_that_uv_ties_to_an_index_comes_from_there(
    lock_alpha, tmp_path: Path, monkeypatch
):
    alone = index_options({}, {"PATH": "/usr/bin:/bin", "UV_CACHE_DIR": str(tmp_path / "uv-cache")})
    monkeypatch.setattr(dependencies, "user_index_options", lambda: alone)
    wheel = make_wheel(tmp_path / "cpu" / "alpha", "alpha", {"alpha.py": "1"}, version="0.5")
    page = f'<a href="{wheel.name}">{wheel.name}</a>'
    (tmp_path / "cpu" / "alpha" / "index.html").write_text(page)
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.uv.index]]\nname = "cpu"\nurl = "cpu"\nexplicit = true\n'
        '[tool.uv.sources]\nAlpha = [{ index = "cpu", marker = "sys_platform == \'linux\'" }]\n'
        'beta = { index = "cpu" }\n'
    )
    found = lock_alpha().lock.wheels
    assert [(wheel.name, wheel.version) for wheel in found] == [("alpha", "0.5")]
    wheel_path(found[0]).unlink()
    lock_alpha()
    assert missing(found) == []
    (tmp_path / "pyproject.toml").write_text("[tool")
    (tmp_path / "package.lock").unlink()
    with pytest.raises(PackageError, match=r"pyproject.toml: expected TOML, got"):
        lock_alpha()


def test_a_pin_applies_where_the_requirement_does(tmp_path: Path):
    """uv would require the package everywhere."""
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.uv.index]]\nname = "own"\nurl = "https://own"\n'
        '[tool.uv.sources]\na = { index = "own" }\nb = { index = "own" }\n'
    )
    text = "a; os_name == 'nt'\nA==1 ; python_version > '3' --hash=sha256:ab\n"
    text += "b; os_name == 'nt'\nb\n"
    found = index_pins(tmp_path, {tmp_path / "r.txt": text})
    assert found is not None
    dependencies = tomllib.loads(found.pyproject())["project"]["dependencies"]
    assert dependencies == ['a ; (os_name == "nt") or (python_version > "3")', "b"]


def test_indexes_that_poetry_names_for_a_package_are_pins(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\na = { version = "1", source = "own" }\nb = "1"\n'
        'c = { version = "1", source = "unknown" }\n'
        '[[tool.poetry.source]]\nname = "own"\nurl = "https://own"\npriority = "explicit"\n'
    )
    found = index_pins(tmp_path, {tmp_path / "r.txt": "a\nb\nc\n"})
    assert found is not None
    assert found.sources == {"a": {"index": "own"}}
    assert found.indexes == ({"name": "own", "url": "https://own", "explicit": True},)


@pytest.mark.parametrize(("line", "tied"), [("-e .", True), (".[x]", True), ("./libs/x", False)])
def test_the_pins_of_a_project_that_requires_itself_hold_for_its_dependencies(
    tmp_path: Path, line: str, tied: bool
):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "own"\ndependencies = ["beta>=1"]\n'
        '[tool.uv.sources]\nbeta = { index = "priv" }\nother = { index = "priv" }\n'
        '[[tool.uv.index]]\nname = "priv"\nurl = "https://h/simple"\n'
    )
    (tmp_path / "libs" / "x").mkdir(parents=True)
    found = index_pins(tmp_path, {tmp_path / "requirements.txt": line})
    assert (None if found is None else set(found.sources)) == ({"beta"} if tied else None)
