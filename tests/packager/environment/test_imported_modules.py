from __future__ import annotations

import json
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
    assert found.optional == {"optional"}
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


CONDITIONS = """
import sys, os, platform, importlib
if sys.platform == "win32": import no1
elif os.name == "nt": import no2
else: import yes1
if sys.platform.startswith("linux"): import yes2
if platform.system() != "Linux": import no3
if sys.version_info < (3, 9): import no4
if sys.version_info >= (3, 13): import yes3
if sys.version_info[:2] >= (3, 8): import yes4
else: import no5
if unknown: import yes5
importlib.import_module("yes6.deep")
importlib.import_module(".own", "x")
importlib.import_module(name)
"""


def test_imports_for_other_systems_and_pythons_are_left_out(tmp_path: Path):
    files = written(tmp_path, {"a.py": CONDITIONS})
    found = imported_modules(files, tmp_path).modules
    assert sorted(found) == ["yes1", "yes2", "yes3", "yes4", "yes5", "yes6.deep"]


def test_a_module_that_one_place_needs_is_not_optional(tmp_path: Path):
    handled = "try:\n    import fast\nexcept (ImportError, OSError):\n    import slow\n"
    other = "try:\n    import real\nexcept ValueError:\n    pass\nimport slow"
    found = imported_modules(written(tmp_path, {"a.py": handled, "b.py": other}), tmp_path)
    assert (sorted(found.modules), found.optional) == (["fast", "real", "slow"], {"fast"})


def test_notebooks_are_read_cell_by_cell(tmp_path: Path):
    cells = [
        {"cell_type": "markdown", "source": "import no"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install no\n", "import a"]},
        {"cell_type": "code", "source": "files = !ls\nimport b\nb.c?"},
        {"cell_type": "code", "source": "import c\nfrom no import (\nunfinished ("},
        {"cell_type": "code", "source": "%%time\nimport d"},
        {"cell_type": "code", "source": "%%bash\nimport no"},
    ]
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "y.ipynb").write_text("{}")
    files = [tmp_path / "x.ipynb", tmp_path / "y.ipynb"]
    found = imported_modules(files, tmp_path)
    assert (list(found.modules), found.broken) == (["a", "b", "c", "d"], (tmp_path / "y.ipynb",))
