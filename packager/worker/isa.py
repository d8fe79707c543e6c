"""Kernels of one instruction set on every processor that has it.

BLAS and NumPy choose their kernels by the processor they find; sums in another order differ in
their last bits. ``x86-64-v3`` (AVX2, FMA) is what servers of the last ten years share.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from packager.errors import PackageError
from packager.noun import Isa

VARIABLE = "MODEL_ISA"
ABOVE_V3 = ("X86_V4", "AVX512", "AVX10", "AMX")
V3 = ("AVX2", "FMA3")


def pin(isa: Isa, arguments: Sequence[str]) -> None:
    """Start this process again with the variables ``isa`` needs, unless it has them already.

    Libraries read them when they load, so they can't be set later. Raises ``PackageError`` where
    the processor lacks the instruction set.
    """
    if os.environ.get(VARIABLE, "native") == isa:
        return
    variables = {**os.environ, VARIABLE: isa, **(_v3() if isa == "x86-64-v3" else {})}
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", "packager.worker", *arguments], variables)


def _v3() -> dict[str, str]:
    core = importlib.import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = core.__cpu_features__
    dispatched: list[str] = core.__cpu_dispatch__
    missing = [name for name in V3 if not features.get(name, False)]
    if missing:
        raise PackageError(
            f'[recipe] isa = "x86-64-v3": expected a processor with {" and ".join(V3)}, '
            f"got one without {', '.join(missing)}",
            "run it on another processor",
        )
    off = [name for name in dispatched if name.startswith(ABOVE_V3) and features.get(name, False)]
    return {
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": " ".join(off),
        "MKL_CBWR": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }
