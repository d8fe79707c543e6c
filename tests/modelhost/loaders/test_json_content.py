"""JSON of models, told by its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelhost.loaders import json_content
from modelhost.loaders.json_content import read_json


def test_a_large_file_is_told_by_its_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_content, "MAX_PARSED", 10)
    (tmp_path / "m").write_text('{"learner": {"a": 1}, "b": [' + "1," * 60 + "1]}\n")
    assert json_content.json_content(tmp_path / "m") == "xgboost_json"
    (tmp_path / "m").write_text('{"learner": {"a": 1}, "b": [' + "1," * 60)
    with pytest.raises(ValueError, match="JSON without the keys"):
        json_content.json_content(tmp_path / "m")


def test_json_within_json_is_opened(tmp_path: Path) -> None:
    (tmp_path / "m").write_text('"{\\"a\\": 1}"')
    assert read_json(tmp_path / "m") == {"a": 1}


def test_deep_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("[" * 200_000)
    with pytest.raises(ValueError, match="cut off or not valid"):
        read_json(tmp_path / "m")
