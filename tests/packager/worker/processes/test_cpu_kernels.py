"""Kernels of one instruction set, wherever this NumPy version reports CPU features."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from modelhost.cpu_features import NumpyFeatures
from packager.errors import PackageError
from packager.worker.processes.cpu_kernels import V3, kernel_settings, own_features

HAS = dict.fromkeys(V3, True)
NONE = NumpyFeatures({}, [])


def test_native_kernels_need_no_settings() -> None:
    assert kernel_settings("native", NONE) == {}


def test_kernels_above_the_instruction_set_are_left_out() -> None:
    detected = {**HAS, "AVX512F": True, "AVX512_KNL": False}
    features = NumpyFeatures(detected, ["AVX2", "AVX512F", "AVX512_KNL"])
    found = kernel_settings("x86-64-v3", features)
    assert found["NPY_DISABLE_CPU_FEATURES"] == "AVX512F"
    assert found["OPENBLAS_CORETYPE"] == "Haswell"


def test_a_processor_without_it_is_named() -> None:
    with pytest.raises(PackageError, match="got one without FMA3"):
        kernel_settings("x86-64-v3", NumpyFeatures({"AVX2": True}, []))


@pytest.mark.parametrize(
    "core", [SimpleNamespace(), SimpleNamespace(__cpu_features__=HAS), ImportError("no module")]
)
def test_a_version_of_numpy_that_tells_it_elsewhere_is_named(
    core: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def imported(_name: str) -> object:
        if isinstance(core, Exception):
            raise core
        return core

    monkeypatch.setattr(importlib, "import_module", imported)
    with pytest.raises(
        PackageError, match=r'"x86-64-v3": numpy \d+\.\d+.*: expected the'
    ) as caught:
        own_features()
    assert caught.value.hint.endswith("in the requirements file, or leave out isa")
