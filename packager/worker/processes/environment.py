"""The environment of trainings and replays: pin it, record it, compare it."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter as Tally
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelhost.sandbox.network import isolation
from packager.manifest.base import Isa
from packager.manifest.evaluation import NumericalEnvironment
from packager.worker.processes.cpu_kernels import kernel_settings
from packager.worker.processes.run_to_end import worker_command

FIXED_VARIABLES = {
    "PYTHONHASHSEED": "0",
    # One thread, because the order of a parallel sum changes its last bits.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "OMP_DYNAMIC": "FALSE",
    "SOURCE_DATE_EPOCH": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONFAULTHANDLER": "1",  # a crash in compiled code prints a traceback
    "PYTHONUNBUFFERED": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
"""The same for every training, on every machine."""
PINNED_ISA = "MODEL_PINNED_ISA"
"""Variable with the instruction set, in a process whose environment is pinned."""
NUMERIC_PREFIXES = (
    *("OPENBLAS_", "NPY_", "MKL_", "BLIS_", "OMP_", "KMP_", "GOMP_", "ATEN_", "ONEDNN_", "DNNL_"),
    *("GLIBC_TUNABLES", "LD_PRELOAD", "LD_LIBRARY_PATH"),
)
"""Prefixes of variables that select kernels or replace libraries."""


def pin_environment(isa: Isa, arguments: Sequence[str]) -> None:
    """Restart this process with the fixed variables and those of ``isa``, unless already pinned.

    Libraries read their variables on loading, and Python its hash seed at its start, so they
    can't be set later. Raises ``PackageError`` if the processor lacks the instruction set.
    """
    if os.environ.get(PINNED_ISA) == isa:
        return
    variables = {**os.environ, **FIXED_VARIABLES, PINNED_ISA: isa}
    for name, value in kernel_settings(isa).items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    sys.stderr.flush()
    os.execve(sys.executable, worker_command(*arguments), variables)


def numerical_environment() -> NumericalEnvironment:
    """All that can change the last bits of a result; call it after the libraries are loaded."""
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    return NumericalEnvironment(
        python=platform.python_version(),
        machine=platform.machine(),
        cpu=_cpu(),
        cpu_features=_cpu_features(),
        blas=tuple(sorted(_pool(pool) for pool in pools)),
        threads=max((int(pool["num_threads"]) for pool in pools), default=1),
        isolation=isolation(),
        libc=" ".join(platform.libc_ver()).strip(),
        hash_seed=os.environ.get("PYTHONHASHSEED", "random"),
        locale=os.environ.get("LC_ALL") or os.environ.get("LANG", ""),
        timezone=os.environ.get("TZ", ""),
        variables=tuple(
            f"{name}={value}"
            for name, value in sorted(os.environ.items())
            if name.startswith(NUMERIC_PREFIXES) and FIXED_VARIABLES.get(name) != value
        ),
    )


def environment_differences(
    recorded: NumericalEnvironment, now: NumericalEnvironment
) -> tuple[str, ...]:
    """Differences by field, such as ``threads: 1, now 2``; for lists, the unshared elements."""
    before, after = recorded.model_dump(), now.model_dump()
    return tuple(
        f"{name}: {_shown(before[name], after[name])}, now {_shown(after[name], before[name])}"
        for name in before
        if before[name] != after[name]
    )


def _shown(value: Any, other: Any) -> str:
    if not isinstance(value, tuple):
        return str(value) or "not recorded"
    own = Tally(value) - Tally(other)
    return ", ".join(own.elements()) or "nothing else"


def _pool(pool: dict[str, Any]) -> str:
    parts = (pool["prefix"], pool.get("version"), pool.get("architecture"), pool["num_threads"])
    return " ".join(str(part) for part in parts if part is not None)


def _cpu_features() -> tuple[str, ...]:
    """Instruction sets NumPy was built for or detected, in its order."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return (*simd.get("baseline", ()), *simd.get("found", ()))


def _cpu() -> str:
    """The processor's model name, or ``platform.processor()`` if there is none."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or "unknown"
