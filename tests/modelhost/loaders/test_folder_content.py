"""Folders of models that other programs wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelhost.loaders.folder_content import folder_content


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("saved_model.pb", "", "a SavedModel of TensorFlow"),
        ("MLmodel", "", "a folder of MLflow"),
        ("meta.json", "{", r"a folder whose meta\.json is not valid JSON"),
        ("config.json", "[]", r"a folder whose config\.json holds no object"),
    ],
)
def test_a_folder_without_a_loader_is_named(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        folder_content(tmp_path)


def test_a_large_description_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ValueError, match="larger than"):
        folder_content(tmp_path)
