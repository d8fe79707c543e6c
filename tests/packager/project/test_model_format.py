"""Files that are refused as a model, and those that may be one."""

from __future__ import annotations

import gzip
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from packager.errors import UsageError
from packager.project.from_model import init_from_model
from packager.project.model_format import is_no_model


def fitted() -> Any:
    rows = np.arange(20.0).reshape(10, 2)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [0, 1] * 5)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [LinearRegression, fitted, RandomForestClassifier])
def test_a_pickled_estimator_may_be_a_model(tmp_path: Path, make: Any, protocol: int) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(make(), protocol=protocol))
    assert is_no_model(path) is None


@pytest.mark.parametrize("compress", [0, "zlib", "gzip", "bz2", "xz", "lzma"])
def test_joblib_files_may_be_models(tmp_path: Path, compress: Any) -> None:
    joblib.dump(fitted(), tmp_path / "model", compress=(compress, 3) if compress else 0)
    assert is_no_model(tmp_path / "model") is None


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"a": 1}, "a pickle of a dict"),
        ([1, 2], "a pickle of a list"),
        ((), "a pickle of a tuple"),
        ("text", "a pickle of text"),
        (1.5, "a pickle of a number"),
        (None, "a pickle of None"),
        (b"x", "a pickle of bytes"),
        (np.arange(3), "a pickle of data (_reconstruct)"),
        (pd.DataFrame({"a": [1]}), "a pickle of data (DataFrame)"),
        (OrderedDict(a=1), "a pickle of data (OrderedDict)"),
    ],
)
def test_a_pickle_of_data_is_no_model(tmp_path: Path, value: Any, what: str) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(value))
    assert is_no_model(tmp_path / "m.pkl") == what
    (tmp_path / "m.pkl.gz").write_bytes(gzip.compress(pickle.dumps(value)))
    assert is_no_model(tmp_path / "m.pkl.gz") == what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (b"a,b\n1,2\n", "a text file"),
        ("größe: 3\n".encode(), "a text file"),
        (b'{"a": 1}', "a text file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89PNG\r\n", "a PNG image"),
        (b"PAR1\x15", "a Parquet table"),
        (b"\x7fELF\x02", "a program"),
        (b"PK\x03\x04broken", "a ZIP archive that is damaged"),
        (pickle.dumps(LinearRegression())[:-20], "a pickle that is cut off"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "m").write_bytes(content)
    found = is_no_model(tmp_path / "m")
    assert found == what or (what.endswith("cut off") and found is None)
    (tmp_path / "m.csv").write_bytes(content)
    assert is_no_model(tmp_path / "m.csv") in (found, "a table")


@pytest.mark.parametrize(
    ("content", "member"),
    [
        (b"tree\nversion=v4\n", ""),
        (b'{"learner": {}}', ""),
        (b"CBM1\x00\x01\xff", ""),
        (b"", "schema.json"),
        (b"", "archive/data.pkl"),
    ],
)
def test_models_of_other_libraries_are_let_through(
    tmp_path: Path, content: bytes, member: str
) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    if member:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "{}")
    assert is_no_model(path) is None


def test_init_names_the_file_that_is_no_model_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("words")
    for name, got in {"rows.csv": "a table", "folder": "a folder without one"}.items():
        with pytest.raises(UsageError) as caught:
            init_from_model(tmp_path / "p", tmp_path / name, None, None)
        expected = f"--from-model {tmp_path / name}: expected a saved model, got {got}"
        assert caught.value.message.startswith(expected)
        assert not (tmp_path / "p").exists()
    (tmp_path / "folder/MLmodel").write_text("flavors: {}")
    (tmp_path / "folder/model.pkl").write_bytes(pickle.dumps(LinearRegression()))
    with pytest.raises(UsageError) as caught:
        init_from_model(tmp_path / "p", tmp_path / "folder", None, None)
    assert caught.value.hint == f"write --from-mlflow {tmp_path / 'folder'}"
