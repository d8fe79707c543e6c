"""Pin numerical kernels to one instruction set, whatever newer ones the processor has.

BLAS, NumPy and the C library choose their kernels by the processor; different kernels sum in
different orders, so results differ in their last bits. Servers of the last ten years support
``x86-64-v3`` (AVX2, FMA).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os

from packager.errors import PackageError
from packager.manifest.base import Isa

ABOVE_V3 = ("X86_V4", "AVX512", "AVX10", "AMX")
V3 = ("AVX2", "FMA3")
DISABLED = "NPY_DISABLE_CPU_FEATURES"


def kernel_settings(isa: Isa) -> dict[str, str | None]:
    """Environment variables that select the kernels of ``isa``; None means unset the variable.

    Empty for ``native``. Raises ``PackageError`` if the processor lacks the instruction set.
    """
    if isa == "native":
        return {}
    features, dispatched = _numpy_features()
    missing = [name for name in V3 if not features.get(name, False)]
    if missing:
        raise PackageError(
            f'[recipe] isa = "x86-64-v3": expected a processor with {" and ".join(V3)}, '
            f"got one without {', '.join(missing)}",
            "run it on another processor",
        )
    return {
        "OPENBLAS_CORETYPE": "Haswell",
        DISABLED: " ".join(_above_v3(dispatched, features)),
        "NPY_ENABLE_CPU_FEATURES": None,  # NumPy rejects both together
        "GLIBC_TUNABLES": None,  # can disable FMA in the C library
        "MKL_CBWR": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }


def _numpy_features() -> tuple[dict[str, bool], list[str]]:
    """CPU features that NumPy detected, and the features it has kernels for.

    NumPy has no public API for this. Raises ``PackageError`` for a version that moved it.
    """
    try:
        core = importlib.import_module("numpy._core._multiarray_umath")
        return core.__cpu_features__, core.__cpu_dispatch__
    except (ImportError, AttributeError) as error:
        version = importlib.metadata.version("numpy")
        raise PackageError(
            f'[recipe] isa = "x86-64-v3": numpy {version}: expected the processor\'s features in '
            f"numpy._core._multiarray_umath, got {error}",
            f"write `numpy<{version}` into requirements.txt, or leave out isa",
        ) from error


def _above_v3(dispatched: list[str], features: dict[str, bool]) -> list[str]:
    """Features for NumPy to disable: those above v3 that it detected or has disabled already."""
    told = os.environ.get(DISABLED, "").replace(",", " ").split()
    return [
        name
        for name in dispatched
        if name.startswith(ABOVE_V3) and (features.get(name, False) or name in told)
    ]
