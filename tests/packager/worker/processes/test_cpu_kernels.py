"""Kernels of one instruction set, wherever this NumPy version reports CPU features."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from packager.errors import PackageError
from packager.worker.processes.cpu_kernels import V3, kernel_settings

HAS = dict.fromkeys(V3, True)


def numpy_with(core: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let NumPy's own module of kernels be ``core``; an exception is what importing it raises."""

    def imported(_name: str) -> Any:
        if isinstance(core, Exception):
            raise core
        return core

    monkeypatch.setattr(importlib, "import_module", imported)


def test_native_kernels_need_no_settings() -> None:
    assert kernel_settings("native") == {}


def test_kernels_above_the_instruction_set_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    features = {**HAS, "AVX512F": True, "AVX512_KNL": False}
    dispatched = ["AVX2", "AVX512F", "AVX512_KNL"]
    core = SimpleNamespace(__cpu_features__=features, __cpu_dispatch__=dispatched)
    numpy_with(core, monkeypatch)
    found = kernel_settings("x86-64-v3")
    assert found["NPY_DISABLE_CPU_FEATURES"] == "AVX512F"
    assert found["OPENBLAS_CORETYPE"] == "Haswell"


def test_a_processor_without_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    core = SimpleNamespace(__cpu_features__={"AVX2": True}, __cpu_dispatch__=[])
    numpy_with(core, monkeypatch)
    with pytest.raises(PackageError, match="got one without FMA3"):
        kernel_settings("x86-64-v3")


@pytest.mark.parametrize(
    "core", [SimpleNamespace(), SimpleNamespace(__cpu_features__=HAS), ImportError("no module")]
)
def test_a_version_of_numpy_that_tells_it_elsewhere_is_named(
    core: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    numpy_with(core, monkeypatch)
    with pytest.raises(
        PackageError, match=r'"x86-64-v3": numpy \d+\.\d+.*: expected the'
    ) as caught:
        kernel_settings("x86-64-v3")
    assert caught.value.hint.endswith("into requirements.txt, or leave out isa")
