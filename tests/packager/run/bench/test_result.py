"""The result of a benchmark step."""

from __future__ import annotations

from bench_samples import benchmark, step

from packager.report.bench import as_text
from packager.run.bench.result import as_json


def test_a_step_without_answers_did_not_pass() -> None:
    silent = step(requests=0, requests_per_second=0.0, p50_ms=None, p99_ms=None, statuses={})
    failing = step(statuses={"503": 7}, requests=7)
    assert [one.passed for one in (step(), silent, failing)] == [True, False, False]
    assert as_json(benchmark(silent))["steps"][0]["passed"] is False
    assert "no answer at 1 row, 16 clients in 5 s: give it more --seconds" in as_text(
        benchmark(silent)
    )
