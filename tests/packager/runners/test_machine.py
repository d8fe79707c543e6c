"""What a machine's description holds, of a process and of an engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packager.engine.engine import Engine
from packager.runners.machine import machine


def test_a_process_depends_on_processor_system_and_python(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine(None)
    assert {"processors", "system", "libc", "python"} < before.keys()
    assert machine(None) == before
    for place in ("platform.platform", "os.cpu_count"):
        with monkeypatch.context() as patch:
            patch.setattr(f"packager.runners.machine.{place}", lambda: "other")
            assert machine(None) != before
    monkeypatch.setattr("sys.version", "3.11.99")
    assert machine(None) != before


def test_a_container_depends_on_the_engine_and_not_on_this_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {"ID": "a", "ServerVersion": "20.10", "KernelVersion": "6.1", "NCPU": 2, "Images": 7}

    def engine(**changes: Any) -> Engine:
        client: Any = SimpleNamespace(info=lambda: {**told, **changes})
        return Engine(client)

    before = machine(engine())
    assert (before["ID"], before["NCPU"], before["Architecture"]) == ("a", "2", "")
    assert machine(engine(Images=8)) == before
    for change in ({"ID": "b"}, {"KernelVersion": "6.2"}, {"NCPU": 4}, {"ServerVersion": "21"}):
        assert machine(engine(**change)) != before
    monkeypatch.setattr("sys.version", "3.11.99")
    assert machine(engine()) == before
