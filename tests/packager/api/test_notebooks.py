"""Notebooks in a real kernel: what they define is captured, or refused with cell and name."""

from __future__ import annotations

from pathlib import Path

import pytest
from notebooks_run import TEACHING, error_of, printed, run, teaching_cells

START = """
import dataclasses, enum, functools
import numpy as np, pandas as pd
import packager
from helpers import *
from math import *
rng = np.random.default_rng(0)
frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60)})
frame["y"] = (frame.a > frame.b).astype(int)
medians = frame.median()
def tried(what, name):
    try:
        project = packager.prepare(what, frame, target="y", name=name)
    except packager.PackageError as error:
        print("refused:", error.message)
    else:
        print("written:", *project.files)
"""
HELPERS = "import deeper\n\ndef halved(value):\n    return deeper.half(value)\n"
MODEL = """
class Mean:
    def __init__(self, kind, scale):
        self.kind, self.scale = kind, scale
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        return (self.scale(halved(X["a"])) > floor(0.5)).astype(int).to_numpy()
model = Mean(Kind.A, lambda value: value * RATE).fit(frame, frame["y"])
"""
CELLS = {
    "start": START,
    "magics": "%load_ext autoreload\n%autoreload 2\n!echo shell",
    "timed": "%%time\nRATE = 2\nclass Kind(enum.Enum):\n    A = 1",
    "model": MODEL + "tried(model, 'mean')",
    "code": "print(open('mean/mean_code.py').read())",
    "again": "tried(model, 'mean')",
    "redefined": "class Mean:\n    pass\ntried(model, 'other')",
    "file": "def train(features, target):\n    table = pd.read_csv('lookup.csv')\n"
    "    return Constant(table.shape[0])\nclass Constant:\n    def __init__(self, k): self.k = k\n"
    "    def predict(self, X): return np.full(len(X), self.k)\ntried(train, 'reads')",
    "data": "# the medians\ndef train(features, target):\n    return medians\ntried(train, 'data')",
    "shell": "def train(features, target):\n    !ls\ntried(train, 'shell')",
    "awaited": "import asyncio\nasync def k():\n    return 3\ndepth = await k()\n"
    "def train(features, target):\n    return depth\ntried(train, 'awaited')",
    "moved": "import os\nos.makedirs('away', exist_ok=True)\nos.chdir('away')\n"
    "tried(train, 'moved')",
    "view": "versions = {'numpy': '2.1'}\n"
    "packager.prepare(train, frame, target='y', name='viewed', requirements=versions)",
}


@pytest.mark.long
@pytest.mark.slow
def test_what_a_notebook_defines_is_captured_or_refused(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(HELPERS)
    (tmp_path / "deeper.py").write_text("def half(value):\n    return value / 2\n")
    (tmp_path / "lookup.csv").write_text("k\n1\n")
    cells = dict(zip(CELLS, run(list(CELLS.values()), tmp_path), strict=True))
    assert {name: error_of(cell) for name, cell in cells.items() if error_of(cell)} == {}
    said = {name: printed(cell) for name, cell in cells.items()}
    files = "data/rows.parquet deeper.py helpers.py mean_code.py model/model.joblib package.toml"
    assert said["model"] == f"written: {files} requirements.txt\n"
    for line in ("from helpers import halved", "from math import floor", "RATE = 2", "class Kind"):
        assert line in said["code"]
    assert "def function_1(value):\n    return value * RATE" in said["code"]
    assert "medians" not in said["code"]
    assert said["again"] == (
        "written: data/rows.parquet deeper.py helpers.py mean_code.py model/model.joblib\n"
    )
    assert (
        "Mean (cell 7, class Mean:): the model was made with an earlier Mean" in said["redefined"]
    )
    assert "lookup.csv" in said["file"]
    assert (
        "medians (cell 1, import dataclasses, enum, functools): its value, of the" in said["data"]
    )
    assert "get_ipython (cell 10, def train(features, target):): a magic or shell" in said["shell"]
    assert said["awaited"].startswith("written:")
    assert (tmp_path / "away" / "moved" / "train.py").is_file()
    (shown,) = (one.data for one in cells["view"].outputs if "data" in one)
    assert "<table" in shown["text/html"]
    assert "numpy==2.1" in shown["text/html"]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", TEACHING)
def test_a_notebook_as_courses_write_it_becomes_a_project(name: str, tmp_path: Path) -> None:
    if name == "titanic":
        pytest.importorskip("matplotlib")  # not locked: nothing else here needs it
    cells = run(teaching_cells(name, output=None), tmp_path)
    assert [error_of(cell) for cell in cells if error_of(cell)] == []
    assert len(list(tmp_path.glob("*/package.toml"))) == 1


@pytest.mark.long
@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["transformer", "cleaning"])
def test_a_notebook_as_courses_write_it_is_packed(name: str, tmp_path: Path) -> None:
    cells = run([*teaching_cells(name, output="oci:image"), "package"], tmp_path)
    assert [error_of(cell) for cell in cells if error_of(cell)] == []
    pages = [one.data for one in cells[-2].outputs if "data" in one]
    assert len(pages) == 1  # one output that was updated
    assert "✓ packaged" in pages[0]["text/html"]
    assert "<table" in cells[-1].outputs[0].data["text/html"]
