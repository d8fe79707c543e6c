from __future__ import annotations

from pathlib import Path

from packager.environment.imported_modules import imported_modules

CODE = """
from __future__ import annotations
import os, json, numpy as np
import sklearn.linear_model
from typing import TYPE_CHECKING
from pandas import DataFrame
from scipy.stats import *
from . import near
from .near import far
import helper, own.deep, spacefolder.a
if TYPE_CHECKING:
    import onlytypes
else:
    import atruntime
try:
    import optional
except ImportError:
    optional = None
def f():
    import inside
"""


def written(top: Path, files: dict[str, str]) -> list[Path]:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return [top / name for name in files]


def test_modules_that_are_neither_pythons_nor_the_projects(tmp_path: Path):
    files = written(
        tmp_path,
        {"train.py": CODE, "helper.py": "", "src/own/__init__.py": "", "spacefolder/a/b.py": ""},
    )
    found = imported_modules(files, tmp_path)
    assert sorted(found.modules) == [
        "atruntime", "inside", "numpy", "optional", "pandas.DataFrame", "scipy.stats",
        "sklearn.linear_model",
    ]  # fmt: skip
    assert found.modules["numpy"] == tmp_path / "train.py"


def test_scripts_see_the_modules_beside_them(tmp_path: Path):
    files = written(tmp_path, {"scripts/a.py": "import b, c", "scripts/b.py": "", "c/d.txt": ""})
    assert list(imported_modules(files, tmp_path).modules) == ["c"]


def test_tests_and_build_files_are_left_out(tmp_path: Path):
    names = ["tests/x.py", "test_a.py", "a_test.py", "conftest.py", "setup.py", "docs/conf.py"]
    files = written(tmp_path, dict.fromkeys(names, "import pytest"))
    assert imported_modules(files, tmp_path).modules == {}


def test_a_file_that_is_not_python_is_named(tmp_path: Path):
    files = written(tmp_path, {"a.py": "print 1", "b.py": "import x", "c.py": "\0"})
    found = imported_modules(files, tmp_path)
    assert (list(found.modules), found.broken) == (["x"], (tmp_path / "a.py", tmp_path / "c.py"))
