"""Which modules a process may have before it is forked, and where they are searched."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from modelhost import fork_server
from modelhost.fork_server import preload, preloadable


def test_modules_of_safe_libraries_are_listed_in_the_order_of_their_import() -> None:
    modules = {}
    for name in ("os", "numpy", "torch", "numpy.linalg", "pandas", "numpyro", "scipy"):
        modules[name] = ModuleType(name)
        modules[name].__file__ = f"/lib/{name}.py"
    modules["scipy"].__file__ = None
    assert preloadable(modules) == ["numpy", "numpy.linalg", "pandas"]


def test_folders_of_the_project_are_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for folder in ("code", "elsewhere", "code/src"):
        (tmp_path / folder).mkdir()
    (tmp_path / "code" / "of_the_project.py").write_text("")
    (tmp_path / "code" / "src" / "of_the_project.py").write_text("")
    (tmp_path / "elsewhere" / "of_a_library.py").write_text("")
    monkeypatch.chdir(tmp_path / "code")
    searched = [
        "",
        str(tmp_path / "code"),
        str(tmp_path / "code" / "src"),
        str(tmp_path / "elsewhere"),
        *sys.path,
    ]
    monkeypatch.setattr(sys, "path", list(searched))
    monkeypatch.setattr(fork_server, "SAFE_BEFORE_FORK", ("of_the_project", "of_a_library"))
    (tmp_path / "elsewhere" / "not_listed.py").write_text("")
    preload(["of_the_project", "of_a_library", "not_listed"])
    assert sys.path == searched
    assert "of_a_library" in sys.modules
    assert not {"of_the_project", "not_listed"} & sys.modules.keys()
    told = capfd.readouterr().err
    assert told == "not imported before a fork: of_the_project: No module named 'of_the_project'\n"
