"""A worker's digest of a model is compared with the host's."""

from __future__ import annotations

import pytest
from host_samples import MANIFEST

from packager.run.replay import _confirmed
from packager.worker.replay.report import ModelComparison, ReplayReport


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("found", [True, False])
def test_a_worker_that_says_otherwise_of_the_bytes_fails_the_replay(
    said: bool, found: bool
) -> None:
    report = ReplayReport(
        level="artifact" if said else "state",
        required_level="state",
        passed=True,
        checks=(),
        comparison=ModelComparison(artifact=said, state=True),
        environment_recorded=MANIFEST.environment,
    )
    told = _confirmed(report, found)
    if said == found:
        assert told == report
    else:
        assert (told.level, told.passed) == ("none", False)
        assert [check.name for check in told.checks] == ["model bytes, as reported by the worker"]
