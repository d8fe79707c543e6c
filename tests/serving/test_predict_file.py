from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worker_projects import FOREST, Project

from packager.errors import PackageError, UsageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest
from packager.model import answers
from serving.predict_file import predict_file


@pytest.fixture
def packaged(project: Project, rows: pd.DataFrame) -> Project:
    project.code(train=FOREST)
    project.data(rows)
    job = project.job()
    project.package(job, project.train_here(job))
    return project


def asked(project: Project, rows: list[dict[str, Any]]) -> Path:
    path = project.out.parent / "rows.json"
    path.write_text(json.dumps({"rows": rows}))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


GOOD = {"size": 9.0, "count": 3, "new": True}


@pytest.mark.slow
def test_a_process_answers_each_row_on_a_line(packaged: Project) -> None:
    out = packaged.out / "answers.jsonl"
    rows = [GOOD, {**GOOD, "size": 99.0}, {**GOOD, "size": 1, "count": None}]
    ended = packaged.predict(asked(packaged, rows), out)
    assert ended.code == 0, ended.stderr
    answers = lines(out)
    assert [answer["prediction"] for answer in answers] == ["big", "big", "small"]
    assert [answer["flags"] for answer in answers] == [[], ["size:out_of_range"], ["count:missing"]]
    assert answers[0]["probabilities"].keys() == {"big", "small"}


@pytest.mark.slow
def test_a_row_that_cannot_be_taken_is_named_beside_the_answers_file(packaged: Project) -> None:
    out = packaged.out / "answers.jsonl"
    rows = [GOOD, {**GOOD, "count": 1.5}]
    ended = packaged.predict(asked(packaged, rows), out)
    assert ended.code == 2
    assert ended.error["message"].startswith('row 1, column "count": expected an integer, got 1.5')
    assert not out.exists()


def test_batches_are_answered_as_one(packaged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"size": i / 2, "count": i, "new": i % 2 == 0} for i in range(20)]
    whole, parts = packaged.out / "whole", packaged.out / "parts"
    assert predict_file(packaged.root, asked(packaged, rows), whole) == 20
    monkeypatch.setattr(answers, "BATCH_ROWS", 7)
    assert predict_file(packaged.root, asked(packaged, rows), parts) == 20
    assert whole.read_bytes() == parts.read_bytes()


def test_no_rows_give_no_lines(packaged: Project) -> None:
    assert predict_file(packaged.root, asked(packaged, []), packaged.out / "none") == 0
    assert (packaged.out / "none").read_bytes() == b""


@pytest.mark.parametrize("text", ["[", "[]", '{"rows": 3}', '{"rows": [3]}'])
def test_a_file_without_rows_is_refused(packaged: Project, tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(UsageError, match=r"rows\.json: expected"):
        predict_file(packaged.root, tmp_path / "rows.json", tmp_path / "out")


def test_a_model_that_raises_is_an_error(packaged: Project) -> None:
    (packaged.root.code / "failing.py").write_text(
        "class Predictor:\n"
        "    @classmethod\n"
        "    def load(cls, path): return cls()\n"
        "    def predict(self, frame): raise ValueError('not today')\n"
    )
    path = packaged.root.package / "manifest.json"
    path.write_text(
        path.read_text().replace('"predictor":"auto"', '"predictor":"failing:Predictor"')
    )
    failing = packaged.root.code / "failing.py"
    manifest = Manifest.load(path)
    named = (*manifest.code, FileEntry.of(failing, "failing.py"))
    path.write_bytes(manifest.model_copy(update={"code": named}).dump())
    with pytest.raises(PackageError, match="the model raised ValueError: not today") as caught:
        predict_file(packaged.root, asked(packaged, [GOOD]), packaged.out / "none")
    assert caught.value.hint == "see failing.py:4 in the project"
