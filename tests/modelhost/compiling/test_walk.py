"""The transformers of a model are translated one by one; an unknown one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from compile_samples import compiled, table
from refused_models import NUMERIC, REFUSED
from sklearn import linear_model, preprocessing
from sklearn.pipeline import make_pipeline

from packager.manifest.evaluation import Compilation


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_known_is_refused_by_name(tmp_path: Path, what: str):
    native, reason = REFUSED[what]
    frame = table()
    made = compiled(native, frame[NUMERIC], frame["two"], tmp_path / "form")
    assert made.verdict == Compilation(verdict="refused", reason=reason)
    assert not made.folder.exists()


def test_float32_columns_are_refused(tmp_path: Path):
    frame = table()[["size", "count"]].astype("float32")
    model = make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    made = compiled(model, frame, table()["two"], tmp_path / "form")
    assert made.verdict.reason == (
        "column 'size' is of the dtype float32, and StandardScaler reads it"
    )
