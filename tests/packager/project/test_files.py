"""The files of a project: code, data and model, listed and hashed once."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import FILES, TOML, RecordedProgress, write_project

from packager.digest import sha256_file
from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.files import list_files, read_files

CODE = ["package.toml", "requirements.txt", "train.py"]
GIVEN = """\
[package]
name = "given"
version = "1"
task = "regression"
[model]
path = "%s"
"""


def test_data_keeps_its_place_below_the_source(tmp_path: Path):
    changes = {
        "package.toml": TOML.replace("data/visits.csv", "tables"),
        "tables/2024/b.csv": "a\n1\n",
        "tables/2024/a.csv": "a\n1\n",
    }
    files = list_files(load_project(write_project(tmp_path, changes))).data
    assert list(files) == ["source/2024/a.csv", "source/2024/b.csv"]
    assert files["source/2024/a.csv"] == tmp_path / "tables/2024/a.csv"


def test_one_file_of_data_and_the_held_out_one(tmp_path: Path):
    toml = TOML.replace("[recipe]", 'split = { file = "held/test.csv" }\n[recipe]')
    project = write_project(tmp_path, {"package.toml": toml, "held/test.csv": "a\n"})
    assert list(list_files(load_project(project)).data) == ["source/visits.csv", "test/test.csv"]


def test_a_pretrained_model_is_a_file_or_a_folder_and_no_code(tmp_path: Path):
    changes = {"data/visits.csv": None, "train.py": None, "package.toml": GIVEN % "models/m.bin"}
    one = load_project(write_project(tmp_path / "one", {**changes, "models/m.bin": "x"}))
    listed = list_files(one)
    assert listed.model == {"model": tmp_path / "one/models/m.bin"}
    assert list(listed.code.files) == CODE[:2]
    assert (listed.data, listed.format) == ({}, None)
    changes["package.toml"] = GIVEN % "models"
    files = {"models/b": "x", "models/a/c": "x"}
    many = load_project(write_project(tmp_path / "many", {**changes, **files}))
    listed = list_files(many)
    assert list(listed.model) == ["model/a/c", "model/b"]
    assert list(listed.code.files) == CODE[:2]


def test_the_folder_of_a_pretrained_model_with_a_credential_stops_the_build(tmp_path: Path):
    changes = {"package.toml": GIVEN % "model", "model/model.pkl": "x", "model/prod.env": "A=1"}
    project = write_project(tmp_path, changes)
    with pytest.raises(UsageError, match="the model's folder goes into the image as it is"):
        list_files(load_project(project))


def test_each_file_has_the_digest_and_size_that_it_had_when_it_was_read(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    files = read_files(project)
    assert list(files.code) == CODE
    assert files.digests() == {
        "code": {name: sha256_file(tmp_path / name) for name in CODE},
        "data": {"source/visits.csv": sha256_file(tmp_path / "data/visits.csv")},
        "model": {},
    }
    assert files.data["source/visits.csv"].size == len(FILES["data/visits.csv"])
    assert files.listed.format == "csv"
    (tmp_path / "train.py").write_text("def train(): ...\n")
    assert files.code["train.py"].sha256 != sha256_file(tmp_path / "train.py")


def test_files_that_a_verb_writes_are_no_code(tmp_path: Path):
    project = load_project(write_project(tmp_path, {"image/index.json": "{}", "notes.md": ""}))
    assert "image/index.json" in list_files(project).code.files
    listed = list_files(project, (tmp_path / "image",))
    assert listed.code.files.keys() == {*CODE, "notes.md"}
    assert listed.hashed().code.keys() == listed.code.files.keys()


def test_what_is_left_out_is_reported_with_the_reason(tmp_path: Path):
    project = load_project(write_project(tmp_path, {"prod.env": "TOKEN=1"}))
    listed, heard = list_files(project), RecordedProgress()
    listed.warn_omitted(heard)
    assert heard.warnings == [f"prod.env is omitted from the image: {listed.left_out['prod.env']}"]


def test_a_folder_of_held_out_rows_is_refused(tmp_path: Path):
    toml = TOML.replace("[recipe]", 'split = { file = "data" }\n[recipe]')
    project = load_project(write_project(tmp_path, {"package.toml": toml}))
    with pytest.raises(UsageError) as caught:
        list_files(project)
    assert caught.value.message == (
        "package.toml: `data.split.file`: expected a file, got the folder data"
    )
