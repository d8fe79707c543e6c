"""A script packs a fitted model with a class of its own, and a function that trains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json
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
        return X * FACTOR

frame = pd.DataFrame({"a": [float(i % 7) for i in range(300)], "b": [i / 300 for i in range(300)]})
frame["y"] = frame["a"] * 3 - frame["b"]
"""
MODEL = (
    SCRIPT
    + """
model = make_pipeline(Scale(), LinearRegression()).fit(frame[["a", "b"]], frame["y"])
package = packager.pack(model, frame, target="y", name="slope", output="oci:image")
print(json.dumps({"score": package.score(frame, frame["y"]), "ref": package.ref}))
"""
)
COMPUTED = (
    SCRIPT
    + """
import fractions
share = fractions.Fraction(1, 3)
def train(features, target):
    return LinearRegression().fit(features * float(share), target)
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
    assert all("==" in line for line in pinned.splitlines())


@pytest.mark.slow
def test_what_a_module_cannot_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    told = ran(COMPUTED, tmp_path)
    assert "share (the script): its value, of the type Fraction, is computed" in str(
        told["message"]
    )
    assert not (tmp_path / "slope").exists()
