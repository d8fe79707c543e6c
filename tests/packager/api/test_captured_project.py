"""What a session gives to a project: code, files that the code reads, and the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from packager.api.captured_project import HEADER, captured_project, module_name
from packager.api.given_rows import given_rows
from packager.api.written_project import write_captured
from packager.capture.cells import ipython_cells
from packager.capture.session import Session
from packager.errors import UsageError
from packager.project.config import load_project

TRAIN = """
def train(features, target):
    tables = open("data/lookup.csv"), open("codes.json"), open("requirements.txt")
    return tables, open("../up.csv"), open("gone.csv"), open("folder")
"""


def session(*cells: str) -> Session:
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "cell", "exec", dont_inherit=True), names)
    return Session(names, tuple(ipython_cells(["", *cells])))


def test_files_that_code_reads_come_too_those_of_the_data_folder_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True)
    (work / "folder").mkdir()
    monkeypatch.chdir(work)
    for name in ("data/lookup.csv", "codes.json", "requirements.txt", "../up.csv"):
        (work / name).write_text("1\n")
    found = session(TRAIN)
    made = captured_project(found.names["train"], work / "churn", found)
    assert sorted(made.files) == ["codes.json", "data/lookup.csv"]
    assert made.code["train.py"].startswith(HEADER)
    frame = pd.DataFrame({"a": range(40), "y": [0, 1] * 20})
    with given_rows(frame, "y", None, work / "churn", None) as rows:
        written = write_captured(work / "churn", made, rows, None)
    assert "data/lookup.csv" in written.files
    assert load_project(work / "churn").image.include == ("data/lookup.csv",)
    assert [one.name for one in work.iterdir() if one.name.startswith(".")] == []


def test_a_model_names_its_module_and_what_reads_it(tmp_path: Path) -> None:
    found = session("class M:\n    def predict(self, x):\n        return x\nm = M()")
    made = captured_project(found.names["m"], tmp_path / "2024 Churn", found)
    assert list(made.code) == ["model_2024_churn_code.py"]
    assert {"joblib", "pandas"} <= made.modules.keys()
    assert b"model_2024_churn_code" in (made.pickle or b"")
    assert module_name(tmp_path / "churn-v2") == "churn_v2_code"


@pytest.mark.parametrize(("what", "got"), [(5, "got int"), (dict, "got the class dict")])
def test_what_is_neither_a_model_nor_a_function_is_named(
    what: Any, got: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=got):
        captured_project(what, tmp_path / "x", session("a = 1"))
