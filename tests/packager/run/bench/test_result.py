"""The figures of a benchmark as a table and as JSON."""

from __future__ import annotations

from typing import Any

from packager.run.bench.result import Benchmark, Step, as_json, as_text


def step(**changed: Any) -> Step:
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
    return Step(**(values | changed))


def benchmark(*steps: Step) -> Benchmark:
    return Benchmark("starter", "1.0.0-abc", "process", 2, 3.21, "synthetic", steps)


def test_the_table_holds_every_figure() -> None:
    lines = as_text(benchmark(step())).splitlines()
    assert lines[0] == (
        "starter 1.0.0-abc: process, ready in 3.2 s; "
        "2 processors shared with the load; rows: synthetic"
    )
    assert lines[3].split("  ")[-1] == "validate 20 %, predict 60 % of 100 µs"
    assert lines[3].split()[:9] == ["1", "16", "10,000", "1.25", "3.50", "0", "350", "95", "100"]
    assert len(lines) == 4


def test_what_is_not_known_is_a_dash_and_what_failed_is_said() -> None:
    unknown = step(
        memory_bytes=None,
        cpu_us_per_request=None,
        compiled_share=None,
        stage_us={},
        p50_ms=None,
        p99_ms=None,
        statuses={"503": 3},
        broken_connections=2,
        generator_busy=0.95,
    )
    text = as_text(benchmark(unknown))
    assert text.splitlines()[3].split() == ["1", "16", "10,000*", "-", "-", "5", "-", "-", "-", "-"]
    assert "* the load generator was busy itself: the server can do at least this" in text
    assert "failed at 1 rows, 16 clients: 503: 3, no answer: 2" in text
    assert as_json(benchmark(unknown))["steps"][0]["failed"] == 5


def test_a_step_without_answers_did_not_pass() -> None:
    silent = step(requests=0, requests_per_second=0.0, p50_ms=None, p99_ms=None, statuses={})
    failing = step(statuses={"503": 7}, requests=7)
    assert [one.passed for one in (step(), silent, failing)] == [True, False, False]
    assert as_json(benchmark(silent))["steps"][0]["passed"] is False
    assert "no answer at 1 rows, 16 clients in 5 s: give it more --seconds" in as_text(
        benchmark(silent)
    )
