"""Modules that package.toml names."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.entry_modules import check_modules


def test_a_module_is_found_in_the_folder_and_in_src(tmp_path: Path):
    (tmp_path / "src" / "lib").mkdir(parents=True)
    (tmp_path / "train.py").touch()
    check_modules(tmp_path, {"train": "train:train", "predict": "lib:Model", "serve": "auto"})


def test_a_missing_module_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"train: expected module `lib.train` in the project"):
        check_modules(tmp_path, {"train": "lib.train:train"})


def test_the_name_of_the_model_host_is_reserved(tmp_path: Path):
    (tmp_path / "modelhost.py").touch()
    with pytest.raises(UsageError, match=r"module `modelhost` in .*: this name belongs"):
        check_modules(tmp_path, {})
