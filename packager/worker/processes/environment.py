"""The environment of trainings and replays: pin it, record it, compare it."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Any

from packager.manifest.base import Isa
from packager.manifest.evaluation import NumericalEnvironment
from packager.worker.processes.cpu_kernels import own_features, set_kernels
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


def pin_environment(isa: Isa, arguments: Sequence[str]) -> None:
    """Restart this process with the fixed variables and those of ``isa``, unless already pinned.

    Libraries read their variables on loading, and Python its hash seed at its start, so they
    can't be set later. Raises ``PackageError`` if the processor lacks the instruction set.
    """
    if os.environ.get(PINNED_ISA) == isa:
        return
    variables = {**os.environ, **FIXED_VARIABLES, PINNED_ISA: isa}
    if isa != "native":  # NumPy is imported for its features only where they are needed
        set_kernels(variables, isa, own_features())
    sys.stderr.flush()
    os.execve(sys.executable, worker_command(*arguments), variables)


def numerical_environment(reported: Mapping[str, Any]) -> NumericalEnvironment:
    """The record of what a process of the model host tells of its environment."""
    variables = reported["variables"]
    fields = {
        **reported,
        "variables": [
            f"{name}={variables[name]}"
            for name in sorted(variables)
            if FIXED_VARIABLES.get(name) != variables[name]
        ],
    }
    return NumericalEnvironment.model_validate_json(json.dumps(fields))


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
