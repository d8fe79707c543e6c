"""Features of the processor, by any NumPy."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelhost.cpu_features import NumpyFeatures, numpy_features

CORE = SimpleNamespace(__cpu_features__={"AVX2": True}, __cpu_dispatch__=["AVX2"])


def test_the_program_tells_what_the_function_returns() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modelhost", "features"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )
    assert NumpyFeatures(**json.loads(done.stdout)) == numpy_features()
    assert numpy_features().dispatched


def test_numpy_before_2_has_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(name: str) -> object:
        if name.startswith("numpy._core"):
            raise ModuleNotFoundError(name)
        return CORE

    monkeypatch.setattr(importlib, "import_module", imported)
    assert numpy_features() == NumpyFeatures({"AVX2": True}, ["AVX2"])


def test_a_numpy_that_moved_it_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", lambda _: SimpleNamespace())
    with pytest.raises(ImportError, match="__cpu_features__"):
        numpy_features()
