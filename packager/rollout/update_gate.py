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
    request: UpdateRequest,
    key: str | None,
    engine: Engine | None,
    progress: Progress,
) -> GateVerdict:
    """``run_gate`` of the version at ``servers[1]`` beside the serving one at ``servers[0]``."""
    limits = GateLimits(
        latency=request.latency,
        seconds=request.gate_seconds,
        ready_seconds=request.ready_seconds,
        accept_too_few=request.accept_too_few,
        key=key,
        rows=mirrored_rows(request.data, reference, progress) if request.data else (),
    )
    reports: list[DataTestReport | None] = [None]

    def test() -> GateCheck:
        check, reports[0] = judge_test(reference, request.data, engine, progress)
        return check

    last: Callable[[], GateCheck] | None = test if request.data else None
    verdict = run_gate(*servers, reference, limits, progress, last)
    return replace(verdict, test=reports[0])


def metrics_key(request: UpdateRequest, one: DeployedModel, folder: Path) -> str | None:
    """A key of both servers: the named one, or Prometheus's; None if they take none."""
    if request.key_file:
        return read_key(Path(request.key_file))
    if not one.keys:
        return None
    return read_key(folder / "prometheus/keys" / f"{one.label}.key")
