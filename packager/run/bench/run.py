"""Run a benchmark: start or find a server, prepare rows, and measure each step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.profile.profile import Profile
from packager.client import Client
from packager.client.client import METRICS
from packager.data.row_files import read_rows
from packager.engine.engine import Engine
from packager.engine.usage import Usage
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Manifest
from packager.progress import Progress
from packager.run.bench.counters import Counters, compiled_share, flow_seconds, stage_seconds
from packager.run.bench.flow_share import flow_share
from packager.run.bench.generator import LoadTarget, generator
from packager.run.bench.result import Benchmark, LoadStep
from packager.run.bench.rows import bodies, synthetic_rows, with_texts
from packager.run.serve import serving

SYNTHETIC_ROWS = 2_000
WARM_UP_SHARE = 0.2
SETTLE_SECONDS = 0.5
"""Time for the workers, which update their counters a few times per second."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class LoadPlan:
    """The load to apply: every request size with every number of clients."""

    sizes: Sequence[int]
    clients: Sequence[int]
    seconds: float
    source: Path | None
    """File of rows; None for synthetic rows."""
    seed: int


def bench_package(
    reference: Reference, engine: Engine | None, plan: LoadPlan, progress: Progress
) -> Benchmark:
    """Start the package, measure it, stop it; raises ``PackageError`` if it doesn't respond."""
    manifest = reference.manifest
    rows = _rows(plan, manifest, reference.profile())
    with serving(reference, engine, 0, progress) as server, Client(server.url) as client:
        ready = time.monotonic() - server.started
        progress.step(f"ready in {ready:.1f} s at {server.url}")
        rows = _tried(client, rows, plan, manifest)
        measured = _MeasuredServer(LoadTarget(server.url, None), client, server.usage)
        steps = _steps(measured, rows, plan, progress)
    where = "process" if engine is None else "container"
    return _benchmark(manifest, where, ready, plan, steps)


def bench_server(client: Client, key: str | None, plan: LoadPlan, progress: Progress) -> Benchmark:
    """Measure a running server, whose CPU and memory use are unknown."""
    manifest = client.package()
    rows = _rows(plan, manifest, None)
    rows = _tried(client, rows, plan, manifest)
    measured = _MeasuredServer(LoadTarget(client.url, key), client, lambda: None)
    steps = _steps(measured, rows, plan, progress)
    return _benchmark(manifest, client.url, None, plan, steps)


def _rows(plan: LoadPlan, manifest: Manifest, profile: Profile | None) -> Rows:
    if plan.source is None:
        return synthetic_rows(manifest.schema_, profile, SYNTHETIC_ROWS, plan.seed)
    rows = read_rows(plan.source, manifest.schema_, manifest.reader)
    if not rows:
        raise UsageError(f"{plan.source}: expected at least one row, got none")
    return rows


def _tried(client: Client, rows: Rows, plan: LoadPlan, manifest: Manifest) -> Rows:
    """Predict one row, so that invalid rows or keys raise here; return the rows to send."""
    if plan.source is not None:
        client.predict(rows[:1])
        return rows
    shown = client.schema().get("example", {}).get("rows", [{}])
    rows = with_texts(rows, manifest.schema_, shown[0])
    try:
        client.predict(rows[:1])
    except UsageError as error:
        if not error.message.startswith("row"):
            raise
        hint = "the row was generated from the package's schema: name rows of your own with --data"
        raise UsageError(error.message, hint) from error
    return rows


@dataclass(frozen=True)
class _MeasuredServer:
    """The server under load, with access to its counters and its resource use."""

    target: LoadTarget
    client: Client
    usage: Callable[[], Usage | None]


def _steps(
    server: _MeasuredServer, rows: Rows, plan: LoadPlan, progress: Progress
) -> list[LoadStep]:
    steps = []
    for size in plan.sizes:
        bodies_sent = bodies(rows, size)
        for clients in plan.clients:
            progress.step(f"{size} rows a request, {clients} clients, {plan.seconds:g} s")
            steps.append(_step(server, bodies_sent, size, clients, plan.seconds))
    return steps


def _step(
    server: _MeasuredServer, requests: Sequence[bytes], size: int, clients: int, seconds: float
) -> LoadStep:
    warm = max(0.2, WARM_UP_SHARE * seconds)
    client, url = server.client, server.client.url + METRICS
    with generator(server.target, requests, clients, seconds, warm) as load:
        time.sleep(SETTLE_SECONDS)
        before, used_before = Counters.of(client.metrics(), url), server.usage()
        answered = load.measure()
        used_after = server.usage()
        time.sleep(SETTLE_SECONDS)
        after = Counters.of(client.metrics(), url)
    cpu = None
    if used_before is not None and used_after is not None and answered.requests:
        cpu = (used_after.cpu_seconds - used_before.cpu_seconds) / answered.requests
    return LoadStep(
        rows=size,
        clients=clients,
        seconds=answered.seconds,
        requests=answered.requests,
        requests_per_second=answered.requests / answered.seconds,
        p50_ms=_scaled(answered.p50, 1e3),
        p99_ms=_scaled(answered.p99, 1e3),
        statuses=answered.statuses,
        broken_connections=answered.broken,
        memory_bytes=None if used_after is None else used_after.memory_bytes,
        cpu_us_per_request=_scaled(cpu, 1e6),
        stage_us={stage: 1e6 * mean for stage, mean in stage_seconds(before, after).items()},
        compiled_share=compiled_share(before, after),
        generator_busy=answered.cpu_seconds / answered.seconds,
        flow=flow_share(*flow_seconds(before, after), answered.requests),
    )


def _benchmark(
    manifest: Manifest, where: str, ready: float | None, plan: LoadPlan, steps: Sequence[LoadStep]
) -> Benchmark:
    return Benchmark(
        name=manifest.name,
        version=manifest.tag,
        where=where,
        processors=os.cpu_count() or 1,
        ready_seconds=ready,
        rows_from="synthetic" if plan.source is None else str(plan.source),
        steps=tuple(steps),
    )


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
