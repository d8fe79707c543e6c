"""``package bench`` as a user runs it, with steps as short as they may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import NO_ENGINE, Package, package

from packager.engine.usage import process_tree_usage
from packager.report.bench import as_text
from packager.run.bench.result import Benchmark, Step, as_json

SHORT = ["--seconds", "0.2", "--concurrency", "4", "--rows", "1,10", "--json"]


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
    assert lines[3].split()[:9] == [
        "1",
        "16",
        "10,000",
        "1.250",
        "3.500",
        "0",
        "350.0",
        "95.00",
        "100.0",
    ]
    assert len(lines) == 4


def test_columns_that_nothing_is_known_of_are_left_out_and_what_failed_is_said() -> None:
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
    assert text.splitlines()[2].split() == ["rows", "clients", "requests/s", "failed"]
    assert text.splitlines()[3].split() == ["1", "16", "10,000*", "5"]
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


@pytest.mark.server
def test_a_package_is_measured_in_a_process(local_package: Package) -> None:
    done = package("bench", local_package.reference, "--local", *SHORT, env=NO_ENGINE)
    assert done.code == 0, done.err
    found = done.json
    assert (found["name"], found["where"], found["rows_from"]) == (
        "starter",
        "process",
        "synthetic",
    )
    assert found["ready_seconds"] > 0
    assert [(one["rows"], one["clients"]) for one in found["steps"]] == [(1, 4), (10, 4)]
    for one in found["steps"]:
        assert one["statuses"] == {"200": one["requests"]}
        assert one["failed"] == 0
        assert one["requests"] > 0
        assert one["memory_bytes"] > 50_000_000
        assert one["cpu_us_per_request"] > 0
        assert "predict" in one["stage_us"]


@pytest.mark.server
def test_a_server_that_runs_is_measured_with_rows_of_a_file(
    served_url: str, local_package: Package, tmp_path: Path
) -> None:
    data = local_package.project / "data" / "visits.csv"
    short = ["--seconds", "0.2", "--concurrency", "2", "--rows", "3"]
    done = package("bench", served_url, "--input", data, *short)
    assert done.code == 0, done.err
    assert f": {served_url}; " in done.out
    assert f"rows: {data}" in done.out
    bad = tmp_path / "rows.json"
    bad.write_text('[{"visits": "many"}]')
    refused = package("bench", served_url, "--input", bad, *short)
    assert (refused.code, refused.out) == (2, "")
    assert "row 0" in refused.err


@pytest.mark.engine
def test_a_container_is_measured_by_what_the_engine_counts(engine_package: Package) -> None:
    short = ["--seconds", "0.2", "--concurrency", "2", "--rows", "1", "--json"]
    done = package("bench", engine_package.reference, *short)
    assert done.code == 0, done.err
    (one,) = done.json["steps"]
    assert done.json["where"] == "container"
    assert one["memory_bytes"] > 50_000_000
    assert one["cpu_us_per_request"] > 0
    assert one["failed"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'REF|URL'"),
        (["http://127.0.0.1:1", "--rows", "0"], "--rows: expected numbers from 1 to"),
        (["http://127.0.0.1:1", "--concurrency", "1,,2"], "--concurrency: expected"),
        (["https://127.0.0.1:1"], "expected an answer"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], message: str) -> None:
    done = package("bench", *arguments)
    assert done.code in (1, 2)
    assert message in done.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_usage_is_that_of_a_process_and_its_children() -> None:
    child = "import time\nwhile time.process_time() < 0.2: pass\nprint(1, flush=True)\ninput()"
    script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()  # the child has used its time
    found = process_tree_usage(process.pid)
    process.communicate(b"\n")
    assert found is not None
    assert found.cpu_seconds >= 0.15
    assert found.memory_bytes > 10_000_000
