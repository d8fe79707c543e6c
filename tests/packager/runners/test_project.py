"""The base image of a project, and the error if it is missing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import FILES, TOML, RecordedProgress, write_project
from saved_bases import of_this_machine, saved

from packager.errors import PackageError
from packager.image.base.debian import base_name
from packager.image.base.saved import BaseImage
from packager.project.config import load_project
from packager.runners import project as module
from packager.runners.project import (
    BaseChoice,
    resolve_base,
    resolve_environment,
    wheel_target,
)

PLATFORM = "linux/amd64"
OWN = f'{TOML}\n[image]\nbase = "own:1"\n'
ENGINE: Any = object()


@pytest.fixture(autouse=True)
def _no_base(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(module, "find_base", lambda *_: None)


@pytest.mark.parametrize("output_needs_one", [True, False])
def test_a_project_that_names_a_missing_base_leaves_no_engine_unused(
    tmp_path: Path, output_needs_one: bool
) -> None:
    project = load_project(write_project(tmp_path, {**FILES, "package.toml": OWN}))
    choice = BaseChoice(needed=output_needs_one)
    with pytest.raises(PackageError, match="base own:1: the engine has no such image") as caught:
        resolve_base(project, choice, PLATFORM, ENGINE, RecordedProgress())
    assert "`package base`" in caught.value.hint


def test_a_base_that_was_requested_is_never_missing(tmp_path: Path) -> None:
    project = load_project(write_project(tmp_path))
    for engine in (ENGINE, None):
        with pytest.raises(PackageError, match="base other:1: "):
            resolve_base(project, BaseChoice("other:1"), PLATFORM, engine, RecordedProgress())


def test_without_the_default_base_the_package_has_none_and_that_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, heard = load_project(write_project(tmp_path)), RecordedProgress()
    assert resolve_base(project, BaseChoice(), PLATFORM, ENGINE, heard) is None
    assert "runs with --local only; `package base` makes one, for --base" in heard.warnings[0]
    with pytest.raises(PackageError, match="can't pull it"):
        resolve_base(project, BaseChoice(needed=True), PLATFORM, ENGINE, heard)
    monkeypatch.setattr(module, "find_made_base", lambda *_: BaseImage(saved(), tmp_path, ENGINE))
    resolve_base(project, BaseChoice(), PLATFORM, ENGINE, heard)
    if base_name() is not None:
        assert f"with --base {base_name()} it has a base" in heard.warnings[1]


def test_a_check_without_the_default_base_runs_in_a_process_as_a_build_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, heard = load_project(write_project(tmp_path)), RecordedProgress()
    nothing: Any = SimpleNamespace(listed=None)
    monkeypatch.setattr(module, "resolve_platform", lambda *_: PLATFORM)
    monkeypatch.setattr(module, "wheel_target", lambda *_: None)
    monkeypatch.setattr(module, "resolve_dependencies", lambda *_, **__: None)
    found = resolve_environment(project, nothing, ENGINE, heard)
    assert (found.base, found.isolation) == (None, "process")
    assert "is not available" in heard.warnings[0]


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3.11.99"},
        {"python": "3.14", "version": "3.14.0"},
        {"platform": "linux/riscv64"},
        {"glibc": (2, 99)},
    ],
)
def test_without_an_engine_a_project_gets_a_base_that_runs_on_this_machine_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    project, told = load_project(write_project(tmp_path)), RecordedProgress()
    usable, not_usable = of_this_machine(), of_this_machine(**change)
    for base, result in ((usable, True), (not_usable, False)):
        held = BaseImage(base, tmp_path, None)
        monkeypatch.setattr(module, "find_base", lambda *_, held=held: held)
        found = resolve_base(project, BaseChoice(), PLATFORM, None, told)
        assert (found is held) is result
        assert resolve_base(project, BaseChoice("own:1"), PLATFORM, None, told) is held
    assert "needs an engine" in told.warnings[0]
    assert "the package gets none (base: none)" in told.warnings[0]


def test_a_base_whose_python_no_server_has_wheels_for_is_refused_by_name(tmp_path: Path) -> None:
    base = BaseImage(saved(python="3.14", reference="own:1"), tmp_path, ENGINE)
    with pytest.raises(PackageError) as caught:
        wheel_target(base, PLATFORM, ENGINE)
    assert caught.value.message.startswith("base own:1: expected Python 3.11 to 3.13")
    assert caught.value.message.endswith("got 3.14, which is too new")
