"""A model that would run code is refused before anything of it is unpickled."""

from __future__ import annotations

from pathlib import Path

import joblib
import pytest

from modelhost.errors import PackageError
from modelhost.pickles.before_load import pickles_allowed, refuse_pickles
from modelhost.storage import load_estimator
from tests.support.hostile_pickles import Touch


def test_joblib_is_not_asked_for_a_hostile_model(tmp_path: Path) -> None:
    joblib.dump(Touch(tmp_path / "canary"), tmp_path / "model")
    with pytest.raises(
        PackageError, match=r"the model is refused: .* calls posix\.system"
    ) as error:
        load_estimator(tmp_path / "model", "auto", "joblib")
    assert error.value.hint.startswith("nothing of it was run")
    assert 'pickle_allow = ["posix.system"]' in error.value.hint
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("loader", ["anything", "format:skops"])
def test_other_readers_are_not_asked_either(tmp_path: Path, loader: str) -> None:
    joblib.dump(Touch(tmp_path / "canary"), tmp_path / "model", compress=3)
    with pytest.raises(PackageError, match=r"calls posix\.system"):
        load_estimator(tmp_path / "model", "auto", loader)
    with pytest.raises(PackageError, match=r"calls posix\.system"):
        load_estimator(tmp_path / "model", "predict:Predictor", "joblib")
    assert not (tmp_path / "canary").exists()


def test_what_is_allowed_by_name_is_loaded_only_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"cos\ngetcwd\n)R.")
    with pickles_allowed(["os.getcwd"]):
        refuse_pickles(tmp_path / "model", joblib_only=True)
    with pytest.raises(PackageError, match=r"calls os\.getcwd"):
        refuse_pickles(tmp_path / "model", joblib_only=True)
