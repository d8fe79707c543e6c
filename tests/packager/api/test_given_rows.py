"""The rows that a caller gives: a frame, a file or a table, with the columns of the model."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.api.given_rows import given_rows
from packager.errors import PackageError, UsageError

FRAME = pd.DataFrame({"id": range(40), "a": [0.5, 1.5] * 20, "y": [0, 1] * 20})


def given(rows: Any, folder: Path, *, model: Any = None, table: str | None = None) -> Any:
    with given_rows(rows, "y", model, folder, table) as found:
        if found.data.copied is not None:
            kept = pd.read_parquet(found.data.copied)
            assert list(kept.columns) == list(found.frame.columns)
        return found


def test_a_frame_is_copied_without_its_index(tmp_path: Path) -> None:
    found = given(FRAME.set_index(FRAME["id"] * 3), tmp_path)
    assert (found.data.source, len(found.frame)) == ("data/rows.parquet", 40)
    assert list(found.features.columns) == ["id", "a"]


def test_columns_that_the_model_does_not_know_are_left_out(tmp_path: Path) -> None:
    model = SimpleNamespace(feature_names_in_=np.array(["a"]))
    assert list(given(FRAME, tmp_path, model=model).frame.columns) == ["a", "y"]
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    found = given(tmp_path / "rows.csv", tmp_path / "p", model=model)
    assert found.data.options("y") == 'include = ["a"]\n'


def test_numbers_that_name_columns_become_texts_for_a_model(tmp_path: Path) -> None:
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]]).assign(y=[0, 1])
    assert list(given(frame, tmp_path, model=SimpleNamespace()).frame.columns) == ["0", "1", "y"]
    with pytest.raises(UsageError, match=r"expected texts as names of columns, got 0 \(int\)"):
        given(frame, tmp_path)
    with pytest.raises(UsageError, match="expected each column once, got '0' twice"):
        given(frame.rename(columns={1: "0"}), tmp_path, model=SimpleNamespace())


@pytest.mark.slow
def test_a_frame_becomes_a_version_of_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = given(FRAME, tmp_path / "p", table="visits")
    again = given(FRAME, tmp_path / "p", table="visits")
    assert first.data.source == again.data.source == "../.pkgdata/visits@1"
    named = given("visits", tmp_path / "p" / "q")
    assert (named.data.name, named.data.source) == ("visits@1", "../../.pkgdata/visits@1")
    assert named.frame.to_dict("list") == FRAME.to_dict("list")
    with pytest.raises(PackageError, match="7"):
        given("visits@7", tmp_path / "p")
    other = given(FRAME.head(30), tmp_path / "p", table="visits")
    assert other.data.source != first.data.source
    with pytest.raises(UsageError, match="table: expected a frame to store as a version"):
        given("visits@1", tmp_path / "p", table="visits")
    with pytest.raises(PackageError, match="b"):
        given(FRAME.assign(b=1), tmp_path / "p", table="visits")


@pytest.mark.parametrize(
    ("rows", "told", "hint"),
    [
        (FRAME.to_numpy(), "expected a DataFrame, a file or a table, got ndarray", "assign"),
        (FRAME.rename(columns={"a": 3}), r"names of columns, got 3 \(int\)", "map(str)"),
        (FRAME.rename(columns={"id": "a"}), "each column once, got 'a' twice", "rename"),
        (FRAME.drop(columns="y"), "one of the columns id, a, got 'y'", "X.assign"),
        (FRAME.head(0), "got a frame without any", "training rows"),
        (FRAME.assign(b=threading.Lock()), "b: expected numbers, texts, .* got lock", "convert"),
        ("gone.csv", "gone.csv: expected a file of data, or a table", "relative to"),
    ],
)
def test_what_are_no_rows_is_named(rows: Any, told: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told) as error:
        given(rows, tmp_path)
    assert hint in str(error.value.hint)


def test_columns_that_the_model_lacks_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none named 'b' and 1 more"):
        given(FRAME, tmp_path, model=SimpleNamespace(feature_names_in_=["a", "b", "c"]))
    with pytest.raises(UsageError, match="expected 3 columns besides the target"):
        given(FRAME, tmp_path, model=SimpleNamespace(n_features_in_=3))


class Labels:
    classes_ = (0, 1)


class Numbers:
    _estimator_type = "regressor"


def test_the_task_is_that_of_the_model_else_of_the_target(tmp_path: Path) -> None:
    found = given(FRAME, tmp_path)
    assert found.task(Labels()) == "classification"
    assert found.task(Numbers()) == "regression"
    assert found.task(object()) == "classification"
    assert given(FRAME.assign(y=FRAME["id"] / 3), tmp_path).task(object()) == "regression"
