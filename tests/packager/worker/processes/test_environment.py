"""The record of the environment of a process that trained."""

from __future__ import annotations

from modelhost.environment import numerical_environment as told_environment
from packager.worker.processes.environment import environment_differences, numerical_environment


def test_variables_that_every_training_has_are_not_recorded():
    told = told_environment()
    told["variables"] = {"OMP_NUM_THREADS": "1", "OMP_DYNAMIC": "TRUE", "MKL_CBWR": "AVX2"}
    found = numerical_environment(told)
    assert found.variables == ("MKL_CBWR=AVX2", "OMP_DYNAMIC=TRUE")
    assert found.python == told["python"]
    other = found.model_copy(update={"threads": found.threads + 1})
    assert environment_differences(found, other) == (
        f"threads: {found.threads}, now {found.threads + 1}",
    )
