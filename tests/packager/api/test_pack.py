"""A script packs a fitted model with a class of its own, and a function that trains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import packager

SCRIPT = """
import json
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
import packager

FACTOR = 2
FACTOR += 1

class Scale(BaseEstimator):
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return np.multiply(X, FACTOR)

frame = pd.DataFrame({"a": [float(i % 7) for i in range(300)], "b": [i / 300 for i in range(300)]})
frame["y"] = frame["a"] * 3 - frame["b"]
"""
MODEL = (
    SCRIPT
    + """
model = make_pipeline(Scale(), LinearRegression()).fit(frame[["a", "b"]], frame["y"])
more = {"requirements": ["joblib>=1.4"], "table": "slopes"}
package = packager.pack(model, frame, target="y", name="slope", output="oci:image", **more)
try:
    packager.pack(model, frame, target="y", name="slope", tables="slopes")
except TypeError as error:
    assert "'tables'" in str(error), error
print(json.dumps({"score": package.score(frame, frame["y"]), "ref": package.ref}))
"""
)
COMPUTED = (
    SCRIPT
    + """
import collections
counts = collections.Counter("aab")
def train(features, target):
    return LinearRegression().fit(features * counts["a"], target)
try:
    packager.pack(train, frame, target="y", name="slope", output="oci:image")
except packager.PackageError as error:
    print(json.dumps({"message": error.message, "hint": error.hint}))
"""
)


def ran(script: str, folder: Path) -> dict[str, object]:
    (folder / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.long
@pytest.mark.network
@pytest.mark.slow
def test_a_model_with_a_class_of_the_script_is_packed_and_answers_equally(tmp_path: Path) -> None:
    found = ran(MODEL, tmp_path)
    assert found["score"] == pytest.approx(1.0)
    code = (tmp_path / "slope/slope_code.py").read_text()
    assert "FACTOR = 3" in code
    assert "class Scale(BaseEstimator):" in code
    assert "frame" not in code
    pinned = (tmp_path / "slope/requirements.txt").read_text()
    assert pinned.startswith("# What the code imports, in the versions of the active environment")
    lines = [line for line in pinned.splitlines()[1:] if line != "joblib>=1.4"]
    assert len(lines) == len(pinned.splitlines()) - 2
    assert all("==" in line for line in lines)
    assert 'source = "../.pkgdata/slopes@1"' in (tmp_path / "slope/package.toml").read_text()
    assert not (tmp_path / "slope/data").exists()


@pytest.mark.slow
def test_what_a_module_cannot_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    told = ran(COMPUTED, tmp_path)
    assert "counts (" in str(told["message"])
    assert "script.py): its value, of the type Counter, is computed" in str(told["message"])
    assert not (tmp_path / "slope").exists()


RENEWED = (
    SCRIPT
    + """
from pathlib import Path
from sklearn.linear_model import Ridge
def told(call, *given, **more):
    try:
        return sorted(call(*given, target="y", name="slope", **more).files)
    except packager.PackageError as error:
        return error.message.replace(str(Path.cwd()), "CWD")
model = LinearRegression().fit(frame[["a", "b"]], frame["y"])
def train(features, target):
    return Ridge().fit(features, target)
frame.to_csv("rows.csv", index=False)
said = [told(packager.prepare, model, frame), told(packager.prepare, model, frame.head(200))]
rows = len(pd.read_parquet("slope/data/rows.parquet"))
toml = Path("slope/package.toml")
toml.write_text(toml.read_text().replace("workers = 2", "workers = 1"))
said += [told(packager.prepare, train, frame), told(packager.prepare, model, "rows.csv")]
found = packager.prepare(model, frame, target="y", name="slope", requirements={"numpy": "2.3.1"})
Path("taken").mkdir()
Path("taken/notes.txt").write_text("mine")
Path("slope2").mkdir()
said += [told(packager.prepare, model.set_params(positive=True), frame.assign(y="x"))]
try:
    packager.prepare(model, frame, target="y", name="taken")
except packager.PackageError as error:
    said.append(error.message.replace(str(Path.cwd()), "CWD"))
by_table = packager.prepare(model, frame, target="y", name="slope2", table="visits")
again = packager.prepare(model, frame.head(250), target="y", name="slope2", table="visits")
print(json.dumps({
    "said": said, "rows": rows, "toml": toml.read_text(), "files": found.files,
    "requirements": Path("slope/requirements.txt").read_text(),
    "left": sorted(one.name for one in Path("taken").iterdir()),
    "tables": [one.files for one in (by_table, again)],
    "source": Path("slope2/package.toml").read_text(),
}))
"""
)


@pytest.mark.long
@pytest.mark.slow
def test_a_further_call_renews_model_code_and_rows_and_keeps_the_rest(tmp_path: Path) -> None:
    found = ran(RENEWED, tmp_path)
    first, second, kind, other, *rest = found["said"]  # type: ignore[misc]
    assert first == [
        *("data/rows.parquet", "model/model.joblib", "package.toml", "requirements.txt")
    ]
    assert second == ["data/rows.parquet", "model/model.joblib"]
    assert kind.startswith("CWD/slope: expected a trained model, which its package.toml packages")
    assert other == (
        "CWD/slope/package.toml: expected the data ../rows.csv, got data/rows.parquet there"
    )
    assert rest[1] == (
        "CWD/taken: expected a new folder, or a project that pack wrote, got other files"
    )
    assert found["rows"] == 200
    assert "workers = 1" in str(found["toml"])
    assert "requirements.txt" in found["files"]  # type: ignore[operator]
    assert "numpy==2.3.1\n" in str(found["requirements"])
    assert found["left"] == ["notes.txt"]
    assert found["tables"] == [
        ["model/model.joblib", "package.toml", "requirements.txt"],
        ["model/model.joblib", "package.toml"],
    ]
    assert 'source = "../.pkgdata/visits@' in str(found["source"])


HIDDEN = """
import packager
import serving
try:
    packager.prepare
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("first", ["", "import monitoring"])
def test_a_module_of_the_script_that_hides_ours_is_named(tmp_path: Path, first: str) -> None:
    """Its module ``serving`` hides one that no process of the script needs."""
    (tmp_path / "serving.py").write_text("")
    (tmp_path / "monitoring.py").write_text("")
    (tmp_path / "script.py").write_text(first + HIDDEN)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"module `monitoring` of {tmp_path} hides that of model-packager: rename it, or use the"
        " command `package`, which imports no module of a project\n"
    )
    (tmp_path / "monitoring.py").unlink()
    (tmp_path / "script.py").write_text("import serving" + HIDDEN)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_working_directory_that_was_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(packager.UsageError, match="got one that was removed"):
        packager.prepare(print, "rows.csv", target="y", name="slope")
