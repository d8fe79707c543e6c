from __future__ import annotations

import ast
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worker_projects import FOREST, Project

from modelhost.sandbox import landlock
from packager.errors import PackageError, UsageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest
from packager.model.paths import Root
from serving import predict_file as module
from serving.predict_file import predict_file

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a package of a forest."""
    top = tmp_path_factory.mktemp("built")
    project = Project(Root(top / "root"), top / "out")
    project.code(train=FOREST)
    numbers = [i % 20 / 2 for i in range(80)]
    rows = {"size": numbers, "count": range(80), "new": [i % 3 == 0 for i in range(80)]}
    label = ["big" if number > 4 else "small" for number in numbers]
    project.data(pd.DataFrame({**rows, "label": label}))
    job = project.job()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root.code)
        patch.syspath_prepend(str(project.root.code))
        project.package(job, project.train_here(job))
    return project.root.path


@pytest.fixture
def packaged(project: Project, built: Path) -> Project:
    """A copy of the package."""
    shutil.copytree(built, project.root.path, dirs_exist_ok=True)
    project.out.mkdir()
    return project


def asked(project: Project, rows: list[dict[str, Any]]) -> Path:
    path = project.out.parent / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


GOOD = {"size": 9.0, "count": 3, "new": True}


def with_predictor(packaged: Project, predict: str) -> None:
    """Let the package be served by a predictor with this body of ``predict``."""
    (packaged.root.code / "failing.py").write_text(
        "import os, socket, sys\n"
        "class Predictor:\n"
        "    @classmethod\n"
        "    def load(cls, path): return cls()\n"
        f"    def predict(self, frame): {predict}\n"
    )
    path = packaged.root.package / "manifest.json"
    path.write_text(
        path.read_text().replace('"predictor":"auto"', '"predictor":"failing:Predictor"')
    )
    failing = packaged.root.code / "failing.py"
    manifest = Manifest.load(path)
    named = (*manifest.code, FileEntry.of(failing, "failing.py"))
    path.write_bytes(manifest.model_copy(update={"code": named}).dump())


RULE = "return ['big' if size > 4 else 'small' for size in frame['size']]"
"""A model whose process imports no library that learns: that takes most of the time."""


def test_a_process_answers_each_row_on_a_line(packaged: Project) -> None:
    out = packaged.out / "answers.jsonl"
    rows = [GOOD, {**GOOD, "size": 99.0}, {**GOOD, "size": 1, "count": None}]
    ended = packaged.predict(asked(packaged, rows), out)
    assert ended.code == 0, ended.stderr
    answers = lines(out)
    assert [answer["prediction"] for answer in answers] == ["big", "big", "small"]
    assert [answer["flags"] for answer in answers] == [[], ["size:out_of_range"], ["count:missing"]]
    assert answers[0]["probabilities"].keys() == {"big", "small"}


def test_a_row_that_cannot_be_taken_is_named_beside_the_answers_file(packaged: Project) -> None:
    with_predictor(packaged, RULE)
    out = packaged.out / "answers.jsonl"
    rows = [GOOD, {**GOOD, "count": 1.5}]
    ended = packaged.predict(asked(packaged, rows), out)
    assert ended.code == 2
    assert ended.error["message"].startswith('row 1, column "count": expected an integer, got 1.5')
    assert not out.exists()


def test_batches_are_answered_as_one(packaged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with_predictor(packaged, RULE)
    rows = [{"size": i / 2, "count": i, "new": i % 2 == 0} for i in range(20)]
    whole, parts = packaged.out / "whole", packaged.out / "parts"
    assert predict_file(packaged.root, asked(packaged, rows), whole) == 20
    monkeypatch.setattr(module, "BATCH_ROWS", 7)
    assert predict_file(packaged.root, asked(packaged, rows), parts) == 20
    assert whole.read_bytes() == parts.read_bytes()
    monkeypatch.setattr(module, "BATCH_BYTES", 100)
    assert [len(rows) for rows in module._batches(asked(packaged, rows))] == [2] * 10
    assert predict_file(packaged.root, asked(packaged, rows), parts) == 20
    assert whole.read_bytes() == parts.read_bytes()
    rows[9]["count"] = 1.5
    with pytest.raises(UsageError, match=r'^row 9, column "count": expected an integer'):
        predict_file(packaged.root, asked(packaged, rows), packaged.out / "none")
    assert not [*packaged.out.glob("none*")]


def test_no_rows_give_no_lines(packaged: Project) -> None:
    with_predictor(packaged, RULE)
    assert predict_file(packaged.root, asked(packaged, []), packaged.out / "none") == 0
    assert (packaged.out / "none").read_bytes() == b""


@pytest.mark.parametrize("text", ["[", "[]", "3", '{"size": 1}\n\n'])
def test_a_file_without_rows_is_refused(packaged: Project, tmp_path: Path, text: str) -> None:
    with_predictor(packaged, RULE)
    (tmp_path / "rows.jsonl").write_text(text)
    with pytest.raises(UsageError, match=r"rows\.jsonl: expected|expected the column|no such key"):
        predict_file(packaged.root, tmp_path / "rows.jsonl", tmp_path / "found")
    assert [*tmp_path.glob("found*")] == []


def test_the_first_row_on_which_a_model_raises_is_named_with_one_traceback(
    packaged: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    with_predictor(packaged, "return [1 // (9 - x) for x in frame['count']]")
    rows = [{**GOOD, "count": count} for count in range(12)]
    with pytest.raises(
        PackageError, match=r"^row 9: the model raised ZeroDivisionError: "
    ) as found:
        predict_file(packaged.root, asked(packaged, rows), packaged.out / "none")
    assert found.value.hint == "see failing.py:5 in the project"
    assert capfd.readouterr().err.count("Traceback") == 1
    assert not (packaged.out / "none").exists()


def test_a_model_that_ends_its_process_is_reported_with_the_signal(packaged: Project) -> None:
    with_predictor(packaged, "os.kill(os.getpid(), 11)")
    with pytest.raises(PackageError) as caught:
        predict_file(packaged.root, asked(packaged, [GOOD]), packaged.out / "none")
    said = "the model's process ended with signal SIGSEGV: a crash in compiled code"
    assert caught.value.message == said


LOOKS = """
        told = [os.getpid(), sys.orig_argv[1:], "serving" in sys.modules]
        told.append([name for name in os.environ if name.startswith("MODEL_")])
        for mode, place in (("r", "/etc/shadow"), ("w", __file__)):
            try:
                open(place, mode)
            except OSError as error:
                told.append(type(error).__name__)
        try:
            socket.getaddrinfo("somewhere.invalid", 80)
        except Exception as error:
            told.append(str(error))
        raise ValueError(told)
"""


@pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="this kernel has no Landlock")
def test_the_model_has_a_process_of_its_own_confined_as_a_servers(
    packaged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_API_KEYS_FILE", "/keys")
    monkeypatch.setenv("MODEL_ROOT", str(packaged.root.path))
    with_predictor(packaged, LOOKS)
    with pytest.raises(PackageError) as caught:
        predict_file(packaged.root, asked(packaged, [GOOD]), packaged.out / "none")
    process, *told = ast.literal_eval(caught.value.message.partition("ValueError: ")[2])
    assert process != os.getpid()
    assert told == [
        *(["-m", "modelhost", "work"], False, ["MODEL_ROOT"]),
        *("PermissionError", "PermissionError"),
        "the model tried to reach the network (somewhere.invalid:80)",
    ]
