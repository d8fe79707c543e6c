"""Kernels of one instruction set on every processor that has it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from packager.errors import PackageError
from packager.worker.processes import cpu_kernels
from packager.worker.processes.cpu_kernels import DISABLED, kernel_settings


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch):
    """Let NumPy say which features the processor has."""

    def processor(*features: str, dispatched: tuple[str, ...] = ("AVX2", "AVX512F", "X86_V4")):
        core = SimpleNamespace(
            __cpu_features__=dict.fromkeys(features, True), __cpu_dispatch__=list(dispatched)
        )
        monkeypatch.setattr(cpu_kernels.importlib, "import_module", lambda _: core)

    monkeypatch.delenv(DISABLED, raising=False)
    return processor


def test_the_processors_own_kernels_need_no_setting():
    assert kernel_settings("native") == {}


def test_what_is_above_the_instruction_set_is_left_alone(processor):
    processor("AVX2", "FMA3", "AVX512F", "X86_V4")
    settings = kernel_settings("x86-64-v3")
    assert settings[DISABLED] == "AVX512F X86_V4"
    assert settings["OPENBLAS_CORETYPE"] == "Haswell"
    assert settings["GLIBC_TUNABLES"] is None


def test_a_feature_that_is_not_there_is_not_named_unless_it_was_before(processor, monkeypatch):
    processor("AVX2", "FMA3")
    assert kernel_settings("x86-64-v3")[DISABLED] == ""
    monkeypatch.setenv(DISABLED, "AVX512F, NEON")
    assert kernel_settings("x86-64-v3")[DISABLED] == "AVX512F"


@pytest.mark.parametrize(("features", "missing"), [((), "AVX2, FMA3"), (("AVX2",), "FMA3")])
def test_a_processor_without_the_instruction_set_is_refused(processor, features, missing):
    processor(*features)
    with pytest.raises(PackageError, match=f"got one without {missing}"):
        kernel_settings("x86-64-v3")
