"""The engine that a Swarm is asked by; tests/packager/rollout/swarm/test_update.py asks one."""

from __future__ import annotations

from pathlib import Path

import own_engine
import pytest

from packager.engine.swarm import Swarm
from packager.errors import PackageError, UsageError


def test_no_engine_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(PackageError, match="no Docker engine answers"):
        Swarm.connect()


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.skipif(own_engine.why_not() is not None, reason=str(own_engine.why_not()))
def test_an_engine_of_no_swarm_is_refused_and_an_own_one_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with own_engine.own_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        with pytest.raises(UsageError, match="manager of a Swarm, got one that is inactive"):
            Swarm.connect()
        engine.start_swarm()
        assert Swarm.connect().named("absent") is None
        assert Swarm.connect().services("absent") == []
        assert Path(f"/proc/{engine.process}").exists()
    assert not engine.folder.exists()
    assert not list(own_engine.CONTROLLERS.rglob(engine.folder.name))
