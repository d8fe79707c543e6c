"""Pin numerical kernels to one instruction set, whatever newer ones the processor has.

BLAS, NumPy and the C library choose their kernels by the processor; different kernels sum in
different orders, so results differ in their last bits. Servers of the last ten years support
``x86-64-v3`` (AVX2, FMA).
"""

from __future__ import annotations

import importlib.metadata
import os

from modelhost.cpu_features import NumpyFeatures, numpy_features
from packager.errors import PackageError
from packager.manifest.base import Isa

ABOVE_V3 = ("X86_V4", "AVX512", "AVX10", "AMX")
V3 = ("AVX2", "FMA3")
DISABLED = "NPY_DISABLE_CPU_FEATURES"


def kernel_settings(isa: Isa, features: NumpyFeatures) -> dict[str, str | None]:
    """Environment variables that select the kernels of ``isa``; None means unset the variable.

    ``features``: of the NumPy that the variables are for. Empty for ``native``. Raises
    ``PackageError`` if the processor lacks the instruction set.
    """
    if isa == "native":
        return {}
    missing = [name for name in V3 if not features.detected.get(name, False)]
    if missing:
        raise PackageError(
            f'[recipe] isa = "x86-64-v3": expected a processor with {" and ".join(V3)}, '
            f"got one without {', '.join(missing)}",
            "run it on another processor",
        )
    return {
        "OPENBLAS_CORETYPE": "Haswell",
        DISABLED: " ".join(_above_v3(features)),
        "NPY_ENABLE_CPU_FEATURES": None,  # NumPy rejects both together
        "GLIBC_TUNABLES": None,  # can disable FMA in the C library
        "MKL_CBWR": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }


def set_kernels(variables: dict[str, str], isa: Isa, features: NumpyFeatures) -> None:
    """Set in ``variables`` those that select the kernels of ``isa``, and unset the others."""
    for name, value in kernel_settings(isa, features).items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value


def own_features() -> NumpyFeatures:
    """The features by the NumPy of this process; raises ``PackageError`` if it names none."""
    try:
        return numpy_features()
    except ImportError as error:
        raise unknown_features(
            f"numpy {importlib.metadata.version('numpy')}", str(error)
        ) from error


def unknown_features(numpy: str, got: str) -> PackageError:
    """The error for a version of NumPy that does not tell the processor's features."""
    return PackageError(
        f'[recipe] isa = "x86-64-v3": {numpy}: expected the processor\'s features in '
        f"numpy._core._multiarray_umath, got {got}",
        "require another version of numpy in the requirements file, or leave out isa",
    )


def _above_v3(features: NumpyFeatures) -> list[str]:
    """Features for NumPy to disable: those above v3 that it detected or has disabled already."""
    disabled = os.environ.get(DISABLED, "").replace(",", " ").split()
    return [
        name
        for name in features.dispatched
        if name.startswith(ABOVE_V3) and (features.detected.get(name, False) or name in disabled)
    ]
