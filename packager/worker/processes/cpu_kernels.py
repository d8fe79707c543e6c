"""Kernels of one instruction set on every processor that has it.

BLAS, NumPy and the C library choose their kernels by the processor they find; sums in another
order differ in their last bits. ``x86-64-v3`` (AVX2, FMA) is what servers of the last ten years
share.
"""

from __future__ import annotations

import importlib
import os

from packager.errors import PackageError
from packager.manifest.base import Isa

ABOVE_V3 = ("X86_V4", "AVX512", "AVX10", "AMX")
V3 = ("AVX2", "FMA3")
DISABLED = "NPY_DISABLE_CPU_FEATURES"


def kernel_settings(isa: Isa) -> dict[str, str | None]:
    """Variables that choose the kernels of ``isa``, None for those that must not be set.

    None at all for ``native``. Raises ``PackageError`` where the processor lacks the instruction
    set.
    """
    if isa == "native":
        return {}
    core = importlib.import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = core.__cpu_features__
    missing = [name for name in V3 if not features.get(name, False)]
    if missing:
        raise PackageError(
            f'[recipe] isa = "x86-64-v3": expected a processor with {" and ".join(V3)}, '
            f"got one without {', '.join(missing)}",
            "run it on another processor",
        )
    return {
        "OPENBLAS_CORETYPE": "Haswell",
        DISABLED: " ".join(_above_v3(core.__cpu_dispatch__, features)),
        "NPY_ENABLE_CPU_FEATURES": None,  # NumPy refuses to have both
        "GLIBC_TUNABLES": None,  # can take FMA away from the C library's functions
        "MKL_CBWR": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }


def _above_v3(dispatched: list[str], features: dict[str, bool]) -> list[str]:
    """What NumPy has to leave alone: what it found here, or was told already to leave alone."""
    told = os.environ.get(DISABLED, "").replace(",", " ").split()
    return [
        name
        for name in dispatched
        if name.startswith(ABOVE_V3) and (features.get(name, False) or name in told)
    ]
