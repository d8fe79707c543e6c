"""A model is stored and loaded again, or refused with a hint."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import joblib
import numpy as np
import pytest
from fixed_models import Fixed

from modelhost.errors import PackageError, UsageError
from modelhost.model import load_model
from modelhost.storage import save_model


def test_a_saved_model_is_read_back_with_its_classes(tmp_path: Path) -> None:
    loader = save_model(Fixed(["a"], [[0.5, 0.5]], np.array(["a", "b"])), tmp_path, ModuleType("t"))
    loaded = load_model(tmp_path / "model", "auto", "joblib", "classification")
    assert loader == "joblib"
    assert loaded.classes == ("a", "b")
    assert loaded.has_probabilities


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_model({"weights": np.arange(100.0)}, tmp_path / name, ModuleType("t"))
    assert (tmp_path / "one/model").read_bytes() == (tmp_path / "two/model").read_bytes()


def test_nothing_returned_by_train_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="train returned nothing, expected the fitted model"):
        save_model(None, tmp_path, ModuleType("t"))


def test_a_lambda_in_the_model_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="the model, Fixed, can't be written") as caught:
        save_model(Fixed(lambda: 1), tmp_path, ModuleType("t"))
    assert "keep lambdas" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_main_is_refused_when_saved_and_when_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import __main__

    stray = type("Stray", (Fixed,), {"__module__": "__main__"})
    monkeypatch.setattr(__main__, "Stray", stray, raising=False)
    with pytest.raises(PackageError, match="the model needs 'Stray' of the script") as saved:
        save_model(stray(["a"]), tmp_path, ModuleType("t"))
    assert saved.value.hint.startswith("move Stray to a module of the project")
    joblib.dump(stray(["a"]), tmp_path / "model", compress=3)
    with pytest.raises(PackageError, match="the model needs 'Stray' of the script"):
        load_model(tmp_path / "model", "auto", "joblib", "classification")


def test_save_without_load_is_refused_unless_a_predictor_reads_the_model(tmp_path: Path) -> None:
    module = ModuleType("t")
    module.save = lambda _, path: path.mkdir()  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"module 't' has save\(model, path\) but no load"):
        save_model(1, tmp_path, module)
    assert save_model(1, tmp_path, module, "predict:Predictor") == "joblib"
    assert (tmp_path / "model").is_dir()


def test_a_save_that_writes_nothing_is_refused(tmp_path: Path) -> None:
    module = ModuleType("t")
    module.save = module.load = lambda *_: None  # type: ignore[attr-defined]
    with pytest.raises(PackageError, match="save of module 't' wrote nothing"):
        save_model(1, tmp_path, module)
