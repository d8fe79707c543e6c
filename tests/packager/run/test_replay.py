"""A worker's digest of a model is compared with the host's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import MANIFEST

from packager.progress import NullProgress
from packager.run import replay as module
from packager.run.replay import _confirmed, replay
from packager.worker.job import ReplayRequest
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


def test_both_workers_of_a_replay_share_what_the_engine_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened = []

    class Engine:
        @contextmanager
        def cleanup_scope(self) -> Iterator[None]:
            happened.append("start")
            yield
            happened.append("removed")

    def stub(name: str, result: Any) -> None:
        monkeypatch.setattr(module, name, lambda *_: (happened.append(name), result)[1])

    report = SimpleNamespace(model_copy=lambda **_: report)
    examined = SimpleNamespace(checks=(), lock=None)
    for name, result in (
        *(("_check", None), ("examine", examined), ("check_runnable", None), ("own_layers", ())),
        *(("_train", (None, {})), ("_compare", report), ("same_model", True)),
        *(("_confirmed", report), ("with_verification", report)),
    ):
        stub(name, result)
    reference: Any = SimpleNamespace(manifest=SimpleNamespace(root="0" * 64))
    engine: Any = Engine()
    assert replay(reference, engine, NullProgress(), ReplayRequest()) is report
    scope = happened[happened.index("start") : happened.index("removed")]
    assert {"_train", "_compare"} <= set(scope)
