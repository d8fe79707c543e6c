"""The loader of the file that ``[model]`` names, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.config import load_project
from packager.project.model_loader import model_loader

TOML = """\
[package]
name = "m"
version = "1"
task = "classification"
[model]
path = "{}"
"""
LIGHTGBM = b"tree\nversion=v4\n\nend of parameters\n"


def project(folder: Path, name: str, content: bytes, more: str = "") -> Path:
    (folder / "package.toml").write_text(TOML.format(name) + more)
    (folder / "requirements.txt").write_text("lightgbm\n")
    (folder / "predict.py").touch()
    (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "more", "loader"),
    [
        ("m.txt", LIGHTGBM, "", "format:lightgbm"),
        ("m.pkl", b"\x80\x05N.", "", "joblib"),
        ("m.txt", b"anything", '[serve]\npredictor = "predict:Predictor"\n', "joblib"),
    ],
)
def test_the_format_names_the_loader(
    tmp_path: Path, name: str, content: bytes, more: str, loader: str
) -> None:
    assert model_loader(load_project(project(tmp_path, name, content, more))) == loader


def test_a_file_without_a_loader_is_named_with_the_key(tmp_path: Path) -> None:
    found = load_project(project(tmp_path, "m.cbm", LIGHTGBM))
    with pytest.raises(UsageError, match=r"package.toml: `model.path`: m.cbm: expected a CatBoost"):
        model_loader(found)


def test_a_folder_without_a_loader_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/own.bin").write_bytes(b"x")
    (tmp_path / "package.toml").write_text(TOML.format("m"))
    (tmp_path / "requirements.txt").touch()
    with pytest.raises(UsageError, match="expected a folder of spaCy or transformers"):
        model_loader(load_project(tmp_path))


def test_outputs_have_classes_of_their_own(tmp_path: Path) -> None:
    more = '[serve]\nclasses = ["a", "b"]\n[outputs.x]\nkind = "label"\n'
    made = project(tmp_path, "m.txt", LIGHTGBM, more)
    text = (made / "package.toml").read_text().replace('task = "classification"\n', "")
    (made / "package.toml").write_text(text)
    with pytest.raises(UsageError, match=r"`serve\.classes`: expected none with \[outputs\]"):
        load_project(made)
