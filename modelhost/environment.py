"""The environment that can change the last bits of a result: processor, libraries, variables."""

from __future__ import annotations

import os
import platform
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from modelhost.cpu_features import numpy_features
from modelhost.fork_server import preloadable
from modelhost.sandbox.network import isolation

NUMERIC_PREFIXES = (
    *("OPENBLAS_", "NPY_", "MKL_", "BLIS_", "OMP_", "KMP_", "GOMP_", "ATEN_", "ONEDNN_", "DNNL_"),
    *("GLIBC_TUNABLES", "LD_PRELOAD", "LD_LIBRARY_PATH"),
)
"""Prefixes of variables that select kernels or replace libraries."""


def process_environment() -> dict[str, Any]:
    """The numerical environment, and the libraries that a process may have before it is forked."""
    return {"environment": numerical_environment(), "libraries": preloadable(sys.modules)}


def numerical_environment() -> dict[str, Any]:
    """The fields of the manifest's record; call it after the libraries are loaded.

    Without threadpoolctl, which scikit-learn requires, the loaded BLAS libraries are unknown.
    """
    pools = _thread_pools()
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cpu_features": _cpu_features(),
        "blas": sorted(_pool(pool) for pool in pools),
        "threads": max((int(pool["num_threads"]) for pool in pools), default=1),
        "isolation": isolation(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "locale": os.environ.get("LC_ALL") or os.environ.get("LANG", ""),
        "timezone": os.environ.get("TZ", ""),
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(NUMERIC_PREFIXES)
        },
    }


def _thread_pools() -> list[dict[str, Any]]:
    if find_spec("threadpoolctl") is None:
        return []
    from threadpoolctl import threadpool_info

    return list(threadpool_info())


def _pool(pool: dict[str, Any]) -> str:
    parts = (pool["prefix"], pool.get("version"), pool.get("architecture"), pool["num_threads"])
    return " ".join(str(part) for part in parts if part is not None)


def _cpu_features() -> list[str]:
    """Instruction sets NumPy was built for or detected, in its order."""
    try:
        config: Any = np.show_config(mode="dicts")
    except TypeError:  # before NumPy 1.25
        from numpy.core import _multiarray_umath as core

        known = numpy_features()
        dispatched = [name for name in known.dispatched if known.detected.get(name)]
        return [*core.__cpu_baseline__, *dispatched]
    simd = config["SIMD Extensions"]
    return [*simd.get("baseline", ()), *simd.get("found", ())]


def _cpu() -> str:
    """The processor's model name, or ``platform.processor()`` if there is none."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or "unknown"
