"""Modules that package.toml names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.entry_modules import RESERVED_MODULES, check_modules


def test_a_module_is_found_in_the_folder_and_in_src(tmp_path: Path):
    (tmp_path / "src" / "lib").mkdir(parents=True)
    (tmp_path / "train.py").touch()
    check_modules(tmp_path, {"train": "train:train", "predict": "lib:Model", "serve": "auto"})


def test_a_missing_module_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"train: expected module `lib.train` in the project"):
        check_modules(tmp_path, {"train": "lib.train:train"})


@pytest.mark.parametrize("file", ["modelhost.py", "numpy/__init__.py", "src/random.py"])
def test_a_module_that_hides_what_the_host_imports_is_refused(tmp_path: Path, file: str):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    name = file.removeprefix("src/").partition("/")[0].removesuffix(".py")
    with pytest.raises(UsageError) as caught:
        check_modules(tmp_path, {})
    place = tmp_path / "src" if file.startswith("src") else tmp_path
    assert caught.value.message == (
        f"module `{name}` in {place} would hide the `{name}` that the process of the model imports"
    )
    assert caught.value.hint == "rename it"


def test_other_names_and_folders_without_init_hide_nothing(tmp_path: Path):
    for name in ("serving.py", "packager.py", "test.py", "profile.py", "random/data.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    check_modules(tmp_path, {})


@pytest.mark.slow
def test_the_names_are_those_that_a_process_imports_from_files():
    program = "import sys; before = set(sys.modules); import modelhost.__main__\n"
    program += "import modelhost.session, modelhost.serve, modelhost.frames, pandas, joblib\n"
    program += "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    hidden = {
        name
        for name in done.stdout.split()
        if name in sys.stdlib_module_names and not name.startswith("_")
        if (Path(os.__file__).parent / f"{name}.py").exists()
        or (Path(os.__file__).parent / name).is_dir()
    }
    assert hidden - RESERVED_MODULES == set()
