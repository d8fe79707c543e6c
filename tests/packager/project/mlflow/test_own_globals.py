from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.mlflow.own_globals import own_globals
from packager.project.mlflow.saved_model import MlflowModel

SAVED = MlflowModel("pyfunc", "", {}, "", "code", "3")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pickle of a class whose module is in the model's code folder."""
    code = tmp_path / "model/code"
    code.mkdir(parents=True)
    (code / "own_doubling.py").write_text("class Doubling:\n    pass\n")
    monkeypatch.syspath_prepend(str(code))
    import own_doubling  # type: ignore[import-not-found]

    (tmp_path / "model/python_model.pkl").write_bytes(pickle.dumps(own_doubling.Doubling()))
    del sys.modules["own_doubling"]
    return tmp_path / "model"


def test_classes_of_the_models_own_modules_are_named(model: Path) -> None:
    assert own_globals(model, SAVED) == ["own_doubling.Doubling"]


def test_classes_of_other_modules_are_not(model: Path) -> None:
    (model / "code/own_doubling.py").rename(model / "code/other.py")
    assert own_globals(model, SAVED) == []
    assert own_globals(model, MlflowModel("pyfunc", "", {}, "", "", "3")) == []


def test_code_in_a_pickle_is_refused_with_the_way_out(model: Path) -> None:
    (model / "python_model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(UsageError, match=r"python_model\.pkl") as caught:
        own_globals(model, SAVED)
    assert "code_paths" in caught.value.hint
