"""A version of BentoML that starts its workers differently is refused with its name."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

from packager.errors import PackageError
from serving.processes.worker_script import OPTIONS, check_worker_script


def found_at(folder: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``_bentoml_impl`` be the package in ``folder``, or not be there."""
    spec = None
    if folder is not None:
        spec = importlib.machinery.ModuleSpec("_bentoml_impl", None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)


def test_the_installed_version_has_the_script() -> None:
    check_worker_script()


@pytest.mark.parametrize("folder", [False, True])
def test_a_version_without_the_script_is_refused(
    folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_at(tmp_path if folder else None, monkeypatch)
    with pytest.raises(PackageError) as caught:
        check_worker_script()
    start = f"bentoml {version('bentoml')}: expected a worker script _bentoml_impl.worker.service"
    assert caught.value.message.startswith(start)
    assert caught.value.message.endswith("got none")
    assert f"`bentoml<{version('bentoml')}`" in caught.value.hint


def test_a_script_that_lacks_an_option_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "worker" / "service.py"
    script.parent.mkdir()
    script.write_text("".join(f'@click.option("{name}")\n' for name in OPTIONS[1:]))
    found_at(tmp_path, monkeypatch)
    with pytest.raises(PackageError, match="got one without --fd"):
        check_worker_script()
