"""The files of a project that a module imports, found in its source text."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.environment.code_imports import imported_files, module_file
from packager.errors import UsageError


@pytest.fixture
def tree(tmp_path: Path):
    """Write modules, and find what the first of them reaches."""

    def tree(first: str, modules: dict[str, str]) -> list[str]:
        for name, text in {"main": first, **modules}.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = imported_files([tmp_path / "main.py"], [tmp_path])
        return sorted(path.relative_to(tmp_path).as_posix() for path in found)

    return tree


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("import one", ["one.py"]),
        ("import one as other, json", ["one.py"]),
        ("from one import f", ["one.py"]),
        ("from pkg import inner", ["pkg/__init__.py", "pkg/inner.py"]),
        ("from pkg.inner import f", ["pkg/__init__.py", "pkg/inner.py"]),
        ("import pkg.inner", ["pkg/__init__.py", "pkg/inner.py"]),
        ("def f():\n    import one", ["one.py"]),
        ("import absent, numpy", []),
    ],
)
def test_a_module_and_the_packages_above_it_are_reached(tree, text, reached):
    modules = dict.fromkeys(("one", "pkg/__init__", "pkg/inner", "unused"), "")
    assert tree(text, modules) == sorted(["main.py", *reached])


def test_imports_are_followed_and_a_circle_ends(tree):
    assert tree("import one", {"one": "import two", "two": "import main"}) == [
        *("main.py", "one.py", "two.py")
    ]


def test_relative_imports_are_of_the_folder_of_the_module(tree):
    modules = {"pkg/__init__": "", "pkg/one": "from . import two\nfrom .three import f"}
    modules |= {"pkg/two": "from .. import main", "pkg/three": ""}
    assert tree("import pkg.one", modules) == [
        *("main.py", "pkg/__init__.py", "pkg/one.py", "pkg/three.py", "pkg/two.py")
    ]


def test_files_that_are_no_python_are_kept_and_not_read(tmp_path):
    (tmp_path / "run.sh").write_text("import one")
    assert imported_files([tmp_path / "run.sh"], [tmp_path]) == [tmp_path / "run.sh"]


@pytest.mark.parametrize("content", [b"def f(:", b"\xff\xfe", b"x = '\0'"])
def test_what_is_no_python_is_refused_by_its_file(tmp_path, content):
    (tmp_path / "main.py").write_bytes(content)
    with pytest.raises(UsageError, match=r"main\.py: not valid Python"):
        imported_files([tmp_path / "main.py"], [tmp_path])


def test_a_module_is_a_file_or_a_package(tmp_path):
    (tmp_path / "pkg").mkdir()
    assert module_file("pkg", tmp_path) is None
    (tmp_path / "pkg" / "__init__.py").touch()
    assert module_file("pkg", tmp_path) == tmp_path / "pkg" / "__init__.py"
    (tmp_path / "pkg.py").touch()
    assert module_file("pkg", tmp_path) == tmp_path / "pkg.py"
