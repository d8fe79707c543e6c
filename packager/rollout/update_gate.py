"""The gate with the limits, rows and tests that an update asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from packager.client.client import read_key
from packager.deploy.fleet import DeployedModel
from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout.gate import GateLimits, run_gate
from packager.rollout.new_rows import judge_test, mirrored_rows
from packager.rollout.request import UpdateRequest
from packager.rollout.verdict import GateCheck, GateVerdict
from packager.worker.test.report import DataTestReport


def run_update_gate(
    servers: tuple[str, str],
    reference: Reference,
    asked: UpdateRequest,
    key: str | None,
    engine: Engine | None,
    progress: Progress,
) -> GateVerdict:
    """``run_gate`` of the version at ``servers[1]`` beside the serving one at ``servers[0]``."""
    limits = GateLimits(
        latency=asked.latency,
        seconds=asked.gate_seconds,
        ready_seconds=asked.ready_seconds,
        accept_too_few=asked.accept_too_few,
        key=key,
        rows=mirrored_rows(asked.data, reference, progress) if asked.data else (),
    )
    reports: list[DataTestReport | None] = [None]

    def test() -> GateCheck:
        check, reports[0] = judge_test(reference, asked.data, engine, progress)
        return check

    last: Callable[[], GateCheck] | None = test if asked.data else None
    found = run_gate(*servers, reference, limits, progress, last)
    return replace(found, test=reports[0])


def metrics_key(asked: UpdateRequest, one: DeployedModel, folder: Path) -> str | None:
    """A key of both servers: the named one, or Prometheus's; None if they take none."""
    if asked.key_file:
        return read_key(Path(asked.key_file))
    if not one.keys:
        return None
    return read_key(folder / "prometheus/keys" / f"{one.label}.key")
