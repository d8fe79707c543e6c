"""Sample results of a benchmark."""

from __future__ import annotations

from typing import Any

from packager.run.bench.result import Benchmark, LoadStep


def step(**changed: Any) -> LoadStep:
    values: dict[str, Any] = {
        "rows": 1,
        "clients": 16,
        "seconds": 5.0,
        "requests": 50_000,
        "requests_per_second": 10_000.0,
        "p50_ms": 1.25,
        "p99_ms": 3.5,
        "statuses": {"200": 50_000},
        "broken_connections": 0,
        "memory_bytes": 350_000_000,
        "cpu_us_per_request": 95.0,
        "stage_us": {"validate": 20.0, "predict": 60.0, "total": 100.0},
        "compiled_share": 1.0,
        "generator_busy": 0.3,
    }
    return LoadStep(**(values | changed))


def benchmark(*steps: LoadStep) -> Benchmark:
    return Benchmark("starter", "1.0.0-abc", "process", 2, 3.21, "synthetic", steps)
