"""``package init --data`` writes what arrays, lists and files need."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.training_project import init_training
from packager.project.validate import check_columns


def made(tmp_path: Path, data: Path, target: str) -> dict[str, Any]:
    init_training(tmp_path / "new", data, [target])
    project = load_project(tmp_path / "new")
    check_columns(project)
    compile((tmp_path / "new/train.py").read_text(), "train.py", "exec")
    return tomllib.loads((tmp_path / "new/package.toml").read_text())


def test_an_archive_of_arrays(tmp_path: Path) -> None:
    x, y = np.zeros((40, 2, 3), "f4"), np.arange(40) % 2
    np.savez(tmp_path / "digits.npz", x=x, y=y)
    toml = made(tmp_path, tmp_path / "digits.npz", "y")
    assert toml["data"]["columns"] == {
        "x": {"kind": "array", "shape": [2, 3], "element": "float32"}
    }
    assert toml["recipe"]["features"] == "array"
    assert toml["package"]["task"] == "classification"


def test_folders_of_classes(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/2.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    toml = made(tmp_path, tmp_path / "photos", "label")
    assert toml["data"]["files"] == {"content": "content", "folder": "label"}
    assert toml["data"]["include"] == ["content"]
    assert "features" not in toml["recipe"]


def test_a_table_that_names_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "all/pictures").mkdir(parents=True)
    for name in "abc":
        (tmp_path / f"all/pictures/{name}.png").write_bytes(name.encode())
    cells = {"picture": ["a.png", "b.png", "c.png"], "words": [["x"], [], ["y"]], "y": [1.5, 2, 3]}
    parquet.write_table(pa.table(cells), tmp_path / "all/rows.parquet")
    toml = made(tmp_path, tmp_path / "all", "y")
    assert toml["data"]["columns"] == {
        "picture": {"kind": "bytes", "files": "pictures"},
        "words": {"kind": "list", "element": "string"},
    }
    assert toml["data"]["include"] == ["picture"]


def test_a_target_is_a_label_or_a_number(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)), y=np.arange(4))
    with pytest.raises(UsageError, match="--target x: expected labels or numbers, got arrays"):
        init_training(tmp_path / "new", tmp_path / "a.npz", ["x"])
