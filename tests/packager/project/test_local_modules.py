"""The user's own modules that code imports are files that a project needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.local_modules import imported_names, local_files


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_helpers_of_test.py").write_text("import own_deep_of_test.part\nimport json\n")
    (tmp_path / "own_unused_of_test.py").write_text("")
    package = tmp_path / "own_deep_of_test"
    package.mkdir()
    for name in ("__init__", "part", "other"):
        (package / f"{name}.py").write_text("")
    return tmp_path


def test_modules_beside_the_notebook_come_with_what_they_import(own: Path) -> None:
    found = local_files(["own_helpers_of_test.f", "json", "numpy.linalg", "packager.errors"])
    assert found == {
        name: own / name
        for name in (
            *("own_helpers_of_test.py", "own_deep_of_test/__init__.py"),
            "own_deep_of_test/part.py",
        )
    }


def test_of_a_package_the_modules_that_are_named_come(own: Path) -> None:
    found = local_files(["own_deep_of_test.other.Class"])
    assert sorted(found) == ["own_deep_of_test/__init__.py", "own_deep_of_test/other.py"]


def test_a_module_that_is_not_there_is_none() -> None:
    assert local_files(["nowhere_at_all.x"]) == {}


def test_a_file_that_is_no_python_is_named(own: Path) -> None:
    (own / "own_helpers_of_test.py").write_text("def (:\n")
    with pytest.raises(UsageError, match=r"own_helpers_of_test\.py: not valid Python"):
        local_files(["own_helpers_of_test"])


def test_names_that_source_imports() -> None:
    text = "import a.b, c\ndef f():\n    from d import e\nfrom . import g\n"
    assert imported_names(text) == {"a.b", "c", "d.e"}
