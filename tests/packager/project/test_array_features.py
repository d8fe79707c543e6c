"""``features = "array"`` in package.toml, and declarations of columns that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from host_samples import write_project

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.files import list_files
from packager.project.validate import check_columns
from packager.runners.job import make_job

TOML = """
[package]
name = "digits"
version = "1.0.0"
task = "classification"

[data]
source = "data"
target = "y"
{data}
[data.columns]
{columns}

[recipe]
train = "train:train"
features = "array"
"""
ARRAY = 'x = { kind = "array", shape = [2, 2], element = "uint8" }'


def project_of(tmp_path: Path, columns: str = ARRAY, data: str = "") -> Path:
    text = TOML.format(data=data, columns=columns)
    train = "def train(features, target, *, params, seed): ..."
    directory = write_project(tmp_path, {"package.toml": text, "train.py": train})
    for old in (directory / "data").iterdir():
        old.unlink()
    np.save(directory / "data/x.npy", np.zeros((4, 2, 2), "u1"))
    (directory / "data/rows.csv").write_text("id,y\n1,a\n2,b\n3,a\n4,b\n")
    return directory


@pytest.mark.parametrize("role", ["exclude", "key"])
def test_the_form_of_the_features_is_part_of_the_job(tmp_path: Path, role: str) -> None:
    project = load_project(project_of(tmp_path, data=f'{role} = ["id"]'))
    check_columns(project)
    job = make_job(project)
    assert job.serve.features == "array"
    listed = list_files(project)
    assert listed.format == "csv"
    assert list(listed.data) == ["source/rows.csv", "source/x.npy"]


def test_other_features_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_columns(load_project(project_of(tmp_path)))
    assert caught.value.message == (
        "features = \"array\": expected one feature, a column of arrays, got 'id' (integer), "
        "'x' (array)"
    )


def test_another_shape_is_refused(tmp_path: Path) -> None:
    columns = ARRAY.replace("[2, 2]", "[4, 4]")
    directory = project_of(tmp_path, columns, 'exclude = ["id"]')
    with pytest.raises(UsageError, match="row 0, column 'x': expected 4x4 uint8 values"):
        check_columns(load_project(directory))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ('x = { kind = "array" }', "`shape`: expected a value for kind 'array'"),
        ('x = { kind = "list" }', "`element`: expected a value for kind 'list'"),
        ('x = { kind = "string", files = "a" }', '`files`: expected kind = "bytes" with it'),
        ('x = { kind = "bytes", files = "../a" }', "expected a folder below that of the table"),
        ('x = { kind = "bytes", files = "/a" }', "expected a folder below that of the table"),
        ('x = { kind = "bytes", files = "a/../b" }', "expected a folder below that of the table"),
        ('x = { kind = "bytes", files = "." }', "expected a folder below that of the table"),
        ('x = { kind = "bytes", files = ".a" }', "expected a folder below that of the table"),
        (ARRAY.replace("[2, 2]", "[100000, 100000]"), "`shape`: expected at most 67,108,864"),
        (ARRAY.replace("[2, 2]", "[0]"), "greater than or equal to 1"),
    ],
)
def test_declarations_that_say_too_little_are_refused(
    tmp_path: Path, columns: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_project(project_of(tmp_path, columns))
    assert said in caught.value.message


def test_files_that_are_rows_are_listed(tmp_path: Path) -> None:
    data = 'files = { content = "x", folder = "y" }'
    directory = project_of(tmp_path, 'x = { kind = "bytes" }', data)
    for old in (directory / "data").iterdir():
        old.unlink()
    for name in ("a/1.png", "b/2.png", ".hidden"):
        (directory / "data" / name).parent.mkdir(exist_ok=True)
        (directory / "data" / name).write_bytes(b"x")
    (directory / "package.toml").write_text(
        (directory / "package.toml").read_text().replace('features = "array"', "")
    )
    project = load_project(directory)
    check_columns(project)
    assert list_files(project).format == "files"
    assert list(list_files(project).data) == ["source/a/1.png", "source/b/2.png"]
